//! The release of istiod, as far as rules differ between releases (scope rules §18).

use std::cmp::Ordering;
use std::fmt;

/// Major and minor release.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Version {
    /// 1
    pub major: u16,
    /// Such as 31.
    pub minor: u16,
}

impl Version {
    /// The release whose rules were judged against a real istiod.
    pub const JUDGED: Version = Version { major: 1, minor: 31 };

    /// From an image tag or a release's name, such as `1.31.0`, `1.29-alpha.xyz`, `v1.30.2-distroless`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let (major, rest) = text.split_once('.')?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        Some(Self {
            major: major.parse().ok()?,
            minor: rest.get(..digits)?.parse().ok()?,
        })
    }

    /// What a reader must know of tables by its rules; `None` for the judged one.
    pub fn caveat(self) -> Option<String> {
        match self.cmp(&Self::JUDGED) {
            Ordering::Equal => None,
            Ordering::Less => Some(format!(
                "the rules of istio {self} come from its source and were not judged against a real one"
            )),
            Ordering::Greater => Some(format!(
                "istio {self} is newer than any that was judged: the rules of {} are applied",
                Self::JUDGED
            )),
        }
    }

    /// Whether this is release 1.`minor` or a later one.
    pub fn is_at_least(self, minor: u16) -> bool {
        self >= Version { major: 1, minor }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_all_shapes_are_read_and_others_are_none() {
        let parsed = |text| Version::parse(text).map(|version| version.to_string());
        assert_eq!(parsed("1.31.0").as_deref(), Some("1.31"));
        assert_eq!(parsed("v1.29.2-distroless").as_deref(), Some("1.29"));
        assert_eq!(parsed("1.30-dev").as_deref(), Some("1.30"));
        assert_eq!(parsed("latest"), None);
        assert_eq!(parsed("1.x"), None);
        assert_eq!(parsed(""), None);
    }

    #[test]
    fn only_the_judged_release_is_without_a_caveat() {
        let caveat = |minor| Version { major: 1, minor }.caveat();
        assert_eq!(caveat(Version::JUDGED.minor), None);
        assert!(caveat(29).is_some_and(|text| text.contains("come from its source")));
        assert!(caveat(99).is_some_and(|text| text.contains("newer than any that was judged")));
    }
}
