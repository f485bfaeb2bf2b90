//! The command line's shape. Flags are kubectl's where kubectl has them.

mod recorded;
mod screen;
mod suggest;
pub(super) mod values;
mod what_if;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::SignedDuration;

pub(super) use self::recorded::{ExportArgs, FromArgs, RecordArgs, ReplayArgs};
pub(super) use self::screen::{ConfigArgs, ConfigFormat, ScreenArgs};
pub(super) use self::suggest::{SuggestArgs, SuggestFormat};
pub(super) use self::what_if::{DiffArgs, LintArgs, ReportArgs, ReportFormat};
use super::explain::{ExplainArgs, WhoSeesArgs};
use crate::runtime::Fault;
use crate::sources::kubernetes::ListStrategy;

/// What can this pod's sidecar really reach, what changed, and why?
#[derive(Parser, Debug)]
#[command(name = "sidescope", version, about, long_about = None, max_term_width = 110)]
#[command(after_help = after_help())]
pub struct Cli {
    /// What to do; the screen if absent.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Which cluster.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// Which namespaces.
    #[command(flatten)]
    pub scope: ScopeArgs,
    /// What of that the settings say: only they do.
    #[arg(skip)]
    pub settled_scope: ScopeArgs,
    /// The pod to start with: [kind/]NAME[.NAMESPACE]
    #[arg(long, value_name = "POD")]
    pub pod: Option<String>,
    /// Packets for the Traffic tab.
    #[command(flatten)]
    pub packets: PacketArgs,
    /// How the screen looks and where settings are.
    #[command(flatten)]
    pub screen: ScreenArgs,
    /// Break on purpose, for tests of what follows (debug builds only)
    #[arg(long, value_enum, hide = true)]
    pub fault: Option<Fault>,
    /// Where messages go.
    #[command(flatten)]
    pub log: LogArgs,
}

fn after_help() -> String {
    format!(
        "Without a command it opens the terminal screen. Without a cluster: 'sidescope demo'.\n{}\n\
        Most options may also stand in the settings file, or in SIDESCOPE_NAME: 'sidescope config' lists each with its \
        value and where it comes from. An option wins over the environment, that over the file.",
        super::exit::in_one_line()
    )
}

/// Which cluster, and how to ask it.
#[derive(Args, Clone, Debug, Default)]
pub struct ClusterArgs {
    /// Kubeconfig file [default: KUBECONFIG, else ~/.kube/config]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Cluster")]
    pub kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig [default: its current one]
    #[arg(long, global = true, value_name = "NAME", help_heading = "Cluster")]
    pub context: Option<String>,
    /// Act as this user
    #[arg(long = "as", global = true, value_name = "USER", help_heading = "Cluster")]
    pub as_user: Option<String>,
    /// Act as a member of this group; may be given several times
    #[arg(long = "as-group", global = true, value_name = "GROUP", help_heading = "Cluster")]
    pub as_groups: Vec<String>,
    /// Bound on one request, such as 10s or 1m; 0 for none
    #[arg(long, global = true, value_name = "TIME", value_parser = duration, default_value = "30s", help_heading = "Cluster")]
    pub request_timeout: Duration,
    /// How lists are read: streamed where the server can, or by pages (compressed: better on a slow link)
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        hide_possible_values = false,
        help_heading = "Cluster"
    )]
    pub list_strategy: Strategy,
    /// Namespace of the control plane
    #[arg(
        long,
        global = true,
        value_name = "NS",
        default_value = "istio-system",
        help_heading = "Istio"
    )]
    pub istio_namespace: String,
    /// Revision to assume for every pod [default: as each pod says]
    #[arg(long, global = true, value_name = "REV", help_heading = "Istio")]
    pub revision: Option<String>,
    /// Istio version to assume, such as 1.31 [default: istiod's image tag]
    #[arg(long, global = true, value_name = "VERSION", value_parser = values::istio_version, help_heading = "Istio")]
    pub istio_version: Option<String>,
}

