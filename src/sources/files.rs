//! Dumps: what `kubectl get ... -o yaml` or `-o json` wrote, as a file, a folder of files, or standard input.
//!
//! Many documents, `kind: List`, typed lists, JSON, JSON lines and any served version of a kind are all the same here.
//! A text that is no YAML or JSON is one error that names file, document and line; an object that is strange is a
//! [`Diagnostic`], as from a cluster. Documents are taken one after the other, items of a list one by one, so that a
//! dump costs its own size once, whatever it holds. Not here: whether a dump has everything that a table needs.

mod fields;
mod json;
mod sink;
mod words;
mod yaml;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

pub use self::fields::Refused;
use self::sink::Sink;
use crate::mesh::model::{Diagnostic, Kind, Object};
use crate::mesh::world::{Delta, Found, ListScope};
use crate::sources::kubernetes::api_versions;

/// Names of files in a folder that are read; all others are passed over.
const ENDINGS: &[&str] = &["yaml", "yml", "json", "jsonl", "ndjson"];

/// How a gzip file begins.
const GZIP: &[u8] = &[0x1f, 0x8b];

/// Megabytes of one file.
const MOST_OF_A_DUMP: u64 = 1 << 10;
const MOST_OF_A_DRAFT: u64 = 1 << 6;

/// Folders in folders are read down to this level.
const MAX_LEVELS: usize = 16;

/// What was read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Loaded {
    /// Objects of the watched kinds, in the order of the text. One key may come twice: the last counts.
    pub objects: Vec<Object>,
    /// What of them could not be read.
    pub diagnostics: Vec<Diagnostic>,
    /// What was passed over, with how many there were, by name: kinds that are not read (`Secret`,
    /// `StatefulSet.apps`), objects of a kind that is only read where it concerns the mesh (`ConfigMap`), and
    /// [`NOT_AN_OBJECT`].
    pub skipped: BTreeMap<String, usize>,
    /// Of a draft: what of its objects their schema refuses, in the order of the text.
    pub refused: Vec<Refused>,
}

/// The name in [`Loaded::skipped`] of documents that have no `kind`, such as a chart's values.
pub const NOT_AN_OBJECT: &str = "documents without a kind";

impl Loaded {
    /// The objects as a world takes them in. A dump is all there is, so every kind counts as listed.
    pub fn into_deltas(self) -> impl Iterator<Item = Delta> {
        let complete = Kind::ALL
            .iter()
            .map(|kind| Delta::Coverage(*kind, ListScope::All, Found::All));
        self.objects.into_iter().map(Delta::Put).chain(complete)
    }
}

/// Why a dump could not be read. All of them are for the user to mend.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file or folder is not there, or may not be read.
    #[error("cannot read '{}': {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The text is no YAML or JSON.
    #[error("'{file}', document {document}, line {line}: {problem}")]
    Syntax {
        /// The file's name.
        file: String,
        /// The how-manieth document in it, from 1.
        document: usize,
        /// The line in the file, from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// There is nothing in it that looks like an object of Kubernetes.
    #[error("no Kubernetes object in '{path}': make a dump with 'kubectl get KINDS -A -o yaml'")]
    NoObject {
        /// Which file or folder.
        path: String,
    },
    /// The same of a draft.
    #[error("no Kubernetes object in '{path}': a draft is a manifest, as 'kubectl apply -f' takes it")]
    NoDraft {
        /// Which file or folder.
        path: String,
    },
}

/// Reads a dump: a file, a folder, or standard input where `path` is `-`.
pub fn load(path: &Path) -> Result<Loaded, LoadError> {
    let mut loader = Loader::default();
    loader.add_path(path)?;
    Ok(loader.finish())
}

/// Reads a draft as a dump, and says what of it its schema refuses.
///
/// # Errors
/// As [`load`].
pub fn load_draft(path: &Path) -> Result<Loaded, LoadError> {
    let mut loader = Loader {
        is_draft: true,
        ..Loader::default()
    };
    loader.add_path(path)?;
    Ok(loader.finish())
}

/// Reads a draft's text; `name` is what errors call it.
///
/// # Errors
/// As [`load`].
pub fn draft_of(name: &str, text: &str) -> Result<Loaded, LoadError> {
    let mut loader = Loader {
        is_draft: true,
        ..Loader::default()
    };
    loader.add_bytes(name, text.as_bytes())?;
    if loader.sink.taken() == 0 {
        return Err(LoadError::NoDraft { path: name.to_owned() });
    }
    Ok(loader.finish())
}

