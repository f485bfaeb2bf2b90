//! Filter, palette, help, texts, copy, sort.

use sidescope::app::message::{Fetch, Request};
use sidescope::app::{Command, Message};
use sidescope::mesh::model::{Key, Kind};

use crate::mesh;
use crate::stage::Stage;

fn foot(stage: &mut Stage) -> String {
    stage.text().lines().last().unwrap().trim().to_owned()
}

#[test]
fn a_filter_works_while_it_is_typed_and_a_bad_one_keeps_the_last_good_one() {
    let mut stage = Stage::bookinfo();
    stage.press("/rev");
    assert_eq!(stage.names().len(), 2);
    assert!(foot(&mut stage).starts_with("/rev"), "{}", foot(&mut stage));
    stage.press("(");
    assert_eq!(stage.names().len(), 2);
    assert!(
        foot(&mut stage).contains("not a regular expression: unclosed group"),
        "{}",
        foot(&mut stage)
    );
    stage.press("<Enter>");
    assert!(foot(&mut stage).contains("still showing 'rev'"), "{}", foot(&mut stage));
    stage.press("/<C-u>zzz<Enter>");
    assert!(stage.text().contains("the filter hides all 6 pods"), "{}", stage.text());
    stage.press("/<C-u>!rev<Enter>");
    assert_eq!(stage.names().len(), 4);
    stage.press("/<C-u>-l app=ratings<Enter>");
    assert_eq!(stage.names().len(), 1);
    stage.press("/<C-u>status:run<Esc>");
    assert_eq!(stage.names().len(), 1, "Esc brings the filter before back");
    stage.press("<Esc>");
    assert_eq!(stage.names().len(), 6);
}

#[test]
fn the_palette_suggests_completes_and_corrects() {
    let mut stage = Stage::bookinfo();
    stage.press(":si");
    assert!(stage.text().contains("sidecars"), "{}", stage.text());
    stage.press("<Enter>");
    assert!(stage.active().title[0].text.as_str() == "Sidecars");
    stage.press(":po bookinfo<Enter>");
    assert!(stage.text().contains("ns bookinfo"));
    stage.press(":ep my-shell-6f9c-eeeee.default<Enter>");
    assert!(
        stage.text().contains("of my-shell-6f9c-eeeee.default"),
        "{}",
        stage.text()
    );
    stage.press(":ep ratngs<Enter>");
    assert!(
        foot(&mut stage).contains("near: ratings-v1-6f9c-ccccc.bookinfo"),
        "{}",
        foot(&mut stage)
    );
    stage.press(":ns nowhere<Enter>");
    assert!(
        foot(&mut stage).contains("no namespace 'nowhere'"),
        "{}",
        foot(&mut stage)
    );
    stage.press(":frobnicate<Enter>");
    assert!(
        foot(&mut stage).contains("no command ':frobnicate'"),
        "{}",
        foot(&mut stage)
    );
    stage.press(":q<Enter>");
    assert!(stage.take_commands().contains(&Command::Quit { code: 0 }));
}

#[test]
fn help_is_of_the_view_and_made_from_the_same_table_as_the_keys() {
    let mut stage = Stage::bookinfo().sized(120, 50);
    stage.press("?");
    let text = stage.text();
    assert!(
        text.contains("Help: Pods") && text.contains("choose namespaces; Space picks several"),
        "{text}"
    );
    assert!(!text.contains("next step"), "the demo's keys are the demo's");
    stage.press("G");
    assert!(stage.text().contains("SIDECAR"), "{}", stage.text());
    stage.press("<Esc>3?");
    assert!(stage.text().contains("Help: Endpoints"));
}

#[test]
fn describe_yaml_and_events_show_what_is_held_and_ask_for_the_rest() {
    let mut stage = Stage::bookinfo();
    stage.press("d");
    let text = stage.text();
    assert!(
        text.contains("Deployment details-v1") && text.contains("Governed by"),
        "{text}"
    );
    stage.press("<Esc>y");
    let request = Request {
        what: Fetch::Yaml,
        kind: Kind::Pod,
        key: Key::new("bookinfo", "details-v1-6f9c-ddddd"),
    };
    assert!(stage.take_commands().contains(&Command::Fetch(request.clone())));
    stage.send(Message::Fetched {
        request,
        text: Ok("kind: Pod\nmetadata:\n  name: details\n".to_owned()),
    });
    assert!(stage.text().contains("kind: Pod"), "{}", stage.text());
    stage.press("<Esc>");
    stage.put(mesh::sidecar("bookinfo", &["./*"], 1));
    stage.press("4y");
    assert!(
        stage.text().contains("- ./*") || stage.text().contains("./*"),
        "{}",
        stage.text()
    );
}

#[test]
fn a_row_is_explained_from_the_sidecar_to_the_endpoint() {
    let mut stage = Stage::bookinfo();
    stage.put(mesh::sidecar("bookinfo", &["./*", "istio-system/*"], 1));
    stage.press("3<Enter>");
    let text = stage.text();
    assert!(text.contains("governed by"), "{text}");
    assert!(text.contains("Sidecar bookinfo/default"), "{text}");
    assert!(text.contains("egress[0].hosts[1] 'istio-system/*'"), "{text}");
    assert!(text.contains("exact: follows from API objects alone"), "{text}");
}

