//! What the person sees and does: a state machine, pure. `update(message) -> commands`; no clock, no channels, no
//! colours. Time comes in with the message.
//!
//! | file | holds |
//! |---|---|
//! | `message`, `key`, `options`, [`memory`], [`moment`] | the contract with the runtime; what is remembered; times as people write them |
//! | `facts`, `findings`, `engine`, `sync`, `lag`, `rates`, `traffic`, `packets`, `workloads` | what is known |
//! | `ui`, `list`, `panel`, `dialog`, `text`, `rows`, `input`, `filter` | what is shown of it |
//! | `actions`, `perform`, `go`, `drill`, `marks`, `ask`, `hidden`, `find`, `palette`, `contexts`, `mouse` | what a person can do |
//! | `privacy` | masks in the place of names and addresses |
//! | `study`, `comparison`, `who`, `then`, `draft` | questions about all pods, the past and what would be, worked out beside the loop |
//! | `replay`, `save` | a recording that is played, and one that is made; the view as a file |
//! | `refresh`, `choose`, `settle`, `flows`, `widths`, `columns` | lists and panels follow the facts |
//! | [`view`] | rows, columns, words, and the screen made of them |
//!
//! # Decisions
//! * Keeping still (`f`) holds back whole batches instead of freezing copies: nothing that is shown can then change, by
//!   construction. The queue is bounded; when it is full the screen goes on, and says so.
//! * Laying out is a step of its own ([`App::screen`] calls it first): it remembers scroll positions and what has been
//!   on the screen. Drawing the laid-out state changes nothing.

mod actions;
mod ask;
mod choose;
mod columns;
mod comparison;
mod computing;
mod contexts;
mod dialog;
mod draft;
mod drill;
mod engine;
mod facts;
pub mod filter;
mod find;
mod findings;
mod flows;
mod go;
mod hidden;
mod input;
pub mod key;
pub mod lag;
mod left;
mod list;
mod marks;
pub mod memory;
pub mod message;
pub mod moment;
mod mouse;
mod options;
mod packets;
mod palette;
mod panel;
mod perform;
mod privacy;
pub mod rates;
mod refresh;
mod replay;
mod rows;
mod save;
mod settle;
mod study;
pub mod sync;
mod tables;
mod text;
mod then;
pub mod traffic;
mod ui;
mod unseen;
pub mod view;
mod who;
mod widths;
pub mod workloads;

use jiff::Timestamp;

pub use self::actions::Keymap;
pub use self::computing::{Computed, Computing};
pub use self::draft::{Draft, WhatIf};
use self::facts::{Facts, Heard};
pub use self::findings::{Linting, Tally};
pub use self::key::{KeyCode, KeyPress};
pub use self::memory::Memory;
use self::memory::Recall;
pub use self::message::{Command, Message};
pub use self::mouse::{MouseEvent, MouseKind};
pub use self::options::{Namespaces, Options, Play};
use self::privacy::Mask;
pub use self::replay::{Pace, RecordingNews, Replay, ReplayControl, Ring, replay_speed};
pub use self::study::{Question, Span, Studied, Study};
use self::ui::{FROZEN_DELTAS, Frozen, Stale, Toast, Ui};
use self::view::{Role, Screen};
use crate::mesh::model::Key;
use crate::mesh::world::Delta;

/// Everything that is known and shown.
#[derive(Debug)]
pub struct App {
    options: Options,
    facts: Facts,
    ui: Ui,
    recall: Recall,
    mask: Mask,
}

impl App {
    /// An app that knows nothing yet.
    pub fn new(options: Options) -> Self {
        let ui = Ui::new(options.namespaces.clone());
        let mut app = Self {
            facts: Facts::new(options.settings.clone()),
            recall: Recall::new(options.memory.clone()),
            mask: Mask::default(),
            options,
            ui,
        };
        app.begin_private();
        app.recall_place();
        app
    }

