//! sidescope: what can this pod's sidecar really reach, what changed, and why?
//!
//! One crate, seven rooms; data flows one way.
//!
//! ```text
//! Kubernetes API ─┐                                                            ┌─► tui     ratatui panes, theme, terminal
//! Envoy admin  ───┤                                                            │
//! packets, files ─┼─► sources ──Delta──► mesh ──facts, scopes, diffs──► app ───┤
//! recordings   ───┘   (adapters)         (what is true; pure)     (what the    └─► output  table, wide, json, yaml, name
//!                                                                  person sees
//! keyboard ──────────────────────────────────────────────────────►  and does; pure)
//! runtime: the only room with select!, spawn, clock, signals, terminal.   cli: parse, configure, run, exit code.
//! ```

pub mod app;
pub mod cli;
pub mod demo;
pub mod mesh;
pub mod output;
pub mod runtime;
pub mod sources;
pub mod tui;
