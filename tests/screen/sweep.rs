//! Any size, any keys, any events: no panic, nothing outside the screen, Esc leads home.

use sidescope::app::view::Body;
use sidescope::app::{Command, KeyCode, KeyPress, Message, MouseEvent, MouseKind};
use sidescope::mesh::model::{Kind, Uid};
use sidescope::mesh::world::{ListScope, SourceState};

use crate::mesh;
use crate::stage::Stage;

/// A generator of numbers that needs no crate and gives the same ones each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }
}

/// The stage's grid panics if anything leaves the screen, so drawing the text is the check.
#[test]
fn every_view_fits_every_size() {
    let mut dice = Dice(0x5eed);
    let views = [
        "`", "1", "2", "3", "4", "5", "6", "?", ":s", "n", "o", "c", "d", "/a(", "W", "w", "z", "F1", "Frev",
        "5<Enter>", "5r", "5v", "4r", "D", "1x", "2<Enter>", "H",
    ];
    let mut tried = 0;
    for view in views {
        let mut stage = Stage::bookinfo();
        stage.put(mesh::sidecar("bookinfo", &["./*"], 2));
        stage.press(view);
        let all = (0..=200_u16).flat_map(|width| (0..=60_u16).map(move |height| (width, height)));
        for size in all.filter(|_| dice.roll(60) == 0) {
            stage.size = size;
            stage.text();
            tried += 1;
        }
    }
    println!("{tried} sizes");
    assert!(tried > 2000);
}

#[test]
fn asking_for_the_same_screen_twice_gives_the_same() {
    let mut stage = Stage::bookinfo();
    stage.put(mesh::sidecar("bookinfo", &["./*"], 2));
    for keys in ["", "jj", "3", "G", "5", "6", "?"] {
        stage.press(keys);
        assert_eq!(stage.screen(), stage.screen(), "{keys}");
    }
}

const KEYS: &[char] = &[
    'j', 'k', 'g', 'G', 'h', 'l', '/', ':', 'n', 'a', 'W', '`', '1', '2', '3', '4', '5', '6', '[', ']', '-', 'z', 'p',
    'o', 'I', '<', '>', 'w', 'd', 'y', 'e', 'x', ' ', '}', '{', 'm', 'M', '!', 'f', 'c', 'b', '?', 'r', 'v', '*', '(',
    '.', 'é', 'F', 'D', 's', 'H', 'E', 'C', 'R', 't', ',', 'B', 'O',
];
const CODES: &[KeyCode] = &[
    KeyCode::Enter,
    KeyCode::Esc,
    KeyCode::Tab,
    KeyCode::BackTab,
    KeyCode::Up,
    KeyCode::Down,
    KeyCode::Left,
    KeyCode::Right,
    KeyCode::PageDown,
    KeyCode::PageUp,
    KeyCode::Home,
    KeyCode::End,
    KeyCode::Backspace,
    KeyCode::Delete,
];

fn random_event(show: &mut Stage, dice: &mut Dice) {
    let suffix = format!("n{}", dice.roll(12));
    match dice.roll(6) {
        0 | 1 => {
            let mut pod = mesh::pod("bookinfo", "random-v1", &suffix, &format!("10.9.9.{}", dice.roll(20)));
            pod.meta.uid = Uid(dice.roll(30) as u128 + 1);
            pod.ready = dice.roll(2) == 0;
            pod.printed.restarts = u32::try_from(dice.roll(5)).unwrap();
            show.put(pod);
        }
        2 => show.remove(Kind::Pod, "bookinfo", &format!("random-v1-6f9c-{suffix}")),
        3 => {
            let hosts: &[&[&str]] = &[&["*/*"], &["./*"], &["istio-system/*"], &["~/*"], &[]];
            let at = dice.roll(hosts.len());
            show.put(mesh::sidecar(
                "bookinfo",
                hosts[at],
                i64::try_from(dice.roll(50)).unwrap(),
            ));
        }
        4 => show.remove(Kind::Sidecar, "bookinfo", "default"),
        _ => {
            let sorts = [
                SourceState::Live,
                SourceState::Listing(7),
                SourceState::Absent,
                SourceState::Connecting,
            ];
            let state = sorts[dice.roll(sorts.len())].clone();
            show.send(Message::Source {
                kind: Kind::Pod,
                scope: ListScope::All,
                state,
            });
        }
    }
}

fn random_pointing(dice: &mut Dice, (width, height): (u16, u16)) -> MouseEvent {
    let kinds = [MouseKind::Click, MouseKind::WheelUp, MouseKind::WheelDown];
    let mut cell = |cells: u16| u16::try_from(dice.roll(usize::from(cells) + 1)).unwrap();
    let (x, y) = (cell(width), cell(height));
    MouseEvent {
        kind: kinds[dice.roll(kinds.len())],
        x,
        y,
    }
}

