//! Every parser of what comes from outside, fed with what nobody meant it to read.
//!
//! A target is a parser with its seeds: files of `corpus/TARGET`, and those that other tests have already. Every seed is
//! read as it is, then as bombs (a megabyte of one opening bracket, and its like), then mutated: cut, flipped, spliced,
//! repeated, with hostile words put in. What must hold is in `invariants`: no panic and no full stack; what is refused is
//! refused in one bounded line; what is read is no larger than what was written; what has a printer reads what it prints.
//! No clock is asked: what takes the square of a megabyte does not end.
//!
//! `SIDESCOPE_FUZZ=N` gives each target N cases instead of a few, and bombs of full size. A case that fails is left, as
//! small as it could be made, in `target/tmp/fuzz/TARGET`; one that ends the whole run lies there too. Whoever mends what
//! it found copies it to `corpus/TARGET`, where it is replayed for ever; seeds of proptest are kept in `regressions`.
//!
//! Not here: values of arbitrary types, orders of events, what is drawn: the properties beside the code, `tests/captures.rs`,
//! `tests/scope_properties.rs`, `tests/world_properties` and `tests/screen` have them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may fail loudly"
)]

mod answers;
mod arguments;
mod demo;
mod envoy;
mod files;
mod invariants;
mod kept;
mod kubeconfig;
mod kubernetes;
mod mutation;
mod packets;
mod recording;
mod screen;
mod seeds;
mod world;

use proptest::test_runner::{Config, FileFailurePersistence, RngSeed, TestCaseError, TestRunner};

use invariants::{Outcome, check};
use mutation::{Mutation, mutations};

/// A parser, and what is known of what it reads.
pub(crate) struct Target {
    /// Files and folders beside the corpus that hold seeds, from the crate's root.
    seeds: &'static [&'static str],
    /// Words that mean something to it.
    words: &'static [&'static str],
    /// How long a bomb is.
    longest: usize,
    /// Reads this. What must hold of this target alone is asserted here.
    read: fn(&[u8]) -> Outcome,
}

/// The longest bomb for what reads files and answers.
const FILE: usize = 1 << 20;
/// And for what a person types: an argument is not longer.
const TYPED: usize = 1 << 17;

/// Cases of a target where nobody says how many.
const CASES: u32 = 48;

/// Changes that are tried to make a failing case smaller.
const MOST_SHRINKS: u32 = 4096;

macro_rules! targets {
    ($($name:ident: $target:path,)*) => {
        const NAMES: &[&str] = &[$(stringify!($name)),*];

        $(#[test]
        fn $name() {
            let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz/regressions/", stringify!($name), ".txt");
            on_a_stack(|| run(stringify!($name), kept, &$target));
        })*
    };
}

targets! {
    api_answer: answers::ANSWER,
    api_object: kubernetes::OBJECT,
    arguments: arguments::LINE,
    capture: packets::CAPTURE,
    clusters: envoy::CLUSTERS,
    demo_forward: demo::FORWARD,
    demo_request: demo::REQUEST,
    draft: files::DRAFT,
    dump: files::DUMP,
    filter: arguments::FILTER,
    keys: arguments::KEY,
    kubeconfig: kubeconfig::CONTEXTS,
    login: kubeconfig::LOGIN,
    recording: recording::RECORDING,
    settings: kept::SETTINGS,
    state: kept::STATE,
    typed: screen::TYPED_LINE,
    words: arguments::WORD,
    world: world::WORLD,
}

/// How many cases somebody asked for.
fn asked() -> Option<u32> {
    std::env::var("SIDESCOPE_FUZZ")
        .ok()
        .and_then(|cases| cases.parse().ok())
}

/// Runs it on a thread with the stack that threads have in the program; the frames of a debug build are several times as
/// large.
fn on_a_stack(run: impl FnOnce() + Send + 'static) {
    let size = if cfg!(debug_assertions) { 8 << 20 } else { 2 << 20 };
    let thread = std::thread::Builder::new().stack_size(size).spawn(run);
    if let Err(panicked) = thread.unwrap().join() {
        std::panic::resume_unwind(panicked);
    }
}

fn run(name: &str, kept: &'static str, target: &Target) {
    let seeds = seeds::all(name, target.seeds);
    assert!(
        !seeds.is_empty(),
        "{name} has no seed: put one into tests/fuzz/corpus/{name}"
    );
    let current = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("fuzz")
        .join(name);
    std::fs::create_dir_all(current.parent().unwrap()).unwrap();
    let read = |bytes: &[u8], always: bool| {
        if always {
            std::fs::write(&current, bytes).unwrap();
        }
        let read = std::panic::catch_unwind(|| check(bytes, (target.read)(bytes)));
        if let Err(panicked) = read {
            std::fs::write(&current, bytes).unwrap();
            std::panic::resume_unwind(panicked);
        }
    };
    for seed in &seeds {
        read(seed, false);
    }
    let cases = asked();
    for bomb in mutation::bombs(target.longest, cases.is_some()) {
        read(&bomb, cases.is_some());
    }
    let mut runner = TestRunner::new(Config {
        cases: cases.unwrap_or(CASES),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(kept))),
        max_shrink_iters: MOST_SHRINKS,
        // the few are the same ones each time, the many never
        rng_seed: cases.map_or(RngSeed::Fixed(0), |_| RngSeed::Random),
        ..Config::default()
    });
    let tried = runner.run(&mutations(), |mutation: Mutation| {
        read(&mutation.apply(&seeds, target.words), cases.is_some());
        Ok::<(), TestCaseError>(())
    });
    if let Err(failed) = tried {
        panic!("{name}: the smallest case is '{}': {failed}", current.display());
    }
    // what is there belongs to a run that failed
    drop(std::fs::remove_file(&current));
}

#[test]
fn every_folder_of_the_corpus_belongs_to_a_target() {
    for folder in seeds::folders() {
        assert!(NAMES.contains(&folder.as_str()), "no target '{folder}'");
    }
}
