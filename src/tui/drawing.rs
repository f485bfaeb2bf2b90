//! Tests of whole screens: what a drawn one looks like, and that none can make drawing panic.

use std::fmt::Write as _;

use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use ratatui::widgets::Widget as _;

use super::{Depth, Features, Glyphs, Look, Picture, Theme};
use crate::app::view::{
    Area, Body, ColumnHead, Edge, Glow, Line, Mark, Overlay, Pane, Role, RowLine, Screen, Shown, Span,
};

fn span(role: Role, text: &str) -> Span {
    Span::new(role, text)
}

fn head(title: &str, width: u16, right: bool) -> ColumnHead {
    ColumnHead {
        title: Shown::from(title),
        width,
        right,
    }
}

fn row(mark: Option<Mark>, cells: [(Role, &str); 3]) -> RowLine {
    RowLine {
        cells: cells.map(|(role, text)| span(role, text)).into(),
        mark,
        ..RowLine::default()
    }
}

/// A small screen with one of everything.
fn sample() -> Screen {
    let mut rows = vec![
        row(
            None,
            [
                (Role::Number, "10.0.0.1:9080"),
                (Role::Good, "HEALTHY"),
                (Role::Text, "3"),
            ],
        ),
        row(
            Some(Mark::Added(Glow::Bright)),
            [
                (Role::Number, "10.0.0.2:9080"),
                (Role::Good, "HEALTHY"),
                (Role::Text, "12"),
            ],
        ),
        row(
            Some(Mark::Removed(Glow::Dim)),
            [
                (Role::Removed, "10.0.0.3:9080"),
                (Role::Dim, "gone"),
                (Role::Removed, "0"),
            ],
        ),
    ];
    rows[0].cursor = true;
    rows[2].picked = true;
    Screen {
        width: 44,
        height: 7,
        lines: vec![(6, vec![span(Role::Key, "?"), span(Role::Dim, " help")])],
        panes: vec![Pane {
            area: Area {
                x: 0,
                y: 0,
                width: 44,
                height: 6,
            },
            title: vec![span(Role::Strong, "Endpoints"), span(Role::Text, " 21")],
            active: true,
            body: Body::Table {
                heads: vec![
                    head("ENDPOINT", 14, false),
                    head("STATUS", 9, false),
                    head("RPS", 4, true),
                ],
                rows,
                hidden_columns: (0, 2),
            },
            above: Edge::default(),
            below: Edge { rows: 18, changes: 2 },
        }],
        overlay: None,
        cursor: None,
    }
}

fn draw(screen: &Screen, look: Look) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, screen.width, screen.height));
    Picture { screen, look }.render(buffer.area, &mut buffer);
    buffer
}

/// Glyphs, then beneath each row a letter for each cell's style: colour (lower case) or a modifier where there is none.
fn styled(buffer: &Buffer) -> String {
    let mut dump = String::new();
    for y in 0..buffer.area.height {
        let cells = (0..buffer.area.width).map(|x| &buffer[(x, y)]);
        let glyphs: String = cells.clone().map(ratatui::buffer::Cell::symbol).collect();
        let styles: String = cells
            .map(|cell| match (cell.fg, cell.modifier) {
                (_, modifier) if modifier.contains(Modifier::CROSSED_OUT) => 'S',
                (_, modifier) if modifier.contains(Modifier::REVERSED) => 'R',
                (Color::Green, _) => 'g',
                (Color::Red, _) => 'r',
                (Color::Yellow, _) => 'y',
                (Color::Cyan, _) => 'c',
                (Color::Magenta, _) => 'm',
                (_, modifier) if modifier.contains(Modifier::BOLD) => 'B',
                (_, modifier) if modifier.contains(Modifier::DIM) => 'D',
                (_, modifier) if modifier.contains(Modifier::UNDERLINED) => 'U',
                (_, _) => ' ',
            })
            .collect();
        let _ = write!(dump, "|{glyphs}|\n|{styles}|\n");
    }
    dump
}

