//! The OpenAPI documents: version 3 by group and version, version 2 as one document.
//!
//! As much as kubectl asks of them: the types of the served kinds, and for each kind the operations with the content types
//! and parameters by which it decides how to apply and to validate. Not a description of the whole API.

use std::collections::BTreeSet;

use http::HeaderMap;
use http::header::ACCEPT;
use serde_json::{Map, Value, json};

use super::answer::{Answer, json as json_answer, page, refuse, text};
use super::discovery::is_custom;
use crate::demo::kinds::{Origin, Resource, Scope, Spec};
use crate::demo::refusal::{Reason, Refusal};
use crate::demo::schema::{DOCUMENTS, built_in_name};
use crate::demo::store::Store;
use crate::demo::tree::set;

const REFERENCE: &str = "#/components/schemas/";

/// Answers `/openapi/REST`.
pub(super) fn answer(store: &Store, headers: &HeaderMap, rest: &str) -> Answer {
    let served: Vec<Resource> = Resource::ALL
        .into_iter()
        .filter(|resource| store.serves(*resource))
        .collect();
    match rest {
        "v2" => version_2(headers, &served),
        "v3" => json_answer(200, &index(&served)),
        path => match path.strip_prefix("v3/").and_then(group_version) {
            Some((group, version)) => {
                let here: Vec<Resource> = served
                    .into_iter()
                    .filter(|resource| resource.spec().group == group && resource.spec().versions.contains(&version))
                    .collect();
                if here.is_empty() {
                    text(404, "404 page not found\n")
                } else {
                    page(200, "application/json", document(&here, version))
                }
            }
            None => text(404, "404 page not found\n"),
        },
    }
}

fn group_version(path: &str) -> Option<(&str, &str)> {
    match path.split('/').collect::<Vec<_>>().as_slice() {
        ["api", version] => Some(("", version)),
        ["apis", group, version] => Some((group, version)),
        _ => None,
    }
}

fn index(served: &[Resource]) -> Value {
    let mut paths = Map::new();
    for resource in served {
        let spec = resource.spec();
        for version in spec.versions {
            let path = if spec.group.is_empty() {
                format!("api/{version}")
            } else {
                format!("apis/{}/{version}", spec.group)
            };
            // clients cache by this hash: it says which kinds the document has
            let kinds: String = served
                .iter()
                .filter(|one| one.spec().group == spec.group)
                .map(|one| one.spec().plural)
                .collect();
            let hash = kinds.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
            let url = format!("/openapi/v3/{path}?hash={hash:016X}");
            paths.insert(path, json!({"serverRelativeURL": url}));
        }
    }
    json!({"paths": paths})
}

/// The document of one group and version.
fn document(resources: &[Resource], version: &str) -> String {
    let (schemas, paths) = content(resources, version);
    json!({
        "openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "v1.36.1"},
        "paths": paths, "components": {"schemas": schemas},
    })
    .to_string()
}

fn content(resources: &[Resource], version: &str) -> (Map<String, Value>, Map<String, Value>) {
    let (mut schemas, mut paths) = (Map::new(), Map::new());
    let mut wanted: BTreeSet<String> = BTreeSet::new();
    for resource in resources {
        let spec = resource.spec();
        let name = definition_name(*resource, version);
        let schema = match spec.origin {
            Origin::BuiltIn => DOCUMENTS.built_in.get(built_in_name(*resource)).cloned(),
            Origin::Custom => DOCUMENTS
                .custom
                .get(&spec.qualified())
                .and_then(|entry| entry.get("schema"))
                .cloned(),
        };
        let mut schema = schema.unwrap_or_default();
        set(
            &mut schema,
            "x-kubernetes-group-version-kind",
            json!([kind(&spec, version)]),
        );
        references(&schema, &mut wanted);
        schemas.insert(name.clone(), schema);
        add_paths(&spec, version, &name, &mut paths);
    }
    while let Some(name) = wanted.pop_first() {
        if let Some(schema) = DOCUMENTS.built_in.get(&name)
            && !schemas.contains_key(&name)
        {
            references(schema, &mut wanted);
            schemas.insert(name, schema.clone());
        }
    }
    (schemas, paths)
}

