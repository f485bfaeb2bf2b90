//! `/clusters?format=json`: clusters and their hosts.
//!
//! Envoy: `api/envoy/admin/v3/clusters.proto`. Proto-JSON leaves out what has its default; a value of the wrong type is
//! taken as left out ([`super::lax`]). Read in one pass: no tree, and nothing of a host beside its row.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::lax::{Number, Word, Yes};
use crate::mesh::model::{HostCounters, HostFault, Interner, Text, brief};

/// No Envoy holds more; more is not an answer but an accident.
const MOST_HOSTS: usize = 500_000;

/// One host of one cluster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Host {
    /// The cluster's name.
    pub cluster: Text,
    /// Where it is.
    pub endpoint: Endpoint,
    /// `eds_health_status`, such as `HEALTHY`; `UNKNOWN`, its default, where Envoy leaves it out.
    pub health: Text,
    /// `failed_outlier_check`.
    pub ejected: bool,
    /// What else keeps it from getting traffic, in the order of [`HostFault`].
    pub faults: Arc<[HostFault]>,
    /// `weight`; 0 where Envoy leaves it out.
    pub weight: u32,
    /// `priority`; 0 is the first.
    pub priority: u32,
    /// `locality`: region, zone, sub-zone; empty where left out.
    pub locality: [Text; 3],
    /// `hostname`; empty for all but DNS clusters.
    pub hostname: Text,
    /// What it counted since Envoy learnt of it.
    pub counters: HostCounters,
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

/// All hosts of the answer, in its order (which differs from one answer to the next). Hosts without an address are
/// left out.
///
/// # Errors
/// It is no JSON of clusters, or it stops half-way; the text names the place.
pub fn parse(answer: &[u8]) -> Result<Vec<Host>, serde_json::Error> {
    // serde repeats a text that stands where none can be, however long
    parse_at_most(answer, MOST_HOSTS).map_err(|error| Error::custom(brief(&error.to_string())))
}

fn parse_at_most(answer: &[u8], most: usize) -> Result<Vec<Host>, serde_json::Error> {
    let mut into = Rows {
        most,
        ..Rows::default()
    };
    let mut deserializer = serde_json::Deserializer::from_slice(answer);
    Fields(&mut into, Level::Answer).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(into.hosts)
}

#[derive(Default)]
struct Rows {
    interner: Interner,
    hosts: Vec<Host>,
    most: usize,
    no_faults: Arc<[HostFault]>,
}

/// The objects that hold lists of others.
#[derive(Clone, Copy)]
enum Level {
    Answer,
    Cluster,
}

impl Level {
    fn list(self) -> &'static str {
        match self {
            Level::Answer => "cluster_statuses",
            Level::Cluster => "host_statuses",
        }
    }
}

/// Reads the answer, or one cluster of it. Its name may come after its hosts, so they get it at the end.
struct Fields<'r>(&'r mut Rows, Level);

impl<'de> DeserializeSeed<'de> for Fields<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Envoy's clusters")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let Fields(rows, level) = self;
        let first = rows.hosts.len();
        let mut name = Text::default();
        while let Some(field) = fields.next_key::<Word<'de>>()? {
            if &*field == level.list() {
                fields.next_value_seed(List(&mut *rows, level))?;
            } else if &*field == "name" {
                name = rows.interner.text(&fields.next_value::<Word<'de>>()?);
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        if matches!(level, Level::Cluster) {
            for host in rows.hosts.iter_mut().skip(first) {
                host.cluster = name.clone();
            }
        }
        Ok(())
    }
}

