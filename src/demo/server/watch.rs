//! Watches: the changes of a kind as lines of JSON, from a version on, with bookmarks.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use serde_json::{Value, json};
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::answer::{Answer, Break, page};
use super::list::{options_refused, parse_version, too_large};
use super::request::{Form, Query, Target};
use super::table::{self, Headers, Printer};
use crate::demo::options::{Bookmarks, FaultSwitch, Options, WatchList, Watches};
use crate::demo::refusal::Refusal;
use crate::demo::selector::Selector;
use crate::demo::store::{Change, Feed, Head, Keep, Object, Store, Verb, within};
use crate::demo::tree::{set, text};

/// Bytes of JSON gathered before they are sent.
const CHUNK: usize = 64 * 1024;
/// How long a watch lasts that did not say.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// One watcher.
struct Watch {
    store: Arc<Store>,
    target: Target,
    selector: Selector,
    form: Form,
    faults: FaultSwitch,
    /// What was there when the watch began, still to be told.
    initial: VecDeque<Arc<Object>>,
    /// The bookmark that ends a streaming list, still to be told.
    initial_end: Option<u64>,
    feed: Feed,
    bookmarks: Option<Interval>,
    end: Instant,
    headers: Headers,
    over: bool,
    /// A trouble: the connection breaks next.
    torn: bool,
}

/// Answers a watch.
///
/// # Errors
/// 400 and 422 for options that do not go together; an old version is told inside the stream, as the real server does.
pub(super) fn watch(
    store: &Arc<Store>,
    options: &Options,
    target: Target,
    query: &Query,
    form: Form,
) -> Result<Answer, Refusal> {
    let streams_list = check_options(query, options.faults.get().watch_list)?;
    let fields = match &target.name {
        Some(name) => format!("metadata.name={name}"),
        None => query.get("fieldSelector").to_owned(),
    };
    let selector = Selector::parse(target.resource, query.get("labelSelector"), &fields)?;
    let asked = parse_version(query.get("resourceVersion"))?;
    let current = store.version();
    if asked > current {
        return Err(too_large(asked, current));
    }
    let begins_with_state = streams_list || (asked == 0 && query.find("sendInitialEvents").is_none());
    let (initial, from) = if begins_with_state {
        let (version, objects) = store.snapshot(target.resource, Keep::No);
        let chosen = within(&objects, target.namespace.as_deref()).filter(|(_, object)| selector.selects(object));
        (chosen.map(|(_, object)| Arc::clone(object)).collect(), version)
    } else {
        (VecDeque::new(), asked)
    };
    let wants_bookmarks = query.is_on("allowWatchBookmarks");
    let timeout = query
        .number("timeoutSeconds")?
        .filter(|seconds| *seconds > 0)
        .map_or(DEFAULT_TIMEOUT, Duration::from_secs);
    let watch = Watch {
        feed: store.feed(target.resource, from),
        initial_end: (streams_list && wants_bookmarks).then_some(from),
        bookmarks: wants_bookmarks.then(|| every(options.bookmark_every)),
        end: Instant::now() + timeout,
        store: Arc::clone(store),
        target,
        selector,
        form,
        faults: options.faults.clone(),
        initial,
        headers: Headers::Shown,
        over: false,
        torn: false,
    };
    let frames = futures::stream::unfold(watch, |mut watch| async move {
        let next = watch.next().await?;
        Some((next.map(|lines| Frame::data(Bytes::from(lines))), watch))
    });
    let mut answer = page(200, "application/json", Bytes::new());
    *answer.body_mut() = StreamBody::new(frames).boxed_unsync();
    Ok(answer)
}

