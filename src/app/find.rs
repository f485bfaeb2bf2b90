//! Finding anything by its name or address, in all namespaces; Enter goes to its row.
//!
//! What is typed only says what to look for; the looking is done a piece before each frame ([`App::look_on`]), so that a
//! key costs the same in a mesh of any size. Enter does what is left of it first: keys may be typed ahead.

mod search;

use jiff::Timestamp;

pub(in crate::app) use self::search::{Found, Group, Hit, Search};
use super::App;
use super::dialog::Dialog;
use super::input::Input;
use super::key::{KeyCode, KeyPress};
use super::list::ItemId;
use super::message::Command;
use super::options::Namespaces;
use super::panel::{Line, Panel};
use super::settle::identity;
use super::tables::TableId;
use super::ui::{Toggle, View};
use super::view::Role;
use super::view::table::endpoints::short_host;
use crate::mesh::diff::RowId;
use crate::mesh::history::ObjectId;
use crate::mesh::model::{Key, Meta, Text};

/// Names that are looked at before a frame: some milliseconds.
const LOOKS: usize = 20_000;

/// Anything, by its name or address.
#[derive(Clone, Debug)]
pub(in crate::app) struct FindDialog {
    /// What is typed.
    pub input: Input,
    /// What was found until now.
    pub search: Search,
    /// Which hit the cursor is on.
    pub at: usize,
}

impl FindDialog {
    fn new(text: &str) -> Self {
        Self {
            input: Input::new(text),
            search: Search::new(text),
            at: 0,
        }
    }

    /// Text was pasted.
    pub(super) fn insert(&mut self, text: &str) {
        self.input.insert(text);
        self.begin();
    }

    fn begin(&mut self) {
        self.search = Search::new(self.input.text());
        self.at = 0;
    }

    /// To the first hit of the next group, or of the one before.
    fn turn(&mut self, is_back: bool) {
        let mut firsts: Vec<usize> = Vec::new();
        let mut at = 0;
        for (_, found) in self.search.groups() {
            firsts.push(at);
            at += found.len();
        }
        let next = if is_back {
            firsts.iter().rfind(|first| **first < self.at).or(firsts.last())
        } else {
            firsts.iter().find(|first| **first > self.at).or(firsts.first())
        };
        self.at = next.copied().unwrap_or(0);
    }
}

impl App {
    /// Opens it, with this already typed.
    pub(super) fn open_find(&mut self, text: &str) {
        self.ui.dialogs.push(Dialog::Find(FindDialog::new(text)));
    }

    /// Whether not all names were looked at yet.
    pub(super) fn is_looking(&self) -> bool {
        matches!(self.ui.dialogs.last(), Some(Dialog::Find(dialog)) if !dialog.search.is_done())
    }

    /// Looks at some more names for an open search.
    pub(super) fn look_on(&mut self) {
        let panel = self.ui.panels.first();
        if let Some(Dialog::Find(dialog)) = self.ui.dialogs.last_mut() {
            dialog.search.advance(&self.facts, panel, LOOKS);
        }
    }

    pub(super) fn press_find(&mut self, now: Timestamp, mut dialog: FindDialog, key: KeyPress) -> Vec<Command> {
        if key.code == KeyCode::Esc {
            return Vec::new();
        }
        if key.code == KeyCode::Enter {
            dialog.search.advance(&self.facts, self.ui.panels.first(), usize::MAX);
            if let Some(hit) = dialog.search.hit(dialog.at).cloned() {
                return self.go_to_hit(now, &hit);
            }
        } else if matches!(key.code, KeyCode::Tab | KeyCode::BackTab) {
            dialog.turn(key.code == KeyCode::BackTab);
        } else if let Some(at) = Self::step_in(dialog.at, dialog.search.len(), key) {
            dialog.at = at;
        } else if dialog.input.press(key) {
            dialog.begin();
        }
        self.ui.dialogs.push(Dialog::Find(dialog));
        Vec::new()
    }