/// As kube-apiserver calls the definition: `io.istio.networking.v1.Sidecar`.
fn definition_name(resource: Resource, version: &str) -> String {
    let spec = resource.spec();
    match spec.origin {
        Origin::BuiltIn => built_in_name(resource).to_owned(),
        Origin::Custom => {
            let group: Vec<&str> = spec.group.rsplit('.').collect();
            format!("{}.{version}.{}", group.join("."), spec.kind)
        }
    }
}

fn references(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                match value.as_str().and_then(|text| text.strip_prefix(REFERENCE)) {
                    Some(name) if key == "$ref" => {
                        found.insert(name.to_owned());
                    }
                    Some(_) | None => references(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn kind(spec: &Spec, version: &str) -> Value {
    json!({"group": spec.group, "version": version, "kind": spec.kind})
}

fn add_paths(spec: &Spec, version: &str, definition: &str, paths: &mut Map<String, Value>) {
    let base = if spec.group.is_empty() {
        format!("/api/{version}")
    } else {
        format!("/apis/{}/{version}", spec.group)
    };
    let within = match spec.scope {
        Scope::Cluster => String::new(),
        Scope::Namespaced => "/namespaces/{namespace}".to_owned(),
    };
    let collection = format!("{base}{within}/{}", spec.plural);
    let content = json!({"application/json": {"schema": {"$ref": format!("{REFERENCE}{definition}")}}});
    let responses = json!({"200": {"description": "OK", "content": content}});
    let query = |name: &str| json!({"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": true}});
    let writing = json!([
        query("dryRun"),
        query("fieldManager"),
        query("fieldValidation"),
        query("force")
    ]);
    let operation = |action: &str| {
        json!({"x-kubernetes-action": action, "x-kubernetes-group-version-kind": kind(spec, version),
            "parameters": writing, "requestBody": {"content": {"*/*": {"schema": {"$ref": format!("{REFERENCE}{definition}")}}}}, "responses": responses})
    };
    let reading = |action: &str| json!({"x-kubernetes-action": action, "x-kubernetes-group-version-kind": kind(spec, version), "responses": responses});
    let mut types = vec![
        "application/apply-patch+yaml",
        "application/json-patch+json",
        "application/merge-patch+json",
    ];
    if spec.origin == Origin::BuiltIn {
        types.push("application/strategic-merge-patch+json");
    }
    let mut patch = operation("patch");
    let types: Map<String, Value> = types
        .into_iter()
        .map(|one| (one.to_owned(), json!({"schema": {"type": "object"}})))
        .collect();
    set(&mut patch, "requestBody", json!({"required": true, "content": types}));
    paths.insert(
        collection.clone(),
        json!({"get": reading("list"), "post": operation("post")}),
    );
    paths.insert(
        format!("{collection}/{{name}}"),
        json!({"get": reading("get"), "put": operation("put"), "patch": patch, "delete": reading("delete")}),
    );
}

/// Version 2, in JSON only: kubectl wants protobuf there, and does without.
fn version_2(headers: &HeaderMap, served: &[Resource]) -> Answer {
    let accept = headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("*/*");
    if !accept
        .split(',')
        .any(|choice| choice.starts_with("application/json") || choice.contains("*/*"))
    {
        return refuse(&Refusal::new(
            Reason::NotAcceptable,
            "only the following media types are accepted: application/json",
        ));
    }
    let (mut definitions, mut paths) = (Map::new(), Map::new());
    for resource in served {
        let spec = resource.spec();
        for version in spec.versions {
            let (more, there) = content(&[*resource], version);
            definitions.extend(more);
            if !is_custom(spec.group) {
                paths.extend(there.into_iter().map(|(path, _)| (path, json!({}))));
            }
        }
    }
    let document = json!({
        "swagger": "2.0", "info": {"title": "Kubernetes", "version": "v1.36.1"}, "paths": paths, "definitions": definitions,
    });
    page(
        200,
        "application/json",
        document.to_string().replace(REFERENCE, "#/definitions/"),
    )
}
