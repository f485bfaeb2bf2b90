//! Every state and dialog that no other file pictures, at 80x24 as a terminal shows it: a table of names and ways there.
//!
//! Update with `INSTA_UPDATE=always` and look at the difference.

use std::sync::Arc;
use std::time::Duration;

use insta::assert_snapshot;
use jiff::SignedDuration;
use sidescope::app::message::{DemoState, Fetch, Request};
use sidescope::app::{Message, Namespaces, Options, Pace, Play, RecordingNews, Replay};
use sidescope::mesh::model::{Key, Kind, Labels, Object, Pod, Proxy, ProxyKind};
use sidescope::mesh::world::{Delta, Failure, Found, ListScope, SourceState};
use sidescope::tui::Theme;

use crate::mesh;
use crate::picture::{glyphs, styled};
use crate::stage::Stage;

/// A picture: its name, and how one gets there.
type Picture = (&'static str, fn() -> Stage);

const PICTURES: &[Picture] = &[
    ("loading", || {
        let mut stage = Stage::empty(Options::default());
        for (kind, count) in [(Kind::Pod, 3500), (Kind::Service, 120)] {
            source(&mut stage, kind, SourceState::Listing(count));
        }
        stage
    }),
    ("disconnected", || {
        let mut stage = Stage::empty(Options::default());
        source(
            &mut stage,
            Kind::Pod,
            broken(Failure::Unreachable("Connection refused".into())),
        );
        stage
    }),
    ("login_expired", || {
        let mut stage = Stage::empty(Options::default());
        source(
            &mut stage,
            Kind::Pod,
            broken(Failure::Unauthorized("token expired".into())),
        );
        stage
    }),
    ("stale", || {
        let mut stage = Stage::bookinfo();
        source(
            &mut stage,
            Kind::Pod,
            broken(Failure::Unreachable("Connection refused".into())),
        );
        stage.wait(45);
        stage
    }),
    ("denied", || pressed(without_services(), "2")),
    ("incomplete", || pressed(without_services(), "3")),
    ("kind_absent", || {
        let mut stage = Stage::bookinfo();
        stage.say(vec![Delta::Coverage(Kind::Sidecar, ListScope::All, Found::NoSuchKind)]);
        pressed(stage, "4")
    }),
    ("empty_namespace", || shown_in("default", &without(Kind::Pod), "1")),
    ("empty_for_a_filter", || {
        pressed(Stage::bookinfo(), "1/nothing-like-it<Enter>")
    }),
    ("empty_may_not_list", || {
        let mut stage = shown_in("shop", &without(Kind::Service), "2");
        let readable = ListScope::Namespace("bookinfo".into());
        stage.say(vec![
            Delta::Coverage(Kind::Service, ListScope::All, Found::Denied),
            Delta::Coverage(Kind::Service, readable, Found::All),
        ]);
        stage
    }),
    ("nothing_wrong", || pressed(Stage::bookinfo(), "1!")),
    ("no_istiod", || {
        let is_plane = |object: &Object| matches!(object.kind(), Kind::Istiod | Kind::MeshConfigMap);
        let objects: Vec<Object> = mesh::bookinfo()
            .into_iter()
            .filter(|object| !is_plane(object))
            .collect();
        pressed(Stage::with(&objects), "3")
    }),
    ("pod_without_sidecar", || of_pod(|pod| pod.proxy = None)),
    ("gateway", || of_pod(|pod| pod.proxy = Some(proxy(ProxyKind::Router)))),
    ("waypoint", || {
        of_pod(|pod| pod.proxy = Some(proxy(ProxyKind::Waypoint)))
    }),
    ("ambient", || {
        of_pod(|pod| {
            pod.proxy = None;
            pod.meta.annotations = Labels::from([("ambient.istio.io/redirection", "enabled")]);
        })
    }),
    ("pod_without_address", || of_pod(|pod| pod.ips = [].into())),
    ("pod_gone", || {
        let mut stage = pressed(Stage::bookinfo(), "1/my-shell<Enter>p");
        stage.wait(10);
        stage.remove(Kind::Pod, "default", "my-shell-6f9c-eeeee");
        pressed(stage, "3")
    }),
    ("pinned", || pressed(Stage::bookinfo(), "1/my-shell<Enter>p<Esc>g3")),
    ("nothing_in_scope", || with_sidecar(&["nowhere/*"], "3")),
    ("frozen", || {
        let mut stage = pressed(Stage::bookinfo(), "f");
        stage.remove(Kind::Pod, "default", "my-shell-6f9c-eeeee");
        stage
    }),
    ("demo", || {
        let mut stage = stage_of(Play::Demo);
        stage.send(Message::Demo(DemoState {
            step: 2,
            steps: 17,
            title: "argocd applies Sidecar default/default".into(),
            paused: true,
            next: None,
        }));
        stage
    }),
    ("replay", || {
        let mut stage = stage_of(Play::Replay);
        stage.send(Message::Replay(Replay {
            begins: stage.now - SignedDuration::from_mins(30),
            ends: stage.now + SignedDuration::from_mins(30),
            speed: 10,
            pace: Pace::Paused,
        }));
        stage
    }),
    ("recording", || {
        let mut stage = Stage::bookinfo();
        stage.send(Message::Recording(RecordingNews::Begun(
            "incident.recording".to_owned(),
        )));
        stage
    }),
    ("hidden_hosts", || with_sidecar(&["istio-system/*"], "H")),
    ("explain_hidden", || with_sidecar(&["istio-system/*"], "H<Enter>")),
    ("find", || pressed(Stage::bookinfo(), "Freviews")),
    ("find_address", || pressed(Stage::bookinfo(), "F10.244.1.31")),
    ("find_nothing", || pressed(Stage::bookinfo(), "F10.9.9.9")),
    ("columns", || pressed(Stage::bookinfo(), "1O")),
    ("save", || pressed(Stage::bookinfo(), "<C-s>")),
    ("sources", || pressed(without_services(), ":sources<Enter>")),
    ("log", || {
        let mut stage = Stage::bookinfo();
        stage.send(Message::Problem("the task 'watch pods' panicked".to_owned()));
        pressed(stage, ":log<Enter>")
    }),
    ("events", || {
        let text = "LAST SEEN  TYPE     REASON   OBJECT                   MESSAGE\n\
                    12s        Warning  BackOff  Pod/my-shell-6f9c-eeeee  Back-off restarting failed container\n";
        let mut stage = pressed(Stage::bookinfo(), "1/my-shell<Enter>e");
        stage.send(Message::Fetched {
            request: Request {
                what: Fetch::Events,
                kind: Kind::Pod,
                key: Key::new("default", "my-shell-6f9c-eeeee"),
            },
            text: Ok(text.to_owned()),
        });
        stage
    }),
    ("yaml", || with_sidecar(&["istio-system/*", "./*"], "4y")),
    ("describe_sidecar", || with_sidecar(&["istio-system/*", "./*"], "4d")),
    ("wrong_filter", || pressed(Stage::bookinfo(), "1/[")),
    ("unknown_command", || pressed(Stage::bookinfo(), ":servces<Enter>")),
    ("key_of_another_view", || pressed(Stage::bookinfo(), "1v")),
    ("too_small", || Stage::bookinfo().sized(39, 10)),
];

fn pressed(mut stage: Stage, keys: &str) -> Stage {
    stage.press(keys);
    stage
}

fn source(stage: &mut Stage, kind: Kind, state: SourceState) {
    let scope = ListScope::All;
    stage.send(Message::Source { kind, scope, state });
}

fn broken(failure: Failure) -> SourceState {
    SourceState::Retrying {
        attempt: 3,
        wait: Duration::from_secs(4),
        failure,
    }
}

fn without(kind: Kind) -> Vec<Object> {
    let objects = mesh::bookinfo().into_iter();
    objects.filter(|object| object.kind() != kind).collect()
}

/// Services may not be listed.
fn without_services() -> Stage {
    let mut stage = Stage::with(&without(Kind::Service));
    stage.say(vec![Delta::Coverage(Kind::Service, ListScope::All, Found::Denied)]);
    let failure = Failure::Forbidden {
        verb: "list",
        resource: "services",
        namespace: "".into(),
    };
    source(&mut stage, Kind::Service, SourceState::Denied { failure });
    stage
}

fn shown_in(namespace: &str, objects: &[Object], keys: &str) -> Stage {
    let options = Options {
        namespaces: Namespaces::Some(vec![namespace.into()]),
        ..Options::default()
    };
    pressed(Stage::starting(options, objects), keys)
}

fn stage_of(play: Play) -> Stage {
    let options = Options {
        play,
        ..Options::default()
    };
    Stage::starting(options, &mesh::bookinfo())
}

fn with_sidecar(hosts: &[&str], keys: &str) -> Stage {
    let mut objects = mesh::bookinfo();
    objects.push(mesh::sidecar("default", hosts, 1).into());
    let stage = pressed(Stage::with(&objects), "1/my-shell<Enter>");
    pressed(stage, keys)
}

/// The endpoints of a pod that is not as others.
fn of_pod(change: fn(&mut Pod)) -> Stage {
    let mut objects = mesh::bookinfo();
    let mut pod = mesh::pod("bookinfo", "other", "h", "10.244.1.50");
    change(&mut pod);
    objects.push(pod.into());
    pressed(Stage::with(&objects), "1/other<Enter>3")
}

fn proxy(kind: ProxyKind) -> Arc<Proxy> {
    let proxy = Proxy {
        kind,
        image_tag: "1.31.0".into(),
        ..Proxy::default()
    };
    Arc::new(proxy)
}

#[test]
fn every_state_and_dialog_is_as_it_was_looked_at() {
    for (name, stage) in PICTURES {
        let mut stage = stage();
        let (width, height) = stage.size;
        assert_snapshot!(format!("{name}_{width}x{height}"), styled(&mut stage, Theme::Terminal));
    }
}

#[test]
fn no_state_is_blank_and_each_says_which_key_leads_on() {
    for (name, stage) in PICTURES {
        let text = glyphs(&mut stage());
        let words = text.split_whitespace().count();
        assert!(words >= 4, "{name}: {text}");
        let foot = text.lines().last().unwrap_or_default();
        assert!(!foot.trim().is_empty() || *name == "too_small", "{name}: {text}");
    }
}
