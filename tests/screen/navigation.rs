//! Getting about: views, panes, cursors, namespaces, places.

use sidescope::app::message::ClusterInfo;
use sidescope::app::{Command, KeyPress, Message, Options};
use sidescope::mesh::model::{Key, Kind};

use crate::mesh;
use crate::stage::Stage;

#[test]
fn it_opens_on_the_overview_with_the_first_sidecar_pod_and_its_endpoints() {
    let mut stage = Stage::bookinfo();
    let text = stage.text();
    assert!(text.contains("Pods 6"), "{text}");
    assert!(
        text.contains("Endpoints 5  of details-v1-6f9c-ddddd.bookinfo"),
        "{text}"
    );
    assert!(stage.current().contains("details-v1-6f9c-ddddd"), "{text}");
}

#[test]
fn moving_over_pods_changes_the_endpoints_at_once() {
    let mut objects = mesh::bookinfo();
    objects.push(mesh::sidecar("default", &["./*"], 1).into());
    let mut stage = Stage::with(&objects);
    assert_eq!(stage.lines_with("of details-v1").len(), 1);
    stage.press("jjjj");
    let text = stage.text();
    assert!(text.contains("Endpoints 0  of my-shell-6f9c-eeeee.default"), "{text}");
    assert!(text.contains("by Sidecar default/default"), "{text}");
    assert!(
        text.contains("nothing is in scope: the Sidecar lets no service in"),
        "{text}"
    );
}

#[test]
fn a_pod_asked_for_is_under_the_cursor_and_a_wrong_name_is_told_with_near_ones() {
    let options = |name: &str| Options {
        pod: Some(Key::new("bookinfo", name)),
        ..Options::default()
    };
    let mut stage = Stage::empty(options("ratings-v1-6f9c-ccccc"));
    stage.say(mesh::listed(&mesh::bookinfo()));
    assert!(stage.current().contains("ratings"));
    let mut stage = Stage::empty(options("ratngs"));
    stage.say(mesh::listed(&mesh::bookinfo()));
    assert_eq!(
        stage.text().lines().last().unwrap().trim(),
        "no pod 'bookinfo/ratngs'; near: ratings-v1-6f9c-ccccc.bookinfo"
    );
}

#[test]
fn the_cursor_stays_on_its_row_whatever_comes_and_goes_around_it() {
    let mut stage = Stage::bookinfo();
    stage.press("jj");
    let row = |stage: &mut Stage| stage.text().lines().position(|line| line.starts_with('>')).unwrap();
    let (before, line) = (stage.current(), row(&mut stage));
    for n in 0..40 {
        stage.put(mesh::pod(
            "aaa",
            "early-v1",
            &format!("n{n:03}"),
            &format!("10.9.0.{n}"),
        ));
        stage.screen();
    }
    assert_eq!(stage.current(), before);
    assert_eq!(row(&mut stage), line, "it stays on its line too");
    stage.press("/reviews<Enter>");
    assert_eq!(stage.current(), before);
    stage.press("/ratings<Enter>");
    assert!(stage.current().contains("ratings"));
    stage.press("<Esc>");
    assert_eq!(stage.current(), before, "a filter only hides it");
    stage.press("oj<Enter>I");
    assert_eq!(stage.current(), before);
    stage.say(mesh::listed(&mesh::bookinfo()));
    assert_eq!(stage.current(), before, "a new list does not move it");
}

#[test]
fn a_row_that_is_gone_for_good_leaves_the_cursor_on_its_neighbour() {
    let mut stage = Stage::bookinfo();
    stage.press("2j");
    assert!(stage.current().contains("ratings"));
    stage.remove(Kind::Service, "bookinfo", "ratings");
    assert!(stage.current().contains("ratings"), "its tombstone stays first");
    stage.press("m");
    assert!(stage.current().contains("reviews"), "{}", stage.text());
}

#[test]
fn tabs_panes_and_places_lead_back() {
    let mut stage = Stage::bookinfo();
    stage.press("3");
    assert!(stage.active().title[0].text.as_str() == "Endpoints");
    stage.press("4[");
    assert!(stage.active().title[0].text.as_str() == "Endpoints");
    stage.press("]");
    assert!(stage.active().title[0].text.as_str() == "Sidecars");
    stage.press("--");
    assert!(stage.active().title[0].text.as_str() == "Sidecars");
    stage.press("<Esc><Esc><Esc>");
    assert!(stage.text().contains("Pods 6") && stage.text().contains("Endpoints 5"));
    stage.press("<Tab><Tab>");
    assert!(stage.active().title[0].text.as_str() == "Endpoints");
    stage.press("z");
    assert_eq!(stage.screen().panes.len(), 1);
    stage.press("z");
    assert!(stage.screen().panes.len() > 1);
}

