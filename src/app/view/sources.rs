//! How the sources do: the badge in the header, the list of all of them, the log.

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::age::{age, human_duration};
use super::counted;
use super::state::plural;
use super::table::timeline::clock;
use super::{Line, Role, Span};
use crate::app::dialog::TextDialog;
use crate::app::facts::{Facts, Source};
use crate::app::message::CaptureState;
use crate::app::packets::Source as Capture;
use crate::mesh::model::Kind;
use crate::mesh::world::{Coverage, Failure, SourceState};

/// For so long a live source is simply live.
const FRESH: SignedDuration = SignedDuration::from_secs(10);
/// A silent watch is dialled anew after a little more than a minute: what is silent for longer may not show what is so now.
const DOUBTFUL: SignedDuration = SignedDuration::from_secs(70);
/// A broken source shows what was so this long ago.
const STALE: SignedDuration = SignedDuration::from_secs(30);

/// The worst of all sources, in a few words.
pub(crate) fn badge(facts: &Facts, now: Timestamp) -> (Role, String) {
    let states = || facts.sources.values();
    let expired = states().any(|source| matches!(failure(source), Some(Failure::Unauthorized(_))));
    if expired {
        return (Role::Bad, "login expired: L".to_owned());
    }
    let retrying = states().filter_map(|source| retry(source, now)).min();
    let oldest = states()
        .filter(|source| is_followed(source))
        .map(|source| source.heard)
        .min();
    let stale = oldest.map_or(SignedDuration::ZERO, |heard| now.duration_since(heard));
    if let Some((left, attempt)) = retrying {
        let text = if left < SignedDuration::from_secs(1) {
            format!("retry {attempt} now")
        } else {
            format!("retry {attempt} in {}", human_duration(left))
        };
        if stale >= STALE {
            return (Role::Bad, format!("stale {}, {text}", human_duration(stale)));
        }
        return (Role::Bad, text);
    }
    let denied = Kind::ALL
        .iter()
        .filter(|kind| facts.coverage(**kind) == Coverage::Denied)
        .count();
    let listed: usize = states()
        .map(|source| match source.state {
            SourceState::Listing(count) => count,
            SourceState::Connecting
            | SourceState::Live
            | SourceState::Absent
            | SourceState::Retrying { .. }
            | SourceState::Denied { .. } => 0,
        })
        .sum();
    if states().any(|source| matches!(source.state, SourceState::Listing(_))) {
        return (Role::Warn, format!("listing {listed}"));
    }
    let is_unknown = |kind: &Kind| facts.coverage(*kind) == Coverage::Pending;
    let connects = || states().any(|source| source.state == SourceState::Connecting);
    if facts.sources.is_empty() || connects() || Kind::ALL.iter().any(is_unknown) {
        return (Role::Warn, "connecting".to_owned());
    }
    if denied > 0 {
        return (Role::Warn, format!("denied {denied}"));
    }
    let polled = states().filter(|source| is_polled(source)).count();
    if polled > 0 {
        return (Role::Warn, format!("polled {polled}"));
    }
    if stale >= DOUBTFUL {
        return (Role::Bad, format!("stale {}", human_duration(stale)));
    }
    let newest = states().map(|source| source.heard).max();
    let silence = newest.map_or(SignedDuration::ZERO, |heard| now.duration_since(heard));
    if silence < FRESH {
        return (Role::Good, "live".to_owned());
    }
    (Role::Good, format!("live {}", human_duration(silence)))
}

/// When the badge says something else by time alone.
pub(crate) fn badge_change(facts: &Facts, now: Timestamp) -> Option<Timestamp> {
    let second = now.saturating_add(SignedDuration::from_secs(1)).ok();
    if facts.sources.values().any(|source| retry(source, now).is_some()) {
        return second;
    }
    let heard = || {
        facts
            .sources
            .values()
            .filter(|source| is_followed(source))
            .map(|source| source.heard)
    };
    let (newest, oldest) = (heard().max()?, heard().min()?);
    let turns = [newest.saturating_add(FRESH), oldest.saturating_add(DOUBTFUL)];
    let turn = turns.into_iter().flatten().filter(|turn| *turn > now).min();
    let fresh_until = newest.saturating_add(FRESH).ok()?;
    let ticks = (now >= fresh_until).then(|| super::age::next_change(newest, now));
    turn.into_iter().chain(ticks).min()
}

fn failure(source: &Source) -> Option<&Failure> {
    match &source.state {
        SourceState::Retrying { failure, .. } | SourceState::Denied { failure, .. } => Some(failure),
        SourceState::Connecting | SourceState::Listing(_) | SourceState::Live | SourceState::Absent => None,
    }
}

/// Whether it may be listed from time to time, and not watched.
fn is_polled(source: &Source) -> bool {
    matches!(failure(source), Some(Failure::Forbidden { verb: "watch", .. }))
}

/// Whether it is to bring changes as they happen.
fn is_followed(source: &Source) -> bool {
    match source.state {
        SourceState::Live | SourceState::Retrying { .. } => true,
        SourceState::Connecting | SourceState::Listing(_) | SourceState::Absent | SourceState::Denied { .. } => false,
    }
}

