//! Lists: one page or all, at a version, streamed object by object.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use serde_json::{Value, json};

use super::answer::{Answer, json, page};
use super::request::{Form, Include, Query, Target};
use super::table;
use crate::demo::kinds::Origin;
use crate::demo::refusal::{Cause, Details, Reason, Refusal};
use crate::demo::selector::Selector;
use crate::demo::store::{Head, Keep, Object, Objects, Store, within};

/// Bytes of JSON gathered before they are sent.
const CHUNK: usize = 64 * 1024;

const EXPIRED: &str = "The provided continue parameter is too old to display a consistent list result. You can start a new list \
    without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. \
    Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between \
    the time the first chunk was returned and now may show up in the list.";

/// One page of a list.
struct Page {
    version: u64,
    items: Vec<Arc<Object>>,
    /// Where the next page begins; none on the last.
    next: Option<String>,
    /// How many follow, if that is known.
    remaining: Option<usize>,
}

/// Where a page begins: `VERSION:KEY` in hexadecimal, so that it survives URLs.
struct Token {
    /// None: at whatever version there is, inconsistently.
    version: Option<u64>,
    after: String,
}

/// Answers a list.
///
/// # Errors
/// 400, 410, 422 and 504 for versions, tokens and selectors that cannot be.
pub(super) fn list(store: &Store, target: &Target, query: &Query, form: Form) -> Result<Answer, Refusal> {
    let page = select(store, target, query)?;
    match form {
        Form::Objects => Ok(stream(target, page)),
        Form::Table(include) => Ok(rows(store, target, &page, include)),
        Form::Metadata => Ok(partial(target, &page)),
    }
}

/// The objects that a request over a kind selects, of the present state.
pub(super) fn selected(store: &Store, target: &Target, query: &Query) -> Result<Vec<Arc<Object>>, Refusal> {
    select(store, target, query).map(|page| page.items)
}

fn select(store: &Store, target: &Target, query: &Query) -> Result<Page, Refusal> {
    let fields = match &target.name {
        Some(name) => format!("metadata.name={name}"),
        None => query.get("fieldSelector").to_owned(),
    };
    let selector = Selector::parse(target.resource, query.get("labelSelector"), &fields)?;
    let limit = query
        .number("limit")?
        .and_then(|limit| usize::try_from(limit).ok())
        .filter(|limit| *limit > 0);
    let token = match query.get("continue") {
        "" => None,
        text => Some(Token::read(text)?),
    };
    let (version, objects) = match &token {
        None => state_at(
            store,
            target,
            query,
            if limit.is_some() { Keep::ForPages } else { Keep::No },
        )?,
        Some(Token { version: None, .. }) => store.snapshot(target.resource, Keep::ForPages),
        Some(Token {
            version: Some(version),
            after,
        }) => match store.find_snapshot(target.resource, *version) {
            Some(objects) => (*version, objects),
            None => return Err(expired(after)),
        },
    };
    let all = within(&objects, target.namespace.as_deref());
    let after = token.map(|token| token.after).unwrap_or_default();
    let mut rest = all
        .filter(|(key, object)| ***key > *after && selector.selects(object))
        .peekable();
    let most = limit.unwrap_or(usize::MAX);
    let mut items = Vec::new();
    let mut last = String::new();
    while let Some((key, object)) = rest.next_if(|_| items.len() < most) {
        items.push(Arc::clone(object));
        if items.len() == most {
            last = key.to_string();
        }
    }
    let next = rest.peek().map(|_| {
        Token {
            version: Some(version),
            after: last,
        }
        .write()
    });
    // the real server counts only what it need not filter
    let remaining = (next.is_some() && selector.is_empty()).then(|| rest.count());
    Ok(Page {
        version,
        items,
        next,
        remaining,
    })
}

/// The 410 for a page of a list that is no longer known, with a token for the rest as it is now.
fn expired(after: &str) -> Refusal {
    let resume = Token {
        version: None,
        after: after.to_owned(),
    };
    Refusal {
        resume: Some(resume.write()),
        ..Refusal::new(Reason::Expired, EXPIRED)
    }
}

/// The state that `resourceVersion` and `resourceVersionMatch` ask for.
fn state_at(store: &Store, target: &Target, query: &Query, keep: Keep) -> Result<(u64, Objects), Refusal> {
    let (version, rule) = (query.get("resourceVersion"), query.get("resourceVersionMatch"));
    if version.is_empty() && !rule.is_empty() {
        return Err(options_refused(
            "resourceVersionMatch",
            "resourceVersionMatch is forbidden unless resourceVersion is provided",
        ));
    }
    let asked = parse_version(version)?;
    let current = store.version();
    if asked > current {
        return Err(too_large(asked, current));
    }
    if rule == "Exact" {
        let found = store.find_snapshot(target.resource, asked);
        let expired = || {
            Refusal::new(
                Reason::Expired,
                format!("The resourceVersion for the provided list is too old: {asked}"),
            )
        };
        return found.map(|objects| (asked, objects)).ok_or_else(expired);
    }
    Ok(store.snapshot(target.resource, keep))
}

/// Reads a version; empty is 0.
///
/// # Errors
/// 400 in the words of the real server.
pub(super) fn parse_version(text: &str) -> Result<u64, Refusal> {
    if text.is_empty() {
        return Ok(0);
    }
    text.parse().map_err(|_| {
        Refusal::bad_request(format!(
            "invalid resource version: resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax"
        ))
    })
}

