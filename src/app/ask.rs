//! What a row can be asked: describe, YAML, events, why it is here, what an edit did; and copying it.

use jiff::Timestamp;

use super::App;
use super::dialog::TextDialog;
use super::key::{KeyCode, KeyPress};
use super::list::ItemId;
use super::message::{Command, Fetch, Request};
use super::options::Play;
use super::tables::{Subject, TableId};
use super::view::cut::{Cut, cut};
use super::view::{self, Role, Shown, Span, copies, reasons, words};
use crate::mesh::diff::ObjectText;
use crate::mesh::history::Line as Moment;
use crate::mesh::model::{Key, Kind, Object};
use crate::mesh::scope::{Address, needed_kinds};

impl App {
    /// The row's object in words.
    pub(super) fn describe(&mut self, now: Timestamp, table: TableId) {
        let object = self.object_behind(now, table);
        let found = object.and_then(|(kind, key)| self.facts.world.get(kind, &key));
        match found {
            Some(object) => {
                let governing = self.facts.governed.of(object.key());
                let zone = &self.options.time_zone;
                let lines = words::describe(&object, governing, &self.facts.world, now, zone);
                let title = format!("{} {}", object.kind().name(), object.key());
                self.open_text(TextDialog::new(title, lines).broken(16));
            }
            None => self.say_no_object(now, table),
        }
    }

    pub(super) fn say_no_object(&mut self, now: Timestamp, table: TableId) {
        let text = match table {
            TableId::Endpoints(_) | TableId::Traffic | TableId::Packets | TableId::Elsewhere => {
                "no pod is known behind this address"
            }
            TableId::Pods | TableId::Workloads | TableId::Services | TableId::Sidecars | TableId::Timeline => {
                "the object is gone; its change mark and the timeline still tell of it"
            }
        };
        self.say(now, Role::Warn, text);
    }

    /// The row's object as YAML: of configuration what is held here, of all else what the server says now.
    pub(super) fn yaml(&mut self, now: Timestamp, table: TableId) -> Vec<Command> {
        let Some((kind, key)) = self.object_behind(now, table) else {
            self.say_no_object(now, table);
            return Vec::new();
        };
        let Some(object) = self.facts.world.get(kind, &key) else {
            self.say_no_object(now, table);
            return Vec::new();
        };
        let title = format!("{} {key}", kind.name());
        if let Some(text) = object.provenance().and_then(ObjectText::of) {
            let text = self.masked_yaml(text.yaml());
            self.open_text(TextDialog::new(title, words::yaml_lines(&text)));
            return Vec::new();
        }
        self.fetch(now, title, Fetch::Yaml, (kind, key))
    }

    fn fetch(&mut self, now: Timestamp, title: String, what: Fetch, (kind, key): (Kind, Key)) -> Vec<Command> {
        if self.options.play == Play::Replay {
            let text = match what {
                Fetch::Yaml => "a recording has the text of configuration alone; d describes what it has of this",
                Fetch::Events => "the recording has no event of this",
            };
            self.say(now, Role::Warn, text);
            return Vec::new();
        }
        let request = Request { what, kind, key };
        let asking = vec![vec![Span::new(Role::Dim, "asking the API server ...")]];
        let mut dialog = TextDialog::new(title, asking);
        dialog.waits_for = Some(request.clone());
        self.open_text(dialog);
        vec![Command::Fetch(request)]
    }

    /// The events of the row's pod.
    pub(super) fn events(&mut self, now: Timestamp, table: TableId) -> Vec<Command> {
        let Some((kind, key)) = self.object_behind(now, table) else {
            self.say_no_object(now, table);
            return Vec::new();
        };
        let title = format!("Events of {} {key}", kind.name());
        let held = words::events(&self.facts.world, kind, &key, now);
        if held.is_empty() {
            return self.fetch(now, title, Fetch::Events, (kind, key));
        }
        self.open_text(TextDialog::new(title, held).broken(37));
        Vec::new()
    }

