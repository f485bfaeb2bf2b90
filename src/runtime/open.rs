//! Files whose path may lead to anything: a pipe that nobody writes into or reads holds up neither a start nor a thread.
//!
//! Not here: what a person hands over to be read to its end however long it takes (`--from`, `--pcap`, `replay`): a pipe
//! there is waited for, as every command does, and Ctrl-c ends it.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;

/// A draft is a manifest or some, no dump.
const MOST_OF_A_DRAFT_MIB: u64 = 8;

/// So long may a pipe be silent, or have nobody at its other end.
const PATIENCE: Duration = Duration::from_secs(3);

/// Opens a file to read it.
///
/// # Errors
/// It cannot be opened, or is something else: a folder, a pipe, a device.
pub(super) fn file(path: &Path) -> io::Result<File> {
    let file = open(OpenOptions::new().read(true), path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("it is no file"))
    }
}

/// The text of a draft.
///
/// # Errors
/// It cannot be read, is something else than a file, no UTF-8, or larger than a draft is.
pub(super) fn draft(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let from = file(path)?;
    from.take((MOST_OF_A_DRAFT_MIB << 20) + 1).read_to_string(&mut text)?;
    if u64::try_from(text.len()).is_ok_and(|read| read > MOST_OF_A_DRAFT_MIB << 20) {
        return Err(io::Error::other(format!("it is larger than {MOST_OF_A_DRAFT_MIB} MiB")));
    }
    Ok(text)
}

/// Opens a file, or a pipe that somebody reads, to write after what is in it.
///
/// # Errors
/// It cannot be opened, or is a pipe without a reader.
pub(super) fn append(path: &Path) -> io::Result<File> {
    let opened = open(OpenOptions::new().create(true).append(true), path);
    opened.map_err(|error| match error.raw_os_error() {
        Some(code) if code == rustix::io::Errno::NXIO.raw_os_error() => {
            io::Error::other("nobody reads at the other end of this pipe")
        }
        Some(_) | None => error,
    })
}

/// The text of a file, a pipe or a device, at most `most` bytes of it and one more.
///
/// # Errors
/// It cannot be read, is no UTF-8, or is a pipe that is silent for too long.
pub fn text(path: &Path, most: u64) -> io::Result<String> {
    let file = open(OpenOptions::new().read(true), path)?;
    let mut bytes = Vec::new();
    if file.metadata()?.is_file() {
        file.take(most + 1).read_to_end(&mut bytes)?;
    } else {
        read_in_time(file, most, PATIENCE, &mut bytes)?;
    }
    String::from_utf8(bytes).map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is no UTF-8 text"))
}

/// Reads what comes piece by piece, waiting so long for each.
fn read_in_time(file: File, most: u64, patience: Duration, bytes: &mut Vec<u8>) -> io::Result<()> {
    let timeout = Timespec::try_from(patience).map_err(io::Error::other)?;
    let mut from = file.take(most + 1);
    let mut piece = [0; 4096];
    loop {
        // a read of a pipe that nobody has opened to write would be its end
        if poll(&mut [PollFd::new(from.get_ref(), PollFlags::IN)], Some(&timeout))? == 0 {
            return Err(io::Error::new(ErrorKind::TimedOut, "nobody writes into this pipe"));
        }
        match from.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(count) => bytes.extend(piece.iter().take(count)),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Opens at once, whatever it is.
fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).map_err(io::Error::other)?;
    options.custom_flags(flags).open(path)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::path::PathBuf;
    use std::process::Command;

    use super::*;

    fn pipe(folder: &tempfile::TempDir) -> PathBuf {
        let path = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        path
    }

    #[test]
    fn a_pipe_is_no_file_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = pipe(&folder);
        assert_eq!(file(&pipe).unwrap_err().to_string(), "it is no file");
        let error = append(&pipe).unwrap_err().to_string();
        assert_eq!(error, "nobody reads at the other end of this pipe");
    }

    #[test]
    fn a_draft_is_a_file_of_some_megabytes_at_most() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("draft");
        let most = usize::try_from(MOST_OF_A_DRAFT_MIB << 20).unwrap();
        std::fs::write(&path, vec![b'a'; most]).unwrap();
        assert_eq!(draft(&path).unwrap().len(), most);
        std::fs::write(&path, vec![b'a'; most + 1]).unwrap();
        assert_eq!(draft(&path).unwrap_err().to_string(), "it is larger than 8 MiB");
    }

    #[test]
    fn a_pipe_is_read_to_its_end_if_somebody_writes() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = pipe(&folder);
        let mut bytes = Vec::new();
        let unused = open(OpenOptions::new().read(true), &pipe).unwrap();
        let silent = read_in_time(unused, 10, Duration::from_millis(1), &mut bytes);
        assert_eq!(silent.unwrap_err().kind(), ErrorKind::TimedOut);
        let to = pipe.clone();
        let writer = std::thread::spawn(move || {
            let mut to = OpenOptions::new().write(true).open(to).unwrap();
            to.write_all(b"a = 1\n").unwrap();
        });
        assert_eq!(text(&pipe, 100).unwrap(), "a = 1\n");
        writer.join().unwrap();
        assert_eq!(text(Path::new("/dev/zero"), 7).unwrap().len(), 8, "bounded");
        assert_eq!(text(Path::new("/dev/null"), 7).unwrap(), "");
    }
}