/// The 422 for list options that do not go together.
pub(super) fn options_refused(field: &str, why: &str) -> Refusal {
    let message = format!("ListOptions.meta.k8s.io \"\" is invalid: {field}: Forbidden: {why}");
    let causes = vec![Cause {
        reason: "FieldValueForbidden",
        message: format!("Forbidden: {why}"),
        field: field.to_owned(),
    }];
    let details = Details {
        group: "meta.k8s.io".to_owned(),
        kind: "ListOptions".to_owned(),
        causes,
        ..Details::default()
    };
    Refusal {
        details: Some(Box::new(details)),
        ..Refusal::new(Reason::Invalid, message)
    }
}

/// The 504 for a version that has not happened yet.
pub(super) fn too_large(asked: u64, current: u64) -> Refusal {
    let message = format!("Too large resource version: {asked}, current: {current}");
    let causes = vec![Cause {
        reason: "ResourceVersionTooLarge",
        message: "Too large resource version".to_owned(),
        field: String::new(),
    }];
    let details = Details {
        causes,
        retry_after: Some(1),
        ..Details::default()
    };
    Refusal {
        details: Some(Box::new(details)),
        ..Refusal::new(Reason::Timeout, format!("Timeout: {message}"))
    }
}

impl Page {
    fn metadata(&self) -> Value {
        let mut metadata = json!({"resourceVersion": self.version.to_string()});
        if let Some(map) = metadata.as_object_mut() {
            if let Some(next) = &self.next {
                map.insert("continue".to_owned(), json!(next));
            }
            if let Some(remaining) = self.remaining {
                map.insert("remainingItemCount".to_owned(), json!(remaining));
            }
        }
        metadata
    }
}

impl Token {
    fn write(&self) -> String {
        let version = self.version.map(|version| version.to_string()).unwrap_or_default();
        let mut text = String::new();
        for byte in format!("{version}:{}", self.after).bytes() {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    fn read(text: &str) -> Result<Self, Refusal> {
        let invalid = || Refusal::bad_request("invalid continue token: continue key is not valid");
        let digits: Vec<char> = text.chars().collect();
        let bytes: Option<Vec<u8>> = digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).ok())
            .collect();
        let plain = bytes
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(invalid)?;
        let (version, after) = plain.split_once(':').ok_or_else(invalid)?;
        let version = if version.is_empty() {
            None
        } else {
            Some(version.parse().map_err(|_| invalid())?)
        };
        Ok(Self {
            version,
            after: after.to_owned(),
        })
    }
}

/// The objects, in the order of keys that kube-apiserver writes: custom lists have their metadata last.
fn stream(target: &Target, page: Page) -> Answer {
    let spec = target.resource.spec();
    let (api_version, metadata) = (spec.api_version(&target.version), page.metadata());
    let (head, tail) = match spec.origin {
        Origin::BuiltIn => (
            format!(
                "{{\"kind\":\"{}List\",\"apiVersion\":\"{api_version}\",\"metadata\":{metadata},\"items\":[",
                spec.kind
            ),
            "]}\n".to_owned(),
        ),
        Origin::Custom => (
            format!("{{\"apiVersion\":\"{api_version}\",\"items\":["),
            format!("],\"kind\":\"{}List\",\"metadata\":{metadata}}}\n", spec.kind),
        ),
    };
    let version = target.version.clone();
    let mut items = page.items.into_iter().enumerate().peekable();
    let mut ends = (Some(head), Some(tail));
    let chunks = std::iter::from_fn(move || {
        let mut chunk = ends.0.take().unwrap_or_default();
        while chunk.len() < CHUNK {
            let Some((at, object)) = items.next() else { break };
            if at > 0 {
                chunk.push(',');
            }
            object.write(&spec, Head::Item(&version), &mut chunk);
        }
        if items.peek().is_none()
            && let Some(tail) = ends.1.take()
        {
            chunk.push_str(&tail);
        }
        (!chunk.is_empty()).then_some(chunk)
    });
    streamed(chunks.map(Bytes::from))
}

/// A JSON answer whose body comes in pieces.
fn streamed(chunks: impl Iterator<Item = Bytes> + Send + 'static) -> Answer {
    let frames = futures::stream::iter(chunks).map(|chunk| Ok(Frame::data(chunk)));
    let mut answer = page(200, "application/json", Bytes::new());
    *answer.body_mut() = StreamBody::new(frames).boxed_unsync();
    answer
}

fn rows(store: &Store, target: &Target, page: &Page, include: Include) -> Answer {
    let printer = table::Printer::new(target.resource, store.now(), include);
    let spec = target.resource.spec();
    let rows: Vec<Value> = page
        .items
        .iter()
        .map(|object| printer.row(&object.tree(&spec, &target.version)))
        .collect();
    json(200, &printer.table(&page.metadata(), table::Headers::Shown, &rows))
}

fn partial(target: &Target, page: &Page) -> Answer {
    let spec = target.resource.spec();
    let items: Vec<Value> = page
        .items
        .iter()
        .map(|object| table::metadata_only(&object.tree(&spec, &target.version)))
        .collect();
    json(
        200,
        &json!({
            "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
            "metadata": page.metadata(), "items": items,
        }),
    )
}
