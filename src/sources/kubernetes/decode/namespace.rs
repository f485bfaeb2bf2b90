//! `v1/Namespace` and `v1/Node`: both are read for their labels.

use serde::Deserialize;

use super::meta::ObjectMeta;
use super::wire::Str;
use super::{Common, Context, Wire};
use crate::mesh::model;

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Namespace<'a> {
    #[serde(borrow)]
    metadata: ObjectMeta<'a>,
    status: Option<NamespaceStatus<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct NamespaceStatus<'a> {
    #[serde(borrow)]
    phase: Str<'a>,
}

impl<'de> Wire<'de> for Namespace<'de> {
    fn metadata(&self) -> &ObjectMeta<'de> {
        &self.metadata
    }

    fn convert(self, common: Common, _context: &mut Context<'_>) -> model::Object {
        let terminating = self.status.is_some_and(|status| &*status.phase == "Terminating");
        model::Namespace {
            meta: common.meta,
            terminating,
        }
        .into()
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Node<'a> {
    #[serde(borrow)]
    metadata: ObjectMeta<'a>,
}

impl<'de> Wire<'de> for Node<'de> {
    fn metadata(&self) -> &ObjectMeta<'de> {
        &self.metadata
    }

    fn convert(self, common: Common, _context: &mut Context<'_>) -> model::Object {
        model::Node { meta: common.meta }.into()
    }
}
