//! Change marks: what appears, changes and goes; seen, acknowledged, kept; with the edit that did it.

use std::sync::Arc;

use jiff::SignedDuration;
use sidescope::app::message::{EnvoyRow, EnvoyTable, NoEnvoy};
use sidescope::app::view::{Body, Glow, Mark, Role};
use sidescope::app::{KeyPress, Message};
use sidescope::mesh::model::{HostCounters, Key, Kind, Pod, PodPrinted, Uid};
use sidescope::mesh::scope::{Address, Cluster, Health};

use crate::mesh;
use crate::stage::{Stage, has_role, rows_of};

/// The small mesh with the cursor on the shell, whose Sidecar lets everything in.
fn shell() -> Stage {
    let mut objects = mesh::bookinfo();
    objects.push(mesh::sidecar("default", &["*/*"], 1).into());
    let mut stage = Stage::with(&objects);
    stage.press("/my-shell<Enter><Tab><Tab>");
    stage
}

#[test]
fn nothing_is_new_at_the_start() {
    let mut stage = shell();
    assert!(
        stage.names().iter().all(|row| !row.starts_with(['+', '-', '~'])),
        "{:?}",
        stage.names()
    );
}

#[test]
fn an_edit_of_the_sidecar_leaves_tombstones_in_their_places_and_says_who_did_it() {
    let mut stage = shell();
    let before = stage.names();
    stage.wait(60);
    stage.put(mesh::sidecar("default", &["istio-system/*"], 2));
    let after = stage.names();
    assert_eq!(before.len(), after.len(), "nothing moved");
    assert_eq!(after.iter().filter(|row| row.starts_with('-')).count(), 4, "{after:?}");
    let text = stage.text();
    assert!(text.contains("Endpoints 1  +0 ~0 -4  of my-shell"), "{text}");
    assert!(has_role(&stage.active(), Role::Removed));
    stage.press("j");
    let text = stage.text();
    assert!(text.contains("- gone 03:01:00  because"), "{text}");
    assert!(
        text.contains("Sidecar default/default edited by kubectl-edit"),
        "{text}"
    );
}

#[test]
fn marks_are_bright_then_normal_then_dim_and_go_ten_minutes_after_they_were_seen() {
    let mut stage = shell();
    stage.put(mesh::sidecar("default", &["istio-system/*"], 2));
    let glow = |stage: &mut Stage| {
        let Body::Table { rows, .. } = stage.active().body else {
            panic!("no table")
        };
        rows.iter().find_map(|row| row.mark)
    };
    assert_eq!(glow(&mut stage), Some(Mark::Removed(Glow::Bright)));
    let wake = stage.app.next_wake(stage.now).unwrap();
    assert!(
        wake <= stage.now + SignedDuration::from_secs(5),
        "it wakes when a mark dims"
    );
    stage.wait(5);
    assert_eq!(glow(&mut stage), Some(Mark::Removed(Glow::Normal)));
    stage.wait(25);
    assert_eq!(glow(&mut stage), Some(Mark::Removed(Glow::Dim)));
    stage.wait(560);
    assert_eq!(glow(&mut stage), Some(Mark::Removed(Glow::Dim)));
    stage.wait(20);
    assert_eq!(glow(&mut stage), None);
    assert_eq!(stage.names().len(), 1, "the tombstones are gone too");
}

#[test]
fn marks_that_were_never_on_the_screen_stay() {
    let mut stage = shell();
    stage.press("4");
    stage.put(mesh::sidecar("default", &["istio-system/*"], 2));
    stage.screen();
    stage.wait(3600);
    stage.press("3");
    assert_eq!(
        stage.names().iter().filter(|row| row.starts_with('-')).count(),
        4,
        "{}",
        stage.text()
    );
}

#[test]
fn a_mark_under_an_open_text_has_not_been_seen() {
    let mut stage = shell();
    stage.press("?");
    stage.put(mesh::sidecar("default", &["istio-system/*"], 2));
    stage.screen();
    stage.wait(3600);
    stage.press("<Esc>");
    assert_eq!(
        stage.names().iter().filter(|row| row.starts_with('-')).count(),
        4,
        "{}",
        stage.text()
    );
}

