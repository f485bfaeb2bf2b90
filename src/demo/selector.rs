//! Label and field selectors of a list or watch (`k8s.io/apimachinery/pkg/{labels,fields}`).

use super::kinds::Resource;
use super::refusal::Refusal;
use super::store::Object;

/// Which objects of a kind are asked for.
#[derive(Clone, Debug, Default)]
pub(in crate::demo) struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<FieldTerm>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Exists,
    Absent,
    In(Vec<String>),
    /// Also true when the label is absent.
    NotIn(Vec<String>),
    Above(i64),
    Below(i64),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct FieldTerm {
    field: Field,
    value: String,
    equal: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Name,
    Namespace,
    /// By position in the kind's list of fields.
    Other(usize),
}

impl Selector {
    /// Reads both selectors; empty ones select everything.
    ///
    /// # Errors
    /// 400 for what cannot be read, and for fields that the kind does not offer.
    pub(in crate::demo) fn parse(resource: Resource, labels: &str, fields: &str) -> Result<Self, Refusal> {
        Ok(Self {
            labels: parse_labels(labels)?,
            fields: parse_fields(resource, fields)?,
        })
    }

    /// Whether everything is selected.
    pub(in crate::demo) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether an object is selected.
    pub(in crate::demo) fn selects(&self, object: &Object) -> bool {
        self.labels.iter().all(|requirement| requirement.holds(object))
            && self.fields.iter().all(|term| term.holds(object))
    }
}

impl Requirement {
    fn holds(&self, object: &Object) -> bool {
        let value = object
            .labels
            .iter()
            .find(|(key, _)| **key == *self.key)
            .map(|(_, value)| &**value);
        match (&self.test, value) {
            (Test::Exists, value) => value.is_some(),
            (Test::Absent, value) => value.is_none(),
            (Test::In(values), Some(value)) => values.iter().any(|one| one == value),
            (Test::NotIn(values), Some(value)) => !values.iter().any(|one| one == value),
            (Test::NotIn(_), None) => true,
            (Test::Above(limit), Some(value)) => value.parse::<i64>().is_ok_and(|value| value > *limit),
            (Test::Below(limit), Some(value)) => value.parse::<i64>().is_ok_and(|value| value < *limit),
            (Test::In(_) | Test::Above(_) | Test::Below(_), None) => false,
        }
    }
}

impl FieldTerm {
    fn holds(&self, object: &Object) -> bool {
        let value = match self.field {
            Field::Name => &*object.name,
            Field::Namespace => &*object.namespace,
            Field::Other(at) => object.fields.get(at).map(|value| &**value).unwrap_or_default(),
        };
        (value == self.value) == self.equal
    }
}

/// Splits at commas outside parentheses.
fn terms(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0_usize, 0, Vec::new());
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                found.extend(text.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    found.extend(text.get(start..));
    found
        .into_iter()
        .map(str::trim)
        .filter(|term| !term.is_empty())
        .collect()
}

fn parse_labels(text: &str) -> Result<Vec<Requirement>, Refusal> {
    terms(text).into_iter().map(parse_requirement).collect()
}

