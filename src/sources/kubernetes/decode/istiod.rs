//! `apps/v1 Deployment` of an istiod: the flags it runs with.

use serde::Deserialize;

use super::meta::ObjectMeta;
use super::proxy::image_tag;
use super::wire::{List, Str};
use super::{Common, Context, Wire, pod};
use crate::mesh::model;

/// istiod's container, in its chart and in every installation made from it.
const CONTAINER: &str = "discovery";

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Deployment<'a> {
    #[serde(borrow)]
    metadata: ObjectMeta<'a>,
    spec: Option<Spec<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Spec<'a> {
    #[serde(borrow)]
    template: Option<Template<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Template<'a> {
    #[serde(borrow)]
    spec: Option<PodSpec<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PodSpec<'a> {
    #[serde(borrow)]
    containers: List<Container<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Container<'a> {
    #[serde(borrow)]
    name: Str<'a>,
    image: Str<'a>,
    args: List<Str<'a>>,
    env: List<pod::EnvVar<'a>>,
    env_from: List<EnvFrom<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct EnvFrom<'a> {
    #[serde(borrow)]
    prefix: Str<'a>,
    config_map_ref: Option<Reference<'a>>,
    secret_ref: Option<Reference<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Reference<'a> {
    #[serde(borrow)]
    name: Str<'a>,
}

impl<'de> Wire<'de> for Deployment<'de> {
    fn metadata(&self) -> &ObjectMeta<'de> {
        &self.metadata
    }

    fn convert(self, common: Common, context: &mut Context<'_>) -> model::Object {
        let interner = &mut *context.interner;
        let template = self.spec.and_then(|spec| spec.template);
        let pod = template.and_then(|template| template.spec).unwrap_or_default();
        let container = pod.containers.iter().find(|container| &*container.name == CONTAINER);
        let Some(container) = container else {
            return model::Istiod {
                meta: common.meta,
                provenance: common.provenance,
                ..model::Istiod::default()
            }
            .into();
        };
        let (from_elsewhere, literal): (Vec<_>, Vec<_>) =
            container.env.iter().partition(|var| var.value_from.is_some());
        let named = from_elsewhere.iter().map(|var| var.name.to_string());
        let whole = container.env_from.iter().map(EnvFrom::describe);
        model::Istiod {
            meta: common.meta,
            provenance: common.provenance,
            env: interner.labels(literal.iter().map(|var| (&*var.name, &*var.value))),
            unreadable_env: interner.texts(named.chain(whole)),
            args: container.args.texts(interner),
            image_tag: image_tag(&container.image, interner),
        }
        .into()
    }
}

impl EnvFrom<'_> {
    /// Its variables are not known, so all of them are named at once: `PREFIX* of configmap/NAME`.
    fn describe(&self) -> String {
        let (kind, reference) = match (&self.config_map_ref, &self.secret_ref) {
            (Some(reference), _) => ("configmap", Some(reference)),
            (None, reference) => ("secret", reference.as_ref()),
        };
        let name = reference.map_or("", |reference| &reference.name);
        format!("{}* of {kind}/{name}", &*self.prefix)
    }
}
