//! The file in which lies what is remembered ([`Memory`]) from one run to the next: `state.json` in the state folder.
//!
//! JSON with a version, for its owner alone. Each context's part is its own, so that programs that run at once on several
//! contexts do not lose each other's: what a run learnt is taken into the file as it is by then, under a lock, and the
//! file is replaced as a whole. No state is ever a reason to fail: what cannot be read is moved aside and said, what is
//! of another version is left alone and said, where nothing may be written the run goes on without.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::app::memory::{Place, TableLook, Use, Uses};
use crate::app::{Memory, Namespaces};
use crate::mesh::model::{Key, Text, brief};

/// What is written here, and the only one that is read.
const VERSION: u64 = 1;
/// A file that is larger is none of ours: all that is kept is bounded.
const LARGEST: u64 = 4 << 20;

/// Where a run's memory lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct State {
    /// The file.
    pub file: PathBuf,
    /// The context, by its name in the kubeconfig.
    pub context: Text,
    /// Where the run begins.
    pub begins: Begins,
}

/// Where a run begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Begins {
    /// Where the last one ended.
    Remembered,
    /// Where somebody said: only the looks of tables are as they were.
    Asked,
}

/// What is to be said of the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Note {
    /// In the foot and in the log.
    Aloud(String),
    /// In the log.
    Quietly(String),
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct Stored {
    version: u64,
    /// Behind `:`, the oldest first.
    typed: Vec<String>,
    contexts: BTreeMap<Text, Context>,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct Context {
    #[serde(skip_serializing_if = "Option::is_none")]
    used: Option<Used>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<StoredPlace>,
    wide: bool,
    tables: BTreeMap<Text, Look>,
    namespaces: BTreeMap<Text, Used>,
}

#[derive(Serialize, Deserialize, Clone, Copy)]
struct Used {
    points: f64,
    last: jiff::Timestamp,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct StoredPlace {
    /// Empty: all.
    namespaces: Vec<Text>,
    view: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    pod: Option<Pod>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workload: Option<Text>,
}

#[derive(Serialize, Deserialize)]
struct Pod {
    namespace: Text,
    name: Text,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct Look {
    #[serde(skip_serializing_if = "Option::is_none")]
    sort: Option<Text>,
    descending: bool,
    /// Ids, in their order, each with whether it is shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    columns: Vec<(Text, bool)>,
}

/// Why a file gives no memory.
enum Unread {
    /// It is of this version.
    Version(u64),
    /// It is none, or cannot be read: why.
    Garbage(String),
    /// It is there and cannot be read: why.
    Closed(io::Error),
}

/// What is remembered of a context; never fails. Makes the folder if need be.
pub(super) fn recall(state: &State) -> (Memory, Option<Note>) {
    let shown = state.file.display();
    let stored = match read(&state.file) {
        Ok(stored) => stored,
        Err(Unread::Version(version)) => {
            let line = format!("'{shown}' is of version {version}, not {VERSION}: left alone, nothing is remembered");
            return (Memory::default(), Some(Note::Aloud(line)));
        }
        Err(Unread::Closed(error)) => {
            let line = format!("nothing is remembered: cannot read '{shown}': {error}");
            return (Memory::default(), Some(Note::Quietly(line)));
        }
        Err(Unread::Garbage(why)) => return (Memory::default(), Some(set_aside(&state.file, &why))),
    };
    let mut memory = stored.memory(&state.context);
    match state.begins {
        Begins::Remembered => {}
        Begins::Asked => memory.place = None,
    }
    let note = open_lock(&state.file).err().map(|error| {
        let line = format!("nothing will be remembered: cannot write '{shown}': {error}");
        Note::Quietly(line)
    });
    (memory, note)
}

/// Takes in what a run learnt. Waits for other programs that do so.
///
/// # Errors
/// One line: the file cannot be written.
pub(super) fn learn(state: &State, learnt: &Memory) -> Result<(), String> {
    let unwritten = |error: io::Error| format!("cannot remember in '{}': {error}", state.file.display());
    let _lock = lock(&state.file).map_err(unwritten)?;
    let mut stored = match read(&state.file) {
        Ok(stored) => stored,
        Err(Unread::Version(_)) => return Ok(()),
        Err(Unread::Closed(error)) => return Err(unwritten(error)),
        Err(Unread::Garbage(why)) => {
            set_aside(&state.file, &why);
            Stored::default()
        }
    };
    stored.take_in(&state.context, learnt);
    write(&state.file, &stored).map_err(unwritten)
}

impl Stored {
    fn memory(&self, context: &Text) -> Memory {
        let contexts = self.contexts.iter();
        let used = contexts.filter_map(|(name, context)| Some((name.clone(), context.used?.use_()?)));
        let mut memory = Memory {
            contexts: used.collect(),
            ..Memory::default()
        };
        for text in &self.typed {
            memory.type_in(text);
        }
        if let Some(context) = self.contexts.get(context) {
            memory.place = context.place.as_ref().map(StoredPlace::place);
            memory.wide = context.wide;
            let tables = context.tables.iter();
            memory.tables = tables.map(|(name, look)| (name.clone(), look.look())).collect();
            let namespaces = context.namespaces.iter();
            memory.namespaces = namespaces
                .filter_map(|(name, used)| Some((name.clone(), used.use_()?)))
                .collect();
        }
        memory
    }

    fn take_in(&mut self, context: &Text, learnt: &Memory) {
        let mut memory = self.memory(context);
        memory.learn(learnt);
        self.version = VERSION;
        self.typed = memory.typed;
        let of_context = Context {
            used: None,
            place: memory.place.as_ref().map(StoredPlace::of),
            wide: memory.wide,
            tables: memory
                .tables
                .iter()
                .map(|(name, look)| (name.clone(), Look::of(look)))
                .collect(),
            namespaces: stored(&memory.namespaces),
        };
        self.contexts.insert(context.clone(), of_context);
        // those that are used least go, with all that is remembered of them
        let used = stored(&memory.contexts);
        self.contexts.retain(|name, _| used.contains_key(name));
        for (name, context) in &mut self.contexts {
            context.used = used.get(name).copied();
        }
    }
}

fn stored(uses: &Uses) -> BTreeMap<Text, Used> {
    uses.iter()
        .map(|(name, &Use { points, last })| (name.clone(), Used { points, last }))
        .collect()
}

impl Used {
    /// Whoever edits the file may write any number.
    fn use_(self) -> Option<Use> {
        let Used { points, last } = self;
        (points > 0.0 && points.is_finite()).then_some(Use { points, last })
    }
}

impl StoredPlace {
    fn of(place: &Place) -> Self {
        let namespaces = match &place.namespaces {
            Namespaces::All => Vec::new(),
            Namespaces::Some(names) => names.clone(),
        };
        let pod = |key: &Key| Pod {
            namespace: key.namespace.clone(),
            name: key.name.clone(),
        };
        Self {
            namespaces,
            view: place.view.clone(),
            pod: place.pod.as_ref().map(pod),
            workload: place.workload.clone(),
        }
    }

    fn place(&self) -> Place {
        let namespaces = if self.namespaces.is_empty() {
            Namespaces::All
        } else {
            Namespaces::Some(self.namespaces.clone())
        };
        let pod = self.pod.as_ref();
        Place {
            namespaces,
            view: self.view.clone(),
            pod: pod.map(|pod| Key::new(pod.namespace.as_str(), pod.name.as_str())),
            workload: self.workload.clone(),
        }
    }
}

impl Look {
    fn of(look: &TableLook) -> Self {
        let TableLook { sort, columns } = look;
        let (sort, descending) = sort.clone().unzip();
        Self {
            sort,
            descending: descending.unwrap_or_default(),
            columns: columns.clone(),
        }
    }

    fn look(&self) -> TableLook {
        let sort = self.sort.clone();
        TableLook {
            sort: sort.map(|column| (column, self.descending)),
            columns: self.columns.clone(),
        }
    }
}

/// What is stored; nothing if there is no file.
fn read(path: &Path) -> Result<Stored, Unread> {
    let mut text = String::new();
    let opened = must_be_file(path).and_then(|()| File::open(path));
    match opened.and_then(|file| file.take(LARGEST + 1).read_to_string(&mut text)) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Stored::default()),
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            return Err(Unread::Garbage("it is no text".to_owned()));
        }
        Err(error) => return Err(Unread::Closed(error)),
    }
    read_text(&text)
}

