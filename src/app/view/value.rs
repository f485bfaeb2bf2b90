//! What stands in a cell, before it is text: one value gives the text, the sort key and the JSON field.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;

use super::Role;
use super::age::{age, human_duration, next_change};
use crate::mesh::lint::Level;
use crate::mesh::model::{Labels, Text};

/// The content of a cell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// There is none, and nothing is shown.
    Empty,
    /// There is none; kubectl's `<none>`.
    None,
    /// It is not known; kubectl's `<unknown>`.
    Unknown,
    /// Cluster text.
    Text(Text),
    /// A text put together here.
    Built(String),
    /// One of our own words.
    Word(&'static str),
    /// A count.
    Number(i64),
    /// So many a second, in thousandths.
    Rate(u64),
    /// Rates of the last seconds in thousandths, the newest last, as a line of blocks; a blank where nobody knows.
    Spark(Arc<[Option<u64>]>),
    /// So many of so many.
    Ratio(u64, u64),
    /// So many things that are wrong, and how bad the worst is.
    Findings(usize, Option<Level>),
    /// The time since; `<unknown>` without it.
    Age(Option<Timestamp>),
    /// How often, and when the last time was: `3 (5m ago)`.
    Restarts(u32, Option<Timestamp>),
    /// A list, separated by commas; `<none>` if it is empty.
    List(Arc<[Text]>),
    /// `key=value` pairs, separated by commas; `<none>` if there is none.
    Labels(Labels),
}

/// By what a column is sorted. Numbers come before texts, what is absent comes last.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum SortKey {
    /// A number.
    Number(i64),
    /// A text.
    Text(Text),
    /// Nothing to sort by.
    #[default]
    Absent,
}

impl Value {
    /// A text, or [`Value::None`] if it is empty.
    pub fn or_none(text: &Text) -> Self {
        if text.is_empty() {
            Value::None
        } else {
            Value::Text(text.clone())
        }
    }

