//! The settings file, followed while the screen is up.
//!
//! The system tells of changes (inotify, `FSEvents`); at rest nothing runs. What is watched are the folders in which the
//! path is looked up, link by link: so a file that is written anew, put in place by a rename, swapped by a symbolic link
//! (as Kubernetes mounts a `ConfigMap`) or made only later are all seen.
//!
//! Not here: what the file says (`cli::settings`), what becomes of it (`app`).

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;

use super::feed::Tasks;
use crate::app::Message;
use crate::tui::{Glyphs, Look, Theme};

/// An editor writes in several steps: the file is read when they are done.
const STEPS: Duration = Duration::from_millis(60);
/// Links that are followed, as the system does.
const MOST_LINKS: usize = 40;

/// A settings file that may change.
#[derive(Clone)]
pub struct SettingsFile {
    /// Where it is, or will be.
    pub path: PathBuf,
    /// Reads it again: what to tell, if anything is other than it was. One run after the other does so.
    pub read: Arc<Mutex<dyn FnMut() -> Option<Message> + Send>>,
}

impl SettingsFile {
    /// What to tell, if anything is other than it was when it was read last.
    pub fn again(&self) -> Option<Message> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)()
    }
}

impl fmt::Debug for SettingsFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SettingsFile")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// The look that settings ask for, on this terminal.
pub(super) fn look(now: Look, theme: &str, is_ascii: bool) -> Look {
    let theme = Theme::ALL.into_iter().find(|one| one.name() == theme);
    Look {
        theme: theme.unwrap_or(now.theme),
        glyphs: if is_ascii { Glyphs::Ascii } else { Glyphs::Unicode },
        ..now
    }
}

/// Follows it until the program ends.
pub(super) fn follow(mut file: SettingsFile, tasks: &Tasks, answers: mpsc::Sender<Message>) {
    let (stir, mut stirred) = mpsc::channel(1);
    let path = std::path::absolute(&file.path).unwrap_or_else(|_| file.path.clone());
    let mut watch = match Watch::new(path, stir) {
        Ok(watch) => watch,
        Err(error) => {
            tell_later(tasks, answers, unwatched(&file.path, &error));
            return;
        }
    };
    tasks.spawn(async move {
        let mut is_told = false;
        loop {
            // the first turn finds what changed since the program began
            let turn = tokio::task::spawn_blocking(move || {
                let watched = watch.renew();
                let told = file.again();
                (file, watch, watched, told)
            });
            let Ok((next_file, next_watch, watched, told)) = turn.await else {
                return;
            };
            (file, watch) = (next_file, next_watch);
            let problem = watched.err().filter(|_| !std::mem::replace(&mut is_told, true));
            let problem = problem.map(|error| unwatched(&file.path, &error));
            for message in problem.into_iter().chain(told) {
                if answers.send(message).await.is_err() {
                    return;
                }
            }
            if stirred.recv().await.is_none() {
                return;
            }
            tokio::time::sleep(STEPS).await;
            // what came meanwhile is read now
            let _ = stirred.try_recv();
        }
    });
}

fn tell_later(tasks: &Tasks, answers: mpsc::Sender<Message>, message: Message) {
    tasks.spawn(async move {
        // the loop has ended if it takes no more
        let _ = answers.send(message).await;
    });
}

fn unwatched(path: &Path, error: &notify::Error) -> Message {
    Message::Problem(format!(
        "settings of '{}' cannot be watched: {error}; changes count from the next start",
        path.display()
    ))
}

/// What the system tells changes of.
struct Watch {
    path: PathBuf,
    watcher: RecommendedWatcher,
    folders: BTreeSet<PathBuf>,
    /// Names whose events count; shared with the thread that hears of them.
    names: Arc<Mutex<Vec<PathBuf>>>,
}

impl Watch {
    fn new(path: PathBuf, stir: mpsc::Sender<()>) -> notify::Result<Self> {
        let names = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&names);
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let names = heard.lock().unwrap_or_else(PoisonError::into_inner);
            if event.is_ok_and(|event| concerns(&event, &names)) {
                // one that waits already stands for this one too
                let _ = stir.try_send(());
            }
        })?;
        Ok(Self {
            path,
            watcher,
            folders: BTreeSet::new(),
            names,
        })
    }

    /// Watches where the path leads by now.
    fn renew(&mut self) -> notify::Result<()> {
        let names = trail(&self.path);
        let folders: BTreeSet<PathBuf> = names
            .iter()
            .filter_map(|name| name.parent())
            .map(Path::to_owned)
            .collect();
        *self.names.lock().unwrap_or_else(PoisonError::into_inner) = names;
        let mut outcome = Ok(());
        for gone in self.folders.difference(&folders) {
            // a folder that is not there any more is watched no more anyway
            let _ = self.watcher.unwatch(gone);
        }
        for folder in &folders {
            // again also where it was: another folder may have taken its name
            if let Err(error) = self.watcher.watch(folder, RecursiveMode::NonRecursive) {
                outcome = Err(error);
            }
        }
        self.folders = folders;
        outcome
    }
}

