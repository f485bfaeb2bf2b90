//! The HTTP side of the demo's API server: connections, who may, and where each request goes.
//!
//! Plain HTTP/1.1 on loopback. Everything that runs belongs to the future that [`serve`] returns: dropping it ends all
//! connections.

mod access;
mod answer;
mod discovery;
mod exec;
mod flaw;
mod forward;
mod list;
mod openapi;
mod protobuf;
mod request;
mod table;
mod watch;
mod write;

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{Stream, StreamExt};
use http::header::{DATE, HeaderValue};
use http::{Method, Request};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::admin::Admin;
use super::kinds::Resource;
use super::options::{Asked, Flaw, Options, User};
use super::reference::ResourceRef;
use super::refusal::{Details, Reason, Refusal};
use super::store::{Head, Store};
use answer::{Answer, json as json_answer, json_text, refuse, text};
use request::{Form, Query, Route, Target};
use write::{Aftermath, Write};

/// Connections at once: a client that asks each of 200 namespaces apart for each of ten kinds holds so many.
const MOST_CONNECTIONS: usize = 4_096;
/// When the process has no descriptor left, until one may be free.
const NO_DESCRIPTOR: Duration = Duration::from_millis(50);
/// Sessions and removals that wait to be started.
const QUEUE: usize = 64;

/// What every request needs.
struct Context {
    store: Arc<Store>,
    admin: Arc<dyn Admin>,
    options: Options,
    /// What outlives its request.
    later: mpsc::Sender<BoxFuture<'static, ()>>,
}

/// Listens on 127.0.0.1; the caller runs the future, which lasts until it is dropped.
///
/// # Errors
/// When the port cannot be had.
pub async fn serve(
    store: Arc<Store>,
    admin: Arc<dyn Admin>,
    options: Options,
) -> io::Result<(SocketAddr, impl Future<Output = ()> + Send + 'static)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
    let address = listener.local_addr()?;
    let connections = futures::stream::unfold(listener, |listener| async {
        loop {
            if let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                return Some((stream, listener));
            }
            // a connection that died while it waited is no matter; one for which there is no room would fail at once again
            tokio::time::sleep(NO_DESCRIPTOR).await;
        }
    });
    Ok((address, run(connections, store, admin, options)))
}

/// The same without a port, on connections that stay in the process: with a clock that stands still between events, a
/// wait takes no time. The caller runs the future, which lasts until it is dropped.
pub fn serve_inside(
    store: Arc<Store>,
    admin: Arc<dyn Admin>,
    options: Options,
    connections: mpsc::Receiver<DuplexStream>,
) -> impl Future<Output = ()> + Send + 'static {
    let connections = futures::stream::unfold(connections, |mut connections| async {
        let connection = connections.recv().await?;
        Some((connection, connections))
    });
    run(connections, store, admin, options)
}

async fn run<S>(connections: impl Stream<Item = S>, store: Arc<Store>, admin: Arc<dyn Admin>, options: Options)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (later, mut queue) = mpsc::channel(QUEUE);
    let context = Arc::new(Context {
        store,
        admin,
        options,
        later,
    });
    let mut connections = std::pin::pin!(connections.fuse());
    let mut tasks: JoinSet<()> = JoinSet::new();
    loop {
        tokio::select! {
            Some(stream) = connections.next(), if tasks.len() < MOST_CONNECTIONS => {
                tasks.spawn(connection(stream, Arc::clone(&context)));
            }
            Some(task) = queue.recv() => {
                tasks.spawn(task);
            }
            Some(_) = tasks.join_next(), if !tasks.is_empty() => {}
        }
    }
}

async fn connection<S>(stream: S, context: Arc<Context>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request| {
        let context = Arc::clone(&context);
        async move { Ok::<_, Infallible>(context.answer(request).await) }
    });
    // how a connection ends is its client's matter
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
}

