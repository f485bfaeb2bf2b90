//! The routes of `gateway.networking.k8s.io`: of HTTP, GRPC, TCP and TLS.
//!
//! istio: `pilot/pkg/config/kube/gateway/conversion.go` (`convertHTTPRoute`, `buildHTTPDestination`: which filters
//! make a route count for nothing).

use serde::Deserialize;

use super::meta::ObjectMeta;
use super::wire::{Int, List, Str};
use super::{Common, Context, Wire};
use crate::mesh::model::{self, Interner, Text};

/// Filters that istiod takes on a rule; the first two also on a backend.
const TAKEN_FILTERS: &[&str] = &[
    "RequestHeaderModifier",
    "ResponseHeaderModifier",
    "RequestRedirect",
    "RequestMirror",
    "URLRewrite",
    "CORS",
];
const TAKEN_BACKEND_FILTERS: usize = 2;

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Spec<'a> {
    #[serde(borrow)]
    parent_refs: List<ParentRef<'a>>,
    rules: List<Rule<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ParentRef<'a> {
    #[serde(borrow)]
    group: Option<Str<'a>>,
    kind: Option<Str<'a>>,
    namespace: Option<Str<'a>>,
    name: Str<'a>,
    section_name: Str<'a>,
    port: Option<Int<u32>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Rule<'a> {
    #[serde(borrow)]
    backend_refs: List<BackendRef<'a>>,
    filters: List<Filter<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct BackendRef<'a> {
    #[serde(borrow)]
    group: Option<Str<'a>>,
    kind: Option<Str<'a>>,
    namespace: Option<Str<'a>>,
    name: Str<'a>,
    port: Option<Int<u32>>,
    weight: Option<Int<i32>>,
    filters: List<Filter<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Filter<'a> {
    #[serde(borrow, rename = "type")]
    filter_type: Str<'a>,
    request_mirror: Option<RequestMirror<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct RequestMirror<'a> {
    #[serde(borrow)]
    backend_ref: Option<BackendRef<'a>>,
}

macro_rules! routes {
    ($($name:ident)*) => {
        $(
            #[derive(Deserialize, Default)]
            #[serde(default)]
            pub(super) struct $name<'a> {
                #[serde(borrow)]
                metadata: ObjectMeta<'a>,
                spec: Option<Spec<'a>>,
            }

            impl<'de> Wire<'de> for $name<'de> {
                fn metadata(&self) -> &ObjectMeta<'de> {
                    &self.metadata
                }

                fn convert(self, common: Common, context: &mut Context<'_>) -> model::Object {
                    let spec = self.spec.unwrap_or_default().convert(context.interner);
                    model::$name {
                        meta: common.meta,
                        provenance: common.provenance,
                        spec,
                    }
                    .into()
                }
            }
        )*
    };
}

routes!(HTTPRoute GRPCRoute TCPRoute TLSRoute);

impl Spec<'_> {
    fn convert(&self, interner: &mut Interner) -> model::RouteSpec {
        let parents = self.parent_refs.iter().map(|parent| model::ParentRef {
            group: text(parent.group.as_ref(), interner),
            kind: text(parent.kind.as_ref(), interner),
            namespace: text(parent.namespace.as_ref(), interner),
            name: parent.name.text(interner),
            section_name: parent.section_name.text(interner),
            port: parent.port.map(|port| port.0),
        });
        model::RouteSpec {
            parents: parents.collect(),
            rules: self.rules.iter().map(|rule| rule.convert(interner)).collect(),
        }
    }
}

impl Rule<'_> {
    fn convert(&self, interner: &mut Interner) -> model::RouteRule {
        let mirrors = self
            .filters
            .iter()
            .filter_map(|filter| filter.request_mirror.as_ref()?.backend_ref.as_ref());
        let of_backends = self.backend_refs.iter().flat_map(|backend| &backend.filters);
        let taken_on_backends = TAKEN_FILTERS.get(..TAKEN_BACKEND_FILTERS).unwrap_or_default();
        let mut refused = self
            .filters
            .iter()
            .filter(|filter| !TAKEN_FILTERS.contains(&&*filter.filter_type));
        let mut refused_on_backends = of_backends.filter(|filter| !taken_on_backends.contains(&&*filter.filter_type));
        model::RouteRule {
            backends: self
                .backend_refs
                .iter()
                .map(|backend| backend.convert(interner))
                .collect(),
            mirrors: mirrors.map(|backend| backend.convert(interner)).collect(),
            redirects: self
                .filters
                .iter()
                .any(|filter| &*filter.filter_type == "RequestRedirect"),
            has_refused_filter: refused.next().is_some() || refused_on_backends.next().is_some(),
        }
    }
}

impl BackendRef<'_> {
    fn convert(&self, interner: &mut Interner) -> model::BackendRef {
        model::BackendRef {
            group: text(self.group.as_ref(), interner),
            kind: text(self.kind.as_ref(), interner),
            namespace: text(self.namespace.as_ref(), interner),
            name: self.name.text(interner),
            port: self.port.map(|port| port.0),
            weight: self.weight.map_or(1, |weight| weight.0),
        }
    }
}

fn text(text: Option<&Str<'_>>, interner: &mut Interner) -> Option<Text> {
    text.map(|text| text.text(interner))
}
