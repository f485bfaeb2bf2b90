//! The only room with tasks, clock, signals and the terminal.

pub mod live;
