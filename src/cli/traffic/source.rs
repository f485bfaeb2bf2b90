//! Where packets come from, one after the other, and what became of the capture.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use jiff::tz::TimeZone;

use super::exec;
use crate::app::view::tcpdump::Printer;
use crate::cli::args::TrafficArgs;
use crate::cli::exit::{Ended, Exit};
use crate::mesh::model::Packet;
use crate::runtime::capture::{self, interface_name};
use crate::sources::packets::{Capture, CaptureError};

/// Where packets come from.
pub(super) struct Source {
    pub(super) from: Box<dyn Read + Send>,
    pub(super) name: String,
    /// Of a capture in a container, how that ends.
    pub(super) remote: Option<exec::Remote>,
}

impl Source {
    /// A file, standard input, or an interface of this machine.
    pub(super) fn here(args: &TrafficArgs) -> Result<Self, Ended> {
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
    pub(super) async fn read(
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
