//! What a Sidecar's listeners say: hosts that do nothing, ports and binds that cannot be (scope rules §4, §15).
//!
//! istio: `pkg/config/validation/validation.go`, `ValidateSidecar`.

use std::cell::LazyCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::near::Near;
use super::{Spot, Subject};
use crate::mesh::model::{EgressListener, Key, Kind, Sidecar, Text};
use crate::mesh::scope::{Judge, LineFate, MeshService, is_ip};

/// A host of a listener, by index.
struct Line<'a> {
    sidecar: &'a Sidecar,
    listener: usize,
    index: usize,
    text: &'a Text,
}

impl Line<'_> {
    fn spot(&self) -> Spot {
        let field = format!("spec.egress[{}].hosts[{}]", self.listener, self.index);
        Spot::at(Kind::Sidecar, &self.sidecar.meta.key, field, self.text)
    }

    /// Without the namespace and the sign of an exclusion.
    fn name(&self) -> Option<&str> {
        self.text
            .split_once('/')
            .map(|(_, name)| name)
            .filter(|name| !name.contains('/'))
    }
}

fn lines<'s>(subject: &'s Subject<'_>) -> impl Iterator<Item = Line<'s>> {
    subject.sidecars().flat_map(|sidecar| {
        sidecar.egress.iter().enumerate().flat_map(move |(listener, egress)| {
            egress.hosts.iter().enumerate().map(move |(index, text)| Line {
                sidecar,
                listener,
                index,
                text,
            })
        })
    })
}

impl Subject<'_> {
    /// The namespaces from which a Sidecar is read: of a mesh's default those of the pods that it governs.
    fn namespaces_of(&self, sidecar: &Sidecar) -> BTreeSet<Text> {
        let homes = self.homes.get_or_init(|| {
            let mut homes: FxHashMap<Key, BTreeSet<Text>> = FxHashMap::default();
            for proxy in &self.survey.proxies {
                if let Some(governing) = proxy.governing.key() {
                    let of_sidecar = homes.entry(governing.clone()).or_default();
                    of_sidecar.insert(proxy.pod.namespace.clone());
                }
            }
            homes
        });
        let key = &sidecar.meta.key;
        let of_sidecar = homes.get(key).cloned();
        of_sidecar.unwrap_or_else(|| [key.namespace.clone()].into())
    }

    /// The best that a line does anywhere.
    fn fate(&self, line: &Line<'_>) -> LineFate {
        let fates = self.fates.get_or_init(|| {
            let judge = Judge::of(self.plane());
            let sidecars = self.sidecars();
            let judged = sidecars.map(|sidecar| (sidecar.meta.key.clone(), self.fates_of(&judge, sidecar)));
            judged.collect()
        });
        let of_sidecar = fates.get(&line.sidecar.meta.key);
        let of_listener = of_sidecar.and_then(|listeners| listeners.get(line.listener));
        let fate = of_listener.and_then(|lines| lines.get(line.index));
        fate.copied().unwrap_or(LineFate::Unreadable)
    }

    /// The best that each line does anywhere, by listener.
    fn fates_of(&self, judge: &Judge<'_>, sidecar: &Sidecar) -> Vec<Vec<LineFate>> {
        let namespaces = self.namespaces_of(sidecar);
        let of_listener = |egress: &EgressListener| {
            let mut best = vec![LineFate::Unreadable; egress.hosts.len()];
            for namespace in &namespaces {
                for (best, fate) in best.iter_mut().zip(judge.fates(namespace, egress)) {
                    *best = (*best).max(fate);
                }
            }
            best
        };
        sidecar.egress.iter().map(of_listener).collect()
    }
}

/// SC010
pub(super) fn matches_nothing(subject: &Subject<'_>) -> Vec<Spot> {
    let near = LazyCell::new(|| Near::of(subject.plane().registry.all.iter().map(AsRef::as_ref)));
    let mut found = Vec::new();
    for line in lines(subject).filter(|line| !is_literal(line)) {
        let detail = match subject.fate(&line) {
            LineFate::NoSuchHost => match near.line(line.text, &line.sidecar.meta.key.namespace) {
                Some(meant) => format!("no such host, did you mean '{meant}'?"),
                None => "no such host".to_owned(),
            },
            LineFate::NotExported => "the host is there, but not exported to this namespace".to_owned(),
            LineFate::OtherPorts => "the host is there, but not with the listener's port".to_owned(),
            LineFate::ExcludesNothing => "there is nothing to exclude".to_owned(),
            LineFate::Unreadable | LineFate::Excluded | LineFate::Excludes | LineFate::Imports => continue,
        };
        found.push(line.spot().because(detail));
    }
    found
}

