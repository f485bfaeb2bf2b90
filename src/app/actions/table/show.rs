//! Actions of what is shown, of the demo and of the program itself.

use super::super::Action as A;
use super::super::Pane::{Elsewhere, Endpoints, Packets, Pods, Traffic};
use super::super::Where::{Everywhere, In, Replay, Told};
use super::super::shorthand::{char, ctrl, entry, key};
use super::super::{Entry, Group};
use crate::app::key::KeyCode;

/// Showing, the demo, the program.
pub(super) const SHOW: &[Entry] = &[
    entry(
        Group::Show,
        A::Filter,
        &[char('/')],
        Everywhere,
        ("", "filter: regex, !regex, -f fuzzy, -l labels, COLUMN:regex"),
    ),
    entry(
        Group::Show,
        A::FaultsOnly,
        &[char('!')],
        Everywhere,
        ("faults", "only rows with which something is wrong"),
    ),
    entry(
        Group::Show,
        A::SortRight,
        &[char('>')],
        Everywhere,
        ("", "sort by the next column"),
    ),
    entry(
        Group::Show,
        A::SortLeft,
        &[char('<')],
        Everywhere,
        ("", "sort by the column before"),
    ),
    entry(
        Group::Show,
        A::Sort,
        &[char('o')],
        Everywhere,
        ("sort", "choose the column to sort by"),
    ),
    entry(
        Group::Show,
        A::InvertSort,
        &[char('I')],
        Everywhere,
        ("", "turn the order round"),
    ),
    entry(Group::Show, A::Wide, &[char('w')], Everywhere, ("wide", "more columns")),
    entry(
        Group::Show,
        A::Columns,
        &[char('O')],
        Everywhere,
        ("columns", "choose columns and their order"),
    ),
    entry(
        Group::Show,
        A::Zoom,
        &[char('z')],
        Everywhere,
        ("zoom", "the pane alone, and back"),
    ),
    entry(
        Group::Show,
        A::Pin,
        &[char('p')],
        In(&[Pods, Endpoints, Traffic, Packets, Elsewhere]),
        ("pin", "keep the pod's endpoints on the screen while you look around"),
    ),
    entry(
        Group::Show,
        A::Freeze,
        &[char('f')],
        Everywhere,
        ("freeze", "hold the screen still; what comes waits"),
    ),
    entry(
        Group::Show,
        A::OwnRows,
        &[char('b')],
        In(&[Endpoints, Traffic]),
        ("bootstrap", "Envoy's own rows too, such as xds-grpc"),
    ),
    entry(
        Group::Show,
        A::NextTheme,
        &[char('t')],
        Everywhere,
        ("theme", "next theme"),
    ),
    entry(
        Group::Demo,
        A::DemoStep,
        &[char('.')],
        Told,
        ("step", "the story's next step, the recording's next change"),
    ),
    entry(
        Group::Demo,
        A::DemoPause,
        &[char(',')],
        Told,
        ("pause", "pause, or go on"),
    ),
    entry(
        Group::Demo,
        A::DemoRestart,
        &[char('B')],
        Told,
        ("restart", "begin anew"),
    ),
    entry(Group::Demo, A::Seek, &[], Replay, ("seek", "to a time: 02:51, -5m")),
    entry(Group::Demo, A::Speed, &[], Replay, ("speed", "how fast: 10x")),
    entry(
        Group::Program,
        A::Help,
        &[char('?'), key(KeyCode::F(1))],
        Everywhere,
        ("help", "help of this view"),
    ),
    entry(
        Group::Program,
        A::Sources,
        &[],
        Everywhere,
        ("sources", "how each kind's list and watch does"),
    ),
    entry(
        Group::Program,
        A::Log,
        &[],
        Everywhere,
        ("log", "what went wrong until now"),
    ),
    entry(
        Group::Program,
        A::Record,
        &[char('R')],
        Everywhere,
        (
            "record",
            "record the last 30 minutes and what comes, :record FILE; again: stop",
        ),
    ),
    entry(
        Group::Program,
        A::Save,
        &[ctrl('s')],
        Everywhere,
        ("save", "save the view: then t text, j JSON, s SVG; :save FILE"),
    ),
    entry(
        Group::Program,
        A::Relist,
        &[ctrl('r')],
        Everywhere,
        ("relist", "list everything anew"),
    ),
    entry(
        Group::Program,
        A::LogIn,
        &[char('L')],
        Everywhere,
        ("login", "log in again"),
    ),
    entry(
        Group::Program,
        A::Redraw,
        &[ctrl('l')],
        Everywhere,
        ("redraw", "draw the screen anew"),
    ),
    entry(
        Group::Program,
        A::Suspend,
        &[ctrl('z')],
        Everywhere,
        ("", "back to the shell; `fg` comes back"),
    ),
    entry(
        Group::Program,
        A::Quit,
        &[char('Q'), ctrl('c')],
        Everywhere,
        ("quit", "quit"),
    ),
];
