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
    /// What the Envoys of its pods have.
    pub envoys: Arc<Envoys>,
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
    let (address, serving) = server::serve(store, envoys.clone(), options).await?;
    let living = async move {
        // the story ends with its last key holder; the server goes on
        futures::future::join(serving, driver.run(queue)).await;
    };
    let demo = Demo {
        address,
        commands,
        progress,
        envoys,
    };
    Ok((demo, living))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pods of reviews that are called in the recorded packets.
    const REVIEWS: [&str; 3] = ["10.244.1.31:9080", "10.244.2.31:9080", "10.244.2.32:9080"];

    #[tokio::test]
    async fn what_is_called_follows_what_the_story_hides() {
        let began: Timestamp = "2026-01-10T12:00:00Z".parse().unwrap();
        let seconds = Arc::new(std::sync::atomic::AtomicI64::new(0));
        let hands = Arc::clone(&seconds);
        let clock = move || {
            let passed = hands.load(std::sync::atomic::Ordering::Relaxed);
            began + jiff::SignedDuration::from_secs(passed)
        };
        let (mut demo, living) = start(clock, 0, Options::default()).await.unwrap();
        let telling = async {
            let mut called = Vec::new();
            for step in 0..6 {
                if step > 0 {
                    demo.commands.send(Command::Step).await.unwrap();
                    demo.progress.wait_for(|progress| progress.step == step).await.unwrap();
                }
                demo.envoys.observe();
                // what the step changed arrives a moment later
                seconds.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let is_called = |to: &str| demo.envoys.sends_to("default", "my-shell", to.parse().unwrap());
                called.push(REVIEWS.iter().filter(|to| is_called(to)).count());
            }
            called
        };
        tokio::select! {
            () = living => panic!("the demo ended by itself"),
            called = telling => assert_eq!(called, [3, 0, 3, 3, 2, 3]),
        }
    }

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
            let reviews = "10.244.1.31:9080".parse().unwrap();
            assert!(
                !demo.envoys.sends_to("default", "my-shell", reviews),
                "nor what it calls"
            );
        };
        tokio::select! {
            () = living => panic!("the demo ended by itself"),
            () = watching => {}
        }
    }
}