/// Reads the clusters of the answer, or the hosts of a cluster.
struct List<'r>(&'r mut Rows, Level);

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let List(rows, level) = self;
        match level {
            Level::Answer => while items.next_element_seed(Fields(&mut *rows, Level::Cluster))?.is_some() {},
            Level::Cluster => {
                while let Some(host) = items.next_element::<HostStatus<'de>>()? {
                    if rows.hosts.len() == rows.most {
                        return Err(A::Error::custom(format_args!("more than {} hosts", rows.most)));
                    }
                    rows.push(&host);
                }
            }
        }
        Ok(())
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct HostStatus<'a> {
    #[serde(borrow)]
    address: Option<Address<'a>>,
    #[serde(borrow)]
    health_status: Option<HealthStatus<'a>>,
    #[serde(borrow)]
    stats: Option<Vec<Stat<'a>>>,
    weight: Number,
    priority: Number,
    #[serde(borrow)]
    locality: Option<Locality<'a>>,
    #[serde(borrow)]
    hostname: Word<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct HealthStatus<'a> {
    #[serde(borrow)]
    eds_health_status: Word<'a>,
    failed_outlier_check: Yes,
    failed_active_health_check: Yes,
    failed_active_degraded_check: Yes,
    pending_dynamic_removal: Yes,
    pending_active_hc: Yes,
    excluded_via_immediate_hc_fail: Yes,
    active_hc_timeout: Yes,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Stat<'a> {
    #[serde(borrow)]
    name: Word<'a>,
    value: Number,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Locality<'a> {
    #[serde(borrow)]
    region: Word<'a>,
    #[serde(borrow)]
    zone: Word<'a>,
    #[serde(borrow)]
    sub_zone: Word<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Address<'a> {
    #[serde(borrow)]
    socket_address: Option<SocketAddress<'a>>,
    #[serde(borrow)]
    pipe: Option<Pipe<'a>>,
    #[serde(borrow)]
    envoy_internal_address: Option<InternalAddress<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SocketAddress<'a> {
    #[serde(borrow)]
    address: Word<'a>,
    port_value: Number,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Pipe<'a> {
    #[serde(borrow)]
    path: Word<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct InternalAddress<'a> {
    #[serde(borrow)]
    server_listener_name: Word<'a>,
    #[serde(borrow)]
    endpoint_id: Word<'a>,
}

impl Rows {
    fn push(&mut self, host: &HostStatus<'_>) {
        let interner = &mut self.interner;
        let Some(endpoint) = host.address.as_ref().and_then(|address| address.endpoint(interner)) else {
            return;
        };
        let health = host.health_status.as_ref();
        let word = health.map_or("", |health| &health.eds_health_status);
        let locality = host.locality.as_ref();
        let parts = locality.map_or([""; 3], |parts| [&*parts.region, &*parts.zone, &*parts.sub_zone]);
        let row = Host {
            cluster: Text::default(),
            endpoint,
            health: interner.text(if word.is_empty() { "UNKNOWN" } else { word }),
            ejected: health.is_some_and(|health| health.failed_outlier_check.0),
            faults: match health.map(HealthStatus::faults) {
                Some(faults) if !faults.is_empty() => faults.into(),
                Some(_) | None => Arc::clone(&self.no_faults),
            },
            weight: host.weight.small(),
            priority: host.priority.small(),
            locality: parts.map(|part| interner.text(part)),
            hostname: interner.text(&host.hostname),
            counters: counters(host.stats.as_deref().unwrap_or_default()),
        };
        self.hosts.push(row);
    }
}

impl HealthStatus<'_> {
    fn faults(&self) -> Vec<HostFault> {
        let all = [
            (self.failed_active_health_check, HostFault::FailedActiveHealthCheck),
            (self.failed_active_degraded_check, HostFault::FailedActiveDegradedCheck),
            (self.pending_dynamic_removal, HostFault::PendingDynamicRemoval),
            (self.pending_active_hc, HostFault::PendingActiveHealthCheck),
            (self.excluded_via_immediate_hc_fail, HostFault::ExcludedViaImmediateFail),
            (self.active_hc_timeout, HostFault::ActiveHealthCheckTimeout),
        ];
        all.into_iter().filter(|(is, _)| is.0).map(|(_, fault)| fault).collect()
    }
}

