//! What is true: objects, istiod's rules, differences, the past. Pure: no I/O, no clock, no environment, no logging.

pub mod diff;
pub mod history;
pub mod model;
pub mod scope;
pub mod world;