/// Which namespaces and objects.
#[derive(Args, Clone, Debug, Default)]
pub struct ScopeArgs {
    /// Namespace to show; may be given several times [default: the context's]
    #[arg(short, long = "namespace", global = true, value_name = "NS", help_heading = "Scope")]
    pub namespaces: Vec<String>,
    /// Show all namespaces
    #[arg(
        short = 'A',
        long,
        global = true,
        conflicts_with = "namespaces",
        help_heading = "Scope"
    )]
    pub all_namespaces: bool,
}

/// Where messages go.
#[derive(Args, Clone, Debug, Default)]
pub struct LogArgs {
    /// Show times in UTC instead of local time
    #[arg(
        long,
        global = true,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_value = "false",
        default_missing_value = "true",
        hide_possible_values = true,
        action = clap::ArgAction::Set,
        help_heading = "Output"
    )]
    pub utc: bool,
    /// Write a log to this file
    #[arg(long, global = true, value_name = "FILE", help_heading = "Output")]
    pub log_file: Option<PathBuf>,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Open a built-in cluster that lives: nothing else is needed
    Demo(DemoArgs),
    /// Pods, as 'kubectl get pods'
    #[command(alias = "pod", alias = "po")]
    Pods(ListArgs),
    /// Services, as 'kubectl get services'
    #[command(alias = "service", alias = "svc")]
    Services(ListArgs),
    /// Sidecar objects and how many pods each governs
    #[command(alias = "sidecar", alias = "sc")]
    Sidecars(ListArgs),
    /// The endpoint table of a pod's sidecar, as 'istioctl proxy-config endpoint'
    #[command(alias = "endpoint", alias = "ep")]
    Endpoints(EndpointArgs),
    /// Why a pod's sidecar reaches a host, or does not: exit code 0 in scope, 1 not, 5 no such host
    Explain(ExplainArgs),
    /// Which pods have a host in scope, by workload
    WhoSees(WhoSeesArgs),
    /// What a pod's endpoints are asked, by Envoy's counters or by packets, as 'tcpdump -n' prints them
    Traffic(TrafficArgs),
    /// The smallest Sidecar that keeps what a pod, or the pods of a namespace, were seen to use
    Suggest(SuggestArgs),
    /// What would be different: with drafts, without an object, for another pod, in another dump
    Diff(DiffArgs),
    /// What is wrong with the mesh's objects, and what to do about it
    Lint(LintArgs),
    /// Write what the cluster is and how it changes into a file that plays again
    Record(RecordArgs),
    /// Open the screen over a recording: '.' steps, ',' pauses, B begins anew, :seek 02:51, :speed 10x
    Replay(ReplayArgs),
    /// The timeline of a recording for a postmortem: edits, what they changed, what it did to a pod's endpoints
    Export(ExportArgs),
    /// Each setting with its value and where it comes from
    Config(ConfigArgs),
    /// Print a completion script, which also completes names of pods, namespaces, hosts and Sidecars from the cluster
    #[command(after_help = super::complete::HOW)]
    Completions {
        /// For which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, for 'sidescope man | man -l -'
    Man,
}

/// `demo`
#[derive(Args, Debug)]
pub struct DemoArgs {
    /// Only serve the built-in cluster: point kubectl at it
    #[arg(long)]
    pub serve: bool,
    /// Where --serve writes a kubeconfig [default: it prints the server's address]
    #[arg(long, value_name = "FILE", requires = "serve")]
    pub kubeconfig_out: Option<PathBuf>,
    /// Add so many more pods, with services and Sidecars; such a cluster was never recorded, so all Envoys answer 'not recorded'
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub pods: u32,
    /// Begin with the story paused, so that nothing changes by itself; ',' on the screen goes on
    #[arg(long)]
    pub still: bool,
    /// The pod to start with: [kind/]NAME[.NAMESPACE]
    #[arg(id = "first_pod", long = "pod", value_name = "POD")]
    pub pod: Option<String>,
    /// Other packets for the Traffic tab than those that were recorded.
    #[command(flatten)]
    pub packets: PacketArgs,
}