fn counters(stats: &[Stat<'_>]) -> HostCounters {
    let mut counters = HostCounters::default();
    for stat in stats {
        let counter = match &*stat.name {
            "cx_active" => &mut counters.cx_active,
            "cx_total" => &mut counters.cx_total,
            "cx_connect_fail" => &mut counters.cx_connect_fail,
            "rq_active" => &mut counters.rq_active,
            "rq_total" => &mut counters.rq_total,
            "rq_success" => &mut counters.rq_success,
            "rq_error" => &mut counters.rq_error,
            "rq_timeout" => &mut counters.rq_timeout,
            _ => continue,
        };
        *counter = stat.value.0;
    }
    counters
}

impl Address<'_> {
    fn endpoint(&self, interner: &mut Interner) -> Option<Endpoint> {
        if let Some(socket) = &self.socket_address {
            let port = u16::try_from(socket.port_value.0).unwrap_or_default();
            return Some(Endpoint::Socket(interner.text(&socket.address), port));
        }
        if let Some(pipe) = &self.pipe {
            return Some(Endpoint::Pipe(interner.text(&pipe.path)));
        }
        let internal = self.envoy_internal_address.as_ref()?;
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
        assert!(hosts[2].health == "UNKNOWN" && !hosts[2].ejected);
    }

    #[test]
    fn no_more_hosts_are_held_than_any_envoy_has() {
        let host = r#"{"address":{"socket_address":{"address":"10.0.0.1","port_value":80}}}"#;
        let answer = format!(r#"{{"cluster_statuses":[{{"name":"a","host_statuses":[{host},{host},{host}]}}]}}"#);
        assert_eq!(parse_at_most(answer.as_bytes(), 3).unwrap().len(), 3);
        let refused = parse_at_most(answer.as_bytes(), 2).unwrap_err();
        assert!(refused.to_string().starts_with("more than 2 hosts"), "{refused}");
    }

    #[test]
    fn half_an_answer_is_an_error() {
        assert!(parse(br#"{"cluster_statuses":[{"name":"a","#).is_err());
        assert!(parse(b"upstream connect error").is_err());
    }

    #[test]
    fn counters_weight_priority_locality_and_faults_are_read() {
        let answer = br#"{"cluster_statuses":[{"host_statuses":[{
            "address":{"socket_address":{"address":"10.0.0.1","port_value":80}},
            "stats":[{"type":"COUNTER","name":"rq_total","value":"18446744073709551615"},{"name":"rq_error","value":7},
                {"name":"cx_total"},{"name":"unheard_of","value":"1"},{"name":"cx_active","value":"3","type":"GAUGE"}],
            "health_status":{"failed_active_health_check":true,"active_hc_timeout":true,"failed_outlier_check":"odd"},
            "weight":3,"priority":1,"hostname":"db.test","locality":{"region":"r","zone":"z"}}],"name":"after"}]}"#;
        let hosts = parse(answer).unwrap();
        let host = &hosts[0];
        assert_eq!(host.cluster, "after", "a name that comes after the hosts is theirs too");
        let counters = HostCounters {
            rq_total: u64::MAX,
            rq_error: 7,
            cx_active: 3,
            ..HostCounters::default()
        };
        assert_eq!(host.counters, counters);
        assert_eq!((host.weight, host.priority, host.hostname.as_str()), (3, 1, "db.test"));
        assert_eq!(host.locality, ["r".into(), "z".into(), Text::default()]);
        assert_eq!(
            *host.faults,
            [HostFault::FailedActiveHealthCheck, HostFault::ActiveHealthCheckTimeout]
        );
        assert!(!host.ejected, "a flag that is no flag is none");
    }

    proptest::proptest! {
        #[test]
        fn any_cut_and_any_bytes_are_survived(at in 0usize..200, odd: Vec<u8>) {
            let answer = br#"{"cluster_statuses":[{"name":"a","host_statuses":[{"address":{"socket_address":{"address":"10.0.0.1","port_value":80}},"stats":[{"name":"rq_total","value":"9"}],"weight":1}]}]}"#;
            let at = at.min(answer.len());
            let mut bytes = answer[..at].to_vec();
            bytes.extend(odd);
            proptest::prop_assert!(parse(&bytes).map_or(0, |hosts| hosts.len()) <= 1);
            proptest::prop_assert_eq!(parse(&answer[..at]).is_ok(), at == answer.len());
        }
    }
}
