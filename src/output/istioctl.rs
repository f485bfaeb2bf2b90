//! The endpoint table, byte for byte as `istioctl proxy-config endpoint` prints it.
//!
//! istioctl: `istioctl/pkg/writer/envoy/clusters/clusters.go`, `PrintEndpointsSummary`: Go's tabwriter with padding 5;
//! each column but the last is as wide as its longest cell, the last is not padded, the heads are there even without
//! rows.

use crate::app::view::Shown;
use crate::mesh::scope::Row;

const HEADS: [&str; 4] = ["ENDPOINT", "STATUS", "OUTLIER CHECK", "CLUSTER"];
/// Between two columns.
const GAP: usize = 5;

/// The table of these rows, in the order in which they come; with `heads` their line first.
///
/// Beside each row whether Envoy's outlier detection has ejected it; istiod's word on a row holds no such check, it is
/// `OK` until Envoy says otherwise.
pub fn endpoint_table<'a>(rows: impl IntoIterator<Item = (&'a Row, bool)>, heads: bool) -> String {
    let head = heads.then(|| HEADS.map(Shown::from));
    let rows = rows.into_iter().map(|(row, is_ejected)| {
        let (endpoint, cluster) = (row.address.to_string(), row.cluster.to_string());
        [
            Shown::from(endpoint),
            Shown::from(row.health.as_str()),
            Shown::from(if is_ejected { "FAILED" } else { "OK" }),
            Shown::from(cluster),
        ]
    });
    let lines: Vec<[Shown; 4]> = head.into_iter().chain(rows).collect();
    // Go's tabwriter counts characters, not terminal cells
    let length = |cell: &Shown| cell.as_str().chars().count();
    let mut widths = [0; 4];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = length(cell).max(*width);
        }
    }
    let mut text = String::new();
    for [endpoint, status, outlier, cluster] in &lines {
        for (cell, width) in [endpoint, status, outlier].into_iter().zip(widths) {
            text.push_str(cell.as_str());
            text.extend(std::iter::repeat_n(' ', width - length(cell) + GAP));
        }
        text.push_str(cluster.as_str());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::mesh::scope::{Address, Class, Cluster, Health};

    #[test]
    fn columns_are_as_wide_as_their_longest_cell_and_five_more() {
        let row = |address: Address, health: Health| Row {
            address,
            health,
            cluster: Arc::new(Cluster::Named("agent".into())),
            class: Class::Exact,
            why: Arc::default(),
            backend: Arc::default(),
        };
        let rows = [
            row(Address::Socket("fd00::1".into(), 8080), Health::Healthy),
            row(Address::Pipe("./etc/istio/proxy/XDS".into()), Health::Unhealthy),
        ];
        assert_eq!(
            endpoint_table(rows.iter().map(|row| (row, false)), true),
            "ENDPOINT                         STATUS        OUTLIER CHECK     CLUSTER\n\
             fd00::1:8080                     HEALTHY       OK                agent\n\
             unix://./etc/istio/proxy/XDS     UNHEALTHY     OK                agent\n"
        );
        assert_eq!(
            endpoint_table([], true),
            "ENDPOINT     STATUS     OUTLIER CHECK     CLUSTER\n"
        );
    }
}
