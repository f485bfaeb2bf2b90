//! Which changes are edits, and whose.

use super::*;
use crate::mesh::model::{Istiod, Labels, Meta, Namespace, Pod, Provenance, Service, Sidecar, Uid, WorkloadEntry};

fn second(at: i64) -> Timestamp {
    Timestamp::from_second(at).unwrap()
}

fn manager(name: &str, at: i64, fields: &[&str]) -> FieldManager {
    FieldManager {
        manager: name.into(),
        operation: "Update".into(),
        time: Some(second(at)),
        subresource: Text::default(),
        fields: fields.iter().map(|field| Text::from(*field)).collect(),
    }
}

fn kept(json: &str, managers: &[FieldManager]) -> Provenance {
    Provenance {
        managers: managers.into(),
        text: lz4_flex::compress_prepend_size(json.as_bytes()).into(),
    }
}

fn sidecar(generation: i64, json: &str, managers: &[FieldManager]) -> Object {
    Sidecar {
        meta: Meta {
            key: Key::new("shop", "default"),
            uid: Uid(1),
            generation,
            created: Some(second(5)),
            ..Meta::default()
        },
        provenance: kept(json, managers),
        ..Sidecar::default()
    }
    .into()
}

fn read(log: &mut EditLog, before: Option<Object>, after: Option<Object>) -> Option<Arc<Edit>> {
    log.read(Seq(1), second(100), &Change { before, after })
}

fn edit(before: Option<Object>, after: Option<Object>) -> Option<Arc<Edit>> {
    read(&mut EditLog::default(), before, after)
}

const ONE: &str = r#"{"spec":{"egress":[{"hosts":["./*"]}]}}"#;
const TWO: &str = r#"{"spec":{"egress":[{"hosts":["./*","istio-system/*"]}]}}"#;

#[test]
fn the_author_of_an_edit_is_the_newest_manager_that_wrote_something() {
    let before = sidecar(
        1,
        ONE,
        &[
            manager("kubectl-create", 10, &["spec"]),
            manager("argocd", 20, &["metadata"]),
        ],
    );
    let after = sidecar(
        2,
        TWO,
        &[
            manager("kubectl-edit", 30, &["spec.egress"]),
            manager("kubectl-create", 10, &["spec"]),
            manager("argocd", 20, &["metadata"]),
        ],
    );
    let edit = edit(Some(before), Some(after)).unwrap();
    let author = edit.author.as_ref().unwrap();
    assert_eq!((edit.verb, author.manager.as_str()), (Verb::Edited, "kubectl-edit"));
    assert_eq!(edit.generation, (Some(1), Some(2)));
    assert_eq!(edit.written(), Some(second(30)));
    assert_eq!(
        edit.fields()[0].to_string(),
        r#"+ spec.egress[0].hosts[1]: "istio-system/*""#
    );
    let (before, after) = edit.yaml();
    assert!(before.contains("./*") && !before.contains("istio-system") && after.contains("istio-system/*"));
}

#[test]
fn a_second_edit_within_the_second_is_put_down_to_the_only_owner() {
    let managers = [
        manager("kubectl-edit", 30, &["spec.egress"]),
        manager("argocd", 20, &["metadata.labels"]),
    ];
    let alone = edit(Some(sidecar(1, ONE, &managers)), Some(sidecar(2, TWO, &managers))).unwrap();
    assert_eq!(alone.author.as_ref().unwrap().manager, "kubectl-edit");
    let managers = [
        manager("kubectl-edit", 30, &["spec.egress"]),
        manager("argocd", 20, &["spec"]),
    ];
    let shared = edit(Some(sidecar(1, ONE, &managers)), Some(sidecar(2, TWO, &managers))).unwrap();
    assert_eq!(shared.author, None, "two own what has changed");
}

#[test]
fn a_creation_is_by_its_oldest_manager_and_a_deletion_by_nobody() {
    let managers = [
        manager("argocd", 20, &["spec"]),
        manager("kubectl-create", 10, &["spec"]),
    ];
    let mut log = EditLog::default();
    let object = || Some(sidecar(1, ONE, &managers));
    let created = read(&mut log, None, object()).unwrap();
    assert_eq!(
        (created.verb, created.author.as_ref().unwrap().manager.as_str()),
        (Verb::Created, "kubectl-create")
    );
    let deleted = read(&mut log, object(), None).unwrap();
    assert_eq!(
        (deleted.verb, &deleted.author, deleted.written()),
        (Verb::Deleted, &None, None)
    );
    let again = read(&mut log, None, object()).unwrap();
    assert_eq!(again.verb, Verb::Recreated);
    assert_eq!(log.last_of(Kind::Sidecar, &Key::new("shop", "default")), Some(&again));
}

#[test]
fn another_uid_under_the_same_name_is_made_anew() {
    let Object::Sidecar(mut other) = sidecar(1, ONE, &[]) else {
        panic!("a Sidecar");
    };
    let meta = &mut Arc::make_mut(&mut other).meta;
    (meta.uid, meta.created) = (Uid(2), Some(second(6)));
    let edit = edit(Some(sidecar(4, ONE, &[])), Some(Object::Sidecar(other))).unwrap();
    assert_eq!((edit.verb, edit.written()), (Verb::Recreated, Some(second(6))));
}

