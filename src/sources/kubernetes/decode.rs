//! temp
use crate::mesh::model::{Interner, Key, Kind, Object};
/// d
#[derive(Debug)]
pub struct Diagnostic;
/// d
pub struct Decoded {
    /// o
    pub object: Result<Object, Option<Key>>,
    /// d
    pub diagnostics: Vec<Diagnostic>,
}
/// o
pub fn object(_: Kind, _: &str, _: &mut Interner) -> Decoded {
    Decoded {
        object: Err(None),
        diagnostics: vec![],
    }
}
/// k
pub fn key(_: &str) -> Option<Key> {
    None
}
