//! Names and addresses within texts: found by their edges, replaced by their masks.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Bound;

use super::{Mask, Sort};

/// Names that every cluster has, and words that Kubernetes, Istio and Envoy say themselves.
const HARMLESS: &[&str] = &[
    "",
    "*",
    ".",
    "~",
    "./*",
    "*/*",
    "default",
    "kube-system",
    "kube-public",
    "kube-node-lease",
    "istio-system",
    "kubernetes",
    "kube-dns",
    "istiod",
    "istio",
    "istio-proxy",
    "mesh",
    "none",
    "all",
    "unknown",
    "svc",
    "cluster",
    "local",
    "pod",
    "pods",
    "node",
    "nodes",
    "service",
    "services",
    "host",
    "hosts",
    "sidecar",
    "sidecars",
    "namespace",
    "namespaces",
    "endpoint",
    "endpoints",
    "live",
    "apiVersion",
    "kind",
    "metadata",
    "spec",
    "status",
    "name",
    "true",
    "false",
];

/// Words that name ports and subsets in most meshes.
const COMMON: &[&str] = &[
    "http", "https", "http2", "grpc", "tcp", "tls", "udp", "mongo", "mysql", "redis", "metrics", "v1", "v2", "v3",
    "v4", "stable", "canary", "blue", "green", "prod", "test",
];

/// Values in YAML that tell nothing: capital words (kinds, phases, protocols), words of the API.
const HARMLESS_VALUES: &[&str] = &[
    "networking.istio.io/v1",
    "networking.istio.io/v1beta1",
    "v1",
    "apps/v1",
    "UTC",
];

/// Whether a name stays as it is: every cluster has it, or it is a number.
pub(super) fn is_harmless(name: &str) -> bool {
    HARMLESS.contains(&name) || name.chars().all(|c| c.is_ascii_digit()) || name.contains(char::is_whitespace)
}

/// Whether a word is a usual name of a port or a subset.
pub(super) fn is_common(name: &str) -> bool {
    COMMON.contains(&name)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '-' | '_')
}

/// Whether a name has nothing in it that parts words.
pub(super) fn is_one_word(name: &str) -> bool {
    name.chars().all(is_word)
}

/// A piece of a text: a word, or what stands between two.
struct Piece<'a> {
    text: &'a str,
    is_word: bool,
}

/// A text in pieces; an IPv6 address is one word.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_hex = |c: char| c.is_ascii_hexdigit() || c == ':' || c == '.';
        let hex = rest.find(|c| !is_hex(c)).unwrap_or(rest.len());
        let address = rest.get(..hex).and_then(v6_in);
        let word = rest.find(|c| is_word(c) != is_word(first)).unwrap_or(rest.len());
        let length = address.map_or(word, |(_, length)| length);
        let (piece, after) = rest.split_at(length);
        pieces.push(Piece {
            text: piece,
            is_word: address.is_some() || is_word(first),
        });
        rest = after;
    }
    pieces
}

/// An IPv6 address at the beginning of this; tcpdump puts the port behind it with a dot.
fn v6_in(run: &str) -> Option<(Ipv6Addr, usize)> {
    if run.matches(':').count() < 2 {
        return None;
    }
    let ends = [Some(run.len()), run.rfind('.'), run.rfind(':')];
    let mut ends = ends.into_iter().flatten();
    ends.find_map(|end| Some((run.get(..end)?.parse().ok()?, end)))
        .filter(|(address, _): &(Ipv6Addr, usize)| !address.is_loopback() && !address.is_unspecified())
}

/// An IPv4 address at the beginning of a word, and how long it is: what follows is a port.
fn v4_in(word: &str) -> Option<(Ipv4Addr, usize)> {
    let mut length = 0;
    for (at, part) in word.split('.').take(4).enumerate() {
        part.parse::<u8>().ok()?;
        length += part.len() + usize::from(at > 0);
    }
    let address: Ipv4Addr = word.get(..length)?.parse().ok()?;
    (!address.is_loopback() && !address.is_unspecified()).then_some((address, length))
}

/// The addresses in a text.
pub(super) fn addresses(text: &str) -> Vec<IpAddr> {
    let words = pieces(text).into_iter().filter(|piece| piece.is_word);
    words
        .filter_map(|piece| match v6_in(piece.text) {
            Some((address, _)) => Some(IpAddr::V6(address)),
            None => v4_in(piece.text).map(|(address, _)| IpAddr::V4(address)),
        })
        .collect()
}

