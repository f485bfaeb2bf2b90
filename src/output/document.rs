//! JSON and YAML: the same document, with a schema version that only grows in compatible ways.
//!
//! `sidescope.io/v1`: fields may be added; none is renamed, dropped or given another meaning. Documents are written as
//! they are read, fields by name; a large one is never held whole.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::Timestamp;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json as value};

use super::{Sheet, SheetRow};
use crate::app::view::{visible_json, why};

/// The schema's version.
pub const API_VERSION: &str = "sidescope.io/v1";

/// How a document is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Language {
    /// JSON, indented.
    Json,
    /// JSON in one line: the first of those that a watch prints.
    JsonLine,
    /// YAML.
    Yaml,
}

/// A document: a list of rows, a comparison, findings.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Report<'a> {
    /// Its kind in JSON, such as `EndpointDiff`.
    pub kind: &'static str,
    /// When this was true.
    pub as_of: Option<Timestamp>,
    /// What could not be read; empty if it is complete.
    pub missing: Vec<String>,
    /// What it says.
    pub body: Map<String, Value>,
    /// Its lists of rows, by name.
    pub lists: BTreeMap<&'static str, Vec<Entry<'a>>>,
}

/// An item of a list of rows.
#[derive(Clone, PartialEq, Debug)]
pub enum Entry<'a> {
    /// A row.
    Row(&'a SheetRow),
    /// A row of a comparison.
    Differing {
        /// It.
        row: &'a SheetRow,
        /// Why it came or went.
        reason: &'a str,
    },
    /// A row that is another than before.
    Changed {
        /// As it was.
        before: &'a SheetRow,
        /// As it is.
        after: &'a SheetRow,
        /// What changed.
        reason: &'a str,
    },
}

impl<'a> From<&'a Sheet> for Report<'a> {
    /// `{apiVersion, kind, asOf, complete, missing?, ...about, items: [row]}`
    fn from(sheet: &'a Sheet) -> Self {
        Self {
            kind: sheet.kind,
            as_of: sheet.as_of,
            missing: sheet.missing.clone(),
            body: sheet.about.clone(),
            lists: [("items", sheet.rows.iter().map(Entry::Row).collect())].into(),
        }
    }
}

impl Report<'_> {
    /// Writes `{apiVersion, kind, asOf, complete, missing?, ...body, ...lists}`, with a newline at the end.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(&self, language: Language, mut to: impl Write) -> io::Result<()> {
        match language {
            Language::Json => serde_json::to_writer_pretty(Visible(&mut to), self)?,
            Language::JsonLine => serde_json::to_writer(Visible(&mut to), self)?,
            Language::Yaml => {
                let text = serde_saphyr::to_string(self).map_err(io::Error::other)?;
                return to.write_all(text.as_bytes());
            }
        }
        to.write_all(b"\n")
    }

    /// The head of every document.
    fn head(&self) -> Vec<(&str, Value)> {
        let mut head = vec![
            ("apiVersion", value!(API_VERSION)),
            ("kind", value!(self.kind)),
            ("asOf", value!(self.as_of.map(|time| time.to_string()))),
            ("complete", value!(self.missing.is_empty())),
        ];
        if !self.missing.is_empty() {
            head.push(("missing", value!(self.missing)));
        }
        head
    }
}

/// A field of a document.
enum Field<'a> {
    Value(Cow<'a, Value>),
    List(&'a [Entry<'a>]),
}

impl Serialize for Report<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let head = self
            .head()
            .into_iter()
            .map(|(name, value)| (name, Field::Value(Cow::Owned(value))));
        let body = self.body.iter();
        let body = body.map(|(name, value)| (name.as_str(), Field::Value(Cow::Borrowed(value))));
        let lists = self.lists.iter().map(|(name, list)| (*name, Field::List(list)));
        let fields: BTreeMap<&str, Field<'_>> = head.chain(body).chain(lists).collect();
        let mut document = serializer.serialize_map(Some(fields.len()))?;
        for (name, field) in &fields {
            match field {
                Field::Value(value) => document.serialize_entry(name, &**value)?,
                Field::List(entries) => document.serialize_entry(name, entries)?,
            }
        }
        document.end()
    }
}

