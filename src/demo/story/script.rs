//! The story as data: what happened before the start, the steps, and when it begins again. Read from `assets/demo/story.yaml`.

use serde::Deserialize;
use serde_json::Value;

use super::manifests::{ManifestError, parse_one};
use crate::demo::kinds::Resource;
use crate::demo::reference::ResourceRef;

/// The whole story.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Edits made before the start, oldest first.
    pub before: Vec<Past>,
    /// The steps; the first is the state at the start and does nothing. Never empty.
    pub steps: Vec<Step>,
    /// Seconds from the last step until the story starts again.
    pub again: u64,
}

/// Something that happened before the start.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Past {
    /// How long before the start, such as `14m`.
    pub at: String,
    /// What happened.
    #[serde(rename = "do")]
    pub actions: Vec<Action>,
}

/// One state of the cluster and how it comes about.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What an onlooker should notice.
    pub title: String,
    /// Seconds from the step before.
    pub after: u64,
    /// What happens, in this order, at one moment.
    #[serde(rename = "do", default)]
    pub actions: Vec<Action>,
}

/// One thing that happens.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Action {
    /// Objects are created or replaced.
    Apply(Apply),
    /// An object is edited with a JSON merge patch.
    Patch(Patch),
    /// The status of an object is edited with a JSON merge patch.
    Status(StatusPatch),
    /// An object goes at once.
    Delete(Delete),
    /// The application in a pod fails its readiness probe.
    Unready(Unready),
    /// It passes it again.
    Ready(Ready),
    /// A pod is asked to end and has not done so.
    Terminate(Terminate),
}

/// See [`Action::Apply`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Apply {
    /// The field manager.
    #[serde(rename = "as")]
    pub manager: String,
    /// Documents as in `assets/demo/world`.
    pub apply: Vec<Value>,
}

/// See [`Action::Patch`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    /// The field manager.
    #[serde(rename = "as")]
    pub manager: String,
    /// The object.
    pub patch: Target,
    /// The merge patch.
    pub with: Value,
}

/// See [`Action::Status`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusPatch {
    /// The field manager.
    #[serde(rename = "as")]
    pub manager: String,
    /// The object.
    pub status: Target,
    /// The merge patch to its status.
    pub with: Value,
}

/// See [`Action::Delete`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delete {
    /// The object.
    pub delete: Target,
}

/// See [`Action::Unready`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unready {
    /// The pod.
    pub unready: Target,
    /// Its container whose probe fails.
    pub container: String,
}

/// See [`Action::Ready`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// The pod.
    pub ready: Target,
}

/// See [`Action::Terminate`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terminate {
    /// The pod.
    pub terminate: Target,
}

/// An object as the script names it: `Sidecar bookinfo/reviews`, or `Namespace shop`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Target(pub ResourceRef);

impl TryFrom<String> for Target {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("'{text}' names no object: write it like 'Sidecar bookinfo/reviews'");
        let (kind, name) = text.split_once(' ').ok_or_else(wrong)?;
        let resource = Resource::find(kind).ok_or_else(wrong)?;
        let (namespace, name) = name.split_once('/').unwrap_or(("", name));
        Ok(Self(ResourceRef::new(resource, namespace, name)))
    }
}

impl Script {
    /// Parses the built-in story.
    ///
    /// # Errors
    /// When it is not as this module describes it.
    pub fn load() -> Result<Self, ManifestError> {
        parse_one("story.yaml", include_str!("../../../assets/demo/story.yaml"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_does_nothing_and_all_have_short_titles() {
        let script = Script::load().unwrap();
        assert!(script.steps[0].actions.is_empty());
        for step in &script.steps {
            assert!(step.title.len() <= 76, "{}", step.title);
            assert!(!step.title.ends_with('.'), "{}", step.title);
        }
    }

    #[test]
    fn targets_are_kind_namespace_and_name() {
        let target = Target::try_from("Sidecar bookinfo/reviews".to_owned()).unwrap().0;
        assert_eq!(target, ResourceRef::new(Resource::Sidecars, "bookinfo", "reviews"));
        let error = Target::try_from("reviews".to_owned()).unwrap_err();
        assert_eq!(
            error,
            "'reviews' names no object: write it like 'Sidecar bookinfo/reviews'"
        );
    }
}
