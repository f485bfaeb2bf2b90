//! A timeline as Markdown, for a postmortem: a table of what happened, then what was written and what came of it.
//!
//! Text of the cluster cannot become markup: names stand in code spans, texts in fences longer than any in them, and what
//! a terminal would not show is made visible.

use std::fmt::{self, Write as _};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Happened;
use crate::app::view::Shown;
use crate::mesh::diff::{Reasons, Side, TableDiff, lines};
use crate::mesh::history::{Before, Cause, Edit, Happening};
use crate::mesh::model::{Key, Text};
use crate::mesh::scope::Row;
use crate::sources::recording::Header;

/// Lines around each difference of a text.
const CONTEXT: usize = 3;
/// So many rows of a difference are written, so many fields of an edit, so many writes of the time before.
const ROWS: usize = 100;
const FIELDS: usize = 6;
const BEFORE: usize = 20;

/// What is written.
pub(super) struct Postmortem<'a> {
    pub(super) header: &'a Header,
    pub(super) reach: (Timestamp, Timestamp),
    pub(super) pod: Option<&'a Key>,
    pub(super) happened: &'a [Happened],
    /// How much more happened.
    pub(super) untold: usize,
    pub(super) before: &'a [Before],
}

impl fmt::Display for Postmortem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.head(f)?;
        self.table(f)?;
        self.changes(f)?;
        self.older(f)
    }
}

impl Postmortem<'_> {
    fn head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (begins, ends) = self.reach;
        writeln!(f, "# Timeline of context {}", code(&self.header.context))?;
        writeln!(f, "\nFrom {} to {}; all times are UTC.", time(begins), time(ends))?;
        writeln!(
            f,
            "Recorded by sidescope {}. Endpoints are those that follow from the objects by the rules of sidescope {}; \
             what Envoys held was not recorded. A manager is a program, not a person.",
            Shown::from(self.header.sidescope.as_str()),
            env!("CARGO_PKG_VERSION")
        )
    }

    fn table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n## What happened\n")?;
        if self.happened.is_empty() {
            return writeln!(
                f,
                "Nothing that was written, or that changed the endpoints asked about."
            );
        }
        let effect = self
            .pod
            .map_or_else(String::new, |pod| format!(" effect on {} |", code(&name(pod))));
        let rule = if self.pod.is_some() { "---|" } else { "" };
        writeln!(
            f,
            "| | seen | written | object | | manager | operation | generation | fields |{effect}"
        )?;
        writeln!(f, "|---|---|---|---|---|---|---|---|---|{rule}")?;
        for (nth, happened) in self.happened.iter().enumerate() {
            let effect = match (self.pod, &happened.effect) {
                (None, _) => String::new(),
                (Some(_), None) => " none |".to_owned(),
                (Some(_), Some((diff, _))) => format!(" {} |", counts(diff)),
            };
            let (nth, at) = (nth + 1, time(happened.at));
            if happened.edits.is_empty() {
                writeln!(
                    f,
                    "| {nth} | {at} | | {} | | | | | |{effect}",
                    cell(&happened.cause.to_string())
                )?;
            }
            for edit in &happened.edits {
                writeln!(f, "| {nth} | {at} | {} |{effect}", edit_cells(edit))?;
            }
        }
        if self.untold > 0 {
            writeln!(f, "\nAnd {} more.", self.untold)?;
        }
        Ok(())
    }

    fn changes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.happened.is_empty() {
            return Ok(());
        }
        writeln!(f, "\n## What was changed, and what came of it")?;
        for (nth, happened) in self.happened.iter().enumerate() {
            let titles = happened.edits.iter().map(|edit| {
                let object = format!("{} {}", edit.kind.name(), edit.key);
                format!("{} {}", code(&object), edit.verb.as_str())
            });
            let mut title: Vec<String> = titles.collect();
            if title.is_empty() {
                title.push(cell(&happened.cause.to_string()));
            }
            writeln!(f, "\n### {}. {}, {}", nth + 1, title.join(", "), time(happened.at))?;
            for edit in &happened.edits {
                fenced(f, &text_of(edit))?;
            }
            if let (Some(pod), Some((diff, reasons))) = (self.pod, &happened.effect) {
                writeln!(f, "\nEndpoints of {}: {}", code(&name(pod)), counts(diff))?;
                fenced(f, &rows_of(diff, reasons, &happened.cause))?;
            }
        }
        Ok(())
    }

    fn older(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let writes = self.before.iter().filter_map(|before| match &before.what {
            Happening::Written(author, fields) => Some((before, author, fields)),
            Happening::Created | Happening::Ready(_) | Happening::Event { .. } => None,
        });
        let writes: Vec<_> = writes.take(BEFORE).collect();
        if writes.is_empty() {
            return Ok(());
        }
        writeln!(f, "\n## What objects tell of the time before\n")?;
        writeln!(
            f,
            "The newest {} writes; older texts and deletions are unknown.\n",
            writes.len()
        )?;
        writeln!(f, "| written | object | manager | operation | fields it owns |")?;
        writeln!(f, "|---|---|---|---|---|")?;
        for (before, author, fields) in writes {
            let object = format!("{} {}", before.kind.name(), before.key);
            let fields: Vec<&str> = fields.iter().take(FIELDS).map(Text::as_str).collect();
            writeln!(
                f,
                "| {} | {} | {} | {} | {} |",
                time(before.at),
                code(&object),
                code(&author.manager),
                cell(&author.operation),
                list(&fields)
            )?;
        }
        Ok(())
    }
}

