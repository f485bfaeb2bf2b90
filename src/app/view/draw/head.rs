//! The header and the tabs.

use jiff::Timestamp;

use super::super::age::human_duration;
use super::super::column::Spec;
use super::super::cut::{Cut, cut};
use super::super::sources::badge;
use super::super::spots::{Spot, Spots};
use super::super::words::governing_sentence;
use super::super::{Area, Line, Role, Shown, Span};
use super::{line_width, two_sided};
use crate::app::App;
use crate::app::actions::Action;
use crate::app::options::{Namespaces, Play};
use crate::app::settle::Laid;
use crate::app::tables::TableId;
use crate::app::then::Then;
use crate::app::ui::View;
use crate::mesh::model::{Kind, Text};
use crate::mesh::scope::Governing;
use crate::mesh::world::Coverage;

/// A part of the header, and how it may shrink.
struct Segment {
    label: &'static str,
    role: Role,
    text: String,
    spec: Spec,
}

/// What every part may do: shrink to a readable rest, or go where there is no room.
const fn part(priority: u8, min: u16, comfort: u16) -> Spec {
    Spec {
        priority,
        min,
        comfort,
        max: 80,
        cut: Cut::Middle,
        ..Spec::NEW
    }
}

/// A difference of clocks that is worth telling.
const SKEW: jiff::SignedDuration = jiff::SignedDuration::from_secs(2);
const SEPARATOR: &str = " │ ";

impl App {
    /// Context, namespaces, pod, the Sidecar that won, istiod's version, time zone, the worst source.
    pub(super) fn header(&self, now: Timestamp, width: u16) -> Line {
        let badge = || {
            let (role, text) = self.replay_badge(now).unwrap_or_else(|| badge(&self.facts, now));
            Span::new(role, format!("● {text}"))
        };
        let badge = self.past_badge(now).unwrap_or_else(badge);
        let mut right = vec![badge, Span::new(Role::Header, " ")];
        if self.is_envoy_silent() {
            right.insert(0, Span::new(Role::Warn, "Envoy silent "));
        }
        if self.facts.recording.is_some() {
            right.insert(0, Span::new(Role::Bad, "REC "));
        }
        if self.is_private() {
            right.insert(0, Span::new(Role::Warn, "MASKED "));
        }
        if self.ui.frozen.is_some() {
            right.insert(0, Span::new(Role::Warn, "FROZEN "));
        }
        let segments = self.segments(now);
        let cells = |segment: &Segment| segment.label.len() + Shown::from(segment.text.as_str()).width();
        let parts: Vec<Part> = segments
            .iter()
            .map(|segment| Part::new(segment.spec, u16::try_from(cells(segment)).unwrap_or(u16::MAX)))
            .collect();
        let room = width.saturating_sub(u16::try_from(line_width(&right)).unwrap_or(0) + 2);
        let mut left = vec![Span::new(Role::Header, " ")];
        for (nth, (at, cells)) in share(&parts, room).into_iter().enumerate() {
            let Some(segment) = segments.get(at) else { continue };
            if nth > 0 {
                left.push(Span::new(Role::Border, SEPARATOR));
            }
            left.push(Span::new(Role::Header, segment.label));
            let room = usize::from(cells).saturating_sub(segment.label.len());
            left.push(Span {
                text: cut(&segment.text, room, segment.spec.cut),
                role: segment.role,
            });
        }
        two_sided(left, right, width)
    }

    /// The time that is looked at, as long as rows of it are on the screen: nobody is to take them for the present.
    fn past_badge(&self, now: Timestamp) -> Option<Span> {
        let then = self.past_on_screen()?;
        let at = then.point.at.map(|at| self.clock_text(at, now));
        let at = at.unwrap_or_else(|| "THE START".to_owned());
        Some(Span::new(Role::Warn, format!("◀ AS AT {at}")))
    }

    /// The table of another time, if its rows are on the screen.
    fn past_on_screen(&self) -> Option<&Then> {
        let is_shown = |laid: &Laid| laid.table.slot() == Some(0);
        self.ui.then.as_ref().filter(|_| self.ui.laid.iter().any(is_shown))
    }

