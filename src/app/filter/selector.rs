//! Label selectors as kubectl takes them: `app=reviews,version!=v1,tier in (a, b),env notin (x),canary,!old`.
//!
//! Kubernetes: `k8s.io/apimachinery/pkg/labels/selector.go`, `Parse`.

use crate::mesh::model::Labels;

/// Requirements that must all hold.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Selector(Vec<(String, Operator)>);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Operator {
    Exists,
    DoesNotExist,
    In(Vec<String>),
    /// Also holds where the key is absent.
    NotIn(Vec<String>),
}

impl Selector {
    /// Reads a selector.
    ///
    /// # Errors
    /// A sentence that names the part that was not understood.
    pub fn parse(text: &str) -> Result<Self, String> {
        split_outside_parentheses(text)
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(requirement)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether these labels fulfil it.
    pub fn selects(&self, labels: &Labels) -> bool {
        self.0.iter().all(|(key, operator)| {
            let value = labels.get(key);
            let is_one_of = |values: &[String]| value.is_some_and(|value| values.iter().any(|v| *v == **value));
            match operator {
                Operator::Exists => value.is_some(),
                Operator::DoesNotExist => value.is_none(),
                Operator::In(values) => is_one_of(values),
                Operator::NotIn(values) => !is_one_of(values),
            }
        })
    }
}

fn split_outside_parentheses(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_u32;
    text.split(move |c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
}

fn requirement(part: &str) -> Result<(String, Operator), String> {
    let not_understood = || format!("not a label selector: '{part}' (try app=reviews,version!=v1)");
    let (key, operator) = if let Some((key, value)) = part.split_once("!=") {
        (key, Operator::NotIn(vec![value.trim().to_owned()]))
    } else if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        (key, Operator::In(vec![value.trim().to_owned()]))
    } else if let Some((key, values)) = part.split_once(" notin ") {
        (key, Operator::NotIn(list(values).ok_or_else(not_understood)?))
    } else if let Some((key, values)) = part.split_once(" in ") {
        (key, Operator::In(list(values).ok_or_else(not_understood)?))
    } else if let Some(key) = part.strip_prefix('!') {
        (key, Operator::DoesNotExist)
    } else {
        (part, Operator::Exists)
    };
    let key = key.trim();
    let values: &[String] = match &operator {
        Operator::In(values) | Operator::NotIn(values) => values,
        Operator::Exists | Operator::DoesNotExist => &[],
    };
    let is_word = |text: &str| !text.contains(|c: char| c.is_whitespace() || "=!(),".contains(c));
    if key.is_empty() || !is_word(key) || !values.iter().all(|value| is_word(value)) {
        return Err(not_understood());
    }
    Ok((key.to_owned(), operator))
}

fn list(text: &str) -> Option<Vec<String>> {
    let inner = text.trim().strip_prefix('(')?.strip_suffix(')')?;
    Some(inner.split(',').map(|value| value.trim().to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_hold_as_in_kubernetes() {
        let labels = Labels::from([("app", "reviews"), ("empty", "")]);
        let holds = |text: &str| Selector::parse(text).unwrap().selects(&labels);
        for text in [
            "app=reviews",
            "app == reviews",
            "app!=x",
            "gone!=x",
            "app in (x,reviews)",
            "gone notin (x)",
            "!gone",
            "empty=",
            "app",
        ] {
            assert!(holds(text), "{text}");
        }
        for text in [
            "app=x",
            "app!=reviews",
            "app notin (reviews)",
            "gone in (x)",
            "gone",
            "!app",
            "app,gone",
        ] {
            assert!(!holds(text), "{text}");
        }
        for text in ["app in reviews", "a b", "=x", "a=b=c"] {
            assert!(Selector::parse(text).is_err(), "{text}");
        }
    }
}
