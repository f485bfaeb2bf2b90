//! Adapters: where objects come from. Each turns what it reads into [`crate::mesh::world::Delta`]s and says how it
//! does; none knows what the app makes of it.

pub mod envoy;
pub mod files;
pub mod kubernetes;
pub mod packets;
pub mod recording;
