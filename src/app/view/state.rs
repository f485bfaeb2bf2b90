//! What stands in a pane when there is no table to show: what is the case, and what to do next. Sentences only.

use jiff::Timestamp;

use super::age::{age, human_duration};
use super::counted;
use super::{Line, Role, Span};
use crate::app::actions::{Action, Keymap};
use crate::app::facts::{Facts, Source};
use crate::app::message::NoEnvoy;
use crate::app::options::Namespaces;
use crate::mesh::model::{Kind, Pod, Text};
use crate::mesh::scope::{EndpointTable, NoTable};
use crate::mesh::world::{Coverage, Failure, Gap, SourceState, World};

/// A state: what is the case, details, and what can be done.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct State {
    /// One line.
    pub headline: String,
    /// How bad it is.
    pub role: Role,
    /// Details, a line each.
    pub details: Vec<String>,
    /// Lines for a shell, whole however long.
    pub commands: Vec<String>,
    /// What to do or type, and what comes of it.
    pub next: Vec<(Next, String)>,
}

/// The start of a line that says what can be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Next {
    /// An action, by whichever key it has.
    Press(Action),
    /// What is typed.
    Type(String),
}

impl From<Action> for Next {
    fn from(action: Action) -> Self {
        Next::Press(action)
    }
}

impl From<&'static str> for Next {
    fn from(text: &'static str) -> Self {
        Next::Type(text.to_owned())
    }
}

impl From<String> for Next {
    fn from(text: String) -> Self {
        Next::Type(text)
    }
}

impl State {
    pub(crate) fn new(role: Role, headline: impl Into<String>) -> Self {
        Self {
            headline: headline.into(),
            role,
            ..Self::default()
        }
    }

    pub(crate) fn detail(mut self, text: impl Into<String>) -> Self {
        self.details.push(text.into());
        self
    }

    pub(crate) fn command(mut self, line: impl Into<String>) -> Self {
        self.commands.push(line.into());
        self
    }

    pub(crate) fn next(mut self, key: impl Into<Next>, what: impl Into<String>) -> Self {
        self.next.push((key.into(), what.into()));
        self
    }

    /// With other texts in the place of its own.
    pub(crate) fn with_texts(self, text: impl Fn(&str) -> String) -> Self {
        let texts = |texts: Vec<String>| texts.iter().map(|one| text(one)).collect();
        Self {
            headline: text(&self.headline),
            role: self.role,
            details: texts(self.details),
            commands: texts(self.commands),
            next: self.next.into_iter().map(|(key, what)| (key, text(&what))).collect(),
        }
    }

    /// As lines, wrapped to a width, with keys as they are.
    pub(crate) fn lines(&self, width: usize, keys: &Keymap) -> Vec<Line> {
        let mut lines = vec![Vec::new()];
        let wrapped = |role: Role, text: &str| {
            let pieces = super::cut::wrap(text, width.saturating_sub(2));
            pieces.into_iter().map(move |piece| vec![Span::new(role, piece)])
        };
        lines.extend(wrapped(self.role, &self.headline));
        for detail in &self.details {
            lines.extend(wrapped(Role::Text, detail));
        }
        for command in &self.commands {
            lines.extend(wrapped(Role::Key, command));
        }
        if !self.next.is_empty() {
            lines.push(Vec::new());
        }
        for (next, what) in &self.next {
            let key = match next {
                Next::Press(action) => keys.named(*action),
                Next::Type(text) => text.clone(),
            };
            let room = width.saturating_sub(key.chars().count() + 4);
            for (at, piece) in super::cut::wrap(what, room.max(8)).into_iter().enumerate() {
                let lead = if at == 0 {
                    key.clone()
                } else {
                    " ".repeat(key.chars().count())
                };
                lines.push(vec![
                    Span::new(Role::Key, lead),
                    Span::new(Role::Text, format!("  {piece}")),
                ]);
            }
        }
        lines
    }
}

/// Why a list of objects is empty.
pub(crate) fn empty_list(
    facts: &Facts,
    kind: Kind,
    namespaces: &Namespaces,
    hidden: usize,
    faults: bool,
    now: Timestamp,
) -> State {
    let plural = plural(kind);
    match facts.coverage(kind) {
        Coverage::Pending => pending(facts, &[kind], now),
        Coverage::Absent => State::new(
            Role::Warn,
            format!("this cluster has no {plural}: the kind is not installed"),
        )
        .detail(format!(
            "'{}' is not served; it is looked for again now and then",
            kind.plural()
        ))
        .next(":sources", "how each kind does"),
        Coverage::Denied => match namespaces {
            Namespaces::Some(names) => denied(facts, kind, names.first()),
            Namespaces::All => denied(facts, kind, None),
        },
        Coverage::Partial { readable } => match namespaces {
            Namespaces::Some(names) if !names.iter().any(|name| readable.contains(name)) => {
                denied(facts, kind, names.first())
            }
            Namespaces::Some(_) | Namespaces::All => nothing(plural, namespaces, hidden, faults),
        },
        Coverage::Complete => nothing(plural, namespaces, hidden, faults),
    }
}