#[test]
fn a_table_shows_cursor_marks_and_what_is_hidden() {
    insta::assert_snapshot!(styled(&draw(&sample(), Look::default())));
}

#[test]
fn a_table_without_titles_spends_no_row_on_them() {
    let mut screen = sample();
    if let Body::Table { heads, .. } = &mut screen.panes[0].body {
        for head in heads {
            head.title = Shown::default();
        }
    }
    let buffer = draw(&screen, Look::default());
    let row: String = (0..20).map(|x| buffer[(x, 1)].symbol()).collect();
    assert_eq!(row, "▸  10.0.0.1:9080   H");
}

#[test]
fn without_colour_every_meaning_has_an_attribute() {
    let look = Look {
        theme: Theme::Mono,
        depth: Depth::Sixteen,
        glyphs: Glyphs::Ascii,
        features: Features::Basic,
    };
    let buffer = draw(&sample(), look);
    assert!(
        buffer
            .content()
            .iter()
            .all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset)
    );
    insta::assert_snapshot!(styled(&buffer));
}

#[test]
fn an_overlay_hides_what_lies_under_it() {
    let mut screen = sample();
    screen.overlay = Some(Overlay {
        area: Area {
            x: 4,
            y: 1,
            width: 24,
            height: 4,
        },
        title: vec![span(Role::Strong, "Namespace")],
        lines: vec![
            vec![span(Role::Text, "bookinfo")],
            vec![span(Role::Text, "a name too long for the box")],
        ],
        hidden: (0, 7),
    });
    insta::assert_snapshot!(styled(&draw(&screen, Look::default())));
}

#[test]
fn panes_side_by_side_are_parted_by_a_rule_that_joins_the_others() {
    let pane = |x, y, width, height, active| Pane {
        area: Area { x, y, width, height },
        title: vec![span(Role::Strong, "Pods")],
        active,
        ..Pane::default()
    };
    let screen = Screen {
        width: 24,
        height: 5,
        panes: vec![
            pane(0, 0, 11, 3, true),
            pane(12, 0, 12, 3, false),
            pane(0, 3, 24, 2, false),
        ],
        ..Screen::default()
    };
    insta::assert_snapshot!(styled(&draw(&screen, Look::default())));
}

fn any_text() -> impl Strategy<Value = Shown> {
    prop_oneof![
        "[a-z0-9.:-]{0,40}".prop_map(Shown::from),
        "\\PC{0,12}".prop_map(Shown::from),
        Just(Shown::from("日本語の名前")),
        Just(Shown::from("e\u{301}\u{202e}\u{7}👩‍👩‍👧")),
    ]
}

fn any_role() -> impl Strategy<Value = Role> {
    prop::sample::select(vec![Role::Text, Role::Bad, Role::Dim, Role::Added, Role::TabActive])
}

fn any_line() -> impl Strategy<Value = Line> {
    prop::collection::vec(
        (any_role(), any_text()).prop_map(|(role, text)| Span { text, role }),
        0..4,
    )
}

/// Mostly within the largest terminal, sometimes far off.
fn any_cells() -> impl Strategy<Value = u16> {
    prop_oneof![9 => 0..=210u16, 1 => any::<u16>()]
}

fn any_area() -> impl Strategy<Value = Area> {
    (any_cells(), any_cells(), any_cells(), any_cells()).prop_map(|(x, y, width, height)| Area { x, y, width, height })
}

fn any_edge() -> impl Strategy<Value = Edge> {
    prop_oneof![Just(0), 0..100usize, Just(usize::MAX)]
        .prop_flat_map(|rows| (Just(rows), 0..=rows).prop_map(|(rows, changes)| Edge { rows, changes }))
}

fn any_mark() -> impl Strategy<Value = Option<Mark>> {
    prop::option::of(prop::sample::select(vec![
        Mark::Added(Glow::Bright),
        Mark::Changed(Glow::Normal),
        Mark::Removed(Glow::Dim),
    ]))
}

