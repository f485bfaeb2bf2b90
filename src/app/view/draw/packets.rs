//! What the panes of the Traffic tab say besides rows: how counters and captures do, and how to get packets.

use jiff::Timestamp;

use super::super::Role;
use super::super::capture::{self, Reader};
use super::super::counted;
use super::super::sources::capture_words;
use super::super::state::{self, State};
use crate::app::App;
use crate::app::actions::Action;
use crate::app::list::List;
use crate::app::message::CaptureState;
use crate::app::packets::KEPT;
use crate::app::panel::{Panel, Standing};
use crate::mesh::model::{Key, Pod, Text};

impl App {
    /// Why a table shows no rates; nothing if it does.
    pub(super) fn rates_words(&self, panel: &Panel) -> Option<(Role, String)> {
        if panel.standing != Standing::Present {
            return None;
        }
        let Some(envoy) = self.facts.envoys.get(&panel.pod) else {
            return Some((Role::Dim, "asking Envoy ...".to_owned()));
        };
        match &envoy.answer {
            Err(why) => Some((Role::Warn, format!("no counters: {}", state::no_envoy(why)))),
            Ok(table) => {
                let has_rates = table.rows.is_empty() || envoy.rates.rate(0).is_some();
                (!has_rates).then(|| (Role::Dim, "first rates in a moment".to_owned()))
            }
        }
    }

    /// How many packets, of how many, and how the capture does.
    pub(super) fn packet_counts(&self, now: Timestamp, list: &List, add: &mut impl FnMut(Role, String)) {
        let packets = &self.facts.packets;
        let Some(source) = packets.source() else { return };
        // what waits while the screen is held still is not on it
        let numbers = &self.ui.listed;
        let kept = numbers.end - numbers.start;
        let traced = self.traced_words();
        if traced.is_some() || self.hides_packets() {
            add(Role::Number, format!("{} of {kept}", list.len()));
        } else {
            add(Role::Number, kept.to_string());
        }
        if let Some(traced) = traced {
            add(Role::Match, traced);
        }
        if numbers.start > 0 {
            add(Role::Dim, format!("the last of {}", numbers.end));
        }
        if packets.missed() > 0 {
            add(Role::Warn, format!("{} missed", packets.missed()));
        }
        let odd = packets.totals().odd;
        if odd > 0 {
            add(Role::Warn, format!("{odd} cut or odd"));
        }
        let (role, how) = capture_words(source, now);
        add(role, format!("{}: {how}", source.from));
    }

    /// Why there are no packets, and how to get them.
    pub(super) fn no_packets(&self, now: Timestamp) -> State {
        let packets = &self.facts.packets;
        let Some(source) = packets.source() else {
            let chosen = self.ui.chosen.as_ref();
            let pod = chosen.and_then(|chosen| self.facts.world.pods.get(&chosen.key));
            return how_to_capture(&self.options.cluster_flags, pod.map(AsRef::as_ref));
        };
        let numbers = packets.numbers();
        let kept = numbers.end - numbers.start;
        if kept > 0 {
            let text = match self.traced_words() {
                Some(traced) => format!("of {} none is {traced}", counted(kept, "packet")),
                None => format!("of {} none is as the filter asks for", counted(kept, "packet")),
            };
            return State::new(Role::Warn, text).next(Action::StepBack, "all packets");
        }
        match &source.state {
            CaptureState::Reading => State::new(Role::Dim, format!("no packet yet; reading {}", source.from))
                .detail(format!("the last {KEPT} are kept")),
            CaptureState::Ended => {
                State::new(Role::Warn, format!("{} has ended without a packet", source.from)).detail(ROW)
            }
            CaptureState::Broken(_) => {
                let (role, how) = capture_words(source, now);
                State::new(role, format!("{}: {how}", source.from)).detail(ROW)
            }
        }
    }
}

/// What goes on without packets.
const ROW: &str = "the rates above are Envoy's own counters and go on";

/// The ways to packets, for a pod.
fn how_to_capture(flags: &str, pod: Option<&Pod>) -> State {
    let headline = "no packets are read; rates need none, they are Envoy's own counters";
    let key = pod.map_or_else(|| Key::new("NAMESPACE", "POD"), |pod| pod.meta.key.clone());
    let or = |text: Option<&Text>, absent: &str| match text {
        Some(text) if !text.is_empty() => text.to_string(),
        Some(_) | None => absent.to_owned(),
    };
    let ip = or(pod.and_then(|pod| pod.ips.first()), "IP");
    let node = or(pod.map(|pod| &pod.node), "NODE");
    let read = |source| capture::read(flags, &key, Reader::Screen, source);
    State::new(Role::Text, headline)
        .detail("to see each packet here, with its endpoint, start with one of these:")
        .command(format!(
            "ssh {node} sudo tcpdump -i any -U -w - host {ip} | {}",
            read("--pcap -")
        ))
        .command(capture::debug(flags, &key, None, None, Reader::Screen))
        .command(read("--iface any"))
        .command(read("--pcap FILE"))
}