/// SC011
pub(super) fn unreadable(subject: &Subject<'_>) -> Vec<Spot> {
    let found = lines(subject).filter(|line| is_unreadable(line.text));
    found.map(|line| line.spot()).collect()
}

fn is_unreadable(text: &str) -> bool {
    let parts: Vec<&str> = text.split('/').collect();
    parts.len() != 2 || parts.iter().any(|part| part.is_empty())
}

/// Whether istiod's webhook refuses a Sidecar for this host: SC011 and SC012.
///
/// istio: `pkg/config/validation/validation.go` (`validateNamespaceSlashWildcardHostname`).
pub(super) fn is_refused(text: &str) -> bool {
    let name = text.split_once('/').map_or("", |(_, name)| name);
    is_unreadable(text) || is_literal_name(name)
}

/// A name without a dot, or a wildcard that is not `*` or `*.NAME`.
fn is_literal(line: &Line<'_>) -> bool {
    line.name().is_some_and(is_literal_name)
}

fn is_literal_name(name: &str) -> bool {
    match name.strip_prefix('*') {
        Some(rest) => !rest.is_empty() && !rest.starts_with('.'),
        None => !name.is_empty() && !name.contains('.'),
    }
}

/// SC012
pub(super) fn literal_names(subject: &Subject<'_>) -> Vec<Spot> {
    let found = lines(subject).filter(is_literal);
    let near = |line: &Line<'_>| {
        let (place, name) = line.text.split_once('/')?;
        let namespace = match place.trim_start_matches('~') {
            "." => line.sidecar.meta.key.namespace.clone(),
            other => Text::from(other),
        };
        let service = subject.world.services.get(&Key::new(namespace, name))?;
        let key = &service.meta.key;
        Some(format!("{}.{}.svc.{}", key.name, key.namespace, subject.domain()))
    };
    found
        .map(|line| match near(&line) {
            Some(full) => line.spot().because(format!("perhaps '{full}' is meant")),
            None => line.spot(),
        })
        .collect()
}

/// SC013
pub(super) fn excluded(subject: &Subject<'_>) -> Vec<Spot> {
    let found = lines(subject).filter(|line| subject.fate(line) == LineFate::Excluded);
    found.map(|line| line.spot()).collect()
}

/// SC014: a Sidecar that imports nothing at all means it.
pub(super) fn control_plane(subject: &Subject<'_>) -> Vec<Spot> {
    let root = subject.root();
    let registry = &subject.plane().registry;
    let is_roots = |service: &Arc<MeshService>| service.namespace == *root && service.source.is_kubernetes();
    let mut found = Vec::new();
    for sidecar in subject.sidecars().filter(|sidecar| !sidecar.egress.is_empty()) {
        let namespaces = subject.namespaces_of(sidecar);
        // what is not exported cannot be imported
        let can_import = |namespace: &Text| registry.candidates(namespace).any(is_roots);
        if namespaces.contains(root) || !namespaces.iter().any(can_import) {
            continue;
        }
        let scopes = subject.survey.scopes_of(&sidecar.meta.key);
        let imports = |scope: &crate::mesh::scope::SidecarScope| scope.hosts().len() > 0;
        if scopes.iter().any(imports) && !scopes.iter().any(|scope| scope.has_namespace(root)) {
            let hosts: Vec<&str> = sidecar
                .egress
                .iter()
                .flat_map(|listener| listener.hosts.iter())
                .map(Text::as_str)
                .collect();
            found.push(Spot::at(
                Kind::Sidecar,
                &sidecar.meta.key,
                "spec.egress",
                hosts.join(" "),
            ));
        }
    }
    found
}

fn has_port(egress: &EgressListener) -> bool {
    egress.port.as_ref().is_some_and(|port| port.number != 0) || egress.bind.starts_with("unix://")
}

/// SC015
pub(super) fn port_less_not_last(subject: &Subject<'_>) -> Vec<Spot> {
    let mut found = Vec::new();
    for sidecar in subject.sidecars() {
        let last = sidecar.egress.len().saturating_sub(1);
        for (index, egress) in sidecar.egress.iter().enumerate() {
            if index < last && !has_port(egress) {
                let field = format!("spec.egress[{index}].port");
                found.push(Spot::at(Kind::Sidecar, &sidecar.meta.key, field, ""));
            }
        }
    }
    found
}

/// SC016
pub(super) fn no_hosts(subject: &Subject<'_>) -> Vec<Spot> {
    let mut found = Vec::new();
    for sidecar in subject.sidecars() {
        for (index, _) in sidecar
            .egress
            .iter()
            .enumerate()
            .filter(|(_, egress)| egress.hosts.is_empty())
        {
            let field = format!("spec.egress[{index}].hosts");
            found.push(Spot::at(Kind::Sidecar, &sidecar.meta.key, field, "[]"));
        }
    }
    found
}

