//! An Envoy with 20,000 endpoints: what an answer costs to read, what it holds, and how long the loop is at it while the
//! screen is to answer a key within a frame of 16 ms. `max alloc` is what is live at the most, beside what was before.
//!
//! `cargo bench --bench envoy`
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    dead_code,
    reason = "a bench may fail loudly, and needs only a part of the mesh's parts"
)]

mod large;

use std::fmt::Write as _;
use std::sync::Arc;

use divan::counter::BytesCount;
use divan::{AllocProfiler, Bencher, black_box};
use jiff::{SignedDuration, Timestamp};
use sidescope::app::message::EnvoyTable;
use sidescope::app::{App, KeyPress, Message, Options};
use sidescope::mesh::model::{HostCounters, Key, Kind};
use sidescope::mesh::scope::{Address, EndpointTable, Settings, endpoint_table};
use sidescope::mesh::world::{Delta, Found, ListScope};
use sidescope::runtime::actual::read;
use sidescope::tui::{Look, Painter};

use large::{namespace, world};

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

/// Ten endpoints each.
const SERVICES: usize = 2_000;
const ENDPOINTS: usize = 20_000;
const START: Timestamp = Timestamp::constant(1_790_000_000, 0);
const SIZE: (u16, u16) = (200, 60);

fn main() {
    println!("budget of a turn: 16 ms, a frame; an answer is read on another thread");
    divan::main();
}

/// A pod that imports everything.
fn pod() -> Key {
    Key::new(namespace(3), "pod-07")
}

/// What its Envoy holds when it has followed.
fn computed() -> EndpointTable {
    endpoint_table(&world(SERVICES), &pod(), &Settings::default()).unwrap()
}

/// The answer of an Envoy with these rows, as it looks: every counter that is not zero has a value.
fn answer(table: &EndpointTable) -> String {
    let mut text = String::from("{\"cluster_statuses\":[");
    for (nth, row) in table.rows.iter().enumerate() {
        let Address::Socket(ip, port) = &row.address else {
            continue;
        };
        let comma = if nth == 0 { "" } else { "," };
        write!(
            text,
            r#"{comma}{{"name":"{}","added_via_api":true,"circuit_breakers":{{"thresholds":[{{"max_connections":4294967295,"max_pending_requests":4294967295,"max_requests":4294967295,"max_retries":4294967295}}]}},"host_statuses":[{{"address":{{"socket_address":{{"address":"{ip}","port_value":{port}}}}},"stats":[{{"name":"cx_connect_fail"}},{{"value":"{nth}","name":"cx_total"}},{{"name":"rq_error"}},{{"value":"{nth}","name":"rq_success"}},{{"name":"rq_timeout"}},{{"value":"{nth}","name":"rq_total"}},{{"type":"GAUGE","name":"cx_active"}},{{"type":"GAUGE","name":"rq_active"}}],"health_status":{{"eds_health_status":"{}"}},"weight":1,"locality":{{"region":"eu-1","zone":"eu-1a"}}}}],"observability_name":"{}"}}"#,
            row.cluster,
            row.health.as_str(),
            row.cluster,
        )
        .unwrap();
    }
    text.push_str("]}");
    text
}

#[divan::bench(name = "an_answer_is_read (another thread)", sample_count = 10)]
fn an_answer_is_read(bencher: Bencher<'_, '_>) {
    let answer = answer(&computed());
    bencher
        .counter(BytesCount::new(answer.len()))
        .bench_local(|| read(black_box(answer.as_bytes())).unwrap());
}

/// The app over the mesh, with one answer of the pod's Envoy, looking at a tab.
struct Scene {
    app: App,
    painter: Painter,
    now: Timestamp,
    table: EnvoyTable,
    round: u64,
}

