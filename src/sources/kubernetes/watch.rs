//! Follows one kind: list, then watch, for ever, as [`Delta`]s. Nothing here clears a table or gives up.
//!
//! # Decisions
//! * The watch loop is ours, not `kube::runtime::watcher`: that loses an object that does not decode (and a whole list
//!   with it), never falls back from a streamed list to pages, and decodes into typed objects that cost 100 times the
//!   memory. Revisit when kube can hand out raw objects. What is kept of it: its protocol (client-go's reflector).
//! * A kind that may not be listed in the whole cluster is followed by namespace instead, those that the reader
//!   chose and the control plane's, at most [`MOST_NAMESPACES`]; the cluster is asked again once a minute.

mod denied;
mod rest;
mod served;
mod settings;
mod wire;

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures::future::{Either, select};
use http_body_util::{BodyExt, Limited};
use kube::Client;
use kube::client::Body;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use self::rest::Health;
pub use self::rest::Pulse;
pub use self::settings::{ListStrategy, MOST_NAMESPACES, SourceMessage, WatchSettings};
use self::wire::{Event, List, ended_early, is_older, malformed, percent_encoded, version_of};
use super::backoff::Backoff;
use super::decode;
use super::failure::{Break, Status, failure_of, first_line, status_of, unread};
use super::lines::Lines;
use super::resources::{Resource, resource};
use crate::mesh::model::{Diagnostic, Interner, Kind};
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
/// A watch that lasts less was hung up on.
const SHORTEST: Duration = Duration::from_secs(1);

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
    /// Whether what was asked for has expired, and nothing was heard since.
    expired: bool,
    health: Health,
    /// Whether nothing came between the last list and now.
    is_fresh: bool,
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
            expired: false,
            health: Health::Well,
            is_fresh: false,
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
            if let Break::Expired | Break::CannotStream | Break::NotServed | Break::Forbidden = end {
                self.answered();
            }
            let goes_on = match end {
                Break::Unwanted => false,
                Break::Ended => true,
                Break::Expired => self.list_anew().await,
                Break::CannotStream if self.settings.strategy == ListStrategy::Stream => {
                    let advice = "the server cannot stream lists: use --list-strategy paged";
                    self.retry(Failure::Malformed(advice.into()), None).await
                }
                Break::CannotStream => {
                    self.streams = false;
                    true
                }
                Break::NotServed => self.next_version().await,
                Break::Forbidden if self.resume.take().is_some() => self.unwatched().await,
                Break::Forbidden if self.streams && self.settings.strategy != ListStrategy::Stream => {
                    // a streamed list is a watch, and perhaps only those may not be
                    self.streams = false;
                    true
                }
                Break::Forbidden if !self.is_served().await => self.next_version().await,
                Break::Forbidden => Box::pin(self.forbidden()).await,
                Break::Failed(failure) => self.retry(failure, None).await,
                Break::Later(failure, after) => self.retry(failure, Some(after)).await,
            };
            if !goes_on {
                return;
            }
        }
    }

    /// At once, but for a server for which everything has always expired.
    async fn list_anew(&mut self) -> bool {
        let is_again = self.resume.take().is_none() || self.expired;
        self.expired = true;
        if !is_again {
            return true;
        }
        let failure = Failure::Status(410, "what it listed has expired, and again".into());
        self.retry(failure, None).await
    }

    /// Reads everything by pages.
    async fn list(&mut self) -> Result<(), Break> {
        let (kind, scope) = (self.kind, self.scope.clone());
        let mut deltas = vec![Delta::ListStart(kind, scope.clone())];
        let (mut token, mut count) = (None, 0);
        loop {
            let page = self.page(token.as_deref(), PAGE).await?;
            self.answered();
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
                self.works();
                self.is_fresh = true;
                return Ok(());
            }
        }
    }

    /// It worked: the next wait is the first again, unless what was listed may expire at once.
    fn works(&mut self) {
        self.is_well();
        if !self.expired {
            self.backoff.reset();
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
                .map_err(|error| Break::Failed(unread(&*error, PAGE_BYTES)))
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
        self.answered();
        self.is_fresh = false;
        let shortest = Instant::now() + SHORTEST;
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
                Initial::None => {
                    self.expired = false;
                    Break::Ended
                }
                Initial::Streamed => Break::Failed(Failure::Interrupted("nothing was heard for 65 s".into())),
            };
            let chunk = match frame.map_err(silent)? {
                None if reading.heard && reading.initial == Initial::None && Instant::now() >= shortest => {
                    return Err(Break::Ended);
                }
                None => return Err(ended_early()),
                Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
                Some(Err(error)) => {
                    return Err(Break::Failed(Failure::Interrupted(first_line(&error.to_string()))));
                }
            };
            self.take_in(&chunk, &mut reading).await?;
        }
    }

    /// Decodes the lines that a chunk completes and sends them on at once; also those before one that ends the watch, for
    /// nobody will tell them again.
    async fn take_in(&mut self, chunk: &Bytes, reading: &mut Reading) -> Result<(), Break> {
        let too_long = || Break::Failed(Failure::Malformed("an object of more than 8 MiB".into()));
        let lines = reading.lines.push(chunk).map_err(|_| too_long())?;
        if lines.is_empty() {
            return Ok(());
        }
        if !reading.heard {
            reading.heard = true;
            self.works();
        }
        let mut told = Told::default();
        let mut end = Ok(());
        for line in &lines {
            end = self.event(line, reading, &mut told);
            if end.is_err() {
                break;
            }
            if reading.initial == Initial::Streamed && told.deltas.len() >= BATCH {
                let Told {
                    deltas, diagnostics, ..
                } = std::mem::take(&mut told);
                let state = SourceState::Listing(reading.count);
                self.send(deltas, Some(state), diagnostics).await?;
            }
        }
        self.send(told.deltas, told.state, told.diagnostics).await?;
        end
    }

    /// What one line says.
    fn event(&mut self, line: &Bytes, reading: &mut Reading, told: &mut Told) -> Result<(), Break> {
        let split = Event::split(line);
        let put = split.and_then(|event| self.put_whole(event.object));
        let event = match split.filter(|_| put.is_some()) {
            Some(event) => event,
            None => Event::parse(line).map_err(|error| self.garbled(malformed(&error)))?,
        };
        let object = event.object;
        if event.kind == "ERROR" {
            return Err(serde_json::from_str::<Status>(object).unwrap_or_default().into_break());
        }
        let is_list = reading.initial == Initial::Streamed;
        let version = if is_list { None } else { version_of(object) };
        if let (Some(version), Some(last)) = (&version, &self.resume)
            && is_older(version, last)
        {
            let why = "a change came before an older one";
            return Err(self.garbled(Break::Failed(Failure::Malformed(why.into()))));
        }
        match event.kind {
            "ADDED" | "MODIFIED" => {
                let put = put.or_else(|| self.put(object, &mut told.diagnostics));
                told.deltas.extend(put);
            }
            "DELETED" => {
                let key = decode::key(object);
                told.deltas.extend(key.map(|key| Delta::Remove(self.kind, key)));
            }
            "BOOKMARK" => {}
            other => {
                let why = format!("watch event '{other}'");
                return Err(self.garbled(Break::Failed(Failure::Malformed(why.into()))));
            }
        }
        if is_list {
            reading.count += 1;
            if event.kind == "BOOKMARK" && object.contains("k8s.io/initial-events-end") {
                reading.initial = Initial::None;
                self.resume = version_of(object);
                let (kind, scope) = (self.kind, self.scope.clone());
                told.deltas.push(Delta::ListEnd(kind, scope.clone()));
                told.deltas.push(Delta::Coverage(kind, scope, Found::All));
                told.state = Some(SourceState::Live);
            }
        } else if version.is_some() {
            self.expired = false;
            self.resume = version;
        }
        Ok(())
    }

    /// What cannot be followed from here is listed anew.
    fn garbled(&mut self, end: Break) -> Break {
        self.resume = None;
        end
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

    /// The same for an object that has nothing strange in it.
    fn put_whole(&mut self, object: &str) -> Option<Delta> {
        let mut strange = Vec::new();
        let delta = self.put(object, &mut strange);
        delta.filter(|_| strange.is_empty())
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

/// What lines said that were not sent on yet.
#[derive(Default)]
struct Told {
    deltas: Vec<Delta>,
    diagnostics: Vec<Diagnostic>,
    state: Option<SourceState>,
}

struct Reading {
    lines: Lines,
    initial: Initial,
    count: usize,
    /// Whether anything came at all: a server that only ever hangs up is not dialled without a pause.
    heard: bool,
}
