//! The story's clockwork: plays step after step, and does what its keys say.
//!
//! It remembers the cluster after each step. Going back or starting again restores what it remembers, so edits made by others in
//! between are taken back too. After the last step and a pause the story starts again. While others change pods or Services, it
//! keeps their endpoints up to date and gives deleted pods their successors. It never fails: what cannot be played, because somebody deleted what a step is about,
//! is left out and logged.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::StoryError;
use super::slices;
use super::stage::Stage;
use super::successors::Successors;
use crate::demo::envoy::Envoys;
use crate::demo::kinds::Resource;
use crate::demo::store::{Change, Feed, Object, Snapshot, Store, Verb};
use crate::demo::tree::text;

/// What a person can ask of the story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Play the next step now, and stay there.
    Step,
    /// Go back to the state before the last step, and stay there.
    Back,
    /// Stop, or go on.
    PauseOrResume,
    /// Go back to the first state, and go on from there.
    Restart,
}

/// Where the story is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The step that was played last; 0 is the state at the start.
    pub step: usize,
    /// How many steps there are, the first included.
    pub steps: usize,
    /// What the step shows.
    pub title: Arc<str>,
    /// Whether it waits for a key.
    pub paused: bool,
    /// When the next step comes by itself; `None` while it waits for a key.
    pub next: Option<Timestamp>,
    /// Whether the Envoys have recorded answers: false after an edit that is not in the script, until it is undone.
    pub recorded: bool,
}

/// Plays a story into a store.
pub struct Driver {
    stage: Stage,
    store: Arc<Store>,
    envoys: Arc<Envoys>,
    /// The cluster after each step up to the present one; never empty.
    past: Vec<Snapshot>,
    paused: bool,
    /// When the next step is due: by the timer, and by the cluster's clock.
    due: Option<(Instant, Timestamp)>,
    successors: Successors,
    /// When a successor is next to start.
    starts: Option<Instant>,
    progress: watch::Sender<Progress>,
}

impl Driver {
    /// Takes over a store into which the stage was [set](Stage::set).
    pub fn new(stage: Stage, store: Arc<Store>, envoys: Arc<Envoys>) -> Self {
        let past = vec![store.capture()];
        let progress = Progress {
            step: 0,
            steps: stage.script().steps.len(),
            title: title(&stage, 0),
            paused: false,
            next: None,
            recorded: envoys.observe(),
        };
        let mut driver = Self {
            stage,
            store,
            envoys,
            past,
            paused: false,
            due: None,
            successors: Successors::default(),
            starts: None,
            progress: watch::Sender::new(progress),
        };
        driver.plan();
        driver.tell();
        driver
    }

    /// Where the story is, from now on.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Plays until nobody can ask for anything any more. Commands that wait are obeyed before a step that is due.
    pub async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut watched = Watched::new(&self.store);
        loop {
            let (due, starts) = (self.due.map(|(due, _)| due), self.starts);
            tokio::select! {
                biased;
                command = commands.recv() => match command {
                    Some(command) => self.obey(command),
                    None => return,
                },
                news = watched.next(&self.store) => self.follow(&news),
                () = until(starts) => self.start(),
                () = until(due) => drop(self.advance()),
            }
        }
    }

    /// Does what a person asked.
    pub fn obey(&mut self, command: Command) {
        match command {
            Command::Step => {
                self.paused = true;
                self.advance();
            }
            Command::Back => {
                self.paused = true;
                self.past.truncate(self.past.len().saturating_sub(1).max(1));
                self.restore();
            }
            Command::PauseOrResume => self.paused = !self.paused,
            Command::Restart => {
                self.paused = false;
                self.past.truncate(1);
                self.restore();
            }
        }
        self.plan();
        self.tell();
    }

    /// Plays the next step; after the last one, goes back to the first state. Returns what could not be played.
    pub fn advance(&mut self) -> Vec<StoryError> {
        let next = self.past.len();
        let skipped = if next < self.stage.script().steps.len() {
            let skipped = self.stage.play(&self.store, next);
            self.past.push(self.store.capture());
            skipped
        } else {
            self.past.truncate(1);
            self.restore();
            Vec::new()
        };
        for error in &skipped {
            tracing::warn!(step = next, %error, "a part of the demo's story was left out");
        }
        self.plan();
        self.tell();
        skipped
    }

    fn restore(&self) {
        if let Some(snapshot) = self.past.last() {
            self.store.restore(snapshot);
        }
    }

    /// Does what controllers do when others change pods or Services.
    fn follow(&mut self, news: &News) {
        if let Err(error) = self.successors.replace(&self.store, &self.stage, &news.gone) {
            tracing::warn!(%error, "a pod that was deleted has no successor");
        }
        for namespace in &news.namespaces {
            if let Err(error) = slices::reconcile(&self.store, namespace, self.store.now()) {
                tracing::warn!(%namespace, %error, "the endpoints of a namespace are not up to date");
            }
        }
        self.start();
        self.tell();
    }

    /// Starts the successors whose time has come; their endpoints follow when the change is seen.
    fn start(&mut self) {
        let next = self.successors.start(&self.store).unwrap_or_else(|error| {
            tracing::warn!(%error, "a successor does not start");
            None
        });
        self.starts = next.map(|wait| Instant::now() + wait);
    }

    fn tell(&self) {
        let step = self.past.len() - 1;
        let progress = Progress {
            step,
            steps: self.stage.script().steps.len(),
            title: title(&self.stage, step),
            paused: self.paused,
            next: self.due.map(|(_, at)| at),
            recorded: self.envoys.observe(),
        };
        self.progress.send_if_modified(|known| {
            let news = *known != progress;
            *known = progress;
            news
        });
    }

    /// Sets when the next step is due.
    fn plan(&mut self) {
        let script = self.stage.script();
        let seconds = script
            .steps
            .get(self.past.len())
            .map_or(script.again, |step| step.after);
        let wait = Duration::from_secs(seconds);
        self.due = (!self.paused).then(|| (Instant::now() + wait, self.store.now() + wait));
    }
}

