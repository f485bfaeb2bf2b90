//! Completion: what may follow the words typed so far, with names from the kubeconfig and the cluster.
//!
//! The script of a shell runs this program again at each Tab, with [`VARIABLE`] set; kubectl runs
//! `kubectl_complete-sidescope`. The candidates are those of clap's engine over the same table of flags and commands that
//! parses them; [`NAMES`] says where names of objects belong. Nothing is ever said on standard error: a cluster that does
//! not answer within a second gives no names.
//!
//! kubectl: `pkg/cmd/plugin_completion.go`; the lines and the last one, `:DIRECTIVE`, are cobra's.

mod cluster;

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::sync::Arc;

use clap::{CommandFactory as _, builder::StyledStr};
use clap_complete::Shell;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, complete};
use clap_complete::env::Shells;

use self::cluster::{Typed, Wanted};
use super::args::Cli;
use super::exit::Exit;
use super::print;

/// Set to a shell's name, it asks for candidates instead of a run.
pub(super) const VARIABLE: &str = "SIDESCOPE_COMPLETE";

/// How the scripts are used, for help.
pub(super) const HOW: &str = "In ~/.bashrc: source <(sidescope completions bash); in ~/.zshrc, after compinit: \
    source <(sidescope completions zsh);\nin fish: sidescope completions fish > ~/.config/fish/completions/sidescope.fish. \
    'kubectl sidescope' is completed by kubectl itself,\nwhere kubectl_complete-sidescope is on the PATH.";

/// Which argument of which command (empty: of all, or of none) takes which names.
const NAMES: &[(&str, &str, Wanted)] = &[
    ("", "namespaces", Wanted::Namespaces),
    ("", "istio_namespace", Wanted::Namespaces),
    ("", "context", Wanted::Contexts),
    ("", "pod", Wanted::Pods),
    ("pods", "names", Wanted::PodNames),
    ("services", "names", Wanted::ServiceNames),
    ("sidecars", "names", Wanted::SidecarNames),
    ("endpoints", "pod", Wanted::Pods),
    ("explain", "pod", Wanted::Pods),
    ("explain", "host", Wanted::Hosts),
    ("who-sees", "host", Wanted::Hosts),
    ("traffic", "pod", Wanted::Pods),
    ("suggest", "pod", Wanted::Pods),
    ("diff", "pod", Wanted::Pods),
    ("diff", "other", Wanted::Pods),
    ("diff", "without", Wanted::Objects),
];

/// The script for a shell, for a program of this name.
pub(super) fn script(shell: Shell, name: &str) -> String {
    let mut script = Vec::new();
    let shells = Shells::builtins();
    if let Some(completer) = shells.completer(&shell.to_string()) {
        // a vector takes all that is written
        drop(completer.write_registration(VARIABLE, name, name, name, &mut script));
    }
    String::from_utf8_lossy(&script).into_owned()
}

/// Answers a shell's script: the words are those after `--`, the place of the one being typed is where scripts put it.
pub(super) fn for_shell(shell: &str, arguments: &[OsString]) -> Exit {
    let words = arguments.iter().skip_while(|word| *word != "--").skip(1);
    let mut words: Vec<OsString> = words.cloned().collect();
    let index = super::variable("_CLAP_COMPLETE_INDEX").and_then(|index| index.parse().ok());
    let mut index = index.unwrap_or_else(|| words.len().saturating_sub(1));
    if shell == "bash" {
        join_flags(&mut words, &mut index);
    }
    if words.len() <= index {
        words.push(OsString::new());
    }
    let shells = Shells::builtins();
    let Some(completer) = shells.completer(shell) else {
        return Exit::Usage;
    };
    let mut command = command(&words, index);
    let here = std::env::current_dir().ok();
    let mut answer = Vec::new();
    if shell == "bash" {
        // its own answer would count the words that bash has taken apart
        let candidates = complete(&mut command, words, index, here.as_deref()).unwrap_or_default();
        let values = candidates
            .iter()
            .map(|candidate| candidate.get_value().to_string_lossy());
        // bash puts them on the line as they are
        let values: Vec<_> = values.filter(|value| is_plain(value)).collect();
        let separator = super::variable("_CLAP_IFS").unwrap_or_else(|| "\n".to_owned());
        answer.extend(values.join(&separator).into_bytes());
    } else {
        // nothing fits: no candidates
        drop(completer.write_complete(&mut command, words, here.as_deref(), &mut answer));
        // these shells quote what they put on the line; a file's name could still steer the terminal
        let is_safe = |line: &&str| line.chars().all(|c| c == '\t' || !c.is_control());
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let lines: Vec<&str> = answer.split('\n').filter(is_safe).collect();
        return tell(&lines.join("\n"));
    }
    tell(&String::from_utf8_lossy(&answer))
}

/// Answers kubectl: a line a candidate with what it is, then what kubectl may do with them.
pub(super) fn for_kubectl(words: Vec<OsString>) -> Exit {
    const NO_SPACE: u8 = 2;
    const NO_FILES: u8 = 4;
    let mut words = [vec![OsString::from("sidescope")], words].concat();
    if words.len() == 1 {
        words.push(OsString::new());
    }
    let index = words.len() - 1;
    let mut command = command(&words, index);
    let here = std::env::current_dir().ok();
    let candidates = complete(&mut command, words, index, here.as_deref()).unwrap_or_default();
    let mut text = String::new();
    let mut directive = NO_FILES;
    for candidate in &candidates {
        let value = candidate.get_value().to_string_lossy();
        if !is_plain(&value) {
            continue;
        }
        if value.ends_with(['/', '=']) {
            directive |= NO_SPACE;
        }
        let help = candidate.get_help().map(StyledStr::to_string).unwrap_or_default();
        let help = help.lines().next().map(|help| format!("\t{help}"));
        let _ = writeln!(text, "{value}{}", help.unwrap_or_default());
    }
    let _ = writeln!(text, ":{directive}");
    tell(&text)
}