#[test]
fn a_pod_chosen_after_the_edit_shows_its_marks_too() {
    let mut objects = mesh::bookinfo();
    objects.push(mesh::sidecar("default", &["*/*"], 1).into());
    let mut stage = Stage::with(&objects);
    stage.put(mesh::sidecar("default", &["istio-system/*"], 2));
    stage.wait(30);
    stage.press("/my-shell<Enter><Tab><Tab>");
    stage.screen();
    let text = stage.text();
    assert!(text.contains("Endpoints 1  +0 ~0 -4  of my-shell"), "{text}");
    stage.press("j");
    assert!(stage.text().contains("edited by kubectl-edit"), "{}", stage.text());
}

#[test]
fn changes_are_found_and_acknowledged_one_by_one_or_all() {
    let mut stage = shell();
    stage.put(mesh::sidecar("default", &["istio-system/*"], 2));
    stage.press("}");
    let first = stage.current();
    stage.press("}");
    assert_ne!(stage.current(), first);
    stage.press("{");
    assert_eq!(stage.current(), first);
    stage.press("m");
    assert_eq!(stage.names().len(), 4);
    stage.press("M");
    assert_eq!(stage.names().len(), 1);
    assert!(
        stage.text().contains("3 marks of Endpoints acknowledged"),
        "{}",
        stage.text()
    );
}

#[test]
fn a_changed_pod_says_from_what_to_what_and_an_older_age_is_no_change() {
    let mut stage = Stage::bookinfo();
    stage.wait(3600);
    assert!(
        stage.names().iter().all(|row| !row.starts_with('~')),
        "an age that ticks is no change"
    );
    let mut pod = mesh::pod("bookinfo", "details-v1", "ddddd", "10.244.1.29");
    pod.ready = false;
    pod.printed = PodPrinted {
        ready: 1,
        total: 2,
        status: "CrashLoopBackOff".into(),
        ..PodPrinted::default()
    };
    stage.put(pod);
    assert!(stage.names()[0].starts_with('~'), "{:?}", stage.names());
    let text = stage.text();
    assert!(
        text.contains("ready 2/2 -> 1/2") && text.contains("status Running -> CrashLoopBackOff"),
        "{text}"
    );
    assert!(has_role(&stage.active(), Role::Changed));
}

#[test]
fn added_and_deleted_within_a_second_is_still_seen() {
    let mut stage = Stage::bookinfo();
    stage.put(mesh::pod("bookinfo", "details-v1", "flash", "10.244.1.77"));
    stage.remove(Kind::Pod, "bookinfo", "details-v1-6f9c-flash");
    assert!(
        stage
            .names()
            .iter()
            .any(|row| row.starts_with('-') && row.contains("flash")),
        "{:?}",
        stage.names()
    );
}

#[test]
fn a_vanished_pod_keeps_its_table_and_offers_its_successor() {
    let mut stage = Stage::bookinfo();
    stage.press("/ratings<Enter>");
    stage.remove(Kind::Pod, "bookinfo", "ratings-v1-6f9c-ccccc");
    let text = stage.text();
    assert!(text.contains("Endpoints 5  as it was 0s ago"), "{text}");
    assert!(text.contains("10.244.1.31:9080"), "{text}");
    assert!(text.contains("gone, and nothing of its workload is left"), "{text}");
    let mut successor = mesh::pod("bookinfo", "ratings-v1", "zzzzz", "10.244.1.99");
    successor.meta.uid = Uid(77);
    stage.put(successor);
    let text = stage.text();
    assert!(
        text.contains("Enter follows its successor ratings-v1-6f9c-zzzzz"),
        "{text}"
    );
    stage.press("<Enter>");
    assert!(stage.current().contains("ratings-v1-6f9c-zzzzz"), "{}", stage.text());
}

#[test]
fn a_pinned_pod_that_vanishes_is_followed_to_its_successor() {
    let mut stage = Stage::bookinfo().sized(80, 40);
    stage.press("/ratings<Enter>p<Esc>g");
    stage.remove(Kind::Pod, "bookinfo", "ratings-v1-6f9c-ccccc");
    assert!(stage.text().contains("pinned r"), "{}", stage.text());
    let mut successor: Pod = mesh::pod("bookinfo", "ratings-v1", "zzzzz", "10.244.1.99");
    successor.meta.uid = Uid(77);
    stage.put(successor);
    let text = stage.text();
    assert!(text.contains("pinned ratings-v1-6f9c-zzzzz"), "{text}");
    assert!(stage.current().contains("details"), "the cursor stays where it was");
}

