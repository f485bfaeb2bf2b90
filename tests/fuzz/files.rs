//! Dumps and drafts: YAML and JSON of any form.

use sidescope::sources::files::{LoadError, Loaded, Loader, draft_of};

use crate::Target;
use crate::invariants::Outcome;

const WORDS: &[&str] = &[
    "kind: List",
    "kind: PodList",
    "items:\n- ",
    "apiVersion: v1",
    "kind: Sidecar",
    "metadata: {name: a, namespace: b}",
    "spec: {",
    "&a [1, 2]",
    "*a",
    "<<: *a",
    "? ",
    "- - - ",
    "|\n  ",
    ">-\n ",
    "%YAML 1.2\n---\n",
    "--- # a\n",
    "...\n",
    "!!str ",
    "!a ",
    "\t",
    "\"kind\":\"List\"",
    "\"items\":[",
    "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"a\"}}",
    "\u{1f}\u{8b}",
];

/// A dump: what `--from` takes.
pub(crate) const DUMP: Target = Target {
    seeds: &[
        "tests/corpus/oncall-*world.yaml",
        "tests/corpus/random-0000*world.yaml",
        "tests/fuzz/corpus/draft",
    ],
    words: WORDS,
    longest: crate::FILE,
    read: |bytes| {
        let mut loader = Loader::default();
        outcome(loader.add_bytes("a file", bytes).map(|()| loader.finish()))
    },
};

/// A draft: what `--with` takes, and a person's editor gives back.
pub(crate) const DRAFT: Target = Target {
    seeds: &[],
    words: WORDS,
    longest: crate::FILE,
    read: |bytes| match std::str::from_utf8(bytes) {
        Ok(text) => outcome(draft_of("a draft", text)),
        Err(_) => Outcome::Read(0, Vec::new()),
    },
};

fn outcome(loaded: Result<Loaded, LoadError>) -> Outcome {
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(error) => return Outcome::Refused(error.to_string()),
    };
    let of_objects = loaded.diagnostics.iter().map(|one| one.problem.clone());
    let of_schemas = loaded.refused.iter().map(ToString::to_string);
    let said = of_objects.chain(of_schemas).collect();
    Outcome::Read(format!("{:?}", loaded.objects).len(), said)
}