/// SC017
pub(super) fn doubled_ports(subject: &Subject<'_>) -> Vec<Spot> {
    let mut found = Vec::new();
    for sidecar in subject.sidecars() {
        let egress = sidecar.egress.iter().enumerate();
        let egress = egress.filter_map(|(at, one)| Some(("egress", at, one.port.as_ref()?.number, &one.bind)));
        let ingress = sidecar.ingress.iter().enumerate();
        let ingress = ingress.map(|(at, one)| ("ingress", at, one.port.number, &one.bind));
        let mut seen = BTreeSet::new();
        for (side, at, number, bind) in egress.chain(ingress).filter(|(_, _, number, _)| *number != 0) {
            // ingress ports are told apart by the number alone
            let place = if side == "ingress" { "" } else { bind.as_str() };
            if !seen.insert((side, number, place)) {
                let field = format!("spec.{side}[{at}].port.number");
                found.push(Spot::at(Kind::Sidecar, &sidecar.meta.key, field, number));
            }
        }
    }
    found
}

/// SC018
pub(super) fn bad_bind(subject: &Subject<'_>) -> Vec<Spot> {
    let is_bad = |bind: &Text| !bind.is_empty() && !bind.starts_with("unix://") && !is_ip(bind);
    let mut found = Vec::new();
    for sidecar in subject.sidecars() {
        let egress = sidecar.egress.iter().map(|listener| &listener.bind).enumerate();
        let ingress = sidecar.ingress.iter().map(|listener| &listener.bind).enumerate();
        let binds = egress.map(|(at, bind)| ("egress", at, bind));
        let binds = binds.chain(ingress.map(|(at, bind)| ("ingress", at, bind)));
        for (side, at, bind) in binds.filter(|(_, _, bind)| is_bad(bind)) {
            let field = format!("spec.{side}[{at}].bind");
            found.push(Spot::at(Kind::Sidecar, &sidecar.meta.key, field, bind));
        }
    }
    found
}

/// SC019
pub(super) fn bad_default_endpoint(subject: &Subject<'_>) -> Vec<Spot> {
    const HOSTS: &[&str] = &["127.0.0.1", "0.0.0.0", "[::1]", "[::]"];
    let is_good = |endpoint: &Text| {
        let socket = endpoint.rsplit_once(':');
        let is_socket =
            socket.is_some_and(|(host, port)| HOSTS.contains(&host) && port.parse::<u16>().is_ok_and(|port| port != 0));
        endpoint.is_empty() || endpoint.starts_with("unix://") || is_socket
    };
    let mut found = Vec::new();
    for sidecar in subject.sidecars() {
        for (at, listener) in sidecar.ingress.iter().enumerate() {
            if !is_good(&listener.default_endpoint) {
                let field = format!("spec.ingress[{at}].defaultEndpoint");
                found.push(Spot::at(
                    Kind::Sidecar,
                    &sidecar.meta.key,
                    field,
                    &listener.default_endpoint,
                ));
            }
        }
    }
    found
}

/// SC020
pub(super) fn dynamic_dns(subject: &Subject<'_>) -> Vec<Spot> {
    let found = subject.sidecars().filter_map(|sidecar| {
        let mode = sidecar
            .outbound_mode
            .as_ref()
            .filter(|mode| **mode == "ALLOW_ANY_DYNAMIC_DNS")?;
        Some(Spot::at(
            Kind::Sidecar,
            &sidecar.meta.key,
            "spec.outboundTrafficPolicy.mode",
            mode,
        ))
    });
    found.collect()
}

/// SC021
pub(super) fn doubled_hosts(subject: &Subject<'_>) -> Vec<Spot> {
    let mut found = Vec::new();
    let mut seen: FxHashSet<(&Key, usize, &Text)> = FxHashSet::default();
    for line in lines(subject) {
        if !seen.insert((&line.sidecar.meta.key, line.listener, line.text)) {
            found.push(line.spot());
        }
    }
    found
}

/// SC022
pub(super) fn beside_everything(subject: &Subject<'_>) -> Vec<Spot> {
    const EVERYTHING: &str = "*/*";
    let mut found = Vec::new();
    for sidecar in subject.sidecars() {
        for (listener, egress) in sidecar.egress.iter().enumerate() {
            let mut others = egress.hosts.iter();
            if !others.any(|host| *host != EVERYTHING && !host.starts_with('~')) {
                continue;
            }
            let everything = egress.hosts.iter().enumerate();
            for (index, _) in everything.filter(|(_, host)| **host == EVERYTHING) {
                let field = format!("spec.egress[{listener}].hosts[{index}]");
                found.push(Spot::at(Kind::Sidecar, &sidecar.meta.key, field, EVERYTHING));
            }
        }
    }
    found
}
