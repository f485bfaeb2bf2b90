//! What if: a draft from the editor or a file, what it would change, and a dry run after a confirmation.

use std::sync::Arc;

use insta::assert_snapshot;
use sidescope::app::message::{Drafted, DryRunAnswer};
use sidescope::app::{Command, Draft, Keymap, Message, Options};
use sidescope::mesh::model::{Key, Kind};
use sidescope::mesh::world::Failure;
use sidescope::tui::Theme;

use crate::mesh;
use crate::picture::styled;
use crate::stage::Stage;

/// The small mesh with the cursor on the shell, whose Sidecar lets everything in.
fn shell() -> Stage {
    let mut objects = mesh::bookinfo();
    objects.push(mesh::sidecar("default", &["*/*"], 1).into());
    let mut stage = Stage::with(&objects);
    stage.press("/my-shell<Enter>");
    stage
}

/// What the editor is opened with.
fn edited(stage: &mut Stage) -> (String, String) {
    let commands = stage.take_commands();
    let edit = commands.into_iter().find_map(|command| {
        let Command::EditDraft { name, text } = command else {
            return None;
        };
        Some((name, text))
    });
    edit.expect("the editor is opened")
}

fn read(name: &str, hosts: &[&str]) -> Message {
    let mut sidecar = mesh::sidecar("default", hosts, 0);
    sidecar.meta.uid = sidescope::mesh::model::Uid::default();
    Message::Drafted(Drafted::Read(Arc::new(Draft {
        name: name.to_owned(),
        text: "kind: Sidecar\n".to_owned(),
        objects: vec![sidecar.into()],
        notes: vec!["a note".to_owned()],
    })))
}

#[test]
fn a_draft_of_a_sidecar_says_what_it_would_change_for_the_pod_and_for_all() {
    let mut stage = shell();
    stage.press("4E");
    let (name, text) = edited(&mut stage);
    assert_eq!(name, "Sidecar default/default");
    assert!(text.starts_with("# What if Sidecar default/default were so?"), "{text}");
    assert!(text.contains("- \"*/*\"") || text.contains("- '*/*'"), "{text}");
    stage.send(read(&name, &["istio-system/*"]));
    let text = stage.text();
    assert!(
        text.contains("What if Sidecar default/default were so (nothing is applied)"),
        "{text}"
    );
    assert!(
        text.contains("Effect on default/my-shell-6f9c-eeeee: +0 -4 ~0"),
        "{text}"
    );
    assert!(text.contains("1 of 5 pods see a difference"), "{text}");
    assert!(text.contains("a note"), "{text}");
    let weight = "Config weight   clusters 4 -> 1, endpoints 5 -> 1; by default (*/*) 4 and 5";
    assert!(text.contains(weight), "{text}");
    assert_snapshot!("what_if_80x24", styled(&mut stage, Theme::Terminal));
    stage.press("r");
    assert!(stage.text().contains("Who would gain or lose what"), "{}", stage.text());
    stage.press("<Esc><Esc>3");
    assert!(
        stage.text().contains("Endpoints 5  of my-shell"),
        "nothing has changed: {}",
        stage.text()
    );
}

#[test]
fn a_draft_that_governs_other_pods_than_the_chosen_one_is_judged_by_one_of_those() {
    let mut stage = shell();
    stage.press("1<Esc>/ratings<Enter>");
    stage.send(read("sidecar.yaml", &["istio-system/*"]));
    let text = stage.text();
    assert!(
        text.contains("Effect on default/my-shell-6f9c-eeeee: +0 -4 ~0"),
        "{text}"
    );
}

#[test]
fn a_draft_that_cannot_be_read_is_said_in_a_line_and_edited_again() {
    let mut stage = shell();
    stage.press("4E");
    let (name, _) = edited(&mut stage);
    let misread = |said: &str| {
        Message::Drafted(Drafted::Misread {
            name: name.clone(),
            text: "kind: [".to_owned(),
            said: said.to_owned(),
        })
    };
    stage.send(misread("line 1: this list has no end"));
    let text = stage.text();
    assert!(text.contains("line 1: this list has no end"), "{text}");
    stage.press("e");
    assert_eq!(edited(&mut stage).1, "kind: [", "what was typed is not lost");
    stage.send(misread("line 2: so it goes"));
    stage.send(read(&name, &["istio-system/*"]));
    assert!(stage.text().contains("+0 -4 ~0"), "{}", stage.text());
    stage.press("e");
    assert_eq!(edited(&mut stage).1, "kind: Sidecar\n");
    stage.send(Message::Drafted(Drafted::Unchanged));
    assert!(stage.text().contains("+0 -4 ~0"), "the answer before is still there");
    stage.press("<Esc>");
    assert_eq!(stage.active().title[0].text.as_str(), "Sidecars", "one Esc leads back");
}