    /// Takes in one message, at this time, and says what has to be done.
    pub fn update(&mut self, now: Timestamp, message: Message) -> Vec<Command> {
        let mut commands = Vec::new();
        match message {
            Message::Key(key) => {
                // what a key does may depend on marks that came in this very turn
                self.settle_panels(now);
                commands = self.press(now, key);
            }
            Message::Mouse(event) => {
                self.settle_panels(now);
                commands = self.take_mouse(now, event);
            }
            Message::Paste(text) => self.paste(now, &text),
            Message::Deltas { at, batch } => self.take_in(now, at, batch),
            Message::Source { kind, scope, state } => self.facts.hear(now, kind, scope, state),
            Message::Cluster(info) => {
                self.facts.cluster = info;
                self.learn_cluster_names();
            }
            Message::Envoy { pod, asked, at, answer } => {
                self.learn_envoy_names(&answer);
                let heard = self.facts.hear_envoy(pod.clone(), (asked, at), answer);
                self.follow_envoy(now, &pod, heard);
            }
            Message::Packets { batch, missed } => {
                self.facts.packets.miss(missed);
                match &mut self.ui.frozen {
                    Some(frozen) => frozen.hold(batch),
                    None => self.facts.packets.take(batch),
                }
            }
            Message::Capture { from, state } => {
                let since = now;
                let source = packets::Source { from, state, since };
                self.facts.packets.hear(source, &self.facts.world);
                self.look_from_chosen();
            }
            Message::Demo(state) => self.hear_story(now, state),
            Message::Replay(replay) => self.hear_replay(now, replay),
            Message::Rewind => self.rewind(now),
            Message::Recording(news) => self.hear_recording(now, news),
            Message::Computed(computed) => {
                self.adopt(computed);
            }
            Message::Broke(work) => self.let_go(now, work),
            Message::Studied(studied) => self.take_study(now, *studied),
            Message::Drafted(drafted) => self.take_draft(now, drafted),
            Message::DryRan(answers) => self.take_dry_run(&answers),
            Message::Linted(found) => self.take_findings(now, found),
            Message::Fetched { request, text } => self.show_fetched(&request, text),
            Message::Copied(result) => self.tell_copied(now, result),
            Message::Problem(line) => {
                self.facts.note(now, line.clone());
                self.say(now, Role::Bad, line);
            }
            Message::Settings(new) => commands.extend(self.take_settings(now, *new)),
            Message::Said(line) => self.say(now, Role::Dim, line),
            Message::Noted(line) => self.facts.note(now, line),
            Message::Contexts(contexts) => self.hear_contexts(now, contexts),
            Message::ContextOpened { name, result } => commands.extend(self.hear_opened(now, &name, result)),
            Message::Interrupt { code } => commands.push(Command::Quit { code }),
            Message::Resize { .. } => {}
            Message::Tick => self.tick(now),
        }
        self.choose(now);
        commands.extend(self.tell_namespaces());
        commands.extend(self.ask_envoys());
        commands.extend(self.ask_findings(now));
        commands.extend(self.ask_table());
        commands.extend(self.ask_study());
        self.mask_commands(&mut commands);
        commands
    }

    /// Whether packets were asked for: they are about one cluster.
    pub fn has_capture(&self) -> bool {
        self.facts.packets.source().is_some()
    }

    /// What a run over another cluster takes over from this one: what is the person's.
    pub fn hand_down(&self, options: Options) -> Options {
        let own = self.options.clone();
        Options {
            time_zone: own.time_zone,
            retention: own.retention,
            keys: own.keys,
            privacy: self.is_private(),
            ..options
        }
    }

    /// The work behind [`Command::Compute`].
    pub fn computing(&self, pod: Key) -> Computing {
        Computing {
            world: self.facts.world.clone(),
            cache: self.facts.engine.fork(&pod),
            epoch: self.ui.epoch,
            pod,
        }
    }

    fn follow_envoy(&mut self, now: Timestamp, pod: &Key, heard: Heard) {
        match heard {
            Heard::Rows => {
                self.ui.stale.insert(Stale::Panels);
            }
            Heard::Rates => self.order_by_rates(now, pod),
            Heard::Nothing => {}
        }
    }

    /// Takes over what was worked out beside the loop, if it is about this world.
    fn adopt(&mut self, Computed { pod, cache, epoch }: Computed) {
        if epoch == self.ui.epoch {
            self.ui.computing = None;
            self.facts.engine.adopt(&pod, *cache);
            self.ui.stale.insert(Stale::Panels);
        }
    }

