//! The table itself: a line an action. Here, where one goes and what one asks; in [`show`], how it is shown.

mod show;

use self::show::SHOW;
use super::Action as A;
use super::Pane::{Elsewhere, Endpoints, Packets, Pods, Services, Sidecars, Timeline, Traffic};
use super::Where::{Draft, Everywhere, In};
use super::shorthand::{char, ctrl, entry, key};
use super::{Entry, Group};
use crate::app::key::KeyCode;

/// Every action, in the order of help.
pub(in crate::app) static ACTIONS: &[Entry] = &joined::<{ ASK.len() + SHOW.len() }>(ASK, SHOW);

/// One table after the other; `N` is the length of both.
const fn joined<const N: usize>(mut first: &[Entry], mut second: &[Entry]) -> [Entry; N] {
    let mut all = [NO_ENTRY; N];
    let mut places: &mut [Entry] = &mut all;
    while let Some((place, more)) = places.split_first_mut() {
        if let Some((entry, others)) = first.split_first() {
            (*place, first) = (*entry, others);
        } else if let Some((entry, others)) = second.split_first() {
            (*place, second) = (*entry, others);
        }
        places = more;
    }
    all
}

/// What stands in a place of the table before its entry does.
const NO_ENTRY: Entry = entry(Group::Program, A::Help, &[], Everywhere, ("", ""));