/// Until the next try, and which one it is.
fn retry(source: &Source, now: Timestamp) -> Option<(SignedDuration, u32)> {
    let SourceState::Retrying { attempt, wait, .. } = &source.state else {
        return None;
    };
    let until = source.said.saturating_add(*wait).unwrap_or(now);
    Some((until.duration_since(now).max(SignedDuration::ZERO), *attempt))
}

/// All sources, a line each, with what to do where one does not work.
pub(crate) fn sources(facts: &Facts, now: Timestamp) -> TextDialog {
    let mut lines: Vec<Line> = Vec::new();
    let skew = facts.cluster.skew;
    for (label, text) in [
        ("context", facts.cluster.context.to_string()),
        ("server", format!("{} {}", facts.cluster.server, facts.cluster.version)),
        ("user", facts.cluster.user.to_string()),
    ] {
        lines.push(vec![
            Span::new(Role::Dim, format!("{label:<10}")),
            Span::new(Role::Text, text),
        ]);
    }
    if skew.abs() > SignedDuration::from_secs(2) {
        let text = format!("the server's clock differs from ours by {} s", skew.as_secs());
        lines.push(vec![Span::new(Role::Warn, text)]);
    }
    lines.push(Vec::new());
    for kind in Kind::ALL {
        lines.extend(source_lines(facts, *kind, now));
    }
    lines.extend(capture(facts, now));
    TextDialog::new("Sources", lines).broken(16)
}

/// What packets come from, if any are asked for.
fn capture(facts: &Facts, now: Timestamp) -> Vec<Line> {
    let Some(source) = facts.packets.source() else {
        return Vec::new();
    };
    let (role, state) = capture_words(source, now);
    let numbers = facts.packets.numbers();
    let mut counts = counted(numbers.end, "packet");
    let odd = facts.packets.totals().odd;
    for (count, what) in [(facts.packets.missed(), "missed"), (odd, "cut or contradictory")] {
        if count > 0 {
            let _ = write!(counts, ", {count} {what}");
        }
    }
    let mut lines = vec![
        Vec::new(),
        vec![
            Span::new(Role::Text, format!("packets of {}  ", source.from)),
            Span::new(role, state),
        ],
        vec![Span::new(Role::Dim, format!("    {counts}"))],
    ];
    let last = numbers.end.checked_sub(1).and_then(|last| facts.packets.get(last));
    lines.extend(last.map(|last| {
        let place = facts.packets.directory().words(&last.place);
        let text = format!("    the last: {}  {place}", last.captured.line);
        vec![Span::new(Role::Dim, text)]
    }));
    lines
}

/// How a capture does.
pub(crate) fn capture_words(source: &Capture, now: Timestamp) -> (Role, String) {
    let since = age(Some(source.since), now);
    match &source.state {
        CaptureState::Reading => (Role::Good, "reading".to_owned()),
        CaptureState::Ended => (Role::Text, format!("ended {since} ago")),
        CaptureState::Broken(why) => (Role::Bad, format!("broke off {since} ago: {why}")),
    }
}

fn source_lines(facts: &Facts, kind: Kind, now: Timestamp) -> Vec<Line> {
    let count = facts.world.count(kind);
    let Some(source) = facts.source(kind) else {
        let text = format!("{:<20}{count:>7}  not asked for", plural(kind));
        return vec![vec![Span::new(Role::Dim, text)]];
    };
    let (role, state, next) = said(source, kind, now);
    let mut lines = vec![vec![
        Span::new(Role::Text, format!("{:<20}{count:>7}  ", plural(kind))),
        Span::new(role, state),
    ]];
    lines.extend(next.map(|next| vec![Span::new(Role::Key, format!("    {next}"))]));
    for (namespace, source) in facts.sources_by_namespace(kind) {
        let (role, state, _) = said(source, kind, now);
        lines.push(vec![
            Span::new(Role::Dim, format!("    in {namespace}: ")),
            Span::new(role, state),
        ]);
    }
    lines
}

/// A source's state in words, and what to do or why.
fn said(source: &Source, kind: Kind, now: Timestamp) -> (Role, String, Option<String>) {
    match &source.state {
        SourceState::Connecting => (Role::Warn, "connecting".to_owned(), None),
        SourceState::Listing(received) => (Role::Warn, format!("listing, {received} received"), None),
        SourceState::Live => (
            Role::Good,
            format!("live, heard {} ago", age(Some(source.heard), now)),
            None,
        ),
        SourceState::Absent => (Role::Dim, "the server does not have it".to_owned(), None),
        SourceState::Retrying { attempt, failure, .. } => {
            let state = format!(
                "try {attempt}, broken for {}; Ctrl-r tries now",
                age(Some(source.since), now)
            );
            (Role::Bad, state, Some(failure.to_string()))
        }
        SourceState::Denied { failure } => (Role::Bad, failure.to_string(), Some(super::state::can_i(kind, failure))),
    }
}

/// What went wrong until now, the newest first.
pub(crate) fn log(facts: &Facts, now: Timestamp, zone: &TimeZone) -> TextDialog {
    let mut lines: Vec<Line> = facts
        .log
        .iter()
        .rev()
        .map(|(at, line)| {
            vec![
                Span::new(Role::Number, format!("{}  ", clock(*at, now, zone))),
                Span::new(Role::Text, line.as_str()),
            ]
        })
        .collect();
    if lines.is_empty() {
        lines.push(vec![Span::new(Role::Good, "nothing went wrong")]);
    }
    TextDialog::new("Log", lines).broken(16)
}
