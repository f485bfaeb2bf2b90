//! The end of a run, and how another one takes its place on the same terminal.

use std::time::Duration;

use super::super::host::Begun;
use super::Ui;
use crate::app::{Memory, Message, Options, RecordingNews};

impl Ui {
    /// Stops all tasks. What became of a recording, if there was one.
    pub(in crate::runtime) async fn end(&mut self, patience: Duration) -> Option<String> {
        // whoever waits to be heard need not wait
        self.inbox.deltas.close();
        self.effects.end_recording();
        let tasks = self.effects.tasks.clone();
        let mut ended = std::pin::pin!(tasks.end(patience));
        let mut last_words = Vec::new();
        loop {
            tokio::select! {
                Some(message) = self.inbox.effects.recv() => last_words.push(message),
                () = &mut ended => break,
            }
        }
        while let Ok(message) = self.inbox.effects.try_recv() {
            last_words.push(message);
        }
        last_words.into_iter().find_map(|message| {
            if let Message::Recording(RecordingNews::Ended(line) | RecordingNews::Failed(line)) = message {
                Some(line)
            } else {
                None
            }
        })
    }

    /// What the run has learnt, for the next one.
    pub(in crate::runtime) fn memory(&self) -> Memory {
        self.app.memory()
    }

    /// Whether it captured packets.
    pub(in crate::runtime) fn has_capture(&self) -> bool {
        self.app.has_capture()
    }

    /// What a run over another context takes over from this one.
    pub(in crate::runtime) fn hand_down(&self, options: Options) -> Options {
        self.app.hand_down(options)
    }

    /// Another run takes the place of one that has ended: terminal, keys, signals and looks stay.
    pub(in crate::runtime) fn begin_anew(&mut self, begun: Begun) {
        let Begun {
            app,
            clock,
            effects,
            deltas,
            answers,
            packets,
        } = begun;
        self.app = app;
        self.clock = clock;
        self.effects = effects;
        self.inbox.deltas = deltas;
        self.inbox.effects = answers;
        self.inbox.packets = packets;
        self.inbox.waiting.clear();
        self.inbox.until = None;
        self.inbox.is_at_end = false;
        self.next_tick = None;
        self.dirty = true;
    }
}
