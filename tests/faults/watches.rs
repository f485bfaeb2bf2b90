//! Watches that tell badly: nothing, twice, out of order, half, or not for long.

use sidescope::demo::kinds::Resource;
use sidescope::demo::options::{Bookmarks, Faults, Watches};
use sidescope::demo::refusal::Reason;
use sidescope::sources::kubernetes::ListStrategy;

use crate::case::{Begins, Case, QUIET, SILENT, play};
use crate::edits::Edit;

fn watches(watches: Watches) -> Faults {
    Faults {
        watches,
        ..Faults::default()
    }
}

/// A pod and two services, of which one comes and changes and one goes.
const EDITS: &[Edit] = &[
    Edit::AddService("fresh"),
    Edit::ChangePort("fresh", 81),
    Edit::Delete(Resource::Services, "bookinfo", "ratings"),
    Edit::Delete(Resource::Pods, "bookinfo", "reviews-v3"),
];
const MARKS: &[&str] = &[
    "endpoints -10.244.1.30:9080 gone",
    "endpoints -10.244.2.32:9080 gone",
    "pods -bookinfo reviews-v3-4tbmp9gw85-7bctq",
    "services +bookinfo fresh",
    "services -bookinfo ratings",
];

const CASES: &[Case] = &[
    Case {
        name: "a watch that goes silent without closing",
        faults: || watches(Watches::Silent),
        within: SILENT,
        ..CHANGED
    },
    Case {
        name: "every change told twice",
        faults: || watches(Watches::Twice),
        ..CHANGED
    },
    Case {
        name: "changes told the newest first",
        faults: || watches(Watches::Backwards),
        badge: Some("retry"),
        ..CHANGED
    },
    Case {
        name: "half an object, then the end",
        faults: || watches(Watches::Halved),
        badge: Some("retry"),
        ..CHANGED
    },
    Case {
        name: "a connection that breaks in the middle of a line",
        faults: || watches(Watches::Torn),
        badge: Some("retry"),
        ..CHANGED
    },
    Case {
        name: "a watch that fails with 500 right behind a change",
        faults: || watches(Watches::Failing(Reason::InternalError)),
        badge: Some("retry"),
        ..CHANGED
    },
    Case {
        name: "a watch that fails with 410 right behind a change",
        faults: || watches(Watches::Failing(Reason::Expired)),
        ..CHANGED
    },
    Case {
        name: "410 on every watch after a while without bookmarks",
        faults: || Faults {
            bookmarks: Bookmarks::Missing,
            ..Faults::default()
        },
        begins: Begins::Cut,
        edits: &[EDITS[0], EDITS[1], EDITS[2], EDITS[3], Edit::Forget],
        ..CHANGED
    },
    Case {
        name: "410 on every watch, lists by pages",
        strategy: ListStrategy::Paged,
        begins: Begins::Cut,
        edits: &[EDITS[0], EDITS[1], EDITS[2], EDITS[3], Edit::Forget],
        ..CHANGED
    },
];

const CHANGED: Case = Case {
    edits: EDITS,
    marks: MARKS,
    ..QUIET
};

#[tokio::test(start_paused = true)]
async fn watches_that_tell_badly() {
    play(CASES).await;
}
