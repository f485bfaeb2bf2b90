//! What is true: objects, istiod's rules, differences, the past, what is wrong, what would be enough. Pure: no I/O, no clock, no environment, no logging.

pub mod diff;
pub mod history;
pub mod lint;
pub mod model;
pub mod scope;
pub mod suggest;
pub mod world;