    fn go_to_hit(&mut self, now: Timestamp, hit: &Hit) -> Vec<Command> {
        let world = &self.facts.world;
        let of = |meta: &Meta| ObjectId {
            key: meta.key.clone(),
            uid: meta.uid,
        };
        let (table, object) = match hit {
            Hit::PodAddress(_, key) | Hit::Pod(key) => (TableId::Pods, world.pods.get(key).map(|pod| identity(pod))),
            Hit::ServiceAddress(_, key) | Hit::Endpoint(_, key) | Hit::Service(key) => {
                let service = world.services.get(key);
                (TableId::Services, service.map(|service| of(&service.meta)))
            }
            Hit::Sidecar(key) => {
                let sidecar = world.sidecars.get(key);
                (TableId::Sidecars, sidecar.map(|sidecar| of(&sidecar.meta)))
            }
            Hit::Row(row) | Hit::Cluster(row) => {
                let row = ItemId::Endpoint(row.clone());
                return self.show_row(now, TableId::Endpoints(0), None, &row);
            }
            Hit::Host(host) => return self.show_host(now, host),
            Hit::Namespace(name) => return self.show_namespace(now, name),
        };
        match object {
            Some(id) => {
                let namespace = id.key.namespace.clone();
                self.show_row(now, table, Some(&namespace), &ItemId::Object(id))
            }
            None => {
                self.say(now, Role::Warn, "it is gone meanwhile");
                Vec::new()
            }
        }
    }

    /// Puts the cursor on a row of the table's own tab, whatever hides it; one step leads back.
    fn show_row(&mut self, now: Timestamp, table: TableId, namespace: Option<&Text>, row: &ItemId) -> Vec<Command> {
        let here = self.place_now();
        self.ui.trail.leave(here);
        let hidden = namespace.filter(|namespace| !self.ui.namespaces.shows(namespace));
        let other = hidden.map(|namespace| Namespaces::Some(vec![namespace.clone()]));
        let commands = self.change_namespaces(now, other);
        if table == TableId::Pods && self.ui.is_on(Toggle::Workloads) {
            self.toggle_workloads(now);
        }
        let view = match table {
            TableId::Services => View::Services,
            TableId::Sidecars => View::Sidecars,
            TableId::Endpoints(_) => View::Endpoints,
            TableId::Pods
            | TableId::Workloads
            | TableId::Timeline
            | TableId::Traffic
            | TableId::Packets
            | TableId::Elsewhere => View::Pods,
        };
        self.ui.only = None;
        self.enter(now, view);
        self.ui.active.insert(view, table);
        self.set_filter(now, table, "");
        if !self.ui.list(table).select(row) && self.ui.is_on(Toggle::Faults) {
            self.ui.switch(Toggle::Faults, false);
            self.rebuild_all(now);
            self.ui.list(table).select(row);
        }
        self.choose(now);
        commands
    }

    /// The endpoints of a host, or, where it has none, why.
    fn show_host(&mut self, now: Timestamp, host: &Text) -> Vec<Command> {
        let Some(pod) = self.ui.panel(0).map(|panel| panel.pod.clone()) else {
            return Vec::new();
        };
        match self.ui.panel(0).and_then(|panel| first_of(panel, host)) {
            Some(row) => {
                let commands = self.show_row(now, TableId::Endpoints(0), None, &ItemId::Endpoint(row.clone()));
                let pattern = format!("host:^{}(\\.|$)", regex::escape(&short_host(host)));
                self.set_filter(now, TableId::Endpoints(0), &pattern);
                self.ui.list(TableId::Endpoints(0)).select(&ItemId::Endpoint(row));
                commands
            }
            None => {
                self.explain_host(now, &pod, host);
                Vec::new()
            }
        }
    }

    fn show_namespace(&mut self, now: Timestamp, name: &Text) -> Vec<Command> {
        let here = self.place_now();
        self.ui.trail.leave(here);
        self.ui.only = None;
        let commands = self.change_namespaces(now, Some(Namespaces::Some(vec![name.clone()])));
        self.enter(now, View::Pods);
        self.set_filter(now, self.ui.pods_table(), "");
        commands
    }
}

/// The first row of a host.
pub(super) fn first_of(panel: &Panel, host: &str) -> Option<RowId> {
    let mut lines = panel.lines().iter().filter(|line| !line.gone);
    lines.find(|line| line.row.cluster.host() == host).map(Line::id)
}

/// As istioctl names a pod.
pub(in crate::app) fn name_of(key: &Key) -> String {
    format!("{}.{}", key.name, key.namespace)
}
