//! Pods and services: what `kubectl get` prints.

use crate::assert_same;
use crate::bed::Bed;
use crate::table::Table;

/// A list of both programs, ages aside; the layout counts too.
#[track_caller]
fn assert_same_list(bed: &Bed, arguments: &[&str]) {
    let real = Table::parse(&bed.kubectl(&[&["get"], arguments].concat()))
        .without_ages()
        .print();
    let ours = Table::parse(&bed.printed(arguments)).without_ages().print();
    assert!(real.lines().count() > 1, "kubectl listed nothing: {real}");
    assert_same(&arguments.join(" "), &real, &ours);
}

#[test]
fn pods_and_services_are_printed_as_kubectl_prints_them() {
    let bed = Bed::with_bookinfo();
    for kind in ["pods", "services"] {
        for output in [&[] as &[&str], &["-o", "wide"]] {
            for namespaces in [&["-n", "bookinfo"] as &[&str], &["-A"], &[]] {
                assert_same_list(&bed, &[&[kind], namespaces, output].concat());
            }
        }
    }
}

#[test]
fn names_are_printed_as_kubectl_prints_them() {
    let bed = Bed::with_bookinfo();
    for kind in ["pods", "services"] {
        let arguments = [kind, "-n", "bookinfo", "-o", "name"];
        let real = bed.kubectl(&[&["get"], arguments.as_slice()].concat());
        assert_same(&arguments.join(" "), &real, &bed.printed(&arguments));
    }
}
