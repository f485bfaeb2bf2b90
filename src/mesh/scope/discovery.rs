//! Which objects istiod takes notice of: namespaces it discovers, revisions it holds, kinds it reads (§1.3).
//!
//! istio: `pkg/kube/namespace/filter.go`, `pkg/config/model.go` (`LabelsInRevision`).

use rustc_hash::FxHashSet;

use crate::mesh::model::{Kind, LabelSelector, Labels, Meta, Requirement, Text};
use crate::mesh::world::World;

use super::flags::Flags;
use super::mesh_settings::Mesh;

/// What istiod takes notice of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Discovery {
    /// `None` for all.
    namespaces: Option<FxHashSet<Text>>,
    watched: Text,
    revision: Text,
    ignored: Vec<Kind>,
}

impl Discovery {
    /// From the namespaces of the world.
    pub(crate) fn of(world: &World, mesh: &Mesh, flags: &Flags) -> Self {
        let selectors = &mesh.discovery_selectors;
        let can_be_read = selectors.iter().all(is_valid);
        let namespaces = (!selectors.is_empty() && can_be_read).then(|| {
            let selected = world.namespaces.iter().filter(|namespace| {
                selectors
                    .iter()
                    .any(|selector| selects(selector, &namespace.meta.labels))
            });
            selected.map(|namespace| namespace.meta.key.name.clone()).collect()
        });
        Self {
            namespaces,
            watched: flags.watched_namespace.clone(),
            revision: flags.revision.clone(),
            ignored: flags.ignored.clone(),
        }
    }

    /// Nothing is left out.
    #[cfg(test)]
    pub(crate) fn everything() -> Self {
        Self {
            namespaces: None,
            watched: Text::default(),
            revision: Text::default(),
            ignored: Vec::new(),
        }
    }

    /// Whether objects of this namespace count at all.
    pub(crate) fn has_namespace(&self, namespace: &str) -> bool {
        let watched = self.watched.is_empty() || self.watched == *namespace;
        watched
            && self
                .namespaces
                .as_ref()
                .is_none_or(|selected| selected.contains(namespace))
    }

    /// Whether this Istio object counts: its namespace, its revision label, its kind.
    pub(crate) fn has(&self, kind: Kind, meta: &Meta) -> bool {
        !self.ignores(kind) && self.has_namespace(&meta.key.namespace) && self.has_revision(&meta.labels)
    }

    /// Whether no object of this kind counts.
    pub(crate) fn ignores(&self, kind: Kind) -> bool {
        self.ignored.contains(&kind)
    }

    /// Whether an object with these labels belongs to this revision. Tags are not resolved here.
    pub(crate) fn has_revision(&self, labels: &Labels) -> bool {
        self.revision.is_empty() || labels.get("istio.io/rev").is_none_or(|label| *label == self.revision)
    }
}

/// Whether a label selector selects these labels.
pub(crate) fn selects(selector: &LabelSelector, labels: &Labels) -> bool {
    selector.labels.is_subset_of(labels)
        && selector
            .expressions
            .iter()
            .all(|requirement| holds(requirement, labels))
}

fn holds(requirement: &Requirement, labels: &Labels) -> bool {
    let value = labels.get(&requirement.key);
    let is_listed = |value: &Text| requirement.values.contains(value);
    match requirement.operator.as_str() {
        "In" => value.is_some_and(is_listed),
        "NotIn" => !value.is_some_and(is_listed),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        _ => false,
    }
}

/// Whether Kubernetes can make a selector of it.
pub(crate) fn is_valid(selector: &LabelSelector) -> bool {
    selector
        .expressions
        .iter()
        .all(|requirement| match requirement.operator.as_str() {
            "In" | "NotIn" => !requirement.values.is_empty(),
            "Exists" | "DoesNotExist" => requirement.values.is_empty(),
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requirement_that_excludes_holds_where_the_label_is_absent() {
        let requirement = |operator: &str, values: &[&str]| LabelSelector {
            expressions: [Requirement {
                key: "team".into(),
                operator: operator.into(),
                values: values.iter().map(|value| Text::from(*value)).collect(),
            }]
            .into(),
            ..LabelSelector::default()
        };
        let (none, red) = (Labels::default(), Labels::from([("team", "red")]));
        assert!(selects(&requirement("NotIn", &["red"]), &none));
        assert!(!selects(&requirement("NotIn", &["red"]), &red));
        assert!(selects(&requirement("In", &["red"]), &red));
        assert!(selects(&requirement("DoesNotExist", &[]), &none));
        assert!(!is_valid(&requirement("In", &[])));
        assert!(!is_valid(&requirement("Near", &["red"])));
    }
}
