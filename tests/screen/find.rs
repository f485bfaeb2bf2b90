//! Finding anything by its name or address, and going there and back.

use sidescope::app::{KeyCode, KeyPress, Message};
use sidescope::mesh::model::{EndpointSlice, Key, Kind, Labels, Node, Object, SliceEndpoint, Text};
use sidescope::mesh::world::{Delta, Found, ListScope};

use crate::mesh;
use crate::stage::Stage;

fn title(stage: &mut Stage) -> String {
    stage.active().title[0].text.to_string()
}

/// A slice of `ratings` that nobody took care of, with an address that no pod has.
fn forgotten(ip: &str) -> EndpointSlice {
    let mut slice = mesh::slice("bookinfo", "ratings", 9080, &[]);
    slice.meta.key = Key::new("bookinfo", "ratings-old");
    slice.endpoints = [SliceEndpoint {
        addresses: [Text::from(ip)].into(),
        ready: Some(true),
        ..SliceEndpoint::default()
    }]
    .into();
    slice
}

#[test]
fn an_address_says_its_pod_node_zone_and_readiness_and_who_names_it() {
    let mut stage = Stage::bookinfo().sized(120, 40);
    let mut node = mesh::meta(Kind::Node, "", "node-a");
    node.labels = Labels::from([("topology.kubernetes.io/zone", "zone-7")]);
    stage.put(Node { meta: node });
    stage.press("F10.244.1.30");
    let text = stage.text();
    for line in [
        "10.244.1.30     ready      ratings-v1-6f9c-ccccc.bookinfo  node-a  zone-7",
        "10.244.1.30     ready      endpoint of ratings.bookinfo",
        "outbound|9080||ratings.bookinfo.svc.cluster.local",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(!text.contains("no pod has it"), "{text}");
    stage.press("<Enter>");
    assert_eq!(title(&mut stage), "Pods");
    assert!(stage.current().contains("ratings"), "{}", stage.text());
}

#[test]
fn the_address_may_be_pasted_with_its_port_and_the_very_address_comes_first() {
    let mut stage = Stage::bookinfo();
    stage.put(mesh::pod("bookinfo", "early-v1", "zzzzz", "10.244.1.3"));
    stage.press("F");
    stage.send(Message::Paste("10.244.1.3:9080\n".to_owned()));
    stage.press("<Enter>");
    assert!(stage.current().contains("early-v1"), "{}", stage.text());
    stage.press("F10.244.1.3");
    let found = stage.lines_with("10.244.1.3");
    assert!(found[0].contains("early-v1"), "{found:?}");
    assert!(found.iter().any(|line| line.contains("10.244.1.31")), "{found:?}");
}

#[test]
fn an_orphan_says_that_no_pod_has_it() {
    let mut stage = Stage::bookinfo();
    stage.put(forgotten("10.9.9.9"));
    stage.press("F10.9.9.9");
    let text = stage.text();
    assert!(
        text.contains("10.9.9.9        ready      no pod has it  endpoint of ratings.bookinfo"),
        "{text}"
    );
    let row = stage.lines_with("10.9.9.9:9080   no pod has it  outbound|9080||ratings.bookinfo.svc");
    assert_eq!(row.len(), 1, "{text}");
    stage.press("<Enter>");
    assert_eq!(title(&mut stage), "Services");
    assert!(stage.current().contains("ratings"));
    stage.press("F10.9.");
    assert!(stage.text().contains("no pod has it"), "{}", stage.text());
    stage.say(vec![Delta::Coverage(Kind::Pod, ListScope::All, Found::Denied)]);
    let text = stage.text();
    assert!(text.contains("no pod that can be read has it"), "{text}");
}

#[test]
fn an_address_that_nobody_has_is_told_as_such() {
    let mut stage = Stage::bookinfo().sized(120, 40);
    stage.press("F10.99.99.99");
    let text = stage.text();
    assert!(
        text.contains("10.99.99.99: no pod, service, slice or endpoint of the chosen pod has it"),
        "{text}"
    );
    stage.press("<Enter>");
    assert_eq!(stage.text(), text, "there is nothing to go to");
    stage.press("<C-u>zzzzzz");
    assert!(stage.text().contains("nothing is like that"), "{}", stage.text());
    stage.press("<C-u>");
    assert!(
        stage.text().contains("of 6 pods, 4 services, 0 Sidecars"),
        "{}",
        stage.text()
    );
    stage.press("<Esc>");
    assert_eq!(title(&mut stage), "Pods");
}

#[test]
fn it_is_grouped_by_what_it_is_and_tab_goes_to_the_next_group() {
    let mut stage = Stage::bookinfo().sized(120, 40);
    stage.put(mesh::sidecar("bookinfo", &["./*"], 1));
    stage.press("Freviews");
    let text = stage.text();
    let place = |heading: &str| text.find(heading).unwrap_or_else(|| panic!("no {heading}\n{text}"));
    let headings = [
        "Pods  2",
        "Services  1",
        "Hosts of the chosen pod  1",
        "Clusters of the chosen pod  1",
    ];
    assert!(headings.map(place).is_sorted(), "{text}");
    stage.press("<Tab><Enter>");
    assert_eq!(title(&mut stage), "Services");
    assert!(stage.current().contains("reviews"));
    stage.press("Freviews<Tab><Tab><Enter>");
    assert!(stage.text().contains("/host:^reviews"), "{}", stage.text());
    assert_eq!(stage.names().len(), 2);
    stage.press("F|reviews<Enter>");
    assert_eq!(title(&mut stage), "Endpoints");
    assert_eq!(stage.names().len(), 5, "a cluster is gone to among all others");
    assert!(stage.current().contains("reviews"), "{}", stage.text());
    stage.press("Fbookinfo");
    let text = stage.text();
    assert!(
        text.contains("Sidecars  1") && text.contains("bookinfo/default  governs 4 pods"),
        "{text}"
    );
    assert!(
        text.contains("Namespaces  1") && text.contains("bookinfo  4 pods"),
        "{text}"
    );
}

#[test]
fn sidecars_namespaces_and_hosts_without_endpoints_lead_somewhere() {
    let mut stage = Stage::bookinfo();
    stage.put(mesh::sidecar("bookinfo", &["./*"], 1));
    stage.press("Fbookinfo/default<Enter>");
    assert_eq!(title(&mut stage), "Sidecars");
    stage.press("Fistio-system<Enter>");
    assert!(stage.text().contains("ns istio-system"), "{}", stage.text());
    assert_eq!((title(&mut stage).as_str(), stage.names().len()), ("Pods", 1));
    stage.press("-");
    assert_eq!(title(&mut stage), "Sidecars");
    stage.put(mesh::service("bookinfo", "nobody", 80));
    stage.press("Fnobody.bookinfo.svc<Enter>");
    let text = stage.text();
    assert!(
        text.contains("nobody.bookinfo.svc.cluster.local is in scope of"),
        "{text}"
    );
}

#[test]
fn it_looks_in_all_namespaces_and_one_step_leads_back_to_the_row_before() {
    let mut stage = Stage::bookinfo();
    stage.press("nbk<Enter>1/details<Enter>");
    let before = stage.current();
    stage.press("Fmy-shell<Enter>");
    assert!(stage.text().contains("ns default"), "{}", stage.text());
    assert!(stage.current().contains("my-shell"), "{}", stage.text());
    stage.press("-");
    assert!(stage.text().contains("ns bookinfo"), "{}", stage.text());
    assert!(stage.text().contains("/details"), "the filter is back too");
    assert_eq!(stage.current(), before);
    stage.press("-");
    assert!(stage.current().contains("my-shell"), "{}", stage.text());
    stage.press("<Esc>");
    assert_eq!(stage.current(), before);
}

#[test]
fn a_row_that_filter_faults_or_workloads_hide_is_gone_to_all_the_same() {
    for hide in ["1/details<Enter>", "1!", "1W", "W!"] {
        let mut stage = Stage::bookinfo();
        stage.press(hide).press("Fratings-v1<Enter>");
        assert_eq!(title(&mut stage), "Pods", "{hide}");
        assert!(stage.current().contains("ratings"), "{hide}\n{}", stage.text());
    }
}

#[test]
fn keys_may_be_typed_ahead_of_the_screen() {
    let mut stage = Stage::bookinfo();
    for c in "Fratings".chars() {
        stage.send(Message::Key(KeyPress::char(c)));
    }
    stage.send(Message::Key(KeyPress::plain(KeyCode::Enter)));
    assert!(stage.current().contains("ratings"), "{}", stage.text());
}

#[test]
fn the_palette_finds_too() {
    let mut stage = Stage::bookinfo();
    stage.press(":find 10.244.1.30<Enter>");
    assert!(
        stage.text().contains("ratings-v1-6f9c-ccccc.bookinfo"),
        "{}",
        stage.text()
    );
}

#[test]
fn in_a_large_mesh_a_frame_looks_at_a_part_and_the_next_ones_at_the_rest() {
    let mut objects = mesh::bookinfo();
    let crowd = (0..20_100_u32).map(|n| {
        let ip = format!("10.{}.{}.{}", 1 + n / 65_536, n / 256 % 256, n % 256);
        Object::from(mesh::without_proxy(mesh::pod(
            "crowd",
            "load-v1",
            &format!("n{n:05}"),
            &ip,
        )))
    });
    objects.extend(crowd);
    objects.push(mesh::service("zoo", "load", 80).into());
    let mut stage = Stage::with(&objects);
    stage.send(Message::Key(KeyPress::char('F')));
    for c in "load".chars() {
        stage.send(Message::Key(KeyPress::char(c)));
    }
    let text = stage.text();
    assert!(text.contains("looking ..."), "{text}");
    assert_eq!(
        stage.app.next_wake(stage.now),
        Some(stage.now),
        "the next frame looks on at once"
    );
    let text = stage.text();
    assert!(!text.contains("looking ..."), "{text}");
    assert!(text.contains("Pods  20100"), "{text}");
    stage.press("<Tab>");
    let text = stage.text();
    assert!(text.contains("and 20072 more"), "{text}");
    assert!(text.contains("load.zoo"), "{text}");
}
