//! Every action: its keys, where it works, its name in the palette, its words for help.
//!
//! One table. The dispatcher looks keys up in it, help and README are made from it, the palette offers its names. A key
//! that works elsewhere answers with where it does.

mod keymap;
mod names;
mod shorthand;
mod table;

use super::key::KeyPress;
use super::options::Play;
use super::tables::TableId;

pub use self::keymap::Keymap;
pub(super) use self::table::ACTIONS;

/// Something a person can do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Action {
    Help,
    Palette,
    Filter,
    StepBack,
    BackOrQuit,
    Quit,
    Suspend,
    Redraw,
    Overview,
    Tab1,
    Tab2,
    Tab3,
    Tab4,
    Tab5,
    Tab6,
    NextPane,
    PreviousPane,
    Zoom,
    Pin,
    HistoryBack,
    HistoryForward,
    HistoryLast,
    Namespaces,
    AllNamespaces,
    Contexts,
    Workloads,
    Find,
    Up,
    Down,
    Top,
    Bottom,
    PageUp,
    PageDown,
    HalfPageUp,
    HalfPageDown,
    ColumnsLeft,
    ColumnsRight,
    SortLeft,
    SortRight,
    Sort,
    InvertSort,
    Wide,
    Columns,
    Drill,
    Describe,
    Yaml,
    Events,
    Explain,
    HiddenHosts,
    WhoSees,
    Diff,
    Radius,
    Then,
    EditDraft,
    EditAgain,
    DraftYaml,
    DryRun,
    WhatIf,
    Pick,
    NextChange,
    PreviousChange,
    Acknowledge,
    AcknowledgeAll,
    FaultsOnly,
    Freeze,
    Relist,
    Copy,
    OwnRows,
    OtherPods,
    Sources,
    Log,
    NextTheme,
    LogIn,
    DemoStep,
    DemoPause,
    DemoRestart,
    Seek,
    Speed,
    Record,
    Save,
    Privacy,
}

/// Where an action works.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Where {
    /// Everywhere.
    Everywhere,
    /// Where the pane that has the keys holds one of these tables.
    In(&'static [Pane]),
    /// In the demo and in a replay.
    Told,
    /// In a replay.
    Replay,
    /// In the text that tells what a draft would change.
    Draft,
}

/// What works in texts, and in rows that lie over the panes, as far as it has a sense there.
const IN_TEXTS: &[Action] = &[
    Action::Help,
    Action::StepBack,
    Action::BackOrQuit,
    Action::Quit,
    Action::Redraw,
    Action::Save,
    Action::Copy,
    Action::Filter,
    Action::Down,
    Action::Up,
    Action::Top,
    Action::Bottom,
    Action::PageDown,
    Action::PageUp,
    Action::HalfPageDown,
    Action::HalfPageUp,
    Action::ColumnsRight,
    Action::ColumnsLeft,
    Action::Radius,
    Action::EditDraft,
];

/// A table, whichever pod it is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Pane {
    Pods,
    Workloads,
    Services,
    Endpoints,
    Sidecars,
    Timeline,
    Traffic,
    Packets,
    Elsewhere,
}

impl From<TableId> for Pane {
    fn from(table: TableId) -> Self {
        match table {
            TableId::Pods => Pane::Pods,
            TableId::Workloads => Pane::Workloads,
            TableId::Services => Pane::Services,
            TableId::Endpoints(_) => Pane::Endpoints,
            TableId::Sidecars => Pane::Sidecars,
            TableId::Timeline => Pane::Timeline,
            TableId::Traffic => Pane::Traffic,
            TableId::Packets => Pane::Packets,
            TableId::Elsewhere => Pane::Elsewhere,
        }
    }
}

