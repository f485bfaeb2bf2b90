//! States: loading, denied, absent, empty, broken; each says what is the case and what to do.

use std::time::Duration;

use jiff::SignedDuration;
use sidescope::app::message::{DemoControl, DemoState};
use sidescope::app::{Command, Message, Namespaces, Options, Play};
use sidescope::mesh::model::{Kind, Pod};
use sidescope::mesh::world::{Delta, Failure, Found, ListScope, SourceState};

use crate::mesh;
use crate::stage::Stage;

#[test]
fn while_lists_come_in_it_counts_and_draws_no_table_from_half_of_them() {
    let mut stage = Stage::empty(Options::default());
    assert!(stage.text().contains("connecting"), "{}", stage.text());
    stage.send(Message::Source {
        kind: Kind::Pod,
        scope: ListScope::All,
        state: SourceState::Listing(3500),
    });
    let text = stage.text();
    assert!(
        text.contains("● listing 3500") && text.contains("listing pods 3500"),
        "{text}"
    );
    let pods: Vec<Delta> = mesh::listed(&mesh::bookinfo())
        .into_iter()
        .filter(|delta| matches!(delta, Delta::Put(object) if object.kind() == Kind::Pod))
        .collect();
    stage.say(pods);
    let text = stage.text();
    assert!(
        text.contains("details-v1-6f9c-ddddd"),
        "rows are shown as they come: {text}"
    );
    assert!(
        text.contains("no table is drawn from half of what it follows from"),
        "{text}"
    );
    assert!(stage.take_commands().is_empty());
}

#[test]
fn a_denied_kind_names_verb_and_resource_and_how_to_ask() {
    let mut stage = Stage::empty(Options::default());
    let failure = Failure::Forbidden {
        verb: "list",
        resource: "services",
        namespace: "".into(),
    };
    stage.say(
        mesh::listed(&mesh::bookinfo())
            .into_iter()
            .filter(|delta| !is_about(delta, Kind::Service))
            .collect(),
    );
    stage.say(vec![Delta::Coverage(Kind::Service, ListScope::All, Found::Denied)]);
    stage.send(Message::Source {
        kind: Kind::Service,
        scope: ListScope::All,
        state: SourceState::Denied { failure },
    });
    stage.press("2");
    let text = stage.text();
    assert!(
        text.contains("may not list 'services' in the whole cluster (403)"),
        "{text}"
    );
    assert!(text.contains("kubectl auth can-i list services -A"), "{text}");
    assert!(text.contains("● denied 1"), "{text}");
    stage.press("3");
    assert!(
        stage.text().contains("INCOMPLETE: services not readable"),
        "{}",
        stage.text()
    );
}

#[test]
fn a_namespace_that_may_not_be_read_is_not_called_empty() {
    let mut stage = Stage::empty(Options {
        namespaces: Namespaces::Some(vec!["shop".into()]),
        ..Options::default()
    });
    stage.say(
        mesh::listed(&mesh::bookinfo())
            .into_iter()
            .filter(|delta| !is_about(delta, Kind::Service))
            .collect(),
    );
    let readable = ListScope::Namespace("bookinfo".into());
    stage.say(vec![
        Delta::Coverage(Kind::Service, ListScope::All, Found::Denied),
        Delta::Coverage(Kind::Service, readable, Found::All),
    ]);
    stage.press("2");
    let text = stage.text();
    assert!(
        text.contains("may not list 'services' in namespace 'shop' (403)")
            && text.contains("kubectl auth can-i list services -n shop"),
        "{text}"
    );
}

fn is_about(delta: &Delta, of: Kind) -> bool {
    match delta {
        Delta::ListStart(kind, _) | Delta::ListEnd(kind, _) | Delta::Remove(kind, _) | Delta::Coverage(kind, ..) => {
            *kind == of
        }
        Delta::Put(object) => object.kind() == of,
    }
}

#[test]
fn a_kind_that_is_not_installed_is_told_from_one_without_objects() {
    let mut stage = Stage::bookinfo();
    stage.press("4");
    assert!(
        stage.text().contains("there are no Sidecars in this cluster"),
        "{}",
        stage.text()
    );
    stage.say(vec![Delta::Coverage(Kind::Sidecar, ListScope::All, Found::NoSuchKind)]);
    assert!(
        stage
            .text()
            .contains("this cluster has no Sidecars: the kind is not installed"),
        "{}",
        stage.text()
    );
}

