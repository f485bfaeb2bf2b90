//! The Traffic tab: endpoints by what they do, packets below, in each state that it can be in.

use insta::assert_snapshot;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use sidescope::app::message::{CaptureState, Captured, EnvoyRow, EnvoyTable, NoEnvoy};
use sidescope::app::view::tcpdump::Printer;
use sidescope::app::{Message, Options};
use sidescope::mesh::model::{Content, HostCounters, Key, Packet, Segment, Socket};
use sidescope::mesh::scope::{Address, Cluster, Health};
use sidescope::tui::Theme;

use crate::mesh;
use crate::picture::styled;
use crate::stage::Stage;

const SIZES: [(u16, u16); 2] = [(80, 24), (120, 40)];
const SHELL: &str = "10.244.1.40:40000";

/// The Traffic tab of the shell.
fn tab(width: u16, height: u16) -> Stage {
    let mut stage = Stage::bookinfo().sized(width, height);
    stage.press("jjjj6");
    stage
}

/// Envoy answers each second for so long: so many requests a second go to details, ratings and the reviews.
fn answer(stage: &mut Stage, seconds: u64, rates: [u64; 4]) {
    let hosts = [
        ("10.244.1.29", "details"),
        ("10.244.1.30", "ratings"),
        ("10.244.1.31", "reviews"),
        ("10.244.2.31", "reviews"),
    ];
    for second in 0..=seconds {
        let host = |((ip, service), rate): ((&str, &str), u64)| {
            let cluster = format!("outbound|9080||{service}.bookinfo.svc.cluster.local");
            let address = Address::Socket(ip.into(), 9080);
            let row = EnvoyRow::new(Cluster::parse(&cluster.into()).into(), address, Health::Healthy);
            let counters = HostCounters {
                rq_total: 1_000 + second * rate,
                rq_error: second * rate / 10,
                cx_active: 2,
                ..HostCounters::default()
            };
            (row, counters)
        };
        let hosts = hosts.into_iter().zip(rates).map(host);
        tell_envoy(stage, Ok(EnvoyTable::new(hosts.collect())));
        stage.wait(1);
    }
}

fn tell_envoy(stage: &mut Stage, answer: Result<EnvoyTable, NoEnvoy>) {
    stage.send(Message::Envoy {
        pod: Key::new("default", "my-shell-6f9c-eeeee"),
        asked: stage.now,
        at: stage.now,
        answer,
    });
}

fn socket(text: &str) -> Socket {
    let address: std::net::SocketAddr = text.parse().unwrap();
    Socket {
        ip: address.ip(),
        port: address.port(),
    }
}

/// A source that packets come from.
struct Source {
    printer: Printer<'static>,
    at: jiff::Timestamp,
    missed: u64,
}

impl Source {
    fn new(stage: &mut Stage) -> Self {
        static ZONE: TimeZone = TimeZone::UTC;
        tell_capture(stage, CaptureState::Reading);
        Self {
            printer: Printer::new(&ZONE, |_| None),
            at: mesh::start(),
            missed: 0,
        }
    }

    fn packet(&mut self, from: &str, to: &str) -> Captured {
        self.at += SignedDuration::from_millis(1);
        let packet = Packet {
            at: self.at,
            seen: None,
            port: None,
            missing: 0,
            extensions: Box::default(),
            content: Content::Tcp(Segment {
                source: socket(from),
                destination: socket(to),
                sequence: 7,
                acknowledgment: 9,
                flags: Segment::ACK | Segment::PSH,
                window: 512,
                urgent: 0,
                header: 20,
                captured: 120,
                options: Box::default(),
                length: 120,
            }),
        };
        let line = self.printer.line(&packet).into();
        Captured { packet, line }
    }

    fn send(&mut self, stage: &mut Stage, packets: &[(&str, &str)]) {
        let batch = packets.iter().map(|(from, to)| self.packet(from, to)).collect();
        let missed = self.missed;
        stage.send(Message::Packets { batch, missed });
        stage.screen();
    }
}

fn tell_capture(stage: &mut Stage, state: CaptureState) {
    let from = "tcpdump -i eth0".into();
    stage.send(Message::Capture { from, state });
    stage.screen();
}

