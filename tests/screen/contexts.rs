//! The picker of contexts: which there are, and the way to another one.

use insta::assert_snapshot;
use sidescope::app::message::{ClusterInfo, Context};
use sidescope::app::{Command, Memory, Message, Options, Play};
use sidescope::mesh::model::Text;

use crate::mesh;
use crate::picture::glyphs;
use crate::stage::Stage;

/// A context with a cluster of its own, or of this name.
fn context(name: &str, cluster: &str) -> Context {
    Context {
        name: name.into(),
        cluster: cluster.into(),
        server: format!("https://{cluster}.example:6443").into(),
        namespace: Text::default(),
    }
}

fn kubeconfig() -> Vec<Context> {
    vec![
        context("prod", "prod"),
        context("staging", "staging-eu"),
        context("dev", "dev"),
    ]
}

/// A screen over context `prod`.
fn in_prod(memory: Memory) -> Stage {
    let options = Options {
        memory,
        ..Options::default()
    };
    let mut stage = Stage::starting(options, &mesh::bookinfo());
    stage.send(Message::Cluster(ClusterInfo {
        context: "prod".into(),
        ..ClusterInfo::default()
    }));
    stage.take_commands();
    stage
}

/// The picker, with the kubeconfig read.
fn picker(stage: &mut Stage) -> &mut Stage {
    stage.press("C");
    assert_eq!(stage.take_commands(), [Command::ListContexts]);
    stage.send(Message::Contexts(Ok(kubeconfig())));
    stage
}

fn opened(name: &str, result: Result<(), &str>) -> Message {
    Message::ContextOpened {
        name: name.into(),
        result: result.map_err(str::to_owned),
    }
}

fn foot(stage: &mut Stage) -> String {
    stage.text().lines().last().unwrap().trim().to_owned()
}

#[test]
fn a_context_is_picked_by_a_few_letters_and_gone_to_once_it_has_answered() {
    let mut stage = in_prod(Memory::default());
    stage.press("C");
    assert!(stage.text().contains("reading the kubeconfig ..."), "{}", stage.text());
    stage.press("<Esc>").take_commands();
    picker(&mut stage);
    let text = stage.text();
    assert!(text.contains("✓ prod"), "{text}");
    assert!(text.contains("staging  staging-eu  staging-eu.example:6443"), "{text}");
    stage.press("stg<Enter>");
    assert_eq!(stage.take_commands(), [Command::OpenContext("staging".into())]);
    let text = stage.text();
    assert!(
        text.contains("connecting to 'staging' ...") && text.contains("Esc gives it up"),
        "{text}"
    );
    stage.put(mesh::pod("default", "late", "zzzzz", "10.244.9.9"));
    assert!(
        stage.text().contains("late"),
        "the old screen goes on: {}",
        stage.text()
    );
    stage.press("jx<Enter>");
    assert_eq!(stage.take_commands(), [], "nothing else is done meanwhile");
    stage.send(opened("dev", Ok(())));
    assert_eq!(stage.take_commands(), [], "nobody waits for that one");
    stage.send(opened("staging", Ok(())));
    assert_eq!(stage.take_commands(), [Command::SwitchContext]);
}

#[test]
fn a_context_that_does_not_answer_is_given_up_or_says_why() {
    let mut stage = in_prod(Memory::default());
    picker(&mut stage).press("dev<Enter>").take_commands();
    stage.press("<Esc>");
    assert_eq!(stage.take_commands(), [Command::GiveUpContext]);
    assert_eq!(foot(&mut stage), "still in 'prod'");
    stage.send(opened("dev", Ok(())));
    assert_eq!(stage.take_commands(), [], "it was given up");

    picker(&mut stage).press("dev<Enter>").take_commands();
    let why = "cannot reach the API server: Connection refused; is 'https://dev.example:6443' right and up?";
    stage.send(opened("dev", Err(why)));
    let text = stage.text().replace('\n', " ");
    for word in why.split(' ') {
        assert!(text.contains(word), "'{word}': {}", stage.text());
    }
    stage.press("<Down><Enter>");
    assert!(
        matches!(&stage.take_commands()[..], [Command::OpenContext(_)]),
        "another can be tried"
    );
    stage.press("<Esc>:log<Enter>");
    assert!(
        stage.text().contains("context 'dev': cannot reach the API server"),
        "{}",
        stage.text()
    );
}

