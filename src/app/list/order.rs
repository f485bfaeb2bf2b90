//! A sorted list that knows positions: insert, remove, find and "the n-th" without touching all of it.
//!
//! Kept in chunks, so that a change moves one chunk's worth of items however long the list is.

/// At most twice this many items are in a chunk.
const CHUNK: usize = 256;

/// Distinct items in ascending order.
#[derive(Clone, Debug)]
pub(super) struct Ordered<T> {
    /// None is empty.
    chunks: Vec<Vec<T>>,
    len: usize,
}

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self {
            chunks: Vec::new(),
            len: 0,
        }
    }
}

impl<T: Ord> Ordered<T> {
    /// From items in any order; of equal ones one stays.
    pub(super) fn from_unsorted(mut items: Vec<T>) -> Self {
        if !items.is_sorted_by(|before, after| before < after) {
            items.sort_unstable();
            items.dedup();
        }
        Self::from_sorted(items.into_iter())
    }

    /// From items that ascend.
    pub(super) fn from_sorted(mut items: impl Iterator<Item = T>) -> Self {
        let mut ordered = Self::default();
        loop {
            let mut chunk = Vec::with_capacity(items.size_hint().0.min(CHUNK));
            chunk.extend(items.by_ref().take(CHUNK));
            if chunk.is_empty() {
                return ordered;
            }
            ordered.len += chunk.len();
            ordered.chunks.push(chunk);
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Puts an item in its place; `false` if it is there already.
    pub(super) fn insert(&mut self, item: T) -> bool {
        let at = self.chunk_of(&item);
        let Some(chunk) = self.chunks.get_mut(at) else {
            self.chunks.push(vec![item]);
            self.len += 1;
            return true;
        };
        let Err(place) = chunk.binary_search(&item) else {
            return false;
        };
        chunk.insert(place, item);
        if chunk.len() > 2 * CHUNK {
            let tail = chunk.split_off(CHUNK);
            self.chunks.insert(at + 1, tail);
        }
        self.len += 1;
        true
    }

    /// Takes an item out; `false` if it was not there.
    pub(super) fn remove(&mut self, item: &T) -> bool {
        let at = self.chunk_of(item);
        let Some(chunk) = self.chunks.get_mut(at) else {
            return false;
        };
        let Ok(place) = chunk.binary_search(item) else {
            return false;
        };
        chunk.remove(place);
        if chunk.is_empty() {
            self.chunks.remove(at);
        }
        self.len -= 1;
        true
    }

    /// How many items are less than this one, and whether it is there itself.
    pub(super) fn rank(&self, item: &T) -> (usize, bool) {
        let at = self.chunk_of(item);
        let before: usize = self.chunks.iter().take(at).map(Vec::len).sum();
        match self.chunks.get(at).map(|chunk| chunk.binary_search(item)) {
            Some(Ok(place)) => (before + place, true),
            Some(Err(place)) => (before + place, false),
            None => (before, false),
        }
    }

    /// The item at a position.
    pub(super) fn get(&self, position: usize) -> Option<&T> {
        let mut left = position;
        for chunk in &self.chunks {
            match chunk.get(left) {
                Some(item) => return Some(item),
                None => left -= chunk.len(),
            }
        }
        None
    }

    /// All items in order.
    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.chunks.iter().flatten()
    }

    /// The items from a position on, in order.
    pub(super) fn from(&self, position: usize) -> impl Iterator<Item = &T> {
        let mut left = position;
        let mut first = 0;
        for chunk in &self.chunks {
            if left < chunk.len() {
                break;
            }
            left -= chunk.len();
            first += 1;
        }
        self.chunks.iter().skip(first).flatten().skip(left)
    }

    /// The items up to a position (itself among them), backwards.
    pub(super) fn back_from(&self, position: usize) -> impl Iterator<Item = &T> {
        let skipped = self.len.saturating_sub(position.saturating_add(1));
        let mut left = skipped;
        let mut last = self.chunks.len();
        for chunk in self.chunks.iter().rev() {
            if left < chunk.len() {
                break;
            }
            left -= chunk.len();
            last -= 1;
        }
        self.chunks
            .iter()
            .take(last)
            .rev()
            .flat_map(|chunk| chunk.iter().rev())
            .skip(left)
    }

    /// The chunk that holds the item, or would.
    fn chunk_of(&self, item: &T) -> usize {
        let after = self
            .chunks
            .partition_point(|chunk| chunk.last().is_some_and(|last| last < item));
        after.min(self.chunks.len().saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_sorted_set_with_positions(
            first in proptest::collection::vec(0u16..3000, 0..1500),
            steps in proptest::collection::vec((any::<bool>(), 0u16..3000), 0..1500),
        ) {
            let mut expected: BTreeSet<u16> = first.iter().copied().collect();
            let mut list = Ordered::from_unsorted(first);
            for (insert, item) in steps {
                if insert {
                    prop_assert_eq!(list.insert(item), expected.insert(item));
                } else {
                    prop_assert_eq!(list.remove(&item), expected.remove(&item));
                }
            }
            prop_assert_eq!(list.len(), expected.len());
            prop_assert!(list.iter().eq(expected.iter()));
            for position in [0, 1, list.len() / 2, list.len().saturating_sub(1), list.len()] {
                prop_assert_eq!(list.get(position), expected.iter().nth(position));
                prop_assert!(list.from(position).eq(expected.iter().skip(position)));
                prop_assert!(list.back_from(position).eq(expected.iter().take(position + 1).rev()));
            }
            for item in [0u16, 1500, 2999] {
                prop_assert_eq!(list.rank(&item), (expected.range(..item).count(), expected.contains(&item)));
            }
        }
    }
}
