//! Who wins, what is refused and in which words.

use std::path::Path;

use super::*;
use crate::tui::Theme;

const FILE: &str =
    "theme = 'dark'\nutc = true\nnamespace = ['shop', 'web']\ncontext = \"prod\"\nrequest-timeout = '5s'\n";

/// Settles this command line with this environment and file.
fn settled(arguments: &[&str], environment: &[(&str, &str)], text: &str) -> Result<(Cli, Settled), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    let mut variables = environment.to_vec();
    variables.push(("SIDESCOPE_CONFIG", path.as_str()));
    let matches = Cli::command()
        .try_get_matches_from(std::iter::once(&"sidescope").chain(arguments))
        .unwrap();
    let mut cli = Cli::from_arg_matches(&matches).unwrap();
    let variable = |name: &str| {
        let found = variables.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    match settle(&mut cli, &matches, &variable) {
        Ok(settled) => Ok((cli, settled)),
        Err(ended) => {
            assert_eq!(ended.exit, Exit::Usage);
            Err(ended.line.replace(&path, "FILE"))
        }
    }
}

fn origin(settled: &Settled, id: &str) -> Origin {
    let at = SETTINGS.iter().position(|setting| setting.id == id).unwrap();
    settled.origins[at].clone()
}

#[test]
fn a_flag_wins_over_the_environment_that_over_the_file_and_that_over_the_default() {
    let environment = [("SIDESCOPE_THEME", "light"), ("SIDESCOPE_CONTEXT", "stage")];
    let (cli, settled) = settled(&["--theme", "mono"], &environment, FILE).unwrap();
    assert_eq!(cli.screen.theme, Theme::Mono);
    assert_eq!(origin(&settled, "theme"), Origin::Flag);
    assert_eq!(cli.cluster.context.as_deref(), Some("stage"));
    assert_eq!(
        origin(&settled, "context"),
        Origin::Variable("SIDESCOPE_CONTEXT".to_owned())
    );
    assert!(cli.log.utc);
    assert_eq!(origin(&settled, "utc"), Origin::Line(2));
    assert_eq!(cli.scope.namespaces, ["shop", "web"]);
    assert_eq!(time_of(&cli), 5);
    assert_eq!(origin(&settled, "revision"), Origin::Default);
    assert_eq!(cli.cluster.istio_namespace, "istio-system");
}

fn time_of(cli: &Cli) -> u64 {
    cli.cluster.request_timeout.as_secs()
}

#[test]
fn a_flag_may_switch_off_what_the_file_switches_on_behind_a_command_too() {
    let (cli, _) = settled(&["pods", "--utc=false"], &[], FILE).unwrap();
    assert!(!cli.log.utc);
    let (cli, _) = settled(&["pods"], &[], FILE).unwrap();
    assert!(cli.log.utc);
}

#[test]
fn all_namespaces_and_some_are_one_question_and_the_loudest_voice_answers_it() {
    let (cli, settled_all) = settled(&["-A"], &[], FILE).unwrap();
    assert!(cli.scope.all_namespaces && cli.scope.namespaces.is_empty());
    assert_eq!(origin(&settled_all, "namespaces"), Origin::Default);
    let (cli, _) = settled(&[], &[("SIDESCOPE_NAMESPACE", "a, b")], "all-namespaces = true").unwrap();
    assert!(!cli.scope.all_namespaces);
    assert_eq!(cli.scope.namespaces, ["a", "b"]);
    assert_eq!(
        settled(&[], &[], "namespace = 'a'\nall-namespaces = true").unwrap_err(),
        "FILE:2: 'all-namespaces': 'namespace' of line 1 says otherwise: keep one"
    );
}

#[test]
fn where_a_screen_begins_is_no_filter_of_a_command_and_the_demo_is_a_cluster_of_its_own() {
    let (cli, _) = settled(&["pods"], &[], FILE).unwrap();
    assert!(cli.scope.namespaces.is_empty());
    assert_eq!(cli.cluster.context.as_deref(), Some("prod"));
    let (cli, _) = settled(&["demo"], &[], FILE).unwrap();
    assert_eq!((cli.cluster.context, cli.screen.theme), (None, Theme::Dark));
    assert!(cli.scope.namespaces.is_empty());
}

