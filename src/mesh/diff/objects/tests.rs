//! Differences of objects, as a person would name them.

use super::*;

fn changes(before: &str, after: &str) -> Vec<String> {
    let text = |json: &str| ObjectText(serde_json::from_str(json).unwrap());
    fields(&text(before), &text(after))
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn a_host_out_of_the_middle_is_one_change() {
    assert_eq!(
        changes(r#"{"hosts":["a/*","b/*","c/*"]}"#, r#"{"hosts":["a/*","c/*"]}"#),
        [r#"- hosts[1]: "b/*""#]
    );
    assert_eq!(
        changes(r#"{"hosts":["a/*","c/*"]}"#, r#"{"hosts":["x/*","a/*","d/*"]}"#),
        [r#"+ hosts[0]: "x/*""#, r#"hosts[2]: "c/*" -> "d/*""#]
    );
}

#[test]
fn what_is_deep_inside_is_named_by_its_path() {
    assert_eq!(
        changes(
            r#"{"spec":{"egress":[{"hosts":["./*"],"port":{"number":80}}]}}"#,
            r#"{"spec":{"egress":[{"hosts":["./*"],"port":{"number":8080}}]}}"#
        ),
        ["spec.egress[0].port.number: 80 -> 8080"]
    );
}

#[test]
fn keys_with_dots_stand_in_brackets() {
    assert_eq!(
        changes(
            r#"{"metadata":{"labels":{}}}"#,
            r#"{"metadata":{"labels":{"istio.io/rev":"a"}}}"#
        ),
        [r#"+ metadata.labels["istio.io/rev"]: "a""#]
    );
}

#[test]
fn another_type_in_the_same_place_is_a_change() {
    assert_eq!(changes(r#"{"a":[1]}"#, r#"{"a":{"b":1}}"#), [r#"a: [1] -> {"b":1}"#]);
    assert_eq!(changes(r#"{"a":null}"#, r"{}"), ["- a: null"]);
    assert!(changes(r#"{"a":[1,{"b":2}]}"#, r#"{"a":[1,{"b":2}]}"#).is_empty());
}

#[test]
fn a_replaced_line_is_told_word_by_word() {
    let found = lines("a: 1\nhosts: ./*\nz: 9\n", "a: 1\nhosts: istio-system/*\nz: 9\n", 1);
    let shown: Vec<String> = found
        .iter()
        .map(|line| {
            let sign = match line.side {
                Side::Both => ' ',
                Side::Before => '-',
                Side::After => '+',
            };
            let words: String = line
                .words
                .iter()
                .map(|(differs, word)| if *differs { format!("[{word}]") } else { word.clone() })
                .collect();
            format!("{sign}{words}")
        })
        .collect();
    assert_eq!(shown.first().map(String::as_str), Some(" a: 1"));
    assert_eq!(shown.last().map(String::as_str), Some(" z: 9"));
    assert!(shown[1].starts_with("-hosts: ") && shown[1].contains('['), "{shown:?}");
    assert!(
        shown[2].starts_with("+hosts: ") && shown[2].contains("istio"),
        "{shown:?}"
    );
    assert_eq!(
        (found[1].before, found[1].after, found[2].before, found[2].after),
        (Some(2), None, None, Some(2))
    );
    assert!(lines("same\n", "same\n", 3).is_empty());
}

#[test]
fn a_damaged_text_is_none() {
    let damaged = Provenance {
        managers: [].into(),
        text: [1, 2, 3].into(),
    };
    assert_eq!(ObjectText::of(&damaged), None);
    assert_eq!(ObjectText::of(&Provenance::default()), None);
}

#[test]
fn what_nobody_wrote_is_left_out_of_what_was_written() {
    let json = r#"{"metadata":{"name":"a","uid":"1","generation":2,"resourceVersion":"3","creationTimestamp":"4",
        "annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}"},"labels":{"a":"b"}},
        "spec":{"generation":7},"status":{}}"#;
    let text = ObjectText(serde_json::from_str(json).unwrap()).as_written().yaml();
    assert_eq!(
        text,
        "metadata:\n  labels:\n    a: b\n  name: a\nspec:\n  generation: 7\n"
    );
}
