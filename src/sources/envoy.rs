//! What an Envoy says of itself, through its admin port: the endpoints that it really holds.
//!
//! Not here: how the port is reached ([`super::kubernetes::Forward`]), how often it is asked ([`Pace`] only says),
//! what follows when Envoy and istiod's rules differ (`app::sync`).

mod admin;
mod hosts;
mod pace;

pub use self::admin::{Admin, AdminError};
pub use self::hosts::{Endpoint, Host, parse};
pub use self::pace::Pace;
