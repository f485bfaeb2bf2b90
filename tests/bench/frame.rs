//! What one frame costs: from a screen that changed, or from an event in a large cluster, to the bytes that the terminal
//! gets. At most 1 ms at 200x60.
//!
//! `cargo bench --bench frame`

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench may fail loudly")]

use divan::{Bencher, black_box};
use jiff::{SignedDuration, Timestamp};
use sidescope::app::view::{Area, Body, ColumnHead, Edge, Glow, Mark, Pane, Role, RowLine, Screen, Span};
use sidescope::app::{App, KeyPress, Message, Options};
use sidescope::mesh::model::{Key, Kind, Meta, Pod, PodPrinted};
use sidescope::mesh::world::{Delta, Found, ListScope};
use sidescope::tui::{Look, Painter};

fn main() {
    divan::main();
}

const WIDTH: u16 = 200;
const HEIGHT: u16 = 60;
const COLUMNS: usize = 12;

/// A table that fills the terminal; every text says `round`, so that two rounds have no row in common.
fn table(round: usize) -> Screen {
    let rows = (0..usize::from(HEIGHT) - 3).map(|row| RowLine {
        cells: (0..COLUMNS)
            .map(|column| Span::new(role(column), format!("10.{round}.{column}.{row}:9080")))
            .collect(),
        banner: None,
        mark: (row % 7 == 0).then_some(Mark::Added(Glow::Normal)),
        cursor: row == 5 + round,
        picked: row % 11 == 0,
    });
    let head = |column| ColumnHead {
        title: format!("COLUMN {column}").into(),
        width: 14,
        right: column % 2 == 1,
    };
    Screen {
        width: WIDTH,
        height: HEIGHT,
        lines: vec![(
            HEIGHT - 1,
            vec![Span::new(Role::Key, "?"), Span::new(Role::Dim, " help")],
        )],
        panes: vec![Pane {
            area: Area {
                x: 0,
                y: 0,
                width: WIDTH,
                height: HEIGHT - 1,
            },
            title: vec![Span::new(Role::Strong, "Endpoints"), Span::new(Role::Text, " 50000")],
            active: true,
            body: Body::Table {
                heads: (0..COLUMNS).map(head).collect(),
                rows: rows.collect(),
                hidden_columns: (0, 2),
            },
            above: Edge { rows: 100, changes: 3 },
            below: Edge {
                rows: 49_843,
                changes: 0,
            },
        }],
        overlay: None,
        cursor: None,
    }
}

fn role(column: usize) -> Role {
    [Role::Number, Role::Good, Role::Dim, Role::Name][column % 4]
}

/// Draws these screens in turn, each different from the one before.
fn draw_in_turn(bencher: Bencher<'_, '_>, screens: &[Screen]) {
    let mut painter = Painter::new(Look::default());
    for screen in screens {
        painter.frame(screen).unwrap();
    }
    let mut next = screens.iter().cycle();
    bencher.bench_local(|| painter.frame(black_box(next.next().unwrap())).unwrap().unwrap().len());
}

#[divan::bench]
fn every_cell_changed(bencher: Bencher<'_, '_>) {
    draw_in_turn(bencher, &[table(1), table(2)]);
}

#[divan::bench]
fn the_cursor_moved(bencher: Bencher<'_, '_>) {
    let (here, mut there) = (table(1), table(1));
    if let Body::Table { rows, .. } = &mut there.panes[0].body {
        rows[6].cursor = false;
        rows[7].cursor = true;
    }
    draw_in_turn(bencher, &[here, there]);
}

#[divan::bench]
fn nothing_changed(bencher: Bencher<'_, '_>) {
    let screen = table(1);
    let mut painter = Painter::new(Look::default());
    painter.frame(&screen).unwrap();
    bencher.bench_local(|| painter.frame(black_box(&screen)).unwrap().is_none());
}

const PODS: usize = 50_000;
const START: Timestamp = Timestamp::constant(1_790_000_000, 0);

fn pod(number: usize, restarts: u32) -> Delta {
    let meta = Meta {
        key: Key::new(format!("team-{:03}", number % 100), format!("app-{number:05}")),
        created: Some(START),
        ..Meta::default()
    };
    let printed = PodPrinted {
        ready: 1,
        total: 1,
        status: "Running".into(),
        restarts,
        ..PodPrinted::default()
    };
    let pod = Pod {
        meta,
        ips: [
            format!("10.{}.{}.{}", number / 62_500, number / 250 % 250, number % 250)
                .as_str()
                .into(),
        ]
        .into(),
        printed,
        ready: true,
        ..Pod::default()
    };
    Delta::Put(pod.into())
}

/// The app over a listed cluster of many pods, drawn once.
fn large_cluster() -> (App, Painter) {
    let mut app = App::new(Options::default());
    let listed = Kind::ALL
        .iter()
        .map(|kind| Delta::Coverage(*kind, ListScope::All, Found::All));
    let batch = (0..PODS).map(|number| pod(number, 0)).chain(listed).collect();
    app.update(START, Message::Deltas { at: START, batch });
    let mut painter = Painter::new(Look::default());
    painter.frame(&app.screen(START, WIDTH, HEIGHT)).unwrap();
    (app, painter)
}

/// The bytes of the frame that shows what this message did.
fn shown(app: &mut App, painter: &mut Painter, now: Timestamp, message: Message) -> usize {
    app.update(now, message);
    let screen = app.screen(now, WIDTH, HEIGHT);
    painter.frame(&screen).unwrap().map_or(0, |frame| frame.len())
}

#[divan::bench]
fn a_key_among_50_000_pods(bencher: Bencher<'_, '_>) {
    let (mut app, mut painter) = large_cluster();
    let mut keys = ['j', 'k'].into_iter().cycle();
    bencher.bench_local(|| {
        let key = KeyPress::char(keys.next().unwrap());
        shown(&mut app, &mut painter, START, black_box(Message::Key(key)))
    });
}

#[divan::bench]
fn an_event_among_50_000_pods(bencher: Bencher<'_, '_>) {
    let (mut app, mut painter) = large_cluster();
    let mut now = START;
    let mut restarts = 0;
    bencher.bench_local(|| {
        now += SignedDuration::from_millis(1);
        restarts += 1;
        let batch = vec![pod(0, restarts)];
        shown(
            &mut app,
            &mut painter,
            now,
            black_box(Message::Deltas { at: now, batch }),
        )
    });
}