    fn segments(&self, now: Timestamp) -> Vec<Segment> {
        let chosen = self.ui.chosen.as_ref();
        let pod = chosen
            .map(|id| format!("{}.{}", id.key.name, id.key.namespace))
            .unwrap_or_default();
        let governing = match self.past_on_screen() {
            Some(then) => then.found.as_ref().map(|(table, _)| &table.governing),
            None => chosen.and_then(|id| self.facts.governed.of(&id.key)),
        };
        let skew = self.facts.cluster.skew;
        let clock = if skew.abs() > SKEW {
            format!("{:+} s", skew.as_secs())
        } else {
            String::new()
        };
        let zone = now.to_zoned(self.options.time_zone.clone()).strftime("%Z").to_string();
        let context = self.facts.cluster.context.to_string();
        let governed = governing.map(short_governing).unwrap_or_default();
        // where only one has room: over pods, which has the cursor is seen already
        let (of_pod, of_sidecar) = match self.ui.active() {
            TableId::Pods | TableId::Workloads => (1, 0),
            TableId::Services
            | TableId::Endpoints(_)
            | TableId::Sidecars
            | TableId::Timeline
            | TableId::Traffic
            | TableId::Packets
            | TableId::Elsewhere => (0, 1),
        };
        // whose rows these are must never be a guess; a demo and a recording are known by their badges
        let of_context = if self.options.play.is_told() { 5 } else { 1 };
        let all = [
            ("", Role::Strong, context, part(of_context, 8, 14)),
            ("ns ", Role::Name, self.namespaces_text(), part(2, 14, 20)),
            ("pod ", Role::Name, pod, part(of_pod, 14, 22)),
            ("by ", Role::Text, governed, part(of_sidecar, 10, 27)),
            ("istiod ", Role::Text, self.istiod_version(), part(6, 8, 20)),
            ("clock ", Role::Warn, clock, part(4, 6, 12)),
            ("", Role::Header, zone, part(3, 3, 8)),
        ];
        all.into_iter()
            .filter(|(_, _, text, _)| !text.is_empty())
            .map(|(label, role, text, spec)| Segment {
                label,
                role,
                text: self.masked(text).into_owned(),
                spec,
            })
            .collect()
    }

    fn namespaces_text(&self) -> String {
        match &self.ui.namespaces {
            Namespaces::All => "all".to_owned(),
            Namespaces::Some(names) => {
                let shown: Vec<&str> = names.iter().take(2).map(Text::as_str).collect();
                let more = names.len().saturating_sub(2);
                let more = if more > 0 { format!(" +{more}") } else { String::new() };
                format!("{}{more}", shown.join(","))
            }
        }
    }

    fn istiod_version(&self) -> String {
        if let Some(table) = self.ui.panel(0).and_then(|panel| panel.table.as_ref()) {
            let assumed = if table.plane.assumed { "?" } else { "" };
            return format!("{}{assumed}", table.plane.version);
        }
        let istiods = self.facts.world.istiods.iter();
        let mut versions: Vec<&str> = istiods.map(|istiod| istiod.image_tag.as_str()).collect();
        versions.sort_unstable();
        versions.dedup();
        if versions.is_empty() && self.facts.pending().is_empty() {
            let none = match self.facts.coverage(Kind::Istiod) {
                Coverage::Denied => "not readable",
                Coverage::Pending | Coverage::Complete | Coverage::Absent | Coverage::Partial { .. } => "none found",
            };
            return none.to_owned();
        }
        versions.join(",")
    }

    /// Whether the chosen pod's Envoy does not answer; why is in the inspector and in explain.
    fn is_envoy_silent(&self) -> bool {
        let envoy = self
            .ui
            .chosen
            .as_ref()
            .and_then(|chosen| self.facts.envoys.get(&chosen.key));
        envoy.is_some_and(|envoy| envoy.answer.is_err())
    }