#[test]
fn what_is_wrong_in_the_file_is_told_with_its_line_and_what_is_right() {
    let cases = [
        ("\nthem = 'dark'", "FILE:2: no setting 'them': did you mean 'theme'?"),
        ("zzz = 1", "FILE:1: no setting 'zzz': 'sidescope config' lists all"),
        ("theme = 'drak'", "FILE:1: 'theme': no 'drak': did you mean 'dark'?"),
        (
            "utc = 'yes'",
            "FILE:1: 'utc': is of type string, expected true or false",
        ),
        (
            "context = 3",
            "FILE:1: 'context': is of type integer, expected a text in quotes",
        ),
        (
            "namespace = [1]",
            "FILE:1: 'namespace': is of type array, expected a text in quotes, or a list of them",
        ),
        (
            "retention = 'soon'",
            "FILE:1: 'retention': 'soon' is no time: write it as 10s or 1m30s",
        ),
        (
            "istio-version = '2'",
            "FILE:1: 'istio-version': '2' is no version of Istio: write it as 1.31, 1.31.2 or 1.31-dev",
        ),
        ("pod = ''", "FILE:1: 'pod': is empty: leave the line out instead"),
    ];
    for (text, line) in cases {
        assert_eq!(settled(&[], &[], text).unwrap_err(), line);
        // also where a flag would win
        let error = settled(&["--theme", "light", "--utc", "--context", "c"], &[], text).unwrap_err();
        assert_eq!(error, line);
    }
    let two = settled(&[], &[], "utc = 1\nthem = 'dark'\n").unwrap_err();
    assert_eq!(two.lines().count(), 2, "{two}");
    assert!(two.starts_with("FILE:1: "), "{two}");
    let broken = settled(&[], &[], "utc = true\nutc = \n").unwrap_err();
    assert!(broken.starts_with("FILE:2: "), "{broken}");
}

#[test]
fn what_is_wrong_in_the_environment_is_told_with_its_name() {
    let wrong = |name, value| settled(&[], &[(name, value)], "").unwrap_err();
    assert_eq!(
        wrong("SIDESCOPE_UTC", "yes"),
        "SIDESCOPE_UTC: 'yes' is neither true nor false"
    );
    assert_eq!(
        wrong("SIDESCOPE_THEME", "drak"),
        "SIDESCOPE_THEME: no 'drak': did you mean 'dark'?"
    );
    assert!(settled(&[], &[("SIDESCOPE_THEME", "")], "").is_ok(), "empty is absent");
}

#[test]
fn a_file_need_only_be_there_if_it_was_asked_for() {
    let missing = Path::new("/nowhere/config.toml");
    assert!(matches!(file::read(missing, false, None), Ok(None)));
    let error = file::read(missing, true, None).err().unwrap().line;
    assert!(
        error.starts_with("cannot read settings of '/nowhere/config.toml': "),
        "{error}"
    );
    let folder = tempfile::tempdir().unwrap();
    assert!(file::read(folder.path(), false, None).is_err(), "a folder is no file");
}