    /// The work behind [`Command::Lint`].
    pub fn linting(&self) -> Linting {
        Linting {
            world: self.facts.world.clone(),
            settings: self.options.settings.clone(),
        }
    }

    /// What is on a terminal of this size at this time.
    ///
    /// Lays out first, which remembers where each list is scrolled to, and which change marks have been on the screen;
    /// what is where is remembered for the mouse.
    /// To ask twice gives the same screen.
    pub fn screen(&mut self, now: Timestamp, width: u16, height: u16) -> Screen {
        self.settle(now, width, height);
        let (screen, spots) = self.draw(now, width, height);
        self.ui.spots = spots;
        self.masked_screen(screen)
    }

    /// Whether an endpoint table on show has become another since this was asked last: its Envoy is about to follow.
    pub fn take_moved(&mut self) -> bool {
        std::mem::take(&mut self.ui.moved)
    }

    /// When the screen changes by time alone (a mark dims, an age ticks): draw again then, not before. `None`: never.
    ///
    /// As of the last [`App::screen`].
    pub fn next_wake(&self, now: Timestamp) -> Option<Timestamp> {
        self.ui.wake.map(|wake| wake.max(now))
    }

    fn take_in(&mut self, now: Timestamp, at: Timestamp, batch: Vec<Delta>) {
        if let Some(frozen) = &mut self.ui.frozen {
            frozen.deltas += batch.len();
            frozen.batches.push((at, batch));
            if frozen.deltas > FROZEN_DELTAS {
                self.thaw(now);
                self.say(now, Role::Warn, "too much was waiting: the screen goes on");
            }
            return;
        }
        self.learn(now, at, batch);
    }

    fn learn(&mut self, now: Timestamp, at: Timestamp, batch: Vec<Delta>) {
        self.learn_names(&batch);
        let dirty = self.facts.apply(at, batch);
        self.absorb(now, &dirty);
        if dirty.tables && !self.ui.pins.is_empty() {
            self.follow_pins(now);
        }
    }

    /// Goes by other settings from now on.
    fn take_settings(&mut self, now: Timestamp, new: message::NewSettings) -> Option<Command> {
        self.options.keys = new.keys;
        self.options.time_zone = new.time_zone;
        self.options.retention = new.retention;
        // rows hold times as they were written
        self.ui.stale.insert(Stale::Panels);
        self.ui.moments_of = None;
        self.expire(now);
        self.say(now, Role::Strong, new.said);
        new.look.map(Command::Look)
    }

    /// The demo's story is somewhere else.
    fn hear_story(&mut self, now: Timestamp, state: message::DemoState) {
        // where it has no line of its own, the foot tells each step as it comes
        let known = self.facts.demo.as_ref().filter(|_| !self.ui.is_told);
        let (is_new, turned) = known.map_or((false, false), |known| {
            (known.step != state.step, known.paused != state.paused)
        });
        if is_new {
            self.say(now, Role::Strong, state.title.to_string());
        } else if turned && state.paused {
            let pause = self.options.keys.named(actions::Action::DemoPause);
            self.say(now, Role::Strong, format!("the story waits; {pause} goes on"));
        } else if turned {
            self.say(now, Role::Strong, "the story goes on");
        }
        self.facts.demo = Some(state);
    }

    fn freeze(&mut self) {
        self.ui.frozen = Some(Frozen::default());
    }

    fn thaw(&mut self, now: Timestamp) {
        let Some(frozen) = self.ui.frozen.take() else { return };
        self.facts.packets.take(frozen.packets);
        self.facts.packets.let_go(frozen.let_go);
        for (at, batch) in frozen.batches {
            self.learn(now, at, batch);
        }
    }

    fn tick(&mut self, now: Timestamp) {
        if self.ui.toast.as_ref().is_some_and(|toast| toast.until <= now) {
            self.ui.toast = None;
        }
        self.expire(now);
    }

    fn say(&mut self, now: Timestamp, role: Role, text: impl Into<String>) {
        self.ui.toast = Some(self.toast_of(now, role, text.into()));
    }
}