/// Whether an event may mean another text.
fn concerns(event: &Event, names: &[PathBuf]) -> bool {
    let is_only_read = match event.kind {
        EventKind::Access(kind) => kind != AccessKind::Close(AccessMode::Write),
        EventKind::Any | EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Other => false,
    };
    let is_meant = |path: &PathBuf| names.iter().any(|name| name == path || name.parent() == Some(path));
    event.need_rescan() || !is_only_read && event.paths.iter().any(is_meant)
}

/// Every name that counts where this path is looked up: each link on the way, and what is at the end, or the first name
/// that is not there. The folder of each is there.
fn trail(path: &Path) -> Vec<PathBuf> {
    let mut names = Vec::new();
    let mut rest: Vec<PathBuf> = parts(path);
    let mut at = PathBuf::from("/");
    let mut links = 0;
    while let Some(part) = rest.pop() {
        if part.as_os_str() == ".." {
            at.pop();
            continue;
        }
        let next = at.join(&part);
        match std::fs::symlink_metadata(&next) {
            Ok(found) if found.is_symlink() && links < MOST_LINKS => {
                links += 1;
                let Ok(target) = std::fs::read_link(&next) else { break };
                if target.is_absolute() {
                    at = PathBuf::from("/");
                }
                names.push(next);
                rest.extend(parts(&target));
            }
            Ok(_) => at = next,
            Err(_) => {
                names.push(next);
                return names;
            }
        }
    }
    names.push(at);
    names
}

/// The parts of a path, the last one first.
fn parts(path: &Path) -> Vec<PathBuf> {
    let parts = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(PathBuf::from(name)),
        Component::ParentDir => Some(PathBuf::from("..")),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    });
    let mut parts: Vec<PathBuf> = parts.collect();
    parts.reverse();
    parts
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn names(folder: &Path, path: &str) -> Vec<String> {
        let folder = folder.to_str().unwrap();
        let trail = trail(&Path::new(folder).join(path));
        let short = |name: PathBuf| name.to_str().unwrap().trim_start_matches(folder).to_owned();
        trail.into_iter().map(short).collect()
    }

    #[test]
    fn every_link_on_the_way_counts_and_the_first_name_that_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        assert_eq!(
            names(&root, "sidescope/config.toml"),
            ["/sidescope"],
            "the folder comes first"
        );
        fs::create_dir(root.join("sidescope")).unwrap();
        assert_eq!(names(&root, "sidescope/config.toml"), ["/sidescope/config.toml"]);
        // as a ConfigMap is mounted
        fs::create_dir(root.join("sidescope/..1")).unwrap();
        fs::write(root.join("sidescope/..1/config.toml"), "").unwrap();
        symlink("..1", root.join("sidescope/..data")).unwrap();
        symlink("..data/config.toml", root.join("sidescope/config.toml")).unwrap();
        let mounted = [
            "/sidescope/config.toml",
            "/sidescope/..data",
            "/sidescope/..1/config.toml",
        ];
        assert_eq!(names(&root, "sidescope/config.toml"), mounted);
        // a circle ends
        symlink("b", root.join("a")).unwrap();
        symlink("a", root.join("b")).unwrap();
        assert!(names(&root, "a").len() <= MOST_LINKS + 1);
    }

    #[test]
    fn reading_is_no_change_and_neighbours_do_not_count() {
        let names = [PathBuf::from("/x/config.toml")];
        let event = |kind, path: &str| concerns(&Event::new(kind).add_path(path.into()), &names);
        let written = EventKind::Access(AccessKind::Close(AccessMode::Write));
        assert!(event(written, "/x/config.toml"));
        assert!(!event(EventKind::Access(AccessKind::Read), "/x/config.toml"));
        assert!(!event(written, "/x/other.toml"));
        assert!(
            event(EventKind::Remove(notify::event::RemoveKind::Folder), "/x"),
            "its folder is gone"
        );
    }
}
