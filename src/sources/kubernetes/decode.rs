//! Wire to model: the only place that knows what an absent field means.
//!
//! Each kind has a file with slim wire structs that skip every byte nobody reads, and a conversion into the model
//! through an [`Interner`]. No field is trusted: what does not fit becomes a [`Diagnostic`] and counts as absent, so
//! that one strange object never costs a list. Nulls are as good as absent, as Go's decoder has it; of a key given
//! twice the last counts. Not here: validation (istiod does not validate on read either) and istiod's own defaults
//! that depend on other objects (`mesh::scope`).
//!
//! A kind of the table of kinds ([`crate::kinds!`]) without a wire form does not compile.

#![allow(
    clippy::struct_field_names,
    reason = "a wire struct's fields bear the API's own names"
)]

mod entry;
mod event;
mod gateway;
mod istiod;
mod lenient;
mod mesh_config;
mod meta;
mod namespace;
mod pod;
mod pod_printed;
mod provenance;
mod proxy;
mod revision_tag;
mod route;
mod service;
mod sidecar;
mod slice;
mod traffic;
mod wire;
mod yaml;

use serde::Deserialize;

use self::provenance::Header;
use super::resources::{api_versions, resource};
use crate::mesh::model::{Diagnostic, Interner, Key, Kind, Meta, Object, Provenance};

/// What came of one object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decoded {
    /// The object, fields that made no sense absent; else its key, if at least that could be read: the object
    /// exists, and nothing of it can be told.
    pub object: Result<Object, Option<Key>>,
    /// What could not be read; empty for nearly every object.
    pub diagnostics: Vec<Diagnostic>,
}

/// Decodes the JSON text of one object: of a watch line, an item of a list, or a document of a file.
///
/// The text need not name its `kind`: items of a typed list do not.
pub fn object(kind: Kind, json: &str, interner: &mut Interner) -> Decoded {
    decode(kind, json, interner)
}

/// Whether anybody reads this object: of some kinds only a few are, and neither a dump nor a selector tells them all.
pub(in crate::sources) fn concerns_the_mesh(object: &Object) -> bool {
    match object {
        Object::MeshConfigMap(map) => map.mesh.is_some() || map.has_network_gateways,
        Object::Istiod(istiod) => {
            let has_container = !istiod.env.is_empty() || !istiod.args.is_empty() || !istiod.image_tag.is_empty();
            has_container || istiod.meta.labels.get("app").is_some_and(|app| *app == "istiod")
        }
        Object::RevisionTag(webhook) => webhook.meta.labels.get("istio.io/tag").is_some(),
        Object::Event(event) => event.object_kind == "Pod",
        Object::Namespace(_)
        | Object::Node(_)
        | Object::Pod(_)
        | Object::Service(_)
        | Object::EndpointSlice(_)
        | Object::Sidecar(_)
        | Object::VirtualService(_)
        | Object::DestinationRule(_)
        | Object::ServiceEntry(_)
        | Object::WorkloadEntry(_)
        | Object::Gateway(_)
        | Object::EnvoyFilter(_)
        | Object::HTTPRoute(_)
        | Object::GRPCRoute(_)
        | Object::TCPRoute(_)
        | Object::TLSRoute(_) => true,
    }
}

/// The key of an object, whatever else its text holds: all that a deletion needs.
pub fn key(json: &str) -> Option<Key> {
    match serde_json::from_str::<meta::KeyOnly<'_>>(json) {
        Ok(wire) => wire.key(),
        Err(_) => lenient::value(json).ok().and_then(|value| key_of(&value)),
    }
}

/// The kind that a manifest's `apiVersion` and `kind` name, in any served version; `None` for one that is not read.
pub fn kind_of(api_version: &str, kind: &str) -> Option<Kind> {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    Kind::ALL.iter().copied().find(|known| {
        let known_group = known.plural().split_once('.').map_or("", |(_, group)| group);
        known.name() == kind && known_group == group
    })
}

/// The wire form of one kind.
trait Wire<'de>: Deserialize<'de> {
    fn metadata(&self) -> &meta::ObjectMeta<'de>;

    /// The model's object. Nothing can fail here: what does not fit is said to `context`.
    fn convert(self, common: Common, context: &mut Context<'_>) -> Object;
}

/// What every kind's conversion is handed ready-made.
struct Common {
    meta: Meta,
    /// Empty for kinds that are not configuration.
    provenance: Provenance,
}

/// What a conversion writes to besides its result.
struct Context<'a> {
    interner: &'a mut Interner,
    problems: Vec<lenient::Problem>,
}

