//! What parsers say, in plain words: what is wrong with the text, and what to do.
//!
//! The parsers speak of their own insides (budgets, anchors, contexts). What of it a manifest meets is in a table; words
//! that are not in it are passed on.

use crate::mesh::model::brief;

/// A piece of a parser's message, and what it means for who wrote the text. The first that fits counts.
const WORDS: &[(&str, &str)] = &[
    ("budget breached: Depth", TOO_DEEP),
    ("recursion limit", TOO_DEEP),
    (
        "budget breached",
        "its aliases ('*NAME') stand for more than can be read: write out what they stand for",
    ),
    (
        "unknown anchor",
        "'*' at the beginning of a value means an alias: put the value in quotes, as in '\"*/*\"'",
    ),
    (
        "mapping values are not allowed",
        "a ': ' where no further value can be: put the text in quotes, or begin a new line",
    ),
    ("tabs disallowed", "a tab in the indentation: use spaces"),
    (
        "did not find expected ',' or '}'",
        "a '{' that is not closed, or no ',' between two fields",
    ),
    (
        "did not find expected ',' or ']'",
        "a '[' that is not closed, or no ',' between two entries",
    ),
    (
        "did not find expected",
        "it does not line up with the lines above: mend the indentation",
    ),
    (
        "illegal placement of ':'",
        "a ':' where none can be: is a bracket or brace before it not closed?",
    ),
    ("unclosed quote", "a quote that is not closed"),
    ("EOF while parsing", "it ends too early: something is not closed"),
    ("unexpected character: `\\u{0}'", "no text: it holds bytes of zero"),
    ("invalid !!binary", "the tag '!!binary' before what is no base64"),
];

const TOO_DEEP: &str = "nested deeper than any object is";

/// The same of JSON, where the piece stands at the beginning.
const JSON_WORDS: &[(&str, &str)] = &[
    ("expected ident", NO_VALUE),
    ("expected value", NO_VALUE),
    ("expected `:`", "no ':' behind the name of a field: put one there"),
    (
        "expected `,` or `}`",
        "a '{' that is not closed, or no ',' between two fields",
    ),
    (
        "expected `,` or `]`",
        "a '[' that is not closed, or no ',' between two entries",
    ),
    ("trailing comma", "a ',' behind the last entry: take it out"),
    ("trailing characters", "more behind the object: take it out"),
    (
        "key must be a string",
        "a ',' behind the last entry, or the name of a field without double quotes",
    ),
    (
        "control character",
        "a line break or tab within quotes: write it as '\\n' or '\\t'",
    ),
    (
        "invalid escape",
        "a '\\' before what needs none: write '\\\\' for itself",
    ),
];

const NO_VALUE: &str = "no JSON where a value or the next object would begin: take out what is too much there, or put text in double quotes";

/// What to say of the JSON parser's message.
pub(super) fn plain_json(message: &str) -> String {
    let known = JSON_WORDS.iter().find(|(piece, _)| message.starts_with(piece));
    known.map_or_else(|| plain(message), |(_, words)| (*words).to_owned())
}

/// What to say of a parser's message, which may have several lines and tell the place at its end.
pub(super) fn plain(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let (problem, _) = line.rsplit_once(" at line ").unwrap_or((line, ""));
    let known = WORDS.iter().find(|(piece, _)| message.contains(piece));
    known.map_or_else(|| brief(problem).into_owned(), |(_, words)| (*words).to_owned())
}

/// A field that an object has twice.
pub(super) fn duplicate(field: &str) -> String {
    format!("duplicate field '{}': leave only one of them", brief(field))
}