fn nothing(plural: &str, namespaces: &Namespaces, hidden: usize, faults: bool) -> State {
    if hidden > 0 && faults {
        return State::new(
            Role::Good,
            format!(
                "nothing is wrong with any of {}",
                counted(hidden, plural.trim_end_matches('s'))
            ),
        )
        .next(Action::FaultsOnly, "show all of them");
    }
    if hidden > 0 {
        return State::new(Role::Warn, hides_all(hidden, plural.trim_end_matches('s')))
            .next(Action::StepBack, "take the filter away")
            .next(Action::Filter, "change it");
    }
    match namespaces {
        Namespaces::All => State::new(Role::Warn, format!("there are no {plural} in this cluster")),
        Namespaces::Some(names) => {
            let names: Vec<&str> = names.iter().map(Text::as_str).collect();
            State::new(Role::Warn, format!("there are no {plural} in {}", names.join(", ")))
                .next(Action::Namespaces, "choose other namespaces")
                .next(Action::AllNamespaces, "show all of them")
        }
    }
}

/// Kinds that are not listed yet.
pub(crate) fn pending(facts: &Facts, kinds: &[Kind], now: Timestamp) -> State {
    let failing = kinds.iter().find_map(|kind| match &facts.source(*kind)?.state {
        SourceState::Retrying { attempt, wait, failure } => Some((*kind, *attempt, *wait, failure)),
        SourceState::Connecting
        | SourceState::Listing(_)
        | SourceState::Live
        | SourceState::Absent
        | SourceState::Denied { .. } => None,
    });
    if let Some((kind, attempt, wait, failure)) = failing {
        let said = facts.source(kind).map_or(now, |source| source.said);
        let until = said.saturating_add(wait).unwrap_or(said);
        let left = until.duration_since(now);
        let when = if left.as_secs() < 1 {
            "now".to_owned()
        } else {
            format!("in {}", human_duration(left))
        };
        let is_alive = |source: &Source| source.state == SourceState::Live;
        let others = if facts.sources.values().any(is_alive) {
            "; everything else goes on"
        } else {
            ""
        };
        let mut state = failed(failure).detail(format!("try {attempt} {when}{others}"));
        if matches!(failure, Failure::Unreachable(_) | Failure::TimedOut) && !facts.cluster.server.is_empty() {
            state = state.detail(format!("is {} right and up?", facts.cluster.server));
        }
        return state;
    }
    let counts: Vec<String> = kinds
        .iter()
        .filter_map(|kind| match facts.source(*kind).map(|source| &source.state) {
            Some(SourceState::Listing(count)) => Some(format!("{} {count}", plural(*kind))),
            Some(SourceState::Connecting) | None => Some(plural(*kind).to_owned()),
            Some(
                SourceState::Live | SourceState::Absent | SourceState::Retrying { .. } | SourceState::Denied { .. },
            ) => None,
        })
        .collect();
    let shown = counts.iter().take(6).cloned().collect::<Vec<_>>().join(", ");
    let more = counts.len().saturating_sub(6);
    let more = if more > 0 {
        format!(" and {more} kinds more")
    } else {
        String::new()
    };
    State::new(Role::Dim, format!("listing {shown}{more} ..."))
}

/// What broke, and what to do about it.
pub(crate) fn failed(failure: &Failure) -> State {
    let state = State::new(Role::Bad, failure.to_string());
    match failure {
        Failure::Unreachable(_) | Failure::TimedOut => state
            .next(Action::Relist, "try again now")
            .next("sidescope demo", "a cluster of its own, without any"),
        Failure::Unauthorized(_) => state.next(Action::LogIn, "log in again"),
        Failure::Forbidden { .. } | Failure::Interrupted(_) | Failure::Status(..) | Failure::Malformed(_) => state
            .next(Action::Relist, "list everything anew")
            .next(":sources", "how each kind does"),
    }
}

