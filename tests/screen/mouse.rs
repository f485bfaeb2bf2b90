//! Clicks and the wheel: they do what keys do, to what is under the pointer.

use sidescope::app::message::Context;
use sidescope::app::{Command, KeyPress, Message, MouseEvent, MouseKind};

use crate::mesh;
use crate::stage::Stage;

/// The cell where this text begins, first of all; if something lies over the panes, there.
fn cell_of(stage: &mut Stage, text: &str) -> (u16, u16) {
    let screen = stage.text();
    let over = stage.screen().overlay.map(|overlay| overlay.area);
    let is_there = |y: u16| over.is_none_or(|area| (area.y..area.y + area.height).contains(&y));
    let lines = screen.lines().zip(0..).filter(|(_, y)| is_there(*y));
    let mut found = lines.filter_map(|(line, y)| {
        let before = line.split_once(text)?.0;
        Some((u16::try_from(before.chars().count()).unwrap(), y))
    });
    let found = found.next();
    found.unwrap_or_else(|| panic!("no '{text}' on\n{screen}"))
}

fn mouse(stage: &mut Stage, kind: MouseKind, (x, y): (u16, u16)) {
    stage.send(Message::Mouse(MouseEvent { kind, x, y }));
    stage.screen();
}

fn click(stage: &mut Stage, text: &str) {
    let cell = cell_of(stage, text);
    mouse(stage, MouseKind::Click, cell);
}

fn wheel(stage: &mut Stage, kind: MouseKind, text: &str) {
    let cell = cell_of(stage, text);
    mouse(stage, kind, cell);
}

fn title(stage: &mut Stage) -> String {
    stage.active().title[0].text.to_string()
}

fn foot(stage: &mut Stage) -> String {
    stage.text().lines().last().unwrap().trim().to_owned()
}

#[test]
fn a_click_selects_a_row_and_a_second_one_goes_into_it() {
    let mut stage = Stage::bookinfo();
    click(&mut stage, "ratings-v1-6f9c");
    assert!(stage.current().contains("ratings-v1"), "{}", stage.text());
    let text = stage.text();
    assert!(
        text.contains("of ratings-v1-6f9c-ccccc"),
        "its endpoints are shown\n{text}"
    );
    assert_eq!(title(&mut stage), "Pods");
    click(&mut stage, "ratings-v1-6f9c");
    let mut keys = Stage::bookinfo();
    keys.press("j<Enter>");
    assert_eq!(stage.text(), keys.text(), "as by keys");
}

#[test]
fn a_click_into_a_pane_gives_it_the_keys_before_it_opens_anything() {
    let mut stage = Stage::bookinfo();
    let row = stage.press("<Tab><Tab>").current();
    let address = row.split(' ').next().unwrap().to_owned();
    stage.press("<Tab><Tab>");
    assert_eq!(title(&mut stage), "Pods");
    let before = stage.screen();
    click(&mut stage, &format!(">  {address}"));
    assert_eq!(title(&mut stage), "Endpoints", "{}", stage.text());
    assert!(stage.screen().overlay.is_none() && before.overlay.is_none());
    click(&mut stage, &format!(">  {address}"));
    assert!(stage.screen().overlay.is_some(), "explained, as by Enter");
    let mut stage = Stage::bookinfo();
    click(&mut stage, "Endpoints 5");
    assert_eq!(title(&mut stage), "Endpoints", "its title is a part of it");
}

#[test]
fn a_click_means_the_row_that_was_there_when_it_was_made() {
    let mut stage = Stage::bookinfo();
    let cell = cell_of(&mut stage, "ratings-v1-6f9c");
    // no frame has shown these yet
    for n in 0..3 {
        stage.put(mesh::pod("aaa", "early-v1", &format!("n{n}"), &format!("10.9.0.{n}")));
    }
    mouse(&mut stage, MouseKind::Click, cell);
    assert!(stage.current().contains("ratings-v1"), "{}", stage.text());
    let cell = cell_of(&mut stage, "reviews-v1-6f9c");
    stage.send(Message::Key(KeyPress::char('4')));
    mouse(&mut stage, MouseKind::Click, cell);
    assert_eq!(
        title(&mut stage),
        "Sidecars",
        "a row of another view is no place any more"
    );
}

