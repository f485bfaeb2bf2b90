//! Makes equal texts, label sets, lists and proxies one allocation.
//!
//! Not a global: a decoder owns an [`Interner`], so that a hundred thousand endpoints share the name of their node.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::{ContainerPort, Labels, Proxy, Text};

/// Makes equal values share one allocation. Bounded: what nobody else holds any more is dropped when the set has
/// doubled since the last sweep.
#[derive(Debug, Default)]
pub struct Interner {
    texts: FxHashSet<Text>,
    labels: FxHashSet<Labels>,
    lists: FxHashSet<Arc<[Text]>>,
    ports: FxHashSet<Arc<[ContainerPort]>>,
    proxies: FxHashSet<Arc<Proxy>>,
    swept_at: usize,
}

impl Interner {
    /// The shared text equal to `text`.
    pub fn text(&mut self, text: &str) -> Text {
        if let Some(found) = self.texts.get(text) {
            return found.clone();
        }
        self.sweep_if_doubled();
        let text = Text::from(text);
        self.texts.insert(text.clone());
        text
    }

    /// The shared label set equal to these pairs.
    pub fn labels<K: AsRef<str>, V: AsRef<str>>(&mut self, pairs: impl IntoIterator<Item = (K, V)>) -> Labels {
        let labels: Labels = pairs
            .into_iter()
            .map(|(k, v)| (self.text(k.as_ref()), self.text(v.as_ref())))
            .collect();
        if let Some(found) = self.labels.get(&labels) {
            return found.clone();
        }
        self.labels.insert(labels.clone());
        labels
    }

    /// The shared list equal to these texts.
    pub fn texts<S: AsRef<str>>(&mut self, texts: impl IntoIterator<Item = S>) -> Arc<[Text]> {
        let list: Vec<Text> = texts.into_iter().map(|text| self.text(text.as_ref())).collect();
        share(&mut self.lists, list)
    }

    /// The shared list equal to these ports.
    pub fn ports(&mut self, ports: Vec<ContainerPort>) -> Arc<[ContainerPort]> {
        share(&mut self.ports, ports)
    }

    /// The shared proxy equal to this one.
    pub fn proxy(&mut self, proxy: Proxy) -> Arc<Proxy> {
        if let Some(found) = self.proxies.get(&proxy) {
            return Arc::clone(found);
        }
        let proxy = Arc::new(proxy);
        self.proxies.insert(Arc::clone(&proxy));
        proxy
    }

    /// How many values are held.
    pub fn len(&self) -> usize {
        self.texts.len() + self.labels.len() + self.lists.len() + self.ports.len() + self.proxies.len()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn sweep_if_doubled(&mut self) {
        if self.len() < 2 * self.swept_at.max(4096) {
            return;
        }
        // Those that hold others go first.
        self.proxies.retain(|proxy| Arc::strong_count(proxy) > 1);
        self.ports.retain(|ports| Arc::strong_count(ports) > 1);
        self.lists.retain(|list| Arc::strong_count(list) > 1);
        self.labels.retain(|labels| !labels.is_last());
        self.texts.retain(|text| !text.is_last());
        self.swept_at = self.len();
    }
}

fn share<T: Eq + std::hash::Hash>(known: &mut FxHashSet<Arc<[T]>>, list: Vec<T>) -> Arc<[T]> {
    if let Some(found) = known.get(list.as_slice()) {
        return Arc::clone(found);
    }
    let list: Arc<[T]> = list.into();
    known.insert(Arc::clone(&list));
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interner_forgets_what_nobody_holds() {
        let mut interner = Interner::default();
        let kept = interner.text("kept");
        for n in 0..50_000 {
            interner.text(&format!("gone-{n}"));
            interner.texts([format!("gone-too-{n}")]);
        }
        assert!(interner.len() < 40_000, "held {}", interner.len());
        assert_eq!(kept.as_ptr(), interner.text("kept").as_ptr());
    }

    #[test]
    fn equal_lists_share_memory() {
        let mut interner = Interner::default();
        let one = interner.texts(["10.0.0.1", "fd00::1"]);
        let two = interner.texts(["10.0.0.1", "fd00::1"]);
        assert!(Arc::ptr_eq(&one, &two));
        assert!(!Arc::ptr_eq(&one, &interner.texts(["10.0.0.1"])));
    }
}
