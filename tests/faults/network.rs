//! The way between watches and the built-in server: connections inside the process, which can be cut.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use kube::Client;
use kube::client::Body;
use sidescope::demo::admin::{Admin, AdminAnswer, Ran};
use sidescope::demo::definitions;
use sidescope::demo::options::{FaultSwitch, Options};
use sidescope::demo::server::serve_inside;
use sidescope::demo::store::Store;
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::corpus;
use crate::reader::Clock;

/// Bytes on their way in one direction.
const WIRE: usize = 64 * 1024;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// A cluster and the way to it.
#[derive(Clone)]
pub(crate) struct Network {
    pub(crate) store: Arc<Store>,
    pub(crate) faults: FaultSwitch,
    pub(crate) clock: Clock,
    dial: mpsc::Sender<DuplexStream>,
    wires: Arc<Mutex<Wires>>,
}

#[derive(Default)]
struct Wires {
    is_down: bool,
    open: Vec<AbortHandle>,
    asked: Vec<(Duration, String)>,
}

/// Nobody asks for Envoys here.
struct Nobody;

impl Admin for Nobody {
    fn answer(&self, _: &str, _: &str, _: u16, _: &str) -> AdminAnswer {
        AdminAnswer::Refused
    }

    fn run(&self, _: &str, _: &str, _: &str, _: &[String]) -> Ran {
        Ran::nothing()
    }
}

impl Network {
    /// The small mesh of the corpus behind a server.
    pub(crate) fn start() -> Self {
        let clock = Clock::start();
        let store = Arc::new(Store::new(move || clock.now()));
        definitions::install_all(&store, "2026-06-01T00:00:00Z".parse().unwrap()).unwrap();
        for object in corpus::objects() {
            store.put(object, "kubectl").unwrap();
        }
        let options = Options::default();
        let faults = options.faults.clone();
        let (dial, connections) = mpsc::channel(16);
        tokio::spawn(serve_inside(Arc::clone(&store), Arc::new(Nobody), options, connections));
        Self {
            store,
            faults,
            clock,
            dial,
            wires: Arc::default(),
        }
    }

    /// A client without retries, redirects or anything else of its own.
    pub(crate) fn client(&self) -> Client {
        let network = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let network = network.clone();
            async move { network.send(request).await }
        });
        Client::new(service, "default")
    }

    /// Breaks every connection that is open.
    pub(crate) fn cut(&self) {
        let open = std::mem::take(&mut self.wires.lock().unwrap().open);
        open.iter().for_each(AbortHandle::abort);
    }

    /// The server is gone, or there again: while it is gone connections are refused.
    pub(crate) fn set_down(&self, is_down: bool) {
        self.wires.lock().unwrap().is_down = is_down;
        if is_down {
            self.cut();
        }
    }

    /// What was asked for, and when, since the last call.
    pub(crate) fn take_asked(&self) -> Vec<(Duration, String)> {
        std::mem::take(&mut self.wires.lock().unwrap().asked)
    }

    async fn send(&self, request: Request<Body>) -> Result<Response<Incoming>, Error> {
        {
            let mut wires = self.wires.lock().unwrap();
            let at = self.clock.passed();
            wires.asked.push((at, request.uri().to_string()));
            if wires.is_down {
                return Err(io::Error::from(io::ErrorKind::ConnectionRefused).into());
            }
        }
        let (ours, theirs) = tokio::io::duplex(WIRE);
        self.dial.send(theirs).await?;
        let (mut sender, connection) = handshake(TokioIo::new(ours)).await?;
        let task = tokio::spawn(connection);
        self.wires.lock().unwrap().open.push(task.abort_handle());
        Ok(sender.send_request(request).await?)
    }
}
