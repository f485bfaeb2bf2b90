//! Counters for recorded hosts, so that traffic is seen to move: generated, because a recording could only repeat itself.
//!
//! Rates stand in `assets/demo/traffic.yaml`. As in Envoy, a host's counters only grow while it is listed, stand still while it
//! is unhealthy, and begin at zero when it comes back. Requests go to a service's subset clusters if there are any, else to the
//! service's own cluster, evenly over its healthy hosts. Given the same questions at the same times, the same numbers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::demo::generated::fnv;
use crate::demo::story::manifests::{ManifestError, parse_one};
use crate::demo::tree::text;

/// Who calls whom, and how often.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Flow {
    /// Pods: `namespace/` and the beginning of a name.
    from: String,
    /// The host they call.
    to: String,
    /// Requests a second, from each of these pods.
    rate: f64,
    /// Of a thousand requests, how many fail.
    #[serde(default)]
    errors: u64,
}

/// The counters of every Envoy that was asked.
#[derive(Debug)]
pub(super) struct Counters {
    flows: Vec<Flow>,
    by_pod: BTreeMap<String, PodCounters>,
}

#[derive(Debug)]
struct PodCounters {
    at: Timestamp,
    /// Thousandths of requests, by cluster and address.
    requests: BTreeMap<(String, String), u64>,
}

/// The counters of one host of one cluster, by the names Envoy gives them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sample {
    cx_total: u64,
    rq_error: u64,
    rq_total: u64,
    cx_active: u64,
    rq_active: u64,
}

impl Counters {
    /// Reads the rates.
    ///
    /// # Errors
    /// When the asset cannot be used.
    pub(super) fn load() -> Result<Self, ManifestError> {
        Ok(Self {
            flows: parse_one("traffic.yaml", include_str!("../../../assets/demo/traffic.yaml"))?,
            by_pod: BTreeMap::new(),
        })
    }

    /// Lets a pod's counters (`namespace/name`, running since `since`) go on to `now` and writes them into its clusters.
    pub(super) fn fill(&mut self, pod: &str, since: Timestamp, now: Timestamp, clusters: &mut [Value]) {
        let before = self.by_pod.remove(pod);
        let mut requests = BTreeMap::new();
        let loads = loads(&self.flows, pod, clusters);
        for cluster in clusters.iter_mut() {
            let name = text(cluster, "/name").to_owned();
            let load = loads.get(&name).copied().unwrap_or_default();
            let hosts = cluster.get_mut("host_statuses").and_then(Value::as_array_mut);
            for host in hosts.into_iter().flatten() {
                let key = (name.clone(), address(host));
                let known = before
                    .as_ref()
                    .map(|before| (before.at, before.requests.get(&key).copied()));
                let (from, start) = match known {
                    None => (since, 0),
                    Some((at, None)) => (at.max(now), 0),
                    Some((at, Some(count))) => (at, count),
                };
                let rate = if is_healthy(host) { load.rate } else { 0 };
                let elapsed = u64::try_from(now.duration_since(from).as_millis()).unwrap_or_default();
                let count = start + elapsed.saturating_mul(rate) / 1000 * wobble(&key, now) / 1000;
                let sample = sample(
                    &name,
                    count,
                    rate,
                    load.errors,
                    fnv(key.1.as_bytes(), now.as_second().unsigned_abs()),
                );
                if let Some(host) = host.as_object_mut() {
                    host.insert("stats".to_owned(), sample.stats());
                }
                requests.insert(key, count);
            }
        }
        self.by_pod.insert(pod.to_owned(), PodCounters { at: now, requests });
    }
}

/// What each healthy host of a cluster gets.
#[derive(Clone, Copy, Debug, Default)]
struct Load {
    /// Thousandths of requests a second.
    rate: u64,
    /// Failures among a thousand.
    errors: u64,
}

fn loads(flows: &[Flow], pod: &str, clusters: &[Value]) -> BTreeMap<String, Load> {
    let mut loads = BTreeMap::new();
    for flow in flows.iter().filter(|flow| pod.starts_with(&flow.from)) {
        let of_host = clusters.iter().filter(|cluster| {
            let name = text(cluster, "/name");
            name.starts_with("outbound|") && name.rsplit('|').next() == Some(flow.to.as_str())
        });
        let (subsets, whole): (Vec<_>, Vec<_>) = of_host.partition(|cluster| {
            let subset = text(cluster, "/name").split('|').nth(2);
            subset.is_some_and(|subset| !subset.is_empty())
        });
        let chosen = if subsets.is_empty() { whole } else { subsets };
        let healthy = |cluster: &Value| {
            let hosts = cluster.get("host_statuses").and_then(Value::as_array);
            hosts.into_iter().flatten().filter(|host| is_healthy(host)).count()
        };
        let shares = chosen.iter().map(|cluster| healthy(cluster)).sum::<usize>();
        for cluster in chosen {
            let share = flow.rate * 1000.0 / f64::from(u32::try_from(shares.max(1)).unwrap_or(u32::MAX));
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a small positive rate"
            )]
            let rate = share.round() as u64;
            let errors = flow.errors;
            loads.insert(text(cluster, "/name").to_owned(), Load { rate, errors });
        }
    }
    loads
}

/// No real traffic is even: 800 to 1199 thousandths, another every five seconds.
fn wobble(key: &(String, String), now: Timestamp) -> u64 {
    800 + fnv(key.1.as_bytes(), (now.as_second() / 5).unsigned_abs()) % 400
}

