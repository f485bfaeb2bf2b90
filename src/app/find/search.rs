//! What is like the text that was typed: looked for a piece at a time, the best of each group kept.
//!
//! Names are compared letter by letter (fuzzy); an address by its beginning, the very address first. What was found is as
//! of the look: an object that changes while a search is open is shown as it is now, a new one is not added.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::app::facts::Facts;
use crate::app::filter::Fuzzy;
use crate::app::panel::Panel;
use crate::mesh::diff::RowId;
use crate::mesh::model::{EndpointSlice, Key, Service, Text};
use crate::mesh::scope::{Address, Cluster};
use crate::mesh::world::World;

/// The best of each group are kept; with seven groups fewer than 200 in all.
const BEST: usize = 28;
/// A name that begins with what was typed is better than any that only has its letters, the very name better still.
const BEGINS: u32 = 10_000;
const EQUALS: u32 = 20_000;

/// Under which heading a hit stands, in the order of the headings.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(in crate::app) enum Group {
    /// IP addresses.
    Addresses,
    /// Pods.
    Pods,
    /// Services.
    Services,
    /// Hosts in the scope of the chosen pod.
    Hosts,
    /// Clusters of the chosen pod that have an endpoint.
    Clusters,
    /// Sidecars.
    Sidecars,
    /// Namespaces.
    Namespaces,
}

/// Something that was found.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in crate::app) enum Hit {
    /// An address of a pod.
    PodAddress(Text, Key),
    /// An address at which a service is called.
    ServiceAddress(Text, Key),
    /// An endpoint in a slice of this service.
    Endpoint(Text, Key),
    /// A row of the chosen pod's table.
    Row(RowId),
    /// A pod.
    Pod(Key),
    /// A service.
    Service(Key),
    /// A host.
    Host(Text),
    /// A cluster, by its first row.
    Cluster(RowId),
    /// A Sidecar.
    Sidecar(Key),
    /// A namespace.
    Namespace(Text),
}

/// What was found of one group.
#[derive(Clone, Debug, Default)]
pub(in crate::app) struct Found {
    /// The best, each with how good it is.
    best: Vec<(u32, Hit)>,
    /// How many there are in all.
    pub matching: usize,
}

impl Found {
    /// How many are kept.
    pub(in crate::app) fn len(&self) -> usize {
        self.best.len()
    }

    /// Those, the best first.
    pub(in crate::app) fn hits(&self) -> impl Iterator<Item = &Hit> {
        self.best.iter().map(|(_, hit)| hit)
    }

    fn add(&mut self, score: u32, hit: Hit) {
        let is_better = |(other, kept): &(u32, Hit)| (Reverse(*other), kept) < (Reverse(score), &hit);
        let at = self.best.partition_point(is_better);
        if self
            .best
            .get(at)
            .is_some_and(|(other, kept)| *other == score && *kept == hit)
        {
            return;
        }
        self.matching += 1;
        if at < BEST {
            self.best.insert(at, (score, hit));
            self.best.truncate(BEST);
        }
    }
}

/// An address that was typed, or its beginning.
#[derive(Clone, Debug)]
struct Asked {
    /// As typed, without a port.
    start: String,
    /// As Kubernetes writes it, if it is whole.
    whole: Option<String>,
}

impl Asked {
    /// What may be an address: digits of it with a dot or a colon.
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(socket) = text.parse::<SocketAddr>() {
            let whole = socket.ip().to_string();
            return Some(Self {
                start: whole.clone(),
                whole: Some(whole),
            });
        }
        let is_like = text.contains(['.', ':'])
            && text.contains(|c: char| c.is_ascii_digit())
            && text.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, '.' | ':'));
        is_like.then(|| Self {
            start: text.to_ascii_lowercase(),
            whole: text.parse::<IpAddr>().ok().map(|ip| ip.to_string()),
        })
    }

    fn is(&self, ip: &str) -> bool {
        self.whole.as_deref() == Some(ip) || self.whole.is_some() && ip == self.start
    }

    fn score(&self, ip: &str) -> Option<u32> {
        if self.is(ip) {
            Some(EQUALS)
        } else {
            ip.starts_with(&self.start).then_some(BEGINS)
        }
    }
}

/// How far it got. What has keys goes on behind the last one looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Step {
    Pods(Key),
    Services(Key),
    Slices(Key),
    Rows(usize),
    Hosts(usize),
    Rest,
    Done,
}

/// A search.
#[derive(Clone, Debug)]
pub(in crate::app) struct Search {
    typed: String,
    fuzzy: Fuzzy,
    /// The namespace is part of what names are compared by.
    is_qualified: bool,
    address: Option<Asked>,
    step: Step,
    /// Clusters that were looked at.
    clusters: FxHashSet<Arc<Cluster>>,
    found: BTreeMap<Group, Found>,
}

