//! `VirtualServices`: destinations that are not there or not in scope, hosts and gateways, routes never used (§5, §15).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Spot, Subject};
use crate::mesh::model::{Destination, Gateway, HttpMatch, Key, Kind, Text, VirtualService};
use crate::mesh::scope::{ExportTo, is_subset, overlap, resolve_gateway, resolve_short_name, unreached};

/// A destination of a VirtualService with its place.
struct Target<'a> {
    route: &'a VirtualService,
    field: String,
    to: &'a Destination,
    /// In full.
    host: Text,
}

impl Target<'_> {
    fn spot(&self, part: &str, value: impl std::fmt::Display) -> Spot {
        Spot::at(
            Kind::VirtualService,
            &self.route.meta.key,
            format!("{}{part}", self.field),
            value,
        )
    }
}

impl Subject<'_> {
    /// The `VirtualServices` that istiod takes notice of.
    fn virtual_services(&self) -> impl Iterator<Item = &Arc<VirtualService>> {
        let all = self.world.virtual_services.iter();
        all.filter(|route| self.counts(Kind::VirtualService, &route.meta))
    }

    fn targets(&self) -> impl Iterator<Item = Target<'_>> {
        self.virtual_services().flat_map(move |route| {
            let mut places: Vec<(String, &Destination)> = Vec::new();
            for (at, http) in route.http.iter().enumerate() {
                let name = |part: &str, index: usize| format!("spec.http[{at}].{part}[{index}].destination");
                let ways = http.destinations.iter().enumerate();
                places.extend(ways.map(|(index, to)| (name("route", index), to)));
                places.extend(http.mirror.iter().map(|to| (format!("spec.http[{at}].mirror"), to)));
                let mirrors = http.mirrors.iter().enumerate();
                places.extend(mirrors.map(|(index, to)| (name("mirrors", index), to)));
            }
            for (kind, routes) in [("tcp", &route.tcp), ("tls", &route.tls)] {
                for (at, ways) in routes.iter().enumerate() {
                    let ways = ways.iter().enumerate();
                    let name = |index| format!("spec.{kind}[{at}].route[{index}].destination");
                    places.extend(ways.map(|(index, to)| (name(index), to)));
                }
            }
            places.into_iter().map(move |(field, to)| Target {
                host: resolve_short_name(&to.host, &route.meta.key.namespace, self.domain()),
                route,
                field,
                to,
            })
        })
    }

    fn is_known(&self, host: &str) -> bool {
        !self.plane().registry.with_host(host).is_empty() || self.wildcard_hosts().any(|wide| is_subset(host, wide))
    }

    /// The ports that services of this host have; `None` if there is none of exactly this host.
    fn ports_of(&self, host: &str) -> Option<BTreeSet<u32>> {
        let services = self.plane().registry.all.iter().filter(|service| service.host == *host);
        let mut services = services.peekable();
        services.peek()?;
        Some(
            services
                .flat_map(|service| service.ports.iter().map(|port| port.number))
                .collect(),
        )
    }
}

/// The object that routes, the destination's host and port.
type Missed = (Kind, Key, Text, Option<u32>);

/// A VirtualService, the index of one of its hosts, whom it is exported to.
type Exported<'a> = (&'a Arc<VirtualService>, usize, ExportTo);

/// SC060: what is known nowhere is another finding.
pub(super) fn out_of_scope(subject: &Subject<'_>) -> Vec<Spot> {
    let mut found: BTreeMap<Missed, (String, usize)> = BTreeMap::new();
    for scope in &subject.survey.scopes() {
        for miss in unreached(subject.plane(), scope) {
            let has_port = |port: u32| subject.ports_of(&miss.host).is_some_and(|ports| ports.contains(&port));
            if !subject.is_known(&miss.host) || miss.port.is_some_and(|port| !has_port(port)) {
                continue;
            }
            let governing = scope.key.governing.key();
            let by = governing.map_or_else(|| "without a Sidecar".to_owned(), |key| format!("of Sidecar {key}"));
            let whom = format!("pods {by} in namespace {}", scope.key.namespace);
            let (kind, key) = miss.object;
            found.entry((kind, key, miss.host, miss.port)).or_insert((whom, 0)).1 += 1;
        }
    }
    let spots = found.into_iter().map(|((kind, key, host, port), (whom, count))| {
        let field = if kind == Kind::VirtualService {
            "spec"
        } else {
            "spec.rules"
        };
        let value = port.map_or_else(|| host.to_string(), |port| format!("{host}:{port}"));
        let more = match count {
            0 | 1 => String::new(),
            count => format!(" and of {} other scopes", count - 1),
        };
        Spot::at(kind, &key, field, value).because(format!("{whom}{more}"))
    });
    spots.collect()
}

