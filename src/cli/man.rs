//! The manual page: one page with every command, key, setting and exit code, each from the table that the program itself
//! goes by.
//!
//! Not here: anything that a table says already. man(7) macros, as groff and mandoc read them.

use clap::{Arg, ArgAction, Command, CommandFactory as _};
use clap_mangen::roff::{Inline, Roff, bold, italic, line_break, roman};

use super::args::Cli;
use super::exit;
use super::settings;
use crate::app::view::help;

/// The environment, besides the variables of settings.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("SIDESCOPE_CONFIG", "The settings file, as --config."),
    ("KUBECONFIG", "Kubeconfig files, parted by colons, as for kubectl."),
    ("VISUAL, EDITOR", "What drafts are edited with; the first that is set."),
    ("NO_COLOR", "If set, the screen has no colours."),
    ("COLORTERM", "'truecolor' or '24bit': themes use shades of their own."),
    (
        "LC_ALL, LC_CTYPE, LANG",
        "Where they do not name UTF-8, the screen is drawn with ASCII alone.",
    ),
    ("TMUX", "If set, text is copied through tmux, else by OSC 52."),
    ("TZ", "The time zone that times are shown in; see --utc."),
    (
        "HTTPS_PROXY, HTTP_PROXY, NO_PROXY",
        "A proxy on the way to the API server.",
    ),
    (
        "XDG_CONFIG_HOME, XDG_STATE_HOME",
        "Where settings are, and where reports of faults go.",
    ),
];

const FILES: &[(&str, &str)] = &[
    ("~/.config/sidescope/config.toml", "Settings."),
    (
        "~/.kube/config",
        "The kubeconfig, where neither --kubeconfig nor KUBECONFIG names one.",
    ),
    (
        "~/.local/state/sidescope/",
        "Reports of faults of sidescope itself; recordings that R begins lie where it is started.",
    ),
];

const EXAMPLES: &[(&str, &str)] = &[
    (
        "sidescope demo",
        "A built-in cluster with a story; nothing else is needed.",
    ),
    (
        "sidescope -n bookinfo --pod deploy/reviews-v1",
        "The screen, with the endpoints of one pod.",
    ),
    (
        "sidescope explain deploy/reviews-v1.bookinfo ratings:9080",
        "Why this host is reached, or not.",
    ),
    (
        "sidescope diff deploy/reviews-v1.bookinfo --with sidecar.yaml",
        "What a draft would change; nothing is applied.",
    ),
    (
        "sidescope endpoints my-shell --wait=30s",
        "Wait until Envoy has what follows from the objects.",
    ),
    (
        "sidescope record incident.rec --for 8h",
        "Keep what happens, for 'sidescope replay incident.rec'.",
    ),
];

/// The page, in roff.
pub(super) fn page() -> String {
    let mut command = Cli::command();
    command.build();
    let mut page = Roff::new();
    let version = format!("sidescope {}", command.get_version().unwrap_or_default());
    page.control("TH", ["SIDESCOPE", "1", "", &version, "User Commands"]);
    // flags and lines to type stand as they are: no hyphens, no stretched blanks
    page.control("nh", []).control("ad", ["l"]);
    page.control("SH", ["NAME"]);
    page.text([roman(
        "sidescope - a live terminal view of what an Istio sidecar can reach, what changed, and why",
    )]);
    page.control("SH", ["SYNOPSIS"]);
    page.text([bold("sidescope"), roman(" [OPTIONS] [COMMAND]"), line_break()]);
    page.text([bold("kubectl sidescope"), roman(" [OPTIONS] [COMMAND]")]);
    page.control("SH", ["DESCRIPTION"]);
    page.text([roman(command.get_about().map(ToString::to_string).unwrap_or_default())]);
    paragraphs(
        &mut page,
        &command.get_after_help().map(ToString::to_string).unwrap_or_default(),
    );
    page.control("SH", ["OPTIONS"]);
    page.text([roman(
        "Each may stand before or after the command; --pod and those of packets before it.",
    )]);
    options(&mut page, command.get_arguments());
    commands(&mut page, &command);
    keys(&mut page);
    settings_and_environment(&mut page);
    list(&mut page, "FILES", FILES.iter().copied());
    list(&mut page, "EXIT STATUS", exit::TABLE.iter().copied());
    list(&mut page, "EXAMPLES", EXAMPLES.iter().copied());
    page.control("SH", ["SEE ALSO"]);
    page.text([
        bold("kubectl"),
        roman("(1), "),
        bold("istioctl"),
        roman("(1), "),
        bold("tcpdump"),
        roman("(8)"),
    ]);
    page.render()
}

