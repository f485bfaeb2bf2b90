//! Requests: paths, queries, what form the client wants, and bodies.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, Method};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde_json::Value;

use super::protobuf;
use crate::demo::kinds::{Resource, Scope};
use crate::demo::refusal::{Reason, Refusal};

/// The largest body that is read (`MaxRequestBodyBytes` of kube-apiserver).
const MOST_BYTES: usize = 3 * 1024 * 1024;

/// The parameters of a URL, in order; `kube` puts an empty pair in front.
#[derive(Clone, Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

/// What a path under `/api` or `/apis` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub resource: Resource,
    /// The served version in the path, such as `v1beta1`.
    pub version: String,
    /// None over all namespaces and for cluster-scoped kinds.
    pub namespace: Option<String>,
    pub name: Option<String>,
    pub subresource: Option<String>,
}

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// `/api`, `/apis`, with the rest of the path's segments.
    Discovery(Vec<String>),
    /// Objects.
    Objects(Target),
    /// A question about oneself, by the plural of its kind.
    Review(String),
    /// `/openapi/...`, with the rest of the path.
    OpenApi(String),
    /// `/version`.
    Version,
    /// `/healthz`, `/livez`, `/readyz` and below.
    Health,
    /// A known group or version without such a resource.
    UnknownResource,
    /// Nothing.
    Unknown,
}

/// The form in which objects are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As they are.
    Objects,
    /// Rows, as kubectl prints them.
    Table(Include),
    /// Metadata only.
    Metadata,
}

/// What a row of a table carries besides its cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Include {
    Nothing,
    Metadata,
    Object,
}

impl Query {
    pub(super) fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(k, v)| (decode(k), decode(v)))
                .collect(),
        )
    }

    /// The first value of a parameter; empty when absent.
    pub(super) fn get(&self, name: &str) -> &str {
        self.find(name).unwrap_or_default()
    }

    pub(super) fn find(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether a switch is on: present, and neither `false` nor `0`.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.find(name).is_some_and(|value| !matches!(value, "false" | "0"))
    }

    /// A whole number, if given.
    ///
    /// # Errors
    /// 400 in the words of Go's parser.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, Refusal> {
        match self.find(name) {
            None | Some("") => Ok(None),
            Some(text) => text
                .parse()
                .map(Some)
                .map_err(|_| Refusal::bad_request(format!("strconv.ParseInt: parsing \"{text}\": invalid syntax"))),
        }
    }
}

/// Undoes percent encoding; `+` is a space.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = [rest.next().unwrap_or_default(), rest.next().unwrap_or_default()];
                let digits = std::str::from_utf8(&digits).unwrap_or_default();
                bytes.push(u8::from_str_radix(digits, 16).unwrap_or(b'?'));
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Route {
    /// Finds where a path leads.
    pub(super) fn of(path: &str) -> Self {
        let segments: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(decode).collect();
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        match parts.as_slice() {
            ["version"] => Self::Version,
            ["healthz" | "livez" | "readyz", ..] => Self::Health,
            ["openapi", rest @ ..] => Self::OpenApi(rest.join("/")),
            ["api" | "apis"] | ["api" | "apis", _] | ["apis", _, _] => Self::Discovery(segments),
            ["apis", "authorization.k8s.io" | "authentication.k8s.io", "v1", review] => {
                Self::Review((*review).to_owned())
            }
            ["api", version, rest @ ..] => Self::objects("", version, rest),
            ["apis", group, version, rest @ ..] => Self::objects(group, version, rest),
            _ => Self::Unknown,
        }
    }

    fn objects(group: &str, version: &str, rest: &[&str]) -> Self {
        let is_known = Resource::ALL
            .iter()
            .any(|one| one.spec().group == group && one.spec().versions.contains(&version));
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !matches!(rest, [] | ["status" | "finalize"]) => {
                (Some(*namespace), rest)
            }
            rest => (None, rest),
        };
        let (plural, name, subresource) = match rest {
            [plural] => (*plural, None, None),
            [plural, name] => (*plural, Some(*name), None),
            [plural, name, subresource] => (*plural, Some(*name), Some(*subresource)),
            _ => return if is_known { Self::UnknownResource } else { Self::Unknown },
        };
        let found = Resource::of_url(group, version, plural).filter(|resource| match resource.spec().scope {
            Scope::Cluster => namespace.is_none(),
            Scope::Namespaced => namespace.is_some() || name.is_none(),
        });
        match found {
            Some(resource) => Self::Objects(Target {
                resource,
                version: version.to_owned(),
                namespace: namespace.map(str::to_owned),
                name: name.map(str::to_owned),
                subresource: subresource.map(str::to_owned),
            }),
            None if is_known => Self::UnknownResource,
            None => Self::Unknown,
        }
    }
}

