//! The difference of two tables, applied to the first, gives the second.

use std::sync::Arc;

use proptest::prelude::*;
use sidescope::mesh::diff::{Side, lines, tables};
use sidescope::mesh::model::Text;
use sidescope::mesh::scope::{
    Address, Class, Cluster, Direction, EndpointTable, Governing, Health, PlaneName, Row, Why,
};

use crate::universe::{cases, nothing, pod_key};

fn row(ip: u8, port: u16, host: u8, health: bool, named: bool) -> Row {
    let cluster = Cluster::Traffic {
        direction: Direction::Outbound,
        port: port.into(),
        subset: Text::default(),
        host: format!("s{host}").into(),
    };
    let name = cluster.name();
    Row {
        address: match ip {
            0 => Address::Pipe("etc/x".into()),
            1 => Address::Internal("connect/1".into()),
            ip => Address::Socket(format!("10.0.0.{ip}").into(), port),
        },
        health: if health { Health::Healthy } else { Health::Unhealthy },
        cluster: Arc::new(if named { Cluster::Named(name.into()) } else { cluster }),
        class: Class::Exact,
        why: Arc::new(Why::default()),
        backend: Arc::default(),
    }
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let ports = prop::sample::select(vec![80_u16, 808, 8080, 9]);
    let row = (0..5_u8, ports, 0..3_u8, any::<bool>(), prop::bool::weighted(0.1))
        .prop_map(|(ip, port, host, health, named)| row(ip, port, host, health, named));
    prop::collection::vec(row, 0..40).prop_map(|mut rows| {
        rows.sort_by(Row::order);
        rows
    })
}

fn table(rows: &[Row]) -> EndpointTable {
    EndpointTable {
        pod: pod_key(0, 0),
        plane: PlaneName {
            revision: Text::default(),
            version: Text::default(),
            namespace: Text::default(),
            assumed: false,
        },
        governing: Governing::BuiltIn,
        rows: rows.into(),
        hosts: nothing(),
        gaps: nothing(),
        caveats: nothing(),
    }
}

/// What a row says, as text that sorts.
fn texts<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Vec<String> {
    let mut texts: Vec<String> = rows
        .into_iter()
        .map(|row| format!("{} {} {:?}", row.address, row.cluster, row.health))
        .collect();
    texts.sort();
    texts
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn a_difference_leads_from_the_one_table_to_the_other(before in rows(), after in rows()) {
        let diff = tables(&table(&before), &table(&after));
        let mut led = texts(&before);
        for row in diff.removed.iter().map(|(_, row)| row).chain(diff.changed.iter().map(|(_, before, _)| before)) {
            let gone = texts([row]);
            let at = led.iter().position(|text| *text == gone[0]);
            prop_assert!(at.is_some(), "{:?} was not there", gone);
            led.remove(at.unwrap());
        }
        led.extend(texts(diff.added.iter().map(|(_, row)| row)));
        led.extend(texts(diff.changed.iter().map(|(_, _, after)| after)));
        led.sort();
        prop_assert_eq!(led, texts(&after));
    }

    #[test]
    fn a_difference_is_the_smallest(before in rows(), after in rows()) {
        let diff = tables(&table(&before), &table(&after));
        let ids = |rows: &[(sidescope::mesh::diff::RowId, Row)]| rows.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>();
        let (added, removed) = (ids(&diff.added), ids(&diff.removed));
        prop_assert!(added.is_sorted() && removed.is_sorted());
        for id in &added {
            let same_place = |other: &&sidescope::mesh::diff::RowId| {
                other.address == id.address && other.cluster.name() == id.cluster.name()
            };
            prop_assert_eq!(removed.iter().find(same_place), None, "came and went in one place");
        }
        prop_assert!(tables(&table(&after), &table(&after)).is_empty());
        prop_assert_eq!(
            texts(tables(&table(&after), &table(&before)).inverse().added.iter().map(|(_, row)| row)),
            texts(diff.added.iter().map(|(_, row)| row))
        );
    }

    #[test]
    fn the_order_of_clusters_is_that_of_their_names(a in rows(), b in rows()) {
        for (a, b) in a.iter().zip(&b) {
            prop_assert_eq!(a.cluster.order(&b.cluster), a.cluster.name().cmp(&b.cluster.name()));
        }
    }

    #[test]
    fn a_text_diff_holds_both_texts(
        before in prop::collection::vec("[a-c ]{0,6}", 0..12),
        after in prop::collection::vec("[a-c ]{0,6}", 0..12),
    ) {
        let texts = [before, after].map(|lines| lines.join("\n") + "\n");
        let diff = lines(&texts[0], &texts[1], usize::MAX);
        if texts[0] == texts[1] {
            prop_assert!(diff.is_empty());
            return Ok(());
        }
        let side = |side: Side| -> String {
            let of = diff.iter().filter(|line| line.side == Side::Both || line.side == side);
            let texts = of.map(|line| line.words.iter().map(|(_, word)| word.as_str()).collect::<String>());
            texts.collect::<Vec<_>>().join("\n") + "\n"
        };
        prop_assert_eq!(side(Side::Before), texts[0].clone());
        prop_assert_eq!(side(Side::After), texts[1].clone());
    }
}
