//! Rows as JSON and YAML. The schema is versioned; within a version fields are only ever added.

use jiff::Timestamp;
use serde_json::{Map, Value, json as value};

use super::{Sheet, SheetRow};

/// The schema's version.
pub const API_VERSION: &str = "sidescope.io/v1";

/// A document that is no plain list of rows: a comparison, findings.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Report {
    /// Its kind in JSON, such as `EndpointDiff`.
    pub kind: &'static str,
    /// When this was true.
    pub as_of: Option<Timestamp>,
    /// What could not be read; empty if it is complete.
    pub missing: Vec<String>,
    /// What it says.
    pub body: Map<String, Value>,
}

impl Report {
    /// `{apiVersion, kind, asOf, complete, missing?, ...body}`, indented, with a newline at the end.
    pub fn json(&self) -> String {
        let mut text = format!("{:#}", self.document());
        text.push('\n');
        text
    }

    /// The same document as YAML; the text of the error if it cannot be written.
    pub fn yaml(&self) -> Result<String, String> {
        serde_saphyr::to_string(&self.document()).map_err(|error| error.to_string())
    }

    fn document(&self) -> Value {
        let mut document = Map::new();
        document.insert("apiVersion".to_owned(), value!(API_VERSION));
        document.insert("kind".to_owned(), value!(self.kind));
        document.insert("asOf".to_owned(), value!(self.as_of.map(|time| time.to_string())));
        document.insert("complete".to_owned(), value!(self.missing.is_empty()));
        if !self.missing.is_empty() {
            document.insert("missing".to_owned(), value!(self.missing));
        }
        document.extend(self.body.clone());
        Value::Object(document)
    }
}

/// `{apiVersion, kind, asOf, complete, missing?, ...about, items: [row]}`, indented, with a newline at the end.
pub fn json(sheet: &Sheet) -> String {
    list(sheet).json()
}

/// The same document in one line: the first of those that a watch prints.
pub fn json_line(sheet: &Sheet) -> String {
    format!("{}\n", list(sheet).document())
}

/// The same document as YAML; the text of the error if it cannot be written.
pub fn yaml(sheet: &Sheet) -> Result<String, String> {
    list(sheet).yaml()
}

fn list(sheet: &Sheet) -> Report {
    let items = sheet.rows.iter().map(|row| Value::Object(row.fields.clone())).collect();
    let mut body = sheet.about.clone();
    body.insert("items".to_owned(), Value::Array(items));
    Report {
        kind: sheet.kind,
        as_of: sheet.as_of,
        missing: sheet.missing.clone(),
        body,
    }
}

/// One change as a line of JSON: `{type: added|changed|removed, at, row, before?}`.
pub fn change_line(kind: &str, at: &str, before: Option<&SheetRow>, after: Option<&SheetRow>) -> String {
    let mut event = Map::new();
    event.insert("type".to_owned(), value!(kind));
    event.insert("at".to_owned(), value!(at));
    let row = after.or(before).map(|row| row.fields.clone()).unwrap_or_default();
    event.insert("row".to_owned(), Value::Object(row));
    if let (Some(before), Some(_)) = (before, after) {
        event.insert("before".to_owned(), Value::Object(before.fields.clone()));
    }
    format!("{}\n", Value::Object(event))
}
