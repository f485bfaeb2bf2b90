//! A world that follows the cluster, without a screen: for the headless commands.
//!
//! Not here: the screen's own loop, which has more sources and a budget for each.

use std::collections::BTreeMap;
use std::sync::Arc;

use kube::Client;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::mesh::model::{Diagnostic, Key, Kind, Text};
use crate::mesh::world::{Change, Coverage, Delta, Failure, ListScope, SourceState, World};
use crate::sources::kubernetes::{self, Pulse, SourceMessage, WatchSettings};

/// Messages on their way to the world: enough that a list is not held up, few enough to be bounded.
pub const QUEUE: usize = 64;

/// How the cluster is to be followed.
#[derive(Clone, Debug)]
pub struct Follow {
    /// Kinds to follow.
    pub kinds: Vec<Kind>,
    /// Where the control plane is.
    pub istio_namespace: Text,
    /// Namespaces to read where the cluster may not be.
    pub namespaces: Arc<[Text]>,
    /// How lists are read.
    pub strategy: kubernetes::ListStrategy,
    /// Bound on one request.
    pub request_timeout: std::time::Duration,
}

/// A world that follows the cluster.
pub struct Live {
    /// As far as it is known.
    pub world: World,
    kinds: Vec<Kind>,
    states: BTreeMap<(Kind, ListScope), SourceState>,
    strange: BTreeMap<(Kind, Option<Key>), Diagnostic>,
    from: mpsc::Receiver<SourceMessage>,
    // dropped last: a watch channel whose sender is gone ends its follower
    _steer: (watch::Sender<Arc<[Text]>>, watch::Sender<u64>),
    _tasks: JoinSet<()>,
}

impl Live {
    /// Starts to follow. The tasks end when this is dropped.
    pub fn start(client: &Client, follow: Follow) -> Self {
        let (out, from) = mpsc::channel(QUEUE);
        let (namespaces, namespaces_seen) = watch::channel(follow.namespaces);
        let (relist, relist_seen) = watch::channel(0);
        let settings = WatchSettings {
            istio_namespace: follow.istio_namespace,
            strategy: follow.strategy,
            request_timeout: follow.request_timeout,
            namespaces: namespaces_seen,
            relist: relist_seen,
            pulse: Pulse::default(),
        };
        let mut tasks = JoinSet::new();
        for kind in &follow.kinds {
            tasks.spawn(kubernetes::follow(client.clone(), *kind, settings.clone(), out.clone()));
        }
        Self {
            world: World::default(),
            kinds: follow.kinds,
            states: BTreeMap::new(),
            strange: BTreeMap::new(),
            from,
            _steer: (namespaces, relist),
            _tasks: tasks,
        }
    }

    /// Waits until every kind is listed, absent or denied.
    ///
    /// # Errors
    /// The first failure that is not a refusal: a person at a prompt would rather know than wait.
    pub async fn settle(&mut self) -> Result<(), Failure> {
        while self.world.coverage.pending(&self.kinds).next().is_some() {
            if self.next().await.is_none() {
                return Err(Failure::Interrupted("the watches ended".into()));
            }
            if let Some(failure) = self.failure() {
                return Err(failure);
            }
        }
        Ok(())
    }

    /// Waits for the next message and takes it in: what it changed, perhaps nothing. `None` when all watches ended.
    pub async fn next(&mut self) -> Option<Vec<Change>> {
        self.next_told(|_| ()).await
    }

    /// The same, with a look at the message before it is taken in.
    pub async fn next_told(&mut self, tell: impl FnOnce(&SourceMessage)) -> Option<Vec<Change>> {
        let message = self.from.recv().await?;
        tell(&message);
        if let Some((kind, scope, state)) = message.state {
            self.states.insert((kind, scope), state);
        }
        let mut changes = Vec::new();
        for delta in message.deltas {
            if let Delta::Put(object) = &delta {
                self.strange.remove(&(object.kind(), Some(object.key().clone())));
            }
            if let Delta::Remove(kind, key) = &delta {
                self.strange.remove(&(*kind, Some(key.clone())));
            }
            changes.extend(self.world.apply(delta));
        }
        let strange = message.diagnostics.into_iter();
        self.strange
            .extend(strange.map(|diagnostic| ((diagnostic.kind, diagnostic.key.clone()), diagnostic)));
        Some(changes)
    }

    /// One field of each object that could not be read whole, by kind and key.
    pub fn strange(&self) -> impl Iterator<Item = &Diagnostic> {
        self.strange.values()
    }

    /// What broke, if anything is broken now.
    pub fn failure(&self) -> Option<Failure> {
        self.states.values().find_map(|state| match state {
            SourceState::Retrying { failure, .. } => Some(failure.clone()),
            SourceState::Connecting
            | SourceState::Listing(_)
            | SourceState::Live
            | SourceState::Absent
            | SourceState::Denied { .. } => None,
        })
    }

    /// What was refused, if of a kind nothing can be read in these namespaces (or, if none is named, anywhere).
    pub fn refusal(&self, kind: Kind, namespaces: &[Text]) -> Option<Failure> {
        let is_refused = match self.world.coverage.get(kind) {
            Coverage::Denied => true,
            Coverage::Partial { readable } => {
                !namespaces.is_empty() && !namespaces.iter().any(|namespace| readable.contains(namespace))
            }
            Coverage::Pending | Coverage::Complete | Coverage::Absent => false,
        };
        let asked = namespaces.iter().cloned().map(ListScope::Namespace);
        let mut scopes = asked.chain([ListScope::All]).filter(|_| is_refused);
        scopes.find_map(|scope| match self.states.get(&(kind, scope))? {
            SourceState::Denied { failure, .. } => Some(failure.clone()),
            SourceState::Retrying { .. }
            | SourceState::Connecting
            | SourceState::Listing(_)
            | SourceState::Live
            | SourceState::Absent => None,
        })
    }
}