#[test]
fn what_cannot_change_rows_is_no_edit() {
    let annotated = r#"{"metadata":{"annotations":{"note":"x"}},"spec":{"egress":[{"hosts":["./*"]}]}}"#;
    let plain = || Some(sidecar(1, ONE, &[]));
    assert_eq!(
        edit(plain(), Some(sidecar(1, annotated, &[]))),
        None,
        "an annotation that no rule reads"
    );
    assert_eq!(
        edit(plain(), Some(sidecar(1, ONE, &[manager("argocd", 9, &["spec"])]))),
        None,
        "a manager"
    );

    let service = |ip: &str| -> Option<Object> {
        let service = Service {
            provenance: kept("{}", &[]),
            load_balancer: [Text::from(ip)].into(),
            ..Service::default()
        };
        Some(service.into())
    };
    assert_eq!(edit(service("1.1.1.1"), service("2.2.2.2")), None, "a Service's status");

    let istiod = |replicas: u8, tag: &str| -> Option<Object> {
        let istiod = Istiod {
            provenance: kept(&format!(r#"{{"spec":{{"replicas":{replicas}}}}}"#), &[]),
            image_tag: tag.into(),
            ..Istiod::default()
        };
        Some(istiod.into())
    };
    assert_eq!(
        edit(istiod(1, "1.31.0"), istiod(2, "1.31.0")),
        None,
        "a Deployment that is scaled"
    );
    assert!(
        edit(istiod(1, "1.31.0"), istiod(1, "1.31.1")).is_some(),
        "another istiod"
    );

    let namespace = |label: &str, terminating: bool| -> Option<Object> {
        let meta = Meta {
            labels: Labels::from([("istio.io/rev", label)]),
            ..Meta::default()
        };
        Some(Namespace { meta, terminating }.into())
    };
    assert_eq!(edit(namespace("a", false), namespace("a", true)), None);
    assert!(
        edit(namespace("a", false), namespace("b", false)).is_some(),
        "a namespace's labels"
    );
    assert_eq!(edit(None, Some(Pod::default().into())), None, "a pod is an event");
}

#[test]
fn an_object_without_text_is_an_edit_if_it_differs_at_all() {
    let bare = |mode: &str| -> Option<Object> {
        let sidecar = Sidecar {
            outbound_mode: Some(mode.into()),
            ..Sidecar::default()
        };
        Some(sidecar.into())
    };
    let edit = edit(bare("ALLOW_ANY"), bare("REGISTRY_ONLY")).unwrap();
    assert_eq!((edit.fields().len(), edit.yaml()), (0, (String::new(), String::new())));
}

#[test]
fn the_health_of_a_workload_entry_can_change_rows() {
    let entry = |healthy: bool| -> Option<Object> {
        let entry = WorkloadEntry {
            provenance: kept("{}", &[]),
            healthy: Some(healthy),
            ..WorkloadEntry::default()
        };
        Some(entry.into())
    };
    assert!(edit(entry(true), entry(false)).is_some());
    assert!(edit(entry(true), entry(true)).is_none());
}

#[test]
fn the_log_is_bounded_and_says_what_it_dropped() {
    let mut log = EditLog::default();
    for n in 0..LIMIT + 10 {
        let json = format!(r#"{{"spec":{{"egress":[{{"hosts":["shop/{n}"]}}]}}}}"#);
        read(&mut log, Some(sidecar(1, ONE, &[])), Some(sidecar(2, &json, &[]))).unwrap();
    }
    assert_eq!((log.len(), log.dropped()), (LIMIT, 10));
}

#[test]
fn what_is_put_back_with_its_old_managers_has_no_time_of_its_own() {
    let old = || sidecar(1, ONE, &[manager("kubectl-create", 10, &["spec"])]);
    let edited = || {
        let managers = [
            manager("kubectl-create", 10, &["metadata"]),
            manager("kubectl-edit", 50, &["spec"]),
        ];
        sidecar(2, TWO, &managers)
    };
    assert_eq!(edit(Some(old()), Some(edited())).unwrap().written(), Some(second(50)));
    assert_eq!(
        edit(Some(edited()), Some(old())).unwrap().written(),
        None,
        "10 was before 50"
    );
    let mut log = EditLog::default();
    read(&mut log, Some(edited()), None).unwrap();
    let back = read(&mut log, None, Some(old())).unwrap();
    assert_eq!((back.verb, back.written()), (Verb::Recreated, None));
    let made = edit(None, Some(old())).unwrap();
    assert_eq!(made.written(), Some(second(10)));
    let early = sidecar(1, ONE, &[manager("velero", 1, &["spec"])]);
    assert_eq!(
        edit(None, Some(early)).unwrap().written(),
        Some(second(5)),
        "none wrote before it was created"
    );
}
