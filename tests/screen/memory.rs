//! What is remembered from one run to the next, and what becomes of it where the cluster is another by then.

use sidescope::app::{Memory, Namespaces, Options};
use sidescope::mesh::model::{Key, Object};

use crate::mesh;
use crate::stage::Stage;

/// What a run over the small mesh learns from these keys.
fn learnt(keys: &str) -> Memory {
    let mut stage = Stage::bookinfo();
    stage.press(keys);
    let mut memory = Memory::default();
    memory.learn(&stage.app.memory());
    memory
}

/// The next run, which would begin in this namespace.
fn next(memory: Memory, objects: &[Object]) -> Stage {
    let options = Options {
        namespaces: Namespaces::Some(vec!["default".into()]),
        memory,
        ..Options::default()
    };
    Stage::starting(options, objects)
}

fn foot(stage: &mut Stage) -> String {
    stage.text().lines().last().unwrap().trim().to_owned()
}

/// Of the small mesh, without an object.
fn without(namespace: &str, name: &str) -> Vec<Object> {
    let mut objects = mesh::bookinfo();
    let before = objects.len();
    objects.retain(|object| *object.key() != Key::new(namespace, name));
    assert!(objects.len() < before, "{namespace}/{name} was there");
    objects
}

#[test]
fn the_next_run_begins_where_this_one_ended() {
    let memory = learnt(":ns bookinfo<Enter>/ratings<Enter><Esc>:ep ratings-v1-6f9c-ccccc.bookinfo<Enter>w>I2>");
    let mut stage = next(memory.clone(), &mesh::bookinfo());
    let text = stage.text();
    assert!(text.contains("ns bookinfo"), "{text}");
    assert_eq!(stage.active().title[0].text.as_str(), "Services");
    stage.press("3");
    assert!(
        stage.text().contains("of ratings-v1-6f9c-ccccc.bookinfo"),
        "{}",
        stage.text()
    );
    assert_eq!(stage.app.memory().tables, memory.tables, "sorted as before");
    assert!(stage.app.memory().wide);
    assert!(memory.tables.len() == 2, "{memory:?}");
}

#[test]
fn a_filter_is_not_remembered() {
    let mut stage = next(learnt("n<Up><Up><Up><Enter>1/ratings<Enter>"), &mesh::bookinfo());
    assert!(stage.text().contains("ns all"), "{}", stage.text());
    assert_eq!(stage.names().len(), 6);
}

#[test]
fn what_is_asked_for_wins_over_what_is_remembered() {
    let mut memory = learnt(":ns bookinfo<Enter>3>");
    memory.place = None;
    let mut stage = next(memory.clone(), &mesh::bookinfo());
    assert!(stage.text().contains("ns default"), "{}", stage.text());
    assert!(stage.text().contains("Pods"), "the overview: {}", stage.text());
    assert_eq!(stage.app.memory().tables, memory.tables, "tables look as they did");
}

#[test]
fn a_pod_that_is_gone_has_a_successor_or_is_said_to_have_none() {
    let memory = learnt(":ns bookinfo<Enter>:ep reviews-v1-6f9c-aaaaa.bookinfo<Enter>");
    let mut objects = without("bookinfo", "reviews-v1-6f9c-aaaaa");
    let mut stage = next(memory.clone(), &objects);
    let said = foot(&mut stage);
    let lost = "'reviews-v1-6f9c-aaaaa.bookinfo' of last time is gone;";
    assert_eq!(said, format!("{lost} another pod is shown"));
    assert!(!stage.names().is_empty(), "not empty: {}", stage.text());

    objects.push(mesh::pod("bookinfo", "reviews-v1", "zzzzz", "10.244.1.77").into());
    let mut stage = next(memory, &objects);
    let text = stage.text();
    assert!(text.contains("of reviews-v1-6f9c-zzzzz.bookinfo"), "{text}");
    assert_eq!(foot(&mut stage), format!("{lost} its successor is shown"));
}

#[test]
fn a_namespace_that_is_gone_is_not_shown_and_said_to_be() {
    let memory = learnt(":ns bookinfo<Enter>");
    let mut objects = mesh::bookinfo();
    objects.retain(|object| object.key().namespace != "bookinfo" && object.key().name != "bookinfo");
    let mut stage = next(memory, &objects);
    assert!(stage.text().contains("ns default"), "{}", stage.text());
    assert_eq!(
        foot(&mut stage),
        "namespace 'bookinfo' of last time is gone: showing 'default'"
    );
    assert_eq!(stage.names().len(), 1);

    let mut stage = next(learnt("n<Down><Space><Space><Enter>"), &objects);
    let text = stage.text();
    let header = text.lines().next().unwrap();
    assert!(header.contains("default") && !header.contains("bookinfo"), "{text}");
}

#[test]
fn namespaces_that_are_used_most_are_offered_first_the_rest_by_name() {
    let memory = learnt(":ns istio-system<Enter>:ns default<Enter>:ns istio-system<Enter>");
    let mut stage = next(memory, &mesh::bookinfo());
    stage.press("n");
    let at = |stage: &mut Stage, name: &str| {
        let text = stage.text();
        let found = text.lines().position(|line| line.contains(&format!("  {name}  ")));
        found.unwrap_or_else(|| panic!("{name}: {text}"))
    };
    let places = ["istio-system", "default", "bookinfo"].map(|name| at(&mut stage, name));
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn commands_are_offered_again_but_never_run_instead_of_what_is_typed() {
    let memory = learnt(":ns bookinfo<Enter>:services default<Enter>:q<Enter>");
    assert_eq!(
        memory.typed,
        ["ns bookinfo", "services default"],
        "quitting is not offered"
    );
    let mut stage = next(memory, &mesh::bookinfo());
    stage.press(":");
    let text = stage.text();
    let lines: Vec<&str> = text.lines().filter(|line| line.contains("typed before")).collect();
    assert!(
        lines[0].contains("services default") && lines[1].contains("ns bookinfo"),
        "{text}"
    );
    stage.press("<Down><Enter>");
    assert!(stage.text().contains("ns bookinfo"), "{}", stage.text());
    stage.press(":servi<Enter>");
    assert!(
        stage.text().contains("ns bookinfo"),
        "the command alone: {}",
        stage.text()
    );
    assert_eq!(stage.active().title[0].text.as_str(), "Services");
}

#[test]
fn all_namespaces_go_back_to_those_before_or_say_that_they_are_all() {
    let mut stage = Stage::bookinfo();
    stage.press("a");
    assert_eq!(foot(&mut stage), "all namespaces are shown already; n chooses some");
    // to all by another way than 'a'
    stage.press("nbk<Enter>n<Up><Up><Up><Enter>");
    assert!(stage.text().contains("ns all"), "{}", stage.text());
    assert!(stage.press("a").text().contains("ns bookinfo"));
    assert!(stage.press("[").text().contains("ns all"));
    assert!(stage.press("a").text().contains("ns bookinfo"), "{}", stage.text());

    let mut stage = next(learnt(":ns bookinfo<Enter>a"), &mesh::bookinfo());
    assert!(stage.text().contains("ns all"), "{}", stage.text());
    assert!(stage.press("a").text().contains("ns default"), "{}", stage.text());
}
