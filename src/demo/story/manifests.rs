//! From the manifests in `assets/demo` to whole objects: templates filled, merges made.
//!
//! A document is a Kubernetes object, or `use: [template, ...]` with `vars` and, for a template of one object, `merge` (a JSON
//! merge patch). `by: MANAGER` in a document of its own says who wrote the objects after it.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::template::{TemplateError, Vars};
use crate::demo::patch::merge;

/// The templates by name.
const TEMPLATES: &[(&str, &str)] = &[
    (
        "deployment",
        include_str!("../../../assets/demo/templates/deployment.yaml"),
    ),
    ("event", include_str!("../../../assets/demo/templates/event.yaml")),
    ("gateway", include_str!("../../../assets/demo/templates/gateway.yaml")),
    ("host-pod", include_str!("../../../assets/demo/templates/host-pod.yaml")),
    ("node", include_str!("../../../assets/demo/templates/node.yaml")),
    (
        "plain-pod",
        include_str!("../../../assets/demo/templates/plain-pod.yaml"),
    ),
    ("pod", include_str!("../../../assets/demo/templates/pod.yaml")),
    (
        "replicaset",
        include_str!("../../../assets/demo/templates/replicaset.yaml"),
    ),
    ("service", include_str!("../../../assets/demo/templates/service.yaml")),
];

/// Something in the assets that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// The text is no YAML.
    #[error("'{file}' is not readable: {reason}")]
    Yaml {
        /// Which asset.
        file: String,
        /// What the parser says.
        reason: String,
    },
    /// A blank in it cannot be filled.
    #[error("in '{file}': {reason}")]
    Template {
        /// Which asset.
        file: String,
        /// Which blank.
        reason: TemplateError,
    },
    /// `use` names a template that does not exist.
    #[error("no template '{0}' in assets/demo/templates")]
    NoTemplate(String),
    /// `merge` with several objects.
    #[error("'merge' needs a template of one object, '{0}' has more")]
    Merge(String),
}

/// An object and who wrote it.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// The field manager.
    pub manager: String,
    /// The object, without uid and version.
    pub object: Value,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Names {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Use {
    #[serde(rename = "use")]
    templates: Names,
    #[serde(default)]
    vars: Map<String, Value>,
    merge: Option<Value>,
}

/// All templates, parsed once.
#[derive(Debug)]
pub struct Templates {
    by_name: Vec<(&'static str, Value)>,
}

impl Templates {
    /// Parses the built-in templates.
    ///
    /// # Errors
    /// When one is no YAML.
    pub fn load() -> Result<Self, ManifestError> {
        let parse = |(name, text): &(&'static str, &str)| Ok((*name, parse_one(name, text)?));
        let by_name = TEMPLATES.iter().map(parse).collect::<Result<_, _>>()?;
        Ok(Self { by_name })
    }

    /// The objects of a file of documents.
    ///
    /// # Errors
    /// When it is no YAML, or asks for what is not there.
    pub fn read(&self, file: &str, text: &str, vars: &Vars) -> Result<Vec<Manifest>, ManifestError> {
        let documents: Vec<Value> = serde_saphyr::from_multiple(text).map_err(|error| unreadable(file, &error))?;
        let mut manager = String::new();
        let mut found = Vec::new();
        for document in documents {
            if let Some(by) = document.get("by").and_then(Value::as_str) {
                by.clone_into(&mut manager);
                continue;
            }
            let manager = manager.clone();
            let objects = self.expand(file, &document, vars)?;
            found.extend(objects.into_iter().map(|object| Manifest {
                manager: manager.clone(),
                object,
            }));
        }
        Ok(found)
    }

    /// The objects of one document.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn expand(&self, file: &str, document: &Value, vars: &Vars) -> Result<Vec<Value>, ManifestError> {
        let template_error = |reason| ManifestError::Template {
            file: file.to_owned(),
            reason,
        };
        if document.get("use").is_none() {
            return Ok(vec![vars.fill(document).map_err(template_error)?]);
        }
        let wanted: Use = serde_json::from_value(document.clone()).map_err(|error| ManifestError::Yaml {
            file: file.to_owned(),
            reason: error.to_string(),
        })?;
        let vars = vars.with(&wanted.vars).map_err(template_error)?;
        let names = match wanted.templates {
            Names::One(name) => vec![name],
            Names::Many(names) => names,
        };
        let mut objects = Vec::new();
        for name in &names {
            let template = self.find(name).ok_or_else(|| ManifestError::NoTemplate(name.clone()))?;
            let mut filled = vars.fill(template).map_err(template_error)?;
            match filled.as_array_mut() {
                Some(several) => objects.append(several),
                None => objects.push(filled),
            }
        }
        if let Some(patch) = wanted.merge {
            let patch = vars.fill(&patch).map_err(template_error)?;
            match objects.as_mut_slice() {
                [one] => merge(one, &patch),
                _ => return Err(ManifestError::Merge(names.join(" "))),
            }
        }
        Ok(objects)
    }

    /// Finds a template.
    pub fn find(&self, name: &str) -> Option<&Value> {
        self.by_name
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, template)| template)
    }
}

pub(in crate::demo) fn parse_one<T: serde::de::DeserializeOwned>(file: &str, text: &str) -> Result<T, ManifestError> {
    serde_saphyr::from_str(text).map_err(|error| unreadable(file, &error))
}

fn unreadable(file: &str, error: &serde_saphyr::Error) -> ManifestError {
    ManifestError::Yaml {
        file: file.to_owned(),
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn vars() -> Vars {
        Vars::new("2026-01-10T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn documents_are_objects_or_filled_templates() {
        let text = "by: helm\n---\nkind: A\nat: ${now-1d}\n---\nby: argocd\n---\n\
                    use: service\nvars: {name: x, namespace: n, clusterIP: 10.0.0.1, port: 80, portName: http, created: '${now}'}\n\
                    merge: {spec: {type: NodePort, sessionAffinity: null}}\n";
        let found = Templates::load().unwrap().read("test", text, &vars()).unwrap();
        assert_eq!(found[0].manager, "helm");
        assert_eq!(found[0].object, json!({"kind": "A", "at": "2026-01-09T12:00:00Z"}));
        assert_eq!(found[1].manager, "argocd");
        assert_eq!(found[1].object["spec"]["type"], "NodePort");
        assert_eq!(found[1].object["spec"]["ports"][0]["port"], 80);
        assert!(found[1].object["spec"].get("sessionAffinity").is_none());
    }

    #[test]
    fn a_missing_template_is_named() {
        let error = Templates::load()
            .unwrap()
            .read("test", "use: teapot\n", &vars())
            .unwrap_err();
        assert_eq!(error, ManifestError::NoTemplate("teapot".to_owned()));
    }
}