#[test]
fn a_click_on_a_tab_goes_there_and_the_way_leads_back() {
    let mut stage = Stage::bookinfo();
    let names = [
        "Services",
        "Endpoints",
        "Sidecars",
        "Timeline",
        "Traffic",
        "Pods",
        "Overview",
    ];
    for (name, key) in names.iter().zip(["2", "3", "4", "5", "6", "1", "`"]) {
        click(&mut stage, &format!("{key} {name}"));
        let mut keys = Stage::bookinfo();
        keys.press(key);
        assert_eq!(title(&mut stage), title(&mut keys), "{name}");
    }
    click(&mut stage, "4 Sidecars");
    stage.press("[");
    assert_eq!(title(&mut stage), "Pods", "{}", stage.text());
}

#[test]
fn a_click_on_a_head_sorts_and_another_one_inverts() {
    let mut stage = Stage::bookinfo();
    stage.press("1");
    let before = stage.current();
    click(&mut stage, "NAME ");
    assert!(stage.text().contains("NAME▲"), "{}", stage.text());
    let names = stage.names();
    assert_eq!(stage.current(), before, "the cursor stays on its row");
    click(&mut stage, "NAME▲");
    assert!(stage.text().contains("NAME▼"), "{}", stage.text());
    let mut turned = stage.names();
    turned.reverse();
    assert_eq!(turned, names);
    click(&mut stage, "STATUS");
    assert!(stage.text().contains("STATUS▲"), "{}", stage.text());
}

#[test]
fn the_wheel_moves_what_is_under_it_whoever_has_the_keys() {
    let mut stage = Stage::bookinfo();
    let before = stage.press("<Tab><Tab>").current();
    let mut keys = Stage::bookinfo();
    keys.press("jjj");
    wheel(&mut stage, MouseKind::WheelDown, "ratings-v1-6f9c");
    assert_eq!(title(&mut stage), "Endpoints");
    let chosen = keys.current().split(' ').nth(1).unwrap().to_owned();
    let text = stage.text();
    assert!(text.contains(&format!("of {chosen}")), "three rows down\n{text}");
    wheel(&mut stage, MouseKind::WheelUp, "ratings-v1-6f9c");
    assert_eq!(stage.current(), before);
    assert!(stage.text().contains("of details-v1"), "{}", stage.text());
}

#[test]
fn the_wheel_scrolls_a_text_and_a_click_beside_it_closes_it() {
    let mut stage = Stage::bookinfo().sized(120, 30);
    stage.press("?");
    let mut keys = Stage::bookinfo().sized(120, 30);
    keys.press("?jjj");
    mouse(&mut stage, MouseKind::WheelDown, (60, 15));
    assert_eq!(stage.text(), keys.text());
    mouse(&mut stage, MouseKind::WheelUp, (60, 15));
    mouse(&mut stage, MouseKind::WheelUp, (60, 15));
    mouse(&mut stage, MouseKind::Click, (60, 15));
    assert_eq!(stage.text(), keys.press("g").text(), "a click into it does nothing");
    mouse(&mut stage, MouseKind::WheelDown, (1, 15));
    assert_eq!(stage.text(), keys.text(), "beside it the wheel turns nothing");
    mouse(&mut stage, MouseKind::Click, (60, 29));
    assert!(stage.screen().overlay.is_some(), "the last line belongs to it");
    mouse(&mut stage, MouseKind::Click, (1, 15));
    assert!(stage.screen().overlay.is_none(), "{}", stage.text());
    assert!(!stage.take_commands().contains(&Command::Quit { code: 0 }));
}

#[test]
fn a_line_of_a_picker_is_selected_then_taken() {
    let mut stage = Stage::bookinfo();
    stage.press("n");
    click(&mut stage, "default  1 pod");
    assert!(stage.screen().overlay.is_some(), "selected only");
    click(&mut stage, "default  1 pod");
    assert!(stage.text().contains("ns default"), "{}", stage.text());
    stage.press("a1o");
    click(&mut stage, "STATUS   ");
    click(&mut stage, "STATUS    ");
    assert!(stage.text().contains("STATUS▲"), "{}", stage.text());
    stage.press("n");
    mouse(&mut stage, MouseKind::Click, (79, 5));
    assert!(stage.screen().overlay.is_none(), "Esc");
    assert!(stage.text().contains("ns all"), "{}", stage.text());
}

#[test]
fn the_heading_of_what_is_found_is_no_choice() {
    let mut stage = Stage::bookinfo();
    stage.press("Fratings");
    let before = stage.text();
    click(&mut stage, "Services  1");
    assert_eq!(stage.text(), before);
}