impl Form {
    /// The first form of the `Accept` header that is served.
    ///
    /// # Errors
    /// 406 when there is none.
    pub(super) fn wanted(headers: &HeaderMap, query: &Query) -> Result<Self, Refusal> {
        let Some(accept) = headers.get(ACCEPT).and_then(|value| value.to_str().ok()) else {
            return Ok(Self::Objects);
        };
        for choice in accept.split(',') {
            let mut parts = choice.split(';').map(str::trim);
            if !matches!(parts.next(), Some("application/json" | "*/*" | "application/*" | "")) {
                continue;
            }
            let parameter = |name: &str| {
                choice
                    .split(';')
                    .filter_map(|part| part.trim().split_once('='))
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| value)
            };
            if parameter("g").is_some_and(|group| group != "meta.k8s.io") || parameter("v").is_some_and(|v| v != "v1") {
                continue;
            }
            match parameter("as") {
                None => return Ok(Self::Objects),
                Some("Table") => return Ok(Self::Table(Include::wanted(query))),
                Some("PartialObjectMetadata" | "PartialObjectMetadataList") => return Ok(Self::Metadata),
                Some(_) => {}
            }
        }
        Err(Refusal::new(
            Reason::NotAcceptable,
            "only the following media types are accepted: application/json, application/json;stream=watch",
        ))
    }
}

impl Include {
    fn wanted(query: &Query) -> Self {
        match query.get("includeObject") {
            "None" => Self::Nothing,
            "Object" => Self::Object,
            _ => Self::Metadata,
        }
    }
}

/// Reads a body, as far as it may go.
///
/// # Errors
/// 413 when it is too long, 400 when the connection broke.
pub(super) async fn body(incoming: Incoming) -> Result<Bytes, Refusal> {
    match Limited::new(incoming, MOST_BYTES).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(why) if why.is::<http_body_util::LengthLimitError>() => Err(Refusal::new(
            Reason::RequestEntityTooLarge,
            format!("Request entity too large: limit is {MOST_BYTES}"),
        )),
        Err(why) => Err(Refusal::bad_request(format!("cannot read the request body: {why}"))),
    }
}

/// The media type of a body, without parameters; JSON unless said otherwise.
pub(super) fn content_type(headers: &HeaderMap) -> &str {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("application/json");
    value.split(';').next().unwrap_or_default().trim()
}

/// Parses a body that holds an object, in JSON, YAML, or for a few kinds protobuf.
///
/// # Errors
/// 415 for other media types, 400 for what does not parse.
pub(super) fn object(headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    match content_type(headers) {
        "application/json" | "*/*" | "" => parse_json(body),
        "application/yaml" | "application/apply-patch+yaml" => parse_yaml(body),
        protobuf::MEDIA_TYPE => protobuf::object(body),
        _ => Err(unsupported(&["application/json", "application/yaml"])),
    }
}

/// Parses JSON.
///
/// # Errors
/// 400 for what does not parse.
pub(super) fn parse_json(body: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(body)
        .map_err(|why| Refusal::bad_request(format!("the object provided is unrecognized: json parse error: {why}")))
}

