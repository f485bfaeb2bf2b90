//! The header and the tabs.

use jiff::Timestamp;

use super::super::sources::badge;
use super::super::words::governing_sentence;
use super::super::{Line, Role, Span};
use super::{line_width, two_sided};
use crate::app::App;
use crate::app::options::Namespaces;
use crate::app::ui::View;
use crate::mesh::scope::Governing;

/// A part of the header; what matters least goes first where room is short.
struct Segment {
    importance: u8,
    spans: Line,
}

impl App {
    /// Context, namespaces, pod, the Sidecar that won, istiod's version, time zone, the worst source.
    pub(super) fn header(&self, now: Timestamp, width: u16) -> Line {
        let (role, text) = badge(&self.facts, now);
        let mut right = vec![Span::new(role, format!("● {text}")), Span::new(Role::Header, " ")];
        if self.ui.frozen.is_some() {
            right.insert(0, Span::new(Role::Warn, "FROZEN "));
        }
        let room = usize::from(width).saturating_sub(line_width(&right) + 2);
        let mut segments = self.segments(now);
        let total =
            |segments: &[Segment]| -> usize { segments.iter().map(|segment| line_width(&segment.spans) + 3).sum() };
        while segments.len() > 1 && total(&segments) > room {
            let least = segments
                .iter()
                .enumerate()
                .max_by_key(|(_, segment)| segment.importance);
            let Some((at, _)) = least else { break };
            segments.remove(at);
        }
        let mut left = vec![Span::new(Role::Header, " ")];
        for (at, segment) in segments.into_iter().enumerate() {
            if at > 0 {
                left.push(Span::new(Role::Border, " │ "));
            }
            left.extend(segment.spans);
        }
        two_sided(left, right, width)
    }

    fn segments(&self, now: Timestamp) -> Vec<Segment> {
        let mut segments = Vec::new();
        let mut add = |importance: u8, label: &str, role: Role, text: String| {
            if !text.is_empty() {
                let mut spans = Vec::new();
                if !label.is_empty() {
                    spans.push(Span::new(Role::Header, format!("{label} ")));
                }
                spans.push(Span::new(role, text));
                segments.push(Segment { importance, spans });
            }
        };
        add(3, "", Role::Strong, self.facts.cluster.context.to_string());
        add(2, "ns", Role::Name, self.namespaces_text());
        let chosen = self.ui.chosen.as_ref();
        let pod = chosen
            .map(|id| format!("{}.{}", id.key.name, id.key.namespace))
            .unwrap_or_default();
        add(0, "pod", Role::Name, pod);
        let governing = chosen.and_then(|id| self.facts.governed.of(&id.key));
        add(1, "by", Role::Text, governing.map(short_governing).unwrap_or_default());
        add(4, "istiod", Role::Text, self.istiod_version());
        if let Some(why) = self.envoy_silence() {
            add(5, "", Role::Warn, why);
        }
        let skew = self.facts.cluster.skew;
        if skew.abs() > jiff::SignedDuration::from_secs(2) {
            add(6, "clock", Role::Warn, format!("{:+} s", skew.as_secs()));
        }
        let zone = now.to_zoned(self.options.time_zone.clone()).strftime("%Z").to_string();
        add(7, "", Role::Header, zone);
        segments
    }

    fn namespaces_text(&self) -> String {
        match &self.ui.namespaces {
            Namespaces::All => "all".to_owned(),
            Namespaces::Some(names) => {
                let shown: Vec<&str> = names.iter().take(2).map(|name| name.as_str()).collect();
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
            return "none found".to_owned();
        }
        versions.join(",")
    }

    /// That the chosen pod's Envoy does not answer; the sentence why is in the inspector and in explain.
    fn envoy_silence(&self) -> Option<String> {
        let chosen = self.ui.chosen.as_ref()?;
        let envoy = self.facts.envoys.get(&chosen.key)?;
        envoy.answer.is_err().then(|| "Envoy not asked".to_owned())
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
        two_sided(left, self.story(now), width)
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
            Span::new(Role::Strong, format!("{}/{} {}", demo.step, demo.steps, demo.title)),
            Span::new(Role::Dim, format!(" ({next}) ")),
        ]
    }
}

fn short_governing(governing: &Governing) -> String {
    match governing {
        Governing::Own(key) | Governing::RootDefault(key) => format!("Sidecar {key}"),
        Governing::BuiltIn => "*/*".to_owned(),
        Governing::Gateway => governing_sentence(governing)
            .split(':')
            .next()
            .unwrap_or_default()
            .to_owned(),
    }
}
