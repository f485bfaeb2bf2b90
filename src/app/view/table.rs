//! The tables: what rows each has and what its columns are. One file a table; a new column is one entry there.

pub mod endpoints;
mod object;
pub mod packets;
pub mod pods;
pub mod services;
pub mod sidecars;
pub mod timeline;
pub mod traffic;
pub mod workloads;