#[test]
fn a_service_is_explained_to_the_chosen_pod() {
    let mut stage = Stage::bookinfo();
    stage.put(mesh::sidecar("bookinfo", &["istio-system/*"], 1));
    stage.press("2x");
    let text = stage.text();
    assert!(text.contains("is not in scope of"), "{text}");
    assert!(
        text.contains("no host of egress[0] of Sidecar bookinfo/default fits"),
        "{text}"
    );
    assert!(text.contains("Expect"), "{text}");
}

#[test]
fn hidden_hosts_are_picked_and_explained() {
    let mut stage = Stage::bookinfo();
    stage.press("H");
    assert!(stage.text().contains("the pod reaches every host"), "{}", stage.text());
    stage.press("<Esc>");
    stage.put(mesh::sidecar("bookinfo", &["istio-system/*"], 1));
    stage.press("H");
    let all = stage.text();
    assert!(all.contains("hidden from the pod:"), "{all}");
    assert!(all.contains("reviews.bookinfo.svc.cluster.local"), "{all}");
    stage.press("rev");
    let some = stage.text();
    assert!(!some.contains("productpage.bookinfo.svc.cluster.local"), "{some}");
    stage.press("<Enter>");
    assert!(
        stage
            .text()
            .contains("reviews.bookinfo.svc.cluster.local is not in scope of"),
        "{}",
        stage.text()
    );
    stage.press("<Esc>");
    assert_eq!(stage.text(), some, "back in the list");
}

#[test]
fn a_host_that_the_sidecar_nearly_names_comes_first_and_who_wrote_it_is_said() {
    let mut stage = Stage::bookinfo();
    stage.put(mesh::sidecar(
        "bookinfo",
        &["./review.bookinfo.svc.cluster.local", "istio-system/*"],
        1,
    ));
    stage.wait(90);
    stage.press("H<Enter>");
    let text = stage.text();
    assert!(
        text.contains("reviews.bookinfo.svc.cluster.local is not in scope of"),
        "{text}"
    );
    assert!(text.contains("is a letter or two off"), "{text}");
    assert!(
        text.contains("written       by kubectl-edit at") && text.contains(" ago: spec"),
        "{text}"
    );
    stage.press("<Esc><Esc>1x");
    let text = stage.text();
    assert!(text.contains("Which Sidecar governs"), "{text}");
    assert!(
        text.contains("Config weight   1 cluster, 1 endpoint; by default (*/*) "),
        "{text}"
    );
    assert!(text.contains("written       by kubectl-edit at"), "{text}");
}

#[test]
fn a_text_is_searched_and_the_matches_are_gone_through() {
    let mut stage = Stage::bookinfo();
    stage.press("?/columns to");
    let text = stage.text();
    assert!(text.lines().nth(2).unwrap().contains("columns to the right"), "{text}");
    assert!(text.lines().last().unwrap().contains("in 2 lines"), "{text}");
    stage.press("<Enter>n");
    let line = stage.text().lines().nth(2).unwrap().to_owned();
    assert!(line.contains("columns to the left"), "{line}");
    stage.press("N");
    let line = stage.text().lines().nth(2).unwrap().to_owned();
    assert!(line.contains("columns to the right"), "{line}");
    stage.press("/?");
    assert!(
        stage.text().lines().last().unwrap().starts_with("/?"),
        "it is typed, and asks for nothing"
    );
    stage.press("<Esc><Esc>");
    assert!(!stage.text().contains("Help"), "{}", stage.text());
}