/// SC061
pub(super) fn unknown_host(subject: &Subject<'_>) -> Vec<Spot> {
    let unknown = subject.targets().filter(|target| !subject.is_known(&target.host));
    unknown.map(|target| target.spot(".host", &target.to.host)).collect()
}

/// SC062
pub(super) fn unknown_subset(subject: &Subject<'_>) -> Vec<Spot> {
    let mut subsets: FxHashMap<Text, BTreeSet<Text>> = FxHashMap::default();
    let mut wide: Vec<(Text, BTreeSet<Text>)> = Vec::new();
    for (rule, host) in subject.rules() {
        let names = rule.subsets.iter().map(|subset| subset.name.clone());
        if host.starts_with('*') {
            wide.push((host, names.collect()));
        } else {
            subsets.entry(host).or_default().extend(names);
        }
    }
    let named = subject.targets().filter(|target| !target.to.subset.is_empty());
    let unknown = named.filter(|target| {
        let exact = subsets
            .get(&target.host)
            .is_some_and(|names| names.contains(&target.to.subset));
        let covered = || {
            wide.iter()
                .any(|(host, names)| is_subset(&target.host, host) && names.contains(&target.to.subset))
        };
        subject.is_known(&target.host) && !exact && !covered()
    });
    unknown
        .map(|target| {
            target
                .spot(".subset", &target.to.subset)
                .because(format!("of '{}'", target.host))
        })
        .collect()
}

/// SC063
pub(super) fn no_port(subject: &Subject<'_>) -> Vec<Spot> {
    let found = subject
        .targets()
        .filter(|target| target.to.port.is_none())
        .filter_map(|target| {
            let ports = subject.ports_of(&target.host).filter(|ports| ports.len() > 1)?;
            let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
            let spot = target.spot(".port", "");
            Some(spot.because(format!("'{}' has the ports {}", target.host, ports.join(", "))))
        });
    found.collect()
}

/// SC070
pub(super) fn unknown_port(subject: &Subject<'_>) -> Vec<Spot> {
    let found = subject.targets().filter_map(|target| {
        let port = target.to.port.filter(|port| *port != 0)?;
        let ports = subject.ports_of(&target.host).filter(|ports| !ports.contains(&port))?;
        let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
        let spot = target.spot(".port.number", port);
        Some(spot.because(format!("'{}' has {}", target.host, ports.join(", "))))
    });
    found.collect()
}

/// Whom a VirtualService is exported to.
fn export_of(subject: &Subject<'_>, route: &VirtualService) -> ExportTo {
    let export = ExportTo::from(&*route.export_to);
    let default = &subject.plane().mesh.virtual_service_export_to;
    export.or(default).with_own_namespace(&route.meta.key.namespace)
}

/// SC064
pub(super) fn doubled_host(subject: &Subject<'_>) -> Vec<Spot> {
    let mut by_host: BTreeMap<Text, Vec<Exported<'_>>> = BTreeMap::new();
    let of_mesh = subject
        .virtual_services()
        .filter(|route| route.gateways.is_empty() || route.gateways.iter().any(|gateway| *gateway == "mesh"));
    for route in of_mesh {
        let export = export_of(subject, route);
        for (at, host) in route.hosts.iter().enumerate() {
            let host = resolve_short_name(host, &route.meta.key.namespace, subject.domain());
            by_host.entry(host).or_default().push((route, at, export.clone()));
        }
    }
    let meet = |a: &ExportTo, b: &ExportTo| {
        let is_hidden = |export: &ExportTo| !export.contains(ExportTo::PUBLIC) && export.contains(ExportTo::NONE);
        let share =
            || a.contains(ExportTo::PUBLIC) || b.contains(ExportTo::PUBLIC) || a.iter().any(|to| b.contains(to));
        !is_hidden(a) && !is_hidden(b) && share()
    };
    let mut found = Vec::new();
    for routes in by_host.values().filter(|routes| routes.len() > 1) {
        for (route, at, export) in routes {
            let key = &route.meta.key;
            let others = routes
                .iter()
                .filter(|(other, _, its)| other.meta.key != *key && meet(export, its));
            let others: BTreeSet<String> = others.map(|(other, ..)| other.meta.key.to_string()).collect();
            if let (false, Some(host)) = (others.is_empty(), route.hosts.get(*at)) {
                let spot = Spot::at(Kind::VirtualService, key, format!("spec.hosts[{at}]"), host);
                let others: Vec<String> = others.into_iter().collect();
                found.push(spot.because(format!("also VirtualService {}", others.join(", "))));
            }
        }
    }
    found
}