    /// As kubectl would print it at this time.
    pub fn text(&self, now: Timestamp) -> Cow<'_, str> {
        match self {
            Value::Empty => "".into(),
            Value::None => "<none>".into(),
            Value::Unknown => "<unknown>".into(),
            Value::Text(text) => text.as_str().into(),
            Value::Built(text) => text.as_str().into(),
            Value::Word(word) => (*word).into(),
            Value::Number(number) => number.to_string().into(),
            Value::Rate(thousandths) => rate(*thousandths).into(),
            Value::Spark(past) => spark(past).into(),
            Value::Ratio(of, all) => format!("{of}/{all}").into(),
            Value::Findings(count, None) => count.to_string().into(),
            Value::Findings(count, Some(worst)) => format!("{count} ({})", worst.as_str()).into(),
            Value::Age(since) => age(*since, now).into(),
            Value::Restarts(count, Some(last)) if *count > 0 => {
                format!("{count} ({} ago)", human_duration(now.duration_since(*last))).into()
            }
            Value::Restarts(count, _) => count.to_string().into(),
            Value::List(items) if items.is_empty() => "<none>".into(),
            Value::List(items) => {
                let items: Vec<&str> = items.iter().map(Text::as_str).collect();
                items.join(",").into()
            }
            Value::Labels(labels) if labels.is_empty() => "<none>".into(),
            Value::Labels(labels) => {
                let pairs: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
                pairs.join(",").into()
            }
        }
    }

    /// As a program reads it: numbers as numbers, times as RFC 3339, absence as `null`.
    pub fn json(&self) -> serde_json::Value {
        let time = |time: &Option<Timestamp>| time.map_or(serde_json::Value::Null, |time| json!(time.to_string()));
        match self {
            Value::Empty | Value::None | Value::Unknown => serde_json::Value::Null,
            Value::Text(text) => json!(text.as_str()),
            Value::Built(text) => json!(text),
            Value::Word(word) => json!(word),
            Value::Number(number) => json!(number),
            Value::Rate(thousandths) => match (thousandths / 1000, thousandths % 1000) {
                (whole, 0) => json!(whole),
                (whole, rest) => serde_json::from_str(&format!("{whole}.{rest:03}")).unwrap_or_default(),
            },
            Value::Spark(past) => past
                .iter()
                .map(|rate| rate.map_or(Value::Empty, Value::Rate).json())
                .collect(),
            Value::Ratio(of, all) => json!({ "ready": of, "total": all }),
            Value::Findings(count, worst) => json!({ "count": count, "worst": worst.map(Level::as_str) }),
            Value::Age(since) => time(since),
            Value::Restarts(count, last) => json!({ "count": count, "last": time(last) }),
            Value::List(items) => json!(items.iter().map(Text::as_str).collect::<Vec<_>>()),
            Value::Labels(labels) => labels
                .iter()
                .map(|(key, value)| (key.to_string(), json!(value.as_str())))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }

    /// By what it is sorted. Ages sort the youngest first, as their texts would.
    pub fn sort_key(&self) -> SortKey {
        match self {
            Value::Empty | Value::None | Value::Unknown | Value::Age(None) => SortKey::Absent,
            Value::Spark(past) => {
                let sum = past.iter().flatten().fold(0_u64, |sum, rate| sum.saturating_add(*rate));
                SortKey::Number(i64::try_from(sum).unwrap_or(i64::MAX))
            }
            Value::Text(text) => SortKey::Text(text.clone()),
            Value::Built(text) => SortKey::Text(text.as_str().into()),
            Value::Word(word) => SortKey::Text((*word).into()),
            Value::Number(number) => SortKey::Number(*number),
            Value::Rate(thousandths) => SortKey::Number(i64::try_from(*thousandths).unwrap_or(i64::MAX)),
            Value::Ratio(_, 0) => SortKey::Number(i64::MAX),
            Value::Ratio(of, all) => {
                SortKey::Number(i64::try_from(of.saturating_mul(10_000) / all).unwrap_or(i64::MAX))
            }
            Value::Findings(count, worst) => {
                // the worst first: more of a lesser level never outweigh it
                let rank = worst.map_or(0, |worst| 1 + worst as i64);
                let count = i64::try_from(*count).unwrap_or(i64::MAX).min(999_999);
                SortKey::Number(-(rank * 1_000_000 + count))
            }
            Value::Age(Some(since)) => SortKey::Number(since.as_second().saturating_neg()),
            Value::Restarts(count, _) => SortKey::Number(i64::from(*count)),
            Value::List(_) | Value::Labels(_) => SortKey::Text(self.text(Timestamp::UNIX_EPOCH).into_owned().into()),
        }
    }

    /// When its text changes by time alone; `None`: never.
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Value::Age(Some(since)) | Value::Restarts(1.., Some(since)) => Some(next_change(*since, now)),
            Value::Empty
            | Value::None
            | Value::Unknown
            | Value::Text(_)
            | Value::Built(_)
            | Value::Word(_)
            | Value::Number(_)
            | Value::Rate(_)
            | Value::Spark(_)
            | Value::Ratio(..)
            | Value::Findings(..)
            | Value::Age(None)
            | Value::Restarts(..)
            | Value::List(_)
            | Value::Labels(_) => None,
        }
    }
}

/// One glyph a second; a blank where nobody knows.
pub(in crate::app) fn spark(past: &[Option<u64>]) -> String {
    const GLYPHS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = past.iter().flatten().max().copied().unwrap_or_default().max(1);
    let glyph = |rate: u64| {
        let step = usize::try_from((u128::from(rate) * 7).div_ceil(u128::from(most))).unwrap_or(7);
        GLYPHS.get(step).copied().unwrap_or('█')
    };
    past.iter().map(|rate| rate.map_or(' ', glyph)).collect()
}

