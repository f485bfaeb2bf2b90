//! A Kubernetes API server in the process, over real HTTP on loopback, for the demo and for tests.
//!
//! It knows HTTP and manifests only: it uses neither `mesh` nor `app`, so that it cannot share their mistakes, and what it
//! answers for Envoy was recorded. It is not a cluster: nothing schedules, starts or routes. What a client can see of an API
//! server (words, codes, versions, field owners) is meant to be what kube-apiserver 1.36 shows.
//!
//! | module | holds |
//! |---|---|
//! | `kinds` | the table of kinds that are served |
//! | `store` | the objects, their versions, the bounded history that watches read |
//! | `server` | HTTP: discovery, lists, watches, writes, tables, port-forward |
//! | `options` | who may do what, and which troubles are played |
//! | `admin` | the seam by which a port-forward gets an answer for a pod |
//! | `start` | all of it put together |
//! | `story` | the world at the start, and what happens in it |
//! | `envoy` | recorded answers behind that seam |
//! | `crowd` | a large cluster around the story |
//! | `definitions` | the CustomResourceDefinitions without which custom kinds are not served |
//! | `refusal` | every "no", as a `metav1.Status` |
//! | `author`, `reference` | who writes, and which object |
//! | `tree` | reading and writing an object's JSON |
//! | `registry` | what happens to an object on its way into the store |
//! | `generated` | what a real cluster draws at random |
//! | `schema`, `fields`, `managed`, `patch`, `selector` | types, field ownership, patches, selectors |

pub mod admin;
mod author;
pub mod crowd;
pub mod definitions;
pub mod envoy;
mod fields;
mod generated;
pub mod kinds;
mod managed;
pub mod options;
mod patch;
mod reference;
pub mod refusal;
mod registry;
mod schema;
mod selector;
pub mod server;
pub mod start;
pub mod store;
pub mod story;
mod tree;