/// Whether the watch begins with a streaming list.
fn check_options(query: &Query, watch_list: WatchList) -> Result<bool, Refusal> {
    let (asked, rule) = (query.find("sendInitialEvents"), query.get("resourceVersionMatch"));
    match (asked, watch_list) {
        (Some(_), WatchList::Refused) => Err(options_refused(
            "sendInitialEvents",
            "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled",
        )),
        (Some(_), WatchList::Served) if rule != "NotOlderThan" => Err(options_refused(
            "resourceVersionMatch",
            "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        )),
        (Some(_), WatchList::Served) => Ok(query.is_on("sendInitialEvents")),
        (None, _) if !rule.is_empty() => Err(options_refused(
            "resourceVersionMatch",
            "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        )),
        (None, _) => Ok(false),
    }
}

fn every(period: Duration) -> Interval {
    let mut interval = tokio::time::interval_at(Instant::now() + period, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

impl Watch {
    /// The next lines; none when the watch is over.
    async fn next(&mut self) -> Option<Result<String, Break>> {
        if std::mem::take(&mut self.torn) {
            self.over = true;
            return Some(Err(Break));
        }
        if self.over {
            return None;
        }
        let mut lines = String::new();
        while lines.len() < CHUNK
            && let Some(object) = self.initial.pop_front()
        {
            self.line("ADDED", &object, &mut lines);
        }
        if self.initial.is_empty()
            && let Some(version) = self.initial_end.take()
        {
            self.bookmark(version, json!({"k8s.io/initial-events-end": "true"}), &mut lines);
        }
        while lines.is_empty() {
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(self.end) => return None,
                changes = self.feed.next() => match changes {
                    Ok(changes) => {
                        self.tell_all(&changes, &mut lines).await;
                        // the definition of the kind is gone, and the kind with it
                        self.over |= !self.store.serves(self.target.resource);
                        if self.over && lines.is_empty() {
                            return None;
                        }
                    }
                    Err(refusal) => {
                        self.over = true;
                        failed(&refusal, &mut lines);
                    }
                },
                () = tick(self.bookmarks.as_mut()) => {
                    let faults = self.faults.get();
                    if faults.watches != Watches::Silent && faults.bookmarks == Bookmarks::Sent {
                        let version = self.feed.bookmark();
                        self.bookmark(version, Value::Null, &mut lines);
                    }
                }
            }
        }
        Some(Ok(lines))
    }

    /// Tells changes, with the trouble that is played.
    async fn tell_all(&mut self, changes: &[Arc<Change>], lines: &mut String) {
        let trouble = self.faults.get().watches;
        let mut order: Vec<&Arc<Change>> = changes.iter().collect();
        match trouble {
            // what was lost is lost: such a connection never speaks again
            Watches::Silent => std::future::pending::<()>().await,
            Watches::Backwards => order.reverse(),
            Watches::Twice => order = changes.iter().flat_map(|change| [change, change]).collect(),
            Watches::Alive | Watches::Halved | Watches::Torn | Watches::Failing(_) => {}
        }
        let mut last = 0;
        for change in order {
            let before = lines.len();
            self.tell(change, lines);
            if lines.len() > before {
                last = before;
            }
        }
        if lines.is_empty() {
            return;
        }
        let is_half = matches!(trouble, Watches::Halved | Watches::Torn);
        if is_half {
            let mut half = last + (lines.len() - last) / 2;
            while !lines.is_char_boundary(half) {
                half -= 1;
            }
            lines.truncate(half);
        }
        if let Watches::Failing(reason) = trouble {
            failed(&Refusal::new(reason, "the demo lets watches fail"), lines);
        }
        self.torn = trouble == Watches::Torn;
        self.over = trouble == Watches::Halved || matches!(trouble, Watches::Failing(_));
    }

    /// Tells a change as this watcher sees it: what leaves its selection is deleted, what enters it is added.
    fn tell(&mut self, change: &Change, lines: &mut String) {
        let in_namespace = |object: &Object| {
            self.target
                .namespace
                .as_deref()
                .is_none_or(|namespace| namespace == &*object.namespace)
        };
        let sees = |object: &Object| in_namespace(object) && self.selector.selects(object);
        let before = change.previous.as_ref().is_some_and(|object| sees(object));
        let now = sees(&change.object);
        let spec = self.target.resource.spec();
        match (change.verb, before, now) {
            (Verb::Deleted, true, _) => self.line("DELETED", &change.object, lines),
            (Verb::Deleted, false, _) | (Verb::Added | Verb::Modified, false, false) => {}
            (Verb::Added | Verb::Modified, false, true) => self.line("ADDED", &change.object, lines),
            (Verb::Added | Verb::Modified, true, true) => self.line("MODIFIED", &change.object, lines),
            (Verb::Added | Verb::Modified, true, false) => {
                if let Some(previous) = &change.previous {
                    let mut last = previous.tree(&spec, &self.target.version);
                    if let Some(metadata) = last.get_mut("metadata").and_then(Value::as_object_mut) {
                        metadata.insert("resourceVersion".to_owned(), json!(change.object.version.to_string()));
                    }
                    let last = Object::new(self.target.resource, change.object.version, last);
                    self.line("DELETED", &last, lines);
                }
            }
        }
    }

    fn line(&mut self, event: &str, object: &Object, lines: &mut String) {
        let spec = self.target.resource.spec();
        lines.push_str("{\"type\":\"");
        lines.push_str(event);
        lines.push_str("\",\"object\":");
        match self.form {
            Form::Objects => object.write(&spec, Head::Version(&self.target.version), lines),
            Form::Metadata => {
                lines.push_str(&table::metadata_only(&object.tree(&spec, &self.target.version)).to_string());
            }
            Form::Table(include) => {
                let tree = object.tree(&spec, &self.target.version);
                let printer = Printer::new(self.target.resource, self.store.now(), include);
                let metadata = json!({"resourceVersion": text(&tree, "/metadata/resourceVersion")});
                let headers = std::mem::replace(&mut self.headers, Headers::Hidden);
                lines.push_str(&printer.table(&metadata, headers, &[printer.row(&tree)]).to_string());
            }
        }
        lines.push_str("}\n");
    }

    fn bookmark(&self, version: u64, annotations: Value, lines: &mut String) {
        let spec = self.target.resource.spec();
        let mut metadata = json!({"resourceVersion": version.to_string()});
        if annotations.is_object() {
            set(&mut metadata, "annotations", annotations);
        }
        let object = match self.form {
            Form::Objects => {
                json!({"kind": spec.kind, "apiVersion": spec.api_version(&self.target.version), "metadata": metadata})
            }
            Form::Metadata => {
                json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata})
            }
            Form::Table(_) => {
                json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "columnDefinitions": [], "rows": []})
            }
        };
        // the type comes first on the wire, so that a reader need not keep the object
        let _ = writeln!(lines, "{{\"type\":\"BOOKMARK\",\"object\":{object}}}");
    }
}

fn failed(refusal: &Refusal, lines: &mut String) {
    // writing to a String does not fail
    let _ = writeln!(lines, "{{\"type\":\"ERROR\",\"object\":{}}}", refusal.status());
}

/// The next tick; never, without bookmarks.
async fn tick(interval: Option<&mut Interval>) {
    match interval {
        Some(interval) => {
            interval.tick().await;
        }
        None => std::future::pending().await,
    }
}
