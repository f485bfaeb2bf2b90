//! The view as a file: what Ctrl-s offers, what is written of a table, and the picture.

use sidescope::app::message::{Save, SaveAs, SaveWhat};
use sidescope::app::{Command, Namespaces, Options};
use sidescope::mesh::model::Kind;
use sidescope::output::SavedSheet;
use sidescope::tui::{Glyphs, Look, Theme, svg};

use crate::mesh;
use crate::stage::Stage;

fn saved(stage: &mut Stage) -> Save {
    let saves = stage.take_commands().into_iter().filter_map(|command| {
        let Command::Save(save) = command else { return None };
        Some(save)
    });
    saves.last().expect("something is saved")
}

fn sheet(stage: &mut Stage) -> SavedSheet {
    stage.app.saved(stage.now).into()
}

fn json(stage: &mut Stage) -> serde_json::Value {
    let mut bytes = Vec::new();
    sheet(stage).write_json(&mut bytes).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn foot(stage: &mut Stage) -> String {
    stage.text().lines().last().unwrap().trim().to_owned()
}

#[test]
fn ctrl_s_offers_what_can_be_saved_and_one_letter_saves_it() {
    let mut stage = Stage::bookinfo();
    stage.press("1<C-s>");
    let text = stage.text();
    for line in ["t  text", "j  JSON", "s  SVG"] {
        assert!(text.contains(line), "{text}");
    }
    stage.press("t");
    let table = |kind| Save {
        kind,
        what: SaveWhat::Table,
        name: "pods".to_owned(),
        file: None,
    };
    assert_eq!(saved(&mut stage), table(SaveAs::Text));
    stage.press("<C-s>j");
    assert_eq!(saved(&mut stage), table(SaveAs::Json));
    stage.press("`<C-s>s");
    let picture = saved(&mut stage);
    assert_eq!((picture.what, picture.name.as_str()), (SaveWhat::Screen, "overview"));
    assert!(stage.screen().overlay.is_none(), "the dialog is not in the picture");
    stage.press("<C-s>x");
    assert!(foot(&mut stage).contains("'x' saves nothing"), "{}", foot(&mut stage));
    stage.press("<C-s><Esc>");
    assert_eq!(stage.take_commands(), []);
}

#[test]
fn a_file_that_is_named_says_by_its_ending_what_it_is_to_be() {
    let mut stage = Stage::bookinfo();
    for (name, kind) in [
        ("a.txt", SaveAs::Text),
        ("b.JSON", SaveAs::Json),
        ("/tmp/c d.svg", SaveAs::Svg),
    ] {
        stage.press(&format!(":save {name}<Enter>"));
        let save = saved(&mut stage);
        assert_eq!((save.kind, save.file.as_deref()), (kind, Some(name)));
    }
    stage.press(":save a.png<Enter>");
    let foot = foot(&mut stage);
    assert!(foot.contains("'a.png' does not end in .txt, .json or .svg"), "{foot}");
    assert_eq!(stage.take_commands(), []);
}

#[test]
fn a_text_is_saved_as_it_is_read() {
    let mut stage = Stage::bookinfo();
    stage.press("?<C-s>t");
    let SaveWhat::Text(text) = saved(&mut stage).what else {
        panic!("a text");
    };
    assert!(text.contains("save the view"), "{text}");
    assert!(stage.screen().overlay.is_some(), "the text is still open");
    stage.press("<C-s>j");
    assert_eq!(stage.take_commands(), []);
    assert!(foot(&mut stage).contains("a text has no JSON"), "{}", foot(&mut stage));
}

#[test]
fn all_rows_of_the_table_are_saved_as_filtered_and_sorted() {
    let options = Options {
        namespaces: Namespaces::Some(vec!["bookinfo".into()]),
        ..Options::default()
    };
    let mut stage = Stage::starting(options, &mesh::bookinfo()).sized(60, 16);
    stage.press("1/rev<Enter>");
    let text = sheet(&mut stage).text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    for head in ["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE", "SIDECAR"] {
        assert!(lines[0].contains(head), "a file has room for {head}: {text}");
    }
    assert!(!lines[0].contains("CHANGE"), "nothing changed: {text}");
    stage.press("I>I");
    let turned = sheet(&mut stage).text();
    let names = |text: &str| -> Vec<String> {
        let first = |line: &str| line.split_whitespace().next().unwrap_or_default().to_owned();
        text.lines().skip(1).map(first).collect()
    };
    let (mut before, after) = (names(&text), names(&turned));
    before.reverse();
    assert_eq!(before, after);
    assert_eq!(sheet(&mut stage).rows(), 2);
}

#[test]
fn json_is_that_of_the_command_line_and_knows_what_changed_and_what_is_gone() {
    let mut stage = Stage::bookinfo();
    stage.press("1");
    let before = json(&mut stage);
    assert_eq!(before["apiVersion"], "sidescope.io/v1");
    assert_eq!(
        (&before["kind"], &before["complete"]),
        (&"PodList".into(), &true.into())
    );
    let count = before["items"].as_array().unwrap().len();
    assert!(before.get("removed").is_none());
    let gone = before["items"][0].clone();
    stage.remove(
        Kind::Pod,
        gone["namespace"].as_str().unwrap(),
        gone["name"].as_str().unwrap(),
    );
    let after = json(&mut stage);
    assert_eq!(after["items"].as_array().unwrap().len(), count - 1);
    assert_eq!(after["removed"][0]["name"], gone["name"]);
    assert_eq!(after["removed"][0]["change"], "removed");
    let text = sheet(&mut stage).text();
    assert!(text.starts_with("CHANGE"), "{text}");
    assert_eq!(
        text.lines().filter(|line| line.starts_with("removed")).count(),
        1,
        "{text}"
    );
}

#[test]
fn endpoints_are_saved_with_whose_they_are_and_why_each_is_there() {
    let mut stage = Stage::bookinfo();
    stage.press("3");
    let table = json(&mut stage);
    assert_eq!(table["kind"], "EndpointTable");
    assert!(table["pod"]["name"].is_string(), "{table}");
    let first = &table["items"][0];
    assert!(first["endpoint"].is_string() && first["cluster"].is_string(), "{first}");
    assert!(first["reasons"].is_array(), "{first}");
}

#[test]
fn a_picture_shows_the_cells_of_the_screen_as_text_that_no_name_can_break_out_of() {
    let mut stage = Stage::bookinfo().sized(100, 30);
    let hostile = "a</text><script>&\"\u{1b}[2J";
    let mut service = mesh::service("bookinfo", "details", 9080);
    service.meta.key.name = hostile.into();
    stage.put(service);
    stage.press("2");
    for theme in Theme::ALL {
        let look = Look {
            theme,
            glyphs: Glyphs::Unicode,
            ..Look::default()
        };
        let picture = svg(&stage.screen(), look, hostile);
        assert!(picture.starts_with("<svg xmlns=") && picture.ends_with("</svg>\n"));
        assert!(picture.contains("ratings"), "the text is there");
        assert!(picture.contains("&lt;/text&gt;&lt;script&gt;&amp;&quot;"), "{picture}");
        assert!(!picture.contains("<script") && !picture.contains('\u{1b}'), "{picture}");
        assert_eq!(picture.matches("<text").count(), picture.matches("</text>").count());
        let ends = picture.matches("</tspan>").count();
        assert_eq!(picture.matches("<tspan").count(), ends);
    }
}

#[test]
fn a_replay_says_what_a_recording_does_not_have() {
    let options = Options {
        play: sidescope::app::Play::Replay,
        ..Options::default()
    };
    let mut stage = Stage::starting(options, &mesh::bookinfo());
    stage.press("1y");
    assert!(
        foot(&mut stage).contains("text of configuration alone"),
        "{}",
        foot(&mut stage)
    );
    stage.press("e");
    assert!(foot(&mut stage).contains("no event of this"), "{}", foot(&mut stage));
    assert!(
        !stage
            .take_commands()
            .iter()
            .any(|command| matches!(command, Command::Fetch(_))),
        "nobody is asked"
    );
}

#[test]
fn traffic_tells_that_its_pod_is_pinned() {
    let mut stage = Stage::bookinfo().sized(120, 40);
    stage.press("6");
    assert!(!stage.text().contains("pinned "), "{}", stage.text());
    stage.press("p");
    stage.wait(10);
    assert!(
        !stage.lines_with("Traffic 1").is_empty() || stage.text().contains("  pinned "),
        "{}",
        stage.text()
    );
    assert!(stage.text().contains("pinned "), "{}", stage.text());
}
