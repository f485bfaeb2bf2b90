//! What the app's commands do outside of the terminal: each starts a task, and its answer is a message.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use kube::Client;
use tokio::sync::{mpsc, watch};

use super::clock;
use super::contexts::{Contexts, Opening};
use super::envoys::Envoys;
use super::feed::{Cluster, Feed, QUEUE, Sources, Tasks};
use super::host::{ReadDraft, Run};
use super::open;
use super::packets::Reading;
use super::playback::{Played, read_ahead};
use super::plugin;
use super::probe;
use super::recording::{Begin, Writing};
use crate::app::message::{DemoControl, DemoState, Drafted, DryRun, DryRunAnswer, Fetch, Request};
use crate::app::{Draft, Message, RecordingNews, Ring};
use crate::mesh::model::{Event, Key, Text};
use crate::mesh::world::Failure;
use crate::sources::kubernetes::{self, SourceMessage};

/// Answers that wait for the loop.
pub(super) const ANSWERS: usize = 256;

/// The demo's story, from the outside.
#[derive(Debug)]
pub struct Story {
    /// Steers it.
    pub steer: mpsc::Sender<DemoControl>,
    /// Where it is.
    pub state: watch::Receiver<DemoState>,
}

/// Everything that goes on beside the loop.
pub(super) struct Effects {
    pub(super) tasks: Tasks,
    /// To the loop.
    answers: mpsc::Sender<Message>,
    to_world: mpsc::Sender<SourceMessage>,
    cluster: Option<Box<Cluster>>,
    feed: Option<Feed>,
    steer: Option<mpsc::Sender<DemoControl>>,
    envoys: Envoys,
    pub(super) capture: Reading,
    pub(super) read_draft: Option<ReadDraft>,
    played: Option<Box<Played>>,
    recording: Option<Writing>,
    pub(super) contexts: Option<Arc<dyn Contexts>>,
    opening: Option<Opening>,
}

impl Effects {
    /// Starts what brings objects.
    pub(super) fn start(
        sources: Sources,
        story: Option<Story>,
        answers: mpsc::Sender<Message>,
        to_world: mpsc::Sender<SourceMessage>,
    ) -> Self {
        let mut effects = Self {
            tasks: Tasks::default(),
            answers,
            to_world,
            cluster: None,
            feed: None,
            steer: None,
            envoys: Envoys::default(),
            capture: Reading::default(),
            read_draft: None,
            played: None,
            recording: None,
            contexts: None,
            opening: None,
        };
        match sources {
            Sources::Cluster(cluster) => {
                effects.cluster = Some(cluster);
                effects.follow();
            }
            Sources::Recording(played) => {
                let told = Message::Cluster(played.cluster.clone());
                let answers = effects.answers.clone();
                effects.tasks.spawn(async move {
                    // The loop has ended if it takes no more.
                    let _ = answers.send(told).await;
                });
                effects.played = Some(played);
            }
        }
        if let Some(Story { steer, state }) = story {
            effects.steer = Some(steer);
            effects.tasks.spawn(tell_story(state, effects.answers.clone()));
        }
        effects
    }

    /// Reads the recording that is played, from about this time on; `None` if none is.
    pub(super) fn play(&self, from: Timestamp) -> Option<mpsc::Receiver<SourceMessage>> {
        let path = self.played.as_ref()?.path.clone();
        let (out, deltas) = mpsc::channel(QUEUE);
        let answers = self.answers.clone();
        self.tasks.spawn_blocking(move || {
            if let Err(problem) = read_ahead(&path, from, &out) {
                let _ = answers.blocking_send(Message::Problem(problem));
            }
        });
        Some(deltas)
    }

    /// Writes this, and what is said from now on, into a file.
    pub(super) fn record(&mut self, ring: Ring, file: Option<String>) {
        let istio_namespace = self
            .cluster
            .as_ref()
            .map(|cluster| cluster.follow.istio_namespace.clone());
        let begin = Begin {
            ring,
            file,
            istio_namespace: istio_namespace.unwrap_or_default(),
        };
        self.recording = Some(Writing::start(begin, &self.tasks, self.answers.clone()));
    }

    pub(super) fn end_recording(&mut self) {
        self.recording = None;
    }

