//! The clipboard, as far as a program in a terminal can reach it. Whether it arrived nobody tells.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crossterm::clipboard::CopyToClipboard;
use crossterm::queue;

/// How text gets there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Clipboard {
    /// tmux takes it into a buffer and passes it on to its own terminal, also where `set-clipboard` would not.
    Tmux,
    /// The terminal takes it as an escape sequence (OSC 52), also through ssh.
    Osc52,
    /// A console that has none.
    None,
}

/// Bytes that terminals take in one OSC 52: several stop at 100,000 of base64.
const MOST_BYTES: usize = 74_000;

impl Clipboard {
    /// What the environment offers.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let variable = |name| variable(name).filter(|value| !value.is_empty());
        if variable("TMUX").is_some() {
            Clipboard::Tmux
        } else if matches!(variable("TERM").as_deref(), None | Some("dumb" | "linux")) {
            Clipboard::None
        } else {
            Clipboard::Osc52
        }
    }
}

/// The bytes that put `text` into the terminal's clipboard.
///
/// # Errors
/// A sentence, if it is more than a terminal takes.
pub(super) fn osc52(text: &str) -> Result<Vec<u8>, String> {
    if text.len() > MOST_BYTES {
        return Err(format!(
            "{} bytes are more than a terminal's clipboard takes ({MOST_BYTES})",
            text.len()
        ));
    }
    let mut bytes = Vec::new();
    queue!(bytes, CopyToClipboard::to_clipboard_from(text)).map_err(|error| error.to_string())?;
    Ok(bytes)
}

/// Hands `text` to tmux. Blocks until tmux has it.
///
/// # Errors
/// A sentence, with tmux's own words.
pub(super) fn to_tmux(text: &str) -> Result<(), String> {
    let mut tmux = Command::new("tmux")
        .args(["load-buffer", "-w", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start tmux: {error}"))?;
    if let Some(mut stdin) = tmux.stdin.take() {
        stdin
            .write_all(text.as_bytes())
            .map_err(|error| format!("tmux does not take it: {error}"))?;
    }
    let output = tmux
        .wait_with_output()
        .map_err(|error| format!("tmux does not answer: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "tmux: {}",
        words.lines().next().unwrap_or("it failed without a word")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(pairs: &[(&str, &str)]) -> Clipboard {
        Clipboard::of_environment(|name| {
            pairs
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn tmux_comes_before_the_terminal() {
        assert_eq!(
            chosen(&[("TMUX", "/tmp/tmux"), ("TERM", "tmux-256color")]),
            Clipboard::Tmux
        );
        assert_eq!(chosen(&[("TERM", "xterm-256color")]), Clipboard::Osc52);
        assert_eq!(chosen(&[("TERM", "linux")]), Clipboard::None);
    }

    #[test]
    fn text_is_sent_as_base64() {
        assert_eq!(osc52("10.0.0.1").unwrap(), b"\x1b]52;c;MTAuMC4wLjE=\x1b\\");
    }

    #[test]
    fn text_that_no_terminal_takes_is_refused() {
        assert!(osc52(&"x".repeat(MOST_BYTES)).is_ok());
        assert!(osc52(&"x".repeat(MOST_BYTES + 1)).unwrap_err().contains("74001 bytes"));
    }
}
