//! The host of a listener that comes nearest to a service which none imports: what its author may have meant.

use super::listener::Listener;
use crate::mesh::model::{Text, is_misspelt};
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
