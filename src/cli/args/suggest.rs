//! `suggest`: a Sidecar from what was used.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::duration;

/// `suggest`
#[derive(Args, Debug)]
#[command(
    override_usage = "sidescope suggest [OPTIONS] <POD [-n NS] | -n NS>",
    after_help = "Used is what Envoys count: since their own start, and in the time watched. Ctrl-c ends it sooner and prints what \
    was seen so far. What counters cannot show stands in the comments.\n\
    Where no traffic to a service was counted, no Sidecar is printed ('sidecar' is null in JSON): one that keeps nothing \
    would hide nearly everything. What lint finds in the outcome is said on standard error too.\n\
    Exit codes: 0 ok; 1 nothing in use was seen, something in use cannot be kept, or no Sidecar would count; 3 not all Envoys or objects could be read; \
    130 ended by Ctrl-c."
)]
pub struct SuggestArgs {
    /// The pod: [kind/]NAME[.NAMESPACE], in the namespace of -n if it names none; without it the Sidecar is for that namespace
    #[arg(value_name = "POD")]
    pub pod: Option<String>,
    /// How long Envoys are watched; 0 for what they have counted so far
    #[arg(long = "for", value_name = "TIME", value_parser = duration, default_value = "10m", help_heading = "Envoy")]
    pub watched: Duration,
    /// Envoy's admin port [default: as each pod says, else 15000]
    #[arg(long, value_name = "PORT", help_heading = "Envoy")]
    pub proxy_admin_port: Option<u16>,
    /// Format
    #[arg(short, long, value_enum, default_value_t)]
    pub output: SuggestFormat,
}

/// How a suggestion is printed.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SuggestFormat {
    /// The Sidecar, with what it comes to in comments: ready for 'kubectl apply'
    #[default]
    Yaml,
    /// A document with the Sidecar, what it keeps and hides, and the config weight
    Json,
}
