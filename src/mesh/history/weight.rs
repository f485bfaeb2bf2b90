//! How many bytes an object holds, about: for the bounds of what is kept of the past.
//!
//! Texts and label sets are shared with other objects and count as pointers.

use crate::mesh::model::{EndpointSlice, Object};
use crate::mesh::world::Change;

/// An object's own struct, the allocation around it, and its small lists.
const OBJECT: usize = 512;
const POINTER: usize = 16;
const MANAGER: usize = 128;

/// What a journal entry keeps alive: the objects as they were before. What they became is held by the world or by the
/// next entry about them.
pub(super) fn of_changes(changes: &[Change]) -> usize {
    let held: usize = changes
        .iter()
        .filter_map(|change| change.before.as_ref())
        .map(of_object)
        .sum();
    held + size_of_val(changes) + size_of::<super::Entry>()
}

/// One object with all that it does not share.
pub(super) fn of_object(object: &Object) -> usize {
    let kept = object.provenance().map_or(0, |provenance| {
        provenance.text.len() + provenance.managers.len() * MANAGER
    });
    let endpoints = if let Object::EndpointSlice(slice) = object {
        of_endpoints(slice)
    } else {
        0
    };
    OBJECT + kept + endpoints
}

fn of_endpoints(slice: &EndpointSlice) -> usize {
    slice
        .endpoints
        .iter()
        .map(|endpoint| size_of_val(endpoint) + (2 + endpoint.addresses.len()) * POINTER)
        .sum()
}
