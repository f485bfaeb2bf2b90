//! `traffic`: what a pod's endpoints are asked, by Envoy's own counters or packet by packet.

pub(super) mod exec;
mod json;
mod source;

use std::fmt::Write as _;
use std::time::Duration;

use self::source::Source;
use super::actual::{TO_FIND, admin_port, silent};
use super::args::{Cli, TrafficArgs, TrafficFormat};
use super::exit::{Ended, Exit};
use super::headless::{self, find, gather_from, no_such_table};
use super::input;
use super::print;
use super::reference::PodReference;
use super::rows;
use super::screen::time_zone;
use crate::app::rates::Rates;
use crate::app::traffic::{Directory, Place, Total, Totals};
use crate::app::view::Shown;
use crate::app::view::counted;
use crate::mesh::model::{Key, Kind, Packet};
use crate::mesh::scope::{self, Row};
use crate::mesh::world::World;
use crate::output::{self, Chosen, Language};
use crate::runtime::actual::Envoy;
use crate::runtime::capture;
use crate::runtime::clock::now;
use crate::sources::kubernetes::Connection;

/// Columns of endpoints by what they do.
const COLUMNS: &[&str] = &[
    "endpoint",
    "rps",
    "errors",
    "connections",
    "requests",
    "failed",
    "status",
    "outlierCheck",
    "cluster",
];

/// Prints a pod's traffic.
pub(super) async fn run(cli: &Cli, args: &TrafficArgs) -> Result<Exit, Ended> {
    let is_joined = args.output != TrafficFormat::Packets;
    if !args.packets.is_any() && args.packets.dst_port.is_some() {
        let line = "--dst-port chooses packets: name a source of them, --pcap FILE, --iface NAME or --exec CONTAINER";
        return Err(Ended::new(Exit::Usage, line));
    }
    match &args.pod {
        Some(pod) if !args.packets.is_any() && is_joined => by_counters(cli, args, pod).await,
        Some(_) if !args.packets.is_any() => {
            let line =
                "-o packets prints those of a capture: name it with --pcap FILE, --iface NAME or --exec CONTAINER";
            Err(Ended::new(Exit::Usage, line))
        }
        Some(pod) if is_joined => joined(cli, args, pod).await,
        None if args.output == TrafficFormat::Table => {
            let line = "name the pod whose endpoints are meant, or choose -o packets";
            Err(Ended::new(Exit::Usage, line))
        }
        Some(_) | None => alone(cli, args).await,
    }
}

/// Packets alone: no cluster is asked unless the capture is in it.
async fn alone(cli: &Cli, args: &TrafficArgs) -> Result<Exit, Ended> {
    let zone = time_zone(&cli.log);
    let source = match (&args.packets.exec, &args.pod) {
        (Some(container), Some(pod)) => {
            let (connection, pod) = named(cli, pod).await?;
            exec::open(cli, &connection, &pod, container, args.packets.dst_port).await?
        }
        (Some(_), None) => {
            let line = "--exec captures in a container of one pod: name it, NAME.NAMESPACE";
            return Err(Ended::new(Exit::Usage, line));
        }
        (None, _) => Source::here(args)?,
    };
    let is_json = args.output == TrafficFormat::Json;
    let print = |line: &str, packet: &Packet| {
        let text = if is_json {
            json::line(json::packet(line, packet))
        } else {
            format!("{line}\n")
        };
        print::out(&text)
    };
    source.read(args, &zone, print).await
}

/// Packets, each with its endpoint, then what went where.
async fn joined(cli: &Cli, args: &TrafficArgs, pod: &str) -> Result<Exit, Ended> {
    let zone = time_zone(&cli.log);
    let known = Known::gather(cli, pod).await?;
    let directory = Directory::new(
        &known.world,
        known.world.pods.get(&known.pod).map(AsRef::as_ref),
        known.rows.iter(),
    );
    let source = match &args.packets.exec {
        Some(container) => exec::open(cli, &known.connection, &known.pod, container, args.packets.dst_port).await?,
        None => Source::here(args)?,
    };
    let is_json = args.output == TrafficFormat::Json;
    let mut totals = Totals::default();
    let read = source.read(args, &zone, |line, packet| {
        let place = directory.place(packet);
        let text = if is_json {
            json::line(json::placed(line, packet, &place, &directory))
        } else {
            format!("{line}  <- {}\n", Shown::from(directory.words(&place)))
        };
        totals.count(packet, place);
        print::out(&text)
    });
    let ended = read.await;
    if ended.is_ok() || !totals.places.is_empty() {
        if is_json {
            let report = json::totals(&known, &totals, &directory, now());
            print::document(&report, Language::JsonLine)?;
        } else {
            print::out(&table(&totals, &directory))?;
        }
    }
    let incomplete = headless::say_incomplete(&known.missing);
    ended.map(|exit| if exit == Exit::Ok { incomplete } else { exit })
}

/// A pod by its name alone: packets that are only printed need no more.
async fn named(cli: &Cli, pod: &str) -> Result<(Connection, Key), Ended> {
    let reference = PodReference::parse(pod)?;
    let connection = input::connection(&cli.cluster).await?;
    let (live, shown) = gather_from(cli, &connection, TO_FIND, Kind::Pod, Some(&reference)).await?;
    let pod = find(&reference, &live.world, &shown)?;
    Ok((connection, pod))
}