#[test]
fn random_keys_and_events_never_panic_and_escape_leads_home() {
    #[allow(
        clippy::disallowed_methods,
        reason = "how long it may take is for who runs it to say"
    )]
    let rounds: u64 = std::env::var("SIDESCOPE_MONKEY")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(12);
    let (mut followed, mut keys) = (0, 0);
    for seed in 1..=rounds {
        let mut dice = Dice(seed * 0x9e37_79b9);
        let mut stage = Stage::bookinfo();
        for _ in 0..250 {
            match dice.roll(10) {
                0 | 1 => {
                    let before = under_cursor(&mut stage);
                    random_event(&mut stage, &mut dice);
                    followed += usize::from(before.is_some());
                    assert_stays(before, &mut stage, seed);
                }
                2 => stage.wait(i64::try_from(dice.roll(700)).unwrap()),
                3 => {
                    stage.size = (
                        u16::try_from(dice.roll(201)).unwrap(),
                        u16::try_from(dice.roll(61)).unwrap(),
                    );
                }
                4 => stage.send(Message::Mouse(random_pointing(&mut dice, stage.size))),
                5 => {
                    let code = CODES[dice.roll(CODES.len())];
                    stage.send(Message::Key(KeyPress::plain(code)));
                    keys += 1;
                }
                _ => {
                    keys += 1;
                    let key = KEYS[dice.roll(KEYS.len())];
                    stage.send(Message::Key(KeyPress::char(key)));
                }
            }
            if dice.roll(3) == 0 {
                stage.text();
            }
        }
        stage.take_commands();
        stage.size = (80, 24);
        for _ in 0..120 {
            stage.press("<Esc>");
        }
        stage.press("q");
        assert!(
            stage.take_commands().contains(&Command::Quit { code: 0 }),
            "seed {seed}: not at the root\n{}",
            stage.text()
        );
    }
    println!("{keys} keys, {followed} events under a cursor");
    assert!(followed > 10);
}

/// What tells a row from all others: the cells of these columns.
const NAMES: &[&str] = &[
    "NAMESPACE",
    "NAME",
    "KIND",
    "ENDPOINT",
    "PORT|SUBSET",
    "HOST",
    "CLUSTER",
    "TIME",
    "OBJECT",
    "WHAT",
];

/// A row by the cells that name it, and whether the cursor is there.
type Named = (Vec<String>, bool);

/// The heads of the table that has the keys, and its rows; `None` where a dialog or a text has them.
fn named_rows(stage: &mut Stage) -> Option<(Vec<String>, Vec<Named>)> {
    let screen = stage.screen();
    let pane = screen
        .panes
        .into_iter()
        .find(|pane| pane.active && screen.overlay.is_none())?;
    let Body::Table { heads, rows, .. } = pane.body else {
        return None;
    };
    let heads: Vec<String> = heads.iter().map(|head| head.title.to_string()).collect();
    let is_name = |at: usize| {
        let title = heads.get(at).map(|title| title.trim_end_matches(['▲', '▼']));
        title.is_some_and(|title| NAMES.contains(&title))
    };
    let named = rows.into_iter().filter(|row| row.banner.is_none()).map(|row| {
        let cells = row.cells.iter().enumerate().filter(|(at, _)| is_name(*at));
        (cells.map(|(_, cell)| cell.text.to_string()).collect(), row.cursor)
    });
    let named = named.collect();
    Some((heads, named))
}

/// What an event may not change: the heads of the table, its rows, which of them has the cursor.
struct Before {
    heads: Vec<String>,
    rows: Vec<Vec<String>>,
    cursor: Vec<String>,
}

/// `None` if no row has the cursor, or others have its name too.
fn under_cursor(stage: &mut Stage) -> Option<Before> {
    let (heads, rows) = named_rows(stage)?;
    let cursor = rows.iter().find(|(_, cursor)| *cursor)?.0.clone();
    let is_alone = rows.iter().filter(|(other, _)| *other == cursor).count() == 1;
    let rows = rows.into_iter().map(|(name, _)| name).collect();
    (is_alone && !cursor.is_empty()).then_some(Before { heads, rows, cursor })
}

/// No event takes the cursor from a row that is still on the screen, but back to the one it was put on, which was away.
fn assert_stays(before: Option<Before>, stage: &mut Stage, seed: u64) {
    let Some(before) = before else { return };
    let Some((_, rows)) = named_rows(stage).filter(|(heads, _)| *heads == before.heads) else {
        return;
    };
    let is_there = rows.iter().any(|(name, _)| *name == before.cursor);
    let stays = rows
        .iter()
        .any(|(name, cursor)| *cursor && (*name == before.cursor || !before.rows.contains(name)));
    assert!(
        stays || !is_there,
        "seed {seed}: the cursor left {:?}\n{}",
        before.cursor,
        stage.text()
    );
}
