//! istiod's rules: which Sidecar governs a pod, what it imports, and the endpoint table that follows.
//!
//! Total: bad input gives a result and diagnostics, never an error or a panic. The plan is istiod's own, one file a
//! step. Not here: what Envoy really holds (that is asked, `sources::envoy`), how a row looks (`app::view`).

mod table;

pub use self::table::{
    Address, Class, Cluster, Direction, EndpointTable, Governing, Health, Locality, NoTable, PlaneName, Row, Why,
};
