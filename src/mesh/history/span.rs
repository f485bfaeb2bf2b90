//! Two states of the world by their numbers, and what leads from the one to the other.
//!
//! Made from the present world and the journal alone, so that it may be worked out anywhere while the world goes on.

use super::journal::{Journal, OlderThan, Seq};
use crate::mesh::world::{Change, World};

/// The world in two states, the later one second.
#[derive(Clone, Debug)]
pub struct Span {
    /// The world in the earlier state.
    pub before: World,
    /// The world in the later state.
    pub after: World,
    /// What leads from the earlier to the later one, in order.
    pub changes: Vec<Change>,
}

impl Journal {
    /// The states `from` and `to`, the later one second, given the present world; see [`Journal::world_at`].
    ///
    /// # Errors
    /// The earlier state lies before the journal's reach.
    pub fn between(&self, present: &World, from: Seq, to: Seq) -> Result<Span, OlderThan> {
        let (from, to) = (from.min(to), from.max(to));
        if let Some(oldest) = self.lost().filter(|_| from < self.oldest()) {
            return Err(OlderThan { oldest });
        }
        let after = self.world_at(present, to)?;
        let mut before = after.clone();
        let mut changes: Vec<Change> = Vec::new();
        for entry in self.back_from(to).take_while(|entry| entry.seq > from) {
            for change in entry.inverse() {
                before.apply_change(&change);
                changes.push(change.inverse());
            }
        }
        changes.reverse();
        Ok(Span { before, after, changes })
    }
}
