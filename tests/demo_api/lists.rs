//! Lists: whole, by page, by selector, and in the shapes of built-in and custom kinds.

use kube::api::ListParams;
use serde_json::{Value, json};
use sidescope::demo::kinds::Resource;
use sidescope::demo::store::ResourceRef;

use crate::stage::{Demo, pod};

#[tokio::test]
async fn lists_come_whole_by_page_and_by_selector() {
    let demo = Demo::start().await;
    let pods = demo.pods();
    let all = pods.list(&ListParams::default()).await.unwrap();
    let names: Vec<_> = all.items.iter().map(|pod| pod.metadata.name.clone().unwrap()).collect();
    assert_eq!(names, ["details", "productpage", "ratings", "reviews-a", "reviews-b"]);
    assert_eq!(all.metadata.resource_version.unwrap(), demo.store.version().to_string());

    let first = pods.list(&ListParams::default().limit(2)).await.unwrap();
    assert_eq!((first.items.len(), first.metadata.remaining_item_count), (2, Some(3)));
    // what happens between two pages does not show in the second
    demo.store
        .delete(&ResourceRef::new(Resource::Pods, "bookinfo", "ratings"))
        .unwrap();
    let token = first.metadata.continue_.unwrap();
    let second = pods
        .list(&ListParams::default().limit(2).continue_token(&token))
        .await
        .unwrap();
    let names: Vec<_> = second
        .items
        .iter()
        .map(|pod| pod.metadata.name.clone().unwrap())
        .collect();
    assert_eq!(names, ["ratings", "reviews-a"]);
    assert_eq!(second.metadata.resource_version, first.metadata.resource_version);

    let chosen = pods
        .list(
            &ListParams::default()
                .labels("app=reviews")
                .fields("status.phase=Running"),
        )
        .await
        .unwrap();
    assert_eq!(chosen.items.len(), 2);
    let none = pods
        .list(&ListParams::default().fields("spec.nodeName!=n1"))
        .await
        .unwrap();
    assert_eq!(none.items.len(), 0);
}

#[tokio::test]
async fn an_expired_page_is_410_and_offers_to_go_on() {
    let demo = Demo::start().await;
    let first = demo.get("/api/v1/pods?limit=2").await;
    demo.store.forget_history();
    demo.store.put(pod("another"), "a").unwrap();
    let path = format!(
        "/api/v1/pods?limit=2&continue={}",
        first["metadata"]["continue"].as_str().unwrap()
    );
    let (code, _, body) = demo.ask("GET", &path, &[], "").await;
    let status: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((code, &status["reason"]), (410, &json!("Expired")));
    let rest = demo
        .get(&format!(
            "/api/v1/pods?continue={}",
            status["metadata"]["continue"].as_str().unwrap()
        ))
        .await;
    let names: Vec<_> = rest["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pod| &pod["metadata"]["name"])
        .collect();
    assert_eq!(names, ["ratings", "reviews-a", "reviews-b"]);
}

#[tokio::test]
async fn items_of_built_in_lists_carry_no_kind_and_custom_lists_end_with_their_metadata() {
    let demo = Demo::start().await;
    let (_, headers, pods) = demo.ask("GET", "/api/v1/pods?limit=1", &[], "").await;
    assert!(
        pods.starts_with(r#"{"kind":"PodList","apiVersion":"v1","metadata":{"#),
        "{pods}"
    );
    assert!(pods.contains(r#""items":[{"metadata":{"#), "{pods}");
    assert_eq!(headers["date"], "Mon, 23 Nov 2026 05:00:00 GMT");
    let (_, _, sidecars) = demo
        .ask("GET", "/apis/networking.istio.io/v1alpha3/sidecars", &[], "")
        .await;
    let head = r#"{"apiVersion":"networking.istio.io/v1alpha3","items":[{"apiVersion":"networking.istio.io/v1alpha3","kind":"Sidecar","#;
    assert!(sidecars.starts_with(head), "{sidecars}");
    let version = demo.store.version();
    assert!(sidecars.ends_with(&format!(
        "],\"kind\":\"SidecarList\",\"metadata\":{{\"resourceVersion\":\"{version}\"}}}}\n"
    )));
}
