//! Watches and streaming lists.

use std::time::Duration;

use futures::TryStreamExt;
use kube::api::{DeleteParams, Patch, PatchParams, WatchEvent, WatchParams};
use kube::runtime::watcher;
use serde_json::json;
use sidescope::demo::kinds::Resource;
use sidescope::demo::options::{Faults, Options, WatchList};
use sidescope::demo::store::ResourceRef;

use crate::stage::{Demo, next, pod, sidecar};

#[tokio::test]
async fn a_streaming_list_ends_with_its_bookmark_and_then_tells_edits() {
    let demo = Demo::start().await;
    let stream = watcher(demo.sidecars(), watcher::Config::default().streaming_lists());
    let mut stream = Box::pin(stream);
    assert!(matches!(next(&mut stream).await, Ok(watcher::Event::Init)));
    assert!(matches!(next(&mut stream).await, Ok(watcher::Event::InitApply(_))));
    assert!(matches!(next(&mut stream).await, Ok(watcher::Event::InitDone)));
    let patch = json!({"spec": {"egress": [{"hosts": ["./*"]}]}});
    demo.sidecars()
        .patch("default", &PatchParams::default(), &Patch::Merge(&patch))
        .await
        .unwrap();
    let Ok(watcher::Event::Apply(edited)) = next(&mut stream).await else {
        panic!("no edit")
    };
    assert_eq!(
        (edited.metadata.generation, &edited.data["spec"]),
        (Some(2), &patch["spec"])
    );
    demo.sidecars()
        .delete("default", &DeleteParams::default())
        .await
        .unwrap();
    assert!(matches!(next(&mut stream).await, Ok(watcher::Event::Delete(_))));
}

#[tokio::test]
async fn a_server_without_streaming_lists_says_422_and_serves_the_paged_ones() {
    let options = Options::default();
    options.faults.set(Faults {
        watch_list: WatchList::Refused,
        ..Faults::default()
    });
    let demo = Demo::with(options).await;
    let mut streaming = Box::pin(watcher(demo.pods(), watcher::Config::default().streaming_lists()));
    let refusal = loop {
        if let Err(refusal) = next(&mut streaming).await {
            break refusal;
        }
    };
    let watcher::Error::WatchStartFailed(kube::Error::Api(status)) = refusal else {
        panic!("{refusal:?}")
    };
    let expected = "ListOptions.meta.k8s.io \"\" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch \
                    unless the WatchList feature gate is enabled";
    assert_eq!((status.code, status.message.as_str()), (422, expected));

    let mut paged = Box::pin(watcher(demo.pods(), watcher::Config::default().page_size(2)));
    let mut seen = 0;
    loop {
        match next(&mut paged).await.unwrap() {
            watcher::Event::InitApply(_) => seen += 1,
            watcher::Event::InitDone => break,
            watcher::Event::Init | watcher::Event::Apply(_) | watcher::Event::Delete(_) => {}
        }
    }
    assert_eq!(seen, 5);
}

#[tokio::test]
async fn a_watch_tells_what_enters_and_leaves_its_selection() {
    let demo = Demo::start().await;
    let version = demo.store.version().to_string();
    let params = WatchParams::default().labels("app=reviews").timeout(20);
    let mut events = Box::pin(demo.pods().watch(&params, &version).await.unwrap());
    let mut moved = pod("details");
    moved["metadata"]["labels"]["app"] = json!("reviews");
    demo.store.put(moved, "kubectl-label").unwrap();
    demo.store.put(pod("details"), "kubectl-label").unwrap();
    demo.store
        .delete(&ResourceRef::new(Resource::Pods, "bookinfo", "reviews-a"))
        .unwrap();
    let told: Vec<String> = vec![
        next(&mut events).await,
        next(&mut events).await,
        next(&mut events).await,
    ]
    .into_iter()
    .map(|event| match event.unwrap() {
        WatchEvent::Added(pod) => format!("+{}", pod.metadata.name.unwrap()),
        WatchEvent::Deleted(pod) => format!(
            "-{}@{}",
            pod.metadata.name.unwrap(),
            pod.metadata.resource_version.unwrap()
        ),
        WatchEvent::Modified(_) | WatchEvent::Bookmark(_) | WatchEvent::Error(_) => "unexpected".to_owned(),
    })
    .collect();
    let now = demo.store.version();
    assert_eq!(
        told,
        [
            "+details".to_owned(),
            format!("-details@{}", now - 1),
            format!("-reviews-a@{now}")
        ]
    );
}

#[tokio::test]
async fn a_watch_from_a_forgotten_version_is_told_410_in_the_stream() {
    let demo = Demo::start().await;
    demo.store.forget_history();
    let mut events = Box::pin(demo.pods().watch(&WatchParams::default(), "3").await.unwrap());
    let WatchEvent::Error(status) = next(&mut events).await.unwrap() else {
        panic!("no error")
    };
    let expected = format!("too old resource version: 3 ({})", demo.store.version());
    assert_eq!(
        (status.code, status.reason.as_str(), &status.message),
        (410, "Expired", &expected)
    );
}

#[tokio::test]
async fn bookmarks_come_when_nothing_else_does() {
    let demo = Demo::with(Options {
        bookmark_every: Duration::from_millis(20),
        ..Options::default()
    })
    .await;
    let version = demo.store.version();
    let mut events = Box::pin(
        demo.pods()
            .watch(&WatchParams::default(), &version.to_string())
            .await
            .unwrap(),
    );
    demo.store.put(sidecar("other", &["./*"]), "a").unwrap();
    // the version moves on although no pod changed
    loop {
        let WatchEvent::Bookmark(bookmark) = next(&mut events).await.unwrap() else {
            panic!("no bookmark")
        };
        let told: u64 = bookmark.metadata.resource_version.parse().unwrap();
        if told > version {
            assert_eq!(told, demo.store.version());
            break;
        }
    }
}

#[tokio::test]
async fn five_thousand_pods_are_streamed_to_a_watcher() {
    let demo = Demo::start().await;
    let mut one = demo.store.put(pod("crowd"), "crowd").unwrap();
    for number in 0..5_000 {
        one["metadata"]["name"] = json!(format!("crowd-{number}"));
        demo.store.load(one.clone()).unwrap();
    }
    let objects = watcher(demo.pods(), watcher::Config::default().streaming_lists())
        .try_take_while(|event| futures::future::ready(Ok(!matches!(event, watcher::Event::InitDone))))
        .try_filter(|event| futures::future::ready(matches!(event, watcher::Event::InitApply(_))));
    let count = objects
        .try_fold(0, |count, _| futures::future::ready(Ok(count + 1)))
        .await
        .unwrap();
    assert_eq!(count, 5_006);
}