impl Search {
    /// Nothing was looked at yet; for an empty text nothing will be.
    pub(in crate::app) fn new(text: &str) -> Self {
        let typed = text.trim().to_lowercase();
        Self {
            fuzzy: Fuzzy::new(&typed),
            is_qualified: typed.contains(['.', '/', ' ']),
            address: Asked::parse(&typed),
            step: if typed.is_empty() {
                Step::Done
            } else {
                Step::Pods(Key::default())
            },
            typed,
            clusters: FxHashSet::default(),
            found: BTreeMap::new(),
        }
    }

    /// Whether everything was looked at.
    pub(in crate::app) fn is_done(&self) -> bool {
        self.step == Step::Done
    }

    /// The whole address that is looked for, if it is one.
    pub(in crate::app) fn whole_address(&self) -> Option<&str> {
        self.address.as_ref()?.whole.as_deref()
    }

    /// What was found, by group.
    pub(in crate::app) fn groups(&self) -> impl Iterator<Item = (Group, &Found)> {
        self.found.iter().map(|(group, found)| (*group, found))
    }

    /// How many hits are kept.
    pub(in crate::app) fn len(&self) -> usize {
        self.found.values().map(Found::len).sum()
    }

    /// The hit in a place, counted over the groups.
    pub(in crate::app) fn hit(&self, at: usize) -> Option<&Hit> {
        self.found.values().flat_map(Found::hits).nth(at)
    }

    /// Looks at so many more names.
    pub(in crate::app) fn advance(&mut self, facts: &Facts, panel: Option<&Panel>, looks: usize) {
        let mut left = looks;
        let world = &facts.world;
        while left > 0 && self.step != Step::Done {
            self.step = match self.step.clone() {
                Step::Pods(from) => self.look_at_pods(world, &from, &mut left),
                Step::Services(from) => self.look_at_services(world, &from, &mut left),
                Step::Slices(from) => self.look_at_slices(world, &from, &mut left),
                Step::Rows(from) => self.look_at_rows(panel, from, &mut left),
                Step::Hosts(from) => self.look_at_hosts(panel, from, &mut left),
                Step::Rest => {
                    self.look_at_rest(facts);
                    Step::Done
                }
                Step::Done => Step::Done,
            };
        }
    }

    fn add(&mut self, group: Group, score: u32, hit: Hit) {
        self.found.entry(group).or_default().add(score, hit);
    }

    /// How well a name is like what was typed; of objects in a namespace, `NAME.NAMESPACE` where a dot, slash or space
    /// was typed.
    fn score(&self, name: &str, namespace: &str) -> Option<u32> {
        let better = if name == self.typed {
            EQUALS
        } else if name.starts_with(&self.typed) {
            BEGINS
        } else {
            0
        };
        let score = if self.is_qualified && !namespace.is_empty() {
            let slashed = self.typed.contains('/');
            let (first, dot, second) = if slashed {
                (namespace, '/', name)
            } else {
                (name, '.', namespace)
            };
            self.fuzzy.score(&format!("{first}{dot}{second}"))
        } else {
            self.fuzzy.score(name)
        };
        score.map(|score| score.min(BEGINS - 1) + better)
    }

    fn look_at_pods(&mut self, world: &World, from: &Key, left: &mut usize) -> Step {
        let is_start = *from == Key::default();
        if let (true, Some(asked)) = (is_start, self.address.clone()) {
            let starts = [Some(asked.start.as_str()), asked.whole.as_deref()];
            for start in starts.into_iter().flatten() {
                for (ip, pod) in world.pods_with_ip_like(start) {
                    let score = asked.score(ip).unwrap_or(BEGINS);
                    self.add(Group::Addresses, score, Hit::PodAddress(ip.clone(), pod.clone()));
                }
            }
        }
        for pod in world.pods.after(from) {
            let key = &pod.meta.key;
            if let Some(score) = self.score(&key.name, &key.namespace) {
                self.add(Group::Pods, score, Hit::Pod(key.clone()));
            }
            *left -= 1;
            if *left == 0 {
                return Step::Pods(key.clone());
            }
        }
        Step::Services(Key::default())
    }

    fn look_at_services(&mut self, world: &World, from: &Key, left: &mut usize) -> Step {
        for service in world.services.after(from) {
            let key = &service.meta.key;
            if let Some(score) = self.score(&key.name, &key.namespace) {
                self.add(Group::Services, score, Hit::Service(key.clone()));
            }
            self.look_at_addresses(service);
            *left -= 1;
            if *left == 0 {
                return Step::Services(key.clone());
            }
        }
        match self.address {
            Some(_) => Step::Slices(Key::default()),
            None => Step::Rows(0),
        }
    }

    fn look_at_addresses(&mut self, service: &Service) {
        let Some(asked) = &self.address else { return };
        let ips = [&service.cluster_ips, &service.external_ips, &service.load_balancer];
        let hits: Vec<(u32, Text)> = ips
            .into_iter()
            .flat_map(|ips| ips.iter())
            .filter_map(|ip| Some((asked.score(ip)?, ip.clone())))
            .collect();
        for (score, ip) in hits {
            let hit = Hit::ServiceAddress(ip, service.meta.key.clone());
            self.add(Group::Addresses, score, hit);
        }
    }

