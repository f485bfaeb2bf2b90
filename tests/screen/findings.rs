//! What lint finds in Sidecars, on their tab: worked out while somebody looks, and only when it may be something else.

use insta::assert_snapshot;
use sidescope::mesh::model::{Kind, Object, Pod};
use sidescope::mesh::world::{Delta, Found, ListScope};
use sidescope::tui::Theme;

use crate::mesh;
use crate::picture::styled;
use crate::stage::Stage;

const MISSPELT: &str = "./ratngs.bookinfo.svc.cluster.local";

/// A Sidecar with a host that matches nothing and one that stands twice, and one that is as it should be.
fn stage() -> Stage {
    let mut objects = mesh::bookinfo();
    objects.push(mesh::sidecar("bookinfo", &["./*", MISSPELT, "./*", "istio-system/*"], 1).into());
    objects.push(mesh::sidecar("default", &["istio-system/*", "bookinfo/*"], 1).into());
    Stage::with(&objects)
}

fn a_pod(name: &str, change: impl FnOnce(&mut Pod)) -> Pod {
    let mut pod = mesh::pod("bookinfo", "ratings-v1", name, "10.244.1.30");
    change(&mut pod);
    pod
}

#[test]
fn a_sidecars_row_counts_them_and_the_inspector_tells_the_worst() {
    let mut stage = stage();
    stage.press("4");
    assert_snapshot!("findings_80x24", styled(&mut stage, Theme::Terminal));
    let stage = stage.sized(120, 40);
    assert_snapshot!("findings_120x40", styled(&mut { stage }, Theme::Terminal));
}

#[test]
fn x_tells_all_of_them_with_what_follows_and_what_to_do() {
    let mut stage = stage();
    stage.press("4x");
    let text = stage.text();
    for part in [
        "Findings in Sidecar bookinfo/default",
        "warning SC010 spec.egress[0].hosts[1]",
        "did you mean",
        "correct it, or take it out",
        "warning SC021 spec.egress[0].hosts[2]",
    ] {
        assert!(text.contains(part), "'{part}' is not in\n{text}");
    }
    stage.press("<Esc>jx");
    assert!(stage.text().contains("nothing is wrong with it"), "{}", stage.text());
}

#[test]
fn what_is_wrong_is_sorted_and_kept_by_the_key_for_faults() {
    let mut stage = stage();
    stage.press("4");
    assert_eq!(stage.names().len(), 2);
    stage.press("!");
    assert_eq!(stage.names().len(), 1, "{:?}", stage.names());
    assert!(stage.names()[0].contains("2 (warning)"), "{:?}", stage.names());
}

#[test]
fn lint_runs_only_while_sidecars_are_shown_and_something_that_it_reads_has_changed() {
    let mut stage = stage();
    stage.wait(5);
    assert_eq!(stage.lints, 0, "nobody looks");
    stage.press("4");
    assert_eq!(stage.lints, 1);
    stage.put(a_pod("ccccc", |pod| pod.ready = false));
    stage.wait(5);
    assert_eq!(stage.lints, 1, "how a pod does is no matter");
    stage.put(mesh::service("bookinfo", "ratngs", 9080));
    assert_eq!(stage.lints, 2);
    assert!(stage.names()[0].contains("1 (warning)"), "{:?}", stage.names());
    stage.remove(Kind::Service, "bookinfo", "ratngs");
    assert_eq!(stage.lints, 2, "once a second");
    stage.screen();
    assert!(stage.app.next_wake(stage.now).is_some());
    stage.wait(1);
    assert_eq!(stage.lints, 3);
    assert!(stage.names()[0].contains("2 (warning)"), "{:?}", stage.names());
    stage.press("f");
    stage.put(mesh::service("bookinfo", "ratngs", 9080));
    stage.wait(5);
    assert_eq!(stage.lints, 3, "held still");
    stage.press("f");
    stage.wait(1);
    assert_eq!(stage.lints, 4);
    stage.press("1");
    stage.put(a_pod("yyyyy", |pod| pod.proxy = None));
    stage.wait(5);
    assert_eq!(stage.lints, 4, "nobody looks any more");
    stage.press("4");
    assert_eq!(stage.lints, 5);
}

#[test]
fn of_a_part_of_the_objects_nobody_says_that_nothing_is_wrong() {
    let sidecar: Object = mesh::sidecar("default", &["istio-system/*", "bookinfo/*"], 1).into();
    let mut stage = Stage::with(&[mesh::bookinfo(), vec![sidecar]].concat());
    stage.press("4");
    assert!(
        stage.current().split(' ').any(|cell| cell == "0"),
        "{}",
        stage.current()
    );
    stage.say(vec![Delta::Coverage(Kind::ServiceEntry, ListScope::All, Found::Denied)]);
    stage.wait(2);
    let cells = stage.current();
    assert!(!cells.split(' ').any(|cell| cell == "0"), "{cells}");
    stage.press("x");
    assert!(stage.text().contains("not known"), "{}", stage.text());
}

#[test]
fn a_tombstone_has_none() {
    let mut stage = stage();
    stage.press("4");
    stage.remove(Kind::Sidecar, "bookinfo", "default");
    stage.wait(2);
    let gone = stage.names().into_iter().find(|row| row.starts_with('-')).unwrap();
    assert!(!gone.contains("warning"), "{gone}");
}
