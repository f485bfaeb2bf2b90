//! Objects of the API server.

use sidescope::mesh::model::{Interner, Kind, Object};
use sidescope::sources::kubernetes::decode;

use crate::Target;
use crate::invariants::Outcome;

/// One object as JSON, read as each kind that its text names; as every kind if it names none.
pub(crate) const OBJECT: Target = Target {
    seeds: &["tests/bench/decode/pod.json"],
    words: &[
        "\"metadata\":",
        "\"name\":\"a\"",
        "\"namespace\":",
        "\"labels\":{",
        "\"annotations\":{",
        "\"managedFields\":[",
        "\"f:spec\":{",
        "\"spec\":",
        "\"status\":",
        "\"ports\":[{",
        "\"hosts\":[",
        "\"exportTo\":[\".\"]",
        "\"number\":80",
        "\"data\":{\"mesh\":\"",
        "rootNamespace: a\\n",
        "defaultConfig: {",
        "*anchor",
        "\"sidecar.istio.io/status\":\"{",
        "\"proxy.istio.io/config\":\"",
        "\"env\":[{",
        "\"egress\":[{\"hosts\":[\"./*\",\"~/*\",\"*/*\"]}]",
        "\"creationTimestamp\":\"",
        "\"weight\":4294967295",
        "\"match\":[{\"regex\":\"(\"}]",
    ],
    longest: crate::FILE,
    read: read_object,
};

fn read_object(bytes: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(bytes);
    let named = |kind: &&Kind| text.contains(&format!("\"{}\"", kind.name()));
    let mut kinds: Vec<Kind> = Kind::ALL.iter().filter(named).copied().collect();
    if kinds.is_empty() {
        kinds = Kind::ALL.to_vec();
    }
    let (mut size, mut said) = (0, Vec::new());
    for kind in kinds {
        let decoded = decode::object(kind, &text, &mut Interner::default());
        let is_lost = decoded.diagnostics.iter().any(|one| one.is_lost);
        assert_eq!(
            decoded.object.is_err(),
            is_lost,
            "what is lost is said, and nothing else"
        );
        match &decoded.object {
            Ok(object) => {
                assert_eq!(decode::key(&text).as_ref(), Some(object.key()), "a deletion finds it");
                check_kept_text(object);
            }
            Err(key) => assert!(key.is_none() || decode::key(&text) == *key),
        }
        // of one kind as much as of all of them
        size = size.max(format!("{:?}", decoded.object).len());
        said.extend(decoded.diagnostics.iter().flat_map(|one| {
            let path = (!one.path.is_empty()).then(|| one.path.clone());
            path.into_iter().chain([one.problem.clone()])
        }));
    }
    Outcome::Read(size, said)
}

/// What is kept of its text is the text of an object with the same key.
fn check_kept_text(object: &Object) {
    let Some(kept) = object.provenance().filter(|kept| !kept.text.is_empty()) else {
        return;
    };
    let text = lz4_flex::decompress_size_prepended(&kept.text).unwrap();
    let text = std::str::from_utf8(&text).unwrap();
    assert_eq!(decode::key(text).as_ref(), Some(object.key()), "{text}");
}
