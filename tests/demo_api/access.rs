//! Who may do what, and troubles that are played.

use std::collections::BTreeMap;

use kube::api::{Api, DynamicObject, ListParams};
use sidescope::demo::options::{Access, FaultSwitch, Faults, Options, Rights, Rule, User};
use sidescope::demo::refusal::Reason;

use crate::stage::{Demo, refused, resource};

#[tokio::test]
async fn rights_are_checked_by_kind_and_namespace() {
    let user = |rights| User {
        name: "oncall".to_owned(),
        rights,
    };
    let users = BTreeMap::from([
        (
            "narrow".to_owned(),
            user(Rights::Only(vec![Rule::new(
                &["get", "list"],
                &["pods"],
                &["bookinfo"],
            )])),
        ),
        (
            "blind".to_owned(),
            user(Rights::AllBut(vec![Rule::new(&[], &["sidecars"], &[])])),
        ),
    ]);
    let demo = Demo::with(Options {
        access: Access::Tokens(users),
        ..Options::default()
    })
    .await;
    let pods = resource("", "v1", "Pod");
    let list = ListParams::default();
    let unknown = Api::<DynamicObject>::all_with(demo.client(), &pods).list(&list).await;
    assert_eq!(refused(unknown), (401, "Unauthorized".to_owned()));
    let narrow = demo.client_of(Some("narrow"));
    let all = Api::<DynamicObject>::all_with(narrow.clone(), &pods).list(&list).await;
    let expected =
        "pods is forbidden: User \"oncall\" cannot list resource \"pods\" in API group \"\" at the cluster scope";
    assert_eq!(refused(all), (403, expected.to_owned()));
    let one = Api::<DynamicObject>::namespaced_with(narrow, "bookinfo", &pods)
        .list(&list)
        .await;
    assert_eq!(one.unwrap().items.len(), 5);
    let kind = resource("networking.istio.io", "v1", "Sidecar");
    let denied = Api::<DynamicObject>::namespaced_with(demo.client_of(Some("blind")), "bookinfo", &kind)
        .get("default")
        .await;
    let expected = "sidecars.networking.istio.io \"default\" is forbidden: User \"oncall\" cannot get resource \"sidecars\" in API \
                    group \"networking.istio.io\" in the namespace \"bookinfo\"";
    assert_eq!(refused(denied), (403, expected.to_owned()));
}

#[tokio::test]
async fn troubles_can_be_switched_on_and_off() {
    let faults = FaultSwitch::default();
    let demo = Demo::with(Options {
        faults: faults.clone(),
        ..Options::default()
    })
    .await;
    let rule = Rule::new(&["list"], &["pods"], &[]);
    faults.set(Faults {
        refused: vec![(rule, Reason::ServiceUnavailable)],
        ..Faults::default()
    });
    assert_eq!(refused(demo.pods().list(&ListParams::default()).await).0, 503);
    demo.sidecars().list(&ListParams::default()).await.unwrap();
    faults.set(Faults::default());
    demo.pods().list(&ListParams::default()).await.unwrap();
}
