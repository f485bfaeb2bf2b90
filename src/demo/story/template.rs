//! Manifests with blanks: `${...}` in the strings of a YAML tree, filled from variables.
//!
//! Not text substitution: the tree is parsed first, so a value can neither break the YAML nor change its shape.
//!
//! | blank | becomes |
//! |---|---|
//! | `${name}` | the variable |
//! | `${name:-other}` | the variable, or `other` when there is none; `other` may hold blanks |
//! | `${now-3d4h}`, `${created+2s}` | a time, moved: `d` `h` `m` `s` |
//! | `${digest:words}`, `${digest32:…}`, `${digest16:…}` | that many hexadecimal digits (64 by default), always the same for the same words |
//! | `${uid:words}` | the same in the form of a UUID |
//! | `${repository:image}` | an image without its tag |
//!
//! A string that is one blank and nothing else takes the variable's own type (number, list, object); below `labels`,
//! `annotations` and `matchLabels`, where Kubernetes wants strings, it stays a string. A default is read as JSON if it is JSON.
//! Kubernetes' own `$(NAME)` is left alone.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::demo::generated::{self, digest};
use crate::demo::tree::rfc3339;

/// What blanks are filled from.
#[derive(Clone, Debug, Default)]
pub struct Vars {
    values: Map<String, Value>,
}

/// A blank that cannot be filled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// There is no such variable, and the blank has no default.
    #[error("no variable '{0}': name it under 'vars', or give the blank a default")]
    Unknown(String),
    /// `${` without its `}`.
    #[error("'{0}' has a blank that is not closed: add '}}'")]
    Open(String),
    /// Something follows a variable that is no duration, or the variable is no time.
    #[error("'{0}' is no time that can be moved: write it like 'now-3d4h'")]
    Time(String),
}

impl Vars {
    /// Variables of which `now` is one.
    pub fn new(now: Timestamp) -> Self {
        let mut values = Map::new();
        values.insert("now".to_owned(), Value::String(rfc3339(now)));
        Self { values }
    }

    /// Adds variables; their own blanks are filled from those that are here already.
    ///
    /// # Errors
    /// When one of them has a blank that cannot be filled.
    pub fn with(&self, more: &Map<String, Value>) -> Result<Self, TemplateError> {
        let mut values = self.values.clone();
        for (name, value) in more {
            values.insert(name.clone(), self.fill(value)?);
        }
        Ok(Self { values })
    }

    /// Fills every blank of a tree.
    ///
    /// # Errors
    /// When a blank cannot be filled.
    pub fn fill(&self, tree: &Value) -> Result<Value, TemplateError> {
        self.tree(tree, Typed::Yes)
    }

    fn tree(&self, tree: &Value, typed: Typed) -> Result<Value, TemplateError> {
        Ok(match tree {
            Value::String(text) => self.string(text, typed)?,
            Value::Array(items) => Value::Array(
                items
                    .iter()
                    .map(|item| self.tree(item, typed))
                    .collect::<Result<_, _>>()?,
            ),
            Value::Object(map) => Value::Object(
                map.iter()
                    .map(|(key, value)| {
                        let strings = matches!(key.as_str(), "labels" | "annotations" | "matchLabels");
                        let typed = if strings { Typed::No } else { typed };
                        Ok((key.clone(), self.tree(value, typed)?))
                    })
                    .collect::<Result<_, _>>()?,
            ),
            Value::Null | Value::Bool(_) | Value::Number(_) => tree.clone(),
        })
    }

    fn string(&self, text: &str, typed: Typed) -> Result<Value, TemplateError> {
        if let Some(inside) = text.strip_prefix("${")
            && split_blank(inside, text)?.1.is_empty()
        {
            let value = self.blank(split_blank(inside, text)?.0)?;
            return Ok(match (typed, value) {
                (Typed::No, Value::Number(number)) => Value::String(number.to_string()),
                (Typed::Yes | Typed::No, value) => value,
            });
        }
        self.text(text).map(Value::String)
    }

