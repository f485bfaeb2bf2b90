//! What an Envoy says of itself, through its admin port: the endpoints that it really holds.
//!
//! Not here: how the port is reached ([`super::kubernetes::Forward`]), how often it is asked ([`Pace`] only says),
//! what follows when Envoy and istiod's rules differ (`app::sync`).

#![allow(clippy::struct_field_names, reason = "a wire struct's fields bear Envoy's own names")]

mod admin;
mod hosts;
mod lax;
mod pace;

pub use self::admin::{Admin, AdminError};
pub use self::hosts::{Endpoint, Host, parse};
pub use self::pace::{Looked, Pace};
