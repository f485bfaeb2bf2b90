//! Rows that the `ingress` of a Sidecar asks for: one cluster an entry, by its `defaultEndpoint`.
//!
//! istio: `pilot/pkg/networking/core/cluster.go`, `buildInboundClustersFromSidecar`.

use super::targets::ServiceTarget;
use super::{row, socket};
use crate::mesh::model::{Sidecar, Text};
use crate::mesh::scope::gateways::Patches;
use crate::mesh::scope::host::parse_ip;
use crate::mesh::scope::proxy::ProxyFacts;
use crate::mesh::scope::reason::Reason;
use crate::mesh::scope::table::{Address, Row};

const UNIX: &str = "unix://";

/// Adds the rows; of two clusters of one name the first stays.
pub(super) fn ingress_rows(
    sidecar: &Sidecar,
    proxy: &ProxyFacts,
    patches: &Patches,
    targets: &[ServiceTarget],
    rows: &mut Vec<Row>,
) {
    let mut seen: Vec<u32> = Vec::new();
    for (index, listener) in sidecar.ingress.iter().enumerate() {
        let port = listener.port.number;
        let Some(endpoint) = endpoint_of(&listener.default_endpoint, proxy) else {
            continue;
        };
        if seen.contains(&port) {
            continue;
        }
        seen.push(port);
        let Endpoint::At(address) = endpoint else {
            continue;
        };
        let reason = Reason::Ingress {
            sidecar: sidecar.meta.key.clone(),
            listener: index,
        };
        let own = targets
            .iter()
            .find(|target| target.port == port)
            .map(|target| target.host.clone());
        let key = &sidecar.meta.key;
        let host = own.unwrap_or_else(|| Text::from(format!("{}.{}", key.name, proxy.namespace())));
        rows.extend(row(port, address, reason, patches, &[host]));
    }
}

/// Where an ingress listener sends.
enum Endpoint {
    /// Where the client meant to go: no row of its own.
    Original,
    /// There.
    At(Address),
}

/// `None` for a text that istiod cannot read: the entry is skipped.
fn endpoint_of(text: &Text, proxy: &ProxyFacts) -> Option<Endpoint> {
    if let Some(path) = text.strip_prefix(UNIX) {
        return Some(Endpoint::At(Address::Pipe(Text::from(path))));
    }
    if text.is_empty() {
        return Some(Endpoint::Original);
    }
    let (host, port) = split_host_port(text)?;
    let port: u32 = port.parse().ok()?;
    let first = |is_v4: bool, otherwise: &'static str| {
        let mut ips = proxy
            .ips
            .iter()
            .filter(|ip| parse_ip(ip).is_some_and(|ip| ip.is_ipv4() == is_v4));
        ips.next().cloned().unwrap_or_else(|| Text::from(otherwise))
    };
    let ip = match host {
        "0.0.0.0" => first(true, "127.0.0.1"),
        "::" => first(false, "::1"),
        "127.0.0.1" => Text::from(if proxy.has_ipv4() || !proxy.has_ipv6() {
            "127.0.0.1"
        } else {
            "::1"
        }),
        "::1" => Text::from(if proxy.has_ipv6() { "::1" } else { "127.0.0.1" }),
        _ => return Some(Endpoint::Original),
    };
    Some(Endpoint::At(socket(ip, port)))
}

/// Go's `net.SplitHostPort`, for the texts that matter: `host:port` or `[host]:port`.
fn split_host_port(text: &str) -> Option<(&str, &str)> {
    let (host, port) = text.rsplit_once(':')?;
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']')?,
        None if host.contains(':') => return None,
        None => host,
    };
    let has_bracket = |part: &str| part.contains(['[', ']']);
    (!port.is_empty() && !has_bracket(host) && !has_bracket(port)).then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::split_host_port;

    #[test]
    fn addresses_are_split_as_go_splits_them() {
        assert_eq!(split_host_port("127.0.0.1:80"), Some(("127.0.0.1", "80")));
        assert_eq!(split_host_port("[::1]:80"), Some(("::1", "80")));
        assert_eq!(split_host_port("::1:80"), None);
        assert_eq!(split_host_port("80"), None);
        assert_eq!(split_host_port("a:"), None);
    }
}
