//! What goes into a watch and what comes out of it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use super::rest::Pulse;
use crate::mesh::model::{Diagnostic, Kind, Text};
use crate::mesh::world::{Delta, ListScope, SourceState};

/// What a source tells the loop, in order.
#[derive(Debug, Default)]
pub struct SourceMessage {
    /// What changed; empty for a sign of life.
    pub deltas: Vec<Delta>,
    /// How the source of this kind and scope is doing; a watch says it with every sign of life, a dump never.
    pub state: Option<(Kind, ListScope, SourceState)>,
    /// When it was so, where that is not now: in a recording.
    pub at: Option<Timestamp>,
    /// Fields that could not be read and were left out.
    pub diagnostics: Vec<Diagnostic>,
}

/// How objects that are already there are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ListStrategy {
    /// Streamed where the server can, else by pages.
    #[default]
    Auto,
    /// Streamed, or not at all.
    Stream,
    /// By pages: with compression, which a slow link may like better.
    Paged,
}

/// What all watches share.
#[derive(Clone, Debug)]
pub struct WatchSettings {
    /// Where the control plane's own objects are.
    pub istio_namespace: Text,
    /// How lists are read.
    pub strategy: ListStrategy,
    /// Bound on one request (a page of a list, the start of a watch).
    pub request_timeout: Duration,
    /// Namespaces to read where the whole cluster may not be; the first ones count.
    pub namespaces: watch::Receiver<Arc<[Text]>>,
    /// A new value ends every wait and lists anew.
    pub relist: watch::Receiver<u64>,
    /// Word among the watches of one server that it answers again.
    pub pulse: Pulse,
}

/// Namespaces followed one by one where the cluster may not be listed: each is a connection for each kind.
pub const MOST_NAMESPACES: usize = 16;
