//! `traffic`: what a pod's endpoints are asked, by Envoy's own counters or packet by packet.

pub(super) mod exec;

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::actual::{TO_FIND, admin_port, silent};
use super::args::{Cli, TrafficArgs, TrafficFormat};
use super::exit::{Ended, Exit};
use super::headless::{find, gather_from, no_such_table};
use super::input;
use super::print;
use super::reference::PodReference;
use super::rows;
use super::screen::time_zone;
use crate::app::rates::Rates;
use crate::app::traffic::{Directory, Place, Total, Totals};
use crate::app::view::Shown;
use crate::app::view::tcpdump::Printer;
use crate::mesh::model::{Key, Kind, Packet};
use crate::mesh::scope::{self, Row};
use crate::mesh::world::World;
use crate::output::{self, Chosen};
use crate::runtime::actual::Envoy;
use crate::runtime::capture::{self, interface_name};
use crate::runtime::clock::now;
use crate::sources::kubernetes::Connection;
use crate::sources::packets::{Capture, CaptureError};

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
    if !args.packets.is_any() {
        return by_counters(cli, args).await;
    }
    let zone = time_zone(&cli.log);
    if args.output == TrafficFormat::Packets {
        let source = match (&args.packets.exec, &args.pod) {
            (Some(container), Some(pod)) => {
                let (connection, pod) = named(cli, pod).await?;
                exec::open(cli, &connection, &pod, container, args.packets.dst_port).await?
            }
            (_, _) => Source::here(args)?,
        };
        return source
            .read(args, &zone, |line, _| print::out(&format!("{line}\n")))
            .await;
    }
    let Some(pod) = &args.pod else {
        let line = "name the pod whose endpoints are meant, or choose -o packets";
        return Err(Ended::new(Exit::Usage, line));
    };
    let known = Known::gather(cli, pod).await?;
    let rows = &known.rows;
    let directory = Directory::new(
        &known.world,
        known.world.pods.get(&known.pod).map(AsRef::as_ref),
        rows.iter(),
    );
    let source = match &args.packets.exec {
        Some(container) => exec::open(cli, &known.connection, &known.pod, container, args.packets.dst_port).await?,
        None => Source::here(args)?,
    };
    let mut totals = Totals::default();
    let read = source.read(args, &zone, |line, packet| {
        let place = directory.place(packet);
        let words = Shown::from(directory.words(&place));
        totals.count(packet, place);
        print::out(&format!("{line}  <- {words}\n"))
    });
    let ended = read.await;
    if ended.is_ok() || !totals.places.is_empty() {
        print::out(&table(&totals, &directory))?;
    }
    ended
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
}

impl Known {
    async fn gather(cli: &Cli, pod: &str) -> Result<Self, Ended> {
        let reference = PodReference::parse(pod)?;
        let connection = input::connection(&cli.cluster).await?;
        let (live, shown) = gather_from(cli, &connection, scope::needed_kinds(), Kind::Pod, Some(&reference)).await?;
        let pod = find(&reference, &live.world, &shown)?;
        let table = scope::endpoint_table(&live.world, &pod, &input::settings(&cli.cluster));
        let rows = match table {
            Ok(table) => table.rows.to_vec(),
            // a waypoint's endpoints are known to its Envoy alone
            Err(_) => {
                let port = admin_port(&live.world, &pod, None).map_err(|reason| no_such_table(&reason, &pod))?;
                let mut envoy = Envoy::new(connection.client.clone(), pod.clone(), port);
                let table = envoy.table().await;
                let table = table.map_err(|silence| silent(&silence, &pod, &connection.cluster))?;
                table.rows.iter().map(|host| host.row.clone()).collect()
            }
        };
        let world = live.world.clone();
        Ok(Self {
            connection,
            world,
            pod,
            rows,
        })
    }
}

/// Where packets come from.
struct Source {
    from: Box<dyn Read + Send>,
    name: String,
    /// Of a capture in a container, how that ends.
    remote: Option<exec::Remote>,
}

impl Source {
    /// A file, standard input, or an interface of this machine.
    fn here(args: &TrafficArgs) -> Result<Self, Ended> {
        let from: Box<dyn Read + Send> = match (&args.packets.pcap, &args.packets.iface) {
            (Some(path), _) if path == Path::new("-") => Box::new(std::io::stdin()),
            (Some(path), _) => {
                let unreadable = |error| Ended::new(Exit::Usage, format!("cannot read '{}': {error}", path.display()));
                Box::new(BufReader::new(File::open(path).map_err(unreadable)?))
            }
            (None, interface) => {
                let interface = interface.as_deref().unwrap_or("any");
                let started = capture::on_interface(interface, args.packets.dst_port);
                Box::new(started.map_err(|error| Ended::new(Exit::Usage, format!("cannot run tcpdump: {error}")))?)
            }
        };
        let name = args.packets.pcap.as_ref();
        Ok(Self {
            from,
            name: name.map_or("tcpdump".into(), |path| path.display().to_string()),
            remote: None,
        })
    }

    /// Each packet that is asked for, with its line; then what became of the capture.
    async fn read(
        self,
        args: &TrafficArgs,
        zone: &TimeZone,
        take: impl FnMut(&str, &Packet) -> Result<(), Ended>,
    ) -> Result<Exit, Ended> {
        let read = each(self.from, &self.name, args.packets.dst_port, zone, take);
        match self.remote {
            Some(remote) => remote.judge(read).await,
            None => read,
        }
    }
}

fn each(
    from: Box<dyn Read + Send>,
    name: &str,
    port: Option<u16>,
    zone: &TimeZone,
    mut take: impl FnMut(&str, &Packet) -> Result<(), Ended>,
) -> Result<Exit, Ended> {
    let broken = |error: CaptureError| Ended::new(Exit::Usage, format!("'{name}': {error}"));
    let mut printer = Printer::new(zone, interface_name);
    for packet in Capture::open(from).map_err(broken)? {
        let packet = packet.map_err(broken)?;
        if port.is_none_or(|port| packet.is_to_port(port)) {
            take(&printer.line(&packet), &packet)?;
        }
    }
    Ok(Exit::Ok)
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
        let _ = writeln!(text, "\n{} packets could not be read whole: cut, contradictory, or of a kind that is not read", totals.odd);
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
async fn by_counters(cli: &Cli, args: &TrafficArgs) -> Result<Exit, Ended> {
    // the flag's 0 is no bound
    if args.watched == Duration::MAX {
        return Err(Ended::new(
            Exit::Usage,
            "--for 0 leaves no time to count in: try --for 5s",
        ));
    }
    let pod = args.pod.as_deref().unwrap_or_default();
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
    print::out(&output::table(&sheet, true))?;
    Ok(Exit::Ok)
}
