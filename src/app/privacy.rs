//! Privacy: names and addresses on the screen are masks, so that a picture of it can be shown to anybody.
//!
//! The seam is where a [`Screen`] is ready: nothing else reaches a terminal, a saved file or the clipboard, and each of
//! these goes through [`Mask`]. It knows every name that an object of the cluster has had since the start (`names`), the
//! context, the user and the server; addresses it knows by their shape. Cells, texts and parts of the header are masked
//! before they are cut and broken too, so that columns fit their masks and no half of a name is left. What is left of a name
//! beside a `…` all the same becomes dots.
//!
//! Not masked: numbers, ports, kinds, words of Kubernetes and Istio, zones, subsets, and names that every cluster has
//! (`default`, `kube-system`, `istiod`): they tell nothing. Filters and `F` ask for the true names.
//!
//! # Decisions
//! * Copied and saved text is masked like the screen: who hides names means what leaves the screen; `:privacy` off copies
//!   the true ones. Instead of true names in the clipboard, which would be pasted into the ticket with the picture.
//! * YAML is masked the other way round: what is not known to be harmless becomes `text-1`. It holds images, variables
//!   and annotations, of which no list of names knows.

mod names;
mod words;

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::Timestamp;

use super::App;
use super::message::{Command, EnvoyTable, NoEnvoy, Save, SaveWhat};
use super::ui::Toggle;
use super::view::draw::cut_line;
use super::view::saved::Saved;
use super::view::{self, Body, Line, Overlay, Pane, Role, Screen, Shown, Span};
use crate::mesh::model::{Kind, Object};
use crate::mesh::world::{Delta, ListScope};

/// What a name is the name of: the beginning of its mask.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Sort {
    Namespace,
    Pod,
    Workload,
    Service,
    Host,
    Node,
    Manager,
    User,
    Context,
    Account,
    App,
    Object,
    Text,
}

impl Sort {
    fn prefix(self) -> &'static str {
        match self {
            Sort::Namespace => "ns",
            Sort::Pod => "pod",
            Sort::Workload | Sort::App => "app",
            Sort::Service => "svc",
            Sort::Host => "host",
            Sort::Node => "node",
            Sort::Manager => "manager",
            Sort::User => "user",
            Sort::Context => "ctx",
            Sort::Account => "account",
            Sort::Object => "obj",
            Sort::Text => "text",
        }
    }
}

/// As many names are known at most: far more than a cluster has. Later ones have one mask in common.
const MOST: usize = 1_000_000;

/// The mask of every name and address that was met. The same name has the same mask as long as its cluster is on the
/// screen.
#[derive(Debug, Default)]
pub(super) struct Mask {
    masks: HashMap<Box<str>, Box<str>>,
    /// Values in YAML: masked there alone, for elsewhere such a word may be one of ours.
    values: HashMap<Box<str>, Box<str>>,
    /// Names of more than one word, as they are shown, with their masks; the longest first.
    phrases: Vec<(Box<str>, Box<str>)>,
    /// The names, for what is left of one at the left of a cut.
    heads: BTreeSet<Box<str>>,
    /// The names, read backwards, for what is left at the right of a cut.
    tails: BTreeSet<Box<str>>,
    given: HashSet<Box<str>>,
    counts: HashMap<&'static str, usize>,
}

impl Mask {
    /// A name is known from now on.
    fn learn(&mut self, sort: Sort, name: &str) {
        if words::is_harmless(name) || self.masks.contains_key(name) {
            return;
        }
        let prefix = sort.prefix();
        let mask = if self.masks.len() < MOST {
            self.next(prefix)
        } else {
            format!("{prefix}-x")
        };
        self.heads.insert(name.into());
        self.tails.insert(name.chars().rev().collect::<String>().into());
        self.put(name, mask);
    }

    /// The same for a name out of the kubeconfig, which may be any text.
    fn learn_phrase(&mut self, sort: Sort, name: &str) {
        let shown = Shown::from(name);
        if name.is_empty() || words::is_one_word(shown.as_str()) {
            return self.learn(sort, name);
        }
        if self.phrases.iter().all(|(known, _)| **known != *shown.as_str()) {
            let mask = self.next(sort.prefix());
            self.given.insert(mask.as_str().into());
            self.phrases.push((shown.as_str().into(), mask.into()));
            self.phrases.sort_by_key(|(name, _)| Reverse(name.len()));
        }
    }

    fn next(&mut self, prefix: &'static str) -> String {
        let count = self.counts.entry(prefix).or_default();
        loop {
            *count += 1;
            let mask = format!("{prefix}-{count}");
            // a real name that looks like a mask must not be taken for one
            if !self.masks.contains_key(mask.as_str()) {
                return mask;
            }
        }
    }

    fn put(&mut self, name: &str, mask: String) {
        self.given.insert(mask.as_str().into());
        self.masks.insert(name.into(), mask.into());
    }