    /// Records what a source says, if anything is recorded; what to tell if that cannot go on.
    pub(super) fn record_message(&mut self, at: Timestamp, message: &SourceMessage) -> Option<Message> {
        let writing = self.recording.as_ref()?;
        if writing.tell(at, message) {
            return None;
        }
        self.recording = None;
        let line = "recording ended: the disk does not keep up; what was written plays";
        Some(Message::Recording(RecordingNews::Failed(line.to_owned())))
    }

    /// The client, if there is a cluster.
    fn client(&self) -> Option<&Client> {
        self.cluster.as_ref().map(|cluster| &cluster.connection.client)
    }

    fn follow(&mut self) {
        let Some(cluster) = &self.cluster else {
            return;
        };
        let Cluster { connection, follow, .. } = &**cluster;
        self.feed = Some(Feed::start(&self.tasks, &connection.client, follow, &self.to_world));
        self.tasks
            .spawn(probe::tell_cluster(connection.clone(), self.answers.clone()));
    }

    pub(super) fn relist(&self) {
        if let Some(feed) = &self.feed {
            feed.relist();
        }
    }

    pub(super) fn show_namespaces(&self, namespaces: Vec<Text>) {
        if let Some(feed) = &self.feed {
            feed.show_namespaces(namespaces);
        }
    }

    pub(super) fn ask_envoys(&mut self, pods: &[(Key, u16)], rates: bool) {
        self.envoys.set_rates(rates);
        if let Some(cluster) = &self.cluster {
            let client = &cluster.connection.client;
            self.envoys.ask(pods, client, &self.tasks, &self.answers);
        }
    }

    /// A table changed that Envoys follow.
    pub(super) fn stir_envoys(&self) {
        self.envoys.stir();
    }

    pub(super) fn steer(&self, control: DemoControl) {
        if let Some(steer) = &self.steer {
            // A story that has more keys to obey than fit needs no further one.
            let _ = steer.try_send(control);
        }
    }

    pub(super) fn fetch(&self, request: Request) {
        let client = self.client().cloned();
        let answers = self.answers.clone();
        self.tasks.spawn(async move {
            let text = match client {
                Some(client) => fetched(&client, &request).await,
                None => Err("there is no cluster to ask: the objects come from files".to_owned()),
            };
            let _ = answers.send(Message::Fetched { request, text }).await;
        });
    }

    /// Asks the API server about objects, one after the other.
    pub(super) fn dry_run(&self, objects: Vec<DryRun>) {
        let client = self.client().cloned();
        let answers = self.answers.clone();
        self.tasks.spawn(async move {
            let mut said = Vec::with_capacity(objects.len());
            for DryRun { kind, key, body } in objects {
                let outcome = match &client {
                    Some(client) => kubernetes::dry_run(client, kind, &key, &body).await,
                    None => Err(Failure::Unreachable("the objects come from files".into())),
                };
                said.push(DryRunAnswer { kind, key, outcome });
            }
            // the loop has ended if it takes no more
            let _ = answers.send(Message::DryRan(said)).await;
        });
    }

    /// Reads a draft in a file.
    pub(super) fn read_draft_of(&self, path: String) {
        let broke = Message::Drafted(Drafted::Failed(format!(
            "cannot read '{path}': an internal error, see :log"
        )));
        let read = self.read_draft;
        self.answer_blocking(broke, move || {
            Message::Drafted(match open::draft(Path::new(&path)) {
                Ok(text) => drafted(read, path, text),
                Err(error) => Drafted::Failed(format!("cannot read '{path}': {error}")),
            })
        });
    }

    /// Reads a draft's text.
    pub(super) fn drafted(&self, name: String, text: String) -> Drafted {
        drafted(self.read_draft, name, text)
    }

    /// Logs in again, while the terminal is the login command's, and follows the cluster with the new login.
    pub(super) async fn log_in(&mut self) -> Result<(), String> {
        let connect = self.cluster.as_ref().and_then(|cluster| cluster.connect.clone());
        let Some(options) = connect else {
            return Err("there is no login here".to_owned());
        };
        let connection = kubernetes::connect(&options, clock::now, plugin::run).await;
        let connection = connection.map_err(|error| error.to_string())?;
        if let Some(cluster) = &mut self.cluster {
            cluster.connection = connection;
        }
        self.follow();
        Ok(())
    }

