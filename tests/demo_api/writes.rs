//! Creates, updates, patches and deletions, and how they are refused.

use std::time::Duration;

use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use serde_json::{Value, json};
use sidescope::demo::options::Options;

use crate::stage::{Demo, next, of, refused, resource, sidecar};

#[tokio::test]
async fn objects_are_created_replaced_and_deleted_with_the_servers_refusals() {
    let demo = Demo::start().await;
    let sidecars = demo.sidecars();
    assert_eq!(
        refused(sidecars.get("nosuch").await),
        (404, "sidecars.networking.istio.io \"nosuch\" not found".to_owned())
    );
    let twice = sidecars
        .create(&PostParams::default(), &of(sidecar("bookinfo", &["./*"])))
        .await;
    assert_eq!(
        refused(twice),
        (
            409,
            "sidecars.networking.istio.io \"default\" already exists".to_owned()
        )
    );

    let live = sidecars.get("default").await.unwrap();
    let mut next = live.clone();
    next.data["spec"] = json!({"egress": [{"hosts": ["~/*"]}]});
    let replaced = sidecars
        .replace("default", &PostParams::default(), &next)
        .await
        .unwrap();
    assert_eq!(
        (replaced.metadata.generation, replaced.metadata.uid),
        (Some(2), live.metadata.uid)
    );
    let stale = sidecars.replace("default", &PostParams::default(), &next).await;
    let expected = "Operation cannot be fulfilled on sidecars.networking.istio.io \"default\": the object has been modified; please \
                    apply your changes to the latest version and try again";
    assert_eq!(refused(stale), (409, expected.to_owned()));

    let dry = DeleteParams {
        dry_run: true,
        ..DeleteParams::default()
    };
    sidecars.delete("default", &dry).await.unwrap();
    sidecars.get("default").await.unwrap();
    let gone = sidecars
        .delete("default", &DeleteParams::default())
        .await
        .unwrap()
        .unwrap_right();
    assert!(gone.is_success());
    assert!(refused(sidecars.get("default").await).0 == 404);
    let homeless = Api::<DynamicObject>::namespaced_with(
        demo.client(),
        "nosuch",
        &resource("networking.istio.io", "v1", "Sidecar"),
    );
    let lost = homeless
        .create(&PostParams::default(), &of(sidecar("nosuch", &["./*"])))
        .await;
    assert_eq!(refused(lost), (404, "namespaces \"nosuch\" not found".to_owned()));
}

#[tokio::test]
async fn unknown_fields_are_refused_when_strict_and_warned_of_else() {
    let demo = Demo::start().await;
    let mut typo = sidecar("bookinfo", &["./*"]);
    typo["metadata"]["name"] = json!("typo");
    typo["spec"]["egresss"] = json!([]);
    let path = "/apis/networking.istio.io/v1/namespaces/bookinfo/sidecars";
    let json_body = [("content-type", "application/json")];
    let (code, _, body) = demo
        .ask(
            "POST",
            &format!("{path}?fieldValidation=Strict"),
            &json_body,
            &typo.to_string(),
        )
        .await;
    let expected = "Sidecar in version \"v1\" cannot be handled as a Sidecar: strict decoding error: unknown field \"spec.egresss\"";
    assert_eq!(
        (code, serde_json::from_str::<Value>(&body).unwrap()["message"].as_str()),
        (400, Some(expected))
    );
    let (code, headers, body) = demo.ask("POST", path, &json_body, &typo.to_string()).await;
    assert_eq!(
        (code, headers["warning"].to_str().unwrap()),
        (201, r#"299 - "unknown field \"spec.egresss\"""#)
    );
    assert_eq!(
        serde_json::from_str::<Value>(&body).unwrap()["spec"],
        json!({"egress": [{"hosts": ["./*"]}]})
    );
}

#[tokio::test]
async fn what_the_schema_forbids_is_422_with_its_causes() {
    let demo = Demo::start().await;
    let patch = json!({"spec": {"outboundTrafficPolicy": {"mode": "FOO"}}});
    let result = demo
        .sidecars()
        .patch("default", &PatchParams::default(), &Patch::Merge(&patch))
        .await;
    let kube::Error::Api(status) = result.unwrap_err() else {
        panic!("no status")
    };
    let causes = status.details.as_ref().map(|details| details.causes.clone()).unwrap();
    assert_eq!(
        (status.code, causes[0].field.as_str()),
        (422, "spec.outboundTrafficPolicy.mode")
    );
    assert_eq!(
        causes[0].message,
        r#"Unsupported value: "FOO": supported values: "REGISTRY_ONLY", "ALLOW_ANY""#
    );
}

#[tokio::test]
async fn server_side_apply_tells_whose_fields_are_in_the_way() {
    let demo = Demo::start().await;
    let sidecars = demo.sidecars();
    let config = sidecar("bookinfo", &["./*"]);
    let result = sidecars
        .patch("default", &PatchParams::apply("argocd"), &Patch::Apply(&config))
        .await;
    let kube::Error::Api(status) = result.unwrap_err() else {
        panic!("no status")
    };
    let expected =
        "Apply failed with 1 conflict: conflict with \"kubectl-create\" using networking.istio.io/v1: .spec.egress";
    assert_eq!((status.code, status.message.as_str()), (409, expected));
    let causes = status.details.as_ref().map(|details| details.causes.clone()).unwrap();
    assert_eq!(
        (causes[0].reason.as_str(), causes[0].field.as_str()),
        ("FieldManagerConflict", ".spec.egress")
    );
    let dry = PatchParams::apply("argocd").force().dry_run();
    sidecars.patch("default", &dry, &Patch::Apply(&config)).await.unwrap();
    let forced = sidecars
        .patch("default", &PatchParams::apply("argocd").force(), &Patch::Apply(&config))
        .await
        .unwrap();
    let managers: Vec<_> = forced
        .metadata
        .managed_fields
        .unwrap()
        .into_iter()
        .map(|entry| entry.manager.unwrap())
        .collect();
    assert_eq!(
        (managers, forced.metadata.generation),
        (vec!["argocd".to_owned(), "kubectl-create".to_owned()], Some(2))
    );
}

#[tokio::test]
async fn a_pod_on_a_node_takes_its_time_to_go() {
    let demo = Demo::with(Options {
        termination: Duration::from_millis(20),
        ..Options::default()
    })
    .await;
    let pods = Api::<DynamicObject>::namespaced_with(demo.client(), "bookinfo", &resource("", "v1", "Pod"));
    let version = demo.store.version().to_string();
    let mut events = Box::pin(pods.watch(&WatchParams::default(), &version).await.unwrap());
    pods.delete("ratings", &DeleteParams::default()).await.unwrap();
    let WatchEvent::Modified(going) = next(&mut events).await.unwrap() else {
        panic!("it did not linger")
    };
    assert_eq!(
        going.metadata.deletion_timestamp.unwrap().0.to_string(),
        "2026-11-23T05:00:30Z"
    );
    assert!(matches!(next(&mut events).await, Ok(WatchEvent::Deleted(_))));
}

#[tokio::test]
async fn a_body_over_three_mebibytes_is_413() {
    let demo = Demo::start().await;
    let path = "/api/v1/namespaces/bookinfo/configmaps";
    let (code, _, body) = demo
        .ask(
            "POST",
            path,
            &[("content-type", "application/json")],
            &"x".repeat(3 * 1024 * 1024 + 1),
        )
        .await;
    assert_eq!(
        (code, body.contains("Request entity too large: limit is 3145728")),
        (413, true)
    );
}