/// Going, moving, asking, change marks.
const ASK: &[Entry] = &[
    entry(
        Group::Go,
        A::Overview,
        &[char('`')],
        Everywhere,
        ("overview", "pods, services, endpoints and the last edits on one screen"),
    ),
    entry(Group::Go, A::Tab1, &[char('1')], Everywhere, ("pods", "pods")),
    entry(Group::Go, A::Tab2, &[char('2')], Everywhere, ("services", "services")),
    entry(
        Group::Go,
        A::Tab3,
        &[char('3')],
        Everywhere,
        ("endpoints", "the endpoints that the pod's sidecar holds"),
    ),
    entry(
        Group::Go,
        A::Tab4,
        &[char('4')],
        Everywhere,
        ("sidecars", "Sidecar objects"),
    ),
    entry(
        Group::Go,
        A::Tab5,
        &[char('5')],
        Everywhere,
        ("timeline", "what was changed, by whom, and what came of it"),
    ),
    entry(
        Group::Go,
        A::Tab6,
        &[char('6')],
        Everywhere,
        ("traffic", "what each endpoint does a second, and packets"),
    ),
    entry(
        Group::Go,
        A::NextPane,
        &[key(KeyCode::Tab)],
        Everywhere,
        ("", "next pane"),
    ),
    entry(
        Group::Go,
        A::PreviousPane,
        &[key(KeyCode::BackTab)],
        Everywhere,
        ("", "previous pane"),
    ),
    entry(
        Group::Go,
        A::Namespaces,
        &[char('n')],
        Everywhere,
        ("namespaces", "choose namespaces; Space picks several"),
    ),
    entry(
        Group::Go,
        A::AllNamespaces,
        &[char('a')],
        Everywhere,
        ("all", "all namespaces, and back"),
    ),
    entry(
        Group::Go,
        A::Contexts,
        &[char('C')],
        Everywhere,
        ("context", "go to another context of the kubeconfig"),
    ),
    entry(
        Group::Go,
        A::Workloads,
        &[char('W')],
        Everywhere,
        ("workloads", "pods by the workload that made them, and back"),
    ),
    entry(
        Group::Go,
        A::Find,
        &[char('F')],
        Everywhere,
        ("find", "find a pod, service, IP, host or Sidecar anywhere"),
    ),
    entry(
        Group::Go,
        A::HistoryBack,
        &[char('[')],
        Everywhere,
        ("back", "the place before"),
    ),
    entry(
        Group::Go,
        A::HistoryForward,
        &[char(']')],
        Everywhere,
        ("forward", "the place after"),
    ),
    entry(
        Group::Go,
        A::HistoryLast,
        &[char('-')],
        Everywhere,
        ("last", "between the last two places"),
    ),
    entry(
        Group::Go,
        A::Palette,
        &[char(':')],
        Everywhere,
        ("", "commands: :pods NS, :ep POD, :ns, :sources, :q"),
    ),
    entry(
        Group::Go,
        A::StepBack,
        &[key(KeyCode::Esc)],
        Everywhere,
        ("", "one step back; never quits"),
    ),
    entry(
        Group::Go,
        A::BackOrQuit,
        &[char('q')],
        Everywhere,
        ("", "one step back; quits from the overview"),
    ),
    entry(
        Group::Move,
        A::Down,
        &[char('j'), key(KeyCode::Down)],
        Everywhere,
        ("", "down"),
    ),
    entry(
        Group::Move,
        A::Up,
        &[char('k'), key(KeyCode::Up)],
        Everywhere,
        ("", "up"),
    ),
    entry(
        Group::Move,
        A::Top,
        &[char('g'), key(KeyCode::Home)],
        Everywhere,
        ("", "first row"),
    ),
    entry(
        Group::Move,
        A::Bottom,
        &[char('G'), key(KeyCode::End)],
        Everywhere,
        ("", "last row"),
    ),
    entry(
        Group::Move,
        A::PageDown,
        &[ctrl('f'), key(KeyCode::PageDown)],
        Everywhere,
        ("", "page down"),
    ),
    entry(
        Group::Move,
        A::PageUp,
        &[ctrl('b'), key(KeyCode::PageUp)],
        Everywhere,
        ("", "page up"),
    ),
    entry(
        Group::Move,
        A::HalfPageDown,
        &[ctrl('d')],
        Everywhere,
        ("", "half a page down"),
    ),
    entry(
        Group::Move,
        A::HalfPageUp,
        &[ctrl('u')],
        Everywhere,
        ("", "half a page up"),
    ),
    entry(
        Group::Move,
        A::ColumnsRight,
        &[char('l'), key(KeyCode::Right)],
        Everywhere,
        ("", "columns to the right"),
    ),
    entry(
        Group::Move,
        A::ColumnsLeft,
        &[char('h'), key(KeyCode::Left)],
        Everywhere,
        ("", "columns to the left"),
    ),
    entry(
        Group::Move,
        A::Pick,
        &[char(' ')],
        Everywhere,
        ("", "pick the row, or unpick it"),
    ),
    entry(
        Group::Ask,
        A::Drill,
        &[key(KeyCode::Enter)],
        Everywhere,
        ("", "go into the row: a pod's endpoints, a row's reason, an edit's diff"),
    ),
    entry(
        Group::Ask,
        A::Describe,
        &[char('d')],
        In(&[Pods, Services, Endpoints, Sidecars, Traffic, Packets, Elsewhere]),
        ("describe", "describe the object"),
    ),
    entry(
        Group::Ask,
        A::Yaml,
        &[char('y')],
        In(&[
            Pods, Services, Endpoints, Sidecars, Timeline, Traffic, Packets, Elsewhere,
        ]),
        ("yaml", "the object's YAML"),
    ),
    entry(
        Group::Ask,
        A::Events,
        &[char('e')],
        In(&[Pods, Endpoints, Traffic, Packets, Elsewhere]),
        ("events", "the pod's events"),
    ),
    entry(
        Group::Ask,
        A::Explain,
        &[char('x')],
        In(&[Pods, Services, Endpoints, Traffic, Sidecars]),
        ("explain", "why it is so, what is wrong"),
    ),
    entry(
        Group::Ask,
        A::HiddenHosts,
        &[char('H')],
        Everywhere,
        ("hidden", "hosts that the chosen pod does not reach, and why"),
    ),
    entry(
        Group::Ask,
        A::WhoSees,
        &[char('s')],
        In(&[Services, Endpoints, Traffic]),
        ("who", "workloads that have it in scope; :who HOST"),
    ),
    entry(
        Group::Ask,
        A::Diff,
        &[char('D')],
        In(&[Pods, Endpoints, Timeline]),
        ("diff", "compare picked rows, or then and now"),
    ),
    entry(
        Group::Ask,
        A::Radius,
        &[char('r')],
        In(&[Sidecars, Timeline]),
        ("radius", "blast radius: who gained or lost what"),
    ),
    entry(
        Group::Ask,
        A::Then,
        &[char('v')],
        In(&[Timeline]),
        ("then", "view the endpoints as they were then"),
    ),
    entry(
        Group::Ask,
        A::EditDraft,
        &[char('E')],
        In(&[Sidecars]),
        ("edit", "what if: edit a draft, or see the last one; nothing is applied"),
    ),
    entry(
        Group::Ask,
        A::EditAgain,
        &[char('e')],
        Draft,
        ("", "edit the draft again"),
    ),
    entry(
        Group::Ask,
        A::DraftYaml,
        &[char('y')],
        Draft,
        ("", "the draft's YAML, to copy or to save"),
    ),
    entry(
        Group::Ask,
        A::DryRun,
        &[char('d')],
        Draft,
        ("", "ask the API server for a dry run"),
    ),
    entry(
        Group::Ask,
        A::WhatIf,
        &[],
        Everywhere,
        (
            "what-if",
            "what a file would change: :what-if FILE; without: the last draft",
        ),
    ),
    entry(
        Group::Ask,
        A::Copy,
        &[char('c')],
        Everywhere,
        ("copy", "copy: then n name, i IP, r row, j JSON, k command, y YAML"),
    ),
    entry(
        Group::Changes,
        A::NextChange,
        &[char('}')],
        Everywhere,
        ("", "next change"),
    ),
    entry(
        Group::Changes,
        A::PreviousChange,
        &[char('{')],
        Everywhere,
        ("", "previous change"),
    ),
    entry(
        Group::Changes,
        A::Acknowledge,
        &[char('m')],
        Everywhere,
        ("", "acknowledge the row's change mark"),
    ),
    entry(
        Group::Changes,
        A::AcknowledgeAll,
        &[char('M')],
        Everywhere,
        ("acknowledge", "acknowledge all marks of the table"),
    ),
];
