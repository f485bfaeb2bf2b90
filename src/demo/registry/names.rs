//! Names and labels: what kube-apiserver lets through (`k8s.io/apimachinery/pkg/{util/validation,api/validation}`).

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};

use crate::demo::reference::ResourceRef;
use crate::demo::refusal::Cause;

/// A form that a name must have.
pub(super) struct Rule {
    regex: &'static LazyLock<Regex>,
    most: usize,
    told: &'static str,
}

static LABEL: LazyLock<Regex> = LazyLock::new(|| exact("[a-z0-9]([-a-z0-9]*[a-z0-9])?"));
static SUBDOMAIN: LazyLock<Regex> =
    LazyLock::new(|| exact(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"));
static QUALIFIED: LazyLock<Regex> = LazyLock::new(|| exact("([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"));
static LABEL_VALUE: LazyLock<Regex> = LazyLock::new(|| exact("(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"));

pub(super) const DNS_LABEL: Rule = Rule {
    regex: &LABEL,
    most: 63,
    told: "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an \
           alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
};
pub(super) const DNS_SUBDOMAIN: Rule = Rule {
    regex: &SUBDOMAIN,
    most: 253,
    told: "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end \
           with an alphanumeric character (e.g. 'example.com', regex used for validation is \
           '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
};
const QUALIFIED_NAME: Rule = Rule {
    regex: &QUALIFIED,
    most: 63,
    told: "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric \
           character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
           '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
};
const VALUE: Rule = Rule {
    regex: &LABEL_VALUE,
    most: 63,
    told: "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end \
           with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is \
           '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
};

/// What is wrong with an object's name, labels and annotations, by the rule for names of its kind.
pub(super) fn faults(rule: &Rule, target: &ResourceRef, object: &Value) -> Vec<Cause> {
    let mut faults = Vec::new();
    if target.name.is_empty() {
        faults.push(Cause {
            reason: "FieldValueRequired",
            message: "Required value: name or generateName is required".to_owned(),
            field: "metadata.name".to_owned(),
        });
    } else {
        rule.check(&target.name, "metadata.name", &mut faults);
    }
    let map = |pointer: &str| object.pointer(pointer).and_then(Value::as_object).into_iter().flatten();
    for (key, value) in map("/metadata/labels") {
        check_key(key, "metadata.labels", &mut faults);
        VALUE.check(value.as_str().unwrap_or_default(), "metadata.labels", &mut faults);
    }
    for (key, _) in map("/metadata/annotations") {
        check_key(&key.to_lowercase(), "metadata.annotations", &mut faults);
    }
    faults
}

fn check_key(key: &str, field: &str, faults: &mut Vec<Cause>) {
    match key.split_once('/') {
        None => QUALIFIED_NAME.check_as(key, key, field, faults),
        Some((prefix, name)) => {
            DNS_SUBDOMAIN.check_as(prefix, key, field, faults);
            QUALIFIED_NAME.check_as(name, key, field, faults);
        }
    }
}

impl Rule {
    fn check(&self, text: &str, field: &str, faults: &mut Vec<Cause>) {
        self.check_as(text, text, field, faults);
    }

    /// Checks a part of what is then shown whole.
    fn check_as(&self, part: &str, whole: &str, field: &str, faults: &mut Vec<Cause>) {
        let long = format!("must be no more than {} bytes", self.most);
        let told = if part.len() > self.most {
            long.as_str()
        } else if self.regex.is_match(part) {
            return;
        } else {
            self.told
        };
        faults.push(Cause {
            reason: "FieldValueInvalid",
            message: format!("Invalid value: {}: {told}", json!(whole)),
            field: field.to_owned(),
        });
    }
}

#[expect(
    clippy::expect_used,
    reason = "the patterns are constants; every test that writes an object compiles them"
)]
fn exact(pattern: &str) -> Regex {
    Regex::new(&format!("^(?:{pattern})$")).expect("a constant pattern compiles")
}
