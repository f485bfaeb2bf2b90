//! The Kubernetes API: connect, follow kinds, forward a port, fetch an object. Only `get`, `list`, `watch`, and
//! `get`/`create` on `pods/portforward` are ever sent.

mod backoff;
mod connect;
pub mod decode;
mod failure;
mod forward;
mod lines;
mod login;
mod object;
mod resources;
mod watch;

pub use self::connect::{ClusterInfo, ConnectError, ConnectOptions, Connection, connect, connect_to};
pub use self::forward::Forward;
pub use self::object::{events, fetch};
pub use self::watch::{ListStrategy, MOST_NAMESPACES, SourceMessage, WatchSettings, follow};
