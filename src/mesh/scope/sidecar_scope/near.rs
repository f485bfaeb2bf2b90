//! The host of a listener that comes nearest to a service which none imports: what its author may have meant.

use super::listener::Listener;
use crate::mesh::model::Text;
use crate::mesh::scope::host::{is_subset, is_wildcard, overlap};
use crate::mesh::scope::plane::Plane;
use crate::mesh::scope::reason::NearMiss;
use crate::mesh::scope::service::MeshService;

/// The nearest host and what it lacks; `None` if none is near.
pub(super) fn near(listener: &Listener<'_>, service: &MeshService, plane: &Plane) -> Option<NearMiss> {
    let texts = || listener.egress.hosts.iter().filter(|text| !text.starts_with('~'));
    if let Some(text) = texts().find(|text| is_unreadable(text, service)) {
        return Some(NearMiss::Unreadable(text.clone()));
    }
    let here = texts().find_map(|text| near_here(text, listener, service, plane));
    here.or_else(|| texts().find_map(|text| elsewhere(text, service)))
}

/// Whether a name is the service's, cut at a dot.
fn is_short(name: &str, service: &MeshService) -> bool {
    let rest = service.host.strip_prefix(name);
    !name.is_empty() && rest.is_some_and(|rest| rest.starts_with('.'))
}

/// Without a `/`, or with two, but with the service's name.
fn is_unreadable(text: &str, service: &MeshService) -> bool {
    let is_named = |name: &str| service.host == *name || is_short(name, service);
    text.matches('/').count() != 1 && text.rsplit('/').next().is_some_and(is_named)
}

/// A host for the service's namespace.
fn near_here(text: &Text, listener: &Listener<'_>, service: &MeshService, plane: &Plane) -> Option<NearMiss> {
    let (place, name) = text.split_once('/')?;
    let is_own = place == "." && service.namespace == *listener.namespace;
    if place != "*" && service.namespace != *place && !is_own {
        return None;
    }
    let text = text.clone();
    if is_short(name, service) {
        Some(NearMiss::ShortName(text))
    } else if is_wildcard(&service.host) && overlap(&service.host, name) {
        Some(NearMiss::WildcardService(text))
    } else if name.strip_prefix("*.") == Some(service.host.as_str()) {
        Some(NearMiss::OnlyBelow(text))
    } else if is_misspelt(name, &service.host) && plane.registry.with_host(name).is_empty() {
        Some(NearMiss::Misspelt(text))
    } else {
        None
    }
}

/// A host with the service's name for another namespace; `*` names nothing.
fn elsewhere(text: &Text, service: &MeshService) -> Option<NearMiss> {
    let (_, name) = text.split_once('/')?;
    (name != "*" && is_subset(&service.host, name)).then(|| NearMiss::OtherNamespace(text.clone()))
}

/// Whether one becomes the other by one or two letters put in, left out or changed (Levenshtein distance).
fn is_misspelt(a: &str, b: &str) -> bool {
    const MOST: usize = 2;
    if a.len().abs_diff(b.len()) > MOST || a == b {
        return false;
    }
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (row, x) in a.bytes().enumerate() {
        let mut diagonal = row;
        let mut left = row + 1;
        for (cell, y) in above.iter_mut().skip(1).zip(b.bytes()) {
            let changed = diagonal + usize::from(x != y);
            diagonal = *cell;
            left = changed.min(left + 1).min(*cell + 1);
            *cell = left;
        }
        above.iter_mut().take(1).for_each(|first| *first = row + 1);
    }
    above.last().is_some_and(|distance| *distance <= MOST)
}

#[cfg(test)]
mod tests {
    use super::is_misspelt;

    #[test]
    fn one_or_two_letters_off_is_misspelt() {
        assert!(is_misspelt("rating.shop.svc", "ratings.shop.svc"));
        assert!(is_misspelt("raitngs", "ratings"));
        assert!(is_misspelt("xatingz", "ratings"));
        assert!(!is_misspelt("xatinzz", "ratings"));
        assert!(!is_misspelt("ratings", "ratings"));
        assert!(!is_misspelt("details", "ratings"));
        assert!(!is_misspelt("", "abc"));
    }
}
