//! The timeline: each change of an input, by whom, and what it did to the chosen pod.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::app::lag::Lag;
use crate::app::view::Role;
use crate::app::view::column::{Column, Output, Place, Spec, Table};
use crate::app::view::cut::Cut;
use crate::app::view::value::{Datum, Value};
use crate::mesh::history::{Author, Cause, Edit, Effect, Happening, Line};
use crate::mesh::model::Text;

/// The table of the timeline.
#[derive(Debug)]
pub enum Timeline {}

/// A line of it.
#[derive(Clone, Copy, Debug)]
pub struct TimelineRow<'a> {
    /// The line.
    pub line: &'a Line,
    /// In which times are written.
    pub zone: &'a TimeZone,
    /// Today is told from other days.
    pub now: Timestamp,
    /// How long the chosen pod's Envoy took to follow; `None` if nobody knows.
    pub lag: Option<Lag>,
}

impl Table for Timeline {
    type Row<'a> = TimelineRow<'a>;

    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }
}

static COLUMNS: &[Column<Timeline>] = &[
    Column {
        spec: Spec {
            id: "time",
            head: "TIME",
            min: 8,
            max: 14,
            priority: 0,
            place: Place::Fixed,
            searched: false,
            help: "When it was written, by the server's clock where an object says so.",
            ..Spec::NEW
        },
        datum: time,
    },
    Column {
        spec: Spec {
            id: "object",
            head: "OBJECT",
            min: 16,
            comfort: 24,
            max: 60,
            priority: 1,
            cut: Cut::Middle,
            place: Place::Fixed,
            help: "What was changed.",
            ..Spec::NEW
        },
        datum: object,
    },
    Column {
        spec: Spec {
            id: "what",
            head: "WHAT",
            min: 7,
            comfort: 12,
            max: 40,
            priority: 2,
            help: "What happened to it.",
            ..Spec::NEW
        },
        datum: what,
    },
    Column {
        spec: Spec {
            id: "effect",
            head: "EFFECT",
            min: 8,
            max: 18,
            priority: 2,
            searched: false,
            derived: true,
            help: "Endpoints that the chosen pod gained, lost, and whose state changed.",
            ..Spec::NEW
        },
        datum: effect,
    },
    Column {
        spec: Spec {
            id: "lag",
            head: "IN ENVOY",
            min: 8,
            max: 14,
            cut: Cut::Never,
            priority: 4,
            output: Output::Wide,
            searched: false,
            derived: true,
            help: "How long after its event the chosen pod's Envoy had it: between two looks.",
            ..Spec::NEW
        },
        datum: |row| match row.lag {
            Some(lag) => Datum::new(Role::Number, Value::Built(lag.to_string())),
            None => Value::Empty.into(),
        },
    },
    Column {
        spec: Spec {
            id: "manager",
            head: "MANAGER",
            min: 8,
            comfort: 12,
            max: 30,
            priority: 2,
            cut: Cut::Middle,
            help: "The program that wrote it; a person is never named by Kubernetes.",
            ..Spec::NEW
        },
        datum: manager,
    },
    Column {
        spec: Spec {
            id: "generation",
            head: "GEN",
            min: 3,
            max: 9,
            priority: 5,
            searched: false,
            help: "The object's generation, before and after.",
            ..Spec::NEW
        },
        datum: generation,
    },
    Column {
        spec: Spec {
            id: "fields",
            head: "FIELDS",
            min: 12,
            comfort: 14,
            max: 100,
            priority: 4,
            output: Output::Wide,
            searched: false,
            help: "What of it differs.",
            ..Spec::NEW
        },
        datum: fields,
    },
];

/// The line between what was seen and what objects tell of the time before.
pub(in crate::app) const BEFORE: &str = "before sidescope started: older text and deletions unknown";

fn time(row: &TimelineRow<'_>) -> Datum {
    let at = match row.line {
        Line::Edit(edit, _) => edit.written().unwrap_or(edit.at),
        Line::Endpoints(_, at, ..) => *at,
        Line::Start => return Value::Empty.into(),
        Line::Before(before) => before.at,
    };
    Datum::new(Role::Number, Value::Built(clock(at, row.now, row.zone)))
}

/// The time of day; with the day where it is another than today's.
pub fn clock(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (at, today) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()).date());
    let format = if at.date() == today { "%H:%M:%S" } else { "%b %d %H:%M" };
    at.strftime(format).to_string()
}

fn object(row: &TimelineRow<'_>) -> Datum {
    let text = match row.line {
        Line::Edit(edit, _) => format!("{} {}", edit.kind.name(), edit.key),
        Line::Endpoints(.., Cause::Pod(pod, _)) => format!("Pod {pod}"),
        Line::Endpoints(.., Cause::Endpoints(service)) => format!("Service {service}"),
        Line::Endpoints(..) => "endpoints".to_owned(),
        Line::Start => BEFORE.to_owned(),
        Line::Before(before) => format!("{} {}", object_kind(row.line).unwrap_or_default(), before.key),
    };
    let role = match row.line {
        Line::Edit(..) | Line::Before(_) => Role::Name,
        Line::Endpoints(..) | Line::Start => Role::Dim,
    };
    Datum::new(role, Value::Built(text))
}

/// The kind that a line is about, as a manifest names it.
fn object_kind(line: &Line) -> Option<&'static str> {
    match line {
        Line::Edit(edit, _) => Some(edit.kind.name()),
        Line::Before(before) => Some(match before.what {
            Happening::Event { .. } => "Pod",
            Happening::Created | Happening::Written(..) | Happening::Ready(_) => before.kind.name(),
        }),
        Line::Endpoints(..) | Line::Start => None,
    }
}

