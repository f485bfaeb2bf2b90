//! Columns as a person chose them: shown, hidden, moved, and what else follows from that.

use sidescope::app::view::Body;
use sidescope::app::{Memory, Options};

use crate::mesh;
use crate::stage::Stage;

/// The heads of the active pane, without the arrow.
fn heads(stage: &mut Stage) -> Vec<String> {
    let Body::Table { heads, .. } = stage.active().body else {
        return Vec::new();
    };
    let title = |title: &str| title.trim_end_matches(['▲', '▼']).to_owned();
    heads.iter().map(|head| title(head.title.as_str())).collect()
}

fn title(stage: &mut Stage) -> String {
    stage.active().title.iter().map(|span| span.text.as_str()).collect()
}

fn pods() -> Stage {
    let mut stage = Stage::bookinfo().sized(120, 40);
    stage.press("1");
    stage
}

#[test]
fn columns_are_hidden_and_moved_and_come_back() {
    let mut stage = pods();
    let usual = heads(&mut stage);
    assert_eq!(usual[..4], ["NAMESPACE", "NAME", "READY", "STATUS"]);
    stage.press("O");
    let text = stage.text();
    assert!(
        text.contains("Columns of Pods") && text.contains("NOMINATED NODE"),
        "{text}"
    );
    // READY goes, STATUS before NAMESPACE
    stage.press("jj<Space>jKKK");
    assert_eq!(heads(&mut stage), usual, "nothing before Enter");
    stage.press("<Enter>");
    assert_eq!(heads(&mut stage)[..3], ["STATUS", "NAMESPACE", "NAME"]);
    assert!(!heads(&mut stage).contains(&"READY".to_owned()));
    stage.press("O<Space><Esc>");
    assert_eq!(heads(&mut stage)[0], "STATUS", "Esc leaves it as it was");
    stage.press("w");
    assert!(
        heads(&mut stage).contains(&"READY".to_owned()),
        "wide shows what is hidden"
    );
    stage.press("w");
    stage.press("Or<Enter>");
    assert_eq!(heads(&mut stage), usual);
}

#[test]
fn what_names_a_row_cannot_be_hidden() {
    let mut stage = Stage::bookinfo().sized(120, 40);
    for (tab, name) in [
        ("1", "NAME"),
        ("3", "ENDPOINT"),
        ("4", "NAME"),
        ("5", "TIME"),
        ("6", "ENDPOINT"),
    ] {
        stage.press(tab);
        if heads(&mut stage).is_empty() {
            continue;
        }
        // every column is told to go
        stage.press("O");
        stage.press(&"<Space>j".repeat(30));
        stage.press("<Enter>");
        assert!(heads(&mut stage).contains(&name.to_owned()), "{tab}: {}", stage.text());
        assert!(
            !heads(&mut stage).contains(&"STATUS".to_owned()),
            "{tab}: the others went"
        );
    }
}

#[test]
fn a_choice_holds_in_narrow_panes_and_the_last_columns_give_way() {
    let mut stage = Stage::bookinfo().sized(120, 40);
    stage.press("3O");
    let list = stage.text();
    let before = |a: &str, b: &str| list.find(a) < list.find(b);
    assert!(before("ENDPOINT", "CLUSTER") && before("CLUSTER", "NODE"), "{list}");
    // NODE right behind ENDPOINT
    let position = list
        .lines()
        .skip_while(|line| !line.contains("Columns of"))
        .skip(1)
        .position(|line| line.contains("NODE "))
        .unwrap();
    stage.press(&"j".repeat(position));
    stage.press(&"K".repeat(position - 2));
    stage.press("<Enter>");
    let broad = heads(&mut stage);
    let at = broad.iter().position(|head| head == "ENDPOINT").unwrap();
    assert_eq!(broad[at + 1], "NODE", "{broad:?}");
    let mut stage = stage.sized(60, 20);
    let narrow = heads(&mut stage);
    assert!(
        narrow.len() < broad.len() && narrow.contains(&"NODE".to_owned()),
        "{narrow:?}"
    );
}

#[test]
fn sorting_by_a_hidden_column_stays_and_the_title_tells_of_it() {
    let mut stage = pods();
    stage.press("ojjjj<Enter>");
    assert!(stage.text().contains("STATUS▲"), "{}", stage.text());
    assert!(!title(&mut stage).contains("by "), "the head has the arrow");
    let order = stage.current();
    stage.press("Ojjj<Space><Enter>");
    assert!(!heads(&mut stage).contains(&"STATUS".to_owned()));
    assert!(title(&mut stage).contains("by STATUS▲"), "{}", title(&mut stage));
    assert_eq!(
        order.replace("Running ", ""),
        stage.current(),
        "the rows stand as they did"
    );
    stage.press("I");
    assert!(title(&mut stage).contains("by STATUS▼"), "{}", title(&mut stage));
}

#[test]
fn a_choice_is_remembered_and_a_column_that_is_new_since_then_is_there() {
    let mut stage = pods();
    stage.press("Ojj<Space>jKKK<Enter>");
    let chosen = heads(&mut stage);
    let mut memory: Memory = stage.app.memory();
    let again = |memory: Memory| {
        let options = Options {
            memory,
            ..Options::default()
        };
        let mut stage = Stage::starting(options, &mesh::bookinfo()).sized(120, 40);
        stage.press("1");
        heads(&mut stage)
    };
    assert_eq!(again(memory.clone()), chosen);
    let look = memory.tables.get_mut("pods").unwrap();
    look.columns.retain(|(column, _)| *column != "status");
    look.columns.push(("noSuchColumn".into(), true));
    let newer = again(memory);
    assert!(newer.contains(&"STATUS".to_owned()), "{newer:?}");
    assert!(!newer.contains(&"READY".to_owned()), "{newer:?}");
}
