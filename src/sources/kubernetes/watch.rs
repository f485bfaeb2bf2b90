//! Follows one kind: list, then watch, for ever, as [`Delta`]s. Nothing here clears a table or gives up.
//!
//! # Decisions
//! * The watch loop is ours, not `kube::runtime::watcher`: that loses an object that does not decode (and a whole list
//!   with it), never falls back from a streamed list to pages, and decodes into typed objects that cost 100 times the
//!   memory. Revisit when kube can hand out raw objects. What is kept of it: its protocol (client-go's reflector).
//! * A kind that may not be listed in the whole cluster is followed by namespace instead, those that the reader
//!   chose and the control plane's, at most [`MOST_NAMESPACES`]; the cluster is asked again once a minute.

mod served;
mod settings;
mod wire;

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures::future::{Either, select};
use futures::stream::{FuturesUnordered, StreamExt};
use http_body_util::{BodyExt, Limited};
use kube::Client;
use kube::client::Body;
use tokio::sync::mpsc;
use tokio::time::timeout;

pub use self::settings::{ListStrategy, MOST_NAMESPACES, SourceMessage, WatchSettings};
use self::wire::{Event, List, ended_early, malformed, percent_encoded, version_of};
use super::backoff::Backoff;
use super::decode;
use super::failure::{Break, Status, failure_of, first_line, status_of};
use super::lines::Lines;
use super::resources::{Place, Resource, resource};
use crate::mesh::model::{Diagnostic, Interner, Kind, Text};
use crate::mesh::world::{Delta, Failure, Found, ListScope, SourceState};

/// Objects in one page of a list, as kubectl asks.
const PAGE: usize = 500;
/// Bytes of one page.
const PAGE_BYTES: usize = 256 * 1024 * 1024;
/// Deltas in one message while a list streams in.
const BATCH: usize = 256;
/// After this silence the watch is in doubt and dialled anew, without a word if that works. A server sends bookmarks each
/// minute, but none for a kind of which nothing changes.
const SILENCE: Duration = Duration::from_secs(65);
/// How long the server is asked to keep a watch.
const WATCH_SECONDS: u64 = 295;
/// Between looks for a kind that was not served, or a right that was not granted.
const ASK_AGAIN: Duration = Duration::from_secs(30);

/// Follows `kind` until the receiver of `out` is dropped.
pub async fn follow(client: Client, kind: Kind, settings: WatchSettings, out: mpsc::Sender<SourceMessage>) {
    let follower = Follower::new(client, kind, ListScope::All, settings, out);
    follower.run().await;
}

struct Follower {
    client: Client,
    kind: Kind,
    resource: Resource,
    scope: ListScope,
    settings: WatchSettings,
    out: mpsc::Sender<SourceMessage>,
    interner: Interner,
    backoff: Backoff,
    /// Index of the version of the kind that is asked for.
    version: usize,
    streams: bool,
    /// Where the last list or event was; `None` means that the next step is a list.
    resume: Option<String>,
    state: SourceState,
}

impl Follower {
    fn new(
        client: Client,
        kind: Kind,
        scope: ListScope,
        settings: WatchSettings,
        out: mpsc::Sender<SourceMessage>,
    ) -> Self {
        let streams = settings.strategy != ListStrategy::Paged;
        Self {
            client,
            kind,
            resource: resource(kind),
            scope,
            streams,
            settings,
            out,
            interner: Interner::default(),
            backoff: Backoff::new(kind as usize),
            version: 0,
            resume: None,
            state: SourceState::Connecting,
        }
    }

    /// Each turn is one list or watch and what its end means.
    async fn run(mut self) {
        loop {
            let end = match self.resume.clone() {
                Some(from) => self.watch(from, Initial::None).await,
                None if self.streams => self.watch(String::new(), Initial::Streamed).await,
                None => self.list().await,
            };
            let Err(end) = end else { continue };
            let goes_on = match end {
                Break::Unwanted => false,
                Break::Ended => true,
                Break::Expired => {
                    self.resume = None;
                    true
                }
                Break::CannotStream if self.settings.strategy == ListStrategy::Stream => {
                    self.retry(Failure::Malformed(
                        "the server cannot stream lists: use --list-strategy paged".into(),
                    ))
                    .await
                }
                Break::CannotStream => {
                    self.streams = false;
                    true
                }
                Break::NotServed => self.next_version().await,
                Break::Forbidden if !self.is_served().await => self.next_version().await,
                Break::Forbidden => Box::pin(self.forbidden()).await,
                Break::Failed(failure) => self.retry(failure).await,
            };
            if !goes_on {
                return;
            }
        }
    }

