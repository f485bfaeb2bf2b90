//! What comes into the app and what it asks for: [`Message`] in, [`Command`] out. The whole contract with the runtime.
//!
//! Not here: how a command is carried out. Times in messages are when a thing happened; the time at which a message
//! is handled comes beside it, in `App::update`.

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::actions::Keymap;
use super::computing::Computed;
use super::draft::Draft;
use super::key::KeyPress;
use super::mouse::MouseEvent;
use super::replay::{RecordingNews, Replay, ReplayControl};
use super::study::{Question, Studied};
use crate::mesh::lint::Finding;
use crate::mesh::model::{HostCounters, HostFault, Key, Kind, Packet, Text};
use crate::mesh::scope::{Address, Class, Cluster, Health, Reason, Row, Why};
use crate::mesh::world::{Delta, Failure, ListScope, SourceState};

/// Something that happened outside.
#[derive(Clone, PartialEq, Debug)]
pub enum Message {
    /// A key was pressed.
    Key(KeyPress),
    /// The mouse was clicked or its wheel turned; comes only if it was asked for.
    Mouse(MouseEvent),
    /// Text was pasted (bracketed paste): it goes into the open input, or nowhere. It is never run as keys.
    Paste(String),
    /// The terminal has a new size, in cells.
    Resize {
        /// Columns.
        width: u16,
        /// Rows.
        height: u16,
    },
    /// The cluster changed; in order, as one source said it.
    Deltas {
        /// When they arrived here.
        at: Timestamp,
        /// Possibly very many.
        batch: Vec<Delta>,
    },
    /// The source of a kind is in this state; said again with every proof of life (an event, a bookmark, a probe).
    Source {
        /// Of which kind.
        kind: Kind,
        /// Where: all of it, or one namespace, where not all may be read.
        scope: ListScope,
        /// Its state.
        state: SourceState,
    },
    /// What is known of the cluster; replaces what was.
    Cluster(ClusterInfo),
    /// What the pod's Envoy says, or why it cannot be asked.
    Envoy {
        /// Whose Envoy.
        pod: Key,
        /// When it was asked.
        asked: Timestamp,
        /// When its answer was there.
        at: Timestamp,
        /// What it said.
        answer: Result<EnvoyTable, NoEnvoy>,
    },
    /// Packets were captured.
    Packets {
        /// In their order.
        batch: Vec<Captured>,
        /// How many were not passed on because nobody had time for them, since the start.
        missed: u64,
    },
    /// What packets come from, and what became of it; not told where none are asked for.
    Capture {
        /// What, in a few words: `tcpdump -i eth0`, `file reviews.pcap`.
        from: Text,
        /// How it does.
        state: CaptureState,
    },
    /// The demo's story is at this point.
    Demo(DemoState),
    /// The replay is at this point, or goes otherwise.
    Replay(Replay),
    /// The replay goes back: what is told from now on is told anew.
    Rewind,
    /// A recording began or ended.
    Recording(RecordingNews),
    /// The answer to [`Command::Lint`]: what is wrong with Sidecars.
    Linted(Vec<Finding>),
    /// The answer to [`Command::Compute`].
    Computed(Computed),
    /// Work beside the loop panicked, which is a fault of ours: it will never answer.
    Broke(Work),
    /// The answer to [`Command::Study`].
    Studied(Box<Studied>),
    /// The answer to [`Command::EditDraft`] and [`Command::ReadDraft`].
    Drafted(Drafted),
    /// The answer to [`Command::DryRun`], in its order.
    DryRan(Vec<DryRunAnswer>),
    /// The answer to [`Command::Fetch`]: the text, or a sentence that says why there is none.
    Fetched {
        /// What was asked for.
        request: Request,
        /// The text of it.
        text: Result<String, String>,
    },
    /// The answer to [`Command::Copy`]: how it was sent (`to tmux`, `by OSC 52`), or why not.
    Copied(Result<String, String>),
    /// The answer to [`Command::ListContexts`]: the contexts of the kubeconfig, or one line that says why none is known.
    Contexts(Result<Vec<Context>, String>),
    /// The answer to [`Command::OpenContext`]: its cluster has answered, or one line that says why not.
    ContextOpened {
        /// Which.
        name: Text,
        /// Whether [`Command::SwitchContext`] goes there now.
        result: Result<(), String>,
    },
    /// For the log alone: one line.
    Noted(String),
    /// Something went wrong outside of any list: a task's panic, a failed effect. One line for a person.
    Problem(String),
    /// The settings file says something else by now.
    Settings(Box<NewSettings>),
    /// What the runtime did of itself, in words: for the foot, once.
    Said(String),
    /// Ctrl-c came as a signal, or SIGTERM: end now.
    Interrupt {
        /// The exit code: 130 or 143.
        code: u8,
    },
    /// Time has passed (see `App::next_wake`); nothing else happened.
    Tick,
}