fn parse_requirement(term: &str) -> Result<Requirement, Refusal> {
    let cannot = |why: String| Refusal::bad_request(format!("unable to parse requirement: {why}"));
    let named = |key: &str, test: Test| {
        let key = key.trim();
        let odd = key.find(|letter: char| !letter.is_ascii_alphanumeric() && !"-_./".contains(letter));
        match odd.and_then(|at| key.get(at..)) {
            _ if key.is_empty() => Err(cannot(format!("found '{term}', expected: identifier"))),
            Some(rest) => Err(cannot(format!(
                "found '{rest}', expected: in, notin, =, ==, !=, gt, lt"
            ))),
            None => Ok(Requirement {
                key: key.to_owned(),
                test,
            }),
        }
    };
    if let Some((key, value)) = term.split_once("!=") {
        return named(key, Test::NotIn(vec![value.trim().to_owned()]));
    }
    if let Some((key, value)) = term.split_once('=') {
        let value = value.strip_prefix('=').unwrap_or(value).trim();
        if value.starts_with('=') {
            return Err(cannot("found '=', expected: identifier".to_owned()));
        }
        return named(key, Test::In(vec![value.to_owned()]));
    }
    for (word, build) in [(" notin ", Test::NotIn as fn(Vec<String>) -> Test), (" in ", Test::In)] {
        let spaced = term.replacen('(', " (", 1);
        if let Some((key, list)) = spaced.split_once(word) {
            let list = list.trim().strip_prefix('(').and_then(|list| list.strip_suffix(')'));
            let list = list.ok_or_else(|| cannot(format!("found '{term}', expected: '('")))?;
            return named(
                key,
                build(list.split(',').map(|value| value.trim().to_owned()).collect()),
            );
        }
    }
    for (sign, build) in [('>', Test::Above as fn(i64) -> Test), ('<', Test::Below)] {
        if let Some((key, limit)) = term.split_once(sign) {
            let limit = limit
                .trim()
                .parse()
                .map_err(|_| cannot("for 'Gt', 'Lt' operators, the value must be an integer".to_owned()))?;
            return named(key, build(limit));
        }
    }
    match term.strip_prefix('!') {
        Some(key) => named(key, Test::Absent),
        None => named(term, Test::Exists),
    }
}

fn parse_fields(resource: Resource, text: &str) -> Result<Vec<FieldTerm>, Refusal> {
    let spec = resource.spec();
    terms(text)
        .into_iter()
        .map(|term| {
            let (field, value, equal) = if let Some((field, value)) = term.split_once("!=") {
                (field, value, false)
            } else if let Some((field, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
                (field, value, true)
            } else {
                return Err(Refusal::bad_request(format!(
                    "invalid selector: '{term}'; can't understand '{term}'"
                )));
            };
            let named = match field {
                "metadata.name" => Field::Name,
                "metadata.namespace" => Field::Namespace,
                other => match spec.fields.iter().position(|known| *known == other) {
                    Some(at) => Field::Other(at),
                    None => return Err(Refusal::bad_request(format!("field label not supported: {other}"))),
                },
            };
            Ok(FieldTerm {
                field: named,
                value: value.replace('\\', ""),
                equal,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod() -> Object {
        let whole = json!({"metadata": {"name": "p", "namespace": "a", "labels": {"app": "web", "tier": "3"}},
            "spec": {"nodeName": "n1"}, "status": {"phase": "Running"}});
        Object::new(Resource::Pods, 1, whole)
    }

    #[test]
    fn label_selectors_select() {
        for (text, expected) in [
            ("", true),
            ("app=web", true),
            ("app==web,tier", true),
            ("app!=web", false),
            ("nosuch!=x", true),
            ("app in (api, web)", true),
            ("app notin (api,web)", false),
            ("!nosuch", true),
            ("!app", false),
            ("tier>2", true),
            ("tier<2", false),
        ] {
            let selector = Selector::parse(Resource::Pods, text, "").unwrap();
            assert_eq!(selector.selects(&pod()), expected, "{text}");
        }
    }

    #[test]
    fn field_selectors_select() {
        for (text, expected) in [
            ("status.phase=Running,spec.nodeName=n1", true),
            ("status.phase!=Running", false),
            ("metadata.name==p", true),
            ("metadata.namespace=b", false),
            ("spec.hostNetwork=false", true),
        ] {
            let selector = Selector::parse(Resource::Pods, "", text).unwrap();
            assert_eq!(selector.selects(&pod()), expected, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused_in_the_servers_words() {
        let labels = |text| Selector::parse(Resource::Pods, text, "").unwrap_err().message;
        assert_eq!(
            labels("a===b"),
            "unable to parse requirement: found '=', expected: identifier"
        );
        let fields = |text| Selector::parse(Resource::Pods, "", text).unwrap_err().message;
        assert_eq!(fields("spec.foo=x"), "field label not supported: spec.foo");
    }
}
