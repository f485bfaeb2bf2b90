//! The hosts of one egress listener, parsed: names to import and to leave out, by namespace (scope rules §4.1, §4.2).
//!
//! istio: `pilot/pkg/model/sidecar.go`, `convertIstioListenerToWrapper`, `hostClassification`.

use rustc_hash::FxHashMap;

use crate::mesh::model::Text;
use crate::mesh::scope::host::{is_subset, is_wildcard, overlap};
use crate::mesh::scope::version::Version;

/// The namespace that stands for all.
const ANY: &str = "*";

/// Parsed hosts of a listener.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    by_namespace: FxHashMap<Text, Names>,
    /// Every host to import is a plain name in a named namespace (none at all counts so too).
    pub(super) are_all_exact: bool,
}

/// Names of one namespace.
#[derive(Debug, Default)]
struct Names {
    /// Plain names, with the index of the first entry that says so.
    exact: FxHashMap<Text, usize>,
    /// Wildcards in order, with their index.
    wildcards: Vec<(Text, usize)>,
    /// With their index.
    excluded: Vec<(Text, usize)>,
}

impl Hosts {
    /// Parses the texts; what istiod cannot read is left out.
    pub(super) fn parse(texts: &[Text], namespace: &Text, version: Version) -> Self {
        let mut hosts = Self {
            are_all_exact: true,
            ..Self::default()
        };
        for (index, text) in texts.iter().enumerate() {
            hosts.add(index, text, namespace, version);
        }
        hosts
    }

    fn add(&mut self, index: usize, text: &Text, namespace: &Text, version: Version) {
        let Some((place, name)) = text.split_once('/') else {
            return;
        };
        if name.contains('/') && version.is_at_least(25) {
            return;
        }
        let exclusion = place.strip_prefix('~').filter(|_| version.is_at_least(31));
        let place = match exclusion.unwrap_or(place) {
            "" if exclusion.is_some() => Text::from(ANY),
            "." => namespace.clone(),
            place => Text::from(place),
        };
        let is_any = place == ANY;
        let names = self.by_namespace.entry(place).or_default();
        let name = Text::from(name);
        if exclusion.is_some() {
            names.excluded.push((name, index));
            return;
        }
        if is_wildcard(&name) {
            names.wildcards.push((name, index));
            self.are_all_exact = false;
        } else {
            names.exact.entry(name).or_insert(index);
        }
        if is_any {
            self.are_all_exact = false;
        }
    }

    /// Plain names by namespace, for a look-up instead of a walk over all services.
    pub(super) fn exact(&self) -> impl Iterator<Item = (&Text, &Text)> {
        self.by_namespace
            .iter()
            .flat_map(|(namespace, names)| names.exact.keys().map(move |name| (namespace, name)))
    }

    /// The entries that speak about objects of this namespace: its own, then those for all namespaces.
    fn for_namespace<'a>(&'a self, namespace: &str) -> impl Iterator<Item = &'a Names> + use<'a> {
        let own = self.by_namespace.get(namespace);
        own.into_iter().chain(self.by_namespace.get(ANY))
    }

    /// The index of the entry that leaves this host out.
    pub(super) fn excludes(&self, namespace: &str, host: &str) -> Option<usize> {
        self.for_namespace(namespace).find_map(|names| names.excludes(host))
    }

    /// The index of the entry that imports a service: that of its namespace before that for all.
    pub(super) fn imports(&self, namespace: &str, host: &str) -> Option<usize> {
        self.for_namespace(namespace).find_map(|names| names.imports(host))
    }

    /// Whether a VirtualService of this namespace with this host is selected, exclusions aside.
    pub(super) fn selects_virtual_service(&self, namespace: &str, host: &str, is_route: bool) -> bool {
        self.for_namespace(namespace).any(|names| names.selects(host, is_route))
    }

    /// The namespaces that entries name; [`Hosts::speaks_of_all`] stands apart.
    pub(super) fn namespaces(&self) -> impl Iterator<Item = &str> {
        let named = self.by_namespace.keys().map(Text::as_str);
        named.filter(|namespace| *namespace != ANY)
    }

    /// Whether an entry is for all namespaces.
    pub(super) fn speaks_of_all(&self) -> bool {
        self.by_namespace.contains_key(ANY)
    }

    /// Whether an entry leaves anything out.
    pub(super) fn has_exclusions(&self) -> bool {
        self.by_namespace.values().any(|names| !names.excluded.is_empty())
    }

    /// Whether nothing can be imported.
    pub(super) fn is_empty(&self) -> bool {
        self.by_namespace
            .values()
            .all(|names| names.exact.is_empty() && names.wildcards.is_empty())
    }
}

impl Names {
    fn excludes(&self, host: &str) -> Option<usize> {
        let found = self.excluded.iter().find(|(name, _)| is_subset(host, name));
        found.map(|(_, index)| *index)
    }

    fn imports(&self, host: &str) -> Option<usize> {
        let exact = self.exact.get(host).copied();
        exact.or_else(|| {
            let wildcard = self.wildcards.iter().find(|(name, _)| is_subset(host, name));
            wildcard.map(|(_, index)| *index)
        })
    }

    fn selects(&self, host: &str, is_route: bool) -> bool {
        if self.exact.contains_key(host) {
            return true;
        }
        if is_route {
            return self.wildcards.iter().any(|(name, _)| is_subset(host, name));
        }
        let wildcard = self.wildcards.iter().any(|(name, _)| overlap(host, name));
        wildcard || (is_wildcard(host) && self.exact.keys().any(|name| overlap(host, name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(texts: &[&str], minor: u16) -> Hosts {
        let texts: Vec<Text> = texts.iter().map(|text| Text::from(*text)).collect();
        Hosts::parse(&texts, &"shop".into(), Version { major: 1, minor })
    }

    #[test]
    fn the_entry_of_the_namespace_counts_before_the_one_for_all() {
        let hosts = parse(&["*/*", "./*.local", "prod/a.com"], 31);
        assert_eq!(hosts.imports("shop", "a.local"), Some(1));
        assert_eq!(hosts.imports("shop", "a.com"), Some(0));
        assert_eq!(hosts.imports("prod", "a.com"), Some(2));
        assert!(!hosts.are_all_exact);
    }

    #[test]
    fn a_tilde_excludes_from_1_31_and_is_a_dead_namespace_before() {
        let new = parse(&["./*", "~/*"], 31);
        assert_eq!(new.excludes("shop", "a.local"), Some(1));
        let old = parse(&["./*", "~/*"], 30);
        assert_eq!(old.excludes("shop", "a.local"), None);
        assert_eq!(old.imports("shop", "a.local"), Some(0));
        assert_eq!(parse(&["~ns/x", "~./y"], 31).excludes("shop", "y"), Some(1));
    }

    #[test]
    fn texts_without_or_with_two_slashes_are_skipped() {
        assert!(parse(&["reviews", "a/b/c"], 31).is_empty());
        assert!(!parse(&["a/b/c"], 24).is_empty());
        assert!(parse(&[], 31).are_all_exact);
    }

    #[test]
    fn virtual_services_match_in_both_directions_unless_they_are_routes() {
        let hosts = parse(&["prod/a.com"], 31);
        assert!(hosts.selects_virtual_service("prod", "*.com", false));
        assert!(!hosts.selects_virtual_service("prod", "*.com", true));
        assert!(!hosts.selects_virtual_service("shop", "a.com", false));
    }
}
