//! Questions about all pods and about the past: what an edit did, who else, who sees, what differs, how it was then.

use insta::assert_snapshot;
use sidescope::mesh::model::{Key, Kind, Labels};
use sidescope::tui::Theme;

use crate::mesh;
use crate::picture::styled;
use crate::stage::Stage;

/// The small mesh with the cursor on the shell, whose Sidecar is narrowed, then widened again.
fn narrowed_and_widened() -> Stage {
    let mut objects = mesh::bookinfo();
    objects.push(mesh::sidecar("default", &["*/*"], 1).into());
    let mut stage = Stage::with(&objects);
    stage.press("/my-shell<Enter>");
    stage.wait(60);
    stage.put(mesh::sidecar("default", &["istio-system/*"], 2));
    stage.wait(60);
    stage.put(mesh::sidecar("default", &["bookinfo/*", "istio-system/*"], 3));
    stage
}

fn foot(stage: &mut Stage) -> String {
    stage.text().lines().last().unwrap().trim().to_owned()
}

#[test]
fn an_edit_is_told_by_what_it_did_then_not_by_how_rows_are_marked_now() {
    let mut stage = narrowed_and_widened();
    stage.press("5<Enter>");
    let text = stage.text();
    assert!(
        text.contains("Effect on default/my-shell-6f9c-eeeee: +4 -0 ~0"),
        "{text}"
    );
    assert!(
        text.contains("In the mesh     1 of 5 pods see a difference, in 1 workload"),
        "{text}"
    );
    stage.press("<Esc>j<Enter>");
    let text = stage.text();
    assert!(
        text.contains("Effect on default/my-shell-6f9c-eeeee: +0 -4 ~0"),
        "{text}"
    );
    assert!(text.contains("kubectl-edit (Update)"), "{text}");
    assert!(text.contains("Fields          spec.egress[0].hosts[0]"), "{text}");
    assert_eq!(stage.lines_with("- 10.244.").len(), 4, "{}", stage.text());
    stage.press("c");
    assert!(
        stage
            .take_commands()
            .iter()
            .any(|command| format!("{command:?}").contains("is in the scope no more")),
        "with the reason"
    );
}

#[test]
fn an_edit_that_the_chosen_pod_does_not_feel_says_who_does() {
    let mut stage = narrowed_and_widened();
    stage.press("1/^ratings<Enter>5<Enter>");
    let text = stage.text();
    assert!(text.contains("no row differs"), "{text}");
    stage.press("r");
    let text = stage.text();
    assert!(
        text.contains("Who gained or lost what: Sidecar default/default edited"),
        "{text}"
    );
    assert!(text.contains("deployment/my-shell"), "{text}");
    stage.press("<Esc>");
    assert!(stage.text().contains("no row differs"), "Esc leads back to the edit");
    stage.press("r<Enter>");
    let text = stage.text();
    assert!(text.contains("of my-shell-6f9c-eeeee.default"), "{text}");
    stage.press("<Esc>");
    assert!(stage.text().contains("Timeline"), "one step back: {}", stage.text());
}

#[test]
fn a_sidecar_says_what_its_pods_have_with_it_and_would_have_without() {
    let mut stage = narrowed_and_widened();
    stage.put(mesh::sidecar("default", &["istio-system/*"], 4));
    stage.press("4r");
    let text = stage.text();
    assert!(text.contains("1 of 5 pods see a difference"), "{text}");
    assert!(text.contains("+0    -4"), "{text}");
    assert!(
        text.contains("Out of scope    details.bookinfo.svc.cluster.local"),
        "{text}"
    );
    assert!(text.contains("Sidecar default/default, was no Sidecar"), "{text}");
}

#[test]
fn two_times_are_compared_and_so_is_one_with_now() {
    let mut stage = narrowed_and_widened();
    stage.press("5gD");
    let text = stage.text();
    assert!(
        text.contains("From            03:03:00") && text.contains("no row differs"),
        "{text}"
    );
    stage.press("<Esc>jD");
    let text = stage.text();
    assert!(text.contains("my-shell-6f9c-eeeee from 03:02:00 to now"), "{text}");
    assert!(text.contains("+4 -0 ~0"), "{text}");
    assert!(
        text.contains("Edits between   03:03:00 Sidecar default/default edited"),
        "{text}"
    );
    stage.press("<Esc>g<Space><Space>D");
    let text = stage.text();
    assert!(text.contains("from 03:02:00 to 03:03:00"), "{text}");
    stage.press("<Esc><Esc>GD");
    assert!(
        foot(&mut stage).contains("before sidescope started is not known"),
        "{}",
        stage.text()
    );
}

#[test]
fn since_the_start_and_two_picked_pods_are_compared() {
    let mut stage = narrowed_and_widened();
    stage.press("3D");
    let text = stage.text();
    assert!(text.contains("from the start to now"), "{text}");
    assert!(text.contains("no row differs"), "{text}");
    stage.put(mesh::sidecar("default", &["istio-system/*"], 4));
    stage.press("<Esc>1<Esc>");
    stage.press("/ratings|my-shell<Enter>g<Space><Space>D");
    let text = stage.text();
    assert!(
        text.contains("bookinfo/ratings-v1-6f9c-ccccc against default/my-shell-6f9c-eeeee"),
        "{text}"
    );
    let sides = "Differences     4 only on A, 0 only on B, 0 not the same";
    assert!(text.contains(sides), "{text}");
    assert!(
        text.contains("A               bookinfo/ratings-v1-6f9c-ccccc"),
        "{text}"
    );
    assert!(text.contains("only on A 10.244."), "{text}");
    assert!(
        text.contains("is not in the scope of B: ") && !text.contains("no more"),
        "{text}"
    );
    stage.press("<Esc><Esc>");
    stage.press("gD");
    assert!(stage.text().contains("from the start to now"), "{}", stage.text());
}