#[test]
fn the_server_is_asked_only_after_a_confirmation_and_a_refusal_says_what_to_ask() {
    let mut stage = shell();
    stage.press("4E");
    let (name, _) = edited(&mut stage);
    stage.send(read(&name, &["istio-system/*"]));
    stage.press("d");
    assert_snapshot!("dry_run_80x24", styled(&mut stage, Theme::Terminal));
    let is_asked = |commands: Vec<Command>| commands.iter().any(|command| matches!(command, Command::DryRun(_)));
    stage.press("<Esc>");
    assert!(!is_asked(stage.take_commands()));
    stage.press("d<Enter>");
    assert!(!is_asked(stage.take_commands()), "Enter is no yes");
    stage.press("dy");
    let commands = stage.take_commands();
    let objects = commands.into_iter().find_map(|command| {
        let Command::DryRun(objects) = command else { return None };
        Some(objects)
    });
    let objects = objects.expect("the server is asked");
    assert_eq!(objects[0].key, Key::new("default", "default"));
    assert_eq!(objects[0].body["metadata"]["namespace"], "default");
    let answer = |outcome| DryRunAnswer {
        kind: Kind::Sidecar,
        key: Key::new("default", "default"),
        outcome,
    };
    let refused = Failure::Forbidden {
        verb: "patch",
        resource: Kind::Sidecar.plural(),
        namespace: "default".into(),
    };
    stage.send(Message::DryRan(vec![
        answer(Err(refused)),
        answer(Ok(vec!["take care".into()])),
    ]));
    let text = stage.text();
    assert!(
        text.contains("kubectl auth can-i patch sidecars.networking.istio.io -n default"),
        "{text}"
    );
    assert!(text.contains("would take it; nothing was stored"), "{text}");
    assert!(text.contains("warning: take care"), "{text}");
    stage.press("<Esc>");
    assert!(stage.text().contains("What if Sidecar"), "{}", stage.text());
}

#[test]
fn a_draft_that_was_closed_is_not_lost() {
    let mut stage = shell();
    stage.press("4E");
    let (name, _) = edited(&mut stage);
    stage.send(read(&name, &["istio-system/*"]));
    stage.press("<Esc>");
    assert!(
        stage.text().contains("the draft is kept: :what-if opens it again"),
        "{}",
        stage.text()
    );
    stage.press("E");
    let text = stage.text();
    assert!(text.contains("+0 -4 ~0") && text.contains("E begins anew"), "{text}");
    stage.press("e");
    assert_eq!(edited(&mut stage).1, "kind: Sidecar\n", "the draft's text");
    stage.press("E");
    assert!(edited(&mut stage).1.contains("*/*"), "the object's text");
    stage.press("yc");
    let copied = stage.take_commands();
    assert!(
        copied.contains(&Command::Copy("kind: Sidecar".to_owned())),
        "{copied:?}"
    );
    stage.press("<Esc><Esc>1:what-if<Enter>");
    assert!(stage.text().contains("+0 -4 ~0"), "{}", stage.text());
}

#[test]
fn a_text_goes_by_the_keys_that_actions_have_and_is_drawn_anew() {
    let keys = [("copy", "Y"), ("radius", "X"), ("edit-again", "U"), ("down", "J")];
    let keys: Vec<_> = keys.map(|(name, key)| (name.to_owned(), vec![key.to_owned()])).into();
    let options = Options {
        keys: Keymap::of(&keys).unwrap(),
        ..Options::default()
    };
    let mut objects = mesh::bookinfo();
    objects.push(mesh::sidecar("default", &["*/*"], 1).into());
    let mut stage = Stage::starting(options, &objects);
    stage.press("/my-shell<Enter>4E");
    let (name, _) = edited(&mut stage);
    stage.send(read(&name, &["istio-system/*"]));
    let foot = stage.text().lines().last().unwrap().to_owned();
    assert!(
        foot.contains("U edit again") && foot.contains("X who else") && foot.contains("Y copy"),
        "{foot}"
    );
    stage.press("c<C-l>");
    let commands = stage.take_commands();
    assert_eq!(commands, [Command::Redraw], "c is no key any more");
    stage.press("U");
    assert_eq!(edited(&mut stage).0, name);
    stage.press("X");
    assert!(stage.text().contains("Who would gain or lose what"), "{}", stage.text());
    stage.press("<C-l>");
    assert_eq!(stage.take_commands(), [Command::Redraw]);
    stage.press("?");
    let help = stage.text();
    stage.press("<Esc>");
    assert!(help.contains("Help"), "{help}");
}

#[test]
fn a_file_is_read_by_its_name() {
    let mut stage = shell();
    stage.press(":what-if some/sidecar.yaml<Enter>");
    let commands = stage.take_commands();
    assert!(
        commands.contains(&Command::ReadDraft("some/sidecar.yaml".to_owned())),
        "{commands:?}"
    );
    stage.send(Message::Drafted(Drafted::Failed(
        "cannot read 'some/sidecar.yaml': no".to_owned(),
    )));
    assert!(stage.text().contains("cannot read 'some/sidecar.yaml': no"));
}
