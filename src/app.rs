//! What the person sees and does: a state machine, pure. `update(message) -> commands`; no clock, no channels, no
//! colours. Time comes in with the message.

pub mod filter;
mod input;
pub mod key;
mod list;
pub mod message;
mod options;
pub mod sync;
pub mod view;
pub mod workloads;

use jiff::Timestamp;

pub use self::key::{KeyCode, KeyPress};
pub use self::message::{Command, Message};
pub use self::options::{Namespaces, Options};
use self::view::Screen;
use crate::mesh::world::World;

/// Everything that is known and shown.
#[derive(Debug)]
pub struct App {
    options: Options,
    world: World,
}

impl App {
    /// An app that knows nothing yet.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            world: World::default(),
        }
    }

    /// Takes in one message, at this time, and says what has to be done.
    pub fn update(&mut self, now: Timestamp, message: Message) -> Vec<Command> {
        let _ = now;
        match message {
            Message::Deltas { batch, .. } => {
                for delta in batch {
                    self.world.apply(delta);
                }
                Vec::new()
            }
            Message::Interrupt { code } => vec![Command::Quit { code }],
            Message::Key(KeyPress {
                code: KeyCode::Char('q'),
                ..
            }) => vec![Command::Quit { code: 0 }],
            Message::Key(_)
            | Message::Paste(_)
            | Message::Resize { .. }
            | Message::Source { .. }
            | Message::Cluster(_)
            | Message::Envoy { .. }
            | Message::Demo(_)
            | Message::Fetched { .. }
            | Message::Copied(_)
            | Message::Problem(_)
            | Message::Tick => Vec::new(),
        }
    }

    /// What is on a terminal of this size at this time.
    ///
    /// Also remembers what it laid out: where each list is scrolled to, and which change marks have been on the
    /// screen. To ask twice gives the same screen.
    pub fn screen(&mut self, now: Timestamp, width: u16, height: u16) -> Screen {
        let _ = (now, &self.options);
        Screen {
            width,
            height,
            ..Screen::default()
        }
    }

    /// When the screen changes by time alone (a mark dims, an age ticks): draw again then, not before. `None`: never.
    pub fn next_wake(&self, now: Timestamp) -> Option<Timestamp> {
        let _ = now;
        None
    }
}
