//! Every reason that occurs is put into words, and the words say all that it holds.
//!
//! The tests ask of each text: it names the object and every name and number of the reason, shows nothing of the program's
//! own forms, and is that of no other variant.

use std::collections::BTreeMap;
use std::fmt::{Debug, Display};

use sidescope::mesh::model::{Key, Kind};
use sidescope::mesh::scope::{Barrier, Cluster, EndpointTable, Explanation, Outcome, Reason};

/// The variant that each text belongs to, by enum.
#[derive(Default)]
pub(crate) struct Words(BTreeMap<(&'static str, String), &'static str>);

impl Words {
    /// All that an explanation says.
    pub(crate) fn check_explanation(&mut self, explanation: &Explanation) {
        for (_, why) in &explanation.passed {
            self.check("Passed", why.id(), why, None);
        }
        for candidate in &explanation.candidates {
            match &candidate.outcome {
                Outcome::Taken(reasons) => reasons.iter().for_each(|reason| self.check_reason(reason)),
                Outcome::Merged => {}
                Outcome::Out(barriers) => barriers.iter().for_each(|barrier| self.check_barrier(barrier)),
            }
        }
        let of_clusters = explanation.clusters.iter().filter_map(|answer| answer.lack.as_ref());
        for lack in of_clusters.chain(&explanation.port_lack) {
            self.check("Lack", lack.id(), lack, None);
        }
        for one in explanation.clusters.iter().flat_map(|answer| &answer.withheld) {
            self.check("Withheld", one.why.id(), &one.why, None);
        }
        self.check("Symptom", explanation.symptom.id(), &explanation.symptom, None);
    }

    /// The chains of a table's rows, and what they are cut down to in a cell.
    pub(crate) fn check_table(&mut self, table: &EndpointTable) {
        for row in table.rows.iter() {
            row.why.chain.iter().for_each(|reason| self.check_reason(reason));
            let (whole, short) = (row.why.to_string(), row.why.short());
            assert!(
                !short.is_empty() && whole.contains(&short),
                "{row:?}: '{short}' of '{whole}'"
            );
            if let Some((kind, key)) = row.why.by() {
                assert!(whole.contains(&format!("{} {key}", kind.name())), "{row:?}: '{whole}'");
            }
            assert_eq!(Cluster::parse(&row.cluster.name().into()), *row.cluster, "{row:?}");
        }
    }

    fn check_reason(&mut self, reason: &Reason) {
        self.check("Reason", reason.id(), reason, reason.object());
    }

    fn check_barrier(&mut self, barrier: &Barrier) {
        self.check("Barrier", barrier.id(), barrier, barrier.object());
        let inner = match barrier {
            Barrier::NoLine { near: Some(near), .. } => near.to_string(),
            Barrier::OtherNamespace { because, .. } => because.to_string(),
            Barrier::Route { miss, .. } => miss.to_string(),
            Barrier::NamespaceIgnored { .. }
            | Barrier::OtherRevision { .. }
            | Barrier::KindIgnored
            | Barrier::NoValidAddress
            | Barrier::NotExported { .. }
            | Barrier::Capped
            | Barrier::NoHosts { .. }
            | Barrier::NoLine { near: None, .. }
            | Barrier::Excluded { .. }
            | Barrier::OtherPort { .. }
            | Barrier::BehindInNamespace { .. }
            | Barrier::BehindKubernetes { .. }
            | Barrier::BehindEarlier { .. } => return,
        };
        assert!(
            !inner.is_empty() && barrier.to_string().ends_with(&inner),
            "{barrier:?}: '{barrier}'"
        );
    }

    fn check<T: Debug + Display>(
        &mut self,
        of: &'static str,
        id: &'static str,
        reason: &T,
        object: Option<(Kind, Key)>,
    ) {
        let text = reason.to_string();
        let place = format!("{of} {reason:?}: '{text}'");
        assert!(text.len() > 4 && text == text.trim(), "{place}");
        for leftover in ["{", "}", "Some(", "None", "Text(", "Key ", "\n", "  ", "''"] {
            assert!(!text.contains(leftover), "{place} has '{leftover}'");
        }
        if let Some((kind, key)) = object {
            assert!(text.contains(&format!("{} {key}", kind.name())), "{place}");
        }
        for said in names_and_numbers(&format!("{reason:?}")) {
            assert!(text.contains(&said), "{place} does not say '{said}'");
        }
        let other = self.0.entry((of, text)).or_insert(id);
        assert_eq!(*other, id, "{place}");
    }
}

/// The quoted texts, the keys (`NAMESPACE/NAME`) and the bare numbers of a `Debug` form, the empty ones aside.
fn names_and_numbers(form: &str) -> Vec<String> {
    let is_of_name = |c: char| c.is_alphanumeric() || "-._/".contains(c);
    let is_number = |word: &str| word.chars().all(|c| c.is_ascii_digit());
    let mut found: Vec<&str> = Vec::new();
    for (index, piece) in form.split('"').enumerate() {
        if index % 2 == 1 {
            found.push(piece);
        } else {
            let words = piece.split(|c| !is_of_name(c));
            found.extend(words.filter(|word| word.contains('/') || is_number(word)));
        }
    }
    found.retain(|said| !said.is_empty());
    found.into_iter().map(str::to_owned).collect()
}

#[test]
fn names_and_numbers_are_found_in_a_debug_form() {
    let key = Key::new("shop", "web-2");
    let form = format!("{:?}", (Some(80), key, "a b", "", [1, 2]));
    assert_eq!(names_and_numbers(&form), ["80", "shop/web-2", "a b", "1", "2"]);
}