/// A text with its masks.
pub(super) fn masked<'a>(text: &'a str, mask: &Mask) -> Cow<'a, str> {
    let pieces = pieces(text);
    let mut out = String::with_capacity(text.len());
    for (at, piece) in pieces.iter().enumerate() {
        if !piece.is_word {
            out.push_str(piece.text);
            continue;
        }
        let neighbour = |at: Option<usize>| at.and_then(|at| pieces.get(at)).map_or("", |piece| piece.text);
        let is_cut = (
            neighbour(at.checked_sub(1)).ends_with('…'),
            neighbour(at.checked_add(1)).starts_with('…'),
        );
        out.push_str(&word(piece.text, is_cut, mask));
    }
    if out == text {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(out)
    }
}

fn word(text: &str, is_cut: (bool, bool), mask: &Mask) -> String {
    if let Some((address, length)) = v6_in(text).map(|(address, length)| (address.to_string(), length)) {
        let (_, rest) = text.split_at(length);
        return format!("{}{rest}", mask.masks.get(address.as_str()).map_or(text, |mask| mask));
    }
    if let Some((address, length)) = v4_in(text) {
        let (shown, rest) = text.split_at(length);
        let known = mask.masks.get(address.to_string().as_str());
        return format!("{}{rest}", known.map_or(shown, |mask| mask));
    }
    if text.starts_with("10.x.") {
        return text.to_owned();
    }
    let parts: Vec<&str> = text.split('.').collect();
    let mut out: Vec<String> = Vec::new();
    let mut at = 0;
    while at < parts.len() {
        // the longest that is known: a host of several parts before a name of one
        let longest = (at + 1..=parts.len()).rev().find_map(|end| {
            let name = parts.get(at..end)?.join(".");
            Some((mask.masks.get(name.as_str())?, end))
        });
        if let Some((found, end)) = longest {
            out.push(found.to_string());
            at = end;
            continue;
        }
        let part = parts.get(at).copied().unwrap_or_default();
        let cut = (is_cut.0 && at == 0, is_cut.1 && at + 1 == parts.len());
        out.push(part_of(part, cut, mask));
        at += 1;
    }
    out.join(".")
}

/// What stands between two dots.
fn part_of(part: &str, is_cut: (bool, bool), mask: &Mask) -> String {
    if part.is_empty() || mask.given.contains(part) || is_harmless(part) {
        return part.to_owned();
    }
    if is_cut.1 && begins(&mask.heads, part) {
        return "·".repeat(part.chars().count());
    }
    let reversed: String = part.chars().rev().collect();
    if is_cut.0 && begins(&mask.tails, &reversed) {
        return "·".repeat(part.chars().count());
    }
    if part.contains('_') {
        let pieces: Vec<String> = part
            .split('_')
            .map(|piece| part_of(piece, (false, false), mask))
            .collect();
        return pieces.join("_");
    }
    if let Some(known) = mask.masks.get(part) {
        return known.to_string();
    }
    // a name that goes on: of a pod that is not known yet, of a secret
    let hyphens = part.match_indices('-').map(|(at, _)| at).collect::<Vec<_>>();
    let longest = hyphens.into_iter().rev().find_map(|at| {
        let (head, rest) = part.split_at(at);
        let known = mask.masks.get(head).filter(|_| head.len() > 2)?;
        Some(format!("{known}{rest}"))
    });
    longest.unwrap_or_else(|| part.to_owned())
}

/// Whether any name begins so.
fn begins(names: &std::collections::BTreeSet<Box<str>>, head: &str) -> bool {
    let from = (Bound::Included(Box::from(head)), Bound::Unbounded);
    let mut range = names.range::<Box<str>, _>(from);
    range.next().is_some_and(|name| name.starts_with(head))
}

/// A text of YAML, already masked: values that may say anything become masks too.
pub(super) fn yaml(text: &str, mask: &mut Mask) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let start = line.len() - line.trim_start_matches([' ', '-']).len();
        let (lead, rest) = line.split_at(start);
        let value = match rest.split_once(": ") {
            Some((key, value)) if !key.contains(' ') => format!("{key}: {}", harmless_value(value, mask)),
            _ if rest.ends_with(':') || rest.is_empty() => rest.to_owned(),
            _ => harmless_value(rest, mask),
        };
        lines.push(format!("{lead}{value}"));
    }
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