fn what(row: &TimelineRow<'_>) -> Datum {
    match row.line {
        Line::Edit(edit, _) => Value::Word(edit.verb.as_str()).into(),
        Line::Endpoints(.., Cause::Pod(_, event)) => Datum::new(Role::Dim, Value::Word(event.as_str())),
        Line::Endpoints(.., Cause::Endpoints(_)) => Datum::new(Role::Dim, Value::Word("endpoints changed")),
        Line::Endpoints(..) => Datum::new(Role::Dim, Value::Word("changed")),
        Line::Start => Value::Empty.into(),
        Line::Before(before) => match &before.what {
            Happening::Created => Value::Word("created").into(),
            Happening::Written(..) => Value::Word("written").into(),
            Happening::Ready(true) => Datum::new(Role::Good, Value::Word("became ready")),
            Happening::Ready(false) => Datum::new(Role::Bad, Value::Word("became not ready")),
            Happening::Event {
                event_type,
                reason,
                count,
                ..
            } => {
                let role = if *event_type == "Warning" {
                    Role::Warn
                } else {
                    Role::Text
                };
                let times = if *count > 1 {
                    format!(" x{count}")
                } else {
                    String::new()
                };
                Datum::new(role, Value::Built(format!("{reason}{times}")))
            }
        },
    }
}

fn effect(row: &TimelineRow<'_>) -> Datum {
    let effect = match row.line {
        Line::Edit(_, effect) => *effect,
        Line::Endpoints(_, _, effect, _) => Some(*effect),
        Line::Start | Line::Before(_) => None,
    };
    match effect {
        None => Value::Empty.into(),
        Some(effect) if effect.is_none() => Datum::new(Role::Dim, Value::Word("none")),
        Some(effect) => {
            let role = if effect.removed > 0 {
                Role::Removed
            } else if effect.added > 0 {
                Role::Added
            } else {
                Role::Changed
            };
            Datum::new(role, Value::Built(effect_text(&effect)))
        }
    }
}

/// `+a -b ~c`; names only, where no row came or went.
pub fn effect_text(effect: &Effect) -> String {
    let rows = format!("+{} -{} ~{}", effect.added, effect.removed, effect.changed);
    if effect.added + effect.removed + effect.changed > 0 {
        return rows;
    }
    format!("names +{} -{}", effect.hosts_added, effect.hosts_removed)
}

fn manager(row: &TimelineRow<'_>) -> Datum {
    let author: Option<&Author> = match row.line {
        Line::Edit(edit, _) => edit.author.as_ref(),
        Line::Before(before) => match &before.what {
            Happening::Written(author, _) => Some(author),
            Happening::Created | Happening::Ready(_) | Happening::Event { .. } => return Value::Empty.into(),
        },
        Line::Endpoints(..) | Line::Start => return Value::Empty.into(),
    };
    author
        .map_or(Value::Unknown, |author| Value::Text(author.manager.clone()))
        .into()
}

fn generation(row: &TimelineRow<'_>) -> Datum {
    let Line::Edit(edit, _) = row.line else {
        return Value::Empty.into();
    };
    let text = match edit.generation {
        (Some(before), Some(after)) if before != after => format!("{before}→{after}"),
        (_, Some(after)) if after > 0 => after.to_string(),
        (Some(before), None) if before > 0 => before.to_string(),
        _ => return Value::Empty.into(),
    };
    Datum::new(Role::Dim, Value::Built(text))
}

fn fields(row: &TimelineRow<'_>) -> Datum {
    let text = match row.line {
        Line::Edit(edit, _) => {
            let texts = telling_fields(edit);
            texts.join("; ")
        }
        Line::Endpoints(..) | Line::Start => String::new(),
        Line::Before(before) => match &before.what {
            Happening::Written(_, fields) => {
                let fields = fields.iter().map(Text::as_str);
                // labels and annotations matter least, and there are many
                let (last, mut first): (Vec<&str>, Vec<&str>) = fields.partition(|path| path.starts_with("metadata."));
                first.extend(last);
                first.join(", ")
            }
            Happening::Event { message, .. } => message.to_string(),
            Happening::Created | Happening::Ready(_) => String::new(),
        },
    };
    Datum::new(
        Role::Dim,
        if text.is_empty() {
            Value::Empty
        } else {
            Value::Built(text)
        },
    )
}

/// The fields that an edit touched and that say something, each with what it was and is.
pub(in crate::app) fn telling_fields(edit: &Edit) -> Vec<String> {
    let telling = edit.fields().iter().filter(|field| !is_bookkeeping(&field.path));
    telling.map(ToString::to_string).collect()
}

/// Fields that the server or a tool counts in, and nobody wrote.
fn is_bookkeeping(path: &str) -> bool {
    const PATHS: &[&str] = &[
        "metadata.generation",
        "metadata.resourceVersion",
        "metadata.annotations[\"kubectl.kubernetes.io/last-applied-configuration\"]",
    ];
    PATHS.contains(&path)
}

/// A cause in words, with the time of the edit behind it.
pub fn cause_text(cause: &Cause, now: Timestamp, zone: &TimeZone) -> String {
    match cause {
        Cause::Edit(edit) => {
            let at = clock(edit.written().unwrap_or(edit.at), now, zone);
            let generation = match edit.generation {
                (_, Some(after)) if after > 0 => format!(", generation {after}"),
                _ => String::new(),
            };
            format!("{cause} at {at}{generation}")
        }
        Cause::OneOf(_)
        | Cause::Pod(..)
        | Cause::Endpoints(_)
        | Cause::Node(_)
        | Cause::Successor(_)
        | Cause::Unknown => cause.to_string(),
    }
}