/// Nothing may be read of a kind: in these namespaces, if some are named, else anywhere.
fn denied(facts: &Facts, kind: Kind, namespace: Option<&Text>) -> State {
    let said = facts.source(kind).and_then(|source| match &source.state {
        SourceState::Denied { failure, .. } => Some(failure.clone()),
        SourceState::Connecting
        | SourceState::Listing(_)
        | SourceState::Live
        | SourceState::Absent
        | SourceState::Retrying { .. } => None,
    });
    let of_namespace = |namespace: &Text| Failure::Forbidden {
        verb: "list",
        resource: kind.plural(),
        namespace: namespace.clone(),
    };
    let failure = namespace
        .map(of_namespace)
        .or(said)
        .unwrap_or_else(|| of_namespace(&Text::default()));
    State::new(Role::Bad, failure.to_string())
        .next(can_i(kind, &failure), "asks the cluster what you may do")
        .next(Action::Namespaces, "choose namespaces in which you may")
}

/// The line that shows whether what was refused is allowed by now.
pub(crate) fn can_i(kind: Kind, failure: &Failure) -> String {
    match failure {
        Failure::Forbidden {
            verb,
            resource,
            namespace,
        } if !namespace.is_empty() => format!("kubectl auth can-i {verb} {resource} -n {namespace}"),
        Failure::Forbidden { verb, .. } => format!("kubectl auth can-i {verb} {} -A", kind.plural()),
        Failure::Unreachable(_)
        | Failure::Unauthorized(_)
        | Failure::Interrupted(_)
        | Failure::Status(..)
        | Failure::Malformed(_)
        | Failure::TimedOut => format!("kubectl auth can-i list {} -A", kind.plural()),
    }
}

/// Why a pod has no endpoint table.
pub(crate) fn no_table(why: &NoTable, pod: Option<&Pod>, facts: &Facts, now: Timestamp) -> State {
    match why {
        NoTable::NoSuchPod => State::new(Role::Dim, "no pod is chosen: move the cursor over the pods"),
        NoTable::Pending(kinds) => {
            pending(facts, kinds, now).detail("no table is drawn from half of what it follows from")
        }
        NoTable::NoProxy => {
            let name = pod.map(|pod| pod.meta.key.to_string()).unwrap_or_default();
            let mut state = State::new(
                Role::Warn,
                format!("pod {name} has no sidecar: its traffic goes past Istio"),
            );
            if let Some(pod) = pod {
                state.details = injection(pod, &facts.world);
            }
            state
        }
        NoTable::Ambient => State::new(
            Role::Warn,
            "no Envoy here: the node's ztunnel takes this pod's traffic (ambient)",
        )
        .detail("Sidecar objects do not count for it; a waypoint may"),
        NoTable::Waypoint => State::new(Role::Warn, "a waypoint: its table is not computed")
            .detail("what its Envoy holds: istioctl proxy-config endpoint POD"),
        NoTable::NoAddress => State::new(Role::Warn, "the pod has no address yet, so its proxy is not connected")
            .next(Action::Events, "its events may say why"),
    }
}

/// Why an endpoint table has no rows.
pub(crate) fn no_endpoints(table: Option<&EndpointTable>, hidden: usize, faults: bool) -> State {
    if hidden > 0 && faults {
        return State::new(
            Role::Good,
            format!("nothing is wrong with any of {}", counted(hidden, "endpoint")),
        )
        .next(Action::FaultsOnly, "show all of them");
    }
    if hidden > 0 {
        return State::new(Role::Warn, hides_all(hidden, "endpoint")).next(Action::StepBack, "take the filter away");
    }
    let gaps = table.map(|table| incomplete(&table.gaps)).unwrap_or_default();
    if !gaps.is_empty() {
        return State::new(Role::Bad, "none is known, which does not mean that there are none")
            .detail(gaps)
            .next(":sources", "what may not be read, and how to ask");
    }
    let hosts = table.map_or(0, |table| table.hosts.len());
    if hosts > 0 {
        return State::new(
            Role::Warn,
            format!("in scope: {}; none has an endpoint", counted(hosts, "name")),
        )
        .next(Action::Tab2, "services: are their pods ready?");
    }
    State::new(Role::Warn, "nothing is in scope: the Sidecar lets no service in")
        .next(Action::Tab4, "Sidecars: what do its hosts say?")
        .next(Action::Tab5, "timeline: who changed it?")
}

fn hides_all(hidden: usize, noun: &str) -> String {
    match hidden {
        1 => format!("the filter hides the only {noun}"),
        _ => format!("the filter hides all {}", counted(hidden, noun)),
    }
}

/// Why the timeline is empty.
pub(crate) fn no_moments(hidden: usize) -> State {
    if hidden > 0 {
        return State::new(Role::Warn, hides_all(hidden, "line")).next(Action::StepBack, "take it away");
    }
    State::new(
        Role::Dim,
        "nothing has been changed, and no object tells of a time before",
    )
}

