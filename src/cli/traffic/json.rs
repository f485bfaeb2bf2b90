//! Traffic for programs: a document of what Envoy counted; of packets a line each, then one of what went where.
//!
//! Each line is a document of its own with its schema version, `kind: Packet`; the last one is `kind: PacketTotals`.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Known;
use crate::app::traffic::{Directory, Place, Total, Totals, payload};
use crate::mesh::model::{Key, Packet, Socket};
use crate::output::{API_VERSION, Report, Sheet};

/// What Envoy counted, and for how long it was watched.
pub(super) fn counted(sheet: &Sheet, watched: Duration) -> Report<'_> {
    let mut report = Report::from(sheet);
    report.kind = "EndpointTraffic";
    report
        .body
        .insert("watchedSeconds".to_owned(), json!(watched.as_secs_f64()));
    report
}

/// A document as a line.
pub(super) fn line(fields: Map<String, Value>) -> String {
    format!("{}\n", Value::Object(fields))
}

/// `{apiVersion, kind: Packet, time, line, bytes, source?, destination?}`: `bytes` is payload, `line` what tcpdump prints;
/// ends have no `port` where the packet has none.
pub(super) fn packet(line: &str, packet: &Packet) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut add = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    add("apiVersion", json!(API_VERSION));
    add("kind", json!("Packet"));
    add("time", json!(packet.at.to_string()));
    add("line", json!(line));
    add("bytes", json!(payload(packet)));
    if let Some((from, to)) = packet.ends() {
        add("source", socket(&from));
        add("destination", socket(&to));
    } else if let Some((from, to)) = packet.content.addresses() {
        add("source", json!({ "ip": from.to_string() }));
        add("destination", json!({ "ip": to.to_string() }));
    }
    fields
}

/// The same, with `at`: the endpoint with its pod and clusters, or the address with what it is; `null` without ports.
pub(super) fn placed(line: &str, of: &Packet, place: &Place, directory: &Directory) -> Map<String, Value> {
    let mut fields = packet(line, of);
    let at = at(place, directory).map_or(Value::Null, Value::Object);
    fields.insert("at".to_owned(), at);
    fields
}

/// `{..., pod, endpoints, elsewhere, unread}`: counts by place, the most packets first.
pub(super) fn totals<'a>(known: &Known, totals: &Totals, directory: &Directory, at: Timestamp) -> Report<'a> {
    let mut places: Vec<(&Place, &Total)> = totals.places.iter().collect();
    places.sort_by_key(|(_, total)| std::cmp::Reverse((total.packets, total.bytes)));
    let (mut endpoints, mut elsewhere) = (Vec::new(), Vec::new());
    for (place, total) in places {
        let mut row = self::at(place, directory).unwrap_or_else(|| {
            let what = json!(directory.words(place));
            [("what".to_owned(), what)].into_iter().collect()
        });
        row.insert("packets".to_owned(), json!(total.packets));
        row.insert("bytes".to_owned(), json!(total.bytes));
        match place {
            Place::Endpoint(_) => endpoints.push(Value::Object(row)),
            Place::Elsewhere(..) | Place::Nowhere | Place::Others => elsewhere.push(Value::Object(row)),
        }
    }
    let body = [
        ("pod", key(&known.pod)),
        ("endpoints", endpoints.into()),
        ("elsewhere", elsewhere.into()),
        ("unread", json!(totals.odd)),
    ];
    Report {
        kind: "PacketTotals",
        as_of: Some(at),
        missing: known.missing.clone(),
        body: body.map(|(name, value)| (name.to_owned(), value)).into_iter().collect(),
        ..Report::default()
    }
}

fn at(place: &Place, directory: &Directory) -> Option<Map<String, Value>> {
    let mut fields = Map::new();
    let (end, name, value) = match place {
        Place::Endpoint(end) => {
            let clusters: Vec<String> = directory.clusters(end).iter().map(ToString::to_string).collect();
            (end, "clusters", json!(clusters))
        }
        Place::Elsewhere(end, what) => (end, "what", json!(what.to_string())),
        Place::Nowhere | Place::Others => return None,
    };
    fields.insert("ip".to_owned(), json!(end.ip.to_string()));
    fields.insert("port".to_owned(), json!(end.port));
    fields.insert(name.to_owned(), value);
    if let Some(pod) = directory.pod(&end.ip) {
        fields.insert("pod".to_owned(), key(pod));
    }
    Some(fields)
}

fn socket(end: &Socket) -> Value {
    json!({ "ip": end.ip.to_string(), "port": end.port })
}

fn key(key: &Key) -> Value {
    json!({ "namespace": key.namespace.as_str(), "name": key.name.as_str() })
}
