//! A suggestion as text: the Sidecar in YAML with comments, or a document in JSON.
//!
//! Everything that the Sidecar there is now says besides hosts is kept as it stands. Text from the cluster comes into
//! comments as [`Shown`], so that none can end one.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::app::sync::seconds;
use crate::app::view::Shown;
use crate::mesh::diff::ObjectText;
use crate::mesh::model::{Key, Text};
use crate::mesh::scope::Weight;
use crate::mesh::suggest::{Aim, Because, Line, Plan, Suggestion};
use crate::mesh::world::World;
use crate::output::Report;
use crate::runtime::counting::Watched;

/// Names in one comment; all are in the document.
const NAMED: usize = 12;
/// Columns of a comment.
const WIDTH: usize = 110;

/// A suggestion, and how it came about.
pub(super) struct Document<'a> {
    /// As it is, or was when the watching began.
    pub(super) world: &'a World,
    /// It was: what was asked for is gone.
    pub(super) is_past: bool,
    pub(super) aim: &'a Aim,
    pub(super) plan: &'a Plan,
    pub(super) watched: &'a Watched,
    pub(super) made: &'a Suggestion,
    pub(super) missing: &'a [String],
    pub(super) at: Timestamp,
}

impl Document<'_> {
    /// The Sidecar, with comments.
    pub(super) fn yaml(&self) -> Result<String, String> {
        let mut text = String::new();
        for note in self.notes() {
            comment(&mut text, &note);
        }
        let object = serde_saphyr::to_string(&self.object()).map_err(|error| error.to_string())?;
        let listeners = &self.made.listeners;
        let mut lines = listeners.iter().flat_map(|listener| &listener.lines).peekable();
        for row in object.lines() {
            text.push_str(row);
            let item = row.trim_start().trim_start_matches("- ").trim_matches(['"', '\'']);
            if row.trim_start().starts_with("- ")
                && let Some(line) =
                    lines.next_if(|line| item == line.text.as_str() || item == format!("- {}", line.text))
            {
                text.push_str("  # ");
                text.push_str(Shown::from(because(line)).as_str());
            }
            text.push('\n');
        }
        Ok(text)
    }

    /// The same as a document.
    pub(super) fn report(&self) -> Report<'static> {
        let mut body = Map::new();
        let mut say = |name: &str, value: Value| drop(body.insert(name.to_owned(), value));
        let made = self.made;
        say("sidecar", (!made.is_of_nothing).then(|| self.object()).into());
        say("replaces", json!(self.plan.replaces()));
        let lines = made.listeners.iter().enumerate().flat_map(|(at, listener)| {
            let lines = listener.lines.iter();
            lines.map(move |line| json!({ "listener": at, "host": line.text.as_str(), "because": because(line) }))
        });
        say("lines", lines.collect());
        say(
            "governs",
            self.plan.pods.iter().map(|pod| json!(pod.name.as_str())).collect(),
        );
        say("rowsKept", json!(made.kept));
        let lost = made.lost.iter().map(|(pod, address, cluster)| {
            json!({ "pod": pod.name.as_str(), "endpoint": address.to_string(), "cluster": cluster.name() })
        });
        say("rowsLost", lost.collect());
        say(
            "hostsHidden",
            made.hidden.iter().map(|host| json!(host.as_str())).collect(),
        );
        let weights = made.weights.as_ref().map(|weights| {
            let weight = |weight: Weight| json!({ "clusters": weight.clusters, "endpoints": weight.endpoints });
            json!({
                "pod": weights.pod.name.as_str(),
                "now": weight(weights.now),
                "byDefault": weight(weights.by_default),
                "after": weight(weights.after),
            })
        });
        say("weight", json!(weights));
        let envoys = self.watched.envoys.iter().map(|counted| {
            json!({
                "pod": counted.pod.name.as_str(),
                "answers": counted.answers,
                "silence": counted.silence.as_ref().map(ToString::to_string),
            })
        });
        let watched = json!({
            "seconds": self.watched.time.as_secs_f64(),
            "interrupted": self.watched.interrupted,
            "envoys": envoys.collect::<Value>(),
        });
        say("watched", watched);
        let unknown = made.unknown.iter().map(|(host, port)| json!(format!("{host}:{port}")));
        say("usedOutOfScope", unknown.collect());
        say(
            "passthrough",
            made.passthrough
                .iter()
                .map(|address| json!(address.to_string()))
                .collect(),
        );
        say(
            "findings",
            made.findings.iter().map(|finding| json!(finding.to_string())).collect(),
        );
        say("notes", json!(self.notes()));
        Report {
            kind: "SidecarSuggestion",
            as_of: Some(self.at),
            missing: self.missing.to_vec(),
            body,
            ..Report::default()
        }
    }

    /// The object as it would be applied.
    fn object(&self) -> Value {
        let base = self
            .plan
            .base
            .as_ref()
            .and_then(|base| ObjectText::of(&base.provenance));
        let base = base.map(|text| text.0).unwrap_or_default();
        let key = &self.plan.key;
        let mut metadata = json!({ "name": key.name.as_str(), "namespace": key.namespace.as_str() });
        let mut version = json!("networking.istio.io/v1");
        if self.plan.replaces() {
            version = base.get("apiVersion").cloned().unwrap_or(version);
            keep(&mut metadata, "labels", base.pointer("/metadata/labels"));
            let mut annotations = base.pointer("/metadata/annotations").cloned().unwrap_or_default();
            if let Some(annotations) = annotations.as_object_mut() {
                annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
            }
            keep(&mut metadata, "annotations", Some(&annotations));
        }
        let mut spec = base
            .get("spec")
            .filter(|spec| spec.is_object())
            .cloned()
            .unwrap_or_else(|| json!({}));
        let old = spec.get("egress").cloned().unwrap_or_default();
        let egress = self.made.listeners.iter().map(|listener| {
            let from = listener
                .from
                .and_then(|from| old.get(from))
                .filter(|from| from.is_object());
            let mut entry = from.cloned().unwrap_or_else(|| json!({}));
            let hosts = listener.lines.iter().map(|line| json!(line.text.as_str()));
            set(&mut entry, "hosts", Some(hosts.collect()));
            entry
        });
        set(&mut spec, "egress", Some(egress.collect()));
        let labels = self.plan.selector.as_ref().map(|labels| {
            let labels = labels
                .iter()
                .map(|(name, value)| (name.to_string(), json!(value.as_str())));
            json!({ "labels": labels.collect::<Map<String, Value>>() })
        });
        set(&mut spec, "workloadSelector", labels);
        json!({ "apiVersion": version, "kind": "Sidecar", "metadata": metadata, "spec": spec })
    }

    /// What a reader must know, a sentence or two each.
    fn notes(&self) -> Vec<String> {
        let made = self.made;
        let first = if made.is_of_nothing {
            self.nothing()
        } else {
            format!("The smallest Sidecar that keeps what was used, as of {:.0}.", self.at)
        };
        let mut notes = vec![first];
        notes.push(self.time());
        notes.push(self.whose());
        notes.push(format!(
            "It keeps {} and hides {}.",
            counted(made.kept, "endpoint in use", "endpoints in use"),
            listed("host", &made.hidden.iter().map(Text::to_string).collect::<Vec<_>>())
        ));
        if let Some(weights) = &made.weights {
            let words = |weight: Weight| {
                let clusters = counted(weight.clusters, "cluster", "clusters");
                format!("{clusters} and {}", counted(weight.endpoints, "endpoint", "endpoints"))
            };
            notes.push(format!(
                "Config weight of {}: {} now, {} by default (*/*), {} with this.",
                weights.pod.name,
                words(weights.now),
                words(weights.by_default),
                words(weights.after)
            ));
        }
        notes.push(
            "Counters cannot show: names that are resolved and not called, calls that a job makes more seldom than the time \
             watched, by which name a service was called, and TCP to addresses that no service has (PassthroughCluster)."
                .to_owned(),
        );
        notes.extend(self.doubts());
        if !made.is_of_nothing {
            notes.push(format!("Before applying it: {}", self.commands()));
        }
        notes
    }

    /// That there is no suggestion, and what the smallest Sidecar would have come to.
    pub(super) fn nothing(&self) -> String {
        let heard = self.watched.envoys.iter().filter(|counted| counted.answers > 0).count();
        let hidden = counted(self.made.hidden.len(), "host", "hosts");
        let time = if self.watched.time.is_zero() {
            String::new()
        } else {
            format!(" in {}, nor", seconds(self.watched.time.try_into().unwrap_or_default()))
        };
        format!(
            "NOTHING IN USE: {} counted no traffic to any service{time} since {} own start; a Sidecar that keeps nothing \
             would hide {hidden}, so none is suggested: watch longer (--for), or while there is traffic",
            counted(heard, "Envoy", "Envoys"),
            if heard == 1 { "its" } else { "their" }
        )
    }

    /// How long who was watched.
    fn time(&self) -> String {
        let heard: Vec<_> = self
            .watched
            .envoys
            .iter()
            .filter(|counted| counted.answers > 0)
            .collect();
        let time = seconds(self.watched.time.try_into().unwrap_or_default());
        let ended = if self.watched.interrupted { " (then Ctrl-c)" } else { "" };
        let names: Vec<String> = heard.iter().map(|counted| counted.pod.name.to_string()).collect();
        format!(
            "Used: what {} for {time}{ended}, and what {} counted before, since its own start.",
            format_args!("{} counted", listed("Envoy", &names)),
            if heard.len() == 1 { "it had" } else { "each had" }
        )
    }

    /// Which pods it is for, and what it takes the place of.
    fn whose(&self) -> String {
        let pods = counted(self.plan.pods.len(), "pod", "pods");
        let whose = match (self.aim, &self.plan.selector) {
            (Aim::Pod(pod), Some(labels)) => {
                let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
                let owner = self.world.pods.get(pod).and_then(|pod| pod.workload());
                let owner = owner.map_or_else(
                    || format!("Pod {}", pod.name),
                    |owner| format!("{} {}", owner.kind, owner.name),
                );
                if self.plan.replaces() {
                    format!("It governs {pods}, by the selector there is: {}.", labels.join(", "))
                } else {
                    format!(
                        "It governs {pods}, by the labels of {owner}'s template: {}.",
                        labels.join(", ")
                    )
                }
            }
            (Aim::Pod(_) | Aim::Namespace(_), _) => {
                format!(
                    "It governs {pods} of namespace {}: all that no Sidecar with a selector does.",
                    self.plan.key.namespace
                )
            }
        };
        let kept = match &self.plan.base {
            Some(base) if self.plan.replaces() => {
                format!(
                    "It replaces Sidecar {}: all but its egress hosts is kept.",
                    base.meta.key
                )
            }
            Some(base) => format!(
                "It is new; what Sidecar {} says besides egress hosts is in it too.",
                base.meta.key
            ),
            None => "It is new; no Sidecar governs them now.".to_owned(),
        };
        format!("{whose} {kept}")
    }

    /// What may be wrong with it.
    fn doubts(&self) -> Vec<String> {
        let made = self.made;
        let mut doubts = Vec::new();
        if self.is_past {
            doubts.push(
                "GONE: what was asked for is not there any more; this is for the mesh as it was at the start."
                    .to_owned(),
            );
        }
        for counted in &self.watched.envoys {
            if let Some(silence) = &counted.silence {
                let what = if counted.answers == 0 {
                    "never answered"
                } else {
                    "stopped to answer"
                };
                doubts.push(format!("NOT SEEN: the Envoy of {} {what}: {silence}", counted.pod.name));
            }
        }
        let strangers: Vec<String> = self
            .plan
            .pods
            .iter()
            .filter(|pod| !self.was_asked(pod))
            .map(|pod| pod.name.to_string())
            .collect();
        if !strangers.is_empty() {
            doubts.push(format!(
                "NOT SEEN: {} came while others were watched.",
                listed("pod", &strangers)
            ));
        }
        if !self.missing.is_empty() {
            doubts.push(format!(
                "INCOMPLETE: {}; what follows from it is not known.",
                self.missing.join(", ")
            ));
        }
        if !made.lost.is_empty() {
            let lost: Vec<String> = made
                .lost
                .iter()
                .map(|(_, address, cluster)| format!("{address} of {cluster}"))
                .collect();
            doubts.push(format!(
                "LOST: {} in use would be hidden by it.",
                listed("endpoint", &lost)
            ));
        }
        if !made.unknown.is_empty() {
            let unknown: Vec<String> = made
                .unknown
                .iter()
                .map(|(host, port)| format!("{host}:{port}"))
                .collect();
            doubts.push(format!(
                "Used, but not in scope by the objects there are: {}.",
                listed("host", &unknown)
            ));
        }
        if !made.passthrough.is_empty() {
            let addresses: Vec<String> = made.passthrough.iter().map(ToString::to_string).collect();
            doubts.push(format!(
                "Reached outside of all services, which no line of hosts changes: {}.",
                listed("address", &addresses)
            ));
        }
        doubts.extend(made.findings.iter().map(|finding| format!("lint: {finding}")));
        doubts
    }

    fn was_asked(&self, pod: &Key) -> bool {
        self.watched.envoys.iter().any(|counted| counted.pod == *pod)
    }

    /// How it is judged before it is applied.
    fn commands(&self) -> String {
        let pod = self
            .plan
            .pods
            .first()
            .map(|pod| format!("{}.{}", pod.name, pod.namespace));
        format!(
            "sidescope diff {} --with FILE --all-pods; sidescope lint --with FILE; kubectl apply --dry-run=server -f FILE",
            pod.unwrap_or_default()
        )
    }
}

