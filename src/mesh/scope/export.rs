//! Sets of namespaces to which something is exported.

use std::sync::Arc;

use crate::mesh::model::Text;

/// An `exportTo` list as a set; empty means that nothing was said.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct ExportTo(Arc<[Text]>);

impl ExportTo {
    /// `*`.
    pub(crate) const PUBLIC: &'static str = "*";
    /// `.`: the own namespace.
    pub(crate) const PRIVATE: &'static str = ".";
    /// `~`: nobody.
    pub(crate) const NONE: &'static str = "~";

    /// Whether nothing was said.
    pub(crate) fn is_unset(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the list holds this text, as written.
    pub(crate) fn contains(&self, text: &str) -> bool {
        self.0.iter().any(|entry| *entry == text)
    }

    /// Each entry once, sorted.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Text> {
        self.0.iter()
    }

    /// How many different entries there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether every entry of `other` is here too.
    pub(crate) fn is_superset_of(&self, other: &ExportTo) -> bool {
        other.iter().all(|entry| self.contains(entry))
    }

    /// This, or `default` where nothing was said.
    pub(crate) fn or<'a>(&'a self, default: &'a ExportTo) -> &'a ExportTo {
        if self.is_unset() { default } else { self }
    }

    /// `.` spelled out as the namespace it stands for.
    pub(crate) fn with_own_namespace(&self, namespace: &Text) -> ExportTo {
        let spelled = |entry: &Text| match entry.as_str() {
            Self::PRIVATE => namespace.clone(),
            _ => entry.clone(),
        };
        self.iter().map(spelled).collect()
    }
}

impl FromIterator<Text> for ExportTo {
    fn from_iter<I: IntoIterator<Item = Text>>(entries: I) -> Self {
        let mut entries: Vec<Text> = entries.into_iter().collect();
        entries.sort();
        entries.dedup();
        Self(entries.into())
    }
}

impl From<&[Text]> for ExportTo {
    fn from(entries: &[Text]) -> Self {
        entries.iter().cloned().collect()
    }
}

impl From<&str> for ExportTo {
    fn from(entry: &str) -> Self {
        Self([Text::from(entry)].into())
    }
}
