//! A command line that is none, told in one line: what is wrong, what was meant or is possible, where help is.
//!
//! clap says the same in three to six lines; its words are kept, so that both tell of the same arguments.

use clap::Error;

/// The line, after `error: `.
pub fn line(error: &Error) -> String {
    tell(&error.render().to_string())
}

fn tell(said: &str) -> String {
    let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_about = |line: &&str| !line.starts_with("Usage: ") && !line.starts_with("For more information");
    let mut about = lines().take_while(is_about);
    let first = about.next().unwrap_or_default();
    let mut told = first.trim_start_matches("error: ").trim_end_matches(':').to_owned();
    let (mut near, mut listed) = (None, Vec::new());
    for line in about {
        if let Some(values) = line.strip_prefix("[possible values: ") {
            told = format!("{told}: use {}", values.trim_end_matches(']'));
        } else if let Some(tip) = line.strip_prefix("tip: ") {
            // other tips are of how an odd value could still be passed
            let (_, names) = tip
                .split_once("similar ")
                .and_then(|(_, tip)| tip.split_once(": "))
                .unzip();
            near = near.or(names);
        } else {
            listed.push(line);
        }
    }
    if !listed.is_empty() {
        told = format!("{told}: {}", listed.join(", "));
    }
    let near = near.map(|near| format!("; did you mean {near}?"));
    let usage = lines()
        .find_map(|line| line.strip_prefix("Usage: "))
        .unwrap_or("sidescope");
    let words = usage
        .split(' ')
        .take_while(|word| word.starts_with(|c: char| c.is_ascii_lowercase()));
    let help = format!("; see '{} --help'", words.collect::<Vec<&str>>().join(" "));
    // a value that is none comes with those that there are, or with how it is written
    let is_advice = told.starts_with("invalid value") && told.contains(">': ");
    let help = if is_advice { String::new() } else { help };
    told + &near.unwrap_or(help)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::args::Cli;

    #[test]
    fn a_wrong_command_line_is_told_in_one_line_with_the_next_step() {
        let cases: &[(&[&str], &str)] = &[
            (
                &["--theme", "drak"],
                "invalid value 'drak' for '--theme <NAME>': use terminal, dark, light, high-contrast, deuteranopia, tritanopia, \
                 mono; did you mean 'dark'?",
            ),
            (
                &["--theme", "zzz"],
                "invalid value 'zzz' for '--theme <NAME>': use terminal, dark, light, high-contrast, deuteranopia, tritanopia, \
                 mono",
            ),
            (
                &["pod", "--selecter", "a=b"],
                "unexpected argument '--selecter' found; did you mean '--selector'?",
            ),
            (
                &["endpoint", "--zzz"],
                "unexpected argument '--zzz' found; see 'sidescope endpoints --help'",
            ),
            (&["lnit"], "unrecognized subcommand 'lnit'; did you mean 'lint'?"),
            (
                &["explain"],
                "the following required arguments were not provided: <POD>, <HOST[:PORT]>; see 'sidescope explain --help'",
            ),
            (
                &["pods", "-A", "-n", "x"],
                "the argument '--all-namespaces' cannot be used with '--namespace <NS>'; see 'sidescope pods --help'",
            ),
            (
                &["--context"],
                "a value is required for '--context <NAME>' but none was supplied; see 'sidescope --help'",
            ),
            (
                &["endpoints", "p", "--address", "x"],
                "invalid value 'x' for '--address <IP>': 'x' is no address: write 10.0.0.1, fd00::1, unix://PATH or envoy://NAME/ID; a port goes to --port",
            ),
        ];
        for (arguments, told) in cases {
            let arguments = [&["sidescope"], *arguments].concat();
            let error = Cli::command().try_get_matches_from(&arguments).unwrap_err();
            assert_eq!(line(&error), *told, "{arguments:?}");
        }
    }
}