#[test]
fn q_quits_only_from_the_root_and_escape_never() {
    let mut stage = Stage::bookinfo();
    stage.press("3q");
    assert!(!stage.take_commands().contains(&Command::Quit { code: 0 }));
    stage.press("<Esc><Esc>");
    assert!(!stage.take_commands().contains(&Command::Quit { code: 0 }));
    stage.press("q");
    assert!(stage.take_commands().contains(&Command::Quit { code: 0 }));
}

#[test]
fn namespaces_are_picked_by_a_few_letters_and_several_with_space() {
    let mut stage = Stage::bookinfo();
    stage.press("nbk<Enter>");
    assert!(stage.text().contains("ns bookinfo"), "{}", stage.text());
    assert_eq!(stage.names().len(), 4);
    assert!(!stage.text().contains("NAMESPACE"), "one namespace needs no column");
    assert!(
        stage
            .take_commands()
            .contains(&Command::ShowNamespaces(vec!["bookinfo".into()]))
    );
    stage.press("n<Space><Space><Enter>");
    let text = stage.text();
    assert!(text.contains("ns bookinfo,default"), "{text}");
    stage.press("a");
    assert!(stage.text().contains("ns all"));
    stage.press("a");
    assert!(stage.text().contains("ns bookinfo,default"));
    assert!(stage.press("[").text().contains("ns all"));
}

#[test]
fn workloads_group_pods_and_lead_to_them() {
    let mut stage = Stage::bookinfo();
    stage.press("W");
    assert!(stage.text().contains("Workloads 6"), "{}", stage.text());
    stage.press("/reviews-v2<Enter><Enter>");
    assert!(
        stage.text().contains("Pods 1  of Deployment reviews-v2"),
        "{}",
        stage.text()
    );
    assert!(stage.text().contains("of reviews-v2-6f9c-bbbbb.bookinfo"));
    stage.press("<Esc>");
    assert!(stage.text().contains("Workloads"), "{}", stage.text());
}

#[test]
fn a_pinned_pod_stays_while_the_cursor_moves_on() {
    let mut stage = Stage::bookinfo().sized(80, 40);
    stage.press("pj");
    let text = stage.text();
    assert!(text.contains("pinned details-v1-6f9c-ddddd.bookinfo"), "{text}");
    assert!(text.contains("of ratings-v1-6f9c-ccccc.bookinfo"), "{text}");
    stage.press("kp");
    assert!(!stage.text().contains("pinned details"), "{}", stage.text());
}

#[test]
fn enter_drills_from_services_and_sidecars() {
    let mut stage = Stage::bookinfo();
    stage.press("2/^reviews<Enter><Enter>");
    assert!(stage.text().contains("Who sees reviews.bookinfo"), "{}", stage.text());
    stage.press("<Enter>");
    assert!(stage.text().contains("Endpoints 2  /host:"), "{}", stage.text());
    let mut stage = Stage::bookinfo();
    stage.put(mesh::sidecar("bookinfo", &["./*"], 1));
    stage.press("4<Enter>");
    let text = stage.text();
    assert!(text.contains("Pods 4  /sidecar:"), "{text}");
    assert!(text.contains("ns bookinfo"), "{text}");
}

#[test]
fn enter_on_a_service_without_rows_says_why_there_are_none() {
    let mut stage = Stage::bookinfo();
    stage.put(mesh::sidecar("bookinfo", &["istio-system/*"], 1));
    stage.wait(3_600);
    stage.screen();
    stage.wait(3_600);
    stage.press("2/^reviews<Enter><Enter><Enter>");
    let text = stage.text();
    assert!(
        text.contains("reviews.bookinfo.svc.cluster.local is not in scope of"),
        "{text}"
    );
    stage.press("<Esc>");
    assert!(stage.text().contains("Who sees reviews.bookinfo"), "{}", stage.text());
    stage.press("<Esc>");
    assert_eq!(stage.active().title[0].text.as_str(), "Services");
}