/// To two endpoints, to a name server, and to an address that nobody knows.
const MIXED: &[(&str, &str)] = &[
    (SHELL, "10.244.1.30:9080"),
    ("10.244.1.30:9080", SHELL),
    (SHELL, "10.244.2.31:9080"),
    (SHELL, "10.96.0.10:53"),
    (SHELL, "93.184.216.34:443"),
];

/// Counters and packets.
fn with_packets(width: u16, height: u16) -> Stage {
    let mut stage = tab(width, height);
    answer(&mut stage, 5, [0, 2, 7, 5]);
    Source::new(&mut stage).send(&mut stage, MIXED);
    stage.wait(1);
    stage.screen();
    let wake = stage.app.next_wake(stage.now).unwrap();
    assert!(
        wake <= stage.now + SignedDuration::from_secs(1),
        "the new pane is drawn soon"
    );
    stage
}

#[test]
fn each_state_has_its_look() {
    for (width, height) in SIZES {
        let look = |name: &str, mut stage: Stage| {
            let name = format!("{name}_{width}x{height}");
            assert_snapshot!(name, styled(&mut stage, Theme::Terminal));
        };
        let mut counters = tab(width, height);
        answer(&mut counters, 5, [0, 2, 7, 5]);
        look("counters", counters);
        look("packets", with_packets(width, height));
        let mut filtered = with_packets(width, height);
        filtered.press("j<Enter>");
        look("filtered", filtered);
        let mut ended = with_packets(width, height);
        tell_capture(&mut ended, CaptureState::Ended);
        look("ended", ended);
        let mut broken = tab(width, height);
        answer(&mut broken, 5, [0, 2, 7, 5]);
        let why = "tcpdump: eth0: You don't have permission to perform this capture on that device";
        tell_capture(&mut broken, CaptureState::Broken(why.into()));
        look("broken", broken);
        let mut no_envoy = tab(width, height);
        tell_envoy(&mut no_envoy, Err(NoEnvoy::Failed("connection refused".into())));
        look("no_envoy", no_envoy);
        let mut no_sidecar = Stage::bookinfo().sized(width, height);
        no_sidecar.press("G6");
        look("no_sidecar", no_sidecar);
    }
}

#[test]
fn the_busiest_endpoint_stands_first_and_the_cursor_stays_with_its_own() {
    let mut stage = tab(120, 40);
    answer(&mut stage, 5, [0, 2, 7, 5]);
    let first = |stage: &mut Stage| {
        let rows = stage.names();
        rows.iter()
            .map(|row| row.split(':').next().unwrap().to_owned())
            .take(2)
            .collect::<Vec<_>>()
    };
    assert_eq!(first(&mut stage), ["= 10.244.1.31", "= 10.244.2.31"]);
    stage.press("j");
    assert!(stage.current().contains("10.244.2.31"), "{}", stage.current());
    // what had been second does most, what had been first nothing
    answer(&mut stage, 30, [1, 2, 0, 50]);
    assert_eq!(first(&mut stage)[0], "= 10.244.2.31");
    assert!(stage.current().contains("10.244.2.31"), "{}", stage.current());
}

#[test]
fn what_tcpdump_prints_has_the_width_before_any_other_column() {
    let line = "IP 10.244.1.40.40000 > 10.244.2.31.9080: Flags [P.], seq 7:107, ack 9, win 512, length 100";
    let mut broad = with_packets(200, 40);
    broad.press("<Tab>kk");
    let row = broad.current();
    assert!(row.contains(line) && row.contains("reviews.bookinfo:9080"), "{row}");
    let mut normal = with_packets(120, 40);
    normal.press("<Tab>kk");
    assert!(normal.current().contains(line), "{}", normal.current());
    let mut narrow = with_packets(80, 24);
    narrow.press("<Tab>kk");
    let row = narrow.current();
    assert!(row.contains(&line[..50]) && !row.contains("reviews"), "{row}");
    assert!(
        narrow.text().contains("reviews.bookinfo"),
        "the inspector says whose: {}",
        narrow.text()
    );
}

#[test]
fn commands_that_capture_name_the_cluster_that_is_on_the_screen() {
    let options = Options {
        cluster_flags: " --context kind-a".to_owned(),
        ..Options::default()
    };
    let mut stage = Stage::starting(options, &mesh::bookinfo()).sized(200, 40);
    stage.press("jjjj6");
    let text = stage.text();
    for command in [
        "kubectl --context kind-a -n default debug my-shell-6f9c-eeeee -q -i --image=nicolaka/netshoot",
        "| sidescope --context kind-a --pod my-shell-6f9c-eeeee.default --pcap -",
        "sidescope --context kind-a --pod my-shell-6f9c-eeeee.default --iface any",
    ] {
        assert!(text.contains(command), "{command}: {text}");
    }
}

