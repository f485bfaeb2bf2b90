//! The event loop, tasks, effects: the only room with `select!`, spawn, clock, signals and the terminal.
//!
//! | module | holds |
//! |---|---|
//! | `host` | the threads, the panic hook, the screen from taking the terminal to giving it back: one run after the other, each over one cluster |
//! | `ui` | the loop: one turn after the other, at most one frame a turn |
//! | `inbox` | the loop's sources, each visited once a turn, in order, with a budget |
//! | `feed` | the tasks that follow the cluster's kinds |
//! | `effects`, `probe`, `envoys` | what the app's commands do outside, and what is asked of the cluster and of Envoys |
//! | [`packets`] | a capture that is read beside the loop, from any stream of bytes |
//! | `contexts` | a run over another context, made ready beside the one that is up |
//! | `state` | the file of what is remembered from one run to the next |
//! | [`open`] | files whose path may lead to anything: a pipe holds up nothing |
//! | `editor` | the person's own editor on a draft |
//! | [`plugin`] | processes of login plug-ins: killed when given up, kept from the screen's keys |
//! | [`piped`] | a stream of bytes that a signal ends, without a screen |
//! | `reader` | whether anybody reads what is printed |
//! | [`recording`] | a recording that is written, beside the screen or alone |
//! | `playback` | a recording that is played: its clock, and what reads its file |
//! | `settings` | the settings file, followed |
//! | `keys`, `signals`, `clipboard`, `panics`, `log` | one adapter each |
//! | [`live`], [`actual`], [`counting`], [`capture`], [`exec`] | the world without a screen, one Envoy, several over a time, the system's tcpdump, one in a container |
//!
//! # Decisions
//! * A turn polls its sources by hand instead of with `select!`: that visits one source a turn, and a flood on it would
//!   starve the others or be starved. Revisit if tokio gets a fair select with budgets.
//! * Frames are written by a blocking task, one at a time: a terminal that takes no bytes (a stalled ssh) must not keep
//!   the loop from signals and keys.

#![expect(
    clippy::disallowed_methods,
    reason = "this is the room that has clock and tasks; the others get time and results from here"
)]

pub mod actual;
pub mod capture;
mod clipboard;
pub mod clock;
mod contexts;
pub mod counting;
mod editor;
mod effects;
mod envoys;
pub mod exec;
mod feed;
mod host;
mod inbox;
mod keys;
pub mod live;
pub mod log;
pub mod open;
pub mod packets;
mod panics;
pub mod piped;
mod playback;
pub mod plugin;
mod probe;
mod reader;
pub mod recording;
mod settings;
mod signals;
mod state;
mod ui;

pub use self::clipboard::Clipboard;
pub use self::contexts::Contexts;
pub use self::effects::Story;
pub use self::feed::{Cluster, Sources};
pub use self::host::{Host, Outcome, ReadDraft, Run, Setup};
pub use self::panics::Fault;
pub use self::playback::Played;
pub use self::reader::nobody_reads;
pub use self::settings::SettingsFile;
pub use self::state::{Begins, State, remembered};
