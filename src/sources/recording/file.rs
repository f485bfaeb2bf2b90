//! Files of recordings: made for their owner alone, told from dumps by how they begin.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::header::MAGIC;
use super::read::{Recording, Unplayable};

/// Read and written by its owner: it tells a whole mesh.
const MODE: u32 = 0o600;

/// Why there is no new file.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// Something is there.
    #[error("there is a '{path}' already: choose another name, or overwrite it with --force")]
    Exists {
        /// Which.
        path: String,
    },
    /// It cannot be made.
    #[error("cannot write '{path}': {cause}")]
    Unwritable {
        /// Which.
        path: String,
        /// Why.
        cause: io::Error,
    },
}

/// Makes a file for a recording; `force` takes one away that is there.
///
/// # Errors
/// It is there, or cannot be made.
pub fn create(path: &Path, force: bool) -> Result<File, CreateError> {
    let unwritable = |cause| CreateError::Unwritable {
        path: path.display().to_string(),
        cause,
    };
    // made anew, so that it has this mode, whatever the old one had
    if force && let Ok(there) = std::fs::symlink_metadata(path) {
        // a device or a link is somebody's purpose
        let removed = if there.is_file() {
            std::fs::remove_file(path)
        } else {
            Err(io::Error::other("it is no file that could be overwritten"))
        };
        removed.map_err(unwritable)?;
    }
    let file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(path);
    file.map_err(|cause| {
        if cause.kind() == ErrorKind::AlreadyExists {
            let path = path.display().to_string();
            CreateError::Exists { path }
        } else {
            unwritable(cause)
        }
    })
}

/// Whether a file begins as recordings do; not so where it cannot be read, or is no file.
pub fn is_recording(path: &Path) -> bool {
    // a pipe would lose what is looked at
    if !path.is_file() {
        return false;
    }
    let mut begin = [0; MAGIC.len()];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut begin));
    read.is_ok() && begin == MAGIC.as_bytes()
}

/// Opens a recording.
///
/// # Errors
/// As [`Recording::open`].
pub fn open(path: &Path) -> Result<Recording<BufReader<File>>, Unplayable> {
    Recording::open(BufReader::new(File::open(path)?))
}
