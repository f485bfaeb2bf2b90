//! What a reader with fewer rights gets: the whole table, what may be read and word of what may not, or one clear line
//! and exit code 3.

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
    complaint.trim_end().to_owned()
}

/// The line for a list that may not be read at all (`place` is a namespace) or not everywhere (`place` is empty).
fn forbidden(resource: &str, place: &str) -> String {
    let (place, flags) = match place {
        "" => ("the whole cluster".to_owned(), "-A".to_owned()),
        namespace => (format!("namespace '{namespace}'"), format!("-n {namespace}")),
    };
    format!("error: may not list '{resource}' in {place} (403); see 'kubectl auth can-i list {resource} {flags}'")
}

#[test]
fn a_viewer_gets_the_same_tables_as_an_administrator() {
    let bed = Bed::with_bookinfo();
    for context in ["viewer", "oncall"] {
        for arguments in [
            &["endpoints", PROXIES[0], "-o", "table"] as &[&str],
            &["services", "-A", "-o", "name"],
            &["pods", "-n", "bookinfo", "-o", "name"],
        ] {
            let ours = bed.printed(&[&["--context", context], arguments].concat());
            assert_same(&arguments.join(" "), &bed.printed(arguments), &ours);
        }
    }
}

#[test]
fn nobody_is_told_what_is_missing() {
    let bed = Bed::with_bookinfo();
    for (arguments, resource, place) in [
        (&["pods", "-n", "bookinfo", "-o", "wide"] as &[&str], "pods", "bookinfo"),
        (&["pods", "-A"], "pods", ""),
        (&["services", "-n", "bookinfo", "-o", "wide"], "services", "bookinfo"),
        (&["services", "-A", "-o", "json"], "services", ""),
        (&["sidecars", "-A"], "sidecars.networking.istio.io", ""),
        (&["endpoints", PROXIES[0], "-o", "table"], "pods", "default"),
        (&["endpoints", PROXIES[1], "-o", "json"], "pods", "bookinfo"),
    ] {
        assert_eq!(
            refused(&bed, &[&["--context", "nobody"], arguments].concat()),
            forbidden(resource, place),
            "{}",
            arguments.join(" ")
        );
    }
}

/// Lets the user `reader` read these resources of bookinfo, and nothing else anywhere.
fn grant(bed: &Bed, resources: &str) {
    let resource = format!("--resource={resources}");
    let role = [
        "create",
        "role",
        "reader",
        "--namespace=bookinfo",
        "--verb=get,list,watch",
        &resource,
    ];
    bed.kubectl(&role);
    let binding = [
        "create",
        "rolebinding",
        "reader",
        "--namespace=bookinfo",
        "--role=reader",
        "--user=reader",
    ];
    bed.kubectl(&binding);
}

#[test]
fn who_may_read_one_namespace_gets_its_lists_and_hears_what_a_table_lacks() {
    let bed = Bed::with_bookinfo();
    grant(
        &bed,
        "pods,services,endpointslices.discovery.k8s.io,sidecars.networking.istio.io",
    );
    for arguments in [
        &["pods", "-n", "bookinfo", "-o", "name"] as &[&str],
        &["services", "-n", "bookinfo", "-o", "name"],
    ] {
        let ours = bed.printed(&[&["--as", "reader"], arguments].concat());
        assert_same(&arguments.join(" "), &bed.printed(arguments), &ours);
    }
    assert_eq!(
        refused(&bed, &["--as", "reader", "pods", "-n", "default"]),
        forbidden("pods", "default")
    );
    let output = bed.sidescope(&["--as", "reader", "endpoints", PROXIES[1]]);
    let complaint = String::from_utf8(output.stderr).expect("a complaint is UTF-8");
    assert_eq!(output.status.code(), Some(3), "{complaint}");
    assert!(
        complaint.starts_with("INCOMPLETE: ")
            && complaint.contains("services readable in 1 namespace only")
            && complaint.lines().count() == 1,
        "{complaint}"
    );
    let table = String::from_utf8(output.stdout).expect("tables are UTF-8");
    assert_eq!(
        table.matches("outbound|9080||").count(),
        6,
        "the services of bookinfo are there: {table}"
    );
}

#[test]
fn who_may_not_read_one_kind_gets_the_others() {
    let bed = Bed::with_bookinfo();
    grant(&bed, "pods");
    bed.printed(&["--as", "reader", "pods", "-n", "bookinfo"]);
    assert_eq!(
        refused(&bed, &["--as", "reader", "services", "-n", "bookinfo"]),
        forbidden("services", "bookinfo")
    );
}

#[test]
fn a_wrong_certificate_and_a_wrong_token_are_told_apart() {
    let bed = Bed::with_bookinfo();
    let (_folder, path) = bed.altered_kubeconfig("pki/ca.crt", "pki/admin.crt");
    let line = refused(&bed, &["--kubeconfig", &path, "pods"]);
    assert!(
        line.starts_with("error: cannot reach the API server: invalid peer certificate: ")
            && line.ends_with("; see certificate-authority of context 'kind-sidescope' in the kubeconfig"),
        "{line}"
    );
    let (_folder, path) = bed.altered_kubeconfig("token: ", "token: not");
    assert_eq!(
        refused(&bed, &["--kubeconfig", &path, "--context", "viewer", "pods"]),
        "error: not logged in (401): Unauthorized; log in to context 'viewer' again"
    );
}