/// Parses YAML, which JSON is.
///
/// # Errors
/// 400 for what does not parse.
pub(super) fn parse_yaml(body: &[u8]) -> Result<Value, Refusal> {
    let text = std::str::from_utf8(body).map_err(|why| Refusal::bad_request(format!("error decoding YAML: {why}")))?;
    serde_saphyr::from_str(text).map_err(|why| Refusal::bad_request(format!("error decoding YAML: {why}")))
}

/// 415, with what would do.
pub(super) fn unsupported(accepted: &[&str]) -> Refusal {
    let message = format!(
        "the body of the request was in an unknown format - accepted media types include: {}",
        accepted.join(", ")
    );
    Refusal::new(Reason::UnsupportedMediaType, message)
}

/// The client's name, as a field manager that did not name itself is called (`prefixFromUserAgent`).
pub(super) fn agent(headers: &HeaderMap) -> &str {
    let agent = headers
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let name = agent.split('/').next().unwrap_or_default();
    name.get(..128).unwrap_or(name)
}

/// The verb of a request, as rights name it.
pub(super) fn verb(method: &Method, target: &Target, query: &Query) -> &'static str {
    match (method.as_str(), target.name.is_some()) {
        ("GET" | "HEAD", _) if query.is_on("watch") => "watch",
        ("GET" | "HEAD", false) => "list",
        ("GET" | "HEAD", true) => "get",
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) => "patch",
        ("DELETE", true) => "delete",
        ("DELETE", false) => "deletecollection",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn target(path: &str) -> Target {
        let Route::Objects(target) = Route::of(path) else {
            panic!("{path} leads elsewhere")
        };
        target
    }

    #[test]
    fn paths_lead_to_objects() {
        let pods = target("/api/v1/namespaces/a/pods/p/portforward");
        let expected = ("a", "p", "portforward");
        assert_eq!(
            (
                pods.namespace.as_deref().unwrap(),
                pods.name.as_deref().unwrap(),
                pods.subresource.as_deref().unwrap()
            ),
            expected
        );
        assert_eq!(target("/apis/networking.istio.io/v1beta1/sidecars").version, "v1beta1");
        assert_eq!(target("/api/v1/namespaces/a").name.as_deref(), Some("a"));
        assert_eq!(
            target("/api/v1/namespaces/a/status").subresource.as_deref(),
            Some("status")
        );
        assert_eq!(
            Route::of("/apis/networking.istio.io/v1/namespaces/a/nosuch"),
            Route::UnknownResource
        );
        assert_eq!(Route::of("/apis/nosuch.io/v1/foo"), Route::Unknown);
        assert_eq!(Route::of("/api/v1/namespaces/a/nodes"), Route::UnknownResource);
    }

    #[test]
    fn queries_are_decoded_and_may_begin_with_an_ampersand() {
        let query = Query::parse("&labelSelector=a%3Db%2Cc+in+%28d%29&watch=true&limit=x");
        assert_eq!(
            (query.get("labelSelector"), query.is_on("watch")),
            ("a=b,c in (d)", true)
        );
        assert_eq!(
            query.number("limit").unwrap_err().message,
            "strconv.ParseInt: parsing \"x\": invalid syntax"
        );
    }

    #[test]
    fn the_first_form_that_is_served_is_taken() {
        let wanted = |accept: &'static str| {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            Form::wanted(&headers, &Query::default())
        };
        let kubectl = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
        assert_eq!(wanted(kubectl), Ok(Form::Table(Include::Metadata)));
        assert_eq!(
            wanted("application/vnd.kubernetes.protobuf,application/json"),
            Ok(Form::Objects)
        );
        assert_eq!(
            wanted("application/vnd.kubernetes.protobuf").unwrap_err().reason,
            Reason::NotAcceptable
        );
    }
}