    /// An address is known from now on.
    fn learn_address(&mut self, address: &str, is_v6: bool) {
        if self.masks.contains_key(address) {
            return;
        }
        let count = self.counts.entry(if is_v6 { "6" } else { "4" }).or_default();
        *count += 1;
        let mask = if is_v6 {
            format!("fd00:x::{count:x}")
        } else {
            format!("10.x.{}.{}", *count / 250, *count % 250 + 1)
        };
        self.put(address, mask);
    }

    /// A text with masks for all that is known; an address that is not known yet stays.
    pub(super) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut phrases = self
            .phrases
            .iter()
            .filter(|(name, _)| text.contains(&**name))
            .peekable();
        if phrases.peek().is_none() {
            return words::masked(text, self);
        }
        let whole = phrases.fold(text.to_owned(), |text, (name, mask)| text.replace(&**name, mask));
        Cow::Owned(words::masked(&whole, self).into_owned())
    }

    /// The same; an address that is not known yet is known from now on.
    pub(super) fn whole(&mut self, text: &str) -> String {
        for address in words::addresses(text) {
            self.learn_address(&address.to_string(), address.is_ipv6());
        }
        self.text(text).into_owned()
    }

    /// The same for a line.
    pub(super) fn line(&self, line: &[Span]) -> Line {
        let span = |span: &Span| Span::new(span.role, self.text(span.text.as_str()).into_owned());
        line.iter().map(span).collect()
    }

    fn spans(&mut self, spans: &mut [Span]) {
        // a name may begin in one span and go on in the next only where spans part at a blank or a sign
        for span in spans {
            let masked = self.whole(span.text.as_str());
            if masked != span.text.as_str() {
                span.text = Shown::from(masked);
            }
        }
    }

    /// All that is on a screen; lines outside of panes keep their width.
    fn screen(&mut self, screen: &mut Screen) {
        for (row, line) in &mut screen.lines {
            let before = width(line);
            self.spans(line);
            let after = width(line);
            if let Some((column, at)) = &mut screen.cursor
                && at == row
            {
                let shift = i32::try_from(after).unwrap_or(0) - i32::try_from(before).unwrap_or(0);
                *column = u16::try_from((i32::from(*column) + shift).max(0)).unwrap_or(*column);
            }
            keep_right(line, before, after);
            *line = cut_line(std::mem::take(line), screen.width);
        }
        for pane in &mut screen.panes {
            self.spans(&mut pane.title);
            pane.title = cut_line(std::mem::take(&mut pane.title), pane.area.width);
            let inner = Pane::inner(pane.area).width;
            match &mut pane.body {
                Body::Table { heads, rows, .. } => {
                    for row in rows {
                        self.spans(&mut row.cells);
                        if let Some(banner) = &mut row.banner {
                            self.spans(std::slice::from_mut(banner));
                        }
                        for (cell, head) in row.cells.iter_mut().zip(heads.iter()) {
                            let line = cut_line(vec![std::mem::take(cell)], head.width);
                            *cell = line.into_iter().next().unwrap_or_default();
                        }
                    }
                }
                Body::Lines(lines) => {
                    for line in lines {
                        self.spans(line);
                        *line = cut_line(std::mem::take(line), inner);
                    }
                }
            }
        }
        if let Some(overlay) = &mut screen.overlay {
            let inner = Overlay::inner(overlay.area).width;
            self.spans(&mut overlay.title);
            overlay.title = cut_line(std::mem::take(&mut overlay.title), inner);
            for line in &mut overlay.lines {
                self.spans(line);
                *line = cut_line(std::mem::take(line), inner);
            }
        }
    }

    /// A document, whatever is in it.
    pub(super) fn json(&mut self, value: &mut serde_json::Value) {
        match value {
            serde_json::Value::String(text) => *text = self.whole(text),
            serde_json::Value::Array(values) => values.iter_mut().for_each(|value| self.json(value)),
            serde_json::Value::Object(fields) => fields.values_mut().for_each(|value| self.json(value)),
            serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
        }
    }
}

/// So wide is what keeps two sides of a line apart.
const WIDE_GAP: usize = 3;

fn width(line: &[Span]) -> usize {
    line.iter().map(|span| span.text.width()).sum()
}

/// What stood at the right of a line stays there: a shorter mask gives its cells to the widest gap.
fn keep_right(line: &mut [Span], before: usize, after: usize) {
    let is_gap = |span: &Span| span.text.width() >= WIDE_GAP && span.text.as_str().chars().all(|c| c == ' ');
    let Some(gap) = line
        .iter_mut()
        .filter(|span| is_gap(span))
        .max_by_key(|span| span.text.width())
    else {
        return;
    };
    let cells = (gap.text.width() + before).saturating_sub(after).max(1);
    gap.text = Shown::from(" ".repeat(cells));
}

impl App {
    /// Whether names are masked.
    pub(super) fn is_private(&self) -> bool {
        self.ui.is_on(Toggle::Privacy)
    }

