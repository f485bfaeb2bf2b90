//! The changes of one kind as they happen, for one watcher.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Change, Store};
use crate::demo::kinds::Resource;
use crate::demo::refusal::Refusal;

/// Changes taken at once.
const BATCH: usize = 256;

/// A watcher's place in a kind's history.
#[derive(Debug)]
pub struct Feed {
    store: Arc<Store>,
    resource: Resource,
    cursor: u64,
    changed: watch::Receiver<()>,
}

impl Feed {
    pub(super) fn new(store: Arc<Store>, resource: Resource, cursor: u64, changed: watch::Receiver<()>) -> Self {
        Self {
            store,
            resource,
            cursor,
            changed,
        }
    }

    /// Waits for the next changes, oldest first; never empty. Cancelling it loses nothing.
    ///
    /// # Errors
    /// 410 when the history went on without this watcher; the feed is over then.
    pub async fn next(&mut self) -> Result<Vec<Arc<Change>>, Refusal> {
        loop {
            self.changed.borrow_and_update();
            let changes = self.store.since(self.resource, self.cursor, BATCH)?;
            if let Some(last) = changes.last() {
                self.cursor = last.object.version;
                return Ok(changes);
            }
            if self.changed.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// The version a bookmark may name: everything up to it has been handed out.
    pub fn bookmark(&mut self) -> u64 {
        self.cursor = self.store.seen_up_to(self.resource, self.cursor);
        self.cursor
    }
}