fn harmless_value(value: &str, mask: &mut Mask) -> String {
    let bare = value.trim_matches(['"', '\'']);
    let is_number = bare.parse::<f64>().is_ok();
    let is_time = bare.parse::<jiff::Timestamp>().is_ok();
    let is_capital = bare.starts_with(char::is_uppercase) && bare.chars().all(char::is_alphanumeric);
    let is_known = is_harmless(bare) || is_common(bare) || HARMLESS_VALUES.contains(&bare);
    // hosts and names have their masks by now; all words of it must be masks or harmless
    let parts = bare.split(|c: char| !c.is_alphanumeric() && c != '-' && c != '.');
    let is_masked = bare.starts_with("10.x.")
        || parts.clone().all(|part| {
            let mut segments = part.split('.');
            segments.all(|part| mask.given.contains(part) || is_harmless(part))
        });
    if is_number
        || is_time
        || is_capital
        || is_known
        || is_masked
        || matches!(bare, "|" | "|-" | ">" | "{}" | "[]" | "null")
    {
        return value.to_owned();
    }
    let known = mask.masks.get(bare).or_else(|| mask.values.get(bare));
    if let Some(known) = known {
        return known.to_string();
    }
    let new = mask.next(Sort::Text.prefix());
    mask.given.insert(new.as_str().into());
    mask.values.insert(bare.into(), new.as_str().into());
    new
}

#[cfg(test)]
mod tests {
    use super::super::names::known;
    use super::*;

    fn mask() -> Mask {
        known(&[
            (Sort::Namespace, "shop"),
            (Sort::Service, "cart"),
            (Sort::Pod, "cart-54f7d6bb9d-c9k4x"),
            (Sort::Host, "api.pay.example.com"),
        ])
    }

    #[test]
    fn names_are_masked_whole_wherever_they_stand() {
        let mask = mask();
        for (text, expected) in [
            ("cart-54f7d6bb9d-c9k4x.shop", "pod-1.ns-1"),
            (
                "outbound|7070||cart.shop.svc.cluster.local",
                "outbound|7070||svc-1.ns-1.svc.cluster.local",
            ),
            ("outbound_.7070_._.cart.shop", "outbound_.7070_._.svc-1.ns-1"),
            ("*.api.pay.example.com:443", "*.host-1:443"),
            ("egress[0].hosts[1] 'shop/*'", "egress[0].hosts[1] 'ns-1/*'"),
            ("shopping carts, a cart.", "shopping carts, a svc-1."),
            ("cart-54f7d6bb9d-new99", "svc-1-54f7d6bb9d-new99"),
            ("svc-1 stays svc-1", "svc-1 stays svc-1"),
            ("HEALTHY 9080 Running", "HEALTHY 9080 Running"),
        ] {
            assert_eq!(mask.text(text), expected);
        }
    }

    #[test]
    fn what_is_left_of_a_cut_name_is_dots() {
        let mask = mask();
        assert_eq!(mask.text("cart-54f7…-c9k4x up"), "·········…······ up");
        assert_eq!(mask.text("of ca….shop and more…"), "of ··….ns-1 and more…");
    }

    #[test]
    fn addresses_are_known_by_their_shape_and_keep_their_ports() {
        let mut mask = mask();
        let text = mask.whole("10.0.0.7:9080 10.0.0.8.4312 > 10.0.0.7.9080: 127.0.0.1 10:25:19 1.31.0");
        assert_eq!(
            text,
            "10.x.0.2:9080 10.x.0.3.4312 > 10.x.0.2.9080: 127.0.0.1 10:25:19 1.31.0"
        );
        assert_eq!(mask.whole(&text), text, "a mask is not masked again");
        let six = mask.whole("[fd00:1::7]:80 fd00:1::7.80 ::1 20:25:19");
        assert_eq!(six, "[fd00:x::1]:80 fd00:x::1.80 ::1 20:25:19");
    }

    #[test]
    fn yaml_shows_what_is_harmless_alone() {
        let mut mask = mask();
        let text = "kind: Pod\nmetadata:\n  name: cart\n  generation: 3\nspec:\n- image: reg.corp/pay:1\n  hosts:\n  - shop/*\n  policy: Always\n";
        let text = mask.whole(text);
        let expected = "kind: Pod\nmetadata:\n  name: svc-1\n  generation: 3\nspec:\n- image: text-1\n  hosts:\n  - ns-1/*\n  policy: Always\n";
        assert_eq!(yaml(&text, &mut mask), expected);
    }

    #[test]
    fn names_of_several_words_are_masked_whole_and_values_of_yaml_only_there() {
        let mut mask = mask();
        for name in [
            "Acme Prod EU",
            "arn:aws:eks:eu-west-1:1234:cluster/acme-prod",
            "teleport/jane@acme.com",
        ] {
            mask.learn_phrase(Sort::Context, name);
            let text = format!("this is context '{name}'");
            assert!(
                mask.text(&text).starts_with("this is context 'ctx-"),
                "{}",
                mask.text(&text)
            );
            assert!(!mask.text(&text).contains("cme"), "{}", mask.text(&text));
        }
        assert_eq!(harmless_value("pin", &mut mask), "text-1");
        assert_eq!(mask.text("p pin"), "p pin");
    }
}
