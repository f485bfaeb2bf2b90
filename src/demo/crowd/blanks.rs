//! What tells the members of a crowd apart: for each blank the marker that stands in a mold, and the word of a member.
//!
//! Everything follows from the numbers of a Service and a pod, so two crowds of one size are equal.

use super::{PODS_A_SERVICE, Size, ZONES};
use crate::demo::generated::digest;
use crate::demo::story::slices;

/// What the Services of a namespace are called.
const APPS: [&str; 12] = [
    "cart",
    "catalog",
    "checkout",
    "currency",
    "email",
    "frontend",
    "inventory",
    "login",
    "orders",
    "search",
    "shipping",
    "stock",
];
/// Letters of generated names, in the order in which names are sorted.
const LETTERS: &[u8; 20] = b"bcdfghjklmnpqrstvwxz";

/// Where a member stands: the number of its Service, and of its (or its first) pod.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub size: Size,
    pub service: usize,
    pub pod: usize,
}

/// A word in which members differ. The number is that of an endpoint in a slice, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blank {
    Namespace,
    App,
    Hash,
    ClusterAddress,
    Replicas,
    SliceSuffix,
    NodeUid,
    Uid(Owner),
    Suffix(usize),
    Node(usize),
    Zone(usize),
    Host(usize),
    Address(usize),
    PodUid(usize),
}

/// Objects of which a Service has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Service,
    Deployment,
    ReplicaSet,
    Slice,
}

impl Blank {
    /// All that may stand in a pod or in what owns it.
    pub(super) fn of_a_pod() -> Vec<Self> {
        vec![
            Self::Namespace,
            Self::App,
            Self::Hash,
            Self::ClusterAddress,
            Self::Replicas,
            Self::Uid(Owner::Service),
            Self::Uid(Owner::Deployment),
            Self::Uid(Owner::ReplicaSet),
            Self::Suffix(0),
            Self::Node(0),
            Self::Host(0),
            Self::Address(0),
            Self::PodUid(0),
        ]
    }

    /// All that may stand in a slice of so many endpoints.
    pub(super) fn of_a_slice(endpoints: usize) -> Vec<Self> {
        let mut blanks = vec![
            Self::Namespace,
            Self::App,
            Self::Hash,
            Self::SliceSuffix,
            Self::Uid(Owner::Service),
            Self::Uid(Owner::Slice),
        ];
        let own = |nth| {
            [
                Self::Suffix(nth),
                Self::Node(nth),
                Self::Zone(nth),
                Self::Address(nth),
                Self::PodUid(nth),
            ]
        };
        blanks.extend((0..endpoints).flat_map(own));
        blanks
    }

    /// What stands for it in a mold: valid there, and found nowhere else.
    pub(super) fn marker(self) -> String {
        match self {
            Self::Namespace => "mold1namespace".to_owned(),
            Self::App => "mold1app".to_owned(),
            Self::Hash => "mold1hash".to_owned(),
            Self::ClusterAddress => "198.51.100.99".to_owned(),
            // a number, because it stands where the schema wants one
            Self::Replicas => "1790179017".to_owned(),
            Self::SliceSuffix => "mold1slice".to_owned(),
            Self::NodeUid => "mold0000-0000-4000-8000-00000node000".to_owned(),
            Self::Uid(owner) => format!("mold0000-0000-4000-8000-00000owner{:02}", owner as usize),
            Self::Suffix(nth) => format!("mold1suffix{nth:02}"),
            Self::Node(nth) => format!("mold1node{nth:02}"),
            Self::Zone(nth) => format!("mold1zone{nth:02}"),
            Self::Host(nth) => format!("198.51.100.{}", 200 + nth),
            Self::Address(nth) => format!("198.51.100.{}", 100 + nth),
            Self::PodUid(nth) => format!("mold0000-0000-4000-8000-000000pod0{nth:02}"),
        }
    }

    /// The word of a member.
    pub(super) fn value(self, place: Place) -> String {
        let Place { size, service, pod } = place;
        match self {
            Self::Namespace => namespace(service % size.namespaces),
            Self::App => app(service, size),
            Self::Hash => digest(&app(service, size)).get(..10).unwrap_or_default().to_owned(),
            Self::ClusterAddress => address(10, 112, service),
            Self::Replicas => replicas(service, size).to_string(),
            Self::SliceSuffix => slices::suffix(&namespace(service % size.namespaces), &app(service, size)),
            Self::NodeUid => uid(1, pod),
            Self::Uid(owner) => uid(2 + owner as usize, service),
            Self::Suffix(nth) => suffix(pod + nth),
            Self::Node(nth) => format!("crowd-worker-{}", (pod + nth) % size.nodes),
            Self::Zone(nth) => ZONES
                .get((pod + nth) % size.nodes % ZONES.len())
                .copied()
                .unwrap_or_default()
                .to_owned(),
            Self::Host(nth) => address(172, 24, (pod + nth) % size.nodes),
            Self::Address(nth) => address(10, 64, pod + nth),
            Self::PodUid(nth) => uid(0, pod + nth),
        }
    }
}

/// How many pods a Service has: all alike, but for the last one.
pub(super) fn replicas(service: usize, size: Size) -> usize {
    PODS_A_SERVICE.min(size.pods - service * PODS_A_SERVICE)
}

/// The name of a namespace.
pub(super) fn namespace(number: usize) -> String {
    format!("team-{number:03}")
}

/// Unique in its namespace: `cart`, `catalog`, ..., then `cart-2`.
fn app(service: usize, size: Size) -> String {
    let nth = service / size.namespaces;
    let name = APPS.get(nth % APPS.len()).copied().unwrap_or_default();
    match nth / APPS.len() {
        0 => name.to_owned(),
        more => format!("{name}-{}", more + 1),
    }
}

/// Five letters; those of one Service are in the order of its pods.
fn suffix(pod: usize) -> String {
    let letter = |at: usize| LETTERS.get(at % LETTERS.len()).copied().map_or('b', char::from);
    let service = pod / PODS_A_SERVICE;
    let mixed = service.wrapping_mul(7_919) + 11;
    [mixed, mixed / 20, mixed / 400, mixed / 8_000, pod % PODS_A_SERVICE]
        .map(letter)
        .iter()
        .collect()
}

/// The address of that number in a network that begins so; neither network nor broadcast addresses.
fn address(first: usize, second: usize, number: usize) -> String {
    let (low, high) = (number % 250 + 1, number / 250);
    format!("{first}.{}.{}.{low}", second + high / 256, high % 256)
}

fn uid(kind: usize, number: usize) -> String {
    format!(
        "{:08x}-c0de-4{kind:03x}-8000-{number:012x}",
        number.wrapping_mul(0x9e37_79b1) & 0xffff_ffff
    )
}