    /// Waits as long as the backoff says, or until somebody asks for a new list.
    async fn retry(&mut self, failure: Failure) -> bool {
        let (attempt, wait) = self.backoff.next();
        self.tell(Vec::new(), SourceState::Retrying { attempt, wait, failure })
            .await
            && self.rest(wait).await
    }

    /// Waits; a call for a new list ends the wait and resets the backoff. `false` if nobody listens any more.
    async fn rest(&mut self, wait: Duration) -> bool {
        let asked = timeout(wait, self.settings.relist.changed()).await;
        if let Ok(changed) = asked {
            self.backoff.reset();
            self.resume = None;
            if changed.is_err() {
                return false;
            }
        }
        !self.out.is_closed()
    }

    async fn next_version(&mut self) -> bool {
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
        self.tell(gone, SourceState::Absent).await && self.rest(ASK_AGAIN).await
    }

    /// Says so, and follows the namespaces that may be read instead, until the cluster may be asked again.
    async fn forbidden(&mut self) -> bool {
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
            return self.tell(denied, state).await && self.rest(ASK_AGAIN).await;
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
        loop {
            if timeout(2 * ASK_AGAIN, relist.changed())
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

    /// Reads everything by pages.
    async fn list(&mut self) -> Result<(), Break> {
        let (kind, scope) = (self.kind, self.scope.clone());
        let mut deltas = vec![Delta::ListStart(kind, scope.clone())];
        let (mut token, mut count) = (None, 0);
        loop {
            let page = self.page(token.as_deref(), PAGE).await?;
            let mut diagnostics = Vec::new();
            let list: List<'_> = serde_json::from_slice(&page).map_err(|error| malformed(&error))?;
            for item in &list.items {
                deltas.extend(self.put(item.get(), &mut diagnostics));
            }
            count += list.items.len();
            token = Some(list.metadata.next).filter(|token| !token.is_empty());
            if token.is_none() {
                self.resume = Some(list.metadata.version);
                deltas.push(Delta::ListEnd(kind, scope.clone()));
                deltas.push(Delta::Coverage(kind, scope.clone(), Found::All));
            }
            let state = if token.is_some() {
                SourceState::Listing(count)
            } else {
                SourceState::Live
            };
            self.send(std::mem::take(&mut deltas), Some(state), diagnostics).await?;
            if token.is_none() {
                self.backoff.reset();
                return Ok(());
            }
        }
    }

    async fn page(&self, token: Option<&str>, limit: usize) -> Result<Bytes, Break> {
        let mut query = format!("limit={limit}");
        if let Some(token) = token {
            query.push_str("&continue=");
            query.push_str(&percent_encoded(token));
        }
        let request = async {
            let response = self.get(&query).await?;
            let body = Limited::new(response.into_body(), PAGE_BYTES).collect().await;
            body.map(http_body_util::Collected::to_bytes)
                .map_err(|error| Break::Failed(Failure::Interrupted(first_line(&error.to_string()))))
        };
        timeout(self.settings.request_timeout, request)
            .await
            .unwrap_or(Err(Break::Failed(Failure::TimedOut)))
    }

    /// Follows changes from a version on; with [`Initial::Streamed`] everything that is there comes first.
    async fn watch(&mut self, from: String, initial: Initial) -> Result<(), Break> {
        let seconds = WATCH_SECONDS - (self.kind as u64 % 16);
        let mut query = format!("watch=1&allowWatchBookmarks=true&timeoutSeconds={seconds}&resourceVersion={from}");
        if initial == Initial::Streamed {
            query.push_str("&sendInitialEvents=true&resourceVersionMatch=NotOlderThan");
        }
        let response = timeout(self.settings.request_timeout, self.get(&query)).await;
        let mut body = response.unwrap_or(Err(Break::Failed(Failure::TimedOut)))?.into_body();
        let mut reading = Reading {
            lines: Lines::default(),
            initial,
            count: 0,
            heard: false,
        };
        if initial == Initial::Streamed {
            let start = vec![Delta::ListStart(self.kind, self.scope.clone())];
            self.send(start, Some(SourceState::Listing(0)), Vec::new()).await?;
        } else {
            self.send(Vec::new(), Some(SourceState::Live), Vec::new()).await?;
        }
        let mut relist = self.settings.relist.clone();
        loop {
            let next = timeout(SILENCE, body.frame());
            let frame = match select(pin!(next), pin!(relist.changed())).await {
                Either::Left((frame, _)) => frame,
                Either::Right((Ok(()), _)) => {
                    self.settings.relist.mark_unchanged();
                    return Err(Break::Expired);
                }
                Either::Right((Err(_), _)) => return Err(Break::Unwanted),
            };
            let silent = |_| match reading.initial {
                Initial::None => Break::Ended,
                Initial::Streamed => Break::Failed(Failure::Interrupted("nothing was heard for 65 s".into())),
            };
            let chunk = match frame.map_err(silent)? {
                None if reading.heard && reading.initial == Initial::None => return Err(Break::Ended),
                None => return Err(ended_early()),
                Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
                Some(Err(error)) => {
                    return Err(Break::Failed(Failure::Interrupted(first_line(&error.to_string()))));
                }
            };
            self.take_in(&chunk, &mut reading).await?;
        }
    }

    /// Decodes the lines that a chunk completes and sends them on at once.
    async fn take_in(&mut self, chunk: &Bytes, reading: &mut Reading) -> Result<(), Break> {
        let too_long = || Break::Failed(Failure::Malformed("an object of more than 8 MiB".into()));
        let lines = reading.lines.push(chunk).map_err(|_| too_long())?;
        let (mut deltas, mut diagnostics) = (Vec::new(), Vec::new());
        let mut state = None;
        if !lines.is_empty() && !reading.heard {
            reading.heard = true;
            self.backoff.reset();
        }
        for line in &lines {
            let event: Event<'_> = serde_json::from_slice(line).map_err(|error| malformed(&error))?;
            let object = event.object.get();
            match event.kind {
                "ADDED" | "MODIFIED" => deltas.extend(self.put(object, &mut diagnostics)),
                "DELETED" => deltas.extend(decode::key(object).map(|key| Delta::Remove(self.kind, key))),
                "BOOKMARK" => {}
                "ERROR" => {
                    return Err(serde_json::from_str::<Status>(object).unwrap_or_default().into_break());
                }
                other => {
                    return Err(Break::Failed(Failure::Malformed(
                        format!("watch event '{other}'").into(),
                    )));
                }
            }
            if reading.initial == Initial::Streamed {
                reading.count += 1;
                if !(event.kind == "BOOKMARK" && object.contains("k8s.io/initial-events-end")) {
                    if deltas.len() >= BATCH {
                        let state = SourceState::Listing(reading.count);
                        self.send(
                            std::mem::take(&mut deltas),
                            Some(state),
                            std::mem::take(&mut diagnostics),
                        )
                        .await?;
                    }
                    continue;
                }
                reading.initial = Initial::None;
                deltas.push(Delta::ListEnd(self.kind, self.scope.clone()));
                deltas.push(Delta::Coverage(self.kind, self.scope.clone(), Found::All));
                state = Some(SourceState::Live);
            }
            if let Some(version) = version_of(object) {
                self.resume = Some(version);
            }
        }
        if lines.is_empty() {
            Ok(())
        } else {
            self.send(deltas, state, diagnostics).await
        }
    }

    fn put(&mut self, object: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<Delta> {
        let decoded = decode::object(self.kind, object, &mut self.interner);
        diagnostics.extend(decoded.diagnostics);
        match decoded.object {
            Ok(object) if decode::concerns_the_mesh(&object) => Some(Delta::Put(object)),
            Ok(object) => Some(Delta::Remove(self.kind, object.key().clone())),
            Err(key) => key.map(|key| Delta::Remove(self.kind, key)),
        }
    }

    async fn get(&self, query: &str) -> Result<http::Response<Body>, Break> {
        let version = self.resource.versions.get(self.version).copied().unwrap_or("v1");
        let path = self.resource.path(version, &self.scope, &self.settings.istio_namespace);
        let separator = if self.resource.query.is_empty() { "" } else { "&" };
        let uri = format!("{path}?{}{separator}{query}", self.resource.query);
        let request = http::Request::get(uri).body(Body::empty());
        let request = request.map_err(|error| Break::Failed(Failure::Malformed(first_line(&error.to_string()))))?;
        let response = self
            .client
            .send(request)
            .await
            .map_err(|error| Break::Failed(failure_of(&error)))?;
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(status_of(response).await.into_break())
        }
    }

    async fn tell(&mut self, deltas: Vec<Delta>, state: SourceState) -> bool {
        self.send(deltas, Some(state), Vec::new()).await.is_ok()
    }

    async fn send(
        &mut self,
        deltas: Vec<Delta>,
        state: Option<SourceState>,
        diagnostics: Vec<Diagnostic>,
    ) -> Result<(), Break> {
        if let Some(state) = state {
            self.state = state;
        }
        let state = Some((self.kind, self.scope.clone(), self.state.clone()));
        self.out
            .send(SourceMessage {
                at: None,
                deltas,
                state,
                diagnostics,
            })
            .await
            .map_err(|_| Break::Unwanted)
    }
}

/// Whether a watch begins with all that is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Initial {
    /// It does; until the bookmark that ends them, these are a list.
    Streamed,
    /// It does not, or they have all come.
    None,
}

struct Reading {
    lines: Lines,
    initial: Initial,
    count: usize,
    /// Whether anything came at all: a server that only ever hangs up is not dialled without a pause.
    heard: bool,
}