#[test]
fn rows_that_do_about_the_same_do_not_change_places() {
    let mut stage = tab(120, 40);
    answer(&mut stage, 3, [0, 2, 21, 20]);
    let before: Vec<String> = stage.names().iter().map(|row| row[..20].to_owned()).collect();
    answer(&mut stage, 3, [0, 2, 20, 21]);
    let after: Vec<String> = stage.names().iter().map(|row| row[..20].to_owned()).collect();
    assert_eq!(before, after);
}

/// An answer of an Envoy that has all that is computed, with what each host has counted.
fn counted(stage: &mut Stage, requests: [u64; 5]) {
    let hosts = [
        ("10.244.1.29", 9080, "details.bookinfo"),
        ("10.244.1.30", 9080, "ratings.bookinfo"),
        ("10.244.1.31", 9080, "reviews.bookinfo"),
        ("10.244.2.31", 9080, "reviews.bookinfo"),
        ("10.244.1.2", 15012, "istiod.istio-system"),
    ];
    let host = |((ip, port, service), rq_total): ((&str, u16, &str), u64)| {
        let cluster = format!("outbound|{port}||{service}.svc.cluster.local");
        let row = EnvoyRow::new(
            Cluster::parse(&cluster.into()).into(),
            Address::Socket(ip.into(), port),
            Health::Healthy,
        );
        let counters = HostCounters {
            rq_total,
            ..HostCounters::default()
        };
        (row, counters)
    };
    let table = EnvoyTable::new(hosts.into_iter().zip(requests).map(host).collect());
    tell_envoy(stage, Ok(table));
    stage.wait(1);
}

#[test]
fn rows_that_are_put_in_order_one_by_one_stand_as_if_all_were() {
    for keys in ["", "/rps:[1-9]<Enter>", "!", ">>>o"] {
        let mut total = [0_u64; 5];
        // which host does how much from then on
        let steps = [
            (2, 40),
            (0, 90),
            (4, 7),
            (2, 0),
            (1, 300),
            (0, 1),
            (3, 20),
            (4, 0),
            (1, 0),
        ];
        let mut rates = [0_u64; 5];
        let mut seen = tab(200, 40);
        let mut unseen = tab(200, 40);
        for stage in [&mut seen, &mut unseen] {
            counted(stage, total);
            stage.press(keys);
        }
        for (host, rate) in steps {
            rates[host] = rate;
            for _ in 0..3 {
                for (total, rate) in total.iter_mut().zip(rates) {
                    *total += rate;
                }
                counted(&mut seen, total);
                seen.screen();
                unseen.press("3");
                counted(&mut unseen, total);
                unseen.press("6");
                let text = |stage: &mut Stage| stage.names();
                assert_eq!(text(&mut seen), text(&mut unseen), "{keys} {host} {rate}");
            }
        }
        assert!(
            !seen.text().contains("pending"),
            "what differs is put in order anew: {}",
            seen.text()
        );
    }
}

#[test]
fn enter_lists_the_packets_of_an_endpoint_and_escape_all_again() {
    let mut stage = with_packets(120, 40);
    assert!(
        stage.text().contains("Packets 5  tcpdump -i eth0: reading"),
        "{}",
        stage.text()
    );
    stage.press("jj");
    assert!(stage.current().contains("10.244.1.30:9080"), "{}", stage.current());
    stage.press("<Enter>");
    let text = stage.text();
    assert!(
        text.contains("Packets 2 of 5  of 10.244.1.30:9080 ratings.bookinfo:9080"),
        "{text}"
    );
    assert!(!text.contains("10.244.2.31.9080:"), "{text}");
    stage.press("<Esc>");
    assert!(stage.text().contains("Packets 5 "), "{}", stage.text());
    stage.press("<Enter><Enter>");
    assert!(stage.text().contains("Packets 5 "), "the same key takes it away again");
    stage.press("<Esc>");
    assert!(
        !stage.text().contains("Packets 5 "),
        "and then one is back at the overview"
    );
}

