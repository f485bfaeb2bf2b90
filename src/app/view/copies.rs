//! A row as text, as JSON, and as the command that gives the same.

use jiff::Timestamp;

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
    serde_json::Value::from(fields).to_string()
}

/// The command that gives the same, for somebody who knows the original.
pub(crate) fn command_for(subject: &Subject<'_>, pod: Option<&Key>) -> Option<String> {
    let get = |what: &str, key: &Key| format!("kubectl -n {} get {what} {} -o wide", key.namespace, key.name);
    match subject {
        Subject::Pod(row) => Some(get("pod", &row.pod.meta.key)),
        Subject::Service(row) => Some(get("service", &row.service.meta.key)),
        Subject::Sidecar(row) => {
            let key = &row.sidecar.meta.key;
            Some(format!(
                "kubectl -n {} get sidecars.networking.istio.io {} -o yaml",
                key.namespace, key.name
            ))
        }
        Subject::Workload(row) => Some(format!(
            "kubectl -n {} get {} {} -o wide",
            row.id.namespace,
            row.id.kind.to_lowercase(),
            row.id.name
        )),
        Subject::Packet(row) => row
            .far()
            .map(|end| format!("tcpdump -i any -n host {} and port {}", end.ip, end.port)),
        Subject::Place(row) => row
            .far()
            .map(|end| format!("tcpdump -i any -n host {} and port {}", end.ip, end.port)),
        Subject::Endpoint(row) | Subject::Flow(row) => {
            let pod = pod?;
            Some(format!(
                "istioctl proxy-config endpoint {}.{} --cluster '{}'",
                pod.name, pod.namespace, row.row.cluster
            ))
        }
        Subject::Moment(row) => match row.line {
            Moment::Edit(edit, _) => Some(format!(
                "kubectl -n {} get {} {} -o yaml --show-managed-fields",
                edit.key.namespace,
                edit.kind.plural(),
                edit.key.name
            )),
            Moment::Before(before) => Some(format!(
                "kubectl -n {} get {} {} -o yaml --show-managed-fields",
                before.key.namespace,
                before.kind.plural(),
                before.key.name
            )),
            Moment::Endpoints(..) | Moment::Start => None,
        },
    }
}