/// When it was written, what, by whom, which generation, which fields.
fn edit_cells(edit: &Edit) -> String {
    let object = format!("{} {}", edit.kind.name(), edit.key);
    let written = edit.written().map_or_else(|| "unknown".to_owned(), time);
    let (manager, operation) = match &edit.author {
        Some(author) => (code(&author.manager), cell(&author.operation)),
        None => ("unknown".to_owned(), String::new()),
    };
    let generation = match edit.generation {
        (Some(before), Some(after)) if before != after => format!("{before} → {after}"),
        (_, Some(after)) if after > 0 => after.to_string(),
        (Some(before), None) if before > 0 => before.to_string(),
        _ => String::new(),
    };
    let fields: Vec<&str> = edit.fields().iter().map(|field| field.path.as_str()).collect();
    let telling: Vec<&str> = fields
        .into_iter()
        .filter(|path| *path != "metadata.generation")
        .collect();
    format!(
        "{written} | {} | {} | {manager} | {operation} | {generation} | {}",
        code(&object),
        edit.verb.as_str(),
        list(&telling)
    )
}

fn list(paths: &[&str]) -> String {
    let named: Vec<String> = paths.iter().take(FIELDS).map(|path| code(path)).collect();
    let more = match paths.len().saturating_sub(FIELDS) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", named.join(", "))
}

/// The object's YAML, as far as it differs.
fn text_of(edit: &Edit) -> String {
    let (before, after) = edit.yaml();
    let mut text = String::new();
    for line in lines(&before, &after, CONTEXT) {
        let sign = match line.side {
            Side::Both => ' ',
            Side::Before => '-',
            Side::After => '+',
        };
        let words: String = line.words.iter().map(|(_, word)| word.as_str()).collect();
        let _ = writeln!(text, "{sign}{}", Shown::from(words));
    }
    text
}

/// Rows that went, came and changed, each with its reason.
fn rows_of(diff: &TableDiff, reasons: &Reasons, cause: &Cause) -> String {
    let row = |row: &Row| format!("{}  {}  {}", row.address, row.health.as_str(), row.cluster);
    let removed = diff
        .removed
        .iter()
        .map(|(_, old)| format!("-{}  # {}", row(old), reasons.of_removed(old)));
    let added = diff
        .added
        .iter()
        .map(|(_, new)| format!("+{}  # {}", row(new), reasons.of_added(new)));
    let changed = diff.changed.iter().map(|(_, old, new)| {
        let why = reasons.of_changed(old, new);
        format!("-{}\n+{}  # {why}, {cause}", row(old), row(new))
    });
    let hosts_removed = diff.hosts_removed.iter().map(|host| format!("-{host}  # out of scope"));
    let hosts_added = diff.hosts_added.iter().map(|host| format!("+{host}  # in scope"));
    let all: Vec<String> = removed
        .chain(added)
        .chain(changed)
        .chain(hosts_removed)
        .chain(hosts_added)
        .collect();
    let mut text = String::new();
    for line in all.iter().take(ROWS).flat_map(|line| line.lines()) {
        let _ = writeln!(text, "{}", Shown::from(line));
    }
    if let Some(more) = all.len().checked_sub(ROWS).filter(|more| *more > 0) {
        let _ = writeln!(text, " and {more} more");
    }
    text
}

fn counts(diff: &TableDiff) -> String {
    let rows = format!("+{} -{} ~{}", diff.added.len(), diff.removed.len(), diff.changed.len());
    let hosts = diff.hosts_added.len() + diff.hosts_removed.len();
    if hosts == 0 {
        return rows;
    }
    format!(
        "{rows}, names +{} -{}",
        diff.hosts_added.len(),
        diff.hosts_removed.len()
    )
}

/// A difference in a fence that nothing in it can close.
fn fenced(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    if text.is_empty() {
        return Ok(());
    }
    let mut fence = "```".to_owned();
    while text.contains(&fence) {
        fence.push('`');
    }
    write!(f, "\n{fence}diff\n{text}{fence}\n")
}

/// As istioctl names a pod.
fn name(pod: &Key) -> String {
    format!("{}.{}", pod.name, pod.namespace)
}

/// A name as code, also in a table.
fn code(text: &str) -> String {
    let shown = Shown::from(text).to_string().replace('`', "'").replace('|', "\\|");
    if shown.is_empty() { shown } else { format!("`{shown}`") }
}

/// Words in a table.
fn cell(text: &str) -> String {
    let mut cell = String::new();
    for c in Shown::from(text).to_string().chars() {
        if matches!(c, '|' | '`' | '*' | '_' | '<' | '>' | '[' | ']' | '\\' | '#' | '&') {
            cell.push('\\');
        }
        cell.push(c);
    }
    cell
}

fn time(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fenced(&'static str);
    impl fmt::Display for Fenced {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            fenced(f, self.0)
        }
    }

    #[test]
    fn text_of_the_cluster_is_no_markup() {
        assert_eq!(code("a`b|c\nd"), "`a'b\\|c\\u{a}d`");
        assert_eq!(cell("a|b <img> _c_"), "a\\|b \\<img\\> \\_c\\_");
        assert_eq!(Fenced("+```\n+rm\n").to_string(), "\n````diff\n+```\n+rm\n````\n");
        assert_eq!(Fenced("").to_string(), "");
    }
}
