//! `--exec`: a tcpdump in a container of the pod, and what works instead where there is none.

use tokio::sync::oneshot;

use super::source::{End, Source};
use crate::app::view::capture::{Reader, debug};
use crate::cli::actual::grant;
use crate::cli::args::Cli;
use crate::cli::exit::{Ended, Exit};
use crate::cli::headless::no_such_table;
use crate::cli::input::{self, cluster_failure};
use crate::mesh::model::{Key, Text};
use crate::mesh::scope::NoTable;
use crate::mesh::world::Failure;
use crate::runtime::exec::{self, in_container};
use crate::runtime::packets::Packets;
use crate::sources::kubernetes::{ClusterInfo, Connection, ExecEnd};

/// A capture in a container, as far as its end is concerned.
pub(super) struct Remote {
    end: oneshot::Receiver<exec::Ended>,
    whose: Whose,
}

/// Of which container it is, and what works instead of it.
struct Whose {
    pod: Text,
    container: String,
    instead: String,
}

/// Starts a capture in a container.
///
/// # Errors
/// It is not allowed, or there is no such pod or container: with what to do about it.
pub(super) async fn open(
    cli: &Cli,
    connection: &Connection,
    pod: &Key,
    container: &str,
    port: Option<u16>,
) -> Result<Source, Ended> {
    let started = in_container(&connection.client, pod, container, port).await;
    let (from, end) = started.map_err(|failure| refused(&failure, pod, &connection.cluster))?;
    Ok(Source {
        from: Box::new(from),
        name: format!("tcpdump in container {container}"),
        end: End::Container(Remote {
            end,
            whose: Whose::new(cli, pod, container, port),
        }),
    })
}

fn refused(failure: &Failure, pod: &Key, cluster: &ClusterInfo) -> Ended {
    match failure {
        Failure::Forbidden { .. } => {
            let grant = grant("exec", "pods/exec", pod, cluster);
            Ended::new(Exit::Cluster, format!("{failure}; this grants it: {grant}"))
        }
        Failure::Status(404, _) => no_such_table(&NoTable::NoSuchPod, pod),
        // no such container, or a pod that runs nowhere yet
        Failure::Status(400, reason) => Ended::new(
            Exit::NotFound,
            format!("{reason}; see 'kubectl -n {} describe pod {}'", pod.namespace, pod.name),
        ),
        Failure::Status(..)
        | Failure::Unreachable(_)
        | Failure::TimedOut
        | Failure::Unauthorized(_)
        | Failure::Interrupted(_)
        | Failure::Malformed(_) => cluster_failure(failure, cluster),
    }
}

impl Remote {
    /// How it ended, after all that it captured was read.
    pub(super) async fn judge(self, read: Result<Exit, Ended>) -> Result<Exit, Ended> {
        if read.as_ref().is_err_and(|ended| ended.exit == Exit::Ok) {
            // nobody reads what is printed: it ends with us
            return read;
        }
        match exec::ended(self.end).await {
            Some(exec::Ended::Interrupted(code)) => Ok(Exit::Code(code)),
            Some(exec::Ended::Itself(end)) => match self.whose.says(&end) {
                Some((exit, line)) => Err(Ended::new(exit, line)),
                None => read,
            },
            None => read,
        }
    }
}

impl Whose {
    fn new(cli: &Cli, pod: &Key, container: &str, port: Option<u16>) -> Self {
        Self {
            pod: pod.name.clone(),
            container: container.to_owned(),
            instead: debug(
                &input::cluster_flags(&cli.cluster),
                pod,
                Some(container),
                port,
                Reader::Headless,
            ),
        }
    }

    /// What is to be said of an end, if anything is.
    fn says(&self, end: &ExecEnd) -> Option<(Exit, String)> {
        let (container, instead) = (&self.container, &self.instead);
        let whose = format!("container '{container}' of pod '{}'", self.pod);
        match end {
            ExecEnd::Done => None,
            ExecEnd::NoProgram => Some((Exit::No, format!("{whose} has no tcpdump; this works: {instead}"))),
            ExecEnd::NotPermitted => Some((
                Exit::Cluster,
                format!("{whose} may not capture (no NET_RAW); this works: {instead}"),
            )),
            ExecEnd::Failed(line) => Some((Exit::Cluster, format!("tcpdump in {whose}: {line}"))),
        }
    }
}

/// The same for the screen, which starts it.
pub(in crate::cli) fn for_screen(
    cli: &Cli,
    connection: &Connection,
    pod: &Key,
    container: &str,
    port: Option<u16>,
) -> Packets {
    let whose = Whose::new(cli, pod, container, port);
    let (of, cluster) = (pod.clone(), connection.cluster.clone());
    let words = exec::Words {
        refused: Box::new(move |failure| refused(failure, &of, &cluster).to_string()),
        ended: Box::new(move |end| whose.says(end).map(|(_, line)| line)),
    };
    exec::of_container(
        connection.client.clone(),
        pod.clone(),
        container.to_owned(),
        port,
        words,
    )
}
