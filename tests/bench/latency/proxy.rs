//! A TCP proxy that notes when bytes from the API server are handed to the program.
//!
//! Bytes may be TLS; then it cannot tell an event from a bookmark by its content, and tells by the connection: each watch has
//! its own, and the edits all pass through one of them. Where they are plain, an edit is known by the name of its manager.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use crate::editor::MANAGER;

/// Bytes that came down: on which connection, when they were handed on, and whether an edit of ours was seen in them.
type Arrivals = Arc<Mutex<Vec<(usize, Instant, bool)>>>;

pub(crate) struct Proxy {
    address: SocketAddr,
    arrivals: Arrivals,
}

impl Proxy {
    /// Listens on a free port of the loopback for as long as the process lives.
    pub(crate) fn start(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Self {
            address: listener.local_addr().unwrap(),
            arrivals: Arrivals::default(),
        };
        let arrivals = Arc::clone(&proxy.arrivals);
        thread::spawn(move || {
            for (connection, client) in listener.incoming().enumerate() {
                let client = client.unwrap();
                let server = TcpStream::connect(&server).unwrap();
                for stream in [&client, &server] {
                    stream.set_nodelay(true).unwrap();
                }
                let (up, down) = (
                    (client.try_clone().unwrap(), server.try_clone().unwrap()),
                    (server, client),
                );
                let arrivals = Arc::clone(&arrivals);
                thread::spawn(move || pass(up.0, up.1, |_| ()));
                thread::spawn(move || {
                    pass(down.0, down.1, |bytes| {
                        let is_edit = bytes.windows(MANAGER.len()).any(|part| part == MANAGER.as_bytes());
                        arrivals.lock().unwrap().push((connection, Instant::now(), is_edit));
                    });
                });
            }
        });
        proxy
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// For each window of time the first arrival on a connection that carries edits.
    ///
    /// A connection carries edits if bytes came down it in half of the windows or more. One that a bookmark or an Envoy's
    /// answer came down by chance does not count, so that those cannot pass for the event.
    pub(crate) fn first_arrivals(&self, windows: &[(Instant, Instant)]) -> Vec<Option<Instant>> {
        let arrivals = self.arrivals.lock().unwrap();
        let within: Vec<BTreeMap<usize, Instant>> = windows
            .iter()
            .map(|(from, to)| {
                let mut first = BTreeMap::new();
                for (connection, at, _) in arrivals.iter().filter(|(_, at, _)| from <= at && at <= to) {
                    first.entry(*connection).or_insert(*at);
                }
                first
            })
            .collect();
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for connection in within.iter().flat_map(BTreeMap::keys) {
            *counts.entry(*connection).or_default() += 1;
        }
        let carries = |connection: &usize| counts[connection] * 2 >= windows.len();
        let first = |window: &BTreeMap<usize, Instant>| {
            window
                .iter()
                .filter(|(connection, _)| carries(connection))
                .map(|(_, at)| *at)
                .min()
        };
        within.iter().map(first).collect()
    }

    /// For each window the first arrival that an edit was seen in: also where other events come down all the time.
    pub(crate) fn edits(&self, windows: &[(Instant, Instant)]) -> Vec<Option<Instant>> {
        let arrivals = self.arrivals.lock().unwrap();
        let edits: Vec<Instant> = arrivals
            .iter()
            .filter(|(.., is_edit)| *is_edit)
            .map(|(_, at, _)| *at)
            .collect();
        let first = |(from, to): &(Instant, Instant)| edits.iter().find(|at| from <= at && *at <= to).copied();
        windows.iter().map(first).collect()
    }
}

/// Copies one direction until either end is done; `note` is called before each write.
fn pass(mut from: TcpStream, mut to: TcpStream, note: impl Fn(&[u8])) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut bytes) {
        note(&bytes[..length]);
        if to.write_all(&bytes[..length]).is_err() {
            break;
        }
    }
    // Either end may be gone already; then there is nothing left to close.
    let _ = to.shutdown(std::net::Shutdown::Write);
}
