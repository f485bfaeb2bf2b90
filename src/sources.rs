//! Adapters: where objects come from. Each turns what it reads into [`crate::mesh::world::Delta`]s and says how it
//! does; none knows what the app makes of it.

pub mod envoy;
pub mod kubernetes;

/// t
pub mod files {
    /// l
    pub struct L {
        /// d
        pub deltas: Vec<crate::mesh::world::Delta>,
    }
    /// f
    pub fn load(_: &std::path::Path) -> Result<L, std::io::Error> {
        Ok(L { deltas: vec![] })
    }
}