    /// The tabs, whole; in the demo, where the story is, as far as that fits and has no line of its own.
    pub(super) fn tabs(&self, now: Timestamp, width: u16, row: u16, spots: &mut Spots) -> Line {
        let views: Vec<View> = std::iter::once(View::Overview)
            .chain(View::TABS.iter().copied())
            .collect();
        let tabs = |gap: &'static str| {
            let mut line = Vec::new();
            for (at, view) in views.iter().enumerate() {
                let key = if at == 0 { "`".to_owned() } else { at.to_string() };
                let is_active = self.ui.view == *view;
                let role = if is_active { Role::TabActive } else { Role::Text };
                let key_role = if is_active { role } else { Role::Key };
                line.push(Span::new(key_role, format!(" {key} ")));
                line.push(Span::new(role, format!("{}{gap}", view.title())));
            }
            line
        };
        let room = usize::from(width);
        let mut left = tabs(" ");
        // one cell stays free at the right
        if line_width(&left) >= room {
            left = tabs("");
        }
        let mut next = 0_u16;
        for (view, tab) in views.iter().zip(left.chunks(2)) {
            let cells = u16::try_from(line_width(tab)).unwrap_or(u16::MAX);
            let area = Area {
                x: next,
                y: row,
                width: cells,
                height: 1,
            };
            spots.put(area, Spot::Tab(*view));
            next = next.saturating_add(cells);
        }
        let right = if self.ui.is_told {
            Vec::new()
        } else {
            let story = self.story(now);
            let place = story.first().cloned().into_iter().collect();
            [story, place]
                .into_iter()
                .find(|line| line_width(&left) + line_width(line) < room)
                .unwrap_or_default()
        };
        two_sided(left, right, width)
    }

    /// A line about the demo's story: its step to the left; to the right, if there is room, how it goes on.
    pub(super) fn story_line(&self, now: Timestamp, width: u16) -> Line {
        let mut left = self.story(now);
        left.insert(0, Span::new(Role::Dim, " "));
        let mut on = left.split_off(left.len().min(3));
        if line_width(&left) + line_width(&on) > usize::from(width) {
            on.clear();
        }
        two_sided(left, on, width)
    }

    /// Where the story or the replay is, what happens, how it goes on; nothing over a cluster.
    fn story(&self, now: Timestamp) -> Line {
        if self.options.play == Play::Replay {
            return self.replay_line(now);
        }
        let Some(demo) = self.facts.demo.as_ref().filter(|_| self.options.play == Play::Demo) else {
            return Vec::new();
        };
        let (on, does) = match (demo.paused, demo.next) {
            (true, _) => (Span::new(Role::Warn, "paused  "), " goes on "),
            (false, next) => {
                let left = next.map(|next| next.duration_since(now).max(jiff::SignedDuration::ZERO));
                let left = left.map_or_else(String::new, |left| format!("next in {}  ", human_duration(left)));
                (Span::new(Role::Dim, left), " pauses ")
            }
        };
        vec![
            Span::new(Role::Dim, format!("{}/{} ", demo.step, demo.steps)),
            Span::new(Role::Strong, format!("{}  ", demo.title)),
            on,
            Span::new(Role::Key, self.options.keys.named(Action::DemoPause)),
            Span::new(Role::Dim, does),
        ]
    }
}

/// What a part of the header takes.
#[derive(Clone, Copy)]
struct Part {
    priority: u8,
    /// As narrow as it may be.
    least: u16,
    /// What it can be read by.
    readable: u16,
    /// All of it.
    whole: u16,
}

impl Part {
    /// A short text takes no more than itself.
    fn new(spec: Spec, wanted: u16) -> Self {
        Self {
            priority: spec.priority,
            least: spec.min.min(wanted),
            readable: spec.comfort.max(spec.min).min(wanted),
            whole: wanted.min(spec.max),
        }
    }

    /// Whether it rather goes than that another one is cut.
    fn may_go(self) -> bool {
        self.priority > 2
    }
}

/// Which parts get how many cells. The least important go first, until what stays can be read; never one before another
/// that matters less.
fn share(parts: &[Part], room: u16) -> Vec<(usize, u16)> {
    let mut kept: Vec<(usize, Part)> = parts.iter().copied().enumerate().collect();
    let gaps = |parts: usize| SEPARATOR.chars().count() * parts.saturating_sub(1);
    while let Some(last) = (0..kept.len()).max_by_key(|at| kept.get(*at).map(|(_, part)| part.priority)) {
        let may_go = kept.get(last).is_some_and(|(_, part)| part.may_go());
        let needed = kept.iter().map(|(_, part)| {
            // the first is for reading, whatever becomes of the others
            let is_readable = may_go || part.priority == 0;
            usize::from(if is_readable { part.readable } else { part.least })
        });
        let needed = needed.sum::<usize>() + gaps(kept.len());
        if needed <= usize::from(room) || kept.len() == 1 {
            break;
        }
        kept.remove(last);
    }
    let mut order: Vec<usize> = (0..kept.len()).collect();
    order.sort_by_key(|at| kept.get(*at).map(|(at, part)| (part.priority, *at)));
    let mut cells: Vec<u16> = vec![0; kept.len()];
    let gaps = u16::try_from(gaps(kept.len())).unwrap_or(u16::MAX);
    let mut left = room.saturating_sub(gaps);
    let goals: [fn(&Part) -> u16; 3] = [|part| part.least, |part| part.readable, |part| part.whole];
    for goal in goals {
        for at in &order {
            let (Some((_, part)), Some(cells)) = (kept.get(*at), cells.get_mut(*at)) else {
                continue;
            };
            let more = goal(part).saturating_sub(*cells).min(left);
            *cells += more;
            left -= more;
        }
    }
    kept.iter().map(|(at, _)| *at).zip(cells).collect()
}

fn short_governing(governing: &Governing) -> String {
    match governing {
        Governing::Own(key) | Governing::RootDefault(key) => format!("Sidecar {key}"),
        Governing::BuiltIn => "no Sidecar".to_owned(),
        Governing::Gateway => governing_sentence(governing)
            .split(':')
            .next()
            .unwrap_or_default()
            .to_owned(),
    }
}