#[test]
fn copying_takes_name_ip_row_json_and_command() {
    let mut stage = Stage::bookinfo();
    let mut copied = |keys: &str| {
        stage.press(keys);
        match stage.take_commands().pop() {
            Some(Command::Copy(text)) => text,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(copied("cn"), "details-v1-6f9c-ddddd");
    assert_eq!(copied("ci"), "10.244.1.29");
    assert_eq!(
        copied("ck"),
        "kubectl -n bookinfo get pod details-v1-6f9c-ddddd -o wide"
    );
    assert!(copied("cj").contains(r#""status":"Running""#));
    assert_eq!(
        copied("3ck"),
        "istioctl proxy-config endpoint details-v1-6f9c-ddddd.bookinfo --cluster 'outbound|15012||istiod.istio-system.svc.cluster.local'"
    );
    stage.press("cz");
    assert!(foot(&mut stage).contains("'z' copies nothing"), "{}", foot(&mut stage));
}

#[test]
fn what_was_copied_and_how_is_told() {
    let mut stage = Stage::bookinfo().sized(120, 40);
    let mut told = |keys: &str, answer: Result<&str, &str>| {
        stage.press(keys);
        let answer = answer.map(ToOwned::to_owned).map_err(ToOwned::to_owned);
        stage.send(Message::Copied(answer));
        foot(&mut stage)
    };
    assert_eq!(
        told("cn", Ok("to tmux")),
        "copied name 'details-v1-6f9c-ddddd' to tmux (sent, not confirmed)"
    );
    assert_eq!(
        told("ck", Ok("by OSC 52")),
        "copied kubectl or istioctl command 'kubectl -n bookinfo get pod details-v1-…' by OSC 52 (sent, not confirmed)"
    );
    assert_eq!(
        told("ci", Err("tmux: no server")),
        "IP '10.244.1.29' not copied: tmux: no server"
    );
    assert_eq!(
        told("<Space><Space>cn", Ok("to tmux")),
        "copied name of 2 rows 'details-v1-6f9c-ddddd …' to tmux (sent, not confirmed)"
    );
    assert_eq!(
        told("<Esc>ggdc", Ok("to tmux")),
        "copied all of 'Pod bookinfo/details-v1-6f9c-ddddd' to tmux (sent, not confirmed)"
    );
}

#[test]
fn several_picked_rows_are_copied_together() {
    let mut stage = Stage::bookinfo();
    stage.press("<Space><Space>cn");
    assert_eq!(
        stage.take_commands().pop(),
        Some(Command::Copy("details-v1-6f9c-ddddd\nratings-v1-6f9c-ccccc".to_owned()))
    );
    assert!(stage.text().contains("2 picked"));
    stage.press("<Esc>");
    assert!(!stage.text().contains("2 picked"));
}

#[test]
fn sorting_by_a_column_is_shown_and_can_be_turned_round() {
    let mut stage = Stage::bookinfo();
    let mut pod = mesh::pod("bookinfo", "reviews-v2", "bbbbb", "10.244.2.31");
    pod.printed.restarts = 7;
    stage.put(pod);
    stage.press("1o");
    assert!(stage.text().contains("its own order"), "{}", stage.text());
    stage.press("jjjjj<Enter>");
    assert!(foot(&mut stage).contains("sorted by RESTARTS"), "{}", foot(&mut stage));
    stage.press("Ig");
    assert!(stage.current().contains("reviews-v2"), "{}", stage.text());
    assert!(stage.text().contains("RESTARTS▼"), "{}", stage.text());
}

#[test]
fn help_opens_over_whatever_is_open_and_esc_leads_back_to_it() {
    for (keys, title) in [
        ("d", "Pod bookinfo/details"),
        ("o", "Sort by"),
        ("c", "Copy"),
        ("n", "Namespaces"),
    ] {
        let mut stage = Stage::bookinfo();
        stage.press(keys);
        let before = stage.text();
        assert!(before.contains(title), "{before}");
        stage.press("<F1>");
        assert!(stage.text().contains("Help: Pods"), "{}", stage.text());
        stage.press("<F1>");
        assert_eq!(stage.text(), before, "it closes what it opened");
    }
    let mut stage = Stage::bookinfo();
    stage.press("d?");
    assert!(stage.text().contains("Help: Pods"), "{}", stage.text());
    stage.press("<Esc><Esc>/a<F1>");
    assert!(stage.text().contains("Help: Pods"), "{}", stage.text());
    stage.press("<Esc>");
    assert!(
        stage.text().lines().last().unwrap().starts_with("/a"),
        "{}",
        stage.text()
    );
}

#[test]
fn help_begins_with_every_question_and_all_of_them_fit_on_the_first_page() {
    let mut stage = Stage::bookinfo();
    stage.press("?");
    let text = stage.text();
    for (question, way) in [
        ("what changed", "5 Enter"),
        ("why the pod reaches a host", "3 x"),
        ("which hosts it does not reach", "H"),
        ("which Sidecar governs", "1 x"),
        ("whether Envoy has", "3 SYNC"),
        ("what is new", "} m"),
        ("whom a Sidecar touches", "4 r"),
        ("what is wrong with a Sidecar", "4 x"),
        ("what a draft would change", "4 E"),
        ("who reaches a service", "2 Enter"),
        ("whose an IP is", "F"),
        ("gets the traffic", "6"),
        ("how it was then", "5 v"),
        ("how the picked pod differs", "1 Space D"),
        ("kept for later", "R"),
        ("the smallest Sidecar", "in a shell"),
    ] {
        let line = text.lines().find(|line| line.contains(question));
        let line = line.unwrap_or_else(|| panic!("{question}: {text}"));
        assert!(line.contains(&format!("  {way} ")) && !line.contains('…'), "{line}");
    }
}

#[test]
fn what_a_picker_cuts_of_the_chosen_line_is_said_whole_below() {
    let words = |text: &str| {
        text.split([' ', '\n', '│'])
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    };
    let mut stage = Stage::bookinfo().sized(200, 40);
    stage.press("3o");
    let text = stage.text();
    let listed = text.lines().skip_while(|line| !line.contains("its own order"));
    // behind the last of them the inspector goes on
    let whole: Vec<String> = listed.map(words).take(12).collect();
    assert!(whole.len() == 12, "{text}");
    stage.size = (50, 20);
    let mut cut = 0;
    for line in &whole {
        let text = stage.text();
        assert!(words(&text).contains(line), "'{line}' is not said in\n{text}");
        cut += usize::from(line.len() > 44);
        stage.press("j");
    }
    assert!(cut > 0, "some are too long for the picker");
}
