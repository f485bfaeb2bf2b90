//! Privacy: no name and no address of the cluster is anywhere on the screen, in copies, in what is saved.

use std::collections::BTreeSet;

use sidescope::app::message::{ClusterInfo, Fetch, Request, SaveWhat};
use sidescope::app::{Command, Message, Options, RecordingNews};
use sidescope::mesh::model::{Key, Kind, Object};
use sidescope::output::SavedSheet;

use crate::mesh;
use crate::stage::Stage;

/// What every cluster has.
const EVERYWHERE: &[&str] = &["default", "istio-system", "istiod", "kubernetes", "istio", ""];

/// All that must not be seen.
fn secrets() -> BTreeSet<String> {
    let mut names = BTreeSet::from(["prod-eu".to_owned(), "jane".to_owned(), "api.corp.example".to_owned()]);
    for object in mesh::bookinfo() {
        let key = object.key();
        names.extend([key.name.to_string(), key.namespace.to_string()]);
        if let Object::Pod(pod) = &object {
            names.insert(pod.node.to_string());
            names.extend(pod.ips.iter().map(ToString::to_string));
            names.extend(pod.owner.iter().map(|owner| owner.name.to_string()));
        }
        if let Object::Service(service) = &object {
            names.extend(service.cluster_ips.iter().map(ToString::to_string));
        }
        if let Some(provenance) = object.provenance() {
            names.extend(provenance.managers.iter().map(|one| one.manager.to_string()));
        }
    }
    names.retain(|name| !EVERYWHERE.contains(&name.as_str()));
    names
}

fn stage(options: Options) -> Stage {
    let mut stage = Stage::starting(options, &mesh::bookinfo());
    stage.send(Message::Cluster(ClusterInfo {
        context: "prod-eu".into(),
        server: "https://api.corp.example:6443".into(),
        user: "jane".into(),
        ..ClusterInfo::default()
    }));
    stage
}

fn private() -> Stage {
    stage(Options {
        privacy: true,
        ..Options::default()
    })
}