/// The best `apiVersion` of a kind, for who wrote another.
pub fn api_version(kind: Kind) -> String {
    api_versions(kind).next().unwrap_or_default()
}

/// Reads several dumps into one.
#[derive(Debug, Default)]
pub struct Loader {
    sink: Sink,
    is_draft: bool,
}

impl Loader {
    /// Reads a file, a folder, or standard input where `path` is `-`.
    ///
    /// # Errors
    /// Stops at the first document that is no YAML or JSON, and where there is no object at all.
    pub fn add_path(&mut self, path: &Path) -> Result<(), LoadError> {
        let before = self.sink.taken();
        if path == Path::new("-") {
            let bytes = self
                .read(std::io::stdin().lock())
                .map_err(|source| unreadable(path, source))?;
            self.add_bytes("standard input", &bytes)?;
        } else {
            let mut files = Vec::new();
            find_files(path, 0, &mut files)?;
            for file in files {
                let open = std::fs::File::open(&file);
                let bytes = open
                    .and_then(|file| self.read(file))
                    .map_err(|source| unreadable(&file, source))?;
                self.add_bytes(&file.display().to_string(), &bytes)?;
            }
        }
        if self.sink.taken() == before {
            let path = path.display().to_string();
            return Err(if self.is_draft {
                LoadError::NoDraft { path }
            } else {
                LoadError::NoObject { path }
            });
        }
        Ok(())
    }

    /// Reads a text in memory; `file` is what errors call it.
    pub fn add_bytes(&mut self, file: &str, bytes: &[u8]) -> Result<(), LoadError> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            LoadError::Syntax {
                file: file.to_owned(),
                document: 1,
                line: before.split(|byte| *byte == b'\n').count(),
                problem: if bytes.starts_with(GZIP) {
                    "packed: unpack it first, as in 'zcat FILE | sidescope ... --from -'".into()
                } else {
                    "no UTF-8 text: save it as UTF-8".into()
                },
            }
        })?;
        if self.is_draft {
            self.sink.begin_draft(file);
        }
        let text = text.trim_start_matches('\u{feff}');
        // A stream of YAML documents may begin with one in JSON.
        let read = if json::is_json(text) && !text.contains("\n---") {
            json::read(text, &mut self.sink)
        } else {
            yaml::read(text, &mut self.sink)
        };
        read.map_err(|broken| LoadError::Syntax {
            file: file.to_owned(),
            document: broken.document,
            line: broken.line,
            problem: broken.problem,
        })
    }

    /// All that is in it, up to a bound: a device may have no end.
    fn read(&self, from: impl Read) -> std::io::Result<Vec<u8>> {
        let most = if self.is_draft { MOST_OF_A_DRAFT } else { MOST_OF_A_DUMP };
        let mut bytes = Vec::new();
        from.take((most << 20) + 1).read_to_end(&mut bytes)?;
        if u64::try_from(bytes.len()).is_ok_and(|read| read <= most << 20) {
            Ok(bytes)
        } else {
            Err(std::io::Error::other(format!("more than {most} MiB: split it")))
        }
    }

    /// What was read so far.
    pub fn finish(self) -> Loaded {
        self.sink.finish()
    }
}

/// A document that is no YAML or JSON.
struct Broken {
    document: usize,
    line: usize,
    problem: String,
}

fn unreadable(path: &Path, source: std::io::Error) -> LoadError {
    LoadError::Unreadable {
        path: path.to_owned(),
        source,
    }
}

/// The file itself, or the dumps below a folder, by name.
fn find_files(path: &Path, level: usize, files: &mut Vec<PathBuf>) -> Result<(), LoadError> {
    let metadata = std::fs::metadata(path).map_err(|source| unreadable(path, source))?;
    if !metadata.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let entries = std::fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = entries.map_err(|source| unreadable(path, source))?;
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let is_hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        let is_dump = path
            .extension()
            .is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known));
        if is_hidden || !(is_dump || path.is_dir() && level < MAX_LEVELS) {
            continue;
        }
        find_files(&path, level + 1, files)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
