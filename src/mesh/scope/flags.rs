//! istiod's feature flags: its environment, with the defaults of its release (scope rules §17).
//!
//! istio: `pilot/pkg/features`. Only flags that change rows are here.

use crate::mesh::model::{Istiod, Kind, Text};

use super::version::Version;

/// Flags that change rows.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is one of istiod's own boolean flags")]
pub(crate) struct Flags {
    /// `PILOT_UNIFIED_SIDECAR_SCOPE`: of one host in several namespaces a Kubernetes Service is preferred.
    pub(crate) unified_scope: bool,
    /// `PILOT_SIDECAR_PICK_BEST_SERVICE_NAMESPACE`
    pub(crate) pick_best_namespace: bool,
    /// `PILOT_AUTO_SEND_UNHEALTHY_ENDPOINTS`
    pub(crate) auto_send_unhealthy: bool,
    /// `PILOT_SEND_UNHEALTHY_ENDPOINTS`
    pub(crate) send_unhealthy: bool,
    /// `PILOT_ENABLE_EDS_FOR_HEADLESS_SERVICES`
    pub(crate) eds_for_headless: bool,
    /// `ISTIO_DUAL_STACK`
    pub(crate) dual_stack: bool,
    /// `ENABLE_ENHANCED_DESTINATIONRULE_MERGE`
    pub(crate) enhanced_rule_merge: bool,
    /// `PILOT_ENABLE_SERVICEENTRY_SELECT_PODS`
    pub(crate) entries_select_pods: bool,
    /// `PILOT_ENABLE_K8S_SELECT_WORKLOAD_ENTRIES`
    pub(crate) services_select_workload_entries: bool,
    /// `PILOT_ENABLE_WORKLOAD_ENTRY_HEALTHCHECKS`
    pub(crate) workload_entry_health: bool,
    /// `PILOT_ALLOW_SIDECAR_SERVICE_INBOUND_LISTENER_MERGE`
    pub(crate) merge_inbound: bool,
    /// `PILOT_ENABLE_REDIS_FILTER`
    pub(crate) redis_filter: bool,
    /// `PILOT_FILTER_GATEWAY_CLUSTER_CONFIG`
    pub(crate) filter_gateway_clusters: bool,
    /// `PILOT_SCOPE_GATEWAY_TO_NAMESPACE`
    pub(crate) scope_gateways: bool,
    /// `PILOT_ENABLE_AMBIENT`
    pub(crate) ambient: bool,
    /// `PILOT_PREFER_SENDING_HBONE`, only with ambient.
    pub(crate) prefer_hbone: bool,
    /// `PILOT_ENABLE_GATEWAY_API`
    pub(crate) gateway_api: bool,
    /// `TLSRoutes` are read: before 1.31 only with `PILOT_ENABLE_ALPHA_GATEWAY_API`.
    pub(crate) reads_tls_routes: bool,
    /// `TCPRoutes` are read: from 1.31 only those of Gateway API 1.6 and later, whose version is not to be seen here, so
    /// that they are left out; before with `PILOT_ENABLE_ALPHA_GATEWAY_API`.
    ///
    /// istio: `pkg/config/schema/gatewayapi/minimumversions.go`.
    pub(crate) reads_tcp_routes: bool,
    /// `PILOT_DRAINING_LABEL`; empty switches it off.
    pub(crate) draining_label: Text,
    /// `PILOT_PERSISTENT_SESSION_LABEL`; empty switches it off.
    pub(crate) session_label: Text,
    /// `PILOT_PERSISTENT_SESSION_HEADER_LABEL`; empty switches it off.
    pub(crate) session_header_label: Text,
    /// `ISTIO_WATCH_NAMESPACE`; empty means all.
    pub(crate) watched_namespace: Text,
    /// `SHARED_MESH_CONFIG`; empty for none.
    pub(crate) shared_mesh_config: Text,
    /// `CLUSTER_ID`
    pub(crate) cluster: Text,
    /// `REVISION`; empty accepts any revision label.
    pub(crate) revision: Text,
    /// `--domain`
    pub(crate) domain: Text,
    /// Kinds that `PILOT_IGNORE_RESOURCES` leaves out.
    pub(crate) ignored: Vec<Kind>,
}

/// Kinds served through a CRD: those that `PILOT_IGNORE_RESOURCES` can leave out.
const CUSTOM_KINDS: &[Kind] = &[
    Kind::Sidecar,
    Kind::VirtualService,
    Kind::DestinationRule,
    Kind::ServiceEntry,
    Kind::WorkloadEntry,
    Kind::Gateway,
    Kind::EnvoyFilter,
    Kind::HTTPRoute,
    Kind::GRPCRoute,
    Kind::TCPRoute,
    Kind::TLSRoute,
];