fn any_row() -> impl Strategy<Value = RowLine> {
    let banner = prop::option::of((any_role(), any_text()).prop_map(|(role, text)| Span { text, role }));
    (any_line(), banner, any_mark(), any::<bool>(), any::<bool>()).prop_map(|(cells, banner, mark, cursor, picked)| {
        RowLine {
            cells,
            banner,
            mark,
            cursor,
            picked,
        }
    })
}

fn any_body() -> impl Strategy<Value = Body> {
    let heads =
        (any_text(), any_cells(), any::<bool>()).prop_map(|(title, width, right)| ColumnHead { title, width, right });
    let table = (
        prop::collection::vec(heads, 0..6),
        prop::collection::vec(any_row(), 0..70),
        (0..9usize, 0..9usize),
    );
    prop_oneof![
        prop::collection::vec(any_line(), 0..70).prop_map(Body::Lines),
        table.prop_map(|(heads, rows, hidden_columns)| Body::Table {
            heads,
            rows,
            hidden_columns,
        }),
    ]
}

fn any_pane() -> impl Strategy<Value = Pane> {
    (
        any_area(),
        any_line(),
        any::<bool>(),
        any_body(),
        any_edge(),
        any_edge(),
    )
        .prop_map(|(area, title, active, body, above, below)| Pane {
            area,
            title,
            active,
            body,
            above,
            below,
        })
}

fn any_overlay() -> impl Strategy<Value = Overlay> {
    let hidden = prop_oneof![Just((0, 0)), (0..9usize, 0..9usize), Just((usize::MAX, usize::MAX))];
    (any_area(), any_line(), prop::collection::vec(any_line(), 0..70), hidden).prop_map(
        |(area, title, lines, hidden)| Overlay {
            area,
            title,
            lines,
            hidden,
        },
    )
}

fn any_screen() -> impl Strategy<Value = Screen> {
    (
        (0..=200u16, 0..=60u16),
        prop::collection::vec((any_cells(), any_line()), 0..5),
        prop::collection::vec(any_pane(), 0..4),
        prop::option::of(any_overlay()),
        prop::option::of((any_cells(), any_cells())),
    )
        .prop_map(|((width, height), lines, panes, overlay, cursor)| Screen {
            width,
            height,
            lines,
            panes,
            overlay,
            cursor,
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    /// Also where the screen was made for another size than the terminal has by now.
    #[test]
    fn no_screen_makes_drawing_panic(screen in any_screen(), width in 0..=200u16, height in 0..=60u16) {
        for theme in Theme::ALL {
            for (glyphs, depth) in [(Glyphs::Unicode, Depth::Full), (Glyphs::Ascii, Depth::Sixteen)] {
                let look = Look { theme, depth, glyphs, ..Look::default() };
                let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
                Picture { screen: &screen, look }.render(buffer.area, &mut buffer);
                if glyphs == Glyphs::Ascii {
                    prop_assert!(buffer.content().iter().all(|cell| cell.symbol().is_ascii()));
                }
            }
        }
    }

    /// One painter through many sizes, as when somebody drags a window's corner.
    #[test]
    fn every_frame_is_one_synchronized_update(screens in prop::collection::vec(any_screen(), 1..4)) {
        let mut painter = super::Painter::new(Look::default());
        for screen in &screens {
            if let Some(frame) = painter.frame(screen).unwrap() {
                prop_assert!(frame.starts_with(b"\x1b[?2026h") && frame.ends_with(b"\x1b[?2026l"));
            }
            prop_assert_eq!(painter.frame(screen).unwrap(), None);
        }
    }
}

#[test]
fn every_size_draws() {
    let mut screen = sample();
    for width in 0..=200 {
        for height in 0..=60 {
            (screen.width, screen.height) = (width, height);
            screen.panes[0].area = Area {
                x: 0,
                y: 0,
                width,
                height: height.saturating_sub(1),
            };
            draw(&screen, Look::default());
        }
    }
}
