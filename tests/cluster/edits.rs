//! One sidecar's endpoints: what `istioctl proxy-config endpoint` prints, before and after each edit of a Sidecar.

use crate::assert_same;
use crate::bed::{Bed, PROXIES};

/// What is done to the cluster.
enum Edit {
    /// Objects of a file of `edits/`.
    Apply(&'static str),
    /// A Sidecar: namespace and name.
    Delete(&'static str, &'static str),
}

/// One step, and how many outbound rows the first and the third of [`PROXIES`] have after it.
///
/// The numbers were read off the bed. They hold the edits themselves to account: one that does nothing would prove nothing.
struct Step {
    edit: Edit,
    my_shell: usize,
    reviews_v2: usize,
}

const fn step(edit: Edit, my_shell: usize, reviews_v2: usize) -> Step {
    Step {
        edit,
        my_shell,
        reviews_v2,
    }
}

const STEPS: &[Step] = &[
    step(Edit::Apply("kubernetes-endpoint"), 22, 22),
    step(Edit::Apply("own-namespace"), 1, 22),
    step(Edit::Apply("own-namespace-and-istio-system"), 12, 22),
    step(Edit::Apply("one-exact-host"), 3, 22),
    step(Edit::Apply("excluded-namespace"), 16, 22),
    step(Edit::Delete("default", "default"), 22, 22),
    step(Edit::Apply("root-default"), 12, 17),
    step(Edit::Apply("selector-not-matching"), 12, 17),
    step(Edit::Apply("selector-matching"), 1, 17),
    step(Edit::Apply("selector-reviews-v2"), 1, 6),
    step(Edit::Delete("istio-system", "default"), 1, 6),
    step(Edit::Delete("default", "shell"), 22, 6),
    step(Edit::Delete("bookinfo", "reviews-v2"), 22, 22),
];

/// A printed table without the rows that do not come from istiod's outbound clusters, laid out anew.
fn outbound(table: &str) -> String {
    let mut lines = table.lines();
    let header = ["ENDPOINT", "STATUS", "OUTLIER CHECK", "CLUSTER"];
    assert_eq!(
        lines
            .next()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")),
        Some(header.join(" "))
    );
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split_whitespace().collect()).collect();
    let rows: Vec<&[&str]> = rows
        .iter()
        .map(Vec::as_slice)
        .filter(|row| row[3].starts_with("outbound|"))
        .collect();
    let all: Vec<&[&str]> = [header.as_slice()].into_iter().chain(rows).collect();
    let width = |column: usize| all.iter().map(|row| row[column].len() + 5).max().unwrap_or_default();
    let widths = [width(0), width(1), width(2)];
    let line = |row: &&[&str]| {
        let [endpoint, status, outlier] = widths;
        format!(
            "{:<endpoint$}{:<status$}{:<outlier$}{}\n",
            row[0], row[1], row[2], row[3]
        )
    };
    all.iter().map(line).collect()
}

/// Compares the tables of every proxy; gives how many outbound rows each has.
#[track_caller]
fn assert_same_tables(bed: &Bed, when: &str) -> [usize; 4] {
    PROXIES.map(|pod| {
        let real = bed.istioctl(pod);
        let ours = bed.printed(&["endpoints", pod, "-o", "table", "--bootstrap"]);
        assert_same(&format!("endpoints {pod} --bootstrap, {when}"), &real, &ours);
        let real = outbound(&real);
        assert_same(
            &format!("endpoints {pod}, {when}"),
            &real,
            &bed.printed(&["endpoints", pod, "-o", "table"]),
        );
        real.lines().count() - 1
    })
}

#[test]
fn endpoints_are_printed_as_istioctl_prints_them_after_every_edit() {
    let bed = Bed::with_bookinfo();
    assert_eq!(assert_same_tables(&bed, "before any edit"), [21, 21, 21, 21]);
    for Step {
        edit,
        my_shell,
        reviews_v2,
    } in STEPS
    {
        let when = match edit {
            Edit::Apply(name) => {
                bed.apply(&format!("edits/{name}.yaml"));
                format!("after {name}")
            }
            Edit::Delete(namespace, name) => {
                bed.delete("sidecar", namespace, name);
                format!("after the deletion of {namespace}/{name}")
            }
        };
        let rows = assert_same_tables(&bed, &when);
        assert_eq!(
            (rows[0], rows[2]),
            (*my_shell, *reviews_v2),
            "outbound rows of my-shell and reviews-v2 {when}"
        );
        println!("{when}: {rows:?} outbound rows");
    }
}
