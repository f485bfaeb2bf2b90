//! An object as bytes, and as what differs from other bytes.

use super::varint::{self, Bytes};
use crate::mesh::model::{Kind, Object};

/// No object is longer than this: etcd takes none beyond 1.5 MiB of JSON, and what is kept of one is shorter.
const LONGEST: usize = 16 << 20;

macro_rules! define_bytes {
    ($($variant:ident $field:ident $plural:literal $class:ident,)*) => {
        /// The object's bytes: the same for the same object.
        ///
        /// # Errors
        /// None is known; a serializer may always say no.
        pub(super) fn to_bytes(object: &Object) -> Result<Vec<u8>, rmp_serde::encode::Error> {
            match object {
                $(Object::$variant(object) => rmp_serde::to_vec(&**object),)*
            }
        }

        /// The object of this kind that these bytes say.
        pub(super) fn of_bytes(kind: Kind, bytes: &[u8]) -> Result<Object, rmp_serde::decode::Error> {
            match kind {
                $(Kind::$variant => rmp_serde::from_slice::<$crate::mesh::model::$variant>(bytes).map(Object::from),)*
            }
        }
    };
}

crate::kinds!(define_bytes);

/// Appends what has to be known besides `base` to have `bytes`.
pub(super) fn put_difference(out: &mut Vec<u8>, base: &[u8], bytes: &[u8]) {
    let packed = lz4_flex::block::compress_with_dict(bytes, base);
    varint::put(out, bytes.len() as u64);
    varint::put_bytes(out, &packed);
}

/// The bytes that differ so from `base`.
pub(super) fn apply_difference(from: &mut Bytes<'_>, base: &[u8]) -> Option<Vec<u8>> {
    let length = from.size().filter(|length| *length <= LONGEST)?;
    let bytes = lz4_flex::block::decompress_with_dict(from.bytes()?, length, base).ok()?;
    (bytes.len() == length).then_some(bytes)
}