    /// Why the row is in the table, link by link.
    pub(super) fn explain(&mut self, now: Timestamp, table: TableId) {
        if table == TableId::Sidecars {
            return self.tell_findings(now);
        }
        if table == TableId::Pods {
            return self.tell_winner(now);
        }
        let Some(slot) = table.slot() else {
            return self.explain_service(now, table);
        };
        let Some(ItemId::Endpoint(id)) = self.ui.list(table).current().cloned() else {
            self.say(now, Role::Dim, "no row to explain");
            return;
        };
        let marked = self.marked(now, table, &ItemId::Endpoint(id.clone()));
        let facts = &mut self.facts;
        let Some(panel) = self.ui.panels.get(usize::from(slot)) else {
            return;
        };
        let Some(line) = panel.find(&id) else { return };
        let host = id.cluster.host();
        let is_present = panel.world.is_none();
        let losers = if is_present {
            facts.engine.passed_over(&facts.world, &panel.pod)
        } else {
            Vec::new()
        };
        let explanation =
            (!host.is_empty() && is_present).then(|| facts.engine.explain(&facts.world, &panel.pod, host, None));
        let envoy = facts.envoys.get(&panel.pod).filter(|_| is_present);
        let mut lines = reasons::explain(panel, line, &losers, explanation.flatten().as_ref(), (envoy, now));
        if let Some(marked) = marked {
            lines.push(Vec::new());
            lines.extend(words::mark_lines(&marked, now, &self.options.time_zone));
        }
        let title = format!("{} in {}", id.address, panel.pod);
        self.open_text(TextDialog::new(title, lines).broken(16));
    }

    /// What is wrong with the Sidecar under the cursor.
    fn tell_findings(&mut self, now: Timestamp) {
        let Some((kind, key)) = self.object_behind(now, TableId::Sidecars) else {
            self.say(now, Role::Dim, "no row to explain");
            return;
        };
        if self.facts.world.get(kind, &key).is_none() {
            return self.say_no_object(now, TableId::Sidecars);
        }
        let is_whole = self.facts.world.coverage.gaps(needed_kinds()).next().is_none();
        let (role, text) = match self.facts.findings.of(&key) {
            None => (Role::Dim, "what is wrong with it is being worked out"),
            Some([]) if is_whole => (Role::Good, "nothing is wrong with it, as far as lint can tell"),
            Some([]) => (Role::Warn, "not known: not all objects may be read (:sources)"),
            Some(found) => {
                let lines = view::findings::lines(found);
                return self.open_text(TextDialog::new(format!("Findings in Sidecar {key}"), lines).broken(16));
            }
        };
        self.say(now, role, text);
    }

    /// Which Sidecar governs the pod under the cursor, which others were considered, and why they lost.
    fn tell_winner(&mut self, now: Timestamp) {
        let Some((Kind::Pod, key)) = self.object_behind(now, TableId::Pods) else {
            return self.say(now, Role::Dim, "no row to explain");
        };
        let facts = &mut self.facts;
        let governing = facts.engine.governing(&facts.world, &key);
        let title = format!("Which Sidecar governs {key}, and why");
        let dialog = match &governing {
            Ok(governing) => {
                let passed = facts.engine.passed_over(&facts.world, &key);
                let times = (now, &self.options.time_zone);
                let siblings = facts.governed.siblings(&key);
                let winner = view::winner::winner(governing, &facts.world, siblings, times);
                let losers = view::winner::losers(governing, &passed, &facts.world);
                TextDialog::weighing(title, winner, losers, key)
            }
            Err(state) => {
                let why = Span::new(Role::Warn, view::why::no_table(state, &key));
                TextDialog::new(title, vec![vec![why]]).broken(16)
            }
        };
        self.open_text(dialog);
    }

