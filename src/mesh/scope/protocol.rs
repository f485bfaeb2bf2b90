//! The protocol of a service port, as istiod reads it from names and `appProtocol`.
//!
//! Rows only depend on UDP (no cluster), on Redis and on what a dynamic forward proxy can serve. istio:
//! `pkg/config/protocol/instance.go`, `pkg/config/kube/conversion.go`.

use crate::mesh::model::ServicePort;

/// istio's `protocol.Instance`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Protocol {
    /// `tcp`
    Tcp,
    /// `udp`: such a port gets no cluster.
    Udp,
    /// `grpc`
    Grpc,
    /// `grpc-web`
    GrpcWeb,
    /// `http`
    Http,
    /// `http_proxy`
    HttpProxy,
    /// `http2`
    Http2,
    /// `https`
    Https,
    /// `tls`
    Tls,
    /// `mongo`
    Mongo,
    /// `redis`
    Redis,
    /// `mysql`
    MySql,
    /// Anything else: it is then found out from the traffic.
    Unsupported,
}

const NAMES: &[(&str, Protocol)] = &[
    ("tcp", Protocol::Tcp),
    ("udp", Protocol::Udp),
    ("grpc", Protocol::Grpc),
    ("grpc-web", Protocol::GrpcWeb),
    ("http", Protocol::Http),
    ("http_proxy", Protocol::HttpProxy),
    ("http2", Protocol::Http2),
    ("https", Protocol::Https),
    ("tls", Protocol::Tls),
    ("mongo", Protocol::Mongo),
    ("redis", Protocol::Redis),
    ("mysql", Protocol::MySql),
];

/// Ports that are TCP unless their name says otherwise: SMTP, DNS, `MySQL`, `MongoDB`.
const WELL_KNOWN_TCP: &[u16] = &[25, 53, 3306, 27017];

impl Protocol {
    /// The protocol of this name, in any case.
    pub(crate) fn parse(text: &str) -> Self {
        let known = NAMES.iter().find(|(name, _)| text.eq_ignore_ascii_case(name));
        known.map_or(Protocol::Unsupported, |(_, protocol)| *protocol)
    }

    /// The protocol of a port of a Kubernetes Service.
    pub(crate) fn of(port: &ServicePort) -> Self {
        if port.protocol == "UDP" {
            return Protocol::Udp;
        }
        let text = match &port.app_protocol {
            Some(text) => match text.as_str() {
                "kubernetes.io/h2c" => return Protocol::Http2,
                "kubernetes.io/ws" => return Protocol::Http,
                "kubernetes.io/wss" => return Protocol::Https,
                other => other,
            },
            None => port.name.as_str(),
        };
        let grpc_web = text.get(.."grpc-web".len());
        if grpc_web.is_some_and(|start| start.eq_ignore_ascii_case("grpc-web")) {
            return Protocol::GrpcWeb;
        }
        let prefix = text.split_once('-').map_or(text, |(prefix, _)| prefix);
        let protocol = Self::parse(prefix);
        if protocol == Protocol::Unsupported && WELL_KNOWN_TCP.contains(&port.number) {
            Protocol::Tcp
        } else {
            protocol
        }
    }

    /// Whether a dynamic forward proxy can serve it.
    pub(crate) fn is_forwardable(self) -> bool {
        matches!(self, Protocol::Http | Protocol::Tls | Protocol::Grpc | Protocol::Http2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::model::Text;

    fn of(name: &str, app_protocol: Option<&str>, number: u16) -> Protocol {
        Protocol::of(&ServicePort {
            name: name.into(),
            number,
            protocol: "TCP".into(),
            app_protocol: app_protocol.map(Text::from),
            target: None,
            node_port: 0,
        })
    }

    #[test]
    fn app_protocol_beats_the_name_and_the_prefix_counts() {
        assert_eq!(of("http-web", None, 80), Protocol::Http);
        assert_eq!(of("http-web", Some("tcp"), 80), Protocol::Tcp);
        assert_eq!(of("GRPC-Web-x", None, 80), Protocol::GrpcWeb);
        assert_eq!(of("web", None, 80), Protocol::Unsupported);
        assert_eq!(of("web", None, 53), Protocol::Tcp);
        assert_eq!(of("udp-x", None, 80), Protocol::Udp, "even on a TCP port");
        assert_eq!(of("x", Some("kubernetes.io/h2c"), 80), Protocol::Http2);
    }
}
