//! The pages of Envoy's admin interface besides `/clusters?format=json`, as far as somebody may look for them.
//!
//! Formats as in Envoy's `source/server/admin/clusters_handler.cc` and `stats_handler.cc`.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::counters::address;
use crate::demo::tree::text;

/// What Envoy says of a page that it does not have.
pub(super) const NO_PAGE: &str = "invalid path. admin commands are:\n  /clusters: upstream cluster status\n  /ready: print server \
                                  state, return 200 if LIVE, otherwise return 503\n  /server_info: print server \
                                  version/status information\n  /stats: print server stats\n";

/// `/server_info`, without the command line.
pub(super) fn server_info(version: &str, pod: &Value, since: Timestamp, now: Timestamp) -> String {
    let (name, namespace) = (text(pod, "/metadata/name"), text(pod, "/metadata/namespace"));
    let uptime = format!("{}s", now.duration_since(since).as_secs());
    let router = text(pod, "/metadata/labels/istio").ends_with("gateway");
    let kind = if router { "router" } else { "sidecar" };
    let id = format!(
        "{kind}~{}~{name}.{namespace}~{namespace}.svc.cluster.local",
        text(pod, "/status/podIP")
    );
    json!({
        "version": version, "state": "LIVE", "hot_restart_version": "disabled",
        "uptime_current_epoch": uptime, "uptime_all_epochs": uptime, "node": {"id": id},
    })
    .to_string()
}

/// `/stats`: the few that say that it lives.
pub(super) fn stats(clusters: &[Value], since: Timestamp, now: Timestamp) -> String {
    format!(
        "cluster_manager.active_clusters: {}\nserver.live: 1\nserver.state: 0\nserver.uptime: {}\n",
        clusters.len(),
        now.duration_since(since).as_secs()
    )
}

/// `/clusters`: a line for each fact, `cluster::host::name::value`.
pub(super) fn clusters_text(clusters: &[Value]) -> String {
    let mut out = String::new();
    for cluster in clusters {
        let name = text(cluster, "/name");
        let _ = writeln!(
            out,
            "{name}::observability_name::{}",
            text(cluster, "/observability_name")
        );
        let thresholds = cluster
            .pointer("/circuit_breakers/thresholds")
            .and_then(Value::as_array);
        for threshold in thresholds.into_iter().flatten() {
            let priority = if text(threshold, "/priority") == "HIGH" {
                "high"
            } else {
                "default"
            };
            for limit in ["max_connections", "max_pending_requests", "max_requests", "max_retries"] {
                let value = threshold.get(limit).and_then(Value::as_u64).unwrap_or_default();
                let _ = writeln!(out, "{name}::{priority}_priority::{limit}::{value}");
            }
        }
        let added = cluster.get("added_via_api") == Some(&Value::Bool(true));
        let _ = writeln!(out, "{name}::added_via_api::{added}");
        if let Some(service) = cluster.get("eds_service_name").and_then(Value::as_str) {
            let _ = writeln!(out, "{name}::eds_service_name::{service}");
        }
        let hosts = cluster.get("host_statuses").and_then(Value::as_array);
        for host in hosts.into_iter().flatten() {
            host_text(&mut out, name, host);
        }
    }
    out
}

fn host_text(out: &mut String, cluster: &str, host: &Value) {
    let at = format!("{cluster}::{}", address(host));
    let mut stats = host
        .get("stats")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|stat| {
            (
                text(stat, "/name"),
                stat.get("value").and_then(Value::as_str).unwrap_or("0"),
            )
        })
        .collect::<Vec<_>>();
    stats.sort_unstable();
    for (stat, value) in stats {
        let _ = writeln!(out, "{at}::{stat}::{value}");
    }
    let _ = writeln!(out, "{at}::hostname::{}", text(host, "/hostname"));
    let flags = match text(host, "/health_status/eds_health_status") {
        "" | "HEALTHY" => "healthy",
        "DEGRADED" => "/degraded_eds_health",
        _ => "/failed_eds_health",
    };
    let _ = writeln!(out, "{at}::health_flags::{flags}");
    let number = |name: &str| host.get(name).and_then(Value::as_u64).unwrap_or_default();
    let _ = writeln!(out, "{at}::weight::{}", number("weight"));
    for part in ["region", "zone", "sub_zone"] {
        let _ = writeln!(out, "{at}::{part}::{}", text(host, &format!("/locality/{part}")));
    }
    let _ = writeln!(out, "{at}::canary::false");
    let _ = writeln!(out, "{at}::priority::{}", number("priority"));
    let _ = writeln!(out, "{at}::success_rate::-1\n{at}::local_origin_success_rate::-1");
}
