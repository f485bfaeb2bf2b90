//! The lines of a draft: one for each service in use, what routes need besides, and then none that could be left out.
//!
//! Listeners with a port stay where something in use is behind them; a line goes to the listener that serves its port.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::plan::Plan;
use crate::mesh::model::{EgressListener, Key, Kind, Sidecar, Text};
use crate::mesh::scope::{Drafting, Need, ServiceNeed};

/// An egress listener of a draft.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listener {
    /// Its index in the Sidecar that there is now, from which all but the hosts is taken; `None` for a new one.
    pub from: Option<usize>,
    /// Its hosts, in order.
    pub lines: Vec<Line>,
}

/// A line of `hosts`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// As it is written: `./HOST`, `NAMESPACE/HOST`, `NAMESPACE/*`.
    pub text: Text,
    /// Why it is there.
    pub because: Because,
}

/// Why a line is there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Because {
    /// These ports of the host were used.
    Used(BTreeSet<u32>),
    /// A route that sends to a service in use, or is about its host.
    Route((Kind, Key)),
    /// The control plane's own namespace.
    ControlPlane,
    /// Nothing smaller keeps these hosts.
    Wider(BTreeSet<Text>),
}

/// Proxies that are told the same, and what they need.
pub(super) struct Group {
    pub(super) drafting: Drafting,
    pub(super) needs: BTreeSet<Need>,
}

/// A line with its place.
#[derive(Clone, Debug)]
struct Placed {
    /// Of the listeners there are; one more than the last for a new one.
    listener: usize,
    line: Line,
}

/// Makes the lines.
pub(super) struct Drafter<'a> {
    groups: &'a [Group],
    frame: Sidecar,
    base: Arc<[EgressListener]>,
    placed: Vec<Placed>,
}

impl<'a> Drafter<'a> {
    pub(super) fn new(plan: &Plan, groups: &'a [Group], at: Timestamp) -> Self {
        let frame = plan.frame(at);
        let base = if frame.egress.is_empty() {
            [EgressListener::default()].into()
        } else {
            Arc::clone(&frame.egress)
        };
        Self {
            groups,
            frame,
            base,
            placed: Vec::new(),
        }
    }

    /// The smallest listeners that keep every need.
    pub(super) fn draft(&mut self) -> Vec<Listener> {
        let groups = self.groups;
        let needs: Vec<(&Group, &Need)> = groups
            .iter()
            .flat_map(|group| group.needs.iter().map(move |need| (group, need)))
            .collect();
        for (group, need) in &needs {
            if let Need::Service(need) = need
                && need.by_name
            {
                self.place_service(group, need);
            }
        }
        self.place_control_plane(&needs);
        for (group, need) in &needs {
            if !self.keeps(group, need) {
                self.mend(group, need);
            }
        }
        self.minimise(&needs);
        self.listeners()
    }

    /// Adds what surely keeps these hosts: their namespaces, whole; if that is there already, everything.
    pub(super) fn widen(&mut self, hosts: BTreeSet<Text>) -> Vec<Listener> {
        let listener = self.catch_all();
        let mut namespaces = BTreeSet::new();
        for group in self.groups {
            for need in &group.needs {
                if let Need::Service(need) = need
                    && hosts.contains(&need.host)
                {
                    namespaces.insert(need.namespace.clone());
                }
            }
        }
        let count = self.placed.len();
        for namespace in namespaces {
            let text = self.text(&namespace, "*");
            self.place(listener, &text, Because::Wider(hosts.clone()));
        }
        if self.placed.len() == count {
            self.placed.retain(|placed| placed.listener != listener);
            self.place(listener, &Text::from("*/*"), Because::Wider(hosts));
        }
        self.listeners()
    }

    /// The Sidecar with these listeners.
    pub(super) fn sidecar(&self, listeners: &[Listener]) -> Sidecar {
        let egress = listeners.iter().map(|listener| EgressListener {
            hosts: listener.lines.iter().map(|line| line.text.clone()).collect(),
            ..self.base_of(listener.from)
        });
        Sidecar {
            egress: egress.collect(),
            ..self.frame.clone()
        }
    }

    fn base_of(&self, from: Option<usize>) -> EgressListener {
        let base = from.and_then(|from| self.base.get(from));
        base.cloned().unwrap_or_default()
    }