#[test]
fn the_header_lets_go_of_what_matters_least_first() {
    let mut stage = Stage::bookinfo();
    stage.put(mesh::sidecar("bookinfo", &["./*"], 1));
    stage.send(Message::Cluster(ClusterInfo {
        context: "kind-payments-production-eu".into(),
        ..ClusterInfo::default()
    }));
    let parts = ["istiod 1.31.0", "pod ", "kind", "by Sid"];
    let mut shown = |width| {
        stage.size = (width, 24);
        let head = stage.text().lines().next().unwrap().to_owned();
        (parts.map(|part| head.contains(part)), head)
    };
    let mut before = 0;
    for width in 60..=200 {
        let (there, head) = shown(width);
        assert!(there[3], "{width}: {head}");
        assert!(
            there.is_sorted(),
            "{width}: a part is shown before one that matters more: {head}"
        );
        let count = there.iter().filter(|there| **there).count();
        assert!(count >= before, "{width}: less fits than in a narrower one: {head}");
        before = count;
    }
    assert_eq!(before, 4, "in the end all of it");
    assert_eq!(shown(80).0, [false, true, true, true], "{}", shown(80).1);
    assert!(shown(100).1.contains("UTC"), "{}", shown(100).1);
    assert_eq!(shown(120).0, [true; 4], "{}", shown(120).1);
}

#[test]
fn a_key_that_does_not_work_here_says_where_it_does() {
    let mut stage = Stage::bookinfo();
    stage.press("v");
    assert_eq!(
        stage.text().lines().last().unwrap().trim(),
        "v: view the endpoints as they were then - works in the timeline"
    );
    stage.press(".");
    assert!(stage.text().lines().last().unwrap().contains("works in the demo"));
    stage.press("%");
    assert!(
        stage
            .text()
            .lines()
            .last()
            .unwrap()
            .contains("'%' does nothing here; ? shows the keys")
    );
}

#[test]
fn columns_scroll_and_say_how_many_are_hidden() {
    let mut stage = Stage::bookinfo();
    stage.press("1/my-shell<Enter>");
    assert!(!stage.current().contains("node-a"));
    stage.press("lllll");
    let row = stage.current();
    assert!(row.contains("node-a") && row.contains("my-shell-6f9c-eeeee"), "{row}");
    stage.press("hhhhhh");
    assert!(!stage.current().contains("node-a"));
}

#[test]
fn envoys_are_asked_of_the_pods_that_are_looked_at() {
    let mut stage = Stage::bookinfo();
    let key = |name: &str| (Key::new("bookinfo", name), 15_000);
    let watch = |pods| Command::WatchEnvoy { pods, rates: true };
    assert_eq!(stage.take_commands(), [watch(vec![key("details-v1-6f9c-ddddd")])]);
    stage.press("pj");
    assert_eq!(
        stage.take_commands(),
        [watch(vec![key("ratings-v1-6f9c-ccccc"), key("details-v1-6f9c-ddddd")])]
    );
    stage.press("G");
    assert_eq!(
        stage.take_commands(),
        [watch(vec![key("details-v1-6f9c-ddddd")])],
        "istiod has no Envoy"
    );
}

#[test]
fn keys_typed_ahead_do_what_they_would_do_one_by_one() {
    for keys in [
        "5j",
        "5jj",
        "2jx",
        "1jH",
        "1jjx",
        "jH",
        "jx",
        "4j",
        "3jx",
        "1j3",
        "Wj<Enter>",
        "n<Enter>j",
        "/rev<Enter>jx",
        "1jpkH",
        "2j<Enter>",
        "5j<Enter>",
        "5jD",
        "jc",
        "F10.244<Enter>",
        "!j1",
        "1jd",
        "1/rev<Enter>jd",
    ] {
        let prepared = || {
            let mut stage = Stage::bookinfo();
            stage.put(mesh::sidecar("bookinfo", &["./*"], 1));
            stage.wait(1);
            stage.put(mesh::sidecar("bookinfo", &["istio-system/*"], 2));
            stage.wait(1);
            stage.screen();
            stage
        };
        let mut slowly = prepared();
        slowly.press(keys);
        let mut at_once = prepared();
        at_once.type_ahead(keys);
        assert_eq!(at_once.text(), slowly.text(), "{keys}");
        assert_eq!(at_once.take_commands(), slowly.take_commands(), "{keys}");
    }
}

#[test]
fn a_key_right_behind_escape_is_that_key() {
    let mut stage = Stage::bookinfo();
    stage.press("?");
    assert!(stage.text().contains("I want to know"));
    // terminals send both in one go, as they send Alt with a key
    stage.send(Message::Key(KeyPress {
        alt: true,
        ..KeyPress::char('2')
    }));
    let text = stage.text();
    assert!(!text.contains("I want to know") && text.contains("PORT(S)"), "{text}");
    stage.press("/x");
    stage.send(Message::Key(KeyPress {
        alt: true,
        ..KeyPress::char('1')
    }));
    let text = stage.text();
    assert!(text.contains("PROXY") && !text.contains("/x"), "{text}");
}