/// Why a line is there, in a few words.
fn because(line: &Line) -> String {
    let numbers =
        |ports: &std::collections::BTreeSet<u32>| ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match &line.because {
        Because::Used(ports) if ports.is_empty() => "nothing was used: nothing is imported".to_owned(),
        Because::Used(ports) => format!("used: {}", numbers(ports)),
        Because::Route((kind, key)) => format!("for the routes of {} {key}", kind.name()),
        Because::ControlPlane => "the control plane: telemetry and tracing go by name".to_owned(),
        Because::Wider(hosts) => {
            let hosts: Vec<&str> = hosts.iter().map(Text::as_str).collect();
            format!("nothing smaller keeps {}", hosts.join(", "))
        }
    }
}

fn keep(object: &mut Value, name: &str, value: Option<&Value>) {
    let is_empty = |value: &&Value| value.as_object().is_none_or(Map::is_empty);
    if let Some(value) = value.filter(|value| !is_empty(value)) {
        set(object, name, Some(value.clone()));
    }
}

/// Sets a field, or takes it away.
fn set(object: &mut Value, name: &str, value: Option<Value>) {
    if let Some(fields) = object.as_object_mut() {
        match value {
            Some(value) => drop(fields.insert(name.to_owned(), value)),
            None => drop(fields.remove(name)),
        }
    }
}

fn counted(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

/// A number of things with the names of the first.
fn listed(noun: &str, names: &[String]) -> String {
    let ending = if noun.ends_with('s') { "es" } else { "s" };
    let count = counted(names.len(), noun, &format!("{noun}{ending}"));
    let first = names
        .iter()
        .take(NAMED)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().saturating_sub(NAMED) {
        0 if names.is_empty() => count,
        0 => format!("{count} ({first})"),
        more => format!("{count} ({first} and {more} more: -o json has all)"),
    }
}

/// A sentence as lines of comment.
fn comment(text: &mut String, note: &str) {
    let note = Shown::from(note);
    let mut width = 0;
    for word in note.as_str().split_whitespace() {
        if width == 0 || width + word.len() >= WIDTH {
            text.push_str(if width == 0 { "# " } else { "\n#   " });
            width = 2;
        } else {
            text.push(' ');
        }
        text.push_str(word);
        width += word.len() + 1;
    }
    text.push('\n');
}
