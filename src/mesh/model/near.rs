//! The name that somebody may have meant: for questions after a name that is not there.

/// How alike two names must be, from 0 to 1, to be worth a question.
const ALIKE: f64 = 0.75;
/// Nobody means another name than one that is longer: a DNS name has 253 letters.
const LONGEST: usize = 300;

/// The name most like `name`, if any is like it at all.
pub fn nearest<S: AsRef<str>>(name: &str, names: &[S]) -> Option<String> {
    most_alike(name, names, |other| strsim::jaro_winkler(name, other))
}

/// The host most like `host`, if any is like it at all. Labels that both end with say nothing: all services of a cluster
/// have the same last ones.
pub fn nearest_host<S: AsRef<str>>(host: &str, hosts: &[S]) -> Option<String> {
    most_alike(host, hosts, |other| {
        let shared = host.rsplit('.').zip(other.rsplit('.'));
        let shared = shared.take_while(|(one, other)| one == other);
        let length: usize = shared.map(|(label, _)| label.len() + 1).sum();
        let rest = |host: &str| host.get(..host.len().saturating_sub(length)).map(str::to_owned);
        match (rest(host), rest(other)) {
            (Some(one), Some(other)) => strsim::jaro_winkler(&one, &other),
            (None, _) | (_, None) => 0.0,
        }
    })
}

/// Whether one becomes the other by one or two letters put in, left out or changed.
pub fn is_misspelt(a: &str, b: &str) -> bool {
    const MOST: usize = 2;
    a != b && a.len().abs_diff(b.len()) <= MOST && strsim::levenshtein(a, b) <= MOST
}

fn most_alike<S: AsRef<str>>(name: &str, names: &[S], likeness: impl Fn(&str) -> f64) -> Option<String> {
    if name.len() > LONGEST {
        return None;
    }
    let scored = names.iter().map(|other| (likeness(other.as_ref()), other.as_ref()));
    let (likeness, found) = scored.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    (likeness >= ALIKE).then(|| found.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_most_like_it_is_meant_and_none_that_is_not_like_it() {
        assert_eq!(nearest("egres", &["egress", "ingress"]), Some("egress".to_owned()));
        assert_eq!(nearest("egres", &["workloadSelector"]), None);
        assert_eq!(nearest("egres", &[""; 0]), None);
        let long = "a".repeat(LONGEST + 1);
        assert_eq!(nearest(&long, &[&long]), None, "not worth the time");
    }

    #[test]
    fn the_domain_makes_no_host_like_another() {
        let hosts = ["details.shop.svc.cluster.local", "ratings.shop.svc.cluster.local"];
        let near = |host: &str| nearest_host(host, &hosts);
        assert_eq!(near("rating.shop.svc.cluster.local").as_deref(), Some(hosts[1]));
        assert_eq!(near("ratings.shop").as_deref(), Some(hosts[1]));
        assert_eq!(near("ratings.web.svc.cluster.local").as_deref(), Some(hosts[1]));
        assert_eq!(near("foo.shop.svc.cluster.local"), None);
        assert_eq!(near(""), None);
        assert_eq!(nearest_host("a", &["b.a", "a"]).as_deref(), Some("a"));
    }

    #[test]
    fn one_or_two_letters_off_is_misspelt() {
        assert!(is_misspelt("rating.shop.svc", "ratings.shop.svc"));
        assert!(is_misspelt("raitngs", "ratings"));
        assert!(is_misspelt("xatingz", "ratings"));
        assert!(!is_misspelt("xatinzz", "ratings"));
        assert!(!is_misspelt("ratings", "ratings"));
        assert!(!is_misspelt("details", "ratings"));
        assert!(!is_misspelt("", "abc"));
    }
}