    /// Why the chosen pod reaches a service, or does not.
    fn explain_service(&mut self, now: Timestamp, table: TableId) {
        let Some(pod) = self.ui.chosen.as_ref().map(|chosen| chosen.key.clone()) else {
            self.say(now, Role::Dim, "no pod is chosen (1)");
            return;
        };
        let Some((Kind::Service, service)) = self.object_behind(now, table) else {
            self.say(now, Role::Dim, "no row to explain");
            return;
        };
        let facts = &mut self.facts;
        let host = facts.engine.host_of(&facts.world, &pod, &service);
        self.explain_host(now, &pod, &host.unwrap_or_default());
    }

    /// Why a pod reaches a host, or does not.
    pub(super) fn explain_host(&mut self, now: Timestamp, pod: &Key, host: &str) {
        let facts = &mut self.facts;
        match facts.engine.explain(&facts.world, pod, host, None) {
            Some(explanation) => {
                let zone = &self.options.time_zone;
                let written = view::winner::written(&explanation.governing, &facts.world, now, zone);
                let lines = view::explain::lines(&explanation, written);
                self.open_text(TextDialog::new(format!("{host} from {pod}"), lines).broken(16));
            }
            None => self.say(
                now,
                Role::Warn,
                format!("pod {pod} has no sidecar that could reach anything"),
            ),
        }
    }

    /// A key behind `c`.
    pub(super) fn press_copy(&mut self, now: Timestamp, key: KeyPress) -> Vec<Command> {
        let KeyCode::Char(letter) = key.code else {
            return Vec::new();
        };
        match self.text_to_copy(now, letter) {
            Ok(text) => self.copy(letter, text),
            Err(why) => {
                self.say(now, Role::Warn, why);
                Vec::new()
            }
        }
    }

    /// Has this text copied; the message says what it was.
    fn copy(&mut self, letter: char, text: String) -> Vec<Command> {
        let what = COPY
            .iter()
            .find(|(key, _)| *key == letter)
            .map_or("text", |(_, what)| *what);
        let rows = self.ui.list(self.ui.active()).picked().len();
        self.ui.copied = Some(match rows {
            0 | 1 => format!("{what} '{}'", beginning(&text)),
            rows => format!("{what} of {rows} rows '{}'", beginning(&text)),
        });
        vec![Command::Copy(text)]
    }

    /// Tells what was copied and how, or why not.
    pub(super) fn tell_copied(&mut self, now: Timestamp, result: Result<String, String>) {
        let what = self.ui.copied.take().unwrap_or_default();
        let (role, text) = match result {
            Ok(how) => (Role::Good, format!("copied {what} {how} (sent, not confirmed)")),
            Err(error) => (Role::Bad, format!("{what} not copied: {error}")),
        };
        self.say(now, role, text);
    }

    fn text_to_copy(&mut self, now: Timestamp, letter: char) -> Result<String, String> {
        let table = self.ui.active();
        let list = self.ui.list(table);
        let ids: Vec<ItemId> = if list.picked().is_empty() {
            list.current().cloned().into_iter().collect()
        } else {
            list.picked().iter().cloned().collect()
        };
        if ids.is_empty() {
            return Err("no row to copy".to_owned());
        }
        let pod = self.subject_of_active().map(|id| id.key);
        let texts: Result<Vec<String>, String> = ids
            .iter()
            .map(|id| {
                let subject = self
                    .subject(now, table, id)
                    .ok_or_else(|| "the row is gone".to_owned())?;
                copy(&subject, letter, pod.as_ref(), now)
            })
            .collect();
        let text = texts?.join("\n");
        Ok(if letter == 'y' { self.masked_yaml(text) } else { text })
    }
}

/// What the letters behind `c` copy.
pub(super) const COPY: &[(char, &str)] = &[
    ('n', "name"),
    ('i', "IP"),
    ('r', "row"),
    ('j', "JSON"),
    ('k', "kubectl or istioctl command"),
    ('y', "YAML"),
];