/// The pod, and all that its packets are joined to.
struct Known {
    connection: Connection,
    world: World,
    pod: Key,
    rows: Vec<Row>,
    /// What could not be read of all that rows follow from.
    missing: Vec<String>,
}

impl Known {
    async fn gather(cli: &Cli, pod: &str) -> Result<Self, Ended> {
        let reference = PodReference::parse(pod)?;
        let connection = input::connection(&cli.cluster).await?;
        let (live, shown) = gather_from(cli, &connection, scope::needed_kinds(), Kind::Pod, Some(&reference)).await?;
        let pod = find(&reference, &live.world, &shown)?;
        let table = scope::endpoint_table(&live.world, &pod, &input::settings(&cli.cluster));
        let (rows, missing) = match table {
            Ok(table) => {
                let mut missing = headless::missing(&live.world, scope::needed_kinds());
                missing.extend(live.strange().map(ToString::to_string));
                (table.rows.to_vec(), missing)
            }
            // a waypoint's endpoints are known to its Envoy alone
            Err(_) => {
                let port = admin_port(&live.world, &pod, None).map_err(|reason| no_such_table(&reason, &pod))?;
                let mut envoy = Envoy::new(connection.client.clone(), pod.clone(), port);
                let table = envoy.table().await;
                let table = table.map_err(|silence| silent(&silence, &pod, &connection.cluster))?;
                (table.rows.iter().map(|host| host.row.clone()).collect(), Vec::new())
            }
        };
        let world = live.world.clone();
        Ok(Self {
            connection,
            world,
            pod,
            rows,
            missing,
        })
    }
}

/// Endpoints by packets, then what is not in the table.
fn table(totals: &Totals, directory: &Directory) -> String {
    let (endpoints, elsewhere): (Vec<_>, Vec<_>) = totals
        .places
        .iter()
        .partition(|(place, _)| matches!(place, Place::Endpoint(_)));
    let mut text = section("ENDPOINT", "POD AND CLUSTER", endpoints, directory);
    if !elsewhere.is_empty() {
        text.push_str(&section("ELSEWHERE", "WHAT", elsewhere, directory));
    }
    if totals.odd > 0 {
        let _ = writeln!(
            text,
            "\n{} could not be read whole: cut, contradictory, or of a kind that is not read",
            counted(totals.odd, "packet")
        );
    }
    text
}

fn section(head: &str, what: &str, mut places: Vec<(&Place, &Total)>, directory: &Directory) -> String {
    places.sort_by_key(|(_, total)| std::cmp::Reverse((total.packets, total.bytes)));
    let mut text = format!("\n{head:<28} {:>8} {:>12}  {what}\n", "PACKETS", "BYTES");
    for (place, total) in places {
        let at = match place {
            Place::Endpoint(end) | Place::Elsewhere(end, _) => format!("{}:{}", end.ip, end.port),
            Place::Nowhere | Place::Others => String::new(),
        };
        let words = Shown::from(directory.words(place));
        let _ = writeln!(text, "{at:<28} {:>8} {:>12}  {words}", total.packets, total.bytes);
    }
    text
}

/// Endpoints by what Envoy counted between two answers.
async fn by_counters(cli: &Cli, args: &TrafficArgs, pod: &str) -> Result<Exit, Ended> {
    // the flag's 0 is no bound
    if args.watched == Duration::MAX {
        return Err(Ended::new(
            Exit::Usage,
            "--for 0 leaves no time to count in: try --for 5s",
        ));
    }
    let reference = PodReference::parse(pod)?;
    let connection = input::connection(&cli.cluster).await?;
    let (live, shown) = gather_from(cli, &connection, TO_FIND, Kind::Pod, Some(&reference)).await?;
    let pod = find(&reference, &live.world, &shown)?;
    let port = admin_port(&live.world, &pod, args.proxy_admin_port);
    let port = port.map_err(|reason| no_such_table(&reason, &pod))?;
    let mut envoy = Envoy::new(connection.client.clone(), pod.clone(), port);
    let mut rates = Rates::default();
    let lost = |silence| silent(&silence, &pod, &connection.cluster);
    rates.follow(now(), &envoy.table().await.map_err(lost)?);
    capture::pause(args.watched).await;
    let table = envoy.table().await.map_err(lost)?;
    rates.follow(now(), &table);
    let names: Vec<String> = COLUMNS.iter().map(|name| (*name).to_owned()).collect();
    let columns = rows::endpoint_columns(Chosen::Named(&names));
    let columns = columns.map_err(|error| Ended::new(Exit::Internal, error.to_string()))?;
    let mut order: Vec<usize> = (0..table.rows.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(rates.rate(*at).map(|rate| (rate.requests, rate.connections))));
    let sheet = rows::actual_sheet(&live.world, &pod, (&table, &rates), &order, &columns, now());
    if args.output == TrafficFormat::Json {
        print::document(&json::counted(&sheet, args.watched), Language::Json)?;
    } else {
        print::out(&output::table(&sheet, true))?;
    }
    Ok(Exit::Ok)
}