#[test]
fn the_timeline_says_how_much_of_other_pods_it_leaves_out() {
    let mut stage = Stage::bookinfo();
    stage.press("5");
    let title = stage.lines_with("Timeline").remove(1);
    assert!(
        title.contains("2 events of other pods hidden (A)"),
        "my-shell serves nobody: {title}"
    );
    assert!(stage.lines_with("my-shell").len() < 2, "{}", stage.text());
    stage.press("A");
    let text = stage.text();
    assert!(
        text.contains("of all pods (A)") && !text.contains("hidden (A)"),
        "{text}"
    );
    assert!(text.contains("Pod default/my-shell"), "{text}");
    stage.press("A");
    stage.press("1/my-shell<Enter>5");
    assert!(!stage.text().contains("of other pods hidden"), "{}", stage.text());
}

#[test]
fn at_the_top_of_the_timeline_new_lines_are_followed_until_one_moves() {
    let mut stage = shell().sized(120, 40);
    let edit = |stage: &mut Stage, hosts: &[&str], generation: i64| {
        stage.wait(60);
        stage.put(mesh::sidecar("default", hosts, generation));
    };
    edit(&mut stage, &["istio-system/*"], 2);
    stage.press("5j");
    edit(&mut stage, &["./*"], 3);
    assert!(
        !stage.current().contains("edited"),
        "it stays where it was put: {}",
        stage.text()
    );
    stage.press("g");
    let second = stage.current();
    assert!(second.contains("2→3"), "{second}");
    edit(&mut stage, &["*/*"], 4);
    assert!(stage.current().contains("3→4"), "{}", stage.text());
    stage.press("jk");
    edit(&mut stage, &["./*"], 5);
    assert!(stage.current().contains("3→4"), "{}", stage.text());
}

#[test]
fn the_object_of_a_timeline_stays_where_columns_scroll() {
    let mut stage = shell();
    stage.wait(60);
    stage.put(mesh::sidecar("default", &["istio-system/*"], 2));
    stage.press("5lll");
    assert!(stage.text().contains("OBJECT"), "{}", stage.text());
    assert!(stage.current().contains("Sidecar default/default"), "{}", stage.text());
}

#[test]
fn the_timeline_tells_the_edit_its_author_and_its_effect() {
    let mut stage = shell().sized(120, 40);
    stage.wait(60);
    stage.put(mesh::sidecar("default", &["istio-system/*"], 2));
    stage.press("5");
    let line = stage.current();
    assert!(line.contains("Sidecar default/default"), "{}", stage.text());
    assert!(
        line.contains("edited") && line.contains("kubectl-edit") && line.contains("+0 -4 ~0"),
        "{line}"
    );
    stage.press("<Enter>");
    let text = stage.text();
    assert!(
        text.contains("Effect on default/my-shell-6f9c-eeeee: +0 -4 ~0"),
        "{text}"
    );
    assert!(text.contains("- 10.244.1.31:9080      9080 reviews.bookinfo"), "{text}");
    assert!(text.contains("'reviews.bookinfo.svc.cluster.local' is in"), "{text}");
    assert!(text.contains("+     - istio-system/*"), "{text}");
}

#[test]
fn what_happened_before_the_start_stands_below_a_line() {
    let mut stage = Stage::bookinfo();
    stage.press("5");
    let rows = stage.names();
    assert!(rows[0].contains("before sidescope started"), "{rows:?}");
    assert!(rows.iter().any(|row| row.contains("created")), "{rows:?}");
}

#[test]
fn held_still_nothing_moves_and_what_waits_is_counted() {
    let mut stage = Stage::bookinfo().sized(80, 40);
    stage.press("f");
    let before = stage.names();
    stage.put(mesh::pod("bookinfo", "details-v2", "ggggg", "10.244.1.78"));
    assert_eq!(stage.names(), before);
    assert!(stage.text().contains("held still; 1 change waits"), "{}", stage.text());
    stage.press("f");
    assert_eq!(stage.names().len(), before.len() + 1);
}

fn envoy(rows: &[(&str, &str)]) -> EnvoyTable {
    let row = |(ip, service): &(&str, &str)| {
        let cluster = format!("outbound|9080||{service}.bookinfo.svc.cluster.local");
        let cluster = Arc::new(Cluster::parse(&cluster.into()));
        let row = EnvoyRow::new(cluster, Address::Socket((*ip).into(), 9080), Health::Healthy);
        (row, HostCounters::default())
    };
    EnvoyTable::new(rows.iter().map(row).collect())
}

