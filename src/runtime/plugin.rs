//! Processes of login plug-ins. What one prints is bounded: a credential is a few kilobytes.
//!
//! While the terminal is theirs they are children like any other. Beside the screen one is a process group of its own: given
//! up, it ends with all that it started, and the kernel stops it where it takes the terminal all the same (SIGTTIN).

use std::io;
use std::process::{Output, Stdio};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

use crate::sources::kubernetes::{Asking, Plugin, Ran};

/// A plug-in that nobody sees has so long to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// A plug-in that prints more MiB than this prints no credential.
const MOST_MIB: u64 = 1;
/// Of what it complains about the end is told: so many bytes of it are kept.
const COMPLAINT: usize = 16 * 1024;

/// Runs a plug-in to its end.
#[must_use]
pub fn run(plugin: Plugin) -> BoxFuture<'static, io::Result<Ran>> {
    let mut command = Command::new(&plugin.command);
    command
        .args(&plugin.arguments)
        .envs(plugin.environment)
        .stdin(if plugin.asks { Stdio::inherit() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    match plugin.asking {
        // what it says may be the address to log in at: it is shown even if it cannot ask
        Asking::Allowed => {
            command.stderr(Stdio::inherit());
            async move { ended(command.spawn()?).await }.boxed()
        }
        Asking::Never => {
            command.stderr(Stdio::piped()).process_group(0);
            async move {
                match timeout(PATIENCE, apart(command)).await {
                    Ok(ran) => ran,
                    Err(_) => Ok(Ran::Endless(PATIENCE)),
                }
            }
            .boxed()
        }
    }
}

/// Waits for its end, and takes in what it prints.
async fn ended(mut child: Child) -> io::Result<Ran> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let printed = async {
        let mut printed = Vec::new();
        if let Some(stdout) = stdout {
            let mut stdout = stdout.take((MOST_MIB << 20) + 1);
            stdout.read_to_end(&mut printed).await.map_err(Some)?;
        }
        // nobody reads what it goes on to print, nor waits for its end
        let is_too_much = u64::try_from(printed.len()).is_ok_and(|read| read > MOST_MIB << 20);
        if is_too_much { Err(None) } else { Ok(printed) }
    };
    let complaint = async { end_of(stderr).await.map_err(Some) };
    match tokio::try_join!(printed, complaint) {
        Ok((stdout, stderr)) => {
            let status = child.wait().await?;
            Ok(Ran::Ended(Output { status, stdout, stderr }))
        }
        Err(None) => Ok(Ran::TooMuch(MOST_MIB)),
        Err(Some(error)) => Err(error),
    }
}

/// The last that is said, to its end.
async fn end_of(from: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let (mut said, mut piece) = (Vec::new(), [0; 4096]);
    let Some(mut from) = from else { return Ok(said) };
    loop {
        let count = from.read(&mut piece).await?;
        said.extend(piece.iter().take(count));
        said.drain(..said.len().saturating_sub(COMPLAINT));
        if count == 0 {
            return Ok(said);
        }
    }
}

/// Runs a command beside the terminal.
async fn apart(mut command: Command) -> io::Result<Ran> {
    let mut children = signal(SignalKind::child())?;
    let child = command.spawn()?;
    let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    let mut group = Group(pid);
    let stopped = async {
        let asked = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        while pid.is_none_or(|pid| !matches!(waitid(WaitId::Pid(pid), asked), Ok(Some(_)))) {
            if children.recv().await.is_none() {
                return std::future::pending().await;
            }
        }
    };
    tokio::select! {
        ran = ended(child) => {
            // what it has left running is meant to run on
            if let Ok(Ran::Ended(_)) = ran {
                group.0 = None;
            }
            ran
        }
        () = stopped => Ok(Ran::MustAsk),
    }
}

/// A group of processes that ends with this.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            // all of it may have ended
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beside_the_screen(script: &str) -> BoxFuture<'static, io::Result<Ran>> {
        run(Plugin {
            command: "sh".to_owned(),
            arguments: vec!["-c".to_owned(), script.to_owned()],
            environment: Vec::new(),
            asks: false,
            asking: Asking::Never,
        })
    }

    #[tokio::test]
    async fn one_that_is_given_up_is_killed_with_what_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alive");
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        let script = format!("exec 3>{}; echo on >&3; sleep 1000 & wait", path.display());
        let (alive, mut said) = tokio::sync::mpsc::channel(1);
        let reader = tokio::task::spawn_blocking(move || {
            let mut lines = io::BufRead::lines(io::BufReader::new(std::fs::File::open(path).unwrap()));
            alive.blocking_send(lines.next().unwrap().unwrap()).unwrap();
            // the end of input is the end of all that held it open
            lines.count()
        });
        tokio::select! {
            ended = beside_the_screen(&script) => panic!("{ended:?}"),
            word = said.recv() => assert_eq!(word.unwrap(), "on"),
        }
        assert_eq!(reader.await.unwrap(), 0);
    }

    #[tokio::test]
    async fn one_that_is_stopped_for_want_of_a_terminal_must_ask() {
        assert_eq!(beside_the_screen("kill -TTIN $$").await.unwrap(), Ran::MustAsk);
    }

    #[tokio::test]
    async fn one_that_never_ends_to_print_is_given_up_and_one_that_complains_at_length_is_heard() {
        assert_eq!(beside_the_screen("yes").await.unwrap(), Ran::TooMuch(MOST_MIB));
        let Ran::Ended(output) = beside_the_screen("yes | head -c 3000000 >&2; echo why >&2")
            .await
            .unwrap()
        else {
            panic!("it ends");
        };
        assert!(output.stderr.ends_with(b"y\nwhy\n") && output.stderr.len() == COMPLAINT);
    }

    #[tokio::test]
    async fn what_it_says_is_kept_apart() {
        let Ran::Ended(output) = beside_the_screen("echo out; echo err >&2; exit 3").await.unwrap() else {
            panic!("it ends");
        };
        assert_eq!((&*output.stdout, &*output.stderr), (&b"out\n"[..], &b"err\n"[..]));
        assert_eq!(output.status.code(), Some(3));
    }
}
