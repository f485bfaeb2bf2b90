//! Rust source as tokens: enough of the language to tell code from comments and literals, and to read paths.
//!
//! Not a parser. It follows the Rust reference, "Lexical structure"; a path is what stands in a `use` (each leaf of the
//! tree for itself) or two and more names joined by `::` anywhere else.

/// A name, a literal, `::`, or one character of punctuation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
    /// Counted from 1.
    pub(crate) line: usize,
}

/// A path as it is written, outermost name first, and the line where it begins.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Named<'a> {
    pub(crate) path: Vec<&'a str>,
    pub(crate) line: usize,
    /// Names of the inline modules (`mod tests { .. }`) around it.
    pub(crate) inside: Vec<&'a str>,
}

/// The tokens of a file; comments are gone, a literal is one token with its quotes.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let (length, kept) = match c {
            _ if c.is_whitespace() => (c.len_utf8(), false),
            '/' if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), false),
            '/' if rest.starts_with("/*") => (block_comment(rest), false),
            '"' => (string(rest, 0), true),
            '\'' => (quote(rest), true),
            ':' if rest.starts_with("::") => (2, true),
            _ if is_name(c) => (name_or_literal(rest), true),
            _ => (c.len_utf8(), true),
        };
        if kept {
            found.push(Token {
                text: &rest[..length],
                line,
            });
        }
        line += rest[..length].matches('\n').count();
        at += length;
    }
    found
}

/// Every path of the file, in its order.
pub(crate) fn paths<'a>(tokens: &[Token<'a>]) -> Vec<Named<'a>> {
    let mut found = Vec::new();
    let mut modules: Vec<(&str, usize)> = Vec::new();
    let (mut at, mut depth) = (0, 0);
    while at < tokens.len() {
        let token = tokens[at];
        let before = at.checked_sub(1).map_or("", |before| tokens[before].text);
        let inside = modules.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        match token.text {
            "mod" if text(tokens, at + 2) == "{" => modules.push((tokens[at + 1].text, depth)),
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                modules.pop_if(|(_, outer)| *outer == depth);
            }
            "use" if text(tokens, at + 1) != "<" => {
                at = use_tree(tokens, at + 1, &[], &inside, &mut found);
                continue;
            }
            first if is_path_start(first) && before != "::" && before != "." => {
                let mut path = vec![first];
                while text(tokens, at + 1) == "::" && text(tokens, at + 2).starts_with(is_name) {
                    at += 2;
                    path.push(tokens[at].text);
                }
                if path.len() > 1 {
                    found.push(Named {
                        path,
                        line: token.line,
                        inside,
                    });
                }
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Reads one tree of a `use` from `at`; gives the place behind it.
fn use_tree<'a>(
    tokens: &[Token<'a>],
    mut at: usize,
    prefix: &[&'a str],
    inside: &[&'a str],
    found: &mut Vec<Named<'a>>,
) -> usize {
    let mut path = prefix.to_vec();
    let line = tokens.get(at).map_or(0, |token| token.line);
    while let Some(token) = tokens.get(at) {
        match token.text {
            "{" => {
                at += 1;
                while text(tokens, at) != "}" && at < tokens.len() {
                    at = use_tree(tokens, at, &path, inside, found);
                    at += usize::from(text(tokens, at) == ",");
                }
                return at + 1;
            }
            ";" | "," | "}" => break,
            "as" => at += 1,
            "::" => {}
            name => path.push(name),
        }
        at += 1;
    }
    found.push(Named {
        path,
        line,
        inside: inside.to_vec(),
    });
    at
}

fn text<'a>(tokens: &[Token<'a>], at: usize) -> &'a str {
    tokens.get(at).map_or("", |token| token.text)
}

fn is_name(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn is_path_start(token: &str) -> bool {
    token.starts_with(|c: char| c == '_' || c.is_alphabetic()) && !token.contains(['"', '\''])
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        let here = &rest[at..];
        at += match () {
            () if here.starts_with("/*") => {
                depth += 1;
                2
            }
            () if here.starts_with("*/") => {
                depth -= 1;
                2
            }
            () => here.chars().next().map_or(1, char::len_utf8),
        };
        if depth == 0 {
            break;
        }
    }
    at
}

/// Length of a string literal whose quote is at `quote`.
fn string(rest: &str, quote: usize) -> usize {
    let mut escaped = false;
    for (at, c) in rest[quote + 1..].char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return quote + 1 + at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Length of a character literal, or of a lifetime with its quote.
fn quote(rest: &str) -> usize {
    let mut characters = rest.char_indices().skip(1);
    match (characters.next(), characters.next()) {
        (Some((_, '\\')), Some(_)) => characters
            .find(|(_, c)| *c == '\'')
            .map_or(rest.len(), |(at, _)| at + 1),
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1 + rest[1..].find(|c| !is_name(c)).unwrap_or(rest.len() - 1),
    }
}

/// Length of a name, a number, or a literal with a prefix such as `br#"`.
fn name_or_literal(rest: &str) -> usize {
    let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
    let after = &rest[end..];
    match &rest[..end] {
        "r" | "br" | "cr" => {
            let hashes = after.len() - after.trim_start_matches('#').len();
            if after[hashes..].starts_with('"') {
                let close = format!("\"{}", "#".repeat(hashes));
                let body = end + hashes + 1;
                rest[body..]
                    .find(&close)
                    .map_or(rest.len(), |at| body + at + close.len())
            } else {
                end
            }
        }
        "b" | "c" if after.starts_with('"') => string(rest, end),
        "b" if after.starts_with('\'') => end + quote(after),
        _ => end,
    }
}

#[test]
fn comments_and_literals_are_not_code() {
    let source = "a /* b /* c */ */ // d\n\"e // f\" r#\"g \" h\"# 'i' '\\'' '\\u{6a}' &'k str b'l' b\"m\" n1";
    let texts: Vec<&str> = tokens(source).iter().map(|token| token.text).collect();
    assert_eq!(
        texts,
        [
            "a",
            "\"e // f\"",
            "r#\"g \" h\"#",
            "'i'",
            "'\\''",
            "'\\u{6a}'",
            "&",
            "'k",
            "str",
            "b'l'",
            "b\"m\"",
            "n1"
        ]
    );
}

#[test]
fn lines_are_counted_through_comments_and_strings() {
    let last = *tokens("/* 1\n2 */ \"\n3\"\n// 4\n x").last().unwrap();
    assert_eq!(last, Token { text: "x", line: 5 });
}

#[test]
fn each_leaf_of_a_use_is_a_path() {
    let source = "use a::{b::C as D, e::{self, f::*},};\nfn g() { h::i::<j::K>(); l.m(); }\nmod n { use super::o; }";
    let tokens = tokens(source);
    let found: Vec<(String, usize, usize)> = paths(&tokens)
        .iter()
        .map(|named| (named.path.join("::"), named.line, named.inside.len()))
        .collect();
    let due = [
        ("a::b::C", 1, 0),
        ("a::e::self", 1, 0),
        ("a::e::f::*", 1, 0),
        ("h::i", 2, 0),
        ("j::K", 2, 0),
        ("super::o", 3, 1),
    ];
    assert_eq!(found, due.map(|(path, line, inside)| (path.to_owned(), line, inside)));
}
