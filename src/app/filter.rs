//! What a person types behind `/`, and whether a row passes it.
//!
//! `text` a regular expression in any shown text, `!text` the rows without it, `-f text` fuzzy, `-l selector` labels
//! as kubectl writes selectors, `COLUMN:text` in one column only. Upper and lower case are one.

mod selector;

use std::cell::RefCell;

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use regex::{Regex, RegexBuilder};

pub use self::selector::Selector;
use crate::mesh::model::Labels;

/// Bounds what a regular expression may take; a longer one is refused with a sentence.
const REGEX_BYTES: usize = 1 << 20;

/// A filter that was understood.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    text: String,
    what: What,
}

#[derive(Clone, Debug, Default)]
enum What {
    #[default]
    Everything,
    Matches(Regex),
    Lacks(Regex),
    Fuzzy(Fuzzy),
    Labels(Selector),
    Column(&'static str, Regex),
}

/// A row as a filter asks for it.
pub trait Filtered {
    /// Every text of it that a plain filter searches, one after the other.
    fn texts(&self) -> impl Iterator<Item = String>;

    /// The text of one column.
    fn column(&self, id: &'static str) -> String;

    /// Its labels; `None` if such rows have none.
    fn labels(&self) -> Option<&Labels>;
}

impl Filter {
    /// Reads what was typed. `find_column` knows a column's id from what a person calls it.
    ///
    /// # Errors
    /// A sentence for the person, such as what is wrong with a regular expression.
    pub fn parse(text: &str, find_column: impl Fn(&str) -> Option<&'static str>) -> Result<Self, String> {
        let what = if text.trim().is_empty() {
            What::Everything
        } else if let Some(rest) = text.strip_prefix("-f ") {
            What::Fuzzy(Fuzzy::new(rest))
        } else if let Some(rest) = text.strip_prefix("-l ") {
            What::Labels(Selector::parse(rest)?)
        } else if matches!(text, "-f" | "-l") {
            What::Everything
        } else if let Some(rest) = text.strip_prefix('!') {
            if rest.is_empty() {
                What::Everything
            } else {
                What::Lacks(regex(rest)?)
            }
        } else if let Some((column, rest)) = text.split_once(':')
            && let Some(id) = find_column(column)
        {
            What::Column(id, regex(rest)?)
        } else {
            What::Matches(regex(text)?)
        };
        Ok(Self {
            text: text.to_owned(),
            what,
        })
    }

    /// As it was typed; empty if everything passes.
    pub fn text(&self) -> &str {
        match self.what {
            What::Everything => "",
            What::Matches(_) | What::Lacks(_) | What::Fuzzy(_) | What::Labels(_) | What::Column(..) => &self.text,
        }
    }

    /// Whether every row passes.
    pub fn is_empty(&self) -> bool {
        matches!(self.what, What::Everything)
    }

    /// The only column it looks at, if it is about one.
    pub fn column(&self) -> Option<&'static str> {
        match self.what {
            What::Column(id, _) => Some(id),
            What::Everything | What::Matches(_) | What::Lacks(_) | What::Fuzzy(_) | What::Labels(_) => None,
        }
    }

    /// Whether the row passes.
    pub fn passes(&self, row: &impl Filtered) -> bool {
        match &self.what {
            What::Everything => true,
            What::Matches(regex) => row.texts().any(|text| regex.is_match(&text)),
            What::Lacks(regex) => !row.texts().any(|text| regex.is_match(&text)),
            What::Fuzzy(fuzzy) => row.texts().any(|text| fuzzy.score(&text).is_some()),
            What::Labels(selector) => row.labels().is_some_and(|labels| selector.selects(labels)),
            What::Column(id, regex) => regex.is_match(&row.column(id)),
        }
    }
}

/// Whether the letters of a pattern come in a text in this order, and how well.
#[derive(Clone)]
pub struct Fuzzy {
    pattern: Pattern,
    matcher: RefCell<Matcher>,
}

impl std::fmt::Debug for Fuzzy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fuzzy")
            .field("pattern", &self.pattern)
            .finish_non_exhaustive()
    }
}

impl Fuzzy {
    /// A pattern; words apart from each other may match in any order.
    pub fn new(text: &str) -> Self {
        Self {
            pattern: Pattern::parse(text, CaseMatching::Ignore, Normalization::Smart),
            matcher: RefCell::new(Matcher::new(Config::DEFAULT)),
        }
    }

    /// How well `text` matches (more is better); `None` if not at all.
    pub fn score(&self, text: &str) -> Option<u32> {
        let mut buffer = Vec::new();
        self.pattern
            .score(Utf32Str::new(text, &mut buffer), &mut self.matcher.borrow_mut())
    }
}

fn regex(text: &str) -> Result<Regex, String> {
    let regex = RegexBuilder::new(text)
        .case_insensitive(true)
        .size_limit(REGEX_BYTES)
        .dfa_size_limit(REGEX_BYTES)
        .build();
    regex.map_err(|error| {
        if let regex::Error::CompiledTooBig(_) = error {
            return format!("the expression '{text}' is too large");
        }
        let said = error.to_string();
        let last = said.lines().last().unwrap_or_default().trim();
        format!("not a regular expression: {}", last.trim_start_matches("error: "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Row(Labels);

    impl Filtered for Row {
        fn texts(&self) -> impl Iterator<Item = String> {
            ["reviews-v2-abc".to_owned(), "Running".to_owned()].into_iter()
        }

        fn column(&self, id: &'static str) -> String {
            if id == "status" {
                "Running".to_owned()
            } else {
                String::new()
            }
        }

        fn labels(&self) -> Option<&Labels> {
            Some(&self.0)
        }
    }

    fn passes(text: &str) -> bool {
        let column = |name: &str| name.eq_ignore_ascii_case("STATUS").then_some("status");
        Filter::parse(text, column)
            .unwrap()
            .passes(&Row(Labels::from([("app", "reviews"), ("version", "v2")])))
    }

    #[test]
    fn every_form_of_a_filter() {
        for text in [
            "",
            " ",
            "REVIEWS",
            "v[12]",
            "run",
            "!ratings",
            "!",
            "-f rvv2",
            "-f",
            "-l app=reviews",
            "status:^run",
            "-l app in (reviews, ratings),!canary",
        ] {
            assert!(passes(text), "{text:?}");
        }
        for text in [
            "ratings",
            "!reviews",
            "-f zz",
            "-l app=ratings",
            "-l canary",
            "status:reviews",
            "nocolumn:x",
        ] {
            assert!(!passes(text), "{text:?}");
        }
    }

    #[test]
    fn a_bad_expression_is_a_sentence() {
        let error = Filter::parse("a(", |_| None).unwrap_err();
        assert_eq!(error, "not a regular expression: unclosed group");
        assert!(
            Filter::parse(r"\w{1000}{1000}", |_| None)
                .unwrap_err()
                .contains("too large")
        );
        assert!(Filter::parse("-l a=b=c", |_| None).is_err());
    }
}
