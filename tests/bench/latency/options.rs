//! What is measured, and how often.

use std::env;
use std::time::Duration;

/// The command line; `cargo bench` adds `--bench` of its own.
pub(crate) struct Options {
    /// The real bed instead of the demo.
    pub(crate) bed: bool,
    /// Already inside the bed's network namespace.
    inside: bool,
    /// How many edits are timed.
    pub(crate) edits: usize,
    /// For how long the program is left alone.
    pub(crate) rest: Duration,
    /// Whose table is watched, as NAME.NAMESPACE.
    pub(crate) pod: String,
}

impl Options {
    /// None if this was not started by `cargo bench`: a test run has nothing to measure.
    pub(crate) fn read() -> Option<Self> {
        let mut given = env::args().skip(1);
        let mut is_bench = false;
        let (bed, inside, edits) = (false, false, 200);
        let mut options = Self {
            bed,
            inside,
            edits,
            rest: Duration::from_secs(30),
            pod: "my-shell.default".to_owned(),
        };
        while let Some(option) = given.next() {
            let mut value = || given.next().unwrap_or_else(|| panic!("{option} wants a value"));
            match option.as_str() {
                "--bench" => is_bench = true,
                "--bed" => options.bed = true,
                "--inside" => options.inside = true,
                "--edits" => options.edits = value().parse().expect("--edits is a number"),
                "--rest" => options.rest = Duration::from_secs(value().parse().expect("--rest is in seconds")),
                "--pod" => options.pod = value(),
                other => panic!("unknown option '{other}': --bed, --edits N, --rest SECONDS, --pod NAME.NAMESPACE"),
            }
        }
        is_bench.then_some(options)
    }

    /// Whether this process has to start itself again, inside the bed.
    pub(crate) fn moves_inside(&self) -> bool {
        self.bed && !self.inside
    }
}
