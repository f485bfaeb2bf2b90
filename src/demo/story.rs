//! What happens in the demo's cluster: a world to start from, and a story that goes on in it.
//!
//! It writes through the store like everybody else, so that a watcher sees what he would see in a real cluster. Not the answers
//! of the Envoys: those are [`crate::demo::envoy`]'s.
//!
//! | module | holds |
//! |---|---|
//! | `template` | blanks in manifests, times among them |
//! | `manifests` | documents of `assets/demo` to objects |
//! | `script` | the story's text |
//! | `stage` | the world and a step, put into a store |
//! | `slices` | what the endpoint slice controller does |
//! | `successors` | what follows a pod that somebody deleted |
//! | `driver` | the story's clockwork: step, pause, restart |

pub mod driver;
pub mod manifests;
pub mod script;
pub mod slices;
pub mod stage;
mod successors;
pub mod template;

pub use driver::{Command, Driver, Progress};
pub use stage::Stage;

use super::reference::ResourceRef;
use super::refusal::Refusal;
use manifests::ManifestError;
use template::TemplateError;

/// Why something of the story could not be played.
#[derive(Debug, thiserror::Error)]
pub enum StoryError {
    /// A manifest cannot be used.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A time or a patch of the script cannot be used.
    #[error("in 'story.yaml': {0}")]
    Blank(TemplateError),
    /// The recorded answers cannot be read.
    #[error("'recorded.json' is not readable: {0}")]
    Recording(serde_json::Error),
    /// The store refused an object.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What a step is about is not there, perhaps because somebody deleted it.
    #[error("no {} '{}' in namespace '{}'", .0.resource.spec().singular, .0.name, .0.namespace)]
    Missing(ResourceRef),
}
