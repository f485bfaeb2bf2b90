//! `diff` and `lint`: what would be, and what is wrong.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::recorded::FromArgs;
use crate::app::moment::Moment;
use crate::mesh::lint::Level;

/// `diff`
#[derive(Args, Debug)]
#[command(
    override_usage = "sidescope diff [OPTIONS] <POD> <POD2 | --with FILE | --without KIND/NS/NAME | --to FILE | --to-at TIME>",
    group(clap::ArgGroup::new("what differs").args(["other", "with", "without", "to", "to_at"]).required(true).multiple(true)),
    after_help = "Exit codes: 0 nothing differs; 1 something does; 3 not all could be read.\n\
    What is compared: POD with the objects as they are (or of --from), against POD (or POD2) with the objects of --to \
    (or the same), the objects of each --with laid over them, those of each --without taken away.\n\
    Config weight: outbound clusters, and endpoints once for each cluster that has them, before, after, and by default, as \
    if no Sidecar governed POD (*/*). In JSON: 'weight' with 'before', 'after' and 'byDefault', each with 'clusters' and \
    'endpoints'."
)]
pub struct DiffArgs {
    /// The pod: [kind/]NAME[.NAMESPACE]; only --all-pods does without
    #[arg(value_name = "POD", required_unless_present = "all_pods")]
    pub pod: Option<String>,
    /// Another pod, to compare the first one with
    #[arg(value_name = "POD2", conflicts_with = "all_pods")]
    pub other: Option<String>,
    /// Drafts that are laid over the objects.
    #[command(flatten)]
    pub drafts: DraftArgs,
    /// Take this object away, such as sidecar/bookinfo/default; may be given several times
    #[arg(long, value_name = "KIND/NS/NAME")]
    pub without: Vec<String>,
    /// Also say which workloads of the whole mesh would see something else; rows are counted for one pod of each, the
    /// one that sees most ('example' in JSON), not for all of them together
    #[arg(long)]
    pub all_pods: bool,
    /// Where objects are read from.
    #[command(flatten)]
    pub from: FromArgs,
    /// Compare with the objects of this file, folder or recording
    #[arg(long, value_name = "FILE|DIR")]
    pub to: Option<PathBuf>,
    /// Of the recording of --to, or if there is no --to of that of --from: as it was at this time [default: its end]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub to_at: Option<Moment>,
    /// How it is printed.
    #[command(flatten)]
    pub report: ReportArgs,
}

/// `lint`
#[derive(Args, Debug)]
#[command(after_help = "Exit codes: 0 no errors, though there may be warnings; 1 errors; 3 not all could be read.")]
pub struct LintArgs {
    /// Drafts that are laid over the objects.
    #[command(flatten)]
    pub drafts: DraftArgs,
    /// Where objects are read from.
    #[command(flatten)]
    pub from: FromArgs,
    /// Say what is at least this bad
    #[arg(long, value_enum, default_value = "warning")]
    pub level: LevelArg,
    /// Print the table of all lints instead: what each finds, what follows, what to do
    #[arg(long)]
    pub list: bool,
    /// How it is printed.
    #[command(flatten)]
    pub report: ReportArgs,
}

/// Drafts that are laid over the objects.
#[derive(Args, Debug)]
pub struct DraftArgs {
    /// As if the objects of this file were applied (any kind; '-': standard input); may be given several times
    #[arg(long, value_name = "FILE")]
    pub with: Vec<PathBuf>,
}

/// How a report is printed.
#[derive(Args, Debug)]
pub struct ReportArgs {
    /// Format
    #[arg(short = 'o', long = "output", value_name = "OUTPUT", value_enum, default_value_t)]
    pub format: ReportFormat,
    /// Leave out the line of column names
    #[arg(long)]
    pub no_headers: bool,
}

/// Formats of a report.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ReportFormat {
    /// Columns
    #[default]
    Table,
    /// One JSON document
    Json,
    /// The same as YAML
    Yaml,
}

/// How bad a finding must be.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum LevelArg {
    /// Traffic or the control plane breaks
    Error,
    /// Something is not as it was meant
    Warning,
    /// Good to know
    Info,
}

impl From<LevelArg> for Level {
    fn from(level: LevelArg) -> Self {
        match level {
            LevelArg::Error => Level::Error,
            LevelArg::Warning => Level::Warning,
            LevelArg::Info => Level::Info,
        }
    }
}