#[test]
fn what_is_no_endpoint_is_listed_apart_with_what_it_is() {
    for (width, height) in [(120, 40), (80, 24)] {
        let mut stage = with_packets(width, height);
        stage.press("<Tab><Tab>");
        let rows = stage.names();
        assert_eq!(rows.len(), 2, "{rows:?}");
        assert!(
            rows.iter().any(|row| row.contains("10.96.0.10:53 1 100 DNS")),
            "{rows:?}"
        );
        assert!(
            rows.iter().any(|row| row.contains("unknown, not in the table")),
            "{rows:?}"
        );
        stage.press("<Enter>");
        stage.press("<Tab><Tab>");
        assert_eq!(stage.names().len(), 1, "{:?}", stage.names());
    }
}

#[test]
fn the_newest_packet_is_followed_until_somebody_goes_up() {
    let mut stage = tab(120, 40);
    let mut source = Source::new(&mut stage);
    stage.press("<Tab>");
    let ports: Vec<String> = (1..=60).map(|port| format!("10.244.1.40:{port}")).collect();
    let flow = |from: usize, to: usize| -> Vec<(&str, &str)> {
        ports[from..to]
            .iter()
            .map(|port| (port.as_str(), "10.244.1.30:9080"))
            .collect()
    };
    source.send(&mut stage, &flow(0, 30));
    assert!(stage.current().contains(".40.30 >"), "{}", stage.current());
    source.send(&mut stage, &flow(30, 40));
    assert!(stage.current().contains(".40.40 >"), "{}", stage.current());
    stage.press("kk");
    source.send(&mut stage, &flow(40, 60));
    assert!(stage.current().contains(".40.38 >"), "{}", stage.current());
    stage.press("G");
    assert!(stage.current().contains(".40.60 >"), "{}", stage.current());
    stage.press("<Enter>");
    let text = stage.text();
    assert!(
        text.contains("outbound|9080||ratings.bookinfo.svc.cluster.local"),
        "{text}"
    );
}

#[test]
fn of_a_flood_the_last_are_kept_and_what_was_missed_is_said() {
    let mut stage = tab(120, 40);
    let mut source = Source::new(&mut stage);
    source.missed = 77;
    for _ in 0..25 {
        source.send(&mut stage, &[(SHELL, "10.244.1.30:9080"); 500]);
    }
    let text = stage.text();
    assert!(text.contains("Packets 10000  the last of 12500  77 missed"), "{text}");
    stage.press("<Tab>");
    assert!(
        stage.current().contains("03:00:12.500000"),
        "the newest: {}",
        stage.current()
    );
}

#[test]
fn held_still_no_packet_moves_and_none_is_lost_that_can_be_kept() {
    let mut stage = with_packets(120, 40);
    stage.press("f");
    let before = stage.text();
    Source::new(&mut stage).send(&mut stage, &vec![(SHELL, "10.244.1.30:9080"); 11_000]);
    assert_eq!(stage.text(), before);
    stage.press("f");
    let text = stage.text();
    assert!(text.contains("Packets 10000  the last of 10005  1000 missed"), "{text}");
}

#[test]
fn packets_are_looked_at_from_the_pod_that_is_chosen() {
    let mut stage = with_packets(200, 40);
    stage.press("1k6");
    let text = stage.text();
    assert!(
        text.contains("of ratings-v1-6f9c-ccccc") || text.contains("of reviews"),
        "{text}"
    );
    assert!(stage.text().contains("Packets 5 "), "{}", stage.text());
    stage.press("1gj6<Tab>");
    let rows = stage.names();
    assert!(
        rows.iter().any(|row| row.contains("inbound")),
        "calls to ratings itself: {rows:?}"
    );
    stage.press("<Tab>");
    let rows = stage.names();
    assert!(
        rows.iter()
            .any(|row| row.contains("not of this pod: from my-shell-6f9c-eeeee.default")),
        "{rows:?}"
    );
}

#[test]
fn without_packets_enter_says_so_and_x_still_explains() {
    let mut stage = tab(80, 24);
    answer(&mut stage, 3, [0, 2, 7, 5]);
    stage.press("<Enter>");
    assert!(stage.text().contains("no packets are read"), "{}", stage.text());
    stage.press("x");
    assert!(
        stage.text().contains("10.244.1.31:9080 in default/my-shell"),
        "{}",
        stage.text()
    );
}
