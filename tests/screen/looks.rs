//! Whole screens as a terminal shows them, named by what they prove. Update with `INSTA_UPDATE=always` and look at the
//! difference.

use std::sync::Arc;

use insta::assert_snapshot;
use sidescope::app::Message;
use sidescope::app::message::{EnvoyRow, EnvoyTable};
use sidescope::mesh::model::{HostCounters, Key, PodPrinted};
use sidescope::mesh::scope::{Address, Cluster, Health};
use sidescope::tui::Theme;

use crate::mesh;
use crate::picture::{glyphs, styled};
use crate::stage::Stage;

const SIZES: [(u16, u16); 2] = [(80, 24), (120, 40)];

/// The small mesh with the cursor on the shell: an edit has taken most of its endpoints away, one of which its Envoy
/// still holds; a pod is new, another one fails.
fn after_an_edit(width: u16, height: u16) -> Stage {
    let mut objects = mesh::bookinfo();
    objects.push(mesh::sidecar("default", &["*/*"], 1).into());
    let mut stage = Stage::with(&objects).sized(width, height);
    stage.press("jjjj");
    stage.wait(60);
    stage.put(mesh::sidecar("default", &["istio-system/*"], 2));
    let row = |ip: &str, port, cluster: &str| {
        let cluster = Arc::new(Cluster::parse(&cluster.into()));
        let row = EnvoyRow::new(cluster, Address::Socket(ip.into(), port), Health::Healthy);
        (row, HostCounters::default())
    };
    let rows = [
        row(
            "10.244.1.2",
            15012,
            "outbound|15012||istiod.istio-system.svc.cluster.local",
        ),
        row("10.244.1.30", 9080, "outbound|9080||ratings.bookinfo.svc.cluster.local"),
    ];
    stage.send(Message::Envoy {
        pod: Key::new("default", "my-shell-6f9c-eeeee"),
        asked: stage.now,
        at: stage.now,
        answer: Ok(EnvoyTable::new(rows.into())),
    });
    stage.put(mesh::pod("bookinfo", "ratings-v1", "xxxxx", "10.244.1.33"));
    let mut failing = mesh::pod("bookinfo", "details-v1", "ddddd", "10.244.1.29");
    failing.ready = false;
    failing.printed = PodPrinted {
        ready: 1,
        total: 2,
        status: "CrashLoopBackOff".into(),
        ..PodPrinted::default()
    };
    stage.put(failing);
    stage
}

/// Each view under a name, and the keys that lead there.
const VIEWS: &[(&str, &str)] = &[
    ("overview", ""),
    ("pods", "1"),
    ("workloads", "1W"),
    ("services", "2"),
    ("endpoints", "3"),
    ("sidecars", "4"),
    ("timeline", "5"),
];

#[test]
fn every_view_has_its_place() {
    for (name, keys) in VIEWS {
        for (width, height) in SIZES {
            let mut stage = after_an_edit(width, height);
            stage.press(keys);
            assert_snapshot!(format!("{name}_{width}x{height}"), glyphs(&mut stage));
        }
    }
}

#[test]
fn one_list_of_names_and_marks_is_left_at_40x10() {
    let mut stage = after_an_edit(40, 10);
    assert_snapshot!("overview_40x10", glyphs(&mut stage));
    stage.press("<Tab><Tab>");
    assert_snapshot!("overview_endpoints_40x10", glyphs(&mut stage));
}

#[test]
fn what_lies_over_a_view_leaves_its_header_and_says_how_to_leave() {
    for (name, keys) in [
        ("help", "?"),
        ("filter", "/rev"),
        ("sort", "o"),
        ("namespaces", "n"),
        ("palette", ":s"),
        ("copy", "c"),
        ("describe", "d"),
        ("explain", "`<Tab><Tab>3j<Enter>"),
        ("diff", "5<Enter>"),
    ] {
        let mut stage = after_an_edit(80, 24);
        stage.press(keys);
        assert_snapshot!(format!("{name}_80x24"), styled(&mut stage, Theme::Terminal));
    }
}

#[test]
fn marks_light_up_and_fade() {
    let mut stage = after_an_edit(80, 24);
    assert_snapshot!("marks_bright", styled(&mut stage, Theme::Terminal));
    stage.wait(5);
    assert_snapshot!("marks_normal", styled(&mut stage, Theme::Terminal));
    stage.wait(25);
    assert_snapshot!("marks_dim", styled(&mut stage, Theme::Terminal));
}

#[test]
fn without_colour_marks_states_and_tombstones_are_told_apart() {
    let mut stage = after_an_edit(80, 24);
    assert_snapshot!("marks_without_colour", styled(&mut stage, Theme::Mono));
    let text = glyphs(&mut stage);
    let gone = text.lines().find(|line| line.contains("10.244.1.29")).unwrap();
    assert!(
        gone.contains('-') && gone.contains("gone") && !gone.contains("HEALTHY"),
        "{gone}"
    );
}