/// `pods`, `services`, `sidecars`
#[derive(Args, Debug)]
pub struct ListArgs {
    /// Names; all if none
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Label selector, such as app=reviews,version!=v1
    #[arg(short = 'l', long, value_name = "LABELS")]
    pub selector: Option<String>,
    /// Columns to print, by name; '--columns help' lists them
    #[arg(long, value_name = "A,B,...", value_delimiter = ',')]
    pub columns: Vec<String>,
    /// What all outputs share.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `endpoints`
#[derive(Args, Debug)]
pub struct EndpointArgs {
    /// The pod: [kind/]NAME[.NAMESPACE], such as reviews-v1-7f9.bookinfo or deploy/reviews-v1
    #[arg(value_name = "POD")]
    pub pod: String,
    /// Also print the rows of the proxy's own bootstrap
    #[arg(long)]
    pub bootstrap: bool,
    /// Columns to print, by name; '--columns help' lists them
    #[arg(long, value_name = "A,B,...", value_delimiter = ',')]
    pub columns: Vec<String>,
    /// What is asked of Envoy.
    #[command(flatten)]
    pub actual: ActualArgs,
    /// Which rows.
    #[command(flatten)]
    pub filter: FilterArgs,
    /// What all outputs share.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Where packets come from; none are read if nothing is said.
#[derive(Args, Clone, Debug, Default)]
pub struct PacketArgs {
    /// Read packets from a capture ('-': standard input, such as of 'tcpdump -U -w -')
    #[arg(long, value_name = "FILE", conflicts_with = "iface", help_heading = "Packets")]
    pub pcap: Option<PathBuf>,
    /// Capture on an interface of this machine, with its tcpdump
    #[arg(long, value_name = "NAME", help_heading = "Packets")]
    pub iface: Option<String>,
    /// Capture in this container of the pod, with the tcpdump in it (needs 'create' and 'get' on pods/exec)
    #[arg(long, value_name = "CONTAINER", conflicts_with_all = ["pcap", "iface"], help_heading = "Packets")]
    pub exec: Option<String>,
    /// Only packets to this port
    #[arg(long, value_name = "PORT", help_heading = "Packets")]
    pub dst_port: Option<u16>,
}

impl PacketArgs {
    /// Whether any are asked for.
    pub(super) fn is_any(&self) -> bool {
        self.pcap.is_some() || self.iface.is_some() || self.exec.is_some()
    }
}

/// `traffic`
#[derive(Args, Debug)]
#[command(
    after_help = "Without packets -o json is one document: {kind: EndpointTraffic, pod, watchedSeconds, items}. Packets are JSON Lines: \
    {kind: Packet, time, line, bytes, source, destination, at} each, then {kind: PacketTotals, pod, endpoints, elsewhere, unread}; \
    without POD packets have no 'at', and no totals follow.\n\
    Exit codes: 0 ok; 1 no Envoy or no tcpdump there; 2 a capture that cannot be read; 3 the cluster could not be read, or not all of it; \
    130 (143) ended by Ctrl-c (SIGTERM), with what was counted until then."
)]
pub struct TrafficArgs {
    /// The pod whose endpoints are meant: [kind/]NAME[.NAMESPACE]; packets of a capture can be printed without
    #[arg(value_name = "POD", required_unless_present_any = ["pcap", "iface"])]
    pub pod: Option<String>,
    /// Packet by packet.
    #[command(flatten)]
    pub packets: PacketArgs,
    /// Without packets: how long Envoy's counters are watched
    #[arg(long = "for", value_name = "TIME", value_parser = duration, default_value = "5s", help_heading = "Envoy")]
    pub watched: Duration,
    /// Envoy's admin port [default: as the pod says, else 15000]
    #[arg(long, value_name = "PORT", help_heading = "Envoy")]
    pub proxy_admin_port: Option<u16>,
    /// Format
    #[arg(short, long, value_enum, default_value_t)]
    pub output: TrafficFormat,
}

