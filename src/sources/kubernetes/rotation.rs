//! Credentials that are replaced while somebody looks: a certificate, an authority or a token that was made anew, in the
//! kubeconfig or in a file that it names.
//!
//! Invariants: what is read is the same context on the same server, whatever else the kubeconfig says by then. Files are
//! looked at only behind a request that failed or was refused (401), and a client is made anew only where they differ.
//!
//! client-go: `transport/cert_rotation.go`, which reads the files each minute.

use std::fs::File;
use std::hash::{Hash as _, Hasher as _};
use std::io::Read as _;
use std::sync::Arc;

use http::{Request, Response, StatusCode};
use jiff::Timestamp;
use kube::Client;
use kube::client::Body;
use kube::config::Kubeconfig;
use rustc_hash::FxHasher;
use tokio::sync::Mutex;

use super::connect::{ConnectOptions, Made, kubeconfig, make};
use super::login::RunPlugin;
use crate::mesh::model::Text;

/// No certificate, key or token is longer: of a longer file the beginning is compared.
const MOST_BYTES: u64 = 1 << 20;

/// A client, and how it is made anew.
#[derive(Clone)]
pub(super) struct Rotation {
    options: Arc<ConnectOptions>,
    clock: fn() -> Timestamp,
    run: RunPlugin,
    server: Text,
    current: Arc<Mutex<Current>>,
}

struct Current {
    client: Client,
    /// How often it was made anew.
    nth: u64,
    /// What it was made of.
    made_of: u64,
    /// Whether a request of this client failed or was refused since its files were looked at.
    is_doubted: bool,
}

type Sent = Result<Response<Body>, Box<dyn std::error::Error + Send + Sync>>;

impl Rotation {
    /// Of a client that was just made of these options; they name a context, and allow nobody to ask.
    pub(super) fn new(options: ConnectOptions, clock: fn() -> Timestamp, run: RunPlugin, made: &Made) -> Self {
        let current = Current {
            client: made.client.clone(),
            nth: 0,
            made_of: made.of,
            is_doubted: false,
        };
        Self {
            options: Arc::new(options),
            clock,
            run,
            server: made.cluster.server.clone(),
            current: Arc::new(Mutex::new(current)),
        }
    }

    /// A client that goes on with what is there when the one before is refused.
    pub(super) fn wrap(self, namespace: &str) -> Client {
        let service = tower::service_fn(move |request: Request<Body>| {
            let rotation = self.clone();
            async move { rotation.send(request).await }
        });
        Client::new(service, namespace)
    }

    async fn send(&self, request: Request<Body>) -> Sent {
        let (client, nth) = self.client().await;
        let sent = client.send(request).await;
        let is_refused = match &sent {
            Ok(response) => response.status() == StatusCode::UNAUTHORIZED,
            Err(_) => true,
        };
        if is_refused {
            let mut current = self.current.lock().await;
            // one that was under way with an older client says nothing of this one
            current.is_doubted |= current.nth == nth;
        }
        Ok(sent?)
    }

    async fn client(&self) -> (Client, u64) {
        let mut current = self.current.lock().await;
        if std::mem::take(&mut current.is_doubted)
            && let Some(made) = self.read_again(current.made_of).await
        {
            current.client = made.client;
            current.made_of = made.of;
            current.nth += 1;
        }
        (current.client.clone(), current.nth)
    }

    /// The client that the files give now; `None` if they are as they were, or give none for this server.
    async fn read_again(&self, made_of: u64) -> Option<Made> {
        let context = self.options.context.as_deref()?;
        let config = kubeconfig(&self.options).ok()??;
        if print_of(&config, context) == made_of {
            return None;
        }
        let made = make(&self.options, self.clock, self.run).await.ok()?;
        (made.cluster.server == self.server).then_some(made)
    }
}

/// A number for what a kubeconfig says of a context, and for what lies in the files that it names there.
pub(super) fn print_of(config: &Kubeconfig, context: &str) -> u64 {
    let context = config.contexts.iter().find(|named| named.name == context);
    let context = context.and_then(|named| named.context.as_ref());
    let cluster = config
        .clusters
        .iter()
        .find(|named| context.is_some_and(|c| c.cluster == named.name));
    let user = config
        .auth_infos
        .iter()
        .find(|named| context.is_some_and(|c| c.user.as_ref() == Some(&named.name)));
    let (cluster, user) = (
        cluster.and_then(|named| named.cluster.as_ref()),
        user.and_then(|named| named.auth_info.as_ref()),
    );
    let mut print = FxHasher::default();
    // all that they hold, secrets too: of the number nobody gets back to them
    serde_json::to_vec(&(cluster, user))
        .unwrap_or_default()
        .hash(&mut print);
    let files = [
        cluster.and_then(|cluster| cluster.certificate_authority.as_ref()),
        user.and_then(|user| user.client_certificate.as_ref()),
        user.and_then(|user| user.client_key.as_ref()),
        user.and_then(|user| user.token_file.as_ref()),
    ];
    for path in files.into_iter().flatten() {
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(MOST_BYTES).read_to_end(&mut bytes));
        (read.is_ok(), bytes).hash(&mut print);
    }
    // 0 is for what is made of no kubeconfig
    print.finish().max(1)
}

#[cfg(test)]
mod tests {
    use futures::future::BoxFuture;
    use serde_json::json;

    use super::*;
    use crate::sources::kubernetes::{Plugin, Ran};

    fn never(_: Plugin) -> BoxFuture<'static, std::io::Result<Ran>> {
        Box::pin(std::future::ready(Err(std::io::ErrorKind::NotFound.into())))
    }

    fn config(server: &str, user: &serde_json::Value) -> String {
        let config = json!({
            "current-context": "here",
            "clusters": [{"name": "c", "cluster": {"server": server}}], "users": [{"name": "u", "user": user}],
            "contexts": [
                {"name": "here", "context": {"cluster": "c", "user": "u"}},
                {"name": "there", "context": {"cluster": "c", "user": "nobody"}},
            ],
        });
        config.to_string()
    }

    #[tokio::test]
    async fn only_what_is_new_of_the_same_server_is_taken() {
        const SERVER: &str = "http://127.0.0.1:1";
        let folder = tempfile::tempdir().unwrap();
        let (file, token) = (folder.path().join("config"), folder.path().join("token"));
        let write = |text: String| std::fs::write(&file, text).unwrap();
        let user = json!({"tokenFile": "token"});
        write(config(SERVER, &user));
        std::fs::write(&token, "one").unwrap();
        let options = ConnectOptions {
            kubeconfig: Some(file.clone()),
            context: Some("here".to_owned()),
            ..ConnectOptions::default()
        };
        let made = make(&options, || Timestamp::UNIX_EPOCH, never).await.unwrap();
        let rotation = Rotation::new(options, || Timestamp::UNIX_EPOCH, never, &made);
        let is_new = async || rotation.read_again(made.of).await.is_some();
        assert!(!is_new().await, "nothing is new");
        write(config(SERVER, &user).replace(r#""current-context":"here""#, r#""current-context":"there""#));
        assert!(!is_new().await, "another current context is not ours");
        std::fs::write(&token, "two").unwrap();
        assert!(is_new().await, "a token of its own file");
        std::fs::write(&token, "one").unwrap();
        write(config(SERVER, &json!({"token": "two"})));
        assert!(is_new().await, "a token of the kubeconfig");
        write(config("http://127.0.0.1:2", &json!({"token": "two"})));
        assert!(!is_new().await, "another server is another cluster");
        write("no kubeconfig".to_owned());
        assert!(!is_new().await, "what is there goes on");
    }
}