#[test]
fn sync_says_what_envoy_has_and_has_not() {
    let mut stage = shell();
    let pod = Key::new("default", "my-shell-6f9c-eeeee");
    let answer = Ok(envoy(&[("10.244.1.30", "ratings"), ("10.1.1.1", "gone")]));
    let at = stage.now;
    stage.send(Message::Envoy {
        pod: pod.clone(),
        asked: at,
        at,
        answer,
    });
    let rows = stage.names();
    assert!(rows.iter().any(|row| row.starts_with("= 10.244.1.30:9080")), "{rows:?}");
    assert!(rows.iter().any(|row| row.starts_with("> 10.244.1.29:9080")), "{rows:?}");
    assert!(rows.iter().any(|row| row.starts_with("< 10.1.1.1:9080")), "{rows:?}");
    stage.wait(12);
    stage.press("g");
    assert!(
        stage
            .text()
            .contains("in Envoy still, though no longer computed, for 12s"),
        "{}",
        stage.text()
    );
    let at = stage.now;
    let answer = Err(NoEnvoy::NotRecorded);
    stage.send(Message::Envoy {
        pod,
        asked: at,
        at,
        answer,
    });
    let text = stage.text();
    assert!(text.contains("Envoy silent ● live"), "{text}");
    assert!(
        text.contains("the demo has no recording of this state of the mesh"),
        "{text}"
    );
    assert!(
        rows_of(&stage.active()).iter().all(|row| row.starts_with('?')),
        "{text}"
    );
}

#[test]
fn hosts_that_envoy_found_by_a_name_are_no_alarm() {
    let mut stage = shell();
    let mut rows = envoy(&[("203.0.113.10", "cards")]).rows.to_vec();
    rows[0].hostname = "api.cards.example.com".into();
    let table = EnvoyTable::new(rows.into_iter().map(|row| (row, HostCounters::default())).collect());
    let at = stage.now;
    stage.send(Message::Envoy {
        pod: Key::new("default", "my-shell-6f9c-eeeee"),
        asked: at,
        at,
        answer: Ok(table),
    });
    let rows = stage.names();
    assert!(
        rows.iter().any(|row| row.starts_with("? 203.0.113.10:9080")),
        "{rows:?}"
    );
}

#[test]
fn the_title_says_how_far_envoy_has_followed_and_rows_what_they_do() {
    let mut stage = shell().sized(160, 40);
    let pod = Key::new("default", "my-shell-6f9c-eeeee");
    let table = envoy(&[("10.244.1.30", "ratings"), ("10.1.1.1", "gone")]);
    for requests in [100, 120, 150] {
        let at = stage.now;
        let counters = table.rows.iter().map(|_| HostCounters {
            rq_total: requests,
            rq_error: requests / 50,
            ..HostCounters::default()
        });
        let answer = Ok(EnvoyTable {
            counters: counters.collect(),
            ..table.clone()
        });
        stage.send(Message::Envoy {
            pod: pod.clone(),
            asked: at,
            at,
            answer,
        });
        assert!(stage.text().contains("rows pending for"), "{}", stage.text());
        stage.wait(2);
    }
    let text = stage.text();
    assert!(text.contains("rows pending for 6.0 s"), "{text}");
    let rows = stage.names();
    let row = rows.iter().find(|row| row.contains("10.244.1.30:9080")).unwrap();
    assert!(row.contains("15.0"), "30 requests in two seconds: {row}");
    stage.press("3/10.244.1.30<Enter>");
    let text = stage.text();
    assert!(text.contains("15.0 req/s ▆▆██ 0.5 err/s  open 0"), "{text}");
    stage.press("<Esc>!");
    let rows = stage.names();
    assert!(
        rows.iter().any(|row| row.contains("10.244.1.30")),
        "it fails, so it is a fault: {rows:?}"
    );
}

#[test]
fn a_flood_of_pasted_keys_is_not_run() {
    let mut stage = Stage::bookinfo();
    stage.send(Message::Paste("Q\nM".to_owned()));
    assert!(
        stage
            .take_commands()
            .iter()
            .all(|command| !matches!(command, sidescope::app::Command::Quit { .. }))
    );
    stage.send(Message::Key(KeyPress::char('/')));
    stage.send(Message::Paste("reviews\n".to_owned()));
    assert_eq!(stage.names().len(), 2, "{}", stage.text());
}
