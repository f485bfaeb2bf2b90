//! Other contexts: which there are, and a run over another one, made ready beside the screen that is up.
//!
//! What a context is and how one is connected to is the caller's ([`Contexts`]). Here it goes on as a task that ends with
//! the run that asked for it, or when nobody wants it any more; the app says whether what came of it is still wanted.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use super::feed::Tasks;
use super::host::Run;
use crate::app::Message;
use crate::app::message::Context;

/// The contexts that a screen can go to.
pub trait Contexts: Send + Sync {
    /// All of them, as they are now. Blocks its thread for as long as a file is read.
    ///
    /// # Errors
    /// One line: why it is not known which there are.
    fn list(&self) -> Result<Vec<Context>, String>;

    /// A run over one of them, whose cluster has answered. The terminal is somebody else's meanwhile.
    fn open(&self, name: &str) -> BoxFuture<'static, Result<Box<Run>, String>>;
}

/// A run that is made ready; it is given up when this is dropped.
#[derive(Debug)]
pub(super) struct Opening {
    run: oneshot::Receiver<Box<Run>>,
    tasks: Tasks,
}

impl Opening {
    /// Begins to make one ready; the answer says what came of it.
    pub(super) fn start(
        contexts: &Arc<dyn Contexts>,
        name: String,
        tasks: &Tasks,
        answers: mpsc::Sender<Message>,
    ) -> Self {
        let tasks = tasks.group();
        let (give, run) = oneshot::channel();
        let opening = contexts.open(&name);
        tasks.spawn(async move {
            let opened = AssertUnwindSafe(opening).catch_unwind().await;
            let opened = opened.unwrap_or_else(|_| Err("an internal error: see :log".to_owned()));
            let result = opened.map(|run| {
                // nobody takes what was given up
                let _ = give.send(run);
            });
            let name = name.into();
            // the loop has ended if it takes no more
            let _ = answers.send(Message::ContextOpened { name, result }).await;
        });
        Self { run, tasks }
    }

    /// What was made ready, once its answer has come.
    pub(super) fn take(mut self) -> Option<Box<Run>> {
        self.run.try_recv().ok()
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        self.tasks.cancel();
    }
}
