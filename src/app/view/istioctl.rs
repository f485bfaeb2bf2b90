//! The endpoint table exactly as `istioctl proxy-config endpoint` prints it, byte for byte (scope rules §12).
//!
//! istioctl: `istioctl/pkg/writer/envoy/clusters/clusters.go`; Go's `text/tabwriter` with a minimum of no cells, a tab
//! of 8 and a padding of 5 blanks. Texts go out as they came: whoever prints to a terminal makes them safe first.

use std::fmt::Write as _;

use crate::mesh::scope::Row;

const HEAD: [&str; 4] = ["ENDPOINT", "STATUS", "OUTLIER CHECK", "CLUSTER"];
const PADDING: usize = 5;

/// The table of these rows, which must be in istioctl's order. A head is printed even where there is no row.
pub fn endpoint_table_text<'a>(rows: impl IntoIterator<Item = &'a Row>) -> String {
    let cells: Vec<[String; 3]> = rows
        .into_iter()
        .map(|row| {
            [
                row.address.to_string(),
                row.health.as_str().to_owned(),
                row.cluster.name(),
            ]
        })
        .collect();
    let width = |head: &str, column: usize| {
        let cells = cells
            .iter()
            .filter_map(|cells| cells.get(column))
            .map(|cell| cell.chars().count());
        cells.max().unwrap_or(0).max(head.len()) + PADDING
    };
    let [endpoint_head, status_head, outlier_head, cluster_head] = HEAD;
    let (first, second) = (width(endpoint_head, 0), width(status_head, 1));
    let third = outlier_head.len() + PADDING;
    let mut text = String::new();
    let mut line = |endpoint: &str, status: &str, outlier: &str, cluster: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{endpoint:first$}{status:second$}{outlier:third$}{cluster}");
    };
    line(endpoint_head, status_head, outlier_head, cluster_head);
    for [endpoint, status, cluster] in &cells {
        line(endpoint, status, "OK", cluster);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::mesh::model::Text;
    use crate::mesh::scope::{Address, Class, Cluster, Health};

    #[test]
    fn columns_are_as_wide_as_their_longest_cell_and_five_more() {
        let row = |address: Address, health: Health| Row {
            address,
            health,
            cluster: Arc::new(Cluster::Named("agent".into())),
            class: Class::Exact,
            why: Arc::default(),
            pod: None,
            node: Text::default(),
            locality: Arc::default(),
            weight: 1,
        };
        let rows = [
            row(Address::Socket("fd00::1".into(), 8080), Health::Healthy),
            row(Address::Pipe("./etc/istio/proxy/XDS".into()), Health::Unhealthy),
        ];
        assert_eq!(
            endpoint_table_text(&rows),
            "ENDPOINT                         STATUS        OUTLIER CHECK     CLUSTER\n\
             fd00::1:8080                     HEALTHY       OK                agent\n\
             unix://./etc/istio/proxy/XDS     UNHEALTHY     OK                agent\n"
        );
        assert_eq!(
            endpoint_table_text([]),
            "ENDPOINT     STATUS     OUTLIER CHECK     CLUSTER\n"
        );
    }
}