fn sample(cluster: &str, count: u64, rate: u64, errors: u64, chance: u64) -> Sample {
    let rq_total = count / 1000;
    match cluster {
        // the one stream to istiod, through the agent
        "xds-grpc" => Sample {
            cx_total: 1,
            rq_total: 1,
            cx_active: 1,
            rq_active: 1,
            rq_error: 0,
        },
        _ if rq_total == 0 => Sample::default(),
        _ => Sample {
            cx_total: 2 + rq_total / 10_000,
            rq_error: rq_total * errors / 1000,
            rq_total,
            cx_active: if rate == 0 { 0 } else { 2 },
            rq_active: if rate < 2000 { 0 } else { chance % 3 },
        },
    }
}

impl Sample {
    /// As in `/clusters?format=json`: a zero has no value.
    fn stats(self) -> Value {
        let success = self.rq_total - self.rq_error - self.rq_active.min(self.rq_total - self.rq_error);
        let stat = |(name, value, kind): (&str, u64, Option<&str>)| {
            let mut stat = json!({"name": name});
            if let Some(map) = stat.as_object_mut() {
                if value > 0 {
                    map.insert("value".to_owned(), json!(value.to_string()));
                }
                if let Some(kind) = kind {
                    map.insert("type".to_owned(), json!(kind));
                }
            }
            stat
        };
        let gauge = Some("GAUGE");
        let all = [
            ("cx_connect_fail", 0, None),
            ("cx_total", self.cx_total, None),
            ("rq_error", self.rq_error, None),
            ("rq_success", success, None),
            ("rq_timeout", 0, None),
            ("rq_total", self.rq_total, None),
            ("cx_active", self.cx_active, gauge),
            ("rq_active", self.rq_active, gauge),
            ("rq_pending_active", 0, gauge),
        ];
        all.into_iter().map(stat).collect()
    }
}

/// A host's address as Envoy's text pages print it.
pub(super) fn address(host: &Value) -> String {
    let path = text(host, "/address/pipe/path");
    if !path.is_empty() {
        return path.to_owned();
    }
    let port = host
        .pointer("/address/socket_address/port_value")
        .and_then(Value::as_u64);
    format!(
        "{}:{}",
        text(host, "/address/socket_address/address"),
        port.unwrap_or_default()
    )
}

/// Whether Envoy would send a request there.
pub(super) fn is_healthy(host: &Value) -> bool {
    matches!(
        text(host, "/health_status/eds_health_status"),
        "" | "HEALTHY" | "UNKNOWN"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "outbound|9080||reviews.bookinfo.svc.cluster.local";

    fn cluster(name: &str, hosts: &[(&str, &str)]) -> Value {
        let hosts = hosts.iter().map(|(ip, health)| {
            json!({"address": {"socket_address": {"address": ip, "port_value": 9080}}, "health_status": {"eds_health_status": health}})
        });
        json!({"name": name, "host_statuses": hosts.collect::<Vec<_>>()})
    }

    fn total(clusters: &[Value], cluster: usize, host: usize) -> u64 {
        let value = &clusters[cluster]["host_statuses"][host]["stats"][5]["value"];
        value.as_str().map_or(0, |value| value.parse().unwrap())
    }

    fn time(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    fn counters() -> Counters {
        let flow = Flow {
            from: "bookinfo/productpage".to_owned(),
            to: "reviews.bookinfo.svc.cluster.local".to_owned(),
            rate: 10.0,
            errors: 0,
        };
        Counters {
            flows: vec![flow],
            by_pod: BTreeMap::new(),
        }
    }

    #[test]
    fn healthy_hosts_share_the_requests_and_unhealthy_ones_stand_still() {
        let mut counters = counters();
        let pod = "bookinfo/productpage-v1-x";
        let mut first = [cluster(HOST, &[("10.0.0.1", "HEALTHY"), ("10.0.0.2", "HEALTHY")])];
        counters.fill(pod, time(0), time(100), &mut first);
        assert!((400..=600).contains(&total(&first, 0, 0)), "{}", total(&first, 0, 0));
        let mut second = [cluster(HOST, &[("10.0.0.1", "HEALTHY"), ("10.0.0.2", "UNHEALTHY")])];
        counters.fill(pod, time(0), time(110), &mut second);
        assert!(total(&second, 0, 0) >= total(&first, 0, 0) + 80);
        assert_eq!(total(&second, 0, 1), total(&first, 0, 1));
    }

    #[test]
    fn a_host_that_comes_back_begins_at_zero() {
        let mut counters = counters();
        let pod = "bookinfo/productpage-v1-x";
        let host = [("10.0.0.1", "HEALTHY")];
        counters.fill(pod, time(0), time(100), &mut [cluster(HOST, &host)]);
        counters.fill(pod, time(0), time(101), &mut []);
        let mut back = [cluster(HOST, &host)];
        counters.fill(pod, time(0), time(102), &mut back);
        assert_eq!(total(&back, 0, 0), 0);
    }

    #[test]
    fn subsets_take_the_requests_of_the_whole() {
        let mut counters = counters();
        let host = [("10.0.0.1", "HEALTHY")];
        let mut clusters = [
            cluster(HOST, &host),
            cluster("outbound|9080|v1|reviews.bookinfo.svc.cluster.local", &host),
        ];
        counters.fill("bookinfo/productpage-v1-x", time(0), time(100), &mut clusters);
        assert_eq!(total(&clusters, 0, 0), 0);
        assert!(total(&clusters, 1, 0) > 0);
    }

    #[test]
    fn who_calls_nobody_counts_nothing() {
        let mut clusters = [cluster(HOST, &[("10.0.0.1", "HEALTHY")])];
        counters().fill("default/my-shell", time(0), time(100), &mut clusters);
        assert_eq!(total(&clusters, 0, 0), 0);
        assert_eq!(
            clusters[0]["host_statuses"][0]["stats"][0],
            json!({"name": "cx_connect_fail"})
        );
    }
}