impl Flags {
    /// The flags of this istiod, or the defaults of the release where no istiod is known.
    pub(crate) fn of(istiod: Option<&Istiod>, version: Version) -> Self {
        let env = |name: &str| istiod.and_then(|istiod| istiod.env.get(name));
        let text = |name: &str, default: &str| env(name).cloned().unwrap_or_else(|| Text::from(default));
        let flag = |name: &str, default: bool| env(name).and_then(|text| parse_bool(text)).unwrap_or(default);
        let non_empty = |name: &str, default: &str| {
            env(name)
                .filter(|value| !value.is_empty())
                .cloned()
                .unwrap_or_else(|| Text::from(default))
        };
        let ambient = flag("PILOT_ENABLE_AMBIENT", false);
        Self {
            unified_scope: version.is_at_least(24) && flag("PILOT_UNIFIED_SIDECAR_SCOPE", true),
            pick_best_namespace: version.is_at_least(30) && flag("PILOT_SIDECAR_PICK_BEST_SERVICE_NAMESPACE", true),
            auto_send_unhealthy: version.is_at_least(31) && flag("PILOT_AUTO_SEND_UNHEALTHY_ENDPOINTS", true),
            send_unhealthy: flag("PILOT_SEND_UNHEALTHY_ENDPOINTS", false),
            eds_for_headless: flag("PILOT_ENABLE_EDS_FOR_HEADLESS_SERVICES", false),
            dual_stack: flag("ISTIO_DUAL_STACK", false),
            enhanced_rule_merge: flag("ENABLE_ENHANCED_DESTINATIONRULE_MERGE", true),
            entries_select_pods: flag("PILOT_ENABLE_SERVICEENTRY_SELECT_PODS", true),
            services_select_workload_entries: flag("PILOT_ENABLE_K8S_SELECT_WORKLOAD_ENTRIES", true),
            workload_entry_health: flag("PILOT_ENABLE_WORKLOAD_ENTRY_HEALTHCHECKS", true),
            merge_inbound: flag("PILOT_ALLOW_SIDECAR_SERVICE_INBOUND_LISTENER_MERGE", false),
            redis_filter: flag("PILOT_ENABLE_REDIS_FILTER", false),
            filter_gateway_clusters: flag("PILOT_FILTER_GATEWAY_CLUSTER_CONFIG", false),
            scope_gateways: flag("PILOT_SCOPE_GATEWAY_TO_NAMESPACE", false),
            ambient,
            prefer_hbone: ambient && flag("PILOT_PREFER_SENDING_HBONE", false),
            gateway_api: flag("PILOT_ENABLE_GATEWAY_API", true),
            reads_tls_routes: version.is_at_least(31) || flag("PILOT_ENABLE_ALPHA_GATEWAY_API", false),
            reads_tcp_routes: !version.is_at_least(31) && flag("PILOT_ENABLE_ALPHA_GATEWAY_API", false),
            draining_label: text("PILOT_DRAINING_LABEL", "istio.io/draining"),
            session_label: text("PILOT_PERSISTENT_SESSION_LABEL", "istio.io/persistent-session"),
            session_header_label: text(
                "PILOT_PERSISTENT_SESSION_HEADER_LABEL",
                "istio.io/persistent-session-header",
            ),
            watched_namespace: text("ISTIO_WATCH_NAMESPACE", ""),
            shared_mesh_config: text("SHARED_MESH_CONFIG", ""),
            cluster: non_empty("CLUSTER_ID", "Kubernetes"),
            revision: text("REVISION", ""),
            domain: istiod
                .and_then(domain_of)
                .unwrap_or_else(|| Text::from("cluster.local")),
            ignored: ignored_kinds(
                &text("PILOT_IGNORE_RESOURCES", ""),
                &text("PILOT_INCLUDE_RESOURCES", ""),
            ),
        }
    }
}

/// Go's `strconv.ParseBool`; anything else leaves the default.
fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// `--domain X` or `--domain=X`.
fn domain_of(istiod: &Istiod) -> Option<Text> {
    let mut args = istiod.args.iter();
    while let Some(arg) = args.next() {
        if *arg == "--domain" {
            return args.next().cloned();
        }
        if let Some(domain) = arg.strip_prefix("--domain=") {
            return Some(Text::from(domain));
        }
    }
    None
}

/// istio: `pkg/kube/kclient/crdwatcher.go`, `filterPilotResources`.
fn ignored_kinds(ignore: &str, include: &str) -> Vec<Kind> {
    let matches = |kind: Kind, list: &str| {
        list.split(',')
            .map(str::trim)
            .any(|pattern| match pattern.strip_prefix("*.") {
                Some(suffix) => kind.plural().ends_with(suffix),
                None => kind.plural() == pattern,
            })
    };
    let ignored = |kind: &Kind| matches(*kind, ignore) && !matches(*kind, include);
    CUSTOM_KINDS.iter().copied().filter(ignored).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::model::Labels;

    #[test]
    fn env_beats_the_default_of_the_release_and_nonsense_does_not() {
        let istiod = Istiod {
            env: Labels::from([("ISTIO_DUAL_STACK", "true"), ("PILOT_UNIFIED_SIDECAR_SCOPE", "no")]),
            args: ["discovery", "--domain", "corp.local"].map(Text::from).into(),
            ..Istiod::default()
        };
        let flags = Flags::of(Some(&istiod), Version::JUDGED);
        assert!(flags.dual_stack && flags.unified_scope && flags.auto_send_unhealthy);
        assert_eq!(flags.domain, "corp.local");
        assert!(!Flags::of(None, Version { major: 1, minor: 30 }).auto_send_unhealthy);
    }

    #[test]
    fn a_suffix_pattern_ignores_all_kinds_of_a_group_but_the_included() {
        let ignored = ignored_kinds("*.istio.io", "sidecars.networking.istio.io");
        assert!(ignored.contains(&Kind::VirtualService) && !ignored.contains(&Kind::Sidecar));
        assert!(!ignored.contains(&Kind::HTTPRoute));
    }
}
