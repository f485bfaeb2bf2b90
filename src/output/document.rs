//! Rows as JSON and YAML. The schema is versioned; within a version fields are only ever added.

use serde_json::{Map, Value, json as value};

use super::{Sheet, SheetRow};

/// The schema's version.
pub const API_VERSION: &str = "sidescope.io/v1";

/// `{apiVersion, kind, asOf, complete, missing?, ...about, items: [row]}`, indented, with a newline at the end.
pub fn json(sheet: &Sheet) -> String {
    let mut text = format!("{:#}", document(sheet));
    text.push('\n');
    text
}

/// The same document in one line: the first of those that a watch prints.
pub fn json_line(sheet: &Sheet) -> String {
    format!("{}\n", document(sheet))
}

/// The same document as YAML; the text of the error if it cannot be written.
pub fn yaml(sheet: &Sheet) -> Result<String, String> {
    serde_saphyr::to_string(&document(sheet)).map_err(|error| error.to_string())
}

fn document(sheet: &Sheet) -> Value {
    let mut document = Map::new();
    document.insert("apiVersion".to_owned(), value!(API_VERSION));
    document.insert("kind".to_owned(), value!(sheet.kind));
    document.insert("asOf".to_owned(), value!(sheet.as_of.map(|time| time.to_string())));
    document.insert("complete".to_owned(), value!(sheet.missing.is_empty()));
    if !sheet.missing.is_empty() {
        document.insert("missing".to_owned(), value!(sheet.missing));
    }
    document.extend(sheet.about.clone());
    let items = sheet.rows.iter().map(|row| Value::Object(row.fields.clone())).collect();
    document.insert("items".to_owned(), Value::Array(items));
    Value::Object(document)
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
