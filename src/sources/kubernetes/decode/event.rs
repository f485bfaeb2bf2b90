//! `v1/Event`.
//!
//! Times and counts as kubectl prints them (`pkg/printers/internalversion/printers.go`, `printEvent`).

use serde::Deserialize;

use super::meta::{ObjectMeta, ObjectReference};
use super::wire::{Int, Str, Time};
use super::{Common, Context, Wire};
use crate::mesh::model;

/// Of an event's message this many bytes are kept; the API allows 1 KiB.
const MAX_MESSAGE: usize = 1024;

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Event<'a> {
    #[serde(borrow)]
    metadata: ObjectMeta<'a>,
    involved_object: Option<ObjectReference<'a>>,
    #[serde(rename = "type")]
    event_type: Str<'a>,
    reason: Str<'a>,
    message: Str<'a>,
    last_timestamp: Time,
    event_time: Time,
    count: Int<u32>,
    series: Option<Series>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Series {
    count: Int<u32>,
    last_observed_time: Time,
}

impl<'de> Wire<'de> for Event<'de> {
    fn metadata(&self) -> &ObjectMeta<'de> {
        &self.metadata
    }

    fn convert(self, common: Common, context: &mut Context<'_>) -> model::Object {
        let interner = &mut *context.interner;
        let object = self.involved_object.unwrap_or_default();
        let series = self.series.unwrap_or_default();
        let count = if series.count.0 > 0 {
            series.count.0
        } else {
            self.count.0.max(1)
        };
        model::Event {
            last: series
                .last_observed_time
                .0
                .or(self.last_timestamp.0)
                .or(self.event_time.0)
                .or(common.meta.created),
            meta: common.meta,
            object_kind: object.kind.text(interner),
            object: model::Key {
                namespace: object.namespace.text(interner),
                name: object.name.text(interner),
            },
            event_type: self.event_type.text(interner),
            reason: self.reason.text(interner),
            message: interner.text(start(&self.message)),
            count,
        }
        .into()
    }
}

/// As much of the message as is kept, cut between characters.
fn start(message: &str) -> &str {
    let ends = (0..=MAX_MESSAGE.min(message.len())).rev();
    ends.into_iter().find_map(|end| message.get(..end)).unwrap_or_default()
}