impl std::fmt::Debug for Driver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Driver")
            .field("progress", &*self.progress.borrow())
            .finish_non_exhaustive()
    }
}

fn title(stage: &Stage, step: usize) -> Arc<str> {
    stage.script().steps.get(step).map_or("", |step| &step.title).into()
}

/// Waits for a moment; for ever when there is none.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// What others changed.
#[derive(Debug, Default)]
struct News {
    /// The namespaces in which pods or Services changed.
    namespaces: BTreeSet<Box<str>>,
    /// The pods that were asked to go, or went without being asked.
    gone: Vec<Value>,
}

impl News {
    fn of(resource: Resource, changes: &[Arc<Change>]) -> Self {
        if !matches!(resource, Resource::Pods | Resource::Services) {
            return Self::default();
        }
        let spec = resource.spec();
        let tree = |object: &Object| object.tree(&spec, spec.preferred());
        let is_going = |object: &Arc<Object>| tree(object).pointer("/metadata/deletionTimestamp").is_some();
        let goes = |change: &Change| match change.verb {
            Verb::Added => false,
            Verb::Modified => is_going(&change.object) && !change.previous.as_ref().is_some_and(is_going),
            Verb::Deleted => !change.previous.as_ref().is_some_and(is_going),
        };
        let gone = changes
            .iter()
            .filter(|change| resource == Resource::Pods && goes(change));
        Self {
            namespaces: changes.iter().map(|change| change.object.namespace.clone()).collect(),
            gone: gone.map(|change| tree(&change.object)).collect(),
        }
    }
}

/// The changes that concern the story: of everything that a recording depends on.
struct Watched {
    feeds: Vec<(Resource, Feed)>,
}

impl Watched {
    fn new(store: &Arc<Store>) -> Self {
        let feed = |resource| (resource, store.feed(resource, store.version()));
        let feeds = Resource::ALL
            .into_iter()
            .filter(|r| *r != Resource::Events)
            .map(feed)
            .collect();
        Self { feeds }
    }

    /// Waits for changes.
    async fn next(&mut self, store: &Arc<Store>) -> News {
        let waiting = self
            .feeds
            .iter_mut()
            .map(|(resource, feed)| Box::pin(async move { (*resource, feed.next().await) }));
        let ((resource, changes), index, rest) = futures::future::select_all(waiting).await;
        drop(rest);
        match changes {
            Ok(changes) => News::of(resource, &changes),
            // too slow: everything may have changed
            Err(_) => {
                if let Some(slow) = self.feeds.get_mut(index) {
                    slow.1 = store.feed(resource, store.version());
                }
                let namespaces = store.list(Resource::Namespaces, None);
                let name = |namespace| text(namespace, "/metadata/name").into();
                News {
                    namespaces: namespaces.iter().map(name).collect(),
                    gone: Vec::new(),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
