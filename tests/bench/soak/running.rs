//! The app with its screen, without sources and terminal.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sidescope::app::view::{Body, Mark, RowLine, Screen};
use sidescope::app::{App, Command, KeyCode, KeyPress, Message, Options};
use sidescope::mesh::model::Key;
use sidescope::mesh::world::Delta;
use sidescope::tui::{Look, Painter};

/// Columns and rows.
const SIZE: (u16, u16) = (120, 40);
/// Rows of a screen on which all rows are to be read.
const PAGE: u16 = 2_000;

/// A table's key, and the texts of a row's cells.
type Shown = (char, Vec<String>);

pub(crate) struct Running {
    app: App,
    painter: Painter,
    pub(crate) now: Timestamp,
}

impl Running {
    /// After the first list, over all namespaces, with this pod's table.
    pub(crate) fn begin(now: Timestamp, pod: Key, listed: Vec<Delta>) -> Self {
        let options = Options {
            pod: Some(pod),
            ..Options::default()
        };
        let mut running = Self {
            app: App::new(options),
            painter: Painter::new(Look::default()),
            now,
        };
        running.events(listed);
        running.draw();
        running
    }

    pub(crate) fn events(&mut self, batch: Vec<Delta>) {
        self.tell(Message::Deltas { at: self.now, batch });
    }

    /// What the loop does with a message, and what is worked out beside it.
    pub(crate) fn tell(&mut self, message: Message) {
        for command in self.app.update(self.now, message) {
            if let Command::Compute(pod) = command {
                let answer = self.app.computing(pod).run();
                self.tell(answer);
            }
        }
    }

    pub(crate) fn draw(&mut self) -> Screen {
        let screen = self.app.screen(self.now, SIZE.0, SIZE.1);
        self.painter.frame(&screen).unwrap();
        screen
    }

    pub(crate) fn press(&mut self, key: KeyPress) {
        self.tell(Message::Key(key));
        self.draw();
    }

    /// Every row of the tables that is in force, in order; the endpoints are those of this pod.
    pub(crate) fn everything(&mut self, pod: &Key) -> Vec<Shown> {
        let mut all = Vec::new();
        for key in format!(":ep {}.{}", pod.name, pod.namespace)
            .chars()
            .map(KeyPress::char)
        {
            self.press(key);
        }
        self.press(KeyPress::plain(KeyCode::Enter));
        for tab in ['3', '2', '1'] {
            self.press(KeyPress::char(tab));
            self.table(tab, &mut all);
        }
        all
    }

    fn table(&mut self, tab: char, all: &mut Vec<Shown>) {
        self.tell(Message::Key(KeyPress::char('g')));
        let mut seen = BTreeSet::new();
        let mut before = Vec::new();
        loop {
            let page = self.page(tab);
            if page == before {
                return;
            }
            let in_force = page.iter().filter(|row| !matches!(row.mark, Some(Mark::Removed(_))));
            for row in in_force {
                let cells: Shown = (tab, row.cells.iter().map(|cell| cell.text.to_string()).collect());
                // pages overlap
                if seen.insert(cells.clone()) {
                    all.push(cells);
                }
            }
            before = page;
            self.tell(Message::Key(KeyPress::ctrl('f')));
        }
    }

    /// The rows of one high screen.
    fn page(&mut self, tab: char) -> Vec<RowLine> {
        let mut screen = self.app.screen(self.now, SIZE.0, PAGE);
        match screen.panes.swap_remove(0).body {
            Body::Table { rows, .. } => rows,
            Body::Lines(lines) => panic!("no table in tab {tab}: {lines:?}"),
        }
    }
}