/// Where we are.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ClusterInfo {
    /// The context's name; `demo` for the demo.
    pub context: Text,
    /// The API server's URL; empty if there is none (a dump).
    pub server: Text,
    /// The API server's version, such as `v1.36.1`; empty if unknown.
    pub version: Text,
    /// The user or impersonated user; empty if unknown.
    pub user: Text,
    /// The server's clock minus ours.
    pub skew: SignedDuration,
}

/// A context of the kubeconfig.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Context {
    /// Its name.
    pub name: Text,
    /// Its cluster's name.
    pub cluster: Text,
    /// The API server's URL; empty if the kubeconfig does not say.
    pub server: Text,
    /// Its namespace; empty if it has none.
    pub namespace: Text,
}

/// The endpoints that an Envoy holds. Two answers that say the same of them share `rows`, so that telling is cheap.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EnvoyTable {
    /// In istioctl's order ([`Row::order`]).
    pub rows: Arc<[EnvoyRow]>,
    /// What each of them counted, in the same order.
    pub counters: Arc<[HostCounters]>,
}

impl EnvoyTable {
    /// Puts rows into their order.
    pub fn new(mut hosts: Vec<(EnvoyRow, HostCounters)>) -> Self {
        // of doubles the order of the answer holds
        hosts.sort_by(|(a, _), (b, _)| a.row.order(&b.row));
        let (rows, counters): (Vec<_>, Vec<_>) = hosts.into_iter().unzip();
        Self {
            rows: rows.into(),
            counters: counters.into(),
        }
    }
}

/// One endpoint as Envoy says it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EnvoyRow {
    /// In the shape of a computed row; what only istiod knows is empty.
    pub row: Row,
    /// Ejected by outlier detection (istioctl's `FAILED`).
    pub ejected: bool,
    /// What else keeps traffic from it.
    pub faults: Arc<[HostFault]>,
    /// 0 is the first.
    pub priority: u32,
    /// The name that was resolved, in DNS clusters; else empty.
    pub hostname: Text,
}

impl EnvoyRow {
    /// A host of which Envoy says only this.
    pub fn new(cluster: Arc<Cluster>, address: Address, health: Health) -> Self {
        Self {
            row: Row {
                address,
                health,
                cluster,
                class: Class::Runtime,
                why: Why::of([Reason::OnlyActual]),
                backend: Arc::default(),
            },
            ejected: false,
            faults: Arc::default(),
            priority: 0,
            hostname: Text::default(),
        }
    }
}

/// Why an Envoy cannot be asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NoEnvoy {
    /// The demo has no recording of this state of the mesh.
    NotRecorded,
    /// Port-forward is not allowed: the server's sentence.
    Denied(Text),
    /// It was tried and failed: one line.
    Failed(Text),
}

/// A packet and its text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Captured {
    /// As it was read.
    pub packet: Packet,
    /// As tcpdump prints it (`view::tcpdump`), made where packets are read: it depends on all packets before.
    pub line: Box<str>,
}

/// How a capture does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CaptureState {
    /// It goes on.
    Reading,
    /// All of it was read.
    Ended,
    /// It cannot be read any further (or at all): one line that says why.
    Broken(Text),
}

/// Where the demo's story (or a replay) is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DemoState {
    /// The step, from 1.
    pub step: usize,
    /// How many there are.
    pub steps: usize,
    /// What happens in it, in a few words.
    pub title: Text,
    /// Whether it waits for a key.
    pub paused: bool,
    /// When the next step comes by itself; `None` if paused or at the end.
    pub next: Option<Timestamp>,
}

/// A text that somebody has to fetch.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Request {
    /// What of it.
    pub what: Fetch,
    /// Its kind.
    pub kind: Kind,
    /// Which.
    pub key: Key,
}

/// What can be fetched of an object.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fetch {
    /// As `kubectl get -o yaml` prints it, without managedFields.
    Yaml,
    /// Its events, as `kubectl events --for` prints them.
    Events,
}

/// What settings that may change say now.
#[derive(Clone, PartialEq, Debug)]
pub struct NewSettings {
    /// Which key does what.
    pub keys: Keymap,
    /// For times on the screen.
    pub time_zone: TimeZone,
    /// How long a change mark stays after it has been seen.
    pub retention: SignedDuration,
    /// The look, if the settings ask for another one than before.
    pub look: Option<NewLook>,
    /// What changed, and what of it holds only from the next start: one line.
    pub said: String,
}

/// How the screen is to look.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewLook {
    /// The theme's name.
    pub theme: Text,
    /// With ASCII alone.
    pub is_ascii: bool,
}

