//! The files that a target begins with.

use std::fs;
use std::path::{Path, PathBuf};

/// Larger files are no seeds: a case would take long, and be mutated in a place that nobody reads.
const LARGEST: u64 = 48 * 1024;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The corpus of a target, and the files of these places (`START*END`: whose paths begin and end so), in order.
pub(crate) fn all(name: &str, places: &[&str]) -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    let own = root().join("tests/fuzz/corpus").join(name);
    if own.exists() {
        find(&own, &mut files);
    }
    for place in places {
        let (start, ending) = place.split_once('*').unwrap_or((place, ""));
        let folder = start
            .rfind('/')
            .filter(|_| place.contains('*'))
            .map_or(start, |end| &start[..end]);
        let (start, mut found) = (root().join(start), Vec::new());
        find(&root().join(folder), &mut found);
        found.retain(|file| {
            let path = file.to_string_lossy();
            path.starts_with(&*start.to_string_lossy()) && path.ends_with(ending)
        });
        assert!(!found.is_empty(), "no seed in '{place}'");
        files.extend(found);
    }
    let is_small = |file: &PathBuf| fs::metadata(file).unwrap().len() <= LARGEST;
    files.retain(is_small);
    files.into_iter().map(|file| fs::read(file).unwrap()).collect()
}

/// The names of all folders of the corpus.
pub(crate) fn folders() -> Vec<String> {
    let entries = fs::read_dir(root().join("tests/fuzz/corpus")).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn find(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_file() {
        files.push(path.to_owned());
        return;
    }
    let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("'{}': {error}", path.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        find(&path, files);
    }
}