    /// A text before it is measured, cut or broken: with masks if names are masked.
    pub(super) fn masked<'a>(&self, text: impl Into<Cow<'a, str>>) -> Cow<'a, str> {
        let text = text.into();
        if !self.is_private() {
            return text;
        }
        Cow::Owned(self.mask.text(&text).into_owned())
    }

    /// The same for a line.
    pub(super) fn masked_line(&self, line: Line) -> Line {
        if !self.is_private() {
            return line;
        }
        self.mask.line(&line)
    }

    /// What leaves the screen is masked like it.
    pub(super) fn mask_commands(&mut self, commands: &mut [Command]) {
        if !self.is_private() {
            return;
        }
        for command in commands {
            if let Command::Copy(text)
            | Command::Save(Save {
                what: SaveWhat::Text(text),
                ..
            }) = command
            {
                *text = self.mask.whole(text);
            }
        }
    }

    /// A table that is about to be written.
    pub(super) fn masked_table(&mut self, mut saved: Saved) -> Saved {
        if !self.is_private() {
            return saved;
        }
        let mask = &mut self.mask;
        for row in &mut saved.rows {
            for cell in &mut row.cells {
                *cell = Shown::from(mask.whole(cell.as_str()));
            }
            if let Some(why) = row.why.take() {
                row.fields.insert("reasons".to_owned(), view::why::chain(&why));
            }
            row.fields.values_mut().for_each(|field| mask.json(field));
        }
        saved.about.values_mut().for_each(|field| mask.json(field));
        for missing in &mut saved.missing {
            *missing = mask.whole(missing);
        }
        saved
    }

    /// Learns the hosts that an Envoy knows.
    pub(super) fn learn_envoy_names(&mut self, answer: &Result<EnvoyTable, NoEnvoy>) {
        if let (true, Ok(table)) = (self.is_private(), answer) {
            self.mask.envoy(table);
        }
    }

    /// The YAML of an object, or what its server says of it.
    pub(super) fn masked_yaml(&mut self, text: String) -> String {
        if !self.is_private() {
            return text;
        }
        let text = self.mask.whole(&text);
        words::yaml(&text, &mut self.mask)
    }

    /// A screen that is ready.
    pub(super) fn masked_screen(&mut self, mut screen: Screen) -> Screen {
        if self.is_private() {
            self.mask.screen(&mut screen);
        }
        screen
    }

    /// Masks names from now on, or shows them again.
    pub(super) fn toggle_privacy(&mut self, now: Timestamp) {
        let on = self.ui.turn(Toggle::Privacy);
        // what is open holds names as they are, or masks
        self.ui.dialogs.clear();
        for list in self.ui.lists.values_mut() {
            list.forget_widths();
        }
        if on {
            self.learn_all_names();
        }
        let text = if on {
            "names and addresses are masked, in copies and saved views too"
        } else {
            "names and addresses are shown"
        };
        self.say(now, Role::Warn, text);
    }

    /// Masks names from the start on.
    pub(super) fn begin_private(&mut self) {
        self.ui.switch(Toggle::Privacy, self.options.privacy);
        self.learn_cluster_names();
    }

    /// Learns the names of objects that are about to be known.
    pub(super) fn learn_names(&mut self, batch: &[Delta]) {
        if !self.is_private() {
            return;
        }
        for delta in batch {
            if let Delta::Put(object) = delta {
                self.mask.object(object);
            }
        }
    }

    /// Learns how the cluster is called.
    pub(super) fn learn_cluster_names(&mut self) {
        if self.is_private() {
            let mask = &mut self.mask;
            let server = |mask: &mut Mask, url: &str| {
                let host = url.split("://").last().unwrap_or_default();
                mask.host(host.split([':', '/']).next().unwrap_or_default());
            };
            let cluster = &self.facts.cluster;
            mask.learn_phrase(Sort::Context, &cluster.context);
            mask.learn_phrase(Sort::User, &cluster.user);
            server(mask, &cluster.server);
            for context in &self.facts.contexts {
                mask.learn_phrase(Sort::Context, &context.name);
                mask.learn_phrase(Sort::Context, &context.cluster);
                mask.learn(Sort::Namespace, &context.namespace);
                server(mask, &context.server);
            }
        }
    }

    /// Learns all names that anything on the screen may have: of what is there, and of what was.
    fn learn_all_names(&mut self) {
        self.learn_cluster_names();
        let mask = &mut self.mask;
        for kind in Kind::ALL {
            let mut visit = |object: Object| mask.object(&object);
            self.facts.world.each_in(*kind, &ListScope::All, &mut visit);
        }
        for envoy in self.facts.envoys.values() {
            if let Ok(table) = &envoy.answer {
                mask.envoy(table);
            }
        }
        for entry in self.facts.history.journal().iter() {
            for change in entry.changes.iter() {
                for object in [&change.before, &change.after].into_iter().flatten() {
                    mask.object(object);
                }
            }
        }
    }
}