#[test]
fn the_picker_shows_where_one_is_and_what_goes_on() {
    let mut stage = in_prod(Memory::default());
    picker(&mut stage);
    assert_snapshot!("contexts_80x24", glyphs(&mut stage));
    stage.press("<Down><Enter>");
    assert_snapshot!("connecting_80x24", glyphs(&mut stage));
    let why = "cannot log in to context 'staging': the login plug-in 'corp-login' failed (exit status: 1): session \
               expired; try it by hand";
    stage.send(opened("staging", Err(why)));
    assert_snapshot!("not_opened_80x24", glyphs(&mut stage));
}

#[test]
fn a_context_that_is_gone_is_said_and_the_one_that_is_up_stays() {
    let mut stage = in_prod(Memory::default());
    picker(&mut stage).press("<Down><Enter>");
    stage.take_commands();
    // by now the kubeconfig has neither that nor the one on the screen
    stage.send(Message::Contexts(Ok(vec![context("dev", "dev")])));
    stage.send(opened(
        "staging",
        Err("no context 'staging' in the kubeconfig: it has dev"),
    ));
    assert_snapshot!("context_gone_80x24", glyphs(&mut stage));
    stage.press("<Esc>");
    assert!(stage.text().contains("prod"), "{}", stage.text());
}

#[test]
fn the_context_that_one_is_in_is_not_gone_to() {
    let mut stage = in_prod(Memory::default());
    picker(&mut stage).press("<Enter>");
    assert_eq!(stage.take_commands(), [], "the cursor is on it");
    assert_eq!(foot(&mut stage), "this is context 'prod'");
    stage.press("C<Down><Enter>");
    assert_eq!(
        stage.take_commands(),
        [Command::ListContexts, Command::OpenContext("staging".into())],
        "what is known already is there at once"
    );
}

#[test]
fn contexts_that_are_used_most_come_first() {
    let mut memory = Memory::default();
    memory.contexts.count(&"staging".into(), mesh::start());
    let mut stage = in_prod(memory);
    let text = picker(&mut stage).text();
    let at = |name: &str| {
        text.lines()
            .position(|line| line.contains(&format!("{name}.example")))
            .unwrap()
    };
    assert!(at("staging-eu") < at("dev") && at("dev") < at("prod"), "{text}");
}

#[test]
fn a_context_is_gone_to_by_its_name() {
    let mut stage = in_prod(Memory::default());
    stage.press(":ctx staging<Enter>");
    assert_eq!(
        stage.take_commands(),
        [
            // for what is suggested, then for the picker: the file may be another by then
            Command::ListContexts,
            Command::ListContexts,
            Command::OpenContext("staging".into())
        ]
    );
    assert!(stage.text().contains("connecting to 'staging' ..."), "{}", stage.text());
    stage.send(Message::Contexts(Ok(kubeconfig())));
    stage.send(opened("staging", Err("no")));
    stage.press("<Esc>:context sta");
    assert!(stage.text().contains("context staging"), "{}", stage.text());
    stage.press("<Esc>:contexts prod<Enter>");
    assert_eq!(foot(&mut stage), "this is context 'prod'");
    stage.press(":context d<Enter>");
    assert!(foot(&mut stage).starts_with("context: d"), "{}", foot(&mut stage));
    stage.press("<Esc>");
    stage.take_commands();
    stage.press(":context sta<Enter>");
    let commands = stage.take_commands();
    assert!(
        commands.contains(&Command::OpenContext("staging".into())),
        "{commands:?}"
    );
}

#[test]
fn without_a_kubeconfig_and_in_the_demo_it_says_that_there_is_no_other() {
    let mut stage = in_prod(Memory::default());
    stage.press("C");
    stage.send(Message::Contexts(Err("no kubeconfig found: set KUBECONFIG".to_owned())));
    assert_eq!(foot(&mut stage), "no kubeconfig found: set KUBECONFIG");
    for play in [Play::Demo, Play::Replay] {
        let options = Options {
            play,
            ..Options::default()
        };
        let mut stage = Stage::starting(options, &mesh::bookinfo());
        stage.take_commands();
        stage.press("C");
        assert_eq!(stage.take_commands(), []);
        assert!(foot(&mut stage).contains("one cluster") || foot(&mut stage).contains("cluster of its own"));
    }
}
