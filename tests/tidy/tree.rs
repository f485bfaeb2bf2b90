//! The repository's own files as texts, and what a rule says about one of them.

use std::fmt;
use std::fs;
use std::path::Path;

/// A text file of the repository.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// Relative to the repository, parted by `/`.
    pub(crate) path: String,
    /// The whole file.
    pub(crate) text: String,
}

impl File {
    /// What follows the last dot of the name; empty if there is none.
    pub(crate) fn extension(&self) -> &str {
        self.name().rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// The last part of the path.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    pub(crate) fn is_rust(&self) -> bool {
        self.extension() == "rs"
    }

    /// A finding at a line of this file, counted from 1.
    pub(crate) fn finding(&self, line: usize, rule: impl Into<String>) -> Finding {
        Finding {
            path: self.path.clone(),
            line,
            rule: rule.into(),
        }
    }
}

/// One place that breaks one rule.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) rule: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.rule)
    }
}

/// What stands at the top level of the repository, sorted.
pub(crate) fn top_level() -> Vec<String> {
    names(Path::new(env!("CARGO_MANIFEST_DIR")))
}

/// Every text file of the repository, sorted by path; what is built or belongs to git is left out.
pub(crate) fn files() -> Vec<File> {
    let mut found = Vec::new();
    collect(Path::new(env!("CARGO_MANIFEST_DIR")), "", &mut found);
    assert!(
        found.iter().any(|file| file.path == "Cargo.toml"),
        "the walk through the repository found no manifest"
    );
    found
}

/// Every Rust file of the repository, sorted by path.
pub(crate) fn rust_files() -> Vec<File> {
    files().into_iter().filter(File::is_rust).collect()
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().expect("file names are UTF-8"))
        .collect();
    names.sort();
    names
}

fn collect(directory: &Path, prefix: &str, found: &mut Vec<File>) {
    for name in names(directory) {
        let (place, path) = (directory.join(&name), format!("{prefix}{name}"));
        if matches!(path.as_str(), ".git" | "target") || name == "__pycache__" {
            continue;
        }
        if place.is_dir() {
            collect(&place, &format!("{path}/"), found);
        } else if let Ok(text) = String::from_utf8(fs::read(&place).unwrap()) {
            found.push(File { path, text });
        }
    }
}