    fn look_at_slices(&mut self, world: &World, from: &Key, left: &mut usize) -> Step {
        for slice in world.slices.after(from) {
            let looked = self.look_at_slice(world, slice);
            *left = left.saturating_sub(looked);
            if *left == 0 {
                return Step::Slices(slice.meta.key.clone());
            }
        }
        Step::Rows(0)
    }

    /// Its endpoints of the very address; of those that only begin like it, the ones that no pod has. Says how much it
    /// took.
    fn look_at_slice(&mut self, world: &World, slice: &EndpointSlice) -> usize {
        let Some(asked) = &self.address else { return 1 };
        let addresses = slice.endpoints.iter().flat_map(|endpoint| endpoint.addresses.iter());
        let mut looked = 1;
        let mut hits = Vec::new();
        for ip in addresses {
            looked += 1;
            let Some(score) = asked.score(ip) else { continue };
            if asked.is(ip) || world.pods_with_ip(ip).next().is_none() {
                hits.push((score, ip.clone()));
            }
        }
        for (score, ip) in hits {
            let service = Key {
                namespace: slice.meta.key.namespace.clone(),
                name: slice.service.clone(),
            };
            self.add(Group::Addresses, score, Hit::Endpoint(ip, service));
        }
        looked
    }

    fn look_at_rows(&mut self, panel: Option<&Panel>, from: usize, left: &mut usize) -> Step {
        let lines = panel.map(Panel::lines).unwrap_or_default();
        for (at, line) in lines.iter().enumerate().skip(from) {
            if let (Some(asked), Address::Socket(ip, _)) = (&self.address, &line.row.address)
                && let Some(score) = asked.score(ip)
                && (asked.is(ip) || line.row.backend.pod.is_none())
            {
                self.add(Group::Addresses, score, Hit::Row(line.id()));
            }
            if !line.gone && self.clusters.insert(Arc::clone(&line.row.cluster)) {
                let name = line.row.cluster.to_string();
                if let Some(score) = self.score(&name, "") {
                    self.add(Group::Clusters, score, Hit::Cluster(line.id()));
                }
            }
            *left -= 1;
            if *left == 0 {
                return Step::Rows(at + 1);
            }
        }
        self.clusters = FxHashSet::default();
        Step::Hosts(0)
    }

    fn look_at_hosts(&mut self, panel: Option<&Panel>, from: usize, left: &mut usize) -> Step {
        let table = panel.and_then(|panel| panel.table.as_ref());
        let hosts: &[Text] = table.map(|table| table.hosts.as_ref()).unwrap_or_default();
        for (at, host) in hosts.iter().enumerate().skip(from) {
            if let Some(score) = self.score(host, "") {
                self.add(Group::Hosts, score, Hit::Host(host.clone()));
            }
            *left -= 1;
            if *left == 0 {
                return Step::Hosts(at + 1);
            }
        }
        Step::Rest
    }

    /// There are few Sidecars and namespaces.
    fn look_at_rest(&mut self, facts: &Facts) {
        for key in facts.world.sidecars.keys() {
            // nearly all are called 'default': the namespace tells them apart
            let scores = [self.score(&key.name, &key.namespace), self.score(&key.namespace, "")];
            if let Some(score) = scores.into_iter().flatten().max() {
                self.add(Group::Sidecars, score, Hit::Sidecar(key.clone()));
            }
        }
        for name in facts.namespaces() {
            if let Some(score) = self.score(&name, "") {
                self.add(Group::Namespaces, score, Hit::Namespace(name));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_known_with_and_without_a_port_and_from_its_beginning() {
        let asked = |text| Asked::parse(text).map(|asked| (asked.start, asked.whole));
        let both = |ip: &str| Some((ip.to_owned(), Some(ip.to_owned())));
        assert_eq!(asked("10.1.2.3"), both("10.1.2.3"));
        assert_eq!(asked("10.1.2.3:9080"), both("10.1.2.3"));
        assert_eq!(asked("[fd00::1]:80"), both("fd00::1"));
        assert_eq!(asked("10.1."), Some(("10.1.".to_owned(), None)));
        assert_eq!(
            asked("FD00:0::1"),
            Some(("fd00:0::1".to_owned(), Some("fd00::1".to_owned())))
        );
        for text in ["reviews", "v1.2", "10", "dead.beef", ""] {
            assert!(Asked::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn the_best_are_kept_in_order_and_all_are_counted_once() {
        let mut found = Found::default();
        for n in 0..100_u32 {
            found.add(n % 50, Hit::Namespace(format!("n{n:03}").into()));
        }
        found.add(49, Hit::Namespace("n099".into()));
        assert_eq!((found.matching, found.len()), (100, BEST));
        let first: Vec<&Hit> = found.hits().take(2).collect();
        assert_eq!(first, [&Hit::Namespace("n049".into()), &Hit::Namespace("n099".into())]);
        assert!(found.best.is_sorted_by(|a, b| a.0 >= b.0));
    }
}