#[test]
fn an_empty_namespace_offers_others() {
    let mut stage = Stage::empty(Options {
        namespaces: Namespaces::Some(vec!["nowhere".into()]),
        ..Options::default()
    });
    stage.say(mesh::listed(&mesh::bookinfo()));
    let text = stage.text();
    assert!(text.contains("there are no pods in nowhere"), "{text}");
    assert!(text.contains("n  choose other namespaces"), "{text}");
}

#[test]
fn a_broken_connection_keeps_the_data_and_says_when_it_tries_again() {
    let mut stage = Stage::bookinfo();
    stage.send(Message::Source {
        kind: Kind::Pod,
        scope: ListScope::All,
        state: SourceState::Retrying {
            attempt: 3,
            wait: Duration::from_secs(4),
            failure: Failure::Unreachable("connection refused".into()),
        },
    });
    let text = stage.text();
    assert!(
        text.contains("● retry 3 in 4s") && text.contains("details-v1-6f9c-ddddd"),
        "{text}"
    );
    stage.wait(45);
    assert!(stage.text().contains("● stale 45s"), "{}", stage.text());
    stage.press(":sources<Enter>");
    let text = stage.text();
    assert!(
        text.contains("cannot reach the API server: connection refused"),
        "{text}"
    );
    stage.press("<Esc><C-r>");
    assert!(stage.take_commands().contains(&Command::Relist));
}

#[test]
fn a_watch_that_says_nothing_for_longer_than_a_bookmark_takes_is_stale() {
    let mut stage = Stage::bookinfo();
    stage.wait(5);
    assert!(stage.text().contains("● live"), "{}", stage.text());
    let live = |kind| Message::Source {
        kind,
        scope: ListScope::All,
        state: SourceState::Live,
    };
    stage.wait(40);
    for kind in Kind::ALL.iter().filter(|kind| **kind != Kind::Pod) {
        stage.send(live(*kind));
    }
    assert!(stage.text().contains("● live"), "{}", stage.text());
    stage.wait(30);
    assert!(stage.text().contains("● stale 75s"), "{}", stage.text());
    stage.send(live(Kind::Pod));
    assert!(stage.text().contains("● live"), "{}", stage.text());
}

#[test]
fn a_broken_namespace_is_said_where_not_all_may_be_read() {
    let mut stage = Stage::bookinfo();
    let failure = Failure::Forbidden {
        verb: "list",
        resource: "pods",
        namespace: "".into(),
    };
    let broken = SourceState::Retrying {
        attempt: 2,
        wait: Duration::from_secs(4),
        failure: Failure::Unreachable("connection refused".into()),
    };
    for (scope, state) in [
        (ListScope::All, SourceState::Denied { failure }),
        (ListScope::Namespace("default".into()), SourceState::Live),
        (ListScope::Namespace("bookinfo".into()), broken),
    ] {
        stage.send(Message::Source {
            kind: Kind::Pod,
            scope,
            state,
        });
    }
    assert!(stage.text().contains("● retry 2 in 4s"), "{}", stage.text());
    stage.press(":sources<Enter>");
    let text = stage.text();
    assert!(
        text.contains("in bookinfo: try 2") && text.contains("in default: live"),
        "{text}"
    );
}

#[test]
fn an_expired_login_says_which_key_renews_it() {
    let mut stage = Stage::empty(Options::default());
    stage.send(Message::Source {
        kind: Kind::Pod,
        scope: ListScope::All,
        state: SourceState::Retrying {
            attempt: 1,
            wait: Duration::from_secs(1),
            failure: Failure::Unauthorized("token expired".into()),
        },
    });
    let text = stage.text();
    assert!(
        text.contains("login expired: L") && text.contains("L  log in again"),
        "{text}"
    );
    stage.press("L");
    assert!(stage.take_commands().contains(&Command::LogIn));
}

fn with_pod(pod: Pod) -> Stage {
    let mut objects = mesh::bookinfo();
    let name = pod.meta.key.name.clone();
    objects.push(pod.into());
    let mut stage = Stage::with(&objects);
    stage.press(&format!("/{name}<Enter>"));
    stage
}

#[test]
fn a_pod_without_sidecar_says_which_labels_decide() {
    let mut stage = with_pod(mesh::without_proxy(mesh::pod("bookinfo", "bare", "h", "10.244.1.50"))).sized(80, 40);
    let text = stage.text();
    assert!(text.contains("has no sidecar: its traffic goes past Istio"), "{text}");
    assert!(text.contains("namespace label istio-injection: absent"), "{text}");
    assert!(text.contains("label the namespace istio-injection=enabled"), "{text}");
}

