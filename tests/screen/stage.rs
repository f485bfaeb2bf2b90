//! An app on a stage: a clock that is turned by hand, keys as text, the screen as text.

use jiff::{SignedDuration, Timestamp};
use sidescope::app::view::{Body, Mark, Overlay, Pane, Role, Screen, Span};
use sidescope::app::{App, Command, KeyCode, KeyPress, Message, Options};
use sidescope::mesh::model::{Key, Kind, Object};
use sidescope::mesh::world::{Delta, ListScope, SourceState};
use unicode_width::UnicodeWidthChar;

use crate::mesh;

pub(crate) struct Stage {
    pub app: App,
    pub now: Timestamp,
    pub size: (u16, u16),
    pub commands: Vec<Command>,
    /// How often lint was run.
    pub lints: usize,
}

impl Stage {
    /// An app that knows nothing.
    pub(crate) fn empty(options: Options) -> Self {
        Self {
            app: App::new(options),
            now: mesh::start(),
            size: (80, 24),
            commands: Vec::new(),
            lints: 0,
        }
    }

    /// The small mesh, all listed.
    pub(crate) fn bookinfo() -> Self {
        Self::with(&mesh::bookinfo())
    }

    /// A mesh of these objects, all listed.
    pub(crate) fn with(objects: &[Object]) -> Self {
        Self::starting(Options::default(), objects)
    }

    /// The same with other start values.
    pub(crate) fn starting(options: Options, objects: &[Object]) -> Self {
        let mut stage = Self::empty(options);
        stage.say(mesh::listed(objects));
        for kind in Kind::ALL {
            stage.send(Message::Source {
                kind: *kind,
                scope: ListScope::All,
                state: SourceState::Live,
            });
        }
        stage.screen();
        stage
    }

    pub(crate) fn sized(mut self, width: u16, height: u16) -> Self {
        self.size = (width, height);
        self.screen();
        self
    }

    pub(crate) fn send(&mut self, message: Message) {
        for command in self.app.update(self.now, message) {
            // what the runtime does on another thread is done at once
            if command == Command::Lint {
                self.lints += 1;
                let answer = self.app.linting().run();
                self.send(answer);
            } else if let Command::Study(question) = command {
                let answer = self.app.study(question).run();
                self.send(answer);
            } else {
                self.commands.push(command);
            }
        }
    }

    /// What a source says.
    pub(crate) fn say(&mut self, batch: Vec<Delta>) {
        self.send(Message::Deltas { at: self.now, batch });
    }

    pub(crate) fn put(&mut self, object: impl Into<Object>) {
        self.say(vec![Delta::Put(object.into())]);
    }

    pub(crate) fn remove(&mut self, kind: Kind, namespace: &str, name: &str) {
        self.say(vec![Delta::Remove(kind, Key::new(namespace, name))]);
    }

    /// Time passes; the app is told as the runtime would.
    pub(crate) fn wait(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
        self.send(Message::Tick);
    }

    /// Keys: letters as they are, others in angle brackets: `jj<Enter><C-f>`. After each the screen is drawn.
    pub(crate) fn press(&mut self, keys: &str) -> &mut Self {
        for key in presses(keys) {
            self.send(Message::Key(key));
            self.screen();
        }
        self
    }

    /// The same keys all at once: nothing is drawn between them.
    pub(crate) fn type_ahead(&mut self, keys: &str) {
        for key in presses(keys) {
            self.send(Message::Key(key));
        }
        self.screen();
    }

    pub(crate) fn screen(&mut self) -> Screen {
        self.app.screen(self.now, self.size.0, self.size.1)
    }

    /// The screen as text, without blanks at the ends of lines.
    pub(crate) fn text(&mut self) -> String {
        let screen = self.screen();
        let mut grid = Grid::new(screen.width, screen.height);
        for (row, line) in &screen.lines {
            grid.line(0, *row, line);
        }
        for pane in &screen.panes {
            grid.pane(pane);
        }
        if let Some(overlay) = &screen.overlay {
            grid.overlay(overlay);
        }
        grid.text()
    }

    /// The lines of the screen that hold this text.
    pub(crate) fn lines_with(&mut self, text: &str) -> Vec<String> {
        self.text()
            .lines()
            .filter(|line| line.contains(text))
            .map(str::to_owned)
            .collect()
    }

    /// The pane that has the keys.
    pub(crate) fn active(&mut self) -> Pane {
        self.screen()
            .panes
            .into_iter()
            .find(|pane| pane.active)
            .expect("a pane has the keys")
    }

    /// The row under the cursor of the active pane, as text.
    pub(crate) fn current(&mut self) -> String {
        let Body::Table { rows, .. } = self.active().body else {
            return String::new();
        };
        let row = rows.into_iter().find(|row| row.cursor);
        row.map(|row| {
            row.cells
                .iter()
                .map(|cell| cell.text.to_string())
                .collect::<Vec<_>>()
                .join(" ")
        })
        .unwrap_or_default()
    }

    /// The first cells of the rows of the active pane.
    pub(crate) fn names(&mut self) -> Vec<String> {
        rows_of(&self.active())
    }

    pub(crate) fn take_commands(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.commands)
    }
}

