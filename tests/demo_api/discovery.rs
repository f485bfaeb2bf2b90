//! What kubectl learns from the server: its kinds, and its columns.

use jiff::Timestamp;
use kube::api::ListParams;
use kube::core::GroupVersionKind;
use serde_json::{Value, json};
use sidescope::demo::definitions;
use sidescope::demo::kinds::Resource;
use sidescope::demo::store::ResourceRef;

use crate::stage::{Demo, refused};

#[tokio::test]
async fn discovery_names_what_is_served_and_forgets_a_kind_without_definition() {
    let demo = Demo::start().await;
    let discovery = kube::Discovery::new(demo.client()).run_aggregated().await.unwrap();
    let (sidecars, capabilities) = discovery
        .resolve_gvk(&GroupVersionKind::gvk("networking.istio.io", "v1", "Sidecar"))
        .unwrap();
    assert_eq!(
        (sidecars.plural.as_str(), capabilities.subresources.len()),
        ("sidecars", 1)
    );
    let versions: Vec<_> = discovery
        .get("networking.istio.io")
        .unwrap()
        .versions()
        .map(str::to_owned)
        .collect();
    assert_eq!(versions, ["v1", "v1beta1", "v1alpha3"]);
    let definition = ResourceRef::new(Resource::CustomResourceDefinitions, "", "sidecars.networking.istio.io");
    demo.store.delete(&definition).unwrap();
    assert_eq!(refused(demo.sidecars().list(&ListParams::default()).await).0, 404);
    definitions::install(&demo.store, Resource::Sidecars, Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(
        demo.sidecars().list(&ListParams::default()).await.unwrap().items.len(),
        0
    );
}

#[tokio::test]
async fn kubectl_gets_its_columns_from_the_server() {
    let demo = Demo::start().await;
    let table = [(
        "accept",
        "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
    )];
    let (_, _, body) = demo
        .ask("GET", "/api/v1/namespaces/bookinfo/pods?limit=1", &table, "")
        .await;
    let body: Value = serde_json::from_str(&body).unwrap();
    let headers: Vec<_> = body["columnDefinitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| column["name"].clone())
        .collect();
    let expected = [
        "Name",
        "Ready",
        "Status",
        "Restarts",
        "Age",
        "IP",
        "Node",
        "Nominated Node",
        "Readiness Gates",
    ];
    assert_eq!(
        (&body["kind"], headers),
        (&json!("Table"), expected.map(Value::from).to_vec())
    );
    let cells = json!([
        "details", "1/1", "Running", "0", "5m30s", "10.0.0.1", "n1", "<none>", "<none>"
    ]);
    assert_eq!(
        (&body["rows"][0]["cells"], &body["rows"][0]["object"]["kind"]),
        (&cells, &json!("PartialObjectMetadata"))
    );
    let path = "/apis/networking.istio.io/v1/namespaces/bookinfo/sidecars/default?includeObject=None";
    let (_, _, body) = demo.ask("GET", path, &table, "").await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["rows"], json!([{"cells": ["default", "0s"]}]));
}