impl Serialize for Entry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.document().serialize(serializer)
    }
}

impl Entry<'_> {
    fn document(&self) -> Value {
        match self {
            Entry::Row(row) => Value::Object(row_document(row)),
            Entry::Differing { row, reason } => {
                let mut fields = row_document(row);
                fields.insert("reason".to_owned(), value!(reason));
                Value::Object(fields)
            }
            Entry::Changed { before, after, reason } => {
                value!({ "before": row_document(before), "after": row_document(after), "reason": reason })
            }
        }
    }
}

/// A row's fields, and why it is here.
fn row_document(row: &SheetRow) -> Map<String, Value> {
    let mut fields = row.fields.clone();
    if let Some(why) = &row.why {
        fields.insert("reasons".to_owned(), why::chain(why));
    }
    fields
}

/// One change as a line of JSON: `{type: added|changed|removed, at, row, before?}`.
pub fn change_line(kind: &str, at: &str, before: Option<&SheetRow>, after: Option<&SheetRow>) -> String {
    let mut event = Map::new();
    event.insert("type".to_owned(), value!(kind));
    event.insert("at".to_owned(), value!(at));
    let row = after.or(before).map(row_document).unwrap_or_default();
    event.insert("row".to_owned(), Value::Object(row));
    if let (Some(before), Some(_)) = (before, after) {
        event.insert("before".to_owned(), Value::Object(row_document(before)));
    }
    format!("{}\n", visible_json(&Value::Object(event).to_string()))
}

/// Escapes what JSON may hold as it is and a terminal would obey or not show. Strings come to it in whole characters.
struct Visible<W>(W);

impl<W: Write> Write for Visible<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
        self.0.write_all(visible_json(text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::scope::{Reason, Why};

    fn text(report: &Report<'_>, language: Language) -> String {
        let mut bytes = Vec::new();
        report.write(language, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn json_holds_nothing_that_steers_a_terminal_and_says_the_same() {
        let hostile = "\u{1b}[2J\u{7f}\u{9b}2J\u{202e}\u{e0041}";
        let report = Report {
            body: [(hostile.to_owned(), value!(hostile))].into_iter().collect(),
            ..Report::default()
        };
        for language in [Language::Json, Language::JsonLine] {
            let text = text(&report, language);
            assert!(text.is_ascii() && !text.trim_end().contains('\u{7f}'), "{text:?}");
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap()[hostile], hostile);
        }
        assert!(change_line(hostile, "", None, None).is_ascii());
    }

    #[test]
    fn a_row_has_its_reasons_beside_its_fields_in_every_language() {
        let row = SheetRow {
            fields: [("endpoint".to_owned(), value!("10.0.0.1:80"))].into_iter().collect(),
            why: Some(Why::of([Reason::Ready])),
            ..SheetRow::default()
        };
        let sheet = Sheet {
            kind: "EndpointTable",
            rows: vec![row],
            missing: vec!["nodes not readable".to_owned()],
            ..Sheet::default()
        };
        let report = Report::from(&sheet);
        let line = r#"{"apiVersion":"sidescope.io/v1","asOf":null,"complete":false,"items":[{"endpoint":"10.0.0.1:80","reasons":[{"rule":"ready","text":"ready"}]}],"kind":"EndpointTable","missing":["nodes not readable"]}"#;
        assert_eq!(text(&report, Language::JsonLine), format!("{line}\n"));
        let expected: Value = serde_json::from_str(line).unwrap();
        assert_eq!(text(&report, Language::Json), format!("{expected:#}\n"));
        let yaml: Value = serde_saphyr::from_str(&text(&report, Language::Yaml)).unwrap();
        assert_eq!(yaml, expected);
    }
}
