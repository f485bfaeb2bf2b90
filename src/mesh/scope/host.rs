//! Host names, plain or wildcarded (`*...`): when one covers another, and short names.
//!
//! Textual, byte by byte, as istiod does it: `*foo.com` covers `barfoo.com`. istio: `pkg/config/host/name.go`,
//! `pilot/pkg/model/config.go`.

use std::net::IpAddr;

use rustc_hash::FxHashMap;

use crate::mesh::model::Text;

/// Whether it begins with `*`.
pub(crate) fn is_wildcard(host: &str) -> bool {
    host.starts_with('*')
}

/// Whether every name that `inner` stands for is one that `outer` stands for.
///
/// istio: `Name.SubsetOf`.
pub(crate) fn is_subset(inner: &str, outer: &str) -> bool {
    match (inner.strip_prefix('*'), outer.strip_prefix('*')) {
        (Some(inner), Some(outer)) => inner.ends_with(outer),
        (Some(_), None) => false,
        (None, Some(outer)) => inner.ends_with(outer),
        (None, None) => inner == outer,
    }
}

/// Whether either covers the other.
///
/// istio: `Name.Matches`.
pub(crate) fn overlap(a: &str, b: &str) -> bool {
    is_subset(a, b) || is_subset(b, a)
}

/// Whether istiod takes it for an IP address (an IPv6 one may have a zone).
pub(crate) fn is_ip(text: &str) -> bool {
    parse_ip(text).is_some()
}

/// The IP address without its zone.
pub(crate) fn parse_ip(text: &str) -> Option<IpAddr> {
    match text.split_once('%') {
        None => text.parse().ok(),
        Some((address, zone)) if !zone.is_empty() => address.parse().ok().filter(IpAddr::is_ipv6),
        Some(_) => None,
    }
}

/// A name without a dot is that of a Service of `namespace`; all else stays as it is.
///
/// istio: `ResolveShortnameToFQDN`.
pub(crate) fn resolve_short_name(host: &Text, namespace: &str, domain: &str) -> Text {
    if host.is_empty() || *host == "*" || host.contains('.') || is_ip(host) {
        return host.clone();
    }
    service_host(host, namespace, domain)
}

/// The host name of a Kubernetes Service.
pub(crate) fn service_host(name: &str, namespace: &str, domain: &str) -> Text {
    Text::from([name, ".", namespace, ".svc.", domain].concat())
}

/// How many bytes [`first_bytes`] takes.
pub(crate) const FIRST_BYTES: usize = 16;

/// The first bytes of a text as one number, which compares as they do; a shorter text is filled up with zeros.
pub(crate) fn first_bytes(text: &str) -> u128 {
    let mut first = [0; FIRST_BYTES];
    match text.as_bytes().first_chunk() {
        Some(whole) => first = *whole,
        None => first.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from),
    }
    u128::from_be_bytes(first)
}

/// Values by host, plain and wildcarded, looked up by the most specific match.
///
/// istio: `MostSpecificHostMatch`.
#[derive(Clone, Debug)]
pub(crate) struct HostMap<V> {
    plain: FxHashMap<Text, V>,
    by_suffix: FxHashMap<Text, V>,
}

impl<V> Default for HostMap<V> {
    fn default() -> Self {
        Self {
            plain: FxHashMap::default(),
            by_suffix: FxHashMap::default(),
        }
    }
}

impl<V: Default> HostMap<V> {
    /// The value of exactly this host, made if there is none.
    pub(crate) fn entry(&mut self, host: &Text) -> &mut V {
        match host.strip_prefix('*') {
            Some(suffix) => self.by_suffix.entry(Text::from(suffix)).or_default(),
            None => self.plain.entry(host.clone()).or_default(),
        }
    }

    /// The value of this host, else that of the longest wildcard which covers it.
    pub(crate) fn find(&self, host: &str) -> Option<&V> {
        let rest = match host.strip_prefix('*') {
            Some(suffix) => suffix,
            None => {
                if let Some(value) = self.plain.get(host) {
                    return Some(value);
                }
                host
            }
        };
        if self.by_suffix.is_empty() {
            return None;
        }
        let starts = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
        starts
            .filter_map(|at| rest.get(at..))
            .find_map(|suffix| self.by_suffix.get(suffix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_is_a_suffix_of_the_text_not_of_labels() {
        assert!(is_subset("xfoo.com", "*foo.com"));
        assert!(!is_subset("foo.com", "*.foo.com"));
        assert!(is_subset("*.a.foo.com", "*.foo.com"));
        assert!(!is_subset("*.foo.com", "*.a.foo.com"));
        assert!(!is_subset("*.foo.com", "a.foo.com"));
        assert!(is_subset("anything", "*"));
    }

    #[test]
    fn overlap_looks_in_both_directions() {
        assert!(overlap("*.com", "a.com"));
        assert!(overlap("a.com", "*.com"));
        assert!(overlap("*.com", "*.a.com"));
        assert!(!overlap("a.com", "b.com"));
    }

    #[test]
    fn only_a_name_without_a_dot_is_short() {
        let full = |host: &str| resolve_short_name(&Text::from(host), "shop", "cluster.local").to_string();
        assert_eq!(full("reviews"), "reviews.shop.svc.cluster.local");
        assert_eq!(full("reviews.prod"), "reviews.prod");
        assert_eq!(full("*"), "*");
        assert_eq!(full("::1"), "::1");
    }

    #[test]
    fn the_longest_wildcard_wins_after_the_plain_name() {
        let mut map = HostMap::default();
        *map.entry(&Text::from("*")) = 1;
        *map.entry(&Text::from("*.local")) = 2;
        *map.entry(&Text::from("a.local")) = 3;
        assert_eq!(map.find("a.local"), Some(&3));
        assert_eq!(map.find("b.local"), Some(&2));
        assert_eq!(map.find("*.local"), Some(&2));
        assert_eq!(map.find("b.com"), Some(&1));
    }
}