/// How traffic is printed.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TrafficFormat {
    /// Each packet with the endpoint it belongs to, then a table of endpoints
    #[default]
    Table,
    /// Lines of packets alone, as tcpdump prints them
    Packets,
    /// A document of what Envoy counted; of packets a line each and one for their counts (JSON Lines)
    Json,
}

/// What is asked of Envoy.
#[derive(Args, Clone, Debug, Default)]
pub struct ActualArgs {
    /// Print what Envoy itself says instead of what follows from the objects; gateways and waypoints too
    #[arg(long, conflicts_with_all = ["from", "watch", "bootstrap"], help_heading = "Envoy")]
    pub live: bool,
    /// With --live -o json or yaml: Envoy's own answer
    #[arg(long, requires = "live", help_heading = "Envoy")]
    pub raw: bool,
    /// Wait until Envoy has what follows from the objects (0: without end); exit code 1 if it has not in time
    #[arg(
        long,
        value_name = "TIME",
        value_parser = duration,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "30s",
        conflicts_with_all = ["from", "watch"],
        help_heading = "Envoy"
    )]
    pub wait: Option<Duration>,
    /// Envoy's admin port [default: as the pod says, else 15000]
    #[arg(long, value_name = "PORT", help_heading = "Envoy")]
    pub proxy_admin_port: Option<u16>,
}

/// Which rows, as istioctl's flags of the same names.
#[derive(Args, Clone, Debug, Default)]
pub struct FilterArgs {
    /// Only endpoints with this address
    #[arg(long, value_name = "IP", value_parser = values::address, help_heading = "Filter")]
    pub address: Option<String>,
    /// Only endpoints with this port
    #[arg(long, value_name = "PORT", help_heading = "Filter")]
    pub port: Option<u16>,
    /// Only endpoints of the cluster with this name
    #[arg(long, value_name = "NAME", help_heading = "Filter")]
    pub cluster: Option<String>,
    /// Only endpoints with this status: healthy, unhealthy, draining, unknown, timeout or degraded
    #[arg(long, value_name = "STATUS", value_parser = values::status, help_heading = "Filter")]
    pub status: Option<String>,
}

/// What all outputs share.
#[derive(Args, Debug)]
pub struct OutputArgs {
    /// Format
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Format,
    /// Leave out the line of column names
    #[arg(long)]
    pub no_headers: bool,
    /// Go on and print each change
    #[arg(short, long, conflicts_with = "from")]
    pub watch: bool,
    /// Where objects are read from.
    #[command(flatten)]
    pub from: FromArgs,
}

/// How rows are printed.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Format {
    /// Columns
    #[default]
    Table,
    /// More columns
    Wide,
    /// Rows as JSON
    Json,
    /// Rows as YAML
    Yaml,
    /// Names alone
    Name,
}

/// How lists are read.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Strategy {
    /// Streamed where the server can
    #[default]
    Auto,
    /// Streamed
    Stream,
    /// By pages
    Paged,
}

impl From<Strategy> for ListStrategy {
    fn from(strategy: Strategy) -> Self {
        match strategy {
            Strategy::Auto => ListStrategy::Auto,
            Strategy::Stream => ListStrategy::Stream,
            Strategy::Paged => ListStrategy::Paged,
        }
    }
}

/// A time as kubectl writes it (`10s`, `1m30s`, a bare number of seconds); 0 is no bound.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("'{text}' is no time: write it as 10s or 1m30s");
    let time = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let signed: SignedDuration = text.parse().map_err(|_| wrong())?;
            Duration::try_from(signed).map_err(|_| wrong())?
        }
    };
    Ok(if time.is_zero() { Duration::MAX } else { time })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_for_kubectl() {
        assert_eq!(duration("30"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("0"), Ok(Duration::MAX), "no bound");
        assert_eq!(duration("0s"), Ok(Duration::MAX), "no bound");
        assert!(duration("soon").is_err() && duration("-1s").is_err());
    }
}
