//! Files of our own: settings, and what is remembered.

use std::path::Path;

use sidescope::app::memory::{MOST_NAMES, MOST_TYPED};
use sidescope::cli::keys_of;
use sidescope::mesh::model::Text;
use sidescope::runtime::remembered;

use crate::Target;
use crate::invariants::{Outcome, check};

/// The settings file. Each of its problems is a line that names a line of the file.
pub(crate) const SETTINGS: Target = Target {
    seeds: &[],
    words: &[
        "\n[keys]\n",
        "theme = ",
        "'light'",
        "namespace = [\"a\"]\n",
        "describe = 'X'\n",
        "quit = ['Ctrl-c', '']\n",
        "\"\"\"\n",
        "'''",
        "[[keys]]\n",
        "a.b.c = 1\n",
        "= true\n",
        "retention = \"99999999h\"\n",
        "utc = false\n",
        "\\U0010ffff",
        "1979-05-27T07:32:00Z",
        "0xdead_beef",
        "nan",
        "{a = {",
    ],
    longest: crate::FILE,
    read: |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Outcome::Read(0, Vec::new());
        };
        match keys_of(Path::new("config.toml"), text) {
            Ok(keys) => Outcome::of(&keys),
            Err(ended) => {
                let most = text.lines().count() + 1;
                assert!(
                    ended.line.lines().count() <= 2 * most,
                    "{} lines of {most}",
                    ended.line.lines().count()
                );
                for line in ended.line.lines() {
                    let number = line
                        .strip_prefix("config.toml:")
                        .and_then(|rest| rest.split(':').next());
                    let number: usize = number
                        .and_then(|number| number.parse().ok())
                        .unwrap_or_else(|| panic!("{line:?}"));
                    assert!((1..=most).contains(&number), "{line}");
                    check(bytes, Outcome::Echoed(line.to_owned()));
                }
                Outcome::Read(ended.line.len(), Vec::new())
            }
        }
    },
};

/// The state file.
pub(crate) const STATE: Target = Target {
    seeds: &[],
    words: &[
        "\"version\":1",
        "\"typed\":[",
        "\"contexts\":{",
        "\"points\":1e308",
        "\"last\":\"",
        "\"columns\":[[\"name\",true]]",
        "\"sort\":",
        "\"place\":{",
    ],
    longest: crate::FILE,
    read: |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Outcome::Read(0, Vec::new());
        };
        let memory = remembered(text, &Text::from("prod"));
        if let Ok(memory) = &memory {
            assert!(memory.contexts.iter().count() <= MOST_NAMES && memory.typed.len() <= MOST_TYPED);
            assert!(
                memory
                    .contexts
                    .iter()
                    .all(|(_, used)| used.points.is_finite() && used.points > 0.0)
            );
        }
        Outcome::of_result(&memory)
    },
};
