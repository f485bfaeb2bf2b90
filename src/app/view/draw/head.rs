//! The header and the tabs.

use jiff::Timestamp;

use super::super::column::{Spec, fit};
use super::super::cut::{Cut, cut};
use super::super::sources::badge;
use super::super::words::governing_sentence;
use super::super::{Line, Role, Shown, Span};
use super::{cut_line, line_width, two_sided};
use crate::app::App;
use crate::app::options::Namespaces;
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

/// In less room than this the title of the story's step says nothing.
const LEAST_STORY: u16 = 24;

impl App {
    /// Context, namespaces, pod, the Sidecar that won, istiod's version, time zone, the worst source.
    pub(super) fn header(&self, now: Timestamp, width: u16) -> Line {
        let (role, text) = badge(&self.facts, now);
        let mut right = vec![Span::new(role, format!("● {text}")), Span::new(Role::Header, " ")];
        if self.is_envoy_silent() {
            right.insert(0, Span::new(Role::Warn, "Envoy ? "));
        }
        if self.ui.frozen.is_some() {
            right.insert(0, Span::new(Role::Warn, "FROZEN "));
        }
        let segments = self.segments(now);
        let cells = |segment: &Segment| segment.label.len() + Shown::from(segment.text.as_str()).width();
        let wanted: Vec<u16> = segments
            .iter()
            .map(|segment| u16::try_from(cells(segment)).unwrap_or(u16::MAX))
            .collect();
        let specs: Vec<&Spec> = segments.iter().map(|segment| &segment.spec).collect();
        let room = width.saturating_sub(u16::try_from(line_width(&right)).unwrap_or(0) + 2);
        let mut left = vec![Span::new(Role::Header, " ")];
        for (nth, (at, cells)) in fit(&specs, &wanted, room, 3).into_iter().enumerate() {
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

    fn segments(&self, now: Timestamp) -> Vec<Segment> {
        let chosen = self.ui.chosen.as_ref();
        let pod = chosen
            .map(|id| format!("{}.{}", id.key.name, id.key.namespace))
            .unwrap_or_default();
        let governing = chosen.and_then(|id| self.facts.governed.of(&id.key));
        let skew = self.facts.cluster.skew;
        let clock = if skew.abs() > SKEW {
            format!("{:+} s", skew.as_secs())
        } else {
            String::new()
        };
        let zone = now.to_zoned(self.options.time_zone.clone()).strftime("%Z").to_string();
        let context = self.facts.cluster.context.to_string();
        let governed = governing.map(short_governing).unwrap_or_default();
        let all = [
            ("", Role::Strong, context, part(1, 8, 16)),
            ("ns ", Role::Name, self.namespaces_text(), part(1, 6, 20)),
            ("pod ", Role::Name, pod, part(1, 14, 38)),
            ("by ", Role::Text, governed, part(0, 10, 27)),
            ("istiod ", Role::Text, self.istiod_version(), part(4, 8, 20)),
            ("clock ", Role::Warn, clock, part(2, 6, 12)),
            ("", Role::Header, zone, part(5, 3, 8)),
        ];
        all.into_iter()
            .filter(|(_, _, text, _)| !text.is_empty())
            .map(|(label, role, text, spec)| Segment {
                label,
                role,
                text,
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

    /// The tabs; in the demo, where the story is.
    pub(super) fn tabs(&self, now: Timestamp, width: u16) -> Line {
        let mut left = Vec::new();
        let mut add = |key: &str, view: View| {
            let is_active = self.ui.view == view;
            let role = if is_active { Role::TabActive } else { Role::Text };
            left.push(Span::new(if is_active { role } else { Role::Key }, format!(" {key} ")));
            left.push(Span::new(role, format!("{} ", view.title())));
        };
        add("`", View::Overview);
        for (at, view) in View::TABS.iter().enumerate() {
            add(&(at + 1).to_string(), *view);
        }
        // The tabs stay whole: where the story has little room, the foot tells each step as it comes.
        let room = u16::try_from(usize::from(width).saturating_sub(line_width(&left) + 2)).unwrap_or(0);
        let mut story = self.story(now);
        if line_width(&story) > usize::from(room) {
            story.truncate(if room < LEAST_STORY { 1 } else { 2 });
        }
        two_sided(left, cut_line(story, room), width)
    }

    fn story(&self, now: Timestamp) -> Line {
        let Some(demo) = self.facts.demo.as_ref().filter(|_| self.options.demo) else {
            return Vec::new();
        };
        let next = match (demo.paused, demo.next) {
            (true, _) => "paused, . steps".to_owned(),
            (false, Some(next)) => {
                let left = next.duration_since(now).max(jiff::SignedDuration::ZERO);
                format!("next in {}", super::super::age::human_duration(left))
            }
            (false, None) => "at its end, B restarts".to_owned(),
        };
        vec![
            Span::new(Role::Dim, format!("{}/{} ", demo.step, demo.steps)),
            Span::new(Role::Strong, format!("{} ", demo.title)),
            Span::new(Role::Dim, format!("({next}) ")),
        ]
    }
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