#[test]
fn the_file_is_where_the_flag_says_else_the_environment_else_at_home() {
    let path = |flag: Option<&str>, pairs: &[(&str, &str)]| {
        let variable = |name: &str| {
            let found = pairs.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let (path, asked) = file::path(flag.map(Path::new), &variable);
        (path.map(|path| path.display().to_string()), asked)
    };
    let all = [("SIDESCOPE_CONFIG", "/e"), ("XDG_CONFIG_HOME", "/x"), ("HOME", "/h")];
    assert_eq!(path(Some("/f"), &all), (Some("/f".to_owned()), true));
    assert_eq!(path(None, &all), (Some("/e".to_owned()), true));
    assert_eq!(
        path(None, &all[1..]),
        (Some("/x/sidescope/config.toml".to_owned()), false)
    );
    assert_eq!(
        path(None, &all[2..]),
        (Some("/h/.config/sidescope/config.toml".to_owned()), false)
    );
    assert_eq!(path(None, &[]), (None, false));
}

#[test]
fn a_path_of_the_file_may_begin_at_home() {
    let (cli, _) = settled(&[], &[("HOME", "/h")], "kubeconfig = '~/k'\npod = '~/p'").unwrap();
    assert_eq!(cli.cluster.kubeconfig.as_deref(), Some(Path::new("/h/k")));
    assert_eq!(cli.pod.as_deref(), Some("~/p"), "no path");
}

#[test]
fn every_setting_is_a_flag_with_words_of_its_own_and_its_default_is_what_the_flag_says() {
    let matches = Cli::command().try_get_matches_from(["sidescope"]).unwrap();
    let mut cli = Cli::from_arg_matches(&matches).unwrap();
    for setting in SETTINGS {
        let flag = setting.flag();
        assert!(flag.get_long().is_some() && flag.get_help().is_some(), "{}", setting.id);
        let default: Vec<_> = flag
            .get_default_values()
            .iter()
            .map(|value| value.to_string_lossy())
            .collect();
        let got = (setting.get)(&cli);
        let got = got.as_str().map_or_else(|| got.to_string(), str::to_owned);
        if !default.is_empty() {
            assert_eq!(got, default.join(","), "{}", setting.id);
        }
        // what it prints, it takes
        if let (Put::Text(put), Some(text)) = (setting.put, (setting.get)(&cli).as_str()) {
            put(&mut cli, text).unwrap();
        }
    }
}

#[test]
fn config_prints_each_setting_with_where_it_comes_from() {
    let (cli, settled) = settled(&["config"], &[("SIDESCOPE_RETENTION", "90s")], FILE).unwrap();
    let text = show::table(&cli, &settled);
    let path = settled.file.clone().unwrap().display().to_string();
    let row = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(text.lines().count(), SETTINGS.len() + 2);
    assert_eq!(text.lines().next().unwrap(), format!("# settings of {path}"));
    assert_eq!(row("theme"), format!("theme dark {path}:1"));
    assert_eq!(row("namespace"), format!("namespace shop,web {path}:3"));
    assert_eq!(row("retention"), "retention 1m 30s environment SIDESCOPE_RETENTION");
    assert_eq!(row("pod"), "pod - default");
    let document = serde_json::Value::Object(show::document(&cli, &settled).body);
    assert_eq!(
        document["items"][0],
        serde_json::json!({"name": "theme", "value": "dark", "from": "file", "line": 1})
    );
    assert_eq!(document["items"].as_array().unwrap().len(), SETTINGS.len());
}

#[test]
fn keys_of_the_file_are_checked_and_shown_with_their_lines() {
    let (cli, settled_keys) = settled(
        &["config"],
        &[],
        "[keys]\ndescribe = 'X'\nwide = ['W', 'F2']\nworkloads = []",
    )
    .unwrap();
    let text = show::table(&cli, &settled_keys);
    assert!(
        text.lines()
            .any(|line| line.starts_with("keys.wide ") && line.contains("W F2") && line.ends_with(":3")),
        "{text}"
    );
    let document = serde_json::Value::Object(show::document(&cli, &settled_keys).body);
    let last = document["items"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        last,
        serde_json::json!({"name": "keys.workloads", "value": "", "from": "file", "line": 4})
    );
    let cases = [
        (
            "[keys]\nwide = 'W'",
            "FILE:2: 'wide': 'W' is also 'workloads': give that another key",
        ),
        (
            "[keys]\n\nup = []",
            "FILE:3: 'up': has no key left, and no :command does it",
        ),
        ("keys.wid = 'x'", "FILE:1: 'wid': is no action: did you mean 'wide'?"),
        (
            "keys = 1",
            "FILE:1: 'keys': expected a table: [keys], then lines such as describe = 'X'",
        ),
        (
            "keys.wide = 1",
            "FILE:1: 'wide': expected a text in quotes, or a list of them",
        ),
    ];
    for (text, line) in cases {
        assert_eq!(settled(&["pods"], &[], text).unwrap_err(), line);
    }
}

#[test]
fn readme_has_the_table_of_settings() {
    let readme = include_str!("../../../README.md");
    let table = show::markdown();
    assert!(
        readme.contains(&table),
        "README has another table of settings than this:\n{table}"
    );
}