/// As much of a text as a message has room for.
fn beginning(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let whole = cut(line, 40, Cut::End).to_string();
    if text.lines().nth(1).is_some() && !whole.ends_with('…') {
        return format!("{whole} …");
    }
    whole
}

/// One thing is copied as one line: pasted into a shell, no name may hold a command of its own.
fn copy(subject: &Subject<'_>, letter: char, pod: Option<&Key>, now: Timestamp) -> Result<String, String> {
    let in_one_line = |text: String| Shown::from(text).to_string();
    match letter {
        'n' => name(subject)
            .map(in_one_line)
            .ok_or_else(|| "the row has no name".to_owned()),
        'i' => ip(subject)
            .map(in_one_line)
            .ok_or_else(|| "the row has no address".to_owned()),
        'r' => Ok(in_one_line(copies::row_text(subject, now))),
        'j' => Ok(copies::json(subject)),
        'k' => {
            let command = copies::command_for(subject, pod);
            command
                .map(in_one_line)
                .ok_or_else(|| "no command gives this row".to_owned())
        }
        'y' => yaml_of(subject).ok_or_else(|| "its YAML is not held here; y shows it, c there copies it".to_owned()),
        other => {
            let keys: Vec<String> = COPY.iter().map(|(key, what)| format!("{key} {what}")).collect();
            Err(format!("'{other}' copies nothing; {}", keys.join(", ")))
        }
    }
}

fn name(subject: &Subject<'_>) -> Option<String> {
    let text = match subject {
        Subject::Pod(row) => row.pod.meta.key.name.to_string(),
        Subject::Service(row) => row.service.meta.key.name.to_string(),
        Subject::Sidecar(row) => row.sidecar.meta.key.name.to_string(),
        Subject::Workload(row) => row.id.name.to_string(),
        Subject::Endpoint(row) | Subject::Flow(row) => row.row.cluster.to_string(),
        Subject::Packet(row) => row.captured.line.to_string(),
        Subject::Place(row) => row.directory.words(row.place),
        Subject::Moment(row) => match row.line {
            Moment::Edit(edit, _) => edit.key.to_string(),
            Moment::Before(before) => before.key.to_string(),
            Moment::Endpoints(..) | Moment::Start => return None,
        },
    };
    Some(text)
}

fn ip(subject: &Subject<'_>) -> Option<String> {
    match subject {
        Subject::Pod(row) => row.pod.ips.first().map(ToString::to_string),
        Subject::Service(row) => row.service.cluster_ips.first().map(ToString::to_string),
        Subject::Packet(row) => row.far().map(|end| end.ip.to_string()),
        Subject::Place(row) => row.far().map(|end| end.ip.to_string()),
        Subject::Endpoint(row) | Subject::Flow(row) => {
            if let Address::Socket(ip, _) = &row.row.address {
                Some(ip.to_string())
            } else {
                None
            }
        }
        Subject::Sidecar(_) | Subject::Workload(_) | Subject::Moment(_) => None,
    }
}

fn yaml_of(subject: &Subject<'_>) -> Option<String> {
    let provenance = match subject {
        Subject::Service(row) => &row.service.provenance,
        Subject::Sidecar(row) => &row.sidecar.provenance,
        Subject::Moment(row) => match row.line {
            Moment::Edit(edit, _) => {
                let object: &Object = edit.change.after.as_ref().or(edit.change.before.as_ref())?;
                object.provenance()?
            }
            Moment::Before(_) | Moment::Endpoints(..) | Moment::Start => return None,
        },
        Subject::Pod(_)
        | Subject::Workload(_)
        | Subject::Endpoint(_)
        | Subject::Flow(_)
        | Subject::Packet(_)
        | Subject::Place(_) => return None,
    };
    ObjectText::of(provenance).map(|text| text.yaml())
}