/// Whether a name stands in a text, not as a part of a longer word.
fn holds(text: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

fn assert_clean(text: &str, secrets: &BTreeSet<String>, when: &str) {
    for name in secrets {
        assert!(!holds(text, name), "'{name}' is there after {when}:\n{text}");
    }
}

#[test]
fn no_view_and_no_dialog_shows_a_name_or_an_address() {
    const KEYS: &[&str] = &[
        "j",
        "<Enter>",
        "d",
        "y",
        "e",
        "x",
        "s",
        "H",
        "D",
        "r",
        "v",
        "n",
        "F",
        "Fre",
        "Frev<Enter>",
        ":",
        ":ep ",
        ":ep r<Tab>",
        ":sources<Enter>",
        ":log<Enter>",
        "/",
        "o",
        "O",
        "c",
        "?",
        "<C-s>",
        "w",
        "ll",
        "z",
        "W",
        "<Space>",
        "p",
        "!",
        "I>",
        "f",
        "cn",
        "cr",
        "cj",
        "ck",
        "ci",
        "cy",
        "b",
        "a",
        "t",
        ":ns bookinfo<Enter>",
        ":ep nosuch<Enter>",
        "M",
    ];
    let secrets = secrets();
    assert!(secrets.len() > 20, "{secrets:?}");
    let mut seen = 0;
    for (width, height) in [(80, 24), (120, 40)] {
        let mut stage = private().sized(width, height);
        stage.put(mesh::sidecar(
            "bookinfo",
            &["./ratings.bookinfo.svc.cluster.local", "istio-system/*"],
            2,
        ));
        stage.remove(Kind::Service, "bookinfo", "details");
        for tab in "`123456".chars() {
            for keys in KEYS {
                stage.press(&tab.to_string());
                stage.press(keys);
                let when = format!("{tab}{keys} at {width}x{height}");
                assert_clean(&stage.text(), &secrets, &when);
                stage.press("<Down>");
                assert_clean(&stage.text(), &secrets, &when);
                stage.press("<Esc><Esc><Esc>");
                for command in stage.take_commands() {
                    if let Command::Copy(text) = command {
                        assert_clean(&text, &secrets, &when);
                        seen += 1;
                    }
                }
            }
        }
    }
    assert!(seen > 20, "{seen} texts were copied");
}

#[test]
fn what_is_saved_is_masked_like_the_screen() {
    let secrets = secrets();
    let mut stage = private();
    let mut rows = 0;
    for tab in "12345".chars() {
        stage.press(&tab.to_string());
        let saved: SavedSheet = stage.app.saved(stage.now).into();
        let mut json = Vec::new();
        saved.write_json(&mut json).unwrap();
        rows += saved.rows();
        assert_clean(&saved.text(), &secrets, "t");
        assert_clean(&String::from_utf8(json).unwrap(), &secrets, "j");
    }
    assert!(rows > 10, "{rows} rows were saved");
    stage.press("1d<C-s>t");
    let saves: Vec<_> = stage.take_commands();
    let Some(Command::Save(save)) = saves.into_iter().last() else {
        panic!("the text is saved");
    };
    assert_clean(&save.name, &secrets, "the file's name");
    let SaveWhat::Text(text) = save.what else {
        panic!("a text")
    };
    assert_clean(&text, &secrets, "the text");
}

#[test]
fn a_name_keeps_its_mask_and_two_names_never_share_one() {
    let mut stage = stage(Options::default()).sized(160, 40);
    stage.press("1");
    let real = stage.names();
    assert!(!stage.text().contains("MASKED"));
    stage.press("P");
    assert!(stage.text().contains("MASKED"), "{}", stage.text());
    let masked = stage.names();
    let distinct: BTreeSet<&String> = masked.iter().collect();
    assert_eq!(distinct.len(), real.len(), "{masked:?}");
    assert!(
        masked.iter().all(|row| row.contains("Running") && row.contains("2/2")),
        "{masked:?}"
    );
    stage.press("P");
    assert_eq!(stage.names(), real);
    stage.press("/rev<Enter>");
    let real_filtered = stage.names().len();
    stage.press(":privacy<Enter>");
    let filtered = stage.names();
    assert_eq!(filtered.len(), real_filtered, "a filter asks for the true names");
    assert!(
        filtered.iter().all(|row| masked.contains(row)),
        "{filtered:?} of {masked:?}"
    );
}

#[test]
fn yaml_of_the_server_shows_nothing_that_is_not_known_to_be_harmless() {
    let mut stage = private();
    stage.press("1y");
    let request = Request {
        what: Fetch::Yaml,
        kind: Kind::Pod,
        key: Key::new("bookinfo", "details-v1-6f9c-aaaaa"),
    };
    let asked = stage.take_commands().into_iter().find_map(|command| {
        let Command::Fetch(request) = command else { return None };
        Some(request)
    });
    let text = "kind: Pod\nspec:\n  image: registry.corp.example/pay:7\n  env:\n  - value: s3cret-url\n  restartPolicy: Always\n";
    stage.send(Message::Fetched {
        request: asked.unwrap_or(request),
        text: Ok(text.to_owned()),
    });
    let text = stage.text();
    assert!(
        text.contains("restartPolicy: Always") && text.contains("image: text-"),
        "{text}"
    );
    assert!(!text.contains("s3cret") && !text.contains("corp"), "{text}");
}

#[test]
fn a_recording_made_meanwhile_is_said_to_hold_the_names() {
    let begun = || Message::Recording(RecordingNews::Begun("a.recording".into()));
    let foot = |mut stage: Stage| {
        stage.send(begun());
        stage.text().lines().last().unwrap_or_default().trim().to_owned()
    };
    assert!(foot(private()).ends_with("names in it are not masked"));
    assert!(foot(stage(Options::default())).ends_with("with the minutes before now"));
}