impl Pane {
    /// Its name in a sentence.
    pub(super) fn name(self) -> &'static str {
        match self {
            Pane::Pods => "pods",
            Pane::Workloads => "workloads",
            Pane::Services => "services",
            Pane::Endpoints => "endpoints",
            Pane::Sidecars => "Sidecars",
            Pane::Timeline => "the timeline",
            Pane::Traffic => "traffic",
            Pane::Packets => "packets",
            Pane::Elsewhere => "traffic to elsewhere",
        }
    }
}

/// Under which heading help lists an action.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Group {
    /// Getting about.
    Go,
    /// In a table.
    Move,
    /// What a row can be asked.
    Ask,
    /// Change marks.
    Changes,
    /// What is shown.
    Show,
    /// The program itself.
    Program,
    /// The demo's story, a replay.
    Demo,
}

impl Group {
    /// In the order of help.
    pub(super) const ALL: &'static [Group] = &[
        Group::Go,
        Group::Move,
        Group::Ask,
        Group::Changes,
        Group::Show,
        Group::Demo,
        Group::Program,
    ];

    /// The heading.
    pub(super) fn title(self) -> &'static str {
        match self {
            Group::Go => "Go",
            Group::Move => "Move",
            Group::Ask => "Ask about the row",
            Group::Changes => "Changes",
            Group::Show => "Show",
            Group::Program => "Program",
            Group::Demo => "Demo and replay",
        }
    }
}

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// What.
    pub action: Action,
    /// Its keys; the first is the one that hints show.
    pub keys: &'static [KeyPress],
    /// Where it works.
    pub valid: Where,
    /// Under which heading help lists it.
    pub group: Group,
    /// Its name in the palette; empty if it has none.
    pub name: &'static str,
    /// What it does, in a few words without a full stop.
    pub help: &'static str,
}

impl Entry {
    /// Whether it works where this table has the keys.
    pub(super) fn works_in(&self, table: TableId, play: Play) -> bool {
        match self.valid {
            Where::Everywhere => true,
            Where::In(panes) => panes.contains(&table.into()),
            Where::Told => play.is_told(),
            Where::Replay => play == Play::Replay,
            Where::Draft => false,
        }
    }

    /// Whether it works in some text.
    pub(super) fn works_in_texts(&self) -> bool {
        self.valid == Where::Draft || IN_TEXTS.contains(&self.action)
    }

    /// Where it works, for the hint that answers a key pressed elsewhere.
    pub(super) fn where_text(&self) -> String {
        match self.valid {
            Where::Everywhere => "everywhere".to_owned(),
            Where::Told => "in the demo and in a replay".to_owned(),
            Where::Replay => "in a replay".to_owned(),
            Where::Draft => "where a draft's changes are told".to_owned(),
            Where::In(panes) => {
                let names: Vec<&str> = panes.iter().map(|pane| pane.name()).collect();
                format!("in {}", names.join(", "))
            }
        }
    }
}

/// The line of an action.
pub(super) fn entry(action: Action) -> Option<&'static Entry> {
    ACTIONS.iter().find(|entry| entry.action == action)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn no_key_and_no_name_has_two_meanings() {
        let mut keys = BTreeMap::new();
        let mut names = BTreeMap::new();
        for entry in ACTIONS {
            for key in entry.keys {
                // over a draft's changes no table has the keys
                let place = (entry.valid == Where::Draft, *key);
                if let Some(other) = keys.insert(place, entry.action) {
                    panic!("'{key}' is both {other:?} and {:?}", entry.action);
                }
            }
            if !entry.name.is_empty()
                && let Some(other) = names.insert(entry.name, entry.action)
            {
                panic!("':{}' is both {other:?} and {:?}", entry.name, entry.action);
            }
        }
    }

    #[test]
    fn every_action_can_be_reached_and_has_its_words() {
        for entry in ACTIONS {
            assert!(!entry.keys.is_empty() || !entry.name.is_empty(), "{:?}", entry.action);
            assert!(
                !entry.help.is_empty() && !entry.help.ends_with('.'),
                "{:?}",
                entry.action
            );
        }
    }
}