    fn text(&self, text: &str) -> Result<String, TemplateError> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let (inside, tail) = split_blank(after, text)?;
            let value = self.blank(inside)?;
            out.push_str(&value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            rest = tail;
        }
        out.push_str(rest);
        Ok(out)
    }

    fn blank(&self, inside: &str) -> Result<Value, TemplateError> {
        let end = inside
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(inside.len());
        let (name, rest) = inside.split_at(end);
        let found = self.values.get(name);
        if let Some(default) = rest.strip_prefix(":-") {
            if let Some(value) = found {
                return Ok(value.clone());
            }
            let text = self.text(default)?;
            return Ok(serde_json::from_str(&text).unwrap_or(Value::String(text)));
        }
        if let Some(words) = rest.strip_prefix(':') {
            return self.function(name, words);
        }
        let value = found.ok_or_else(|| TemplateError::Unknown(name.to_owned()))?;
        if rest.is_empty() {
            return Ok(value.clone());
        }
        let time = value.as_str().and_then(|text| text.parse().ok());
        time.and_then(|time| moved(time, rest))
            .map(|time| Value::String(rfc3339(time)))
            .ok_or_else(|| TemplateError::Time(inside.to_owned()))
    }

    fn function(&self, name: &str, words: &str) -> Result<Value, TemplateError> {
        let words = self.text(words)?;
        let hex = digest(&words);
        let part = |range| hex.get(range).unwrap_or_default();
        Ok(Value::String(match name {
            "repository" => words
                .rsplit_once(':')
                .map_or(words.as_str(), |(name, _)| name)
                .to_owned(),
            "digest" => hex,
            "digest32" => part(0..32).to_owned(),
            "digest16" => part(0..16).to_owned(),
            "uid" => generated::uid(&words),
            _ => return Err(TemplateError::Unknown(name.to_owned())),
        }))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Typed {
    Yes,
    No,
}

/// The inside of a blank whose `${` is already read, and what follows its `}`; braces inside are paired.
fn split_blank<'a>(after: &'a str, whole: &str) -> Result<(&'a str, &'a str), TemplateError> {
    let mut depth = 0_usize;
    for (at, c) in after.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                let (inside, tail) = after.split_at(at);
                return Ok((inside, tail.strip_prefix('}').unwrap_or_default()));
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    Err(TemplateError::Open(whole.to_owned()))
}

/// A time moved by `+1h30m-2s`.
fn moved(time: Timestamp, by: &str) -> Option<Timestamp> {
    let mut time = time;
    let mut sign = 1_i64;
    let mut digits = String::new();
    for c in by.chars() {
        let unit = match c {
            '+' | '-' if digits.is_empty() => {
                sign = if c == '-' { -1 } else { 1 };
                continue;
            }
            '0'..='9' => {
                digits.push(c);
                continue;
            }
            'd' => 86_400,
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        let count: i64 = digits.parse().ok()?;
        digits.clear();
        let seconds = count.checked_mul(unit)?.checked_mul(sign)?;
        time = time.checked_add(SignedDuration::from_secs(seconds)).ok()?;
    }
    digits.is_empty().then_some(time)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn vars() -> Vars {
        let base = Vars::new("2026-01-10T12:00:00Z".parse().unwrap());
        let more = json!({"port": 9080, "app": "reviews", "created": "${now-1d2h}", "ports": [1, 2]});
        base.with(more.as_object().unwrap()).unwrap()
    }

    #[track_caller]
    fn filled(text: &str) -> Value {
        vars().fill(&json!(text)).unwrap()
    }

    #[test]
    fn a_whole_blank_keeps_its_type_and_a_part_is_text() {
        assert_eq!(filled("${port}"), json!(9080));
        assert_eq!(filled("${ports}"), json!([1, 2]));
        assert_eq!(filled("tcp/${port} of ${app}"), json!("tcp/9080 of reviews"));
        assert_eq!(filled("$(POD_NAME)"), json!("$(POD_NAME)"));
    }

    #[test]
    fn labels_and_annotations_are_strings() {
        let tree = json!({"labels": {"port": "${port}"}, "port": "${port}"});
        assert_eq!(
            vars().fill(&tree).unwrap(),
            json!({"labels": {"port": "9080"}, "port": 9080})
        );
    }

    #[test]
    fn times_move_by_days_hours_minutes_and_seconds() {
        assert_eq!(filled("${created}"), json!("2026-01-09T10:00:00Z"));
        assert_eq!(filled("${created+90s}"), json!("2026-01-09T10:01:30Z"));
        assert_eq!(filled("${now-41d+10s}"), json!("2025-11-30T12:00:10Z"));
    }

    #[test]
    fn defaults_hold_blanks_and_json() {
        assert_eq!(filled("${none:-${created+2s}}"), json!("2026-01-09T10:00:02Z"));
        assert_eq!(
            filled(r#"${none:-[{"containerPort": ${port}}]}"#),
            json!([{"containerPort": 9080}])
        );
        assert_eq!(filled("${none:-{}}"), json!({}));
        assert_eq!(filled("${none:-}"), json!(""));
        assert_eq!(filled("${app:-other}"), json!("reviews"));
    }

    #[test]
    fn digests_depend_on_their_words_only() {
        assert_eq!(filled("${digest:a}"), filled("${digest:a}"));
        assert_ne!(filled("${digest:a}"), filled("${digest:b}"));
        assert_eq!(filled("${digest:a}").as_str().unwrap().len(), 64);
        assert_eq!(filled("${uid:a}").as_str().unwrap().len(), 36);
        assert_eq!(
            filled("${repository:example.com/${app}:1.2}"),
            json!("example.com/reviews")
        );
    }

    #[test]
    fn a_blank_that_cannot_be_filled_says_which() {
        let error = |text: &str| vars().fill(&json!(text)).unwrap_err();
        assert_eq!(error("${nobody}"), TemplateError::Unknown("nobody".to_owned()));
        assert_eq!(error("a ${app"), TemplateError::Open("a ${app".to_owned()));
        assert_eq!(error("${app-3d}"), TemplateError::Time("app-3d".to_owned()));
        assert_eq!(error("${now-3w}"), TemplateError::Time("now-3w".to_owned()));
    }
}