/// Each row's mark and cells.
pub(crate) fn rows_of(pane: &Pane) -> Vec<String> {
    let Body::Table { rows, .. } = &pane.body else {
        return Vec::new();
    };
    rows.iter()
        .map(|row| {
            let cells: Vec<&str> = row
                .banner
                .iter()
                .chain(&row.cells)
                .map(|cell| cell.text.as_str())
                .collect();
            format!("{}{}", sign(row.mark), cells.join(" "))
        })
        .collect()
}

fn sign(mark: Option<Mark>) -> &'static str {
    match mark {
        None => "",
        Some(Mark::Added(_)) => "+",
        Some(Mark::Changed(_)) => "~",
        Some(Mark::Removed(_)) => "-",
    }
}

fn presses(keys: &str) -> Vec<KeyPress> {
    let mut presses = Vec::new();
    let mut rest = keys;
    while let Some(c) = rest.chars().next() {
        let (key, length) = match (c, rest.find('>')) {
            ('<', Some(end)) if end > 1 => (named(&rest[1..end]), end + 1),
            _ => (KeyPress::char(c), c.len_utf8()),
        };
        rest = &rest[length..];
        presses.push(key);
    }
    presses
}

fn named(name: &str) -> KeyPress {
    let code = match name {
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        "Tab" => KeyCode::Tab,
        "Up" => KeyCode::Up,
        "Down" => KeyCode::Down,
        "Bs" => KeyCode::Backspace,
        "F1" => KeyCode::F(1),
        "Space" => KeyCode::Char(' '),
        "Lt" => KeyCode::Char('<'),
        control => return KeyPress::ctrl(control.strip_prefix("C-").unwrap().chars().next().unwrap()),
    };
    KeyPress::plain(code)
}

struct Grid {
    cells: Vec<Vec<String>>,
}

impl Grid {
    fn new(width: u16, height: u16) -> Self {
        Self {
            cells: vec![vec![" ".to_owned(); width.into()]; height.into()],
        }
    }

    fn put(&mut self, x: u16, y: u16, text: &str) {
        let mut x = usize::from(x);
        for c in text.chars() {
            let width = c.width().unwrap_or(0);
            if let Some(cell) = self.cells.get_mut(usize::from(y)).and_then(|row| row.get_mut(x)) {
                *cell = c.to_string();
            } else {
                panic!("'{text}' leaves the screen at {x},{y}");
            }
            for behind in 1..width {
                self.cells[usize::from(y)][x + behind].clear();
            }
            x += width;
        }
    }

    fn line(&mut self, x: u16, y: u16, line: &[Span]) {
        let text: String = line.iter().map(|span| span.text.as_str()).collect();
        self.put(x, y, &text);
    }

    fn pane(&mut self, pane: &Pane) {
        let area = pane.area;
        if area.height == 0 {
            return;
        }
        self.line(area.x, area.y, &pane.title);
        let inner = Pane::inner(area);
        match &pane.body {
            Body::Lines(lines) => {
                assert!(lines.len() <= usize::from(inner.height));
                for (y, line) in (inner.y..).zip(lines) {
                    self.line(inner.x, y, line);
                }
            }
            Body::Table { heads, rows, .. } => {
                let mut y = inner.y;
                let widths: Vec<u16> = heads.iter().map(|head| head.width).collect();
                if heads.iter().any(|head| !head.title.as_str().is_empty()) {
                    let titles = heads.iter().map(|head| head.title.to_string());
                    self.cells_of(inner.x, y, titles, &widths);
                    y += 1;
                }
                assert!(
                    rows.len() <= usize::from(inner.y + inner.height - y),
                    "rows leave the pane"
                );
                for row in rows {
                    self.put(area.x, y, if row.cursor { ">" } else { " " });
                    self.put(area.x + 1, y, sign(row.mark));
                    self.line(inner.x, y, row.banner.as_slice());
                    self.cells_of(inner.x, y, row.cells.iter().map(|cell| cell.text.to_string()), &widths);
                    y += 1;
                }
            }
        }
    }

    fn cells_of(&mut self, x: u16, y: u16, cells: impl Iterator<Item = String>, widths: &[u16]) {
        let mut x = x;
        for (at, cell) in cells.enumerate() {
            self.put(x, y, &cell);
            x += widths.get(at).copied().unwrap_or(0) + Pane::GAP;
        }
    }

    fn overlay(&mut self, overlay: &Overlay) {
        let area = overlay.area;
        for y in area.y..area.y + area.height {
            self.put(area.x, y, &" ".repeat(area.width.into()));
        }
        self.line(area.x, area.y, &overlay.title);
        let inner = Overlay::inner(area);
        assert!(
            overlay.lines.len() <= usize::from(inner.height),
            "lines leave the overlay"
        );
        for (y, line) in (inner.y..).zip(&overlay.lines) {
            self.line(inner.x, y, line);
        }
    }

    fn text(&self) -> String {
        let lines = self.cells.iter().map(|row| row.concat().trim_end().to_owned());
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// Whether some span of a pane's rows plays this part.
pub(crate) fn has_role(pane: &Pane, role: Role) -> bool {
    match &pane.body {
        Body::Table { rows, .. } => rows.iter().flat_map(|row| &row.cells).any(|cell| cell.role == role),
        Body::Lines(lines) => lines.iter().flatten().any(|span| span.role == role),
    }
}