    /// The listener for what no port decides: the last one without a port, else a new one behind all others.
    fn catch_all(&self) -> usize {
        let has_no_port = |listener: &EgressListener| listener.port.as_ref().is_none_or(|port| port.number == 0);
        self.base.iter().rposition(has_no_port).unwrap_or(self.base.len())
    }

    fn text(&self, namespace: &Text, name: &str) -> Text {
        let place = if *namespace == self.frame.meta.key.namespace {
            "."
        } else {
            namespace
        };
        Text::from(format!("{place}/{name}"))
    }

    fn place(&mut self, listener: usize, text: &Text, because: Because) {
        let known = self
            .placed
            .iter_mut()
            .find(|placed| placed.listener == listener && placed.line.text == *text);
        match (known, because) {
            (Some(known), because) => match (&mut known.line.because, because) {
                (Because::Used(ports), Because::Used(more)) => ports.extend(more),
                (Because::Wider(hosts), Because::Wider(more)) => hosts.extend(more),
                (Because::Route(_) | Because::ControlPlane, because @ Because::Used(_)) => known.line.because = because,
                (_, _) => {}
            },
            (None, because) => self.placed.push(Placed {
                listener,
                line: Line {
                    text: text.clone(),
                    because,
                },
            }),
        }
    }

    fn place_service(&mut self, group: &Group, need: &ServiceNeed) {
        let name = if is_writable(&need.host) {
            need.host.as_str()
        } else {
            "*"
        };
        let text = self.text(&need.namespace, name);
        let has_port = |listener: &EgressListener| listener.port.as_ref().is_some_and(|port| port.number == need.port);
        let listeners = group.drafting.listeners();
        let own = self.is_base_of(group);
        let imports = |at: &usize| {
            let listener = listeners.get(*at).filter(|_| own);
            listener.is_some_and(|listener| group.drafting.imports(listener, need))
        };
        let places: Vec<usize> = (0..self.base.len()).filter(imports).collect();
        let by_port = places.iter().find(|at| self.base.get(**at).is_some_and(has_port));
        let listener = by_port.or(places.first()).copied();
        let because = if name == "*" {
            Because::Wider([need.host.clone()].into())
        } else {
            Because::Used([need.port].into())
        };
        self.place(listener.unwrap_or_else(|| self.catch_all()), &text, because);
    }

    /// Whether a group's listeners are those that the draft begins with.
    fn is_base_of(&self, group: &Group) -> bool {
        group
            .drafting
            .sidecar()
            .map_or(self.frame.egress.is_empty(), |sidecar| {
                sidecar.egress == self.frame.egress
            })
    }

    /// The root namespace: whole, or a host of it if the whole is in the way of something in use.
    fn place_control_plane(&mut self, needs: &[(&Group, &Need)]) {
        let Some(drafting) = self.groups.first().map(|group| &group.drafting) else {
            return;
        };
        let root = drafting.root().clone();
        let hosts = drafting.root_hosts();
        if hosts.is_empty() || root == self.frame.meta.key.namespace {
            return;
        }
        let broken = |drafter: &Self| needs.iter().filter(|(group, need)| !drafter.keeps(group, need)).count();
        let listener = self.catch_all();
        let before = broken(self);
        let names = ["*"]
            .into_iter()
            .chain(hosts.iter().map(Text::as_str).filter(|host| is_writable(host)));
        for name in names {
            let text = self.text(&root, name);
            let count = self.placed.len();
            self.place(listener, &text, Because::ControlPlane);
            if self.placed.len() == count || broken(self) <= before {
                return;
            }
            self.placed.truncate(count);
        }
    }

    /// Adds a line that keeps a need; none if no line does.
    fn mend(&mut self, group: &Group, need: &Need) {
        let (listener, candidates) = match need {
            Need::Service(need) => {
                let wider = Because::Wider([need.host.clone()].into());
                let texts = [
                    self.text(&need.namespace, "*"),
                    Text::from(format!("*/{}", need.host)),
                    Text::from("*/*"),
                ];
                let texts = texts.into_iter().map(|text| (text, wider.clone()));
                (self.catch_all(), texts.collect::<Vec<_>>())
            }
            Need::Route(need) => {
                let namespace = &need.object.1.namespace;
                let because = Because::Route(need.object.clone());
                let names = need.hosts.iter().map(Text::as_str).filter(|host| is_writable(host));
                let texts = names
                    .chain(["*"])
                    .map(|name| (self.text(namespace, name), because.clone()));
                let listener = if self.is_base_of(group) {
                    need.listener
                } else {
                    self.catch_all()
                };
                (listener, texts.collect())
            }
        };
        for (text, because) in candidates {
            let count = self.placed.len();
            self.place(listener, &text, because);
            if self.keeps(group, need) {
                return;
            }
            self.placed.truncate(count);
        }
    }