/// The Gateways of a VirtualService besides `mesh`: index, name as written, the object.
fn gateways_of<'s>(
    subject: &'s Subject<'_>,
    route: &'s VirtualService,
) -> Vec<(usize, &'s Text, Option<&'s Arc<Gateway>>)> {
    let named = route.gateways.iter().enumerate().filter(|(_, name)| **name != "mesh");
    let find = |name: &Text| {
        let full = resolve_gateway(name, &route.meta.key.namespace);
        let (namespace, name) = full.split_once('/')?;
        subject.world.gateways.get(&Key::new(namespace, name))
    };
    named.map(|(at, name)| (at, name, find(name))).collect()
}

/// SC065
pub(super) fn unknown_gateway(subject: &Subject<'_>) -> Vec<Spot> {
    let mut found = Vec::new();
    for route in subject.virtual_services() {
        let unknown = gateways_of(subject, route)
            .into_iter()
            .filter(|(.., gateway)| gateway.is_none());
        for (at, name, _) in unknown {
            let field = format!("spec.gateways[{at}]");
            found.push(Spot::at(Kind::VirtualService, &route.meta.key, field, name));
        }
    }
    found
}

/// SC066
pub(super) fn host_not_in_gateway(subject: &Subject<'_>) -> Vec<Spot> {
    let mut found = Vec::new();
    for route in subject.virtual_services() {
        let gateways = gateways_of(subject, route);
        let known: Option<Vec<&Arc<Gateway>>> = gateways.iter().map(|(.., gateway)| *gateway).collect();
        let Some(known) = known.filter(|known| !known.is_empty() && known.len() == route.gateways.len()) else {
            continue;
        };
        for (at, host) in route.hosts.iter().enumerate() {
            let namespace = &route.meta.key.namespace;
            let host_in_full = resolve_short_name(host, namespace, subject.domain());
            let serves = |served: &Text| {
                let (place, name) = served.split_once('/').unwrap_or(("*", served));
                let is_for = place == "*" || namespace == place || place == ".";
                is_for && overlap(&host_in_full, name)
            };
            let servers = known.iter().flat_map(|gateway| gateway.servers.iter());
            if !servers.flat_map(|server| server.hosts.iter()).any(serves) {
                let field = format!("spec.hosts[{at}]");
                found.push(Spot::at(Kind::VirtualService, &route.meta.key, field, host));
            }
        }
    }
    found
}

/// SC067
pub(super) fn unreachable(subject: &Subject<'_>) -> Vec<Spot> {
    let mut found = Vec::new();
    for route in subject.virtual_services() {
        let takes_all = |matches: &[HttpMatch]| matches.is_empty() || matches.contains(&HttpMatch::default());
        let all = route.http.iter().position(|http| takes_all(&http.matches));
        for at in all.map_or(0, |all| all + 1)..route.http.len() {
            if let Some(all) = all {
                let spot = Spot::at(Kind::VirtualService, &route.meta.key, format!("spec.http[{at}]"), "");
                found.push(spot.because(format!("spec.http[{all}] takes every request")));
            }
        }
    }
    found
}

/// SC068
pub(super) fn ineffective(subject: &Subject<'_>) -> Vec<Spot> {
    let mut found = Vec::new();
    for route in subject.virtual_services() {
        let mut seen: Vec<(&HttpMatch, usize)> = Vec::new();
        for (at, http) in route.http.iter().enumerate() {
            for (index, one) in http.matches.iter().enumerate() {
                let before = seen.iter().find(|(other, _)| *other == one);
                if let Some((_, first)) = before.filter(|_| *one != HttpMatch::default()) {
                    let field = format!("spec.http[{at}].match[{index}]");
                    let spot = Spot::at(Kind::VirtualService, &route.meta.key, field, "");
                    found.push(spot.because(format!("spec.http[{first}] has the same")));
                }
                seen.push((one, at));
            }
        }
    }
    found
}

/// SC069
pub(super) fn no_delegate(subject: &Subject<'_>) -> Vec<Spot> {
    let mut found = Vec::new();
    for route in subject.virtual_services() {
        let home = &route.meta.key.namespace;
        for (at, http) in route.http.iter().enumerate() {
            let Some(delegate) = &http.delegate else {
                continue;
            };
            let namespace = if delegate.namespace.is_empty() {
                home
            } else {
                &delegate.namespace
            };
            let key = Key::new(namespace.clone(), delegate.name.clone());
            let detail = match subject.world.virtual_services.get(&key) {
                None => "there is none",
                Some(other) if !other.hosts.is_empty() => "it has hosts of its own",
                Some(other) => {
                    let export = export_of(subject, other);
                    if export.contains(ExportTo::PUBLIC) || export.contains(home) {
                        continue;
                    }
                    "it is not exported to this namespace"
                }
            };
            let spot = Spot::at(
                Kind::VirtualService,
                &route.meta.key,
                format!("spec.http[{at}].delegate"),
                key,
            );
            found.push(spot.because(detail));
        }
    }
    found
}