/// What a file of this text remembers of a context.
///
/// # Errors
/// One line: it is none, or of another version.
pub fn remembered(text: &str, context: &Text) -> Result<Memory, String> {
    match read_text(text) {
        Ok(stored) => Ok(stored.memory(context)),
        Err(Unread::Garbage(why)) => Err(why),
        Err(Unread::Version(version)) => Err(format!("it is of version {version}, not {VERSION}")),
        Err(Unread::Closed(error)) => Err(error.to_string()),
    }
}

fn read_text(text: &str) -> Result<Stored, Unread> {
    if u64::try_from(text.len()).is_ok_and(|read| read > LARGEST) {
        return Err(Unread::Garbage("it is larger than 4 MiB".to_owned()));
    }
    let garbage = |error: serde_json::Error| Unread::Garbage(brief(&error.to_string()).into_owned());
    let value: serde_json::Value = serde_json::from_str(text).map_err(garbage)?;
    match value.get("version").and_then(serde_json::Value::as_u64) {
        Some(VERSION) => serde_json::from_value(value).map_err(garbage),
        Some(version) => Err(Unread::Version(version)),
        None => Err(Unread::Garbage("it has no version".to_owned())),
    }
}

/// Moves away what is no state, so that nobody loses it and the next run has a new one.
fn set_aside(path: &Path, why: &str) -> Note {
    let aside = path.with_extension("json.broken");
    let (shown, there) = (path.display(), aside.display());
    Note::Aloud(match fs::rename(path, &aside) {
        Ok(()) => format!("'{shown}' is no state ({why}): moved to '{there}', nothing is remembered"),
        Err(error) => format!("'{shown}' is no state ({why}), nor can it be moved: {error}"),
    })
}