#[test]
fn what_is_found_is_gone_to_by_two_clicks() {
    let mut stage = Stage::bookinfo().sized(80, 40);
    stage.press("Fratings");
    let (x, y) = cell_of(&mut stage, "Services  1");
    mouse(&mut stage, MouseKind::Click, (x, y + 1));
    assert!(stage.screen().overlay.is_some());
    mouse(&mut stage, MouseKind::Click, (x, y + 1));
    assert_eq!(title(&mut stage), "Services", "{}", stage.text());
    assert!(stage.current().contains("ratings"));
}

#[test]
fn a_suggestion_is_run_as_it_stands_whatever_is_typed() {
    let mut stage = Stage::bookinfo();
    stage.press(":pods b");
    click(&mut stage, "pods bookinfo");
    assert!(stage.text().contains("ns bookinfo"), "{}", stage.text());
    stage.press(":");
    wheel(&mut stage, MouseKind::WheelDown, "typed before");
    let (x, y) = cell_of(&mut stage, "typed before");
    mouse(&mut stage, MouseKind::Click, (x, y));
    assert!(
        stage.screen().overlay.is_some(),
        "the wheel had left it: selected again"
    );
}

#[test]
fn columns_are_ticked_off_by_clicks_and_taken_by_enter() {
    let mut stage = Stage::bookinfo();
    stage.press("1O");
    click(&mut stage, "✓ STATUS");
    click(&mut stage, "✓ STATUS");
    assert!(!stage.text().contains("✓ STATUS"), "{}", stage.text());
    stage.press("<Enter>");
    assert!(!stage.text().contains("STATUS"), "{}", stage.text());
}

#[test]
fn rows_over_the_panes_and_ways_to_copy_are_clicked_too() {
    let mut stage = Stage::bookinfo().sized(120, 40);
    stage.press("c");
    click(&mut stage, "n  name");
    assert!(
        stage
            .take_commands()
            .contains(&Command::Copy("details-v1-6f9c-ddddd".to_owned())),
        "{}",
        stage.text()
    );
    stage.put(mesh::sidecar("default", &["./*"], 1));
    stage.press("2/ratings<Enter><Enter>");
    assert!(stage.text().contains("Who sees ratings"), "{}", stage.text());
    let under = stage.text();
    click(&mut stage, "my-shell");
    assert_ne!(stage.text(), under, "the cursor is there");
    click(&mut stage, "my-shell");
    assert!(stage.text().contains("not in scope of"), "{}", stage.text());
}

#[test]
fn a_click_on_a_row_takes_the_filter_that_is_typed() {
    let mut stage = Stage::bookinfo();
    stage.press("/reviews");
    wheel(&mut stage, MouseKind::WheelDown, "reviews-v1");
    assert!(foot(&mut stage).starts_with("/reviews"), "it goes on");
    click(&mut stage, "reviews-v1");
    assert!(stage.current().contains("reviews-v1"), "{}", stage.text());
    assert_eq!(stage.names().len(), 2);
    assert!(!foot(&mut stage).starts_with("/reviews"), "{}", stage.text());
}

#[test]
fn while_a_context_is_connected_to_its_picker_stays_and_a_click_beside_gives_up() {
    let context = |name: &str| Context {
        name: name.into(),
        ..Context::default()
    };
    let mut stage = Stage::bookinfo();
    stage.press("C");
    stage.send(Message::Contexts(Ok(vec![context("here"), context("staging")])));
    click(&mut stage, "staging");
    click(&mut stage, "staging");
    assert!(
        stage
            .take_commands()
            .contains(&Command::OpenContext("staging".to_owned()))
    );
    click(&mut stage, "  here");
    assert!(stage.text().contains("connecting to 'staging'"), "{}", stage.text());
    mouse(&mut stage, MouseKind::Click, (79, 3));
    assert!(stage.take_commands().contains(&Command::GiveUpContext));
}

#[test]
fn nothing_is_where_nothing_is() {
    let mut stage = Stage::bookinfo();
    let before = stage.text();
    for cell in [(79, 0), (79, 1), (5, 22), (5, 23), (80, 24), (u16::MAX, u16::MAX)] {
        mouse(&mut stage, MouseKind::Click, cell);
        mouse(&mut stage, MouseKind::WheelDown, cell);
        assert_eq!(stage.text(), before, "{cell:?}");
    }
    stage.size = (20, 5);
    stage.screen();
    mouse(&mut stage, MouseKind::Click, (3, 3));
}
