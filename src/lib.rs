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
//!
//! # The rooms
//!
//! | room | holds | may name | never |
//! |---|---|---|---|
//! | [`mesh`] | `model`: plain data in Kubernetes' and Istio's own nouns; `world`: tables, coverage, `Delta` in and `Change` out; `scope`: istiod's rules, a file a step; `diff`; `lint`; `suggest`; `history`: journal, edits, causes, marks, timeline | nothing above it | I/O, clock, environment, tokio, kube, ratatui, logging |
//! | [`sources`] | `kubernetes`: connect, list and watch, decode, port-forward; `envoy`: the admin page; `packets`: captures; `files`: dumps; `recording`: what changed, written and played | `mesh::{model, world}` | app, tui |
//! | [`app`] | the state machine `update(message) -> commands`, actions, lists, panels; `view`: rows, columns, words, the screen before it has colours | `mesh` | clock, channels, colours |
//! | [`tui`] | cells and bytes: panes, theme (`Role` to style), the terminal taken and given back | `app::view` | state that changes while it draws |
//! | [`output`] | the same rows as text, JSON, YAML, names | `app::view` | a terminal |
//! | [`runtime`] | the loop, tasks, effects of commands, clock, signals | all but the demo | |
//! | [`demo`] | a Kubernetes API server in the process, with a story and recorded Envoys | none of the others | `mesh`, `app`: it must not share their mistakes |
//!
//! [`cli`] stands above them: arguments, exit codes, and the only prints. `tests/tidy` enforces the arrows; each room's
//! own page says what its files are.
//!
//! # The loop
//!
//! One loop owns the world and the app: no locks, no shared mutable state. A screen is one run after the other on the same
//! terminal, each over one context's cluster with a world, an app and tasks of its own: the next one begins when the one
//! before has ended, with what is remembered (`app::memory`, in `runtime`'s state file). Source tasks watch and decode into compact
//! `Delta`s, never whole API objects, and send batches over a bounded channel. Each turn visits every source once, in
//! this order and each with a budget: terminal input, signals, deltas, answers to effects, the timer. Then at most one
//! frame is drawn: at once after rest, under load at most every 10 ms for what a
//! person does and every 25 ms for what the mesh does, and not at all if no cell would change.
//!
//! What takes longer than a frame is worked out beside the loop, on a snapshot of the world, and comes back as a message:
//! findings of lint, the first table of a pod that imports very many services, and questions about all pods or the past
//! (what an edit did and to whom, who sees a service, what a draft would change).
//!
//! `World::apply` is gated by equality: an object that says nothing new is no change. What did change goes, with its
//! inverse and its time, into the bounded journal of `mesh::history`. From that one journal come the marks, the causes,
//! the timeline, and the table of a pod that was chosen only after the edit.
//!
//! Scopes are kept by what they depend on (revision, governing Sidecar or default, namespace, kind of proxy), tables by
//! that and what rows depend on besides; one changed object recomputes what depends on it (`mesh::scope::Cache`).
//!
//! # Invariants
//!
//! | | | tested by |
//! |---|---|---|
//! | I1 | `mesh` and `app` are pure: time comes in with the message | `tests/tidy` (arrows, banned names) |
//! | I2 | computing a scope is total: bad input gives a result and says what it could not read | `tests/scope_properties.rs` |
//! | I3 | world and scopes are a function of the set of objects, never of the order of events | `tests/world_properties`, `tests/scope_properties.rs` |
//! | I4 | incremental equals from scratch, after every step | `tests/scope_properties.rs`, `tests/world_properties` |
//! | I5 | drawing changes nothing and never panics, at any size | `tests/screen` |
//! | I6 | queues, caches and history are bounded, and each input ([`sources`] has the table); tasks are tracked; a task's panic is a message, the loop's restores the terminal and exits 4 | `tests/world_properties`, `tests/pty`, `tests/tidy` |
//! | I7 | the order of output is deterministic | `tests/corpus.rs` |
//! | I8 | text from the cluster is kept as it came; only `app::view::Shown` reaches a terminal | `tests/screen`, `tests/tidy`, `tests/pty` (`hostile`) |
//! | I9 | defaults of fields are known at the wire alone, and every field is lenient | `sources::kubernetes::decode`, `tests/fuzz` |
//! | I10 | the demo knows HTTP and manifests; what it answers for Envoy was recorded | `tests/tidy`, `tests/record` |
//! | I11 | after any trouble of the server the tables are those of a fresh start; meanwhile the last ones stay, with their age | `tests/faults`, `tests/cluster` |
//!
//! # Where each change goes
//!
//! | change | place |
//! |---|---|
//! | a column | one entry in `app/view/table/TABLE.rs`; JSON field, `--columns` and its help follow |
//! | a key or a `:command` | one entry in `app/actions/table.rs` and its arm in `app/perform.rs`; help follows |
//! | a watched kind | an entry in the `kinds!` table of `mesh/model.rs`, its row in `mesh/model/`, `sources/kubernetes/decode/`, `resources.rs`; the compiler names the rest |
//! | a rule of istiod | one step's file in `mesh/scope/`, a `Reason`, a world in `tests/corpus` with the table that istiod gave |
//! | a difference between releases | a flag in `mesh/scope/flags.rs`, with worlds for both |
//! | an output format | a file in `output/` |
//! | a pane or a style | `app/view/draw/` says what, `tui/` says how |
//! | an option | a field in `cli/args.rs`; help and completions follow |
//! | a setting of the file | an entry in `cli/settings/table.rs`; `config` and the environment follow |
//! | a command's exit code | `cli/exit.rs` |
//! | a step of the demo's story | `demo/story/script.rs`, then `cargo test --test record-demo` on a real cluster |

pub mod app;
pub mod cli;
pub mod demo;
pub mod mesh;
pub mod output;
pub mod runtime;
pub mod sources;
pub mod tui;