/// Holds off other programs until it is dropped, where the file system can. Makes the folder if need be.
fn lock(path: &Path) -> io::Result<File> {
    let file = open_lock(path)?;
    match file.lock() {
        // a file system without locks: two that end at the very same moment may lose one's counts
        Err(error) if error.kind() != ErrorKind::Unsupported => Err(error),
        Ok(()) | Err(_) => Ok(file),
    }
}

fn open_lock(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let lock = path.with_extension("lock");
    must_be_file(&lock)?;
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).mode(0o600).open(lock)
}

/// What is no file may never come to an end: a pipe waits for somebody who writes.
fn must_be_file(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(there) if !there.is_file() => Err(io::Error::other("it is no file")),
        // what else is wrong with it is said when it is opened
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Replaces the file by another, whole. It is not waited for until the disk has it: a machine that falls forgets the last
/// place, while somebody who quits beside a busy disk would wait for seconds.
fn write(path: &Path, stored: &Stored) -> io::Result<()> {
    let new = path.with_extension(format!("{}.new", std::process::id()));
    let written = write_new(&new, stored).and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        // what was half written is nobody's
        let _ = fs::remove_file(&new);
    }
    written
}

fn write_new(path: &Path, stored: &Stored) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(stored)?;
    text.push('\n');
    let mut options = OpenOptions::new();
    let mut file = options.create(true).truncate(true).write(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}