/// Every command with its own arguments; what all share stands under OPTIONS.
fn commands(page: &mut Roff, command: &Command) {
    page.control("SH", ["COMMANDS"]);
    for one in command
        .get_subcommands()
        .filter(|one| one.get_name() != "help" && !one.is_hide_set())
    {
        page.control("SS", [format!("sidescope {}", one.get_name()).as_str()]);
        page.text([roman(sentence(
            &one.get_about().map(ToString::to_string).unwrap_or_default(),
        ))]);
        let usage = one.clone().render_usage().to_string();
        let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage).to_owned();
        page.control("PP", []).text([bold(usage)]);
        let aliases: Vec<&str> = one.get_all_aliases().collect();
        if !aliases.is_empty() {
            page.control("PP", [])
                .text([roman(format!("Also: {}.", aliases.join(", ")))]);
        }
        options(page, one.get_arguments().filter(|argument| !argument.is_global_set()));
        paragraphs(page, &one.get_after_help().map(ToString::to_string).unwrap_or_default());
    }
}

fn options<'a>(page: &mut Roff, arguments: impl Iterator<Item = &'a Arg>) {
    for argument in arguments.filter(|argument| !argument.is_hide_set()) {
        page.control("TP", []);
        page.text(signature(argument));
        let mut help = sentence(&argument.get_help().map(ToString::to_string).unwrap_or_default());
        let takes_value = !matches!(
            argument.get_action(),
            ArgAction::SetTrue | ArgAction::Help | ArgAction::Version
        );
        let values = argument.get_possible_values();
        let names: Vec<&str> = values.iter().map(clap::builder::PossibleValue::get_name).collect();
        if takes_value && !names.is_empty() && !argument.is_hide_possible_values_set() {
            help = format!("{help} One of {}.", names.join(", "));
        }
        let defaults = argument.get_default_values().iter();
        let defaults: Vec<_> = defaults.map(|value| value.to_string_lossy()).collect();
        if takes_value && !defaults.is_empty() {
            help = format!("{help} Default: {}.", defaults.join(","));
        }
        page.text([roman(help)]);
    }
}

/// `-n, --namespace NS`
fn signature(argument: &Arg) -> Vec<Inline> {
    let names: Vec<String> = argument
        .get_value_names()
        .unwrap_or_default()
        .iter()
        .map(ToString::to_string)
        .collect();
    let value = names.join(" ");
    let short = argument.get_short().map(|short| format!("-{short}"));
    let long = argument.get_long().map(|long| format!("--{long}"));
    let flags: Vec<String> = short.into_iter().chain(long).collect();
    if flags.is_empty() {
        return vec![italic(value)];
    }
    let mut line = vec![bold(flags.join(", "))];
    let takes_value = argument.get_num_args().is_some_and(|count| count.takes_values());
    if takes_value {
        line.push(roman(if argument.is_require_equals_set() { "[=" } else { " " }));
        line.push(italic(value));
        line.extend(argument.is_require_equals_set().then(|| roman("]")));
    }
    line
}

fn keys(page: &mut Roff) {
    page.control("SH", ["KEYS"]);
    page.text([roman(
        "As they are without settings; ? says those of the view that is open. Each :name is a command after a colon.",
    )]);
    for (heading, lines) in help::reference() {
        page.control("SS", [heading]);
        for [keys, what, name] in lines {
            page.control("TP", []);
            let head = match (keys.is_empty(), name.is_empty()) {
                (false, false) => vec![bold(keys), roman("  "), bold(name)],
                (false, true) => vec![bold(keys)],
                (true, _) => vec![bold(name)],
            };
            page.text(head);
            page.text([roman(sentence(&what))]);
        }
    }
}

