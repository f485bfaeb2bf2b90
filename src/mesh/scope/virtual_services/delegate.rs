//! Whether the matches of a delegate's route fit into those of its root, and what both make together.
//!
//! Only what can change destinations is kept of the merged match. istio: `pilot/pkg/model/virtualservice.go`,
//! `mergeHTTPMatchRequests`, `hasConflict`, `stringMatchConflict`.

use std::sync::Arc;

use crate::mesh::model::{HttpMatch, StringMatch, Text};

/// The merged matches; `None` if the delegate's route does not fit.
pub(super) fn merge_matches(
    root: &Arc<[HttpMatch]>,
    root_gateway: &dyn Fn(&Text) -> Text,
    leaf: &Arc<[HttpMatch]>,
    leaf_gateway: &dyn Fn(&Text) -> Text,
) -> Option<Arc<[HttpMatch]>> {
    if root.is_empty() {
        return Some(Arc::clone(leaf));
    }
    if leaf.is_empty() {
        return Some(Arc::clone(root));
    }
    let mut merged = Vec::new();
    for inner in leaf.iter() {
        let before = merged.len();
        for outer in root.iter() {
            if !are_at_odds(outer, inner) && have_gateways(outer, root_gateway, inner, leaf_gateway) {
                merged.push(merge(outer, inner));
            }
        }
        if merged.len() == before {
            return None;
        }
    }
    Some(merged.into())
}

fn merge(root: &HttpMatch, leaf: &HttpMatch) -> HttpMatch {
    let source = if leaf.source_namespace.is_empty() {
        &root.source_namespace
    } else {
        &leaf.source_namespace
    };
    HttpMatch {
        source_namespace: source.clone(),
        ..HttpMatch::default()
    }
}

fn are_at_odds(root: &HttpMatch, leaf: &HttpMatch) -> bool {
    let texts = root.request.iter().zip(&leaf.request).any(|(outer, inner)| {
        let both = outer.as_ref().zip(inner.as_ref());
        both.is_some_and(|(outer, inner)| texts_conflict(outer, inner))
    });
    let ports = root.port > 0 && leaf.port > 0 && root.port != leaf.port;
    let source = !root.source_namespace.is_empty() && leaf.source_namespace != root.source_namespace;
    let labels = || {
        leaf.source_labels
            .iter()
            .any(|(name, value)| root.source_labels.get(name).is_some_and(|outer| outer != value))
    };
    texts
        || maps_conflict(&root.headers, &leaf.headers)
        || maps_conflict(&root.without_headers, &leaf.without_headers)
        || maps_conflict(&root.query_params, &leaf.query_params)
        || root.ignore_uri_case != leaf.ignore_uri_case
        || ports
        || source
        || labels()
}

fn maps_conflict(root: &[(Text, StringMatch)], leaf: &[(Text, StringMatch)]) -> bool {
    leaf.iter().any(|(name, inner)| {
        let outer = root.iter().find(|(other, _)| other == name);
        outer.is_some_and(|(_, outer)| texts_conflict(outer, inner))
    })
}

/// Whether each gateway of the leaf is one of the root's, where both name some.
fn have_gateways(
    root: &HttpMatch,
    root_gateway: &dyn Fn(&Text) -> Text,
    leaf: &HttpMatch,
    leaf_gateway: &dyn Fn(&Text) -> Text,
) -> bool {
    if root.gateways.is_empty() || leaf.gateways.is_empty() {
        return true;
    }
    let known: Vec<Text> = root.gateways.iter().map(root_gateway).collect();
    root.gateways.len() >= leaf.gateways.len()
        && leaf
            .gateways
            .iter()
            .all(|gateway| known.contains(&leaf_gateway(gateway)))
}

/// An empty text counts as not said, as in the original.
fn texts_conflict(root: &StringMatch, leaf: &StringMatch) -> bool {
    use StringMatch::{Exact, Prefix, Regex, Unset};
    let said = |text: &Text| !text.is_empty();
    match (root, leaf) {
        (Regex(outer), Regex(inner) | Prefix(inner) | Exact(inner)) if said(outer) && said(inner) => true,
        (Prefix(outer) | Exact(outer), Regex(inner)) if said(outer) && said(inner) => true,
        (Exact(outer), Exact(inner)) if said(outer) => inner != outer,
        (Exact(outer), Prefix(_) | Regex(_) | Unset) if said(outer) => true,
        (Prefix(outer), Prefix(inner) | Exact(inner)) if said(outer) && said(inner) => {
            !inner.starts_with(outer.as_str())
        }
        (Exact(_) | Prefix(_) | Regex(_) | Unset, _) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_prefix(prefix: &str) -> HttpMatch {
        HttpMatch {
            request: [Some(StringMatch::Prefix(prefix.into())), None, None, None],
            ..HttpMatch::default()
        }
    }

    fn merged(root: &[HttpMatch], leaf: &[HttpMatch]) -> Option<usize> {
        let gateway = |name: &Text| name.clone();
        merge_matches(&root.into(), &gateway, &leaf.into(), &gateway).map(|matches| matches.len())
    }

    #[test]
    fn a_longer_prefix_fits_into_a_shorter_one_and_not_the_other_way() {
        assert_eq!(merged(&[of_prefix("/a")], &[of_prefix("/a/b")]), Some(1));
        assert_eq!(merged(&[of_prefix("/a/b")], &[of_prefix("/a")]), None);
        assert_eq!(merged(&[], &[of_prefix("/a")]), Some(1));
        assert_eq!(merged(&[of_prefix("/a")], &[]), Some(1));
    }

    #[test]
    fn one_inner_match_that_fits_nowhere_drops_the_route() {
        assert_eq!(merged(&[of_prefix("/a")], &[of_prefix("/a/b"), of_prefix("/c")]), None);
    }

    #[test]
    fn the_roots_namespace_must_be_the_leafs_too() {
        let root = HttpMatch {
            source_namespace: "shop".into(),
            ..HttpMatch::default()
        };
        assert_eq!(merged(&[root], &[HttpMatch::default()]), None);
    }
}