/// A rate as short as it says enough: `0`, `<0.1`, `0.3`, `12.4`, `1234`.
pub(in crate::app) fn rate(thousandths: u64) -> String {
    match thousandths {
        0 => "0".to_owned(),
        1..50 => "<0.1".to_owned(),
        50..99_950 => {
            let tenths = (thousandths + 50) / 100;
            format!("{}.{}", tenths / 10, tenths % 10)
        }
        99_950.. => ((thousandths + 500) / 1000).to_string(),
    }
}

/// A value with the part it plays.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Datum {
    /// What.
    pub value: Value,
    /// As what.
    pub role: Role,
}

impl Datum {
    /// A value that plays this part.
    pub fn new(role: Role, value: Value) -> Self {
        Self { value, role }
    }
}

impl From<Value> for Datum {
    /// Plain text; what is absent is dim.
    fn from(value: Value) -> Self {
        let role = match &value {
            Value::Empty | Value::None | Value::Unknown | Value::Age(_) => Role::Dim,
            Value::List(items) if items.is_empty() => Role::Dim,
            Value::Labels(labels) if labels.is_empty() => Role::Dim,
            Value::Text(_)
            | Value::Built(_)
            | Value::Word(_)
            | Value::Number(_)
            | Value::Rate(_)
            | Value::Spark(_)
            | Value::Ratio(..)
            | Value::Findings(..)
            | Value::Restarts(..)
            | Value::List(_)
            | Value::Labels(_) => Role::Text,
        };
        Self { value, role }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn restarts_say_when_the_last_one_was() {
        let last = Timestamp::UNIX_EPOCH;
        let now = last + SignedDuration::from_mins(5);
        assert_eq!(Value::Restarts(3, Some(last)).text(now), "3 (5m ago)");
        assert_eq!(Value::Restarts(3, None).text(now), "3");
        assert_eq!(Value::Restarts(0, Some(last)).text(now), "0");
    }

    #[test]
    fn rates_have_a_decimal_as_long_as_it_says_something() {
        let texts = [0, 49, 50, 340, 12_350, 99_949, 99_950, 1_234_567].map(rate);
        assert_eq!(texts, ["0", "<0.1", "0.1", "0.3", "12.4", "99.9", "100", "1235"]);
        assert_eq!(Value::Rate(1_250).json().to_string(), "1.25");
    }

    #[test]
    fn a_line_of_blocks_is_scaled_to_its_highest_and_blank_where_nobody_knows() {
        assert_eq!(spark(&[Some(0), None, Some(1), Some(500), Some(1_000)]), "▁ ▂▅█");
        assert_eq!(spark(&[Some(0), Some(0)]), "▁▁");
        assert_eq!(spark(&[Some(u64::MAX), Some(1)]), "█▂", "no number is too large");
        assert_eq!(
            Value::Spark([Some(1_500), None].into()).json().to_string(),
            "[1.5,null]"
        );
    }

    #[test]
    fn findings_sort_the_worst_first_and_none_last_of_all_that_is_known() {
        let sorted = [
            Value::Findings(1, Some(Level::Error)),
            Value::Findings(9, Some(Level::Warning)),
            Value::Findings(2, Some(Level::Warning)),
            Value::Findings(3, Some(Level::Info)),
            Value::Findings(0, None),
            Value::Empty,
        ];
        assert!(sorted.is_sorted_by_key(Value::sort_key));
        let texts = sorted.map(|value| value.text(Timestamp::UNIX_EPOCH).into_owned());
        assert_eq!(texts, ["1 (error)", "9 (warning)", "2 (warning)", "3 (info)", "0", ""]);
    }

    #[test]
    fn sort_keys_put_numbers_in_their_order_and_absence_last() {
        let young = Value::Age(Some(Timestamp::UNIX_EPOCH + SignedDuration::from_hours(9)));
        let old = Value::Age(Some(Timestamp::UNIX_EPOCH));
        assert!(young.sort_key() < old.sort_key());
        assert!(Value::Ratio(1, 2).sort_key() < Value::Ratio(10, 10).sort_key());
        assert!(Value::Word("zzz").sort_key() < Value::None.sort_key());
    }
}
