//! `/clusters?format=json`: clusters and their hosts.
//!
//! Envoy: `api/envoy/admin/v3/clusters.proto`. Proto-JSON leaves out what has its default; a field that is strange is
//! taken as left out.

use serde::Deserialize;

use crate::mesh::model::{Interner, Text};

/// One host of one cluster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Host {
    /// The cluster's name.
    pub cluster: Text,
    /// Where it is.
    pub endpoint: Endpoint,
    /// `eds_health_status`, such as `HEALTHY`; `HEALTHY` where Envoy leaves it out.
    pub health: Text,
    /// `failed_outlier_check`.
    pub ejected: bool,
}

/// Where a host is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Endpoint {
    /// IP and port.
    Socket(Text, u16),
    /// A Unix domain socket.
    Pipe(Text),
    /// An internal listener: its name and endpoint id.
    Internal(Text, Text),
}

/// All hosts of the answer, in its order (which differs from one answer to the next).
///
/// # Errors
/// It is no JSON of clusters; the place where it stops being one.
pub fn parse(answer: &[u8]) -> Result<Vec<Host>, serde_json::Error> {
    let answer: Clusters<'_> = serde_json::from_slice(answer)?;
    let mut interner = Interner::default();
    let mut hosts = Vec::new();
    for cluster in answer.cluster_statuses {
        let name = interner.text(&cluster.name);
        for host in cluster.host_statuses {
            let Some(endpoint) = host.address.and_then(|address| address.endpoint(&mut interner)) else {
                continue;
            };
            let health = host.health_status.unwrap_or_default();
            hosts.push(Host {
                cluster: name.clone(),
                endpoint,
                health: interner.text(health.eds_health_status.as_deref().unwrap_or("HEALTHY")),
                ejected: health.failed_outlier_check,
            });
        }
    }
    Ok(hosts)
}

#[derive(Deserialize)]
struct Clusters<'a> {
    #[serde(borrow, default)]
    cluster_statuses: Vec<ClusterStatus<'a>>,
}

#[derive(Deserialize)]
struct ClusterStatus<'a> {
    #[serde(borrow, default)]
    name: std::borrow::Cow<'a, str>,
    #[serde(borrow, default)]
    host_statuses: Vec<HostStatus<'a>>,
}

#[derive(Deserialize)]
struct HostStatus<'a> {
    #[serde(borrow, default)]
    address: Option<Address<'a>>,
    #[serde(borrow, default)]
    health_status: Option<HealthStatus<'a>>,
}

#[derive(Deserialize, Default)]
struct HealthStatus<'a> {
    #[serde(borrow, default)]
    eds_health_status: Option<std::borrow::Cow<'a, str>>,
    #[serde(default)]
    failed_outlier_check: bool,
}

#[derive(Deserialize)]
struct Address<'a> {
    #[serde(borrow, default)]
    socket_address: Option<SocketAddress<'a>>,
    #[serde(borrow, default)]
    pipe: Option<Pipe<'a>>,
    #[serde(borrow, default)]
    envoy_internal_address: Option<InternalAddress<'a>>,
}

#[derive(Deserialize)]
struct SocketAddress<'a> {
    #[serde(borrow, default)]
    address: std::borrow::Cow<'a, str>,
    #[serde(default)]
    port_value: u16,
}

#[derive(Deserialize)]
struct Pipe<'a> {
    #[serde(borrow, default)]
    path: std::borrow::Cow<'a, str>,
}

#[derive(Deserialize)]
struct InternalAddress<'a> {
    #[serde(borrow, default)]
    server_listener_name: std::borrow::Cow<'a, str>,
    #[serde(borrow, default)]
    endpoint_id: std::borrow::Cow<'a, str>,
}

impl Address<'_> {
    fn endpoint(self, interner: &mut Interner) -> Option<Endpoint> {
        if let Some(socket) = self.socket_address {
            return Some(Endpoint::Socket(interner.text(&socket.address), socket.port_value));
        }
        if let Some(pipe) = self.pipe {
            return Some(Endpoint::Pipe(interner.text(&pipe.path)));
        }
        let internal = self.envoy_internal_address?;
        let (listener, id) = (&internal.server_listener_name, &internal.endpoint_id);
        Some(Endpoint::Internal(interner.text(listener), interner.text(id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_every_kind_of_address_are_read_with_envoys_defaults() {
        let answer = br#"{"cluster_statuses":[
            {"name":"outbound|9080||reviews.bookinfo.svc.cluster.local","added_via_api":true,"host_statuses":[
                {"address":{"socket_address":{"address":"10.244.2.31","port_value":9080}},
                 "stats":[{"name":"cx_total","type":"COUNTER"}],
                 "health_status":{"eds_health_status":"UNHEALTHY","failed_outlier_check":true},"weight":1},
                {"address":{"envoy_internal_address":{"server_listener_name":"connect_originate","endpoint_id":"10.0.0.1:80"}}}]},
            {"name":"xds-grpc","host_statuses":[{"address":{"pipe":{"path":"./etc/istio/proxy/XDS"}}},{"weight":3}]},
            {"name":"BlackHoleCluster"}]}"#;
        let hosts = parse(answer).unwrap();
        assert_eq!(hosts.len(), 3, "a host without an address is none");
        assert_eq!(hosts[0].endpoint, Endpoint::Socket("10.244.2.31".into(), 9080));
        assert!(hosts[0].ejected && hosts[0].health == "UNHEALTHY");
        assert_eq!(
            hosts[1].endpoint,
            Endpoint::Internal("connect_originate".into(), "10.0.0.1:80".into())
        );
        assert_eq!(hosts[2].endpoint, Endpoint::Pipe("./etc/istio/proxy/XDS".into()));
        assert!(hosts[2].health == "HEALTHY" && !hosts[2].ejected);
    }

    #[test]
    fn half_an_answer_is_an_error() {
        assert!(parse(br#"{"cluster_statuses":[{"name":"a","#).is_err());
        assert!(parse(b"upstream connect error").is_err());
    }
}