/// Which labels decide on injection, and what they say here.
///
/// istio: `pkg/kube/inject/inject.go`, `injectRequired`; the webhook's namespace and object selectors.
pub(crate) fn injection(pod: &Pod, world: &World) -> Vec<String> {
    let namespace = world
        .namespaces
        .get(&crate::mesh::model::Key::new("", pod.meta.key.namespace.clone()));
    let of_namespace = |label: &str| namespace.and_then(|namespace| namespace.meta.labels.get(label));
    let of_pod = |label: &str| pod.meta.labels.get(label);
    let say = |value: Option<&Text>| value.map_or_else(|| "absent".to_owned(), |value| format!("'{value}'"));
    let mut lines = vec![
        format!(
            "namespace label istio-injection: {}",
            say(of_namespace("istio-injection"))
        ),
        format!("namespace label istio.io/rev: {}", say(of_namespace("istio.io/rev"))),
        format!(
            "pod label sidecar.istio.io/inject: {}",
            say(of_pod("sidecar.istio.io/inject"))
        ),
    ];
    let inject = of_pod("sidecar.istio.io/inject").map(Text::as_str);
    let enabled = of_namespace("istio-injection").is_some_and(|value| *value == "enabled");
    let disabled = of_namespace("istio-injection").is_some_and(|value| *value == "disabled");
    let by_revision = of_namespace("istio.io/rev").is_some() || of_pod("istio.io/rev").is_some();
    let verdict = if pod.host_network {
        "pods on their node's network are never injected"
    } else if inject == Some("false") {
        "the pod's label says no"
    } else if disabled {
        "the namespace's label says no"
    } else if enabled || by_revision || inject == Some("true") {
        "these labels say yes now: the pod is older than they are, or the webhook failed; make it anew to inject it"
    } else {
        "nothing asks for it: label the namespace istio-injection=enabled and make the pod anew"
    };
    lines.push(verdict.to_owned());
    lines
}

/// The same, for a description.
pub(crate) fn why_no_proxy(pod: &Pod, world: &World) -> Vec<Line> {
    let mut lines = vec![vec![Span::new(Role::Strong, "No sidecar")]];
    lines.extend(
        injection(pod, world)
            .into_iter()
            .map(|text| vec![Span::new(Role::Text, format!("  {text}"))]),
    );
    lines
}

/// Why an Envoy cannot be asked.
pub(crate) fn no_envoy(why: &NoEnvoy) -> String {
    match why {
        NoEnvoy::NotRecorded => "the demo has no recording of this state of the mesh".to_owned(),
        NoEnvoy::Denied(reason) => format!(
            "may not port-forward: {reason}; it takes get and create: \
             kubectl create role forward --verb=get,create --resource=pods/portforward, and a rolebinding"
        ),
        NoEnvoy::Failed(error) => error.to_string(),
    }
}

/// What a table lacks, in a few words; empty if nothing.
pub(crate) fn incomplete(gaps: &[Gap]) -> String {
    if gaps.is_empty() {
        return String::new();
    }
    let says: Vec<String> = gaps
        .iter()
        .map(|gap| match gap {
            Gap::Denied(kind) => format!("{} not readable", plural(*kind)),
            Gap::Partial(kind, 1) => format!("{} of 1 namespace only", plural(*kind)),
            Gap::Partial(kind, namespaces) => format!("{} of {namespaces} namespaces only", plural(*kind)),
        })
        .collect();
    format!("INCOMPLETE: {}", says.join(", "))
}

/// A kind in a sentence, without its group.
pub(crate) fn plural(kind: Kind) -> &'static str {
    match kind {
        Kind::MeshConfigMap => "mesh configs",
        Kind::Istiod => "istiods",
        Kind::RevisionTag => "revision tags",
        Kind::EndpointSlice => "endpoint slices",
        Kind::Sidecar => "Sidecars",
        Kind::Namespace
        | Kind::Node
        | Kind::Pod
        | Kind::Service
        | Kind::VirtualService
        | Kind::DestinationRule
        | Kind::ServiceEntry
        | Kind::WorkloadEntry
        | Kind::Gateway
        | Kind::EnvoyFilter
        | Kind::HTTPRoute
        | Kind::GRPCRoute
        | Kind::TCPRoute
        | Kind::TLSRoute
        | Kind::Event => kind.plural().split('.').next().unwrap_or_default(),
    }
}

/// How old something is that is shown although it may not be so any more.
pub(crate) fn stale_since(since: Timestamp, now: Timestamp) -> String {
    format!("as it was {} ago", age(Some(since), now))
}
