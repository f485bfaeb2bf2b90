//! A kind that is not served, or may not be read, or only in part: what is read instead, and until when.
//!
//! # Decisions
//! * A kind that has gone is looked for every four seconds for ten minutes, one that never was every thirty seconds. Because
//!   definitions that go are mostly installed anew (an upgrade, a chart), and one kind is little to ask for; instead of a
//!   watch of the definitions, which few readers may have. Ctrl-r asks at once. Revisit when the
//!   discovery is asked whether it has changed.

use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};
use futures::stream::{FuturesUnordered, StreamExt};
use tokio::time::timeout;

use super::{Follower, MOST_NAMESPACES};
use crate::mesh::model::Text;
use crate::mesh::world::{Delta, Failure, Found, ListScope, SourceState};
use crate::sources::kubernetes::backoff::Backoff;
use crate::sources::kubernetes::resources::Place;

/// Between lists of a kind that may be listed and not watched.
const LIST_AGAIN: Duration = Duration::from_secs(30);

/// So often a kind that has gone is looked for, and for so long; later as one that never was there.
const SOON: Duration = Duration::from_secs(4);
const SOON_FOR: Duration = Duration::from_secs(600);

impl Follower {
    /// Tries the next version of a kind; after the last there is none.
    pub(super) async fn next_version(&mut self) -> bool {
        self.resume = None;
        self.version += 1;
        if self.version < self.resource.versions.len() {
            return true;
        }
        self.version = 0;
        let gone = vec![
            Delta::ListStart(self.kind, self.scope.clone()),
            Delta::ListEnd(self.kind, self.scope.clone()),
            Delta::Coverage(self.kind, self.scope.clone(), Found::NoSuchKind),
        ];
        let (_, wait) = self.backoff.next();
        if self.state != SourceState::Absent {
            self.backoff.worked_until_now();
        }
        let has_just_gone = self.backoff.has_worked_within(SOON_FOR);
        let wait = if has_just_gone { wait.min(SOON) } else { wait };
        self.tell(gone, SourceState::Absent).await && self.rest(wait).await
    }

    /// A watch was refused. If it may be listed none the less, it is listed from time to time.
    pub(super) async fn unwatched(&mut self) -> bool {
        if !std::mem::take(&mut self.is_fresh) {
            // a right that is gone: a list tells which
            self.streams = false;
            return true;
        }
        let namespace = self.resource.namespace_of(&self.scope, &self.settings.istio_namespace);
        let failure = Failure::Forbidden {
            verb: "watch",
            resource: self.kind.plural(),
            namespace,
        };
        self.tell(Vec::new(), SourceState::Denied { failure }).await && self.rest(LIST_AGAIN).await
    }

    /// Says so, and follows the namespaces that may be read instead, until the cluster may be asked again.
    pub(super) async fn forbidden(&mut self) -> bool {
        self.resume = None;
        let namespace = self.resource.namespace_of(&self.scope, &self.settings.istio_namespace);
        let failure = Failure::Forbidden {
            verb: "list",
            resource: self.kind.plural(),
            namespace,
        };
        let denied = vec![Delta::Coverage(self.kind, self.scope.clone(), Found::Denied)];
        let state = SourceState::Denied { failure };
        if self.resource.place != Place::Everywhere || self.scope != ListScope::All {
            let (_, wait) = self.backoff.next();
            return self.tell(denied, state).await && self.rest(wait).await;
        }
        let mut namespaces = self.settings.namespaces.clone();
        let chosen: Vec<Text> = namespaces
            .borrow_and_update()
            .iter()
            .take(MOST_NAMESPACES)
            .cloned()
            .collect();
        let pending = chosen
            .iter()
            .map(|namespace| Delta::Coverage(self.kind, ListScope::Namespace(namespace.clone()), Found::Pending));
        if !self.tell(denied.into_iter().chain(pending).collect(), state).await {
            return false;
        }
        let mut followers: FuturesUnordered<_> = chosen
            .into_iter()
            .map(|namespace| {
                let scope = ListScope::Namespace(namespace);
                Follower::new(
                    self.client.clone(),
                    self.kind,
                    scope,
                    self.settings.clone(),
                    self.out.clone(),
                )
                .run()
            })
            .collect();
        let all = pin!(async { while followers.next().await.is_some() {} });
        let other = pin!(async { namespaces.changed().await.is_ok() });
        let again = pin!(self.is_allowed_again());
        match select(all, select(other, again)).await {
            Either::Left(_) => !self.out.is_closed(),
            Either::Right((Either::Left((is_open, _)) | Either::Right((is_open, _)), _)) => is_open,
        }
    }

    /// Ends when the whole cluster may be listed, or nobody listens any more (`false`).
    async fn is_allowed_again(&self) -> bool {
        let mut relist = self.settings.relist.clone();
        relist.mark_unchanged();
        // a server that starts refuses what it allows a second later
        let mut backoff = Backoff::new(self.kind as usize);
        loop {
            if timeout(backoff.next().1, relist.changed())
                .await
                .is_ok_and(|changed| changed.is_err())
            {
                return false;
            }
            if self.page(None, 1).await.is_ok() {
                return true;
            }
        }
    }
}