impl Context {
    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let faults = self.options.faults.get();
        if !faults.latency.is_zero() {
            tokio::time::sleep(faults.latency).await;
        }
        let mut answer = self.route(request).await.unwrap_or_else(|refusal| refuse(&refusal));
        let now = self.store.now().saturating_add(faults.clock).unwrap_or(Timestamp::MAX);
        let now = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        if let Ok(now) = HeaderValue::from_str(&now) {
            answer.headers_mut().insert(DATE, now);
        }
        answer
    }

    async fn route(&self, request: Request<Incoming>) -> Result<Answer, Refusal> {
        let route = Route::of(request.uri().path());
        if route == Route::Health {
            return Ok(text(200, "ok"));
        }
        let mut user = access::authenticate(&self.options.access, request.headers())?;
        if let Some(rights) = self.options.faults.get().rights {
            user.rights = rights;
        }
        match route {
            Route::Health => Ok(text(200, "ok")),
            Route::Version => Ok(json_text(200, format!("{:#}", version()))),
            Route::Discovery(segments) => Ok(discovery::answer(&self.store, request.headers(), &segments)),
            Route::OpenApi(rest) => Ok(openapi::answer(&self.store, request.headers(), &rest)),
            Route::Review(plural) if request.method() == Method::POST => {
                let (parts, body) = request.into_parts();
                let asked = request::object(&parts.headers, &request::body(body).await?)?;
                self.options.asked.note("create", &plural);
                access::review(&user, &plural, &asked)
                    .map(|review| json_answer(201, &review))
                    .ok_or_else(Refusal::no_such_resource)
            }
            Route::Objects(target) => self.objects(target, &user, request).await,
            Route::Review(_) | Route::UnknownResource => Err(Refusal::no_such_resource()),
            Route::Unknown => Ok(text(404, "404 page not found\n")),
        }
    }

    async fn objects(&self, target: Target, user: &User, request: Request<Incoming>) -> Result<Answer, Refusal> {
        if !self.store.serves(target.resource) {
            return Ok(text(404, "404 page not found\n"));
        }
        let query = Query::parse(request.uri().query().unwrap_or_default());
        let verb = request::verb(request.method(), &target, &query);
        if verb.is_empty() {
            return Err(not_allowed());
        }
        access::authorize(user, verb, &target, &self.options.asked)?;
        self.trouble(verb, &target)?;
        match target.subresource.as_deref() {
            None | Some("status") => {}
            Some("portforward" | "exec") if target.resource == Resource::Pods => {
                return self.stream(&target, user, &query, request).await;
            }
            Some("log" | "attach") if target.resource == Resource::Pods => {
                return Err(self.no_process(&target));
            }
            Some(_) => return Err(Refusal::no_such_resource()),
        }
        let form = Form::wanted(request.headers(), &query)?;
        let flaw = self.flaw(verb, &target);
        let answer = match verb {
            "list" => list::list(&self.store, &target, &query, form),
            "watch" => watch::watch(&self.store, &self.options, target, &query, form),
            "get" => self.get(&target, form),
            _ => self.write(verb, target, query, form, request).await,
        }?;
        Ok(match flaw {
            Some(flaw) => flaw::on_its_way(answer, flaw),
            None => answer,
        })
    }

    /// What a fault does to the answer.
    fn flaw(&self, verb: &str, target: &Target) -> Option<Flaw> {
        let asked = asked(verb, target);
        let faults = self.options.faults.get();
        let flawed = faults.flawed.iter().find(|(rule, _)| rule.allows(asked));
        flawed.map(|(_, flaw)| *flaw)
    }

    /// Why a pod's processes cannot be reached: there are none.
    fn no_process(&self, target: &Target) -> Refusal {
        let pod = reference(target);
        match self.store.find(&pod) {
            None => Refusal::not_found(pod.resource, &pod.name),
            Some(_) => Refusal::bad_request(
                "the demo's pods run no processes: no logs, nothing to attach to; try 'kubectl port-forward'",
            ),
        }
    }

    fn get(&self, target: &Target, form: Form) -> Result<Answer, Refusal> {
        let reference = reference(target);
        let object = self
            .store
            .find(&reference)
            .ok_or_else(|| Refusal::not_found(reference.resource, &reference.name))?;
        let spec = target.resource.spec();
        if form == Form::Objects {
            let mut body = String::with_capacity(object.size() + 128);
            object.write(&spec, Head::Version(&target.version), &mut body);
            body.push('\n');
            return Ok(json_text(200, body));
        }
        let tree = object.tree(&spec, &target.version);
        Ok(json_answer(200, &table::in_form(&self.store, target, form, tree)))
    }

    async fn write(
        &self,
        verb: &str,
        target: Target,
        query: Query,
        form: Form,
        request: Request<Incoming>,
    ) -> Result<Answer, Refusal> {
        let (parts, body) = request.into_parts();
        let body = request::body(body).await?;
        let write = Write {
            store: &self.store,
            target,
            query,
            form,
            headers: &parts.headers,
            body: &body,
        };
        match verb {
            "create" if write.target.name.is_none() => write.create(),
            "update" if write.target.name.is_some() => write.update(),
            "patch" if write.target.name.is_some() => write.patch(),
            "delete" => {
                let (answer, aftermath) = write.delete()?;
                self.follow_up(aftermath).await;
                Ok(answer)
            }
            "deletecollection" => {
                let (answer, aftermaths) = write.delete_collection()?;
                for aftermath in aftermaths {
                    self.follow_up(aftermath).await;
                }
                Ok(answer)
            }
            _ => Err(not_allowed()),
        }
    }

    async fn stream(
        &self,
        target: &Target,
        user: &User,
        query: &Query,
        request: Request<Incoming>,
    ) -> Result<Answer, Refusal> {
        if forward::is_websocket(request.headers()) {
            // since 1.35 a GET that upgrades needs the right to create, too
            access::authorize(user, "create", target, &self.options.asked)?;
        }
        let accept = match target.subresource.as_deref() {
            Some("exec") => exec::accept,
            Some(_) | None => forward::accept,
        };
        let (answer, session) = accept(&self.store, &self.admin, &reference(target), query, request)?;
        // a full queue only delays the session
        let _ = self.later.send(session).await;
        Ok(answer)
    }

    /// Refuses what a fault says is refused.
    fn trouble(&self, verb: &str, target: &Target) -> Result<(), Refusal> {
        let plural = target.resource.spec().plural;
        let asked = asked(verb, target);
        let faults = self.options.faults.get();
        let Some((_, reason)) = faults.refused.iter().find(|(rule, _)| rule.allows(asked)) else {
            return Ok(());
        };
        let mut refusal = Refusal::new(*reason, format!("the demo refuses to {verb} {plural}"));
        if matches!(reason, Reason::TooManyRequests | Reason::ServiceUnavailable) {
            refusal.details = Some(Box::new(Details {
                retry_after: Some(faults.retry_after),
                ..Details::default()
            }));
        }
        Err(refusal)
    }

    /// Sees to it that what was asked to go does go.
    async fn follow_up(&self, aftermath: Aftermath) {
        let Aftermath::Removal { target, uid, seconds } = aftermath else {
            return;
        };
        let store = Arc::clone(&self.store);
        let wait = Duration::from_secs(seconds).min(self.options.termination);
        let removal = async move {
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            let still_there = store.find(&target).is_some_and(|object| *object.uid == *uid);
            if still_there {
                // somebody else may be quicker
                let _ = store.delete(&target);
            }
        };
        let _ = self.later.send(Box::pin(removal)).await;
    }
}

fn asked<'a>(verb: &'a str, target: &'a Target) -> Asked<'a> {
    Asked {
        verb,
        resource: target.resource.spec().plural,
        namespace: target.namespace.as_deref(),
    }
}

fn reference(target: &Target) -> ResourceRef {
    let text = |part: &Option<String>| part.clone().unwrap_or_default();
    ResourceRef::new(target.resource, &text(&target.namespace), &text(&target.name))
}

fn not_allowed() -> Refusal {
    Refusal {
        details: Some(Box::default()),
        ..Refusal::new(
            Reason::MethodNotAllowed,
            "the server does not allow this method on the requested resource",
        )
    }
}

fn version() -> serde_json::Value {
    json!({
        "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36",
        "minCompatibilityMajor": "1", "minCompatibilityMinor": "35",
        "gitVersion": "v1.36.1", "gitCommit": "", "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "", "compiler": "rustc", "platform": "demo",
    })
}
