//! What a reader with fewer rights gets: the whole table, or one clear line and exit code 3.

use crate::assert_same;
use crate::bed::{Bed, PROXIES};

/// Runs a command that must be refused; gives the one line it complains with.
#[track_caller]
fn refused(bed: &Bed, arguments: &[&str]) -> String {
    let output = bed.sidescope(arguments);
    let what = arguments.join(" ");
    let complaint = String::from_utf8(output.stderr).expect("a complaint is UTF-8");
    assert_eq!(output.status.code(), Some(3), "{what}: {complaint}");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "",
        "{what}: nothing is printed of what could not be read"
    );
    assert_eq!(
        complaint.lines().count(),
        1,
        "{what}: one line was due, not\n{complaint}"
    );
    complaint
}

#[test]
fn a_viewer_gets_the_same_tables_as_an_administrator() {
    let bed = Bed::with_bookinfo();
    for arguments in [
        &["endpoints", PROXIES[0], "-o", "table"] as &[&str],
        &["services", "-A", "-o", "name"],
        &["pods", "-n", "bookinfo", "-o", "name"],
    ] {
        let ours = bed.printed(&[&["--context", "viewer"], arguments].concat());
        assert_same(&arguments.join(" "), &bed.printed(arguments), &ours);
    }
}

#[test]
fn nobody_is_told_what_is_missing() {
    let bed = Bed::with_bookinfo();
    for (arguments, resource) in [
        (&["pods", "-n", "bookinfo", "-o", "wide"] as &[&str], "pods"),
        (&["services", "-n", "bookinfo", "-o", "wide"], "services"),
        (&["sidecars", "-A"], "sidecars"),
        (&["endpoints", PROXIES[0], "-o", "table"], "pods"),
    ] {
        let complaint = refused(&bed, &[&["--context", "nobody"], arguments].concat());
        assert!(
            complaint.contains(resource),
            "{}: '{resource}' is not named: {complaint}",
            arguments.join(" ")
        );
    }
}
