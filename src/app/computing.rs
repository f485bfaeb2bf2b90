//! The first table of a pod that imports very many services: worked out beside the loop, on a snapshot of the world.
//!
//! Nothing is decided here: what comes back warms the scope engine, which then gives the table at once.

use std::fmt;

use super::message::Message;
use crate::mesh::model::Key;
use crate::mesh::scope::Cache;
use crate::mesh::world::World;

/// The work: see [`super::message::Command::Compute`].
#[derive(Debug)]
pub struct Computing {
    pub(super) pod: Key,
    pub(super) world: World,
    pub(super) cache: Cache,
    pub(super) epoch: u64,
}

/// What it gave.
#[derive(Clone)]
pub struct Computed {
    pub(super) pod: Key,
    pub(super) cache: Box<Cache>,
    /// Which telling of the cluster it is about.
    pub(super) epoch: u64,
}

impl Computing {
    /// Does it.
    pub fn run(mut self) -> Message {
        // why there is no table will be found again, without work
        let _ = self.cache.table(&self.world, &self.pod);
        Message::Computed(Computed {
            pod: self.pod,
            epoch: self.epoch,
            cache: Box::new(self.cache),
        })
    }
}

impl PartialEq for Computed {
    fn eq(&self, other: &Self) -> bool {
        self.pod == other.pod
    }
}

impl fmt::Debug for Computed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Computed").field(&self.pod).finish()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use crate::app::key::KeyPress;
    use crate::app::message::Work;
    use crate::app::{App, Command, Message, Options};
    use crate::mesh::history::ObjectId;
    use crate::mesh::model::{EndpointSlice, Key, Kind, Meta, Object, Pod, Proxy, Service, ServicePort};
    use crate::mesh::model::{SliceEndpoint, SlicePort, Uid};
    use crate::mesh::world::{Delta, Found, ListScope};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

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

    /// A pod without a Sidecar, and so many services with one endpoint each.
    fn mesh(services: u16) -> Vec<Delta> {
        let mut objects = vec![Object::from(pod("web"))];
        for number in 0..services {
            let name = format!("s{number}");
            let port = ServicePort {
                name: "http".into(),
                number: 80,
                protocol: "TCP".into(),
                app_protocol: None,
                target: None,
                node_port: 0,
            };
            objects.push(Object::from(Service {
                meta: meta(&name),
                cluster_ips: ["10.96.0.1".into()].into(),
                ports: [port].into(),
                ..Service::default()
            }));
            let endpoint = SliceEndpoint {
                addresses: [format!("10.1.{}.{}", number / 250, number % 250).into()].into(),
                ready: Some(true),
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
            objects.push(Object::from(EndpointSlice {
                meta: meta(&format!("{name}-x")),
                service: name.as_str().into(),
                address_type: "IPv4".into(),
                ports: [port].into(),
                endpoints: [endpoint].into(),
            }));
        }
        let complete = |kind: &Kind| Delta::Coverage(*kind, ListScope::All, Found::All);
        let objects = objects.into_iter().map(Delta::Put);
        objects.chain(Kind::ALL.iter().map(complete)).collect()
    }

    /// The app over that mesh with the pod chosen, what it asks for, and its screen.
    fn open(services: u16) -> (App, Vec<Command>, String) {
        let mut app = App::new(Options {
            pod: Some(Key::new("shop", "web")),
            ..Options::default()
        });
        let batch = mesh(services);
        let commands = app.update(NOW, Message::Deltas { at: NOW, batch });
        let shown = text(&mut app);
        (app, commands, shown)
    }

    fn text(app: &mut App) -> String {
        format!("{:?}", app.screen(NOW, 120, 40))
    }

    #[test]
    fn a_table_of_very_many_services_is_worked_out_beside_the_loop() {
        let (mut app, commands, shown) = open(2_001);
        let pod = Key::new("shop", "web");
        assert!(commands.contains(&Command::Compute(pod.clone())), "{commands:?}");
        assert!(shown.contains("going through 2001 services"), "{shown}");
        let answer = app.computing(pod).run();
        let commands = app.update(NOW, answer);
        assert!(!commands.iter().any(|command| matches!(command, Command::Compute(_))));
        assert!(text(&mut app).contains("10.1.0.0:8080"));
    }

    #[test]
    fn work_that_breaks_is_said_holds_up_no_other_and_is_tried_again_when_asked_for() {
        let (mut app, _, _) = open(2_001);
        let (web, other) = (Key::new("shop", "web"), Key::new("shop", "other"));
        let asked = |commands: &[Command]| {
            let ask_for = |pod: &Key| commands.contains(&Command::Compute(pod.clone()));
            [&web, &other].map(ask_for)
        };
        let commands = app.update(NOW, Message::Broke(Work::Table(web.clone())));
        assert_eq!(asked(&commands), [false, false], "it would break again");
        let shown = text(&mut app);
        assert!(shown.contains("the work over its 2001 services broke"), "{shown}");
        assert!(shown.contains("tries again"), "{shown}");
        let commands = app.update(
            NOW,
            Message::Deltas {
                at: NOW,
                batch: vec![Delta::Put(pod("other").into())],
            },
        );
        assert_eq!(
            asked(&commands),
            [false, false],
            "a change does not try again by itself"
        );
        app.ui.pins.push(ObjectId {
            key: other.clone(),
            uid: Uid::default(),
        });
        assert_eq!(
            asked(&app.update(NOW, Message::Tick)),
            [false, true],
            "another table is worked out"
        );
        let answer = app.computing(other.clone()).run();
        app.update(NOW, answer);
        let commands = app.update(NOW, Message::Key(KeyPress::ctrl('r')));
        assert_eq!(asked(&commands), [true, false]);
        let answer = app.computing(web.clone()).run();
        app.update(NOW, answer);
        assert!(text(&mut app).contains("10.1.0.0:8080"));
    }

    #[test]
    fn a_small_one_is_there_at_once() {
        let (_, commands, shown) = open(20);
        assert!(!commands.iter().any(|command| matches!(command, Command::Compute(_))));
        assert!(shown.contains("10.1.0.0:8080"), "{shown}");
    }
}