macro_rules! define_decode {
    ($($variant:ident $field:ident $plural:literal $class:ident,)*) => {
        fn decode(kind: Kind, json: &str, interner: &mut Interner) -> Decoded {
            match kind {
                $(Kind::$variant => run::<wires::$field::Family>(kind, json, interner),)*
            }
        }
    };
}

crate::kinds!(define_decode);

/// A wire form for every lifetime of the text it borrows from.
trait Family {
    type Of<'de>: Wire<'de>;
}

/// The wire form of each kind, by the name of its table.
mod wires {
    macro_rules! define_wires {
        ($($field:ident = $module:ident :: $wire:ident,)*) => {
            $(pub(super) mod $field {
                pub(in super::super) struct Family;

                impl super::super::Family for Family {
                    type Of<'de> = super::super::$module::$wire<'de>;
                }
            })*
        };
    }

    define_wires! {
        namespaces = namespace::Namespace,
        nodes = namespace::Node,
        pods = pod::Pod,
        services = service::Service,
        slices = slice::EndpointSlice,
        mesh_configs = mesh_config::ConfigMap,
        istiods = istiod::Deployment,
        revision_tags = revision_tag::Webhook,
        sidecars = sidecar::Sidecar,
        virtual_services = traffic::VirtualService,
        destination_rules = traffic::DestinationRule,
        service_entries = entry::ServiceEntry,
        workload_entries = entry::WorkloadEntry,
        gateways = gateway::Gateway,
        envoy_filters = gateway::EnvoyFilter,
        http_routes = route::HTTPRoute,
        grpc_routes = route::GRPCRoute,
        tcp_routes = route::TCPRoute,
        tls_routes = route::TLSRoute,
        events = event::Event,
    }
}

fn run<F: Family>(kind: Kind, json: &str, interner: &mut Interner) -> Decoded {
    let mut context = Context {
        interner,
        problems: Vec::new(),
    };
    let object = match serde_json::from_str::<F::Of<'_>>(json) {
        Ok(wire) => convert(kind, wire, json, &mut context),
        Err(_) => run_lenient::<F>(kind, json, &mut context),
    };
    let (key, is_lost) = match &object {
        Ok(object) => (Some(object.key().clone()), false),
        Err(key) => (key.clone(), true),
    };
    let diagnostics = context.problems.into_iter().map(|problem| Diagnostic {
        kind,
        key: key.clone(),
        path: problem.path,
        problem: problem.text,
        is_lost,
    });
    Decoded {
        object,
        diagnostics: diagnostics.collect(),
    }
}

/// The slow way, for the rare object that is not what its kind promises.
fn run_lenient<F: Family>(kind: Kind, json: &str, context: &mut Context<'_>) -> Result<Object, Option<Key>> {
    let mut value = match lenient::value(json) {
        Ok(value) => value,
        Err(problem) => {
            context.problems.push(problem);
            return Err(None);
        }
    };
    for _ in 0..lenient::MAX_DROPS {
        let error = match serde_path_to_error::deserialize::<_, F::Of<'_>>(&value) {
            Ok(wire) => return convert(kind, wire, json, context),
            Err(error) => error,
        };
        let Some(problem) = lenient::drop_at(&mut value, &error) else {
            break;
        };
        context.problems.push(problem);
    }
    context.problems.push(lenient::Problem {
        path: String::new(),
        text: format!("not a {}", kind.name()),
    });
    Err(key_of(&value))
}

fn convert<'de, W: Wire<'de>>(
    kind: Kind,
    wire: W,
    json: &str,
    context: &mut Context<'_>,
) -> Result<Object, Option<Key>> {
    let Some(meta) = wire.metadata().convert(context.interner) else {
        context.problems.push(lenient::Problem {
            path: "metadata.name".into(),
            text: "no name".into(),
        });
        return Err(None);
    };
    let provenance = if kind.is_config() {
        let version = api_versions(kind).next().filter(|_| !resource(kind).is_custom());
        let header = version.and_then(|version| Header::new(kind.name(), &version));
        provenance::of(json, header.as_ref(), context.interner)
    } else {
        Provenance::default()
    };
    Ok(wire.convert(Common { meta, provenance }, context))
}

fn key_of(value: &serde_json::Value) -> Option<Key> {
    let text = |path| value.pointer(path).and_then(serde_json::Value::as_str);
    let name = text("/metadata/name").filter(|name| !name.is_empty())?;
    Some(Key::new(text("/metadata/namespace").unwrap_or_default(), name))
}

#[cfg(test)]
mod tests;
