//! What holds of every parser, whatever it reads.

/// What came of reading.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It was refused, in this line.
    Refused(String),
    /// It was refused, in a line that repeats what was typed.
    Echoed(String),
    /// It was read: so many bytes are held or printed of it, and it said this of what it could not read.
    Read(usize, Vec<String>),
}

impl Outcome {
    /// What was read, as long as it prints, with nothing said of it.
    pub(crate) fn of(value: &impl std::fmt::Debug) -> Self {
        Self::Read(format!("{value:?}").len(), Vec::new())
    }

    /// What was read, or why not.
    pub(crate) fn of_result<T: std::fmt::Debug, E: std::fmt::Display>(result: &Result<T, E>) -> Self {
        match result {
            Ok(value) => Self::of(value),
            Err(error) => Self::Refused(error.to_string()),
        }
    }

    /// The same where an error may repeat what was typed.
    pub(crate) fn of_typed<T: std::fmt::Debug, E: std::fmt::Display>(result: &Result<T, E>) -> Self {
        match result {
            Ok(value) => Self::of(value),
            Err(error) => Self::Echoed(error.to_string()),
        }
    }
}

/// No line that says why something is refused is longer.
const LONGEST_LINE: usize = 1000;

/// So many bytes may a byte become: names of fields, defaults, escapes of what is printed.
const GROWTH: usize = 256;
/// And so many are there of nothing.
const LEAST: usize = 64 * 1024;

/// Fails if it is more than what was read, or was refused in more than a line.
pub(crate) fn check(bytes: &[u8], outcome: Outcome) {
    match outcome {
        Outcome::Refused(line) => check_line(&line, LONGEST_LINE),
        Outcome::Echoed(line) => check_line(&line, LONGEST_LINE + 8 * bytes.len()),
        Outcome::Read(size, said) => {
            let most = LEAST + GROWTH * bytes.len();
            assert!(size <= most, "{size} bytes of {}", bytes.len());
            for line in &said {
                check_line(line, LONGEST_LINE);
            }
        }
    }
}

#[track_caller]
fn check_line(line: &str, longest: usize) {
    let start: String = line.chars().take(200).collect();
    assert!(!line.trim().is_empty(), "says nothing");
    assert!(
        line.lines().count() == 1 && !line.ends_with('\n'),
        "more than a line: {start:?}"
    );
    assert!(line.len() <= longest, "{} bytes: {start:?}", line.len());
}