#[test]
fn endpoints_are_shown_as_they_were_and_esc_comes_back_to_now() {
    let mut stage = narrowed_and_widened();
    let now = stage.press("3").names();
    stage.press("5jv");
    let text = stage.text();
    assert!(
        text.contains("Endpoints as at 03:02:00 (Esc: now) 1  of my-shell"),
        "{text}"
    );
    assert_eq!(stage.names().len(), 1, "{text}");
    let header = text.lines().next().unwrap().to_owned();
    assert!(
        header.contains("◀ AS AT 03:02:00") && !header.contains("live"),
        "{header}"
    );
    stage.press("<Enter>");
    assert!(stage.text().contains("Why it is here"), "{}", stage.text());
    stage.press("<Esc><Esc>");
    assert_eq!(stage.names().len(), now.len(), "{}", stage.text());
    assert!(!stage.text().contains("as at"), "{}", stage.text());
    let header = stage.text().lines().next().unwrap().to_owned();
    assert!(!header.contains("AS AT") && header.contains('●'), "{header}");
    stage.press("<Esc>");
    assert!(
        stage.text().contains("Timeline 2"),
        "then where one came from: {}",
        stage.text()
    );
    stage.press("jv");
    assert!(
        stage.text().contains("Endpoints as at the start (Esc: now) 5"),
        "{}",
        stage.text()
    );
    stage.press("1");
    stage.press("3");
    assert!(!stage.text().contains("as at"), "leaving the tab leaves the past");
    stage.press("5Gv");
    assert!(
        foot(&mut stage).contains("before sidescope started is not known"),
        "{}",
        stage.text()
    );
}

#[test]
fn what_happens_meanwhile_does_not_change_a_table_of_the_past() {
    let mut stage = narrowed_and_widened();
    stage.press("5jv");
    let then = stage.names();
    stage.put(mesh::sidecar("default", &["*/*"], 5));
    assert_eq!(stage.names(), then);
    stage.remove(Kind::Pod, "default", "my-shell-6f9c-eeeee");
    assert_eq!(stage.names(), then);
}

#[test]
fn who_sees_a_service_is_told_by_workload_and_leads_to_its_rows() {
    let mut stage = narrowed_and_widened();
    stage.put(mesh::sidecar("default", &["istio-system/*"], 4));
    stage.press(":who ratings.bookinfo<Enter>");
    let text = stage.text();
    assert!(
        text.contains("4 of 5 pods with a sidecar have it in scope, in 4 workloads"),
        "{text}"
    );
    assert!(text.contains("with the chosen pod"), "{text}");
    stage.press("<Enter>");
    assert!(stage.text().contains("is not in scope of"), "{}", stage.text());
    stage.press("<Esc>g<Enter>");
    let text = stage.text();
    assert!(text.contains("pod details-v1-6f9c-ddddd.bookinfo"), "{text}");
    assert!(text.contains("10.244.1.30:9080"), "{text}");
    stage.press("s");
    assert!(stage.text().contains("Who sees ratings.bookinfo"), "{}", stage.text());
    stage.press("<Esc>:who ratngs<Enter>");
    assert!(foot(&mut stage).contains("no host 'ratngs'"), "{}", foot(&mut stage));
}

#[test]
fn a_pod_says_which_sidecar_won_and_why_the_others_lost() {
    let mut stage = narrowed_and_widened();
    let mut other = mesh::sidecar("default", &["*/*"], 1);
    other.meta.key = Key::new("default", "for-others");
    other.selector = Some(Labels::from([("app", "other")]));
    stage.put(other);
    let mut root = mesh::sidecar("istio-system", &["*/*"], 1);
    root.meta.key = Key::new("istio-system", "all");
    stage.put(root);
    stage.press("1x");
    let text = stage.text();
    assert!(text.contains("Governed by     Sidecar default/default"), "{text}");
    assert!(
        text.contains("Sidecar default/for-others  for pods with app=other"),
        "{text}"
    );
    assert!(text.contains("Sidecar istio-system/all  for all pods"), "{text}");
    assert_snapshot!("winner_80x24", styled(&mut stage, Theme::Terminal));
}

#[test]
fn each_has_its_place_at_80x24_and_120x40() {
    let views = [
        ("edit", "5j<Enter>"),
        ("radius", "5jr"),
        ("compare", "5g<Space><Space>D"),
        ("then", "5jv"),
        ("who", "2/ratings<Enter><Enter>"),
    ];
    for (name, keys) in views {
        let mut stage = narrowed_and_widened();
        stage.press(keys);
        assert_snapshot!(format!("{name}_80x24"), styled(&mut stage, Theme::Terminal));
    }
    let mut stage = narrowed_and_widened().sized(120, 40);
    stage.press("5j<Enter>");
    assert_snapshot!("edit_120x40", styled(&mut stage, Theme::Terminal));
}