fn settings_and_environment(page: &mut Roff) {
    page.control("SH", ["SETTINGS"]);
    page.text([roman(
        "A setting is a line of the settings file, NAME = VALUE in TOML; a variable of the environment; and a flag. \
        A flag wins over the environment, that over the file. [keys] in the file puts actions on other keys: \
        'sidescope config --keys' lists their names.",
    )]);
    for setting in settings::reference() {
        page.control("TP", []);
        page.text([
            bold(setting.name),
            roman(format!("  ({})  ", setting.kind)),
            roman(setting.variable),
        ]);
        let default = setting.default.replace('`', "");
        let default = if default.is_empty() {
            default
        } else {
            format!(" Default: {default}.")
        };
        page.text([roman(format!("{}{default}", sentence(&setting.help)))]);
    }
    list(page, "ENVIRONMENT", ENVIRONMENT.iter().copied());
}

fn list<'a>(page: &mut Roff, heading: &str, lines: impl Iterator<Item = (&'a str, &'a str)>) {
    page.control("SH", [heading]);
    for (name, what) in lines {
        page.control("TP", []);
        page.text([bold(name)]);
        page.text([roman(sentence(what))]);
    }
}

fn paragraphs(page: &mut Roff, text: &str) {
    for line in text.lines().filter(|line| !line.is_empty()) {
        page.control("PP", []).text([roman(line)]);
    }
}

/// With a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let text = format!("{first}{}", letters.as_str());
    if text.is_empty() || text.ends_with(['.', ':']) {
        text
    } else {
        format!("{text}.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page as words: roff's own signs taken away.
    fn words() -> String {
        let page = page().replace("\\fB", "").replace("\\fI", "").replace("\\fR", "");
        page.replace("\\-", "-")
            .replace("\\&", "")
            .replace("\\*(Aq", "'")
            .replace("\\\\", "\\")
    }

    fn flags(command: &Command) -> Vec<String> {
        let arguments = command.get_arguments().filter(|argument| !argument.is_hide_set());
        arguments
            .filter_map(Arg::get_long)
            .map(|long| format!("--{long}"))
            .collect()
    }

    #[test]
    fn every_command_and_every_flag_is_in_the_page() {
        let (page, mut command) = (words(), Cli::command());
        command.build();
        for flag in flags(&command) {
            assert!(page.contains(&flag), "{flag}");
        }
        for one in command.get_subcommands().filter(|one| one.get_name() != "help") {
            let heading = format!(".SS \"sidescope {}\"", one.get_name());
            let section = page.split(&heading).nth(1).unwrap_or_else(|| panic!("{heading}"));
            let section = section.split("\n.S").next().unwrap();
            for argument in one.get_arguments().filter(|argument| !argument.is_global_set()) {
                let Some(long) = argument.get_long() else { continue };
                assert!(section.contains(&format!("--{long}")), "--{long} of {heading}");
            }
        }
    }

    #[test]
    fn every_key_setting_and_exit_code_is_in_the_page() {
        let page = words();
        let headings = [
            "KEYS",
            "SETTINGS",
            "ENVIRONMENT",
            "FILES",
            "\"EXIT STATUS\"",
            "EXAMPLES",
        ];
        for heading in headings {
            assert!(page.contains(&format!("\n.SH {heading}\n")), "{heading}");
        }
        for (_, lines) in help::reference() {
            for [_, what, _] in lines {
                assert!(page.contains(&sentence(&what)), "{what}");
            }
        }
        for setting in settings::reference() {
            assert!(page.contains(&setting.variable), "{}", setting.variable);
        }
        for (code, what) in exit::TABLE {
            assert!(page.contains(code) && page.contains(&sentence(what)), "{code}");
        }
    }
}
