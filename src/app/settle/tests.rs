//! What is read of the past while a person goes through pods.

use jiff::{SignedDuration, Timestamp};

use crate::app::{App, KeyPress, Message, Options};
use crate::mesh::model::{EndpointSlice, Key, Kind, Meta, Pod, Proxy, Service, ServicePort, SliceEndpoint, SlicePort};
use crate::mesh::world::{Delta, Found, ListScope};

const EVENTS: i64 = 200;

fn meta(name: &str) -> Meta {
    Meta {
        key: Key::new("shop", name),
        ..Meta::default()
    }
}

fn pod(name: &str) -> Pod {
    Pod {
        meta: meta(name),
        phase: "Running".into(),
        ips: ["10.0.0.1".into()].into(),
        ready: true,
        proxy: Some(Proxy::default().into()),
        ..Pod::default()
    }
}

fn service() -> Service {
    let port = ServicePort {
        name: "http".into(),
        number: 80,
        protocol: "TCP".into(),
        app_protocol: None,
        target: None,
        node_port: 0,
    };
    Service {
        meta: meta("cart"),
        cluster_ips: ["10.96.0.1".into()].into(),
        ports: [port].into(),
        ..Service::default()
    }
}

fn slice(is_ready: bool) -> EndpointSlice {
    let endpoint = SliceEndpoint {
        addresses: ["10.1.0.1".into()].into(),
        ready: Some(is_ready),
        serving: Some(true),
        terminating: Some(false),
        pod: None,
        node: "".into(),
        zone: "".into(),
    };
    let port = SlicePort {
        name: "http".into(),
        number: 8080,
    };
    EndpointSlice {
        meta: meta("cart-x"),
        service: "cart".into(),
        address_type: "IPv4".into(),
        ports: [port].into(),
        endpoints: [endpoint].into(),
    }
}

#[test]
fn only_the_past_of_pods_that_are_looked_at_is_read() {
    let names = ["web-0", "web-1", "web-2", "web-3", "web-4"];
    let mut app = App::new(Options {
        pod: Some(Key::new("shop", "web-0")),
        ..Options::default()
    });
    let objects = [service().into(), slice(true).into()];
    let objects = objects.into_iter().chain(names.map(|name| pod(name).into()));
    let complete = |kind: &Kind| Delta::Coverage(*kind, ListScope::All, Found::All);
    let batch = objects.map(Delta::Put).chain(Kind::ALL.iter().map(complete)).collect();
    let mut now = Timestamp::UNIX_EPOCH;
    app.update(now, Message::Deltas { at: now, batch });
    app.screen(now, 120, 40);
    for event in 0..EVENTS {
        now += SignedDuration::from_secs(1);
        let batch = vec![Delta::Put(slice(event % 2 == 1).into())];
        app.update(now, Message::Deltas { at: now, batch });
    }
    app.screen(now, 120, 40);

    // a walk is longer than one frame, and holds the past as it was when it began
    for name in &names[1..] {
        app.update(now, Message::Key(KeyPress::char('j')));
        app.screen(now, 120, 40);
        let walked: Vec<_> = app.ui.walks.iter().map(|walk| walk.pod().name.as_str()).collect();
        assert_eq!(walked, [*name]);
    }
    for _ in 0..EVENTS {
        app.screen(now, 120, 40);
    }
    assert!(app.ui.walks.is_empty());
    let effects = |name| {
        app.facts
            .history
            .pod(&Key::new("shop", name))
            .unwrap()
            .effects()
            .count()
    };
    assert_eq!(effects("web-4"), 200, "one for each event");
    assert!(effects("web-2") < 200, "it was left before");
}
