//! What is typed or pasted behind `:` and `/`, with the screen drawn after it.

use jiff::Timestamp;
use sidescope::app::{App, KeyCode, KeyPress, Message, Options};
use sidescope::mesh::model::Kind;
use sidescope::mesh::world::{Delta, ListScope, SourceState};
use sidescope::sources::files::Loader;

use crate::Target;
use crate::invariants::Outcome;

/// More than anybody types; a longer text is pasted.
const TYPED: usize = 40;

/// A few objects to choose among.
const MESH: &[u8] = include_bytes!("../corpus/oncall-bookinfo-typo-hides-ratings/world.yaml");

/// A line behind `:` and behind `/`.
pub(crate) const TYPED_LINE: Target = Target {
    seeds: &[],
    words: &[
        "pods ",
        "svc ",
        "ep ",
        "ns ",
        "ctx ",
        "find ",
        "who-sees ",
        "seek ",
        "speed ",
        "record ",
        "save ",
        "what-if ",
        "deploy/",
        ".bookinfo",
        "-f ",
        "-l ",
        "NAME:",
        "POD:",
        "~/",
        "02:51",
        "10x",
    ],
    longest: crate::TYPED,
    read: |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let now: Timestamp = "2026-11-22T02:51:07Z".parse().unwrap();
        let mut app = App::new(Options::default());
        let mut loader = Loader::default();
        loader.add_bytes("world.yaml", MESH).unwrap();
        let batch: Vec<Delta> = loader.finish().into_deltas().collect();
        let mut messages = vec![Message::Deltas { at: now, batch }];
        for kind in Kind::ALL {
            let (scope, state) = (ListScope::All, SourceState::Live);
            messages.push(Message::Source {
                kind: *kind,
                scope,
                state,
            });
        }
        for prompt in [':', '/'] {
            messages.push(Message::Key(KeyPress::char(prompt)));
            let typed = text.chars().filter(|c| !c.is_control()).take(TYPED);
            messages.extend(typed.map(|c| Message::Key(KeyPress::char(c))));
            if text.chars().count() > TYPED {
                messages.push(Message::Paste(text.clone().into_owned()));
            }
            for code in [KeyCode::Tab, KeyCode::Enter] {
                messages.push(Message::Key(KeyPress::plain(code)));
            }
        }
        let (mut size, mut commands) = (0, 0);
        for message in messages {
            commands += app.update(now, message).len();
            if size < LONGEST_SCREEN {
                let screen = app.screen(now, 80, 24);
                assert_eq!((screen.width, screen.height), (80, 24));
                size = size.max(format!("{screen:?}").len());
            }
        }
        assert!(size < LONGEST_SCREEN && commands < 10_000, "{size} {commands}");
        Outcome::Read(0, Vec::new())
    },
};

/// A screen of 80 by 24 takes no more, printed with all that is said of its cells.
const LONGEST_SCREEN: usize = 1 << 20;
