//! The view as a file: Ctrl-s asks as what, `:save FILE` says it by the file's ending.
//!
//! Not here: what of a table is written (`view::saved`), the formats (`output`, `tui`), the file (`runtime`).

use jiff::Timestamp;

use super::App;
use super::dialog::Dialog;
use super::key::{KeyCode, KeyPress};
use super::message::{Command, Save, SaveAs, SaveWhat};
use super::view::Role;

/// What the letters behind Ctrl-s save.
pub(super) const SAVE: &[(char, SaveAs, &str)] = &[
    ('t', SaveAs::Text, "text: all rows of the table, as filtered and sorted"),
    ('j', SaveAs::Json, "JSON: the same rows for a program"),
    ('s', SaveAs::Svg, "SVG: a picture of the screen"),
];

/// So many characters of a title are in a file's name.
const LONGEST: usize = 40;

impl SaveAs {
    /// How names of such files end.
    pub fn ending(self) -> &'static str {
        match self {
            SaveAs::Text => "txt",
            SaveAs::Json => "json",
            SaveAs::Svg => "svg",
        }
    }

    fn of_file(name: &str) -> Option<Self> {
        let (_, ending) = name.rsplit_once('.')?;
        let found = SAVE
            .iter()
            .find(|(_, kind, _)| ending.eq_ignore_ascii_case(kind.ending()));
        found.map(|(_, kind, _)| *kind)
    }
}

impl App {
    /// A key behind Ctrl-s.
    pub(super) fn press_save(&mut self, now: Timestamp, key: KeyPress) -> Vec<Command> {
        let KeyCode::Char(letter) = key.code else {
            return Vec::new();
        };
        match SAVE.iter().find(|(other, ..)| *other == letter && !key.ctrl) {
            Some((_, kind, _)) => self.save(now, *kind, None),
            None => {
                self.say(
                    now,
                    Role::Warn,
                    format!("'{key}' saves nothing; t text, j JSON, s SVG picture"),
                );
                Vec::new()
            }
        }
    }

    /// `:save FILE`
    pub(super) fn save_into(&mut self, now: Timestamp, file: &str) -> Vec<Command> {
        match SaveAs::of_file(file) {
            Some(kind) => self.save(now, kind, Some(file.to_owned())),
            None => {
                self.say(
                    now,
                    Role::Bad,
                    format!("'{file}' does not end in .txt, .json or .svg: which of them is it to be?"),
                );
                Vec::new()
            }
        }
    }

    fn save(&mut self, now: Timestamp, kind: SaveAs, file: Option<String>) -> Vec<Command> {
        let (name, text) = match self.ui.dialogs.last() {
            Some(Dialog::Text(dialog)) => (dialog.title.clone(), Some(dialog.text())),
            Some(Dialog::Rows(dialog)) => (dialog.title.clone(), Some(dialog.text())),
            Some(
                Dialog::Filter(_)
                | Dialog::Palette(_)
                | Dialog::Namespaces(_)
                | Dialog::Sort(_)
                | Dialog::Columns(_)
                | Dialog::Hidden(_)
                | Dialog::Find(_)
                | Dialog::Copy
                | Dialog::Save,
            )
            | None
                if kind == SaveAs::Svg =>
            {
                (self.ui.view.title().to_owned(), None)
            }
            Some(_) | None => (self.ui.active().title().to_owned(), None),
        };
        let what = match (kind, text) {
            (SaveAs::Svg, _) => SaveWhat::Screen,
            (SaveAs::Text, Some(text)) => SaveWhat::Text(text),
            (SaveAs::Json, Some(_)) => {
                self.say(now, Role::Warn, "a text has no JSON: t saves it, s a picture of it");
                return Vec::new();
            }
            (SaveAs::Text | SaveAs::Json, None) => SaveWhat::Table,
        };
        let name = slug(&self.masked(name));
        vec![Command::Save(Save { kind, what, name, file })]
    }
}

/// A title as a part of a file's name: small letters, digits and single hyphens.
fn slug(title: &str) -> String {
    let mut slug = String::new();
    for c in title.chars().map(|c| c.to_ascii_lowercase()).take(LONGEST) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}
