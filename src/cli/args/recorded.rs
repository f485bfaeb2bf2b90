//! Recordings: making one, playing one, writing one up, and reading objects from one.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::duration;
use crate::app::moment::Moment;
use crate::app::replay_speed;

/// Where objects are read from in the place of a cluster.
#[derive(Args, Clone, Debug, Default)]
pub struct FromArgs {
    /// Read objects from a file or folder of manifests ('-': standard input) or from a recording instead of a cluster
    #[arg(long, value_name = "FILE|DIR")]
    pub from: Option<PathBuf>,
    /// Of a recording: as it was at 02:51, 02:51:07, 2026-11-22T02:51:07Z, or -5m before its end [default: its end]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, requires = "from")]
    pub at: Option<Moment>,
}

/// `record`
#[derive(Args, Debug)]
#[command(
    after_help = "It ends with Ctrl-c, SIGTERM or --for. What is recorded: the objects that tables are computed \
    from, with the text of configuration, and every change. Not recorded: bodies of pods, Secrets, what Envoys say."
)]
pub struct RecordArgs {
    /// The file to write
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How long [default: until it is ended]
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    pub how_long: Option<Duration>,
    /// Overwrite the file
    #[arg(long)]
    pub force: bool,
}

/// `replay`
#[derive(Args, Debug)]
#[command(after_help = "Tables are computed by this release's rules from what was recorded; what Envoys said was not.")]
pub struct ReplayArgs {
    /// The recording
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The pod to start with: [kind/]NAME[.NAMESPACE]
    #[arg(id = "first_pod", long = "pod", value_name = "POD")]
    pub pod: Option<String>,
    /// Begin at 02:51, 02:51:07, 2026-11-22T02:51:07Z, or -5m before its end [default: its beginning]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub at: Option<Moment>,
    /// Times as fast as it was; also 10x
    #[arg(long, value_name = "N", default_value = "1", value_parser = speed)]
    pub speed: u32,
}

fn speed(text: &str) -> Result<u32, String> {
    replay_speed(text).ok_or_else(|| format!("'{text}' is no speed: write 1, 10 or 10x"))
}

/// `export`
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// The recording
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// As Markdown: the only format there is
    #[arg(long, required = true)]
    pub markdown: bool,
    /// Also say what each edit did to the endpoints of this pod: [kind/]NAME[.NAMESPACE]
    #[arg(long, value_name = "POD")]
    pub pod: Option<String>,
}
