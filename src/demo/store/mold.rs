//! Many objects of one shape: the text once, and for each object only the words in which it differs.
//!
//! Fifty thousand pods of 10 KB are half a gigabyte of text; as casts of a few molds they are a few megabytes, and they are there
//! at once. A cast is an [`Object`] like any other: when somebody writes it, it becomes text of its own.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Store;
use super::object::{Body, Object};
use crate::demo::kinds::Resource;

/// Stands for the version in a mold; a marker like the others.
const VERSION: &str = "mold0version0mark";

/// A stored object with blanks.
#[derive(Debug)]
pub(in crate::demo) struct Mold {
    resource: Resource,
    body: Pattern,
    namespace: Pattern,
    name: Pattern,
    uid: Pattern,
    labels: Vec<(Box<str>, Pattern)>,
    fields: Vec<Pattern>,
    owners: Vec<Pattern>,
}

/// Text with numbered blanks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    /// What stands before the first blank.
    head: Box<str>,
    /// The number of each blank, with the text after it.
    rest: Box<[(u16, Box<str>)]>,
}

impl Mold {
    /// Makes a mold of an object as it is stored: wherever one of the markers stands in it, casts differ.
    pub(in crate::demo) fn of(resource: Resource, mut object: Value, markers: &[&str]) -> Self {
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("resourceVersion".to_owned(), json!(VERSION));
        }
        let mut all = vec![VERSION];
        all.extend(markers);
        let object = Object::new(resource, 0, object);
        let cut = |text: &str| Pattern::cut(text, &all);
        Self {
            resource,
            body: cut(&object.text()),
            namespace: cut(&object.namespace),
            name: cut(&object.name),
            uid: cut(&object.uid),
            labels: object
                .labels
                .iter()
                .map(|(key, value)| (key.clone(), cut(value)))
                .collect(),
            fields: object.fields.iter().map(|field| cut(field)).collect(),
            owners: object.owners.iter().map(|owner| cut(owner)).collect(),
        }
    }

    fn cast(self: &Arc<Self>, version: u64, words: &[String]) -> Object {
        let mut values = vec![version.to_string()];
        values.extend_from_slice(words);
        let fill = |pattern: &Pattern| {
            let mut out = String::new();
            pattern.fill(&values, &mut out);
            out.into_boxed_str()
        };
        Object::cast(
            version,
            [fill(&self.namespace), fill(&self.name), fill(&self.uid)],
            self.labels
                .iter()
                .map(|(key, value)| (key.clone(), fill(value)))
                .collect(),
            self.fields.iter().map(fill).collect(),
            self.owners.iter().map(fill).collect(),
            Body::Cast {
                mold: Arc::clone(self),
                values: values.into(),
            },
        )
    }

    /// Appends the text of a cast.
    pub(super) fn write(&self, values: &[String], out: &mut String) {
        self.body.fill(values, out);
    }

    /// Bytes of the text of a cast.
    pub(super) fn size(&self, values: &[String]) -> usize {
        self.body.size(values)
    }
}

impl Store {
    /// Puts casts of a mold in, one for each list of words (as many as the mold has markers), without history: for before
    /// anybody watches. Their namespaces have to exist.
    pub(in crate::demo) fn seed(&self, mold: &Arc<Mold>, casts: impl Iterator<Item = Vec<String>>) {
        let mut inner = self.lock();
        for words in casts {
            inner.version += 1;
            let object = mold.cast(inner.version, &words);
            let key = if object.namespace.is_empty() {
                Arc::from(&*object.name)
            } else {
                Arc::from(format!("{}/{}", object.namespace, object.name))
            };
            inner.shelf_mut(mold.resource).objects.insert(key, Arc::new(object));
        }
        let version = inner.version;
        inner.shelf_mut(mold.resource).forget(version);
    }
}

impl Pattern {
    fn cut(text: &str, markers: &[&str]) -> Self {
        let mut head = None;
        let mut rest: Vec<(u16, Box<str>)> = Vec::new();
        let mut left = text;
        let mut open = None;
        loop {
            let next = markers
                .iter()
                .zip(0_u16..)
                .filter_map(|(marker, number)| Some((left.find(marker)?, number, marker.len())))
                .min();
            let before = next.map_or(left, |(at, _, _)| left.get(..at).unwrap_or_default());
            match open {
                None => head = Some(before.into()),
                Some(number) => rest.push((number, before.into())),
            }
            let Some((at, number, length)) = next else { break };
            open = Some(number);
            left = left.get(at + length..).unwrap_or_default();
        }
        Self {
            head: head.unwrap_or_default(),
            rest: rest.into(),
        }
    }

    fn fill(&self, values: &[String], out: &mut String) {
        out.push_str(&self.head);
        for (number, after) in &self.rest {
            out.push_str(values.get(usize::from(*number)).map_or("", String::as_str));
            out.push_str(after);
        }
    }

    fn size(&self, values: &[String]) -> usize {
        let blank =
            |(number, after): &(u16, Box<str>)| after.len() + values.get(usize::from(*number)).map_or(0, String::len);
        self.head.len() + self.rest.iter().map(blank).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::reference::ResourceRef;

    #[test]
    fn a_pattern_is_cut_at_its_markers_and_filled_again() {
        let pattern = Pattern::cut("a-XX/b-YY/XX", &["XX", "YY"]);
        let values = ["1".to_owned(), "22".to_owned()];
        let mut out = String::new();
        pattern.fill(&values, &mut out);
        assert_eq!(out, "a-1/b-22/1");
        assert_eq!(pattern.size(&values), out.len());
        let mut whole = String::new();
        Pattern::cut("none", &["XX"]).fill(&values, &mut whole);
        assert_eq!(whole, "none");
    }

    #[test]
    fn a_cast_is_an_object_like_any_other() {
        let store = Store::new(|| "2026-01-10T12:00:00Z".parse().unwrap());
        let object = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "map-markname", "namespace": "n", "uid": "markuid", "labels": {"of": "markname"}},
            "data": {"k": "v"},
        });
        let mold = Arc::new(Mold::of(Resource::ConfigMaps, object, &["markname", "markuid"]));
        store.seed(&mold, (0..3).map(|n| vec![n.to_string(), format!("uid-{n}")]));
        let target = ResourceRef::new(Resource::ConfigMaps, "n", "map-2");
        let found = store.get(&target).unwrap();
        assert_eq!(
            found["metadata"],
            json!({"name": "map-2", "namespace": "n", "uid": "uid-2", "labels": {"of": "2"}, "resourceVersion": "3"})
        );
        let stored = store.find(&target).unwrap();
        assert_eq!(*stored.labels, [("of".into(), "2".into())]);
        assert_eq!(stored.size(), stored.text().len());
        let edited = store.put(json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "map-2", "namespace": "n"}, "data": {"k": "w"},
        }), "me");
        assert_eq!(edited.unwrap()["metadata"]["uid"], "uid-2");
        assert_eq!(store.list(Resource::ConfigMaps, Some("n")).len(), 3);
    }
}