    /// Tells which contexts there are, if there can be others.
    pub(super) fn list_contexts(&self) {
        let Some(contexts) = self.contexts.clone() else { return };
        let broke = Message::Contexts(Err("cannot list the contexts: an internal error, see :log".to_owned()));
        self.answer_blocking(broke, move || Message::Contexts(contexts.list()));
    }

    /// Makes a run over another context ready; one that was asked for before is given up.
    pub(super) fn open_context(&mut self, name: String) {
        if let Some(contexts) = &self.contexts {
            let opening = Opening::start(contexts, name, &self.tasks, self.answers.clone());
            self.opening = Some(opening);
        }
    }

    /// Gives that up.
    pub(super) fn give_up_context(&mut self) {
        self.opening = None;
    }

    /// That run, if it is ready.
    pub(super) fn take_opened(&mut self) -> Option<Box<Run>> {
        self.opening.take()?.take()
    }

    /// Runs work that blocks, and sends its answer to the loop; if it panics, `broke` is the answer. The hook says why.
    pub(super) fn answer_blocking(&self, broke: Message, work: impl FnOnce() -> Message + Send + 'static) {
        let answers = self.answers.clone();
        self.tasks.spawn_blocking(move || {
            // nothing that the work could have left half done is seen again: it owns all that it has
            let answer = catch_unwind(AssertUnwindSafe(work)).unwrap_or(broke);
            // the loop has ended if it takes no more
            let _ = answers.blocking_send(answer);
        });
    }
}

fn drafted(read: Option<ReadDraft>, name: String, text: String) -> Drafted {
    let Some(read) = read else {
        return Drafted::Failed("drafts are not read here".to_owned());
    };
    match read(&name, &text) {
        Ok((objects, notes)) => Drafted::Read(Arc::new(Draft {
            name,
            text,
            objects,
            notes,
        })),
        Err(said) => Drafted::Misread { name, text, said },
    }
}

async fn fetched(client: &Client, request: &Request) -> Result<String, String> {
    match request.what {
        Fetch::Yaml => {
            let found = kubernetes::fetch(client, request.kind, &request.key).await;
            let found = found.map_err(|failure| failure.to_string())?;
            let mut object = found.ok_or_else(|| format!("'{}' is gone", request.key))?;
            if let Some(meta) = object.pointer_mut("/metadata").and_then(|meta| meta.as_object_mut()) {
                meta.remove("managedFields");
            }
            serde_saphyr::to_string(&object).map_err(|error| error.to_string())
        }
        Fetch::Events => {
            let events = kubernetes::events(client, request.kind, &request.key).await;
            let events = events.map_err(|failure| failure.to_string())?;
            if events.is_empty() {
                return Ok("no events; the API server forgets them after an hour, if not told otherwise".to_owned());
            }
            Ok(events.iter().map(|event| event_line(event)).collect())
        }
    }
}

/// Time in UTC, type, reason, message, how often.
fn event_line(event: &Event) -> String {
    let last = event.last.map_or_else(String::new, |last| format!("{last:.0}"));
    let times = if event.count > 1 {
        format!(" (x{})", event.count)
    } else {
        String::new()
    };
    format!(
        "{last:<20}  {:<8} {:<20} {}{times}\n",
        event.event_type, event.reason, event.message
    )
}

async fn tell_story(mut state: watch::Receiver<DemoState>, answers: mpsc::Sender<Message>) {
    loop {
        let now = state.borrow_and_update().clone();
        if answers.send(Message::Demo(now)).await.is_err() || state.changed().await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::message::{ClusterInfo, Work};

    #[tokio::test]
    async fn work_that_panics_is_answered_for() {
        let (answers, mut answered) = mpsc::channel(ANSWERS);
        let (to_world, _world) = mpsc::channel(1);
        let played = Played {
            path: "no.recording".into(),
            reach: (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH),
            start: Timestamp::UNIX_EPOCH,
            speed: 1,
            cluster: ClusterInfo::default(),
        };
        let cluster = Message::Cluster(played.cluster.clone());
        let effects = Effects::start(Sources::Recording(Box::new(played)), None, answers, to_world);
        assert_eq!(answered.recv().await, Some(cluster));
        let broke = || Message::Broke(Work::Findings);
        effects.answer_blocking(broke(), || panic!("on purpose"));
        assert_eq!(answered.recv().await, Some(broke()));
        effects.answer_blocking(broke(), || Message::Tick);
        assert_eq!(answered.recv().await, Some(Message::Tick));
    }
}