#[test]
fn a_pod_without_address_is_told_from_one_without_endpoints() {
    let mut pod = mesh::pod("bookinfo", "starting", "h", "");
    pod.ips = [].into();
    let mut stage = with_pod(pod);
    assert!(stage.text().contains("the pod has no address yet"), "{}", stage.text());
}

#[test]
fn faults_only_shows_what_is_wrong_or_says_that_nothing_is() {
    let mut stage = Stage::bookinfo();
    stage.press("!");
    assert!(
        stage.text().contains("nothing is wrong with any of 6 pods"),
        "{}",
        stage.text()
    );
    let mut pod = mesh::pod("bookinfo", "reviews-v2", "bbbbb", "10.244.2.31");
    pod.ready = false;
    pod.printed.ready = 1;
    stage.put(pod);
    assert_eq!(stage.names().len(), 1, "{}", stage.text());
    stage.press("<Esc>");
    assert_eq!(stage.names().len(), 6);
}

const TITLE: &str = "argocd applies Sidecar default/default: my-shell sees far less than before";

/// A demo whose story is told, and goes on in so many seconds if it is not paused.
fn demo(next: Option<i64>) -> Stage {
    let mut stage = Stage::empty(Options {
        play: Play::Demo,
        ..Options::default()
    });
    stage.say(mesh::listed(&mesh::bookinfo()));
    tell(&mut stage, 2, next);
    stage
}

fn tell(stage: &mut Stage, step: usize, next: Option<i64>) {
    stage.send(Message::Demo(DemoState {
        step,
        steps: 17,
        title: TITLE.into(),
        paused: next.is_none(),
        next: next.map(|seconds| stage.now + SignedDuration::from_secs(seconds)),
    }));
}

#[test]
fn a_tall_screen_has_a_line_for_the_story_that_counts_down() {
    for (width, height) in [(100, 30), (120, 40), (160, 50)] {
        let mut stage = demo(Some(12)).sized(width, height);
        let line = stage.lines_with(TITLE).join("");
        assert!(line.starts_with(" 2/17 argocd"), "{line}");
        assert!(width < 120 || line.ends_with("next in 12s  , pauses"), "{line}");
        assert!(stage.text().contains("6 Traffic\n"), "the tabs are whole, and alone");
        let wake = stage.app.next_wake(stage.now).unwrap();
        assert!(wake <= stage.now + SignedDuration::from_millis(1_001), "it counts");
        stage.wait(2);
        assert!(width < 120 || stage.text().contains("next in 10s"), "{}", stage.text());
    }
    let mut paused = demo(None).sized(120, 40);
    assert!(paused.text().contains("paused  , goes on"), "{}", paused.text());
}

#[test]
fn a_low_screen_tells_each_step_of_the_story_at_the_foot() {
    let mut stage = demo(Some(12)).sized(80, 24);
    assert!(
        stage.lines_with("6 Traffic").join("").ends_with(" 2/17"),
        "{}",
        stage.text()
    );
    tell(&mut stage, 3, Some(12));
    let text = stage.text();
    assert_eq!(text.lines().last().unwrap().trim(), TITLE, "{text}");
}

#[test]
fn the_keys_of_the_demo_steer_its_story() {
    let mut stage = demo(None).sized(120, 40);
    stage.press(".,B");
    let steered: Vec<_> = stage
        .take_commands()
        .into_iter()
        .filter_map(|command| {
            if let Command::Demo(control) = command {
                Some(control)
            } else {
                None
            }
        })
        .collect();
    assert_eq!(steered, [DemoControl::Step, DemoControl::Pause, DemoControl::Restart]);
}

#[test]
fn what_goes_wrong_outside_is_said_and_kept() {
    let mut stage = Stage::bookinfo();
    stage.send(Message::Problem("the task 'watch pods' panicked".to_owned()));
    assert!(stage.text().contains("the task 'watch pods' panicked"));
    stage.press(":log<Enter>");
    assert!(
        stage.lines_with("the task 'watch pods' panicked").len() == 1,
        "{}",
        stage.text()
    );
}

#[test]
fn hostile_names_cannot_steer_the_terminal() {
    let mut pod = mesh::pod("bookinfo", "evil", "h", "10.244.1.66");
    pod.printed.status = "\u{1b}[2JRunning\u{202e}".into();
    let mut stage = with_pod(pod);
    let text = stage.text();
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text:?}");
}
