//! Discovery: which groups, versions and kinds there are, in the old form and the aggregated one.

use http::HeaderMap;
use http::HeaderValue;
use http::header::{ACCEPT, CONTENT_TYPE};
use serde_json::{Value, json};

use super::answer::{Answer, json as json_answer, refuse, text};
use crate::demo::kinds::{Origin, Resource, Scope, Spec, Status};
use crate::demo::refusal::Refusal;
use crate::demo::store::Store;
use crate::demo::tree::set;

/// Kinds that exist only to be asked: group, version, plural, kind.
const REVIEWS: [(&str, &str, &str); 3] = [
    ("authentication.k8s.io", "selfsubjectreviews", "SelfSubjectReview"),
    (
        "authorization.k8s.io",
        "selfsubjectaccessreviews",
        "SelfSubjectAccessReview",
    ),
    (
        "authorization.k8s.io",
        "selfsubjectrulesreviews",
        "SelfSubjectRulesReview",
    ),
];
const VERBS: [&str; 8] = [
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
];
const STATUS_VERBS: [&str; 3] = ["get", "patch", "update"];

/// A version of a group, with the kinds in it.
struct Version {
    group: &'static str,
    name: &'static str,
    resources: Vec<Resource>,
}

/// Answers `/api`, `/apis` and below.
pub(super) fn answer(store: &Store, headers: &HeaderMap, segments: &[String]) -> Answer {
    let versions = versions(store);
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["api"] => match aggregated_type(headers) {
            Some(content_type) => aggregated(&versions, str::is_empty, content_type),
            None => json_answer(
                200,
                &json!({"kind": "APIVersions", "versions": ["v1"],
                    "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1"}]}),
            ),
        },
        ["apis"] => {
            if let Some(content_type) = aggregated_type(headers) {
                return aggregated(&versions, |group| !group.is_empty(), content_type);
            }
            let named = groups(&versions).filter(|group| !group.is_empty());
            let groups: Vec<Value> = named.map(|group| group_json(&versions, group)).collect();
            json_answer(
                200,
                &json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}),
            )
        }
        ["apis", group] if groups(&versions).any(|one| one == *group) => {
            let mut document = group_json(&versions, group);
            set(&mut document, "kind", json!("APIGroup"));
            set(&mut document, "apiVersion", json!("v1"));
            json_answer(200, &document)
        }
        ["api", version] => resources(&versions, "", version),
        ["apis", group, version] => resources(&versions, group, version),
        _ => text(404, "404 page not found\n"),
    }
}

/// All versions that are served now, groups in the order of the table, versions with the preferred one first.
fn versions(store: &Store) -> Vec<Version> {
    let mut found: Vec<Version> = Vec::new();
    for resource in Resource::ALL.into_iter().filter(|resource| store.serves(*resource)) {
        let spec = resource.spec();
        for version in spec.versions {
            match found
                .iter_mut()
                .find(|one| one.group == spec.group && one.name == *version)
            {
                Some(one) => one.resources.push(resource),
                None => found.push(Version {
                    group: spec.group,
                    name: version,
                    resources: vec![resource],
                }),
            }
        }
    }
    for (group, _, _) in REVIEWS {
        if !found.iter().any(|one| one.group == group) {
            found.push(Version {
                group,
                name: "v1",
                resources: Vec::new(),
            });
        }
    }
    found.sort_by_key(|one| rank(one.name));
    found
}

/// `v1` before `v1beta1` before `v1alpha3` (`version.CompareKubeAwareVersionStrings`).
fn rank(version: &str) -> (u8, u8) {
    let level = if version.contains("alpha") {
        2
    } else {
        u8::from(version.contains("beta"))
    };
    let last = version
        .chars()
        .next_back()
        .and_then(|digit| digit.to_digit(10))
        .unwrap_or_default();
    (level, u8::MAX - u8::try_from(last).unwrap_or_default())
}

fn groups(versions: &[Version]) -> impl Iterator<Item = &'static str> {
    let mut seen: Vec<&'static str> = Vec::new();
    for one in versions {
        if !seen.contains(&one.group) {
            seen.push(one.group);
        }
    }
    seen.into_iter()
}

fn group_json(versions: &[Version], group: &str) -> Value {
    let all: Vec<Value> = versions
        .iter()
        .filter(|one| one.group == group)
        .map(|one| json!({"groupVersion": one.full_name(), "version": one.name}))
        .collect();
    json!({"name": group, "preferredVersion": all.first(), "versions": all})
}

impl Version {
    fn full_name(&self) -> String {
        if self.group.is_empty() {
            self.name.to_owned()
        } else {
            format!("{}/{}", self.group, self.name)
        }
    }

    fn reviews(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let group = self.group;
        REVIEWS
            .into_iter()
            .filter(move |(of, _, _)| *of == group)
            .map(|(_, plural, kind)| (plural, kind))
    }
}

fn verbs(spec: &Spec) -> Vec<&'static str> {
    // namespaces cannot be deleted by the handful
    let all_at_once = spec.plural != "namespaces" && spec.plural != "services";
    VERBS
        .into_iter()
        .filter(|verb| all_at_once || *verb != "deletecollection")
        .collect()
}