/// What came of a draft.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Drafted {
    /// It was read.
    Read(Arc<Draft>),
    /// It is no draft of anything: its text, and one line that says why.
    Misread {
        /// What it is called.
        name: String,
        /// The text, to be edited again.
        text: String,
        /// Why.
        said: String,
    },
    /// The person left it as it was.
    Unchanged,
    /// There is no text: no editor, no file. One line that says why.
    Failed(String),
}

/// An object about which the API server is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DryRun {
    /// Its kind.
    pub kind: Kind,
    /// Which.
    pub key: Key,
    /// All of it, as it would be applied.
    pub body: serde_json::Value,
}

/// What the API server said about an object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DryRunAnswer {
    /// Its kind.
    pub kind: Kind,
    /// Which.
    pub key: Key,
    /// Its warnings, if it would take the object; else why not.
    pub outcome: Result<Vec<Text>, Failure>,
}

/// Work beside the loop of which the app awaits the end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Work {
    /// The table of this pod: [`Command::Compute`].
    Table(Key),
    /// What is wrong with Sidecars: [`Command::Lint`].
    Findings,
    /// The answer to a question: [`Command::Study`].
    Study(Question),
}

/// Something the runtime has to do.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// Restore the terminal and end with this code.
    Quit {
        /// The exit code.
        code: u8,
    },
    /// Give the terminal back to the shell (SIGTSTP), and draw anew after `fg`.
    Suspend,
    /// Clear and draw everything anew.
    Redraw,
    /// Ring the bell.
    Bell,
    /// List every kind again, now; resets every backoff.
    Relist,
    /// Namespaces that are shown, in order, or none for all: where the whole cluster may not be read, the first ones of
    /// these are.
    ShowNamespaces(Vec<Text>),
    /// Draw with the next theme.
    NextTheme,
    /// Draw with this look from now on.
    Look(NewLook),
    /// Ask the Envoys of these pods, again and again, and of no others.
    WatchEnvoy {
        /// The chosen one first; each with its Envoy's admin port.
        pods: Vec<(Key, u16)>,
        /// What their hosts do a second is looked at: ask each second.
        rates: bool,
    },
    /// Put this into the clipboard.
    Copy(String),
    /// Steer the demo's story.
    Demo(DemoControl),
    /// Steer the replay.
    Replay(ReplayControl),
    /// Write [`App::ring`](super::App::ring) and what comes into this file, or one that is named after the time;
    /// answered by [`Message::Recording`].
    Record(Option<String>),
    /// End that.
    EndRecording,
    /// Write the view into a file; answered in words.
    Save(Save),
    /// Run [`App::linting`](super::App::linting) beside the loop, and send its answer.
    Lint,
    /// Run [`App::computing`](super::App::computing) of this pod beside the loop, and send its answer.
    Compute(Key),
    /// Run [`App::study`](super::App::study) of this beside the loop, and send its answer.
    Study(Question),
    /// Hand the terminal to the person's editor with this text, and have read what comes of it.
    EditDraft {
        /// What the draft is called.
        name: String,
        /// The text to begin with.
        text: String,
    },
    /// Have a draft read from this file.
    ReadDraft(String),
    /// Ask the API server whether it would take these objects, without storing them; only after a confirmation.
    DryRun(Vec<DryRun>),
    /// Fetch a text; answered by [`Message::Fetched`].
    Fetch(Request),
    /// Hand the terminal to the login command of the context, then connect again.
    LogIn,
    /// Say which contexts there are; answered by [`Message::Contexts`].
    ListContexts,
    /// Connect to this context beside all that goes on; answered by [`Message::ContextOpened`].
    OpenContext(String),
    /// Nobody waits for that any more.
    GiveUpContext,
    /// Go to the context that was opened: everything of this one ends.
    SwitchContext,
}

/// A view that is written into a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Save {
    /// As what.
    pub kind: SaveAs,
    /// What of it.
    pub what: SaveWhat,
    /// What it is called in the name of a file: small letters, digits, hyphens.
    pub name: String,
    /// Into this file; one that is named after the view and the time, if none is named.
    pub file: Option<String>,
}

/// As what a view is saved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SaveAs {
    /// Aligned columns, or the text that is read.
    Text,
    /// Rows for a program.
    Json,
    /// A picture.
    Svg,
}

/// What is saved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SaveWhat {
    /// [`App::saved`](super::App::saved).
    Table,
    /// This text.
    Text(String),
    /// The screen.
    Screen,
}

/// How the story is steered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DemoControl {
    /// The next step, now.
    Step,
    /// Pause, or go on.
    Pause,
    /// From the beginning.
    Restart,
}
