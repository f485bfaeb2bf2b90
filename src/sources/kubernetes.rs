//! The Kubernetes API: connect, follow kinds, forward a port, fetch an object. Only `get`, `list`, `watch`, and
//! `get`/`create` on `pods/portforward` are ever sent; on `pods/exec` where a capture in a container is asked for; and,
//! after a confirmation, a `patch` that is a dry run.

mod backoff;
mod connect;
pub mod decode;
mod dry_run;
mod exec;
mod failure;
mod forward;
mod lines;
mod login;
mod names;
mod object;
mod resources;
mod rotation;
mod watch;

pub use self::connect::{
    Asking, ClusterInfo, ConnectError, ConnectOptions, Connection, ContextInfo, Plugin, Ran, RunPlugin, connect,
    connect_to, contexts,
};
pub use self::dry_run::dry_run;
pub use self::exec::{Exec, ExecEnd};
pub use self::forward::Forward;
pub use self::names::{Listed, names};
pub use self::object::{answers, events, fetch};
pub(in crate::sources) use self::resources::api_versions;
pub use self::watch::{ListStrategy, MOST_NAMESPACES, Pulse, SourceMessage, WatchSettings, follow};
