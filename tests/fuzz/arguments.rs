//! What a person types: arguments, filters, keys.

use std::ffi::OsString;

use clap::{CommandFactory as _, FromArgMatches as _};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sidescope::app::filter::{Filter, Filtered, Selector};
use sidescope::app::moment::{Moment, Reach};
use sidescope::app::{KeyPress, Keymap, replay_speed};
use sidescope::cli::{Cli, Named, PodReference, host_and_port, usage_line};
use sidescope::mesh::model::{Labels, Text};
use sidescope::mesh::scope::{Cluster, Version};

use crate::Target;
use crate::invariants::{Outcome, check};

/// A line of one thing: what a prompt or an argument holds.
fn line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.lines().next().unwrap_or_default().to_owned()
}

/// A command line, an argument on each line.
pub(crate) const LINE: Target = Target {
    seeds: &[],
    words: &[
        "\nendpoints",
        "\nexplain",
        "\ndiff",
        "\n--with",
        "\n--without",
        "\n--from",
        "\n--columns",
        "\n--at",
        "\n--for",
        "\n-o",
        "\njson",
        "\n--istio-version",
        "\n--status",
        "\n--address",
        "\n--port",
        "\n--speed",
        "\n--retention",
        "\n--request-timeout",
        "\n--",
        "\n-A",
        "\n=",
    ],
    longest: crate::TYPED,
    read: |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let words = std::iter::once("sidescope").chain(text.lines()).map(OsString::from);
        let matches = Cli::command().try_get_matches_from(words);
        match matches.and_then(|matches| Cli::from_arg_matches(&matches)) {
            Ok(cli) => Outcome::of(&cli),
            Err(error) if error.use_stderr() => Outcome::Echoed(usage_line(&error)),
            Err(_) => Outcome::Read(0, Vec::new()),
        }
    },
};

/// A word that names a pod, a host, an object, a time, a speed, a release or a cluster.
pub(crate) const WORD: Target = Target {
    seeds: &[],
    words: &[
        "deploy/",
        "svc/",
        "sidecar/",
        "a.b",
        ".svc.cluster.local",
        "[fd00::1]:80",
        "https://",
        "2026-11-22T02:51:07Z",
        "02:51",
        "-5m",
        "10x",
        "1.31.0-distroless",
        "v1.",
        "outbound|80|v1|a.b",
        "inbound|80||",
        "outbound_.80_._.a.b",
        "|",
    ],
    longest: crate::TYPED,
    read: |bytes| {
        let text = line(bytes);
        let mut size = 0;
        let mut take = |outcome: Outcome| match outcome {
            Outcome::Read(more, _) => size += more,
            refused @ (Outcome::Refused(_) | Outcome::Echoed(_)) => check(bytes, refused),
        };
        take(Outcome::of_typed(
            &PodReference::parse(&text).map(|pod| pod.key("default")),
        ));
        take(Outcome::of_typed(&host_and_port(&text)));
        take(Outcome::of_typed(&Named::parse(&text)));
        take(Outcome::of(&replay_speed(&text)));
        let moment = text.parse::<Moment>();
        if let Ok(moment) = moment {
            let at = |text: &str| text.parse::<Timestamp>().unwrap();
            let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
            let (begins, ends) = (at("2026-10-24T22:30:00Z"), at("2026-10-26T02:51:07Z"));
            take(Outcome::of_typed(&Reach { begins, ends, zone }.find(moment)));
        }
        take(Outcome::of_typed(&moment));
        if let Some(version) = Version::parse(&text) {
            assert_eq!(Version::parse(&version.to_string()), Some(version));
        }
        let name = Text::from(text.as_str());
        let cluster = Cluster::parse(&name);
        assert_eq!(cluster.name(), text, "a cluster is written as it was read");
        take(Outcome::of(&cluster));
        Outcome::Read(size, Vec::new())
    },
};

/// A row as a filter sees it.
struct Row(Labels);

impl Filtered for Row {
    fn texts(&self) -> impl Iterator<Item = String> {
        ["reviews-v2-abc".to_owned(), "Running".to_owned()].into_iter()
    }

    fn column(&self, _: &'static str) -> String {
        "Running".to_owned()
    }

    fn labels(&self) -> Option<&Labels> {
        Some(&self.0)
    }
}

/// What stands behind `/`, in each of its forms.
pub(crate) const FILTER: Target = Target {
    seeds: &[],
    words: &[
        "-f ",
        "-l ",
        "!",
        "STATUS:",
        "(a|b)*",
        "[[:alpha:]]",
        "\\b",
        "{1000}",
        "(?i)",
        "(?x)",
        "\\pL",
        "a{9}{9}{9}{9}",
        "app in (a, b)",
        " notin (",
        "!=",
        "==",
        ",",
        "app.kubernetes.io/name",
    ],
    longest: crate::TYPED,
    read: |bytes| {
        let text = line(bytes);
        let column = |name: &str| name.eq_ignore_ascii_case("STATUS").then_some("status");
        let row = Row(Labels::from([("app", "reviews"), ("version", "v2")]));
        for form in ["", "-f ", "-l ", "!", "status:"] {
            let typed = format!("{form}{text}");
            match Filter::parse(&typed, column) {
                Ok(filter) => {
                    assert!(filter.is_empty() || filter.text() == typed);
                    assert!(!filter.is_empty() || filter.passes(&row));
                    let _ = filter.passes(&row);
                }
                Err(error) => check(bytes, Outcome::Echoed(error)),
            }
        }
        Outcome::of_typed(&Selector::parse(&text))
    },
};

/// A key, and an action that is to be on it.
pub(crate) const KEY: Target = Target {
    seeds: &[],
    words: &[
        "Ctrl-", "Alt-", "Shift-", "F24", "F25", "Space", "PgDn", "-", "--", "describe", "quit", " ",
    ],
    longest: crate::TYPED,
    read: |bytes| {
        let text = line(bytes);
        let key = text.parse::<KeyPress>();
        if let Ok(key) = key {
            assert_eq!(key.to_string().parse(), Ok(key), "a key is written as it is read");
        }
        for (action, key) in [("describe", text.as_str()), (&text, "X")] {
            if let Err(problems) = Keymap::of(&[(action.to_owned(), vec![key.to_owned()])]) {
                for (_, problem) in problems {
                    check(bytes, Outcome::Echoed(problem));
                }
            }
        }
        Outcome::of_typed(&key)
    },
};
