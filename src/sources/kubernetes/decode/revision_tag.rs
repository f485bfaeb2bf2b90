//! `MutatingWebhookConfiguration`: only its labels are read; they map a revision tag to a revision.

use serde::Deserialize;

use super::meta::ObjectMeta;
use super::{Common, Context, Wire};
use crate::mesh::model;

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Webhook<'a> {
    #[serde(borrow)]
    metadata: ObjectMeta<'a>,
}

impl<'de> Wire<'de> for Webhook<'de> {
    fn metadata(&self) -> &ObjectMeta<'de> {
        &self.metadata
    }

    fn convert(self, common: Common, _context: &mut Context<'_>) -> model::Object {
        model::RevisionTag { meta: common.meta }.into()
    }
}
