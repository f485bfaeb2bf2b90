//! What lint finds in an object, in lines: each with its place, what stands there, what follows and what to do.

use super::table::sidecars::level_role;
use super::words::fact;
use super::{Line, Role, Span};
use crate::mesh::lint::Finding;

/// All of them, the worst first.
pub(in crate::app) fn lines(found: &[Finding]) -> Vec<Line> {
    let mut lines = Vec::new();
    for (at, finding) in found.iter().enumerate() {
        if at > 0 {
            lines.push(Vec::new());
        }
        lines.extend(finding_lines(finding));
    }
    lines
}

/// The worst in one line, by what stands there or else by its place, with the number of the others and the key that tells them.
pub(in crate::app) fn line(found: &[Finding], key: &str) -> Option<Line> {
    let worst = found.first()?;
    let mut line = head(worst, worst.value.is_empty());
    line.push(Span::new(Role::Text, format!("  {}", worst.consequence())));
    let more = found.len() - 1;
    if more > 0 {
        line.push(Span::new(Role::Dim, format!("  and {more} more")));
    }
    line.push(Span::new(Role::Key, format!("  {key}")));
    line.push(Span::new(Role::Dim, " tells"));
    Some(line)
}

fn head(finding: &Finding, with_field: bool) -> Line {
    let level = finding.lint.level;
    let mut line = vec![
        Span::new(level_role(level), level.as_str()),
        Span::new(Role::Strong, format!(" {}", finding.lint.code)),
    ];
    if with_field {
        line.push(Span::new(Role::Dim, format!(" {}", finding.field)));
    }
    if !finding.value.is_empty() {
        line.push(Span::new(Role::Name, format!(" '{}'", finding.value)));
    }
    line
}

fn finding_lines(finding: &Finding) -> Vec<Line> {
    vec![
        head(finding, true),
        fact("  finds", Role::Text, finding.lint.finds),
        fact("  so", Role::Text, finding.consequence()),
        fact("  to do", Role::Text, finding.lint.remedy),
    ]
}