fn resources(versions: &[Version], group: &str, version: &str) -> Answer {
    let Some(found) = versions.iter().find(|one| one.group == group && one.name == version) else {
        return if versions.iter().any(|one| one.group == group) {
            refuse(&Refusal::no_such_resource())
        } else {
            text(404, "404 page not found\n")
        };
    };
    let mut list = Vec::new();
    for resource in &found.resources {
        let spec = resource.spec();
        let namespaced = spec.scope == Scope::Namespaced;
        let mut entry = json!({
            "name": spec.plural, "singularName": spec.singular, "namespaced": namespaced, "kind": spec.kind,
            "verbs": verbs(&spec), "storageVersionHash": "",
        });
        for (key, names) in [("shortNames", spec.short_names), ("categories", spec.categories)] {
            if !names.is_empty() {
                set(&mut entry, key, json!(names));
            }
        }
        list.push(entry);
        for (subresource, verbs) in subresources(*resource) {
            list.push(json!({
                "name": format!("{}/{subresource}", spec.plural), "singularName": "", "namespaced": namespaced,
                "kind": subresource_kind(&spec, subresource), "verbs": verbs,
            }));
        }
    }
    for (plural, kind) in found.reviews() {
        let singular = kind.to_lowercase();
        list.push(
            json!({"name": plural, "singularName": singular, "namespaced": false, "kind": kind, "verbs": ["create"]}),
        );
    }
    json_answer(
        200,
        &json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": found.full_name(), "resources": list}),
    )
}

fn subresources(resource: Resource) -> Vec<(&'static str, &'static [&'static str])> {
    let mut found: Vec<(&'static str, &'static [&'static str])> = Vec::new();
    if resource == Resource::Pods {
        found.push(("exec", &["create", "get"]));
        found.push(("portforward", &["create", "get"]));
    }
    if resource.spec().status == Status::Subresource {
        found.push(("status", &STATUS_VERBS));
    }
    found
}

fn subresource_kind<'s>(spec: &Spec, subresource: &'s str) -> &'s str {
    match subresource {
        "exec" => "PodExecOptions",
        "portforward" => "PodPortForwardOptions",
        _ => spec.kind,
    }
}

/// The content type of aggregated discovery, if the client prefers that.
fn aggregated_type(headers: &HeaderMap) -> Option<&'static str> {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok())?;
    accept.split(',').find_map(|choice| {
        match (
            choice.contains("as=APIGroupDiscoveryList"),
            choice.contains("v=v2beta1"),
        ) {
            (true, false) => Some("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"),
            (true, true) => Some("application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"),
            (false, _) => None,
        }
    })
}

fn aggregated(versions: &[Version], wanted: impl Fn(&str) -> bool, content_type: &'static str) -> Answer {
    let items: Vec<Value> = groups(versions)
        .filter(|group| wanted(group))
        .map(|group| {
            let all: Vec<Value> = versions
                .iter()
                .filter(|one| one.group == group)
                .map(aggregated_version)
                .collect();
            json!({"metadata": {"name": group, "creationTimestamp": null}, "versions": all})
        })
        .collect();
    let version = if content_type.contains("v2beta1") {
        "v2beta1"
    } else {
        "v2"
    };
    let document = json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": format!("apidiscovery.k8s.io/{version}"), "metadata": {}, "items": items,
    });
    let mut answer = json_answer(200, &document);
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

fn aggregated_version(found: &Version) -> Value {
    let mut resources: Vec<Value> = Vec::new();
    for resource in &found.resources {
        let spec = resource.spec();
        let kind = |kind: &str| json!({"group": found.group, "version": found.name, "kind": kind});
        let mut entry = json!({
            "resource": spec.plural, "responseKind": kind(spec.kind), "scope": scope(spec.scope),
            "singularResource": spec.singular, "verbs": verbs(&spec),
        });
        for (key, names) in [("shortNames", spec.short_names), ("categories", spec.categories)] {
            if !names.is_empty() {
                set(&mut entry, key, json!(names));
            }
        }
        let below: Vec<Value> = subresources(*resource)
            .into_iter()
            .map(|(name, verbs)| {
                json!({"subresource": name, "responseKind": kind(subresource_kind(&spec, name)), "verbs": verbs})
            })
            .collect();
        if !below.is_empty() {
            set(&mut entry, "subresources", json!(below));
        }
        resources.push(entry);
    }
    for (plural, kind) in found.reviews() {
        resources.push(json!({
            "resource": plural, "responseKind": {"group": found.group, "version": found.name, "kind": kind},
            "scope": "Cluster", "singularResource": kind.to_lowercase(), "verbs": ["create"],
        }));
    }
    json!({"version": found.name, "freshness": "Current", "resources": resources})
}

const fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Cluster => "Cluster",
        Scope::Namespaced => "Namespaced",
    }
}

/// Whether a group is of custom kinds.
pub(super) fn is_custom(group: &str) -> bool {
    Resource::ALL
        .iter()
        .any(|resource| resource.spec().group == group && resource.spec().origin == Origin::Custom)
}
