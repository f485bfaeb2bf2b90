//! Forwarded ports.

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use kube::api::Api;

use crate::stage::{Demo, refused};

#[tokio::test]
async fn a_forwarded_port_answers_many_requests_on_one_stream() {
    let demo = Demo::start().await;
    let pods = Api::<k8s_openapi::api::core::v1::Pod>::namespaced(demo.client(), "bookinfo");
    let mut forward = pods.portforward("ratings", &[15000]).await.unwrap();
    let stream = forward.take_stream(15000).unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    let requests = async {
        for path in ["/clusters?format=json", "/server_info"] {
            let request = http::Request::get(path)
                .header("host", "x")
                .body(Empty::<Bytes>::new())
                .unwrap();
            let body = sender
                .send_request(request)
                .await
                .unwrap()
                .into_body()
                .collect()
                .await
                .unwrap()
                .to_bytes();
            assert_eq!(body, format!("bookinfo/ratings{path}"));
        }
    };
    tokio::select! {
        () = requests => {}
        ended = connection => panic!("the connection ended: {ended:?}"),
    }
    forward.abort();
}

#[tokio::test]
async fn a_port_on_which_nothing_listens_is_told_on_the_error_channel() {
    let demo = Demo::start().await;
    let pods = Api::<k8s_openapi::api::core::v1::Pod>::namespaced(demo.client(), "bookinfo");
    let mut forward = pods.portforward("ratings", &[9999]).await.unwrap();
    let told = forward.take_error(9999).unwrap().await.unwrap();
    assert!(
        told.ends_with("failed to connect to localhost:9999 inside the pod: connect: connection refused"),
        "{told}"
    );
    assert_eq!(
        refused(pods.portforward("nosuch", &[15000]).await.map(drop)),
        (404, "pods \"nosuch\" not found".to_owned())
    );
}
