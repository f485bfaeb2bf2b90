//! Rows of Envoy's own static clusters, which are there before istiod says anything (scope rules §10.1).
//!
//! Ports and paths come from the proxy's config over the mesh's. istio:
//! `tools/packaging/common/envoy_bootstrap.json`, `pkg/bootstrap/config.go`.

use std::sync::Arc;

use crate::mesh::model::{Proxy, Text};

use super::host::is_ip;
use super::mesh_settings::lay_proxy_over;
use super::plane::Plane;
use super::proxy::ProxyFacts;
use super::reason::{Reason, Why};
use super::table::{Address, Class, Cluster, Health, Row};

const STATUS_PORT: u16 = 15020;
const CONFIG_PATH: &str = "./etc/istio/proxy";
const WORKLOAD_SOCKET: &str = "./var/run/secrets/workload-spiffe-uds/socket";

/// The rows of a proxy's bootstrap.
pub(crate) fn rows(plane: &Plane, proxy: &ProxyFacts) -> Vec<Row> {
    let config = lay_proxy_over(&plane.mesh.proxy, &proxy.container.config);
    let why = Arc::new(Why {
        chain: [Reason::Bootstrap].into(),
    });
    let loopback = Text::from(proxy.loopback());
    let path = config.config_path.unwrap_or_else(|| Text::from(CONFIG_PATH));
    let admin = Address::Socket(loopback.clone(), config.proxy_admin_port.unwrap_or(Proxy::ADMIN_PORT));
    let status = Address::Socket(loopback, config.status_port.unwrap_or(STATUS_PORT));
    let xds = Address::Pipe(Text::from(format!("{}/XDS", path.trim_end_matches('/'))));
    let fixed = [
        ("prometheus_stats", admin),
        ("agent", status),
        ("xds-grpc", xds),
        ("sds-grpc", Address::Pipe(Text::from(WORKLOAD_SOCKET))),
    ];
    let asked = [
        config.tracing,
        config
            .metrics_service
            .map(|address| (Text::from("envoy_metrics_service"), address)),
        config
            .access_log_service
            .map(|address| (Text::from("envoy_accesslog_service"), address)),
    ];
    let asked = asked
        .into_iter()
        .flatten()
        .filter_map(|(cluster, address)| Some((cluster, socket_of(&address)?)));
    let fixed = fixed
        .into_iter()
        .map(|(cluster, address)| (Text::from(cluster), address));
    fixed
        .chain(asked)
        .map(|(cluster, address)| row(cluster, address, &why))
        .collect()
}

/// An address that needs no DNS.
fn socket_of(address: &str) -> Option<Address> {
    let (host, port) = address.rsplit_once(':')?;
    let host = host.trim_matches(['[', ']']);
    is_ip(host).then_some(Address::Socket(Text::from(host), port.parse().ok()?))
}

fn row(cluster: Text, address: Address, why: &Arc<Why>) -> Row {
    Row {
        address,
        health: Health::Healthy,
        cluster: Arc::new(Cluster::Named(cluster)),
        class: Class::Bootstrap,
        why: Arc::clone(why),
        backend: Arc::default(),
    }
}