impl Scene {
    fn at(tab: char) -> Self {
        let options = Options {
            pod: Some(pod()),
            ..Options::default()
        };
        let mut app = App::new(options);
        let world = world(SERVICES);
        let mut batch = Vec::new();
        for kind in Kind::ALL {
            world.each_in(*kind, &ListScope::All, &mut |object| {
                batch.push(Delta::Put(object.clone()));
            });
            batch.push(Delta::Coverage(*kind, ListScope::All, Found::All));
        }
        app.update(START, Message::Deltas { at: START, batch });
        let table = read(answer(&computed()).as_bytes()).unwrap();
        assert!(table.rows.len() >= ENDPOINTS);
        let mut scene = Self {
            app,
            painter: Painter::new(Look::default()),
            now: START,
            table,
            round: 0,
        };
        scene.frame();
        scene.app.update(START, Message::Key(KeyPress::char(tab)));
        for _ in 0..3 {
            scene.answered();
            scene.frame();
        }
        scene
    }

    /// A second later the Envoy answers; every host has been asked again.
    fn answered(&mut self) {
        self.now += SignedDuration::from_secs(1);
        self.round += 1;
        let counters = (0_u64..).zip(self.table.rows.iter()).map(|(nth, _)| HostCounters {
            rq_total: nth + self.round * (1 + nth % 7),
            ..HostCounters::default()
        });
        self.table.counters = counters.collect();
    }

    fn tell(&mut self) {
        let message = Message::Envoy {
            pod: pod(),
            asked: self.now,
            at: self.now,
            answer: Ok(self.table.clone()),
        };
        self.app.update(self.now, message);
    }

    fn frame(&mut self) -> usize {
        let screen = self.app.screen(self.now, SIZE.0, SIZE.1);
        self.painter.frame(&screen).unwrap().map_or(0, |frame| frame.len())
    }
}

/// One turn of the loop in which an answer arrives: rates, lists, frame.
fn turn(bencher: Bencher<'_, '_>, tab: char, is_other: bool) {
    let scene = std::cell::RefCell::new(Scene::at(tab));
    bencher
        .with_inputs(|| {
            let mut scene = scene.borrow_mut();
            scene.answered();
            if is_other {
                // the same rows, but not the same allocation: they must be compared
                scene.table.rows = Arc::from(scene.table.rows.to_vec());
            }
        })
        .bench_local_values(|()| {
            let mut scene = scene.borrow_mut();
            scene.tell();
            scene.frame()
        });
}

#[divan::bench(name = "an_answer_comes_to_the_endpoints (budget 16 ms)", sample_count = 30)]
fn an_answer_comes_to_the_endpoints(bencher: Bencher<'_, '_>) {
    turn(bencher, '3', false);
}

#[divan::bench(name = "an_answer_comes_to_the_traffic_tab (budget 16 ms)", sample_count = 30)]
fn an_answer_comes_to_the_traffic_tab(bencher: Bencher<'_, '_>) {
    turn(bencher, '6', false);
}

#[divan::bench(name = "an_answer_that_shares_no_rows (budget 16 ms)", sample_count = 30)]
fn an_answer_that_shares_no_rows(bencher: Bencher<'_, '_>) {
    turn(bencher, '3', true);
}

/// The key waits for the turn in which the answer came: both together.
#[divan::bench(name = "a_key_behind_an_answer (budget 16 ms)", args = ['3', '6'], sample_count = 30)]
fn a_key_behind_an_answer(bencher: Bencher<'_, '_>, tab: char) {
    let scene = std::cell::RefCell::new(Scene::at(tab));
    let mut keys = ['j', 'k'].into_iter().cycle();
    bencher
        .with_inputs(|| {
            scene.borrow_mut().answered();
            keys.next().unwrap()
        })
        .bench_local_values(|key| {
            let mut scene = scene.borrow_mut();
            scene.tell();
            let bytes = scene.frame();
            let now = scene.now;
            scene.app.update(now, Message::Key(KeyPress::char(key)));
            bytes + scene.frame()
        });
}
