//! One pod's Envoy, asked for the headless commands: once, or until it has followed.
//!
//! Not here: what the answers mean, and the Envoys that the screen asks again and again.

use std::time::{Duration, Instant};

use bytes::Bytes;
use kube::Client;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::envoys;
use super::live::Live;
use crate::app::message::EnvoyTable;
use crate::mesh::model::Key;
use crate::mesh::world::{Failure, World};
use crate::sources::envoy::{Admin, AdminError};
use crate::sources::kubernetes::Forward;

/// Until a forward is open, or an answer is there.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks: Envoy follows within a few hundred milliseconds.
const PAUSE: Duration = Duration::from_millis(150);
/// It may be busy with answers for a tenth of the time at most.
const SHARE: u32 = 10;

/// Why an Envoy did not answer.
#[derive(Debug, thiserror::Error)]
pub enum Silence {
    /// The API server does not let us through, or cannot be asked.
    #[error("{0}")]
    Refused(Failure),
    /// There is a way, and no answer at its end.
    #[error("{0}")]
    Broken(#[from] AdminError),
    /// There is an answer, and it cannot be read.
    #[error("Envoy's answer cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
}

impl Silence {
    /// Whether asking again may help.
    pub fn may_pass(&self) -> bool {
        match self {
            Silence::Refused(failure) => !matches!(
                failure,
                Failure::Forbidden { .. } | Failure::Unauthorized(_) | Failure::Status(404, _)
            ),
            Silence::Broken(_) | Silence::Unreadable(_) => true,
        }
    }
}

/// A stream in both directions.
trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Duplex for S {}

/// An Envoy that can be asked.
pub struct Envoy {
    client: Client,
    pod: Key,
    port: u16,
    open: Option<(Forward, Admin<Box<dyn Duplex>>)>,
}

impl Envoy {
    /// The Envoy of this pod; nothing is opened yet.
    pub fn new(client: Client, pod: Key, port: u16) -> Self {
        Self {
            client,
            pod,
            port,
            open: None,
        }
    }

    /// `GET /clusters?format=json`, over a forward that is kept open for the next question.
    ///
    /// # Errors
    /// Why there is no answer; the next question opens a new forward.
    pub async fn clusters(&mut self) -> Result<Bytes, Silence> {
        let (forward, mut admin) = match self.open.take() {
            Some(open) => open,
            None => self.dial().await?,
        };
        let late = || AdminError::Closed("no answer in time".to_owned());
        let bytes = timeout(PATIENCE, admin.clusters()).await.map_err(|_| late())??;
        self.open = Some((forward, admin));
        Ok(bytes)
    }

    /// Its table.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn table(&mut self) -> Result<EnvoyTable, Silence> {
        let bytes = self.clusters().await?;
        Ok(read(&bytes)?)
    }

    async fn dial(&self) -> Result<(Forward, Admin<Box<dyn Duplex>>), Silence> {
        let opened = timeout(PATIENCE, Forward::open(&self.client, &self.pod, self.port)).await;
        let (forward, stream) = opened.unwrap_or(Err(Failure::TimedOut)).map_err(Silence::Refused)?;
        let stream: Box<dyn Duplex> = Box::new(stream);
        Ok((forward, Admin::over(stream).await?))
    }
}

/// An answer as a table.
///
/// # Errors
/// It is no JSON of clusters; the text names the place.
pub fn read(answer: &[u8]) -> Result<EnvoyTable, serde_json::Error> {
    envoys::table(answer, None)
}

/// How a wait ended.
#[derive(Debug)]
pub enum Waited {
    /// The two agree, after so long.
    Agreed(Duration, EnvoyTable),
    /// The time is over: what Envoy said last.
    Over(Result<EnvoyTable, Silence>),
    /// The pod is gone, or has no table any more.
    Gone,
}

/// Asks until `differences` (`None`: there is nothing to compare with) finds none, at most for so long.
///
/// # Errors
/// Asking on would not help.
pub async fn until_agreed(
    live: &mut Live,
    envoy: &mut Envoy,
    limit: Duration,
    mut differences: impl FnMut(&World, &EnvoyTable) -> Option<usize>,
) -> Result<Waited, Silence> {
    let begun = Instant::now();
    loop {
        let asked = Instant::now();
        let answer = envoy.table().await;
        let took = asked.elapsed();
        match &answer {
            Ok(table) => match differences(&live.world, table) {
                Some(0) => return Ok(Waited::Agreed(begun.elapsed(), table.clone())),
                Some(_) => {}
                None => return Ok(Waited::Gone),
            },
            Err(silence) if silence.may_pass() => {}
            Err(_) => return answer.map(|table| Waited::Over(Ok(table))),
        }
        let left = limit.saturating_sub(begun.elapsed());
        if left.is_zero() {
            return Ok(Waited::Over(answer));
        }
        // what comes from the cluster meanwhile is taken in
        let pause = PAUSE.max(took.saturating_mul(SHARE)).min(left);
        let ended = timeout(pause, async { while live.next().await.is_some() {} }).await;
        if ended.is_ok() {
            tokio::time::sleep(pause).await;
        }
    }
}