    /// Whether the lines so far keep a need.
    fn keeps(&self, group: &Group, need: &Need) -> bool {
        let listeners = self.listeners();
        let draft = Arc::new(self.sidecar(&listeners));
        match need {
            Need::Service(need) => group.drafting.keeps(&draft, need),
            Need::Route(need) => {
                let own = self.is_base_of(group);
                let mut drafted = listeners.iter().zip(draft.egress.iter());
                drafted.any(|(listener, egress)| {
                    let is_it = !own || listener.from.unwrap_or(self.base.len()) == need.listener;
                    is_it && group.drafting.selects(egress, need)
                })
            }
        }
    }

    /// Takes lines out, one by one, as long as no need that is kept is lost.
    fn minimise(&mut self, needs: &[(&Group, &Need)]) {
        let kept: Vec<(&Group, &Need)> = needs
            .iter()
            .copied()
            .filter(|(group, need)| self.keeps(group, need))
            .collect();
        loop {
            let count = self.placed.len();
            for at in (0..count).rev() {
                let is_fixed = |placed: &Placed| placed.line.because == Because::ControlPlane;
                if self.placed.get(at).is_none_or(is_fixed) {
                    continue;
                }
                let mut placed = self.placed.remove(at);
                match self.first_lost(&kept, &placed) {
                    None => continue,
                    Some(Need::Service(_)) => {}
                    Some(Need::Route(need)) => placed.line.because = Because::Route(need.object.clone()),
                }
                self.placed.insert(at, placed);
            }
            if self.placed.len() == count {
                return;
            }
        }
    }

    /// What is lost without a line that was just taken out: services before routes.
    fn first_lost<'n>(&self, kept: &[(&Group, &'n Need)], line: &Placed) -> Option<&'n Need> {
        // what the line was made for decides most often, so it is asked first
        let rank = |need: &Need| match need {
            Need::Service(need) if line.line.text.ends_with(need.host.as_str()) => 0,
            Need::Service(_) => 1,
            Need::Route(_) => 2,
        };
        let lost = |(group, need): &&(&Group, &'n Need)| !self.keeps(group, need);
        let of_rank = |wanted| kept.iter().filter(move |(_, need)| rank(need) == wanted);
        let found = of_rank(0).chain(of_rank(1)).chain(of_rank(2)).find(lost);
        found.map(|(_, need)| *need)
    }

    /// The lines by listener, in order: own namespace first, then by namespace and name.
    fn listeners(&self) -> Vec<Listener> {
        let mut listeners = Vec::new();
        for index in 0..=self.base.len() {
            let lines = self.placed.iter().filter(|placed| placed.listener == index);
            let mut lines: Vec<Line> = lines.map(|placed| placed.line.clone()).collect();
            lines.sort_by(|a, b| {
                let order = |line: &Line| (line.because == Because::ControlPlane, !line.text.starts_with("./"));
                order(a).cmp(&order(b)).then_with(|| a.text.cmp(&b.text))
            });
            if !lines.is_empty() {
                listeners.push(Listener {
                    from: Some(index).filter(|index| *index < self.base.len()),
                    lines,
                });
            }
        }
        if listeners.is_empty() {
            // no listener at all would mean everything
            listeners.push(Listener {
                from: Some(self.catch_all()).filter(|index| *index < self.base.len()),
                lines: vec![Line {
                    text: Text::from("~/*"),
                    because: Because::Used(BTreeSet::new()),
                }],
            });
        }
        listeners
    }
}

/// Whether a host may stand in a line: a name with a dot, or `*.NAME`; the webhook refuses others.
fn is_writable(host: &str) -> bool {
    match host.strip_prefix('*') {
        Some(rest) => rest.starts_with('.'),
        None => host.contains('.'),
    }
}