fn tell(text: &str) -> Exit {
    print::out(text).map_or_else(|ended| ended.exit, |()| Exit::Ok)
}

/// Bash parts words at `=`: `--context=demo` comes as three.
fn join_flags(words: &mut Vec<OsString>, index: &mut usize) {
    let is_flag = |word: &OsString| word.to_string_lossy().starts_with("--");
    let mut at = 1;
    while at < words.len() {
        let follows_flag = words.get(at - 1).is_some_and(is_flag);
        if follows_flag && words.get(at).is_some_and(|word| word == "=") && *index > at {
            words.remove(at);
            *index -= 1;
        }
        at += 1;
    }
}

/// The command line's shape, with the names that belong to each argument.
fn command(words: &[OsString], index: usize) -> clap::Command {
    let typed = Arc::new(Typed::of(words, index));
    let mut command = Cli::command();
    for (of, argument, wanted) in NAMES {
        let typed = Arc::clone(&typed);
        let completer = ArgValueCompleter::new(move |word: &OsStr| candidates(&typed, *wanted, word));
        command = if of.is_empty() {
            command.mut_arg(argument, |argument| argument.add(completer))
        } else {
            command.mut_subcommand(of, |command| {
                command.mut_arg(argument, |argument| argument.add(completer))
            })
        };
    }
    command
}

/// Whether a word means itself in every shell, and cannot steer the terminal: nothing else is offered, since some shells
/// put a candidate on the line as it is, where `$(reboot)` would be a command.
///
/// Names of Kubernetes are such words. The others, of contexts and files, can still be typed.
fn is_plain(word: &str) -> bool {
    let means_itself = |c: char| c.is_ascii_alphanumeric() || "-_./:@=,+%".contains(c);
    // zsh takes a word that begins so for a program's path
    !word.starts_with('=') && word.chars().all(means_itself)
}

fn candidates(typed: &Typed, wanted: Wanted, word: &OsStr) -> Vec<CompletionCandidate> {
    let Some(word) = word.to_str() else {
        return Vec::new();
    };
    let mut names = typed.names(wanted, word);
    names.retain(|name| name.starts_with(word) && is_plain(name) && !name.starts_with('-'));
    names.sort();
    names.dedup();
    names.into_iter().map(CompletionCandidate::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn every_shell_has_a_script_that_asks_this_program() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::Elvish, Shell::PowerShell] {
            let script = script(shell, "sidescope");
            assert!(
                script.contains(VARIABLE) && script.contains("sidescope"),
                "{shell}: {script}"
            );
        }
    }

    #[test]
    fn every_argument_that_takes_names_is_there() {
        let command = command(&words("sidescope "), 1);
        for (of, argument, _) in NAMES {
            let within = command.find_subcommand(of).unwrap_or(&command);
            assert!(of.is_empty() || within.get_name() == *of);
            let argument = within.get_arguments().find(|one| one.get_id() == argument);
            assert!(argument.is_some_and(|argument| argument.get::<ArgValueCompleter>().is_some()));
        }
    }

    #[test]
    fn every_pod_and_namespace_that_is_typed_takes_names() {
        // those of a recording and of the demo are not in the cluster that is asked
        let elsewhere = ["export", "demo", "replay"];
        let command = Cli::command();
        for of in command
            .get_subcommands()
            .filter(|of| !elsewhere.contains(&of.get_name()))
        {
            for argument in of.get_arguments() {
                let named = argument.get_value_names().unwrap_or_default();
                let is_name = named
                    .iter()
                    .any(|name| name.starts_with("POD") || name.starts_with("HOST"));
                let is_listed = NAMES
                    .iter()
                    .any(|(name, id, _)| *name == of.get_name() && argument.get_id() == id);
                assert!(!is_name || is_listed, "{} of {}", argument.get_id(), of.get_name());
            }
        }
    }

    #[test]
    fn only_words_that_mean_themselves_are_offered() {
        for plain in [
            "reviews-v1",
            "arn:aws:eks:eu-west-1:1:cluster/a",
            "me@kind",
            "--context",
            "sidecar/",
        ] {
            assert!(is_plain(plain), "{plain}");
        }
        for other in [
            "$(id)",
            "a b",
            "a;b",
            "`id`",
            "~root",
            "=ls",
            "a\u{1b}[m",
            "a\nb",
            "a\u{202e}",
            "*",
            "é\u{301}",
        ] {
            assert!(!is_plain(other), "{other:?}");
        }
    }

    #[test]
    fn what_bash_takes_apart_is_put_together() {
        let (mut parts, mut index) = (words("sidescope --context = demo pods"), 4);
        join_flags(&mut parts, &mut index);
        assert_eq!((parts, index), (words("sidescope --context demo pods"), 3));
        // the word being typed may be an equals sign itself
        let (mut parts, mut index) = (words("sidescope --context ="), 2);
        join_flags(&mut parts, &mut index);
        assert_eq!(index, 2);
        assert_eq!(parts.len(), 3);
    }
}
