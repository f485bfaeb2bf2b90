//! A row as text, as JSON, and as the command that gives the same.

use jiff::Timestamp;

use super::capture::quoted;
use super::visible_json;
use crate::app::tables::Subject;
use crate::mesh::history::Line as Moment;
use crate::mesh::model::Key;

/// A row as text: its cells, with two spaces between.
pub(crate) fn row_text(subject: &Subject<'_>, now: Timestamp) -> String {
    let cells = (0..).map_while(|at| subject.datum(at));
    let texts: Vec<String> = cells.map(|datum| datum.value.text(now).into_owned()).collect();
    let shown: Vec<&str> = texts
        .iter()
        .map(String::as_str)
        .filter(|text| !text.is_empty())
        .collect();
    shown.join("  ")
}

/// A row's fields as a program reads them, by the ids of its columns; of an endpoint its reasons too.
pub(in crate::app) fn json(subject: &Subject<'_>) -> String {
    let fields = subject.specs().into_iter().enumerate().filter_map(|(at, spec)| {
        let datum = subject.datum(at)?;
        Some((spec.id.to_owned(), datum.value.json()))
    });
    let mut fields: serde_json::Map<_, _> = fields.collect();
    if let Subject::Endpoint(row) = subject {
        fields.insert("reasons".to_owned(), super::why::chain(&row.row.why));
    }
    visible_json(&serde_json::Value::from(fields).to_string()).into_owned()
}

/// The command that gives the same, for somebody who knows the original.
pub(crate) fn command_for(subject: &Subject<'_>, pod: Option<&Key>) -> Option<String> {
    let get = |what: &str, (namespace, name): (&str, &str), output: &str| {
        let words = ["kubectl", "-n", namespace, "get", what, name, "-o", output].map(quoted);
        words.join(" ")
    };
    let of = |what: &str, key: &Key, output: &str| get(what, (&key.namespace, &key.name), output);
    let written = |what: &str, key: &Key| format!("{} --show-managed-fields", of(what, key, "yaml"));
    match subject {
        Subject::Pod(row) => Some(of("pod", &row.pod.meta.key, "wide")),
        Subject::Service(row) => Some(of("service", &row.service.meta.key, "wide")),
        Subject::Sidecar(row) => Some(of("sidecars.networking.istio.io", &row.sidecar.meta.key, "yaml")),
        Subject::Workload(row) => Some(get(
            &row.id.kind.to_lowercase(),
            (&row.id.namespace, &row.id.name),
            "wide",
        )),
        Subject::Packet(row) => row
            .far()
            .map(|end| format!("tcpdump -i any -n host {} and port {}", end.ip, end.port)),
        Subject::Place(row) => row
            .far()
            .map(|end| format!("tcpdump -i any -n host {} and port {}", end.ip, end.port)),
        Subject::Endpoint(row) | Subject::Flow(row) => {
            let pod = pod?;
            let pod = quoted(&format!("{}.{}", pod.name, pod.namespace));
            let cluster = quoted(&row.row.cluster.to_string());
            Some(format!("istioctl proxy-config endpoint {pod} --cluster {cluster}"))
        }
        Subject::Moment(row) => match row.line {
            Moment::Edit(edit, _) => Some(written(edit.kind.plural(), &edit.key)),
            Moment::Before(before) => Some(written(before.kind.plural(), &before.key)),
            Moment::Endpoints(..) | Moment::Start => None,
        },
    }
}
