//! The table of lints. A new one is a row here, a check, and a file under `tests/cases/lint`.
//!
//! Codes are given once. Scope rules in brackets where the reason is not plain; in the fourth place the message of
//! `istioctl analyze` that finds the same (`pkg/config/analysis/msg/messages.yaml`).

use super::{Level, Lint, entries, listeners, pods, routes, rules, services, sidecars};
use crate::mesh::model::Kind;

macro_rules! lints {
    ($($code:ident $level:ident [$($need:ident)*] $analyzer:literal $check:path:
        $finds:literal => $follows:literal, $remedy:literal;)*) => {
        /// Every lint, by code.
        pub static LINTS: &[Lint] = &[$(Lint {
            code: stringify!($code),
            level: Level::$level,
            analyzer: $analyzer,
            needs: &[$(Kind::$need),*],
            finds: $finds,
            follows: $follows,
            remedy: $remedy,
            check: $check,
        }),*];
    };
}

lints! {
    // Sidecars: which governs
    SC001 Warning [Pod] "" sidecars::shadowed:
        "a Sidecar that fits pods and governs none of them" =>
        "istiod takes one with a selector before one without, of alike ones the oldest, and merges nothing: this one does nothing", "merge the Sidecars into one, or make their selectors differ";
    SC002 Error [Pod] "IST0110" sidecars::conflicting_selectors:
        "several Sidecars with selectors that fit one pod" =>
        "only the oldest of them counts for the pod", "make the selectors differ";
    SC003 Error [] "IST0111" sidecars::several_defaults:
        "several Sidecars without a selector in one namespace" =>
        "only the oldest of them counts", "keep one";
    SC004 Warning [] "IST0133" sidecars::empty_selector:
        "a workloadSelector without labels" =>
        "it fits every pod of its namespace, goes before any default, and is never the default of the mesh", "take workloadSelector away, or give it labels";
    SC005 Warning [Pod] "IST0101" sidecars::selects_nothing:
        "a selector that fits no pod of its namespace" =>
        "the Sidecar does nothing", "compare the labels with 'kubectl get pods --show-labels'";
    SC006 Warning [] "" sidecars::root_selector:
        "a Sidecar with a selector in the root namespace" =>
        "it governs pods of the root namespace only, not those of the mesh", "move it to the namespace of the pods";
    SC007 Warning [] "IST0106" sidecars::empty_spec:
        "a Sidecar with an empty spec" =>
        "it imports everything, and hides the default of the mesh", "say what it is to import, or delete it";
    SC008 Warning [] "IST0167" sidecars::ambient:
        "a Sidecar for pods in ambient mode" =>
        "those pods have no sidecar, and no Sidecar counts for them", "delete it, or take the pods out of ambient mode";
    SC009 Warning [Istiod] "" sidecars::revision:
        "an object whose label istio.io/rev is no revision of any istiod" =>
        "every istiod passes it over (tags are not resolved here)", "use the revision that istiod runs, or take the label away";
    // Sidecars: what they import
    SC010 Warning [Service] "" listeners::matches_nothing:
        "a host of an egress listener that lets nothing in" =>
        "the line does nothing", "correct it, or take it out";
    SC011 Error [] "IST0106" listeners::unreadable:
        "a host that is not NAMESPACE/DNSNAME" =>
        "istiod passes the line over", "write it as NAMESPACE/DNSNAME, such as ./*";
    SC012 Warning [] "IST0106" listeners::literal_names:
        "a short name or a partial wildcard as host" =>
        "names are taken as they stand: the newer webhook refuses it, and a short name fits no Kubernetes Service", "write the name in full, such as ./reviews.bookinfo.svc.cluster.local";
    SC013 Warning [Service] "" listeners::excluded:
        "a host that an exclusion (~) of the same listener takes away again" =>
        "the line lets nothing in", "take out the line or the exclusion";
    SC014 Warning [Service] "" listeners::control_plane:
        "no service of the root namespace is imported, although it has some" =>
        "telemetry, tracing and whatever else runs there cannot be reached by name", "add the host 'istio-system/*' (your root namespace)";
    SC015 Error [] "IST0106" listeners::port_less_not_last:
        "an egress listener without a port that is not the only one or the last" =>
        "the webhook refuses it; which listener counts for a port is not what it seems", "put the listener without a port last, and have one only";
    SC016 Warning [] "IST0106" listeners::no_hosts:
        "an egress listener without hosts" =>
        "it imports nothing; the webhook refuses it", "name its hosts, or take the listener away";
    SC017 Error [] "IST0106" listeners::doubled_ports:
        "two listeners with one port and bind" =>
        "the webhook refuses it, and Envoy cannot bind twice", "merge the listeners";
    SC018 Error [] "IST0106" listeners::bad_bind:
        "a bind that is neither an IP address nor unix://PATH" =>
        "the proxy refuses the listener", "use an address of the pod, 0.0.0.0 or unix:///PATH";
    SC019 Error [] "IST0106" listeners::bad_default_endpoint:
        "a defaultEndpoint that istiod does not take" =>
        "requests are not sent where it says", "use 127.0.0.1:PORT, 0.0.0.0:PORT, [::1]:PORT, [::]:PORT or unix:///PATH";
    SC020 Error [] "IST0106" listeners::dynamic_dns:
        "outboundTrafficPolicy ALLOW_ANY_DYNAMIC_DNS in a Sidecar" =>
        "the webhook refuses it here: it is for the mesh config", "use ALLOW_ANY or REGISTRY_ONLY";
    SC021 Warning [] "IST0133" listeners::doubled_hosts:
        "a host that stands twice in one listener" =>
        "the second line does nothing", "take it out";
    SC022 Warning [] "IST0133" listeners::beside_everything:
        "hosts beside '*/*'" =>
        "'*/*' imports all that they do", "take '*/*' out, or the others";
    // Services
    SC030 Error [] "" services::one_number_twice:
        "two ports of one number that both get a cluster, such as TCP and SCTP [§21.9]" =>
        "istiod sends two clusters of one name, and every Envoy that is told of it refuses the whole update and stays as it was", "give the ports different numbers, or hide the service from the mesh with exportTo";
    SC031 Info [] "" services::udp_first:
        "UDP before TCP of the same number [§4.4, §21.16]" =>
        "an egress listener for this port imports only the UDP one, and WorkloadEntries are no endpoints of the TCP one", "list TCP first";
    SC032 Warning [] "" services::mixed_export:
        "exportTo that holds ~ beside others [§21.3]" =>
        "whether its endpoints are known depends on past events", "use ~ alone, or without it";
    SC033 Info [] "IST0118" services::port_name:
        "a port whose protocol cannot be told from its name or appProtocol" =>
        "the proxy guesses the protocol from the first bytes", "name the port PROTOCOL[-SUFFIX], or set appProtocol";
    SC034 Warning [] "IST0150" services::external_name_port:
        "a port of an ExternalName Service without a protocol in its name" =>
        "it is served as TCP, and may catch the traffic of other services on this port", "name the port PROTOCOL[-SUFFIX]";
    SC035 Warning [] "" services::slices_differ:
        "two EndpointSlices that list one address and port name differently [§21.6]" =>
        "istiod keeps either, by chance", "let one controller write the slices of a Service";
    SC036 Warning [Pod] "IST0116" services::protocols_of_a_port:
        "a workload behind several Services with one port and different protocols" =>
        "the inbound listener can serve only one of them", "use one protocol, or different ports";
    SC037 Warning [Pod] "IST0137" services::ports_of_a_target:
        "a workload behind several Services that lead different ports to one targetPort" =>
        "the inbound listener is told of one of them", "use one port for one targetPort";
    // ServiceEntries
    SC040 Error [] "" entries::crashes_istiod:
        "a DNS ServiceEntry with several localities and failoverPriority or traffic distribution [§21.2]" =>
        "istiod panics (index out of range) and dies, for the whole mesh", "use one locality, or resolution STATIC, or take failoverPriority away";
    SC041 Warning [] "" entries::order_by_chance:
        "ServiceEntries of one host, namespace and creation second [§21.4]" =>
        "which of them counts is decided by chance, anew at each start of istiod", "merge them, or create them apart";
    SC042 Warning [] "IST0134" entries::no_address:
        "a TCP port of a ServiceEntry without addresses" =>
        "its traffic cannot be told from other traffic on this port", "set addresses, or a protocol with names (HTTP, TLS)";
    SC043 Warning [] "IST0177" entries::protocols_differ:
        "ServiceEntries of one host and port with different protocols" =>
        "the protocol of the first counts for all", "use one protocol";
    SC044 Warning [] "" entries::no_valid_address:
        "a ServiceEntry all of whose addresses are invalid [§2.2]" =>
        "istiod has no service for its hosts", "correct the addresses";
    // DestinationRules
    SC050 Warning [] "" rules::hides_the_owners:
        "a DestinationRule that hides one of the service's own namespace [§6.2]" =>
        "clients here lose the subsets and policies of the other: nothing is merged across namespaces", "repeat them here, or narrow its host";
    SC051 Warning [Service] "IST0174" rules::unknown_host:
        "a DestinationRule whose host is no service" =>
        "it does nothing", "correct the host; short names are looked for in the rule's own namespace";
    SC052 Error [Pod] "IST0173" rules::empty_subset:
        "a subset whose labels fit no endpoint of the service" =>
        "what is sent to it gets 503: its cluster has no endpoint", "compare the labels with those of the pods";
    SC053 Warning [] "" rules::swallowed:
        "a private DestinationRule of the same host as one with a selector [§6.1]" =>
        "it is folded into the one with the selector: pods that the selector does not fit have no rule", "take exportTo '.' away";
    // VirtualServices and routes
    SC060 Warning [] "" routes::out_of_scope:
        "a destination that proxies which follow the route do not have in scope" =>
        "what is sent there gets 503", "export the destination to them, or mend its port";
    SC061 Error [Service] "IST0101" routes::unknown_host:
        "a destination or mirror whose host is no service" =>
        "what is sent there gets 503", "correct the host; short names are looked for in the VirtualService's own namespace";
    SC062 Error [Service] "IST0101" routes::unknown_subset:
        "a destination's subset that no DestinationRule of its host has" =>
        "what is sent there gets 503", "add the subset, or take it out of the route";
    SC063 Warning [] "IST0112" routes::no_port:
        "a destination without a port on a service with several ports" =>
        "which port is meant is not said: the request's own is tried", "set destination.port.number";
    SC064 Error [] "IST0109" routes::doubled_host:
        "several VirtualServices of the mesh with one host" =>
        "sidecars follow the oldest only", "merge them, or export them to different namespaces";
    SC065 Error [] "IST0101" routes::unknown_gateway:
        "a VirtualService for a Gateway that is not there" =>
        "no gateway serves it", "correct the name: NAMESPACE/NAME";
    SC066 Warning [] "IST0132" routes::host_not_in_gateway:
        "a host that none of the VirtualService's Gateways serves" =>
        "requests for it are not taken", "add the host to the Gateway";
    SC067 Warning [] "IST0130" routes::unreachable:
        "a route behind one that takes every request" =>
        "it is never used", "put it before, or take it out";
    SC068 Info [] "IST0131" routes::ineffective:
        "a match that stands in an earlier route too" =>
        "it is never used", "take it out";
    SC069 Warning [] "" routes::no_delegate:
        "a delegate that is not there, has hosts, or is not exported to the root VirtualService [§5.1]" =>
        "the route does not exist", "create or export the delegate";
    SC070 Error [Service] "IST0101" routes::unknown_port:
        "a destination's port that the service does not have [§5.3]" =>
        "what is sent there gets 503, and the route does not bring the service into scope", "correct the port";
    // pods
    SC080 Warning [Namespace] "IST0103" pods::no_proxy:
        "a pod without a sidecar where they are injected" =>
        "no Sidecar governs it", "restart it: pods are injected when they are created";
    SC081 Info [Namespace] "IST0102" pods::not_injected:
        "a namespace with pods in which no sidecars are injected" =>
        "no Sidecar governs them", "label it istio-injection=enabled, or disabled if that is meant";
    SC082 Info [] "" pods::gateway_among_sidecars:
        "a gateway in a namespace with sidecars that no Sidecar governs [§21.5]" =>
        "it may get the scope of the sidecars instead of its own, depending on who connected first", "give gateways a namespace of their own";
}
