//! The whole demo put together: a store with its world, the story in it, its Envoys, and a server in front.

use std::net::SocketAddr;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

use super::crowd;
use super::envoy::Envoys;
use super::options::Options;
use super::server;
use super::store::Store;
use super::story::{Command, Driver, Progress, Stage, StoryError};

/// Commands that wait.
const QUEUE: usize = 8;

/// A demo that was put together; it lives while the future that came with it is polled.
#[derive(Debug)]
pub struct Demo {
    /// Where the API server listens, in plain HTTP.
    pub address: SocketAddr,
    /// The story's keys.
    pub commands: mpsc::Sender<Command>,
    /// Where the story is.
    pub progress: watch::Receiver<Progress>,
}

/// Why the demo did not start.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// Its assets cannot be played, which a test rules out.
    #[error("the demo's world cannot be set up: {0}")]
    Story(#[from] StoryError),
    /// No port of 127.0.0.1 could be had.
    #[error("the demo cannot listen on 127.0.0.1: {0}; choose another port")]
    Listen(#[from] std::io::Error),
}

/// Puts a demo together: its world begins now, by this clock, with a crowd of this many pods around it (0: none). The caller
/// runs the future; dropping it ends everything.
///
/// # Errors
/// When the port cannot be had.
pub async fn start(
    clock: impl Fn() -> Timestamp + Send + Sync + 'static,
    pods: usize,
    options: Options,
) -> Result<(Demo, impl Future<Output = ()> + Send + 'static), DemoError> {
    let store = Arc::new(Store::new(clock));
    let stage = Stage::load()?;
    stage.set(&store)?;
    if pods > 0 {
        crowd::join(&store, &stage, pods)?;
    }
    let envoys = Arc::new(Envoys::load(Arc::clone(&store))?);
    let driver = Driver::new(stage, Arc::clone(&store), Arc::clone(&envoys));
    let progress = driver.progress();
    let (commands, queue) = mpsc::channel(QUEUE);
    let (address, serving) = server::serve(store, envoys, options).await?;
    let living = async move {
        // the story ends with its last key holder; the server goes on
        futures::future::join(serving, driver.run(queue)).await;
    };
    let demo = Demo {
        address,
        commands,
        progress,
    };
    Ok((demo, living))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_demo_listens_and_its_story_obeys() {
        let clock = || "2026-01-10T12:00:00Z".parse().unwrap();
        let (mut demo, living) = start(clock, 20, Options::default()).await.unwrap();
        assert!(demo.address.ip().is_loopback());
        let watching = async {
            demo.commands.send(Command::Step).await.unwrap();
            let progress = demo
                .progress
                .wait_for(|progress| progress.step == 1)
                .await
                .unwrap()
                .clone();
            assert!(progress.paused);
            assert!(!progress.recorded, "nobody recorded a crowd");
        };
        tokio::select! {
            () = living => panic!("the demo ended by itself"),
            () = watching => {}
        }
    }
}
