//! The API server's version and clock, asked once.

use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use jiff::{SignedDuration, Timestamp};
use kube::Client;
use kube::client::Body;
use tokio::sync::mpsc;

use crate::app::Message;
use crate::app::message::ClusterInfo;
use crate::sources::kubernetes::Connection;

/// Between tries to reach a server that does not answer; the watches tell how it is.
const AGAIN: Duration = Duration::from_secs(10);
/// `/version` is a dozen short fields.
const BODY_BYTES: usize = 64 * 1024;

/// Says what is known of the cluster: at once from the kubeconfig, later with what the server says.
pub(super) async fn tell_cluster(connection: Connection, answers: mpsc::Sender<Message>) {
    let mut info = ClusterInfo {
        context: connection.cluster.context.clone(),
        server: connection.cluster.route().replace('\'', "").into(),
        user: connection.cluster.user.clone(),
        ..ClusterInfo::default()
    };
    if answers.send(Message::Cluster(info.clone())).await.is_err() {
        return;
    }
    let (version, skew) = loop {
        if let Some(said) = ask(&connection.client).await {
            break said;
        }
        tokio::time::sleep(AGAIN).await;
    };
    info.version = version.into();
    info.skew = skew;
    let _ = answers.send(Message::Cluster(info)).await;
}

/// The server's version, and its clock minus ours: zero if it does not say.
async fn ask(client: &Client) -> Option<(String, SignedDuration)> {
    let request = http::Request::get("/version").body(Body::empty()).ok()?;
    let asked = Timestamp::now();
    let response = client.send(request).await.ok()?;
    let answered = Timestamp::now();
    let date = response.headers().get(http::header::DATE);
    let skew = date
        .and_then(|date| date.to_str().ok())
        .and_then(|date| skew(date, asked, answered))
        .unwrap_or_default();
    let body = Limited::new(response.into_body(), BODY_BYTES).collect().await.ok()?;
    let version: serde_json::Value = serde_json::from_slice(&body.to_bytes()).ok()?;
    let version = version.get("gitVersion")?.as_str()?.to_owned();
    Some((version, skew))
}

/// The server's clock minus ours, from its `Date` header, which has whole seconds: what these and the way there and back
/// can explain is no skew.
fn skew(date: &str, asked: Timestamp, answered: Timestamp) -> Option<SignedDuration> {
    let theirs = jiff::fmt::rfc2822::parse(date).ok()?.timestamp();
    let earliest = theirs;
    let latest = theirs + SignedDuration::from_secs(1);
    Some(if latest < asked {
        latest.duration_since(asked)
    } else if earliest > answered {
        earliest.duration_since(answered)
    } else {
        SignedDuration::ZERO
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skew_of(date: &str) -> SignedDuration {
        let asked: Timestamp = "2026-11-22T10:00:00.2Z".parse().unwrap();
        let answered: Timestamp = "2026-11-22T10:00:00.9Z".parse().unwrap();
        skew(date, asked, answered).unwrap()
    }

    #[test]
    fn what_whole_seconds_explain_is_no_skew() {
        assert_eq!(skew_of("Sun, 22 Nov 2026 10:00:00 GMT"), SignedDuration::ZERO);
    }

    #[test]
    fn a_clock_that_differs_is_told_with_its_sign() {
        assert_eq!(
            skew_of("Sun, 22 Nov 2026 10:00:05 GMT"),
            SignedDuration::from_millis(4_100)
        );
        assert_eq!(
            skew_of("Sun, 22 Nov 2026 09:59:50 GMT"),
            SignedDuration::from_millis(-9_200)
        );
    }

    #[test]
    fn a_date_that_is_none_says_nothing() {
        assert_eq!(skew("yesterday", Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH), None);
    }
}
