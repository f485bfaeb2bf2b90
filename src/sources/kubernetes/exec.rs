//! A command in a container of a pod, through the API server: what `kubectl exec` does. Nothing is created in the cluster.
//!
//! RBAC: `create` and `get` on `pods/exec`.

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::api::{AttachParams, AttachedProcess};
use kube::{Api, Client};
use tokio::io::AsyncRead;

use super::failure::refused;
use crate::mesh::model::Key;
use crate::mesh::world::Failure;

/// Bytes of output that wait to be read.
const BUFFER: usize = 64 * 1024;

/// A command that runs; dropping this closes its output.
pub struct Exec {
    process: AttachedProcess,
}

/// How a command ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ExecEnd {
    /// With 0, or unseen.
    Done,
    /// There is no such program in the container.
    NoProgram,
    /// The container may not do what the program asked for.
    NotPermitted,
    /// Otherwise: its last word, or the API server's.
    Failed(String),
}

impl Exec {
    /// Starts a command in a container, without input.
    ///
    /// # Errors
    /// It is not allowed, or there is no such pod or container.
    pub async fn start(client: &Client, pod: &Key, container: &str, command: &[String]) -> Result<Self, Failure> {
        let pods: Api<Pod> = Api::namespaced(client.clone(), &pod.namespace);
        let params = AttachParams::default()
            .container(container)
            .stdin(false)
            .stdout(true)
            .stderr(true)
            .max_stdout_buf_size(BUFFER);
        let process = pods.exec(&pod.name, command, &params).await;
        let process = process.map_err(|error| refused(&error, "pods/exec", pod))?;
        Ok(Self { process })
    }

    /// What it writes to standard output, once.
    pub fn stdout(&mut self) -> Option<impl AsyncRead + Unpin + Send + use<>> {
        self.process.stdout()
    }

    /// What it writes to standard error, once; to be read along with the rest, or it holds that up.
    pub fn stderr(&mut self) -> Option<impl AsyncRead + Unpin + Send + use<>> {
        self.process.stderr()
    }

    /// How it ended, once its output has; `said` is what it wrote to standard error.
    pub async fn end(mut self, said: &str) -> ExecEnd {
        let status = match self.process.take_status() {
            Some(status) => status.await,
            None => None,
        };
        ExecEnd::of(status.as_ref(), said)
    }
}

impl ExecEnd {
    /// containerd's and CRI-O's runtimes say a program that is missing in different words, or by the exit code of a shell.
    fn of(status: Option<&Status>, said: &str) -> Self {
        const MISSING: [&str; 3] = [
            "executable file not found",
            "no such file or directory",
            "not found in $PATH",
        ];
        const REFUSED: [&str; 3] = ["have permission to", "operation not permitted", "cap_net_raw"];
        let Some(status) = status.filter(|status| status.status.as_deref() == Some("Failure")) else {
            return ExecEnd::Done;
        };
        let message = status.message.clone().unwrap_or_default();
        let has = |text: &str, words: &[&str]| {
            let text = text.to_lowercase();
            words.iter().any(|word| text.contains(&word.to_lowercase()))
        };
        let code = status.details.as_ref().and_then(|details| {
            let mut causes = details.causes.iter().flatten();
            let code = causes.find(|cause| cause.reason.as_deref() == Some("ExitCode"))?;
            code.message.clone()
        });
        if has(said, &REFUSED) {
            ExecEnd::NotPermitted
        } else if matches!(code.as_deref(), Some("126" | "127")) || has(&message, &MISSING) {
            ExecEnd::NoProgram
        } else {
            let line = said.lines().rfind(|line| !line.trim().is_empty());
            ExecEnd::Failed(line.map_or(message, |line| line.trim().to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(status: &str, said: &str) -> ExecEnd {
        ExecEnd::of(Some(&serde_json::from_str(status).unwrap()), said)
    }

    #[test]
    fn what_ended_a_command_is_told_from_the_words_of_runtimes_and_of_tcpdump() {
        let containerd = r#"{"status":"Failure","reason":"InternalError","code":500,"message":"Internal error occurred: error executing command in container: failed to exec in container: failed to start exec \"1f\": OCI runtime exec failed: exec failed: unable to start container process: exec: \"tcpdump\": executable file not found in $PATH: unknown"}"#;
        assert_eq!(end(containerd, ""), ExecEnd::NoProgram);
        let exit = |code: u8| {
            format!(
                r#"{{"status":"Failure","reason":"NonZeroExitCode","message":"command terminated with non-zero exit code","details":{{"causes":[{{"reason":"ExitCode","message":"{code}"}}]}}}}"#
            )
        };
        assert_eq!(end(&exit(127), "sh: tcpdump: not found"), ExecEnd::NoProgram);
        for said in [
            "tcpdump: eth0: You don't have permission to capture on that device\n(socket: Operation not permitted)",
            "tcpdump: eth0: You don't have permission to perform this capture on that device\n(Attempt to create packet socket failed - CAP_NET_RAW may be required)",
        ] {
            assert_eq!(end(&exit(1), said), ExecEnd::NotPermitted);
        }
        assert_eq!(
            end(&exit(1), "tcpdump: listening on eth0\ntcpdump: syntax error\n"),
            ExecEnd::Failed("tcpdump: syntax error".to_owned())
        );
        assert_eq!(end(r#"{"status":"Success"}"#, "2 packets captured"), ExecEnd::Done);
        assert_eq!(ExecEnd::of(None, ""), ExecEnd::Done, "the connection was cut");
    }
}
