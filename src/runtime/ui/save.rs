//! A view written into a file of its own: made anew, for its owner alone, never in the place of another.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Ui;
use crate::app::Message;
use crate::app::message::{Save, SaveAs, SaveWhat};
use crate::output::SavedSheet;
use crate::sources::recording::{CreateError, create};
use crate::tui::svg;

/// As many views can be saved in one second.
const MOST_A_SECOND: u32 = 20;

/// What is written.
#[derive(Debug)]
enum Content {
    /// A table, as text or JSON.
    Table(SavedSheet),
    /// A text or a picture, with what it is in words.
    Whole(&'static str, String),
}

impl Ui {
    /// Puts together what is on the screen now; the file is written beside the loop.
    pub(super) fn save(&mut self, Save { kind, what, name, file }: Save) {
        let now = self.clock.now();
        let content = match what {
            SaveWhat::Table => Content::Table(self.app.saved(now).into()),
            SaveWhat::Text(text) => Content::Whole("the text", format!("{text}\n")),
            SaveWhat::Screen => {
                let screen = self.app.screen(now, self.size.0, self.size.1);
                let title = format!("sidescope {name}, {now:.0}");
                Content::Whole("a picture", svg(&screen, self.painter.look(), &title))
            }
        };
        let broke = Message::Problem("nothing saved: an internal error, see :log".to_owned());
        self.effects
            .answer_blocking(broke, move || write_new(kind, &content, &name, file));
    }
}

/// Writes it, and says where, or why not.
fn write_new(kind: SaveAs, content: &Content, name: &str, file: Option<String>) -> Message {
    let (file, path) = match file.map(PathBuf::from) {
        Some(path) => match create(&path, false) {
            Ok(file) => (file, path),
            Err(error) => return Message::Problem(why_not(&error)),
        },
        None => match named(kind, name) {
            Ok(made) => made,
            Err(error) => return Message::Problem(why_not(&error)),
        },
    };
    let shown = path.display();
    match write(file, kind, content) {
        Ok(()) => Message::Said(format!("saved {} to {shown}", content.words())),
        Err(error) => {
            let left = match std::fs::remove_file(&path) {
                Ok(()) => String::new(),
                Err(_) => format!("; a part of it is left in '{shown}'"),
            };
            Message::Problem(format!("cannot write '{shown}': {error}{left}"))
        }
    }
}

impl Content {
    fn words(&self) -> String {
        match self {
            Content::Table(sheet) if sheet.rows() == 1 => "1 row".to_owned(),
            Content::Table(sheet) => format!("{} rows", sheet.rows()),
            Content::Whole(words, _) => (*words).to_owned(),
        }
    }
}

fn write(file: File, kind: SaveAs, content: &Content) -> io::Result<()> {
    let mut to = BufWriter::new(file);
    match (content, kind) {
        (Content::Table(sheet), SaveAs::Json) => sheet.write_json(&mut to)?,
        (Content::Table(sheet), SaveAs::Text | SaveAs::Svg) => to.write_all(sheet.text().as_bytes())?,
        (Content::Whole(_, text), _) => to.write_all(text.as_bytes())?,
    }
    to.flush()
}

/// `sidescope-endpoints-20261122T025107Z.txt` in the working directory; with a number where that is there already.
fn named(kind: SaveAs, name: &str) -> Result<(File, PathBuf), CreateError> {
    let time = Timestamp::now()
        .to_zoned(TimeZone::UTC)
        .strftime("%Y%m%dT%H%M%SZ")
        .to_string();
    let ending = kind.ending();
    let mut nth = 1;
    loop {
        let number = if nth == 1 { String::new() } else { format!("-{nth}") };
        let path = PathBuf::from(format!("sidescope-{name}-{time}{number}.{ending}"));
        match create(Path::new(&path), false) {
            Ok(file) => return Ok((file, path)),
            Err(CreateError::Exists { .. }) if nth < MOST_A_SECOND => nth += 1,
            Err(error) => return Err(error),
        }
    }
}

fn why_not(error: &CreateError) -> String {
    match error {
        CreateError::Exists { path } => format!("'{path}' is there already: name another file"),
        CreateError::Unwritable { path, cause } => format!("cannot write '{path}': {cause}"),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn text() -> Content {
        Content::Whole("the text", "all\n".to_owned())
    }

    #[test]
    fn a_file_is_for_its_owner_alone_and_never_in_the_place_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        let file = path.to_str().map(str::to_owned);
        let said = write_new(SaveAs::Text, &text(), "pods", file.clone());
        assert_eq!(said, Message::Said(format!("saved the text to {}", path.display())));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "all\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let Message::Problem(line) = write_new(SaveAs::Text, &text(), "pods", file) else {
            panic!("it was written over");
        };
        assert!(line.ends_with("a.txt' is there already: name another file"), "{line}");
    }

    #[test]
    fn what_cannot_be_written_is_said_in_one_line() {
        let nowhere = Some("/nowhere/at/all.svg".to_owned());
        let Message::Problem(line) = write_new(SaveAs::Svg, &text(), "pods", nowhere) else {
            panic!("written into a folder that is not there");
        };
        assert!(
            line.starts_with("cannot write '/nowhere/at/all.svg': No such file"),
            "{line}"
        );
    }
}
