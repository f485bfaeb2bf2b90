//! Where packets come from, one after the other, and what became of the capture.
//!
//! A signal ends it in order: what was read until then counts.

use std::io::Read;
use std::path::Path;

use jiff::tz::TimeZone;

use super::exec;
use crate::app::view::tcpdump::Printer;
use crate::cli::args::TrafficArgs;
use crate::cli::exit::{Ended, Exit};
use crate::cli::packets::open;
use crate::cli::print;
use crate::mesh::model::Packet;
use crate::runtime::capture::{self, interface_name};
use crate::runtime::piped::until_signal;
use crate::sources::packets::{Capture, CaptureError};

/// Where packets come from.
pub(super) struct Source {
    pub(super) from: Box<dyn Read + Send>,
    pub(super) name: String,
    pub(super) end: End,
}

/// What there is to know of a capture's end besides its bytes.
pub(super) enum End {
    /// A file or a pipe: nothing.
    Silent,
    /// How this machine's tcpdump ends.
    Here(capture::Running),
    /// How one in a container ends.
    Container(exec::Remote),
}

impl Source {
    /// A file, standard input, or an interface of this machine.
    pub(super) fn here(args: &TrafficArgs) -> Result<Self, Ended> {
        let name = args.packets.pcap.as_ref();
        let name = name.map_or("tcpdump".into(), |path| path.display().to_string());
        let silent = |from| Self {
            from,
            name: name.clone(),
            end: End::Silent,
        };
        Ok(match (&args.packets.pcap, &args.packets.iface) {
            (Some(path), _) if path == Path::new("-") => silent(Box::new(std::io::stdin())),
            (Some(path), _) => silent(Box::new(open(path)?)),
            (None, interface) => {
                let interface = interface.as_deref().unwrap_or("any");
                let started = capture::on_interface(interface, args.packets.dst_port, print::err);
                let failed = |error| Ended::new(Exit::Usage, format!("cannot run tcpdump: {error}"));
                let (from, running) = started.map_err(failed)?;
                Self {
                    from: Box::new(from),
                    name,
                    end: End::Here(running),
                }
            }
        })
    }

    /// Each packet that is asked for, with its line; then what became of the capture.
    pub(super) async fn read(
        self,
        args: &TrafficArgs,
        zone: &TimeZone,
        take: impl FnMut(&str, &Packet) -> Result<(), Ended>,
    ) -> Result<Exit, Ended> {
        let Self { from, name, end } = self;
        let port = args.packets.dst_port;
        if let End::Container(remote) = end {
            let read = each(from, &name, port, zone, take);
            return remote.judge(read).await;
        }
        let failed = |error| Ended::new(Exit::Internal, format!("cannot read '{name}': {error}"));
        let (from, signalled) = until_signal(from).map_err(failed)?;
        let read = each(from, &name, port, zone, take);
        if read.as_ref().is_err_and(|ended| ended.exit == Exit::Ok) {
            // nobody reads what is printed: it ends with us
            return read;
        }
        match (signalled.code(), end) {
            (Some(code), End::Here(running)) => {
                running.stop();
                Ok(Exit::Code(code))
            }
            (Some(code), End::Silent | End::Container(_)) => Ok(Exit::Code(code)),
            (None, End::Here(running)) => match running.failure() {
                Some(reason) => Err(Ended::new(Exit::Usage, reason)),
                None => read,
            },
            (None, End::Silent | End::Container(_)) => read,
        }
    }
}

fn each(
    from: impl Read + Send,
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
