//! The person's own editor on a text: `$VISUAL`, `$EDITOR`, else `vi`, while the terminal is theirs.
//!
//! The text lies in a file that only this user may read, and that is gone afterwards, whatever happens.
//!
//! kubectl: `pkg/kubectl/cmd/util/editor/editor.go`.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::open;

/// How many names are tried: another program may have taken one.
const TRIES: u32 = 100;

/// A file that goes with its owner.
struct Temporary(PathBuf);

impl Temporary {
    fn new(folder: &Path, text: &str) -> io::Result<Self> {
        let mut taken = None;
        for attempt in 0..TRIES {
            let path = folder.join(format!("sidescope-draft-{}-{attempt}.yaml", std::process::id()));
            let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
            match file {
                Ok(mut file) => {
                    let temporary = Self(path);
                    file.write_all(text.as_bytes())?;
                    return Ok(temporary);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => taken = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(taken.unwrap_or_else(|| io::Error::other("no name is free")))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // an editor may have taken it away itself
        let _ = fs::remove_file(&self.0);
    }
}

/// The command line of the editor.
fn editor() -> String {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    set("VISUAL")
        .or_else(|| set("EDITOR"))
        .unwrap_or_else(|| "vi".to_owned())
}

/// The text as the editor left it. Blocks its thread; the terminal must be the editor's.
///
/// # Errors
/// What failed, in words: no file could be written, the editor did not run or gave up.
pub(super) fn edit(text: &str) -> Result<String, String> {
    edit_with(&editor(), &std::env::temp_dir(), text)
}

fn edit_with(editor: &str, folder: &Path, text: &str) -> Result<String, String> {
    let file = Temporary::new(folder, text)
        .map_err(|error| format!("cannot write a draft in '{}': {error}", folder.display()))?;
    // as git and kubectl do: the variable may hold arguments
    let status = Command::new("sh")
        .args(["-c", &format!("{editor} \"$@\""), "sh"])
        .arg(&file.0)
        .status()
        .map_err(|error| format!("cannot run the editor '{editor}': {error}; set VISUAL or EDITOR"))?;
    if !status.success() {
        return Err(format!(
            "the editor '{editor}' ended with {status}: the draft is dropped"
        ));
    }
    open::draft(&file.0).map_err(|error| format!("cannot read the draft again: {error}"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("sidescope-editor-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn the_editor_gets_a_file_of_this_user_alone_which_is_gone_afterwards() {
        let folder = folder("kept");
        let script = "f() { stat -c %a \"$1\" 2>/dev/null || stat -f %Lp \"$1\"; }; g() { m=$(f \"$1\"); echo \"mode $m\" >> \"$1\"; }; g";
        let text = edit_with(script, &folder, "a: 1\n").unwrap();
        assert_eq!(text, "a: 1\nmode 600\n");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        fs::remove_dir(&folder).unwrap();
    }

    #[test]
    fn an_editor_that_gives_up_drops_the_draft() {
        let folder = folder("dropped");
        let error = edit_with("false", &folder, "a: 1\n").unwrap_err();
        assert!(error.contains("'false' ended with"), "{error}");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        fs::remove_dir(&folder).unwrap();
    }

    #[test]
    fn a_name_that_is_taken_is_not_written_over() {
        let folder = folder("taken");
        let first = Temporary::new(&folder, "first").unwrap();
        let second = Temporary::new(&folder, "second").unwrap();
        assert_ne!(first.0, second.0);
        assert_eq!(fs::read_to_string(&first.0).unwrap(), "first");
        assert_eq!(fs::metadata(&second.0).unwrap().permissions().mode() & 0o777, 0o600);
        drop((first, second));
        fs::remove_dir(&folder).unwrap();
    }
}
