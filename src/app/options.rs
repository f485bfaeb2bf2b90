//! How the app starts: what was asked for on the command line and in the settings.

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use super::actions::Keymap;
use super::memory::Memory;
use crate::mesh::model::{Key, Text};
use crate::mesh::scope::Settings;

/// Start values; all of them can be changed with keys later.
#[derive(Clone, Debug)]
pub struct Options {
    /// What is shown (never what is read).
    pub namespaces: Namespaces,
    /// The pod to open with.
    pub pod: Option<Key>,
    /// For times on the screen.
    pub time_zone: TimeZone,
    /// How long a change mark stays after it has been seen.
    pub retention: SignedDuration,
    /// What is known better than the objects tell of the control plane.
    pub settings: Settings,
    /// The flags that name the cluster, in commands that a person is told; each with a blank before it.
    pub cluster_flags: String,
    /// What is on the screen.
    pub play: Play,
    /// Masks in the place of names and addresses.
    pub privacy: bool,
    /// Which key does what.
    pub keys: Keymap,
    /// What is remembered of earlier runs; its place wins over the namespaces above.
    pub memory: Memory,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            namespaces: Namespaces::All,
            pod: None,
            time_zone: TimeZone::UTC,
            retention: SignedDuration::from_mins(10),
            settings: Settings::default(),
            cluster_flags: String::new(),
            play: Play::default(),
            privacy: false,
            keys: Keymap::default(),
            memory: Memory::default(),
        }
    }
}

/// What is on the screen: which keys work there, which words its states have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Play {
    /// A cluster.
    #[default]
    Cluster,
    /// The demo's cluster, with its story.
    Demo,
    /// A recording.
    Replay,
}

impl Play {
    /// Whether it is told by somebody who can be asked to wait.
    pub fn is_told(self) -> bool {
        match self {
            Play::Demo | Play::Replay => true,
            Play::Cluster => false,
        }
    }
}

/// Which namespaces are shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Namespaces {
    /// All of them.
    All,
    /// These, in order, at least one.
    Some(Vec<Text>),
}

impl Namespaces {
    /// Whether objects of this namespace are shown.
    pub fn shows(&self, namespace: &str) -> bool {
        match self {
            Namespaces::All => true,
            Namespaces::Some(names) => names.iter().any(|name| name == namespace),
        }
    }
}
