//! The rows of each headless table: which objects, in which order, under which names.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;

use super::args::FilterArgs;
use super::exit::{Ended, Exit};
use crate::app::filter::Selector;
use crate::app::message::EnvoyTable;
use crate::app::rates::Rates;
use crate::app::view::column::Table;
use crate::app::view::saved::about_endpoints;
use crate::app::view::table::endpoints::{Actual, EndpointRow, Endpoints};
use crate::app::view::table::pods::{PodRow, Pods};
use crate::app::view::table::services::{ServiceRow, Services};
use crate::app::view::table::sidecars::{SidecarRow, Sidecars};
use crate::app::{Namespaces, Tally};
use crate::mesh::lint::{self, Finding};
use crate::mesh::model::{Key, Kind, Meta};
use crate::mesh::scope::{self, Address, Class, EndpointTable, NoTable, Settings};
use crate::mesh::world::World;
use crate::output::{Chosen, Columns, Sheet, SheetRow, UnknownColumn};

/// What a row is told by, and its order: of objects namespace and name, of endpoints their place and cluster.
pub(super) type RowKey = (String, String, u32);

/// Which objects a list shows.
pub(super) struct View {
    pub(super) shown: Namespaces,
    pub(super) names: Vec<String>,
    pub(super) selector: Option<Selector>,
    pub(super) settings: Settings,
}

impl View {
    fn shows(&self, meta: &Meta) -> bool {
        self.shown.shows(&meta.key.namespace)
            && (self.names.is_empty() || self.names.iter().any(|name| meta.key.name == name.as_str()))
            && self
                .selector
                .as_ref()
                .is_none_or(|selector| selector.selects(&meta.labels))
    }
}

/// A label selector as kubectl takes it.
pub(super) fn selector(text: &str) -> Result<Selector, Ended> {
    Selector::parse(text).map_err(|error| Ended::new(Exit::Usage, format!("--selector: {error}")))
}

/// A kind of list.
pub(super) trait Listing {
    /// Its columns.
    type Table: Table;
    /// What its rows are of.
    const KIND: Kind;
    /// What it is made of as long as no column asks for more.
    const KINDS: &'static [Kind];
    /// Whether its plain columns already follow from other kinds.
    const ALWAYS_DERIVED: bool;
    /// Its kind in JSON.
    const LIST: &'static str;
    /// One of it, for messages.
    const SINGULAR: &'static str;

    /// Its rows, in order.
    fn rows(world: &World, view: &View, columns: &Columns<Self::Table>, at: Timestamp) -> Vec<(RowKey, SheetRow)>;

    /// The names that are shown.
    fn names<'a>(world: &'a World, shown: &Namespaces) -> Vec<&'a str>;
}

fn key(meta: &Meta) -> RowKey {
    (meta.key.namespace.to_string(), meta.key.name.to_string(), 0)
}

fn shown_names<'a>(metas: impl Iterator<Item = &'a Meta>, shown: &Namespaces) -> Vec<&'a str> {
    metas
        .filter(|meta| shown.shows(&meta.key.namespace))
        .map(|meta| meta.key.name.as_str())
        .collect()
}

/// `pods`
pub(super) enum PodList {}

impl Listing for PodList {
    type Table = Pods;
    const KIND: Kind = Kind::Pod;
    const KINDS: &'static [Kind] = &[Kind::Pod, Kind::Namespace];
    const ALWAYS_DERIVED: bool = false;
    const LIST: &'static str = "PodList";
    const SINGULAR: &'static str = "pod";

    fn rows(world: &World, view: &View, columns: &Columns<Pods>, at: Timestamp) -> Vec<(RowKey, SheetRow)> {
        let mut governing = columns.are_derived().then(|| scope::Cache::new(view.settings.clone()));
        let pods = world.pods.iter().filter(|pod| view.shows(&pod.meta));
        pods.map(|pod| {
            let governing = governing
                .as_mut()
                .and_then(|cache| cache.governing(world, &pod.meta.key).ok());
            let row = PodRow {
                pod,
                governing: governing.as_ref(),
            };
            (
                key(&pod.meta),
                columns.row(format!("pod/{}", pod.meta.key.name), &row, at),
            )
        })
        .collect()
    }

    fn names<'a>(world: &'a World, shown: &Namespaces) -> Vec<&'a str> {
        shown_names(world.pods.iter().map(|pod| &pod.meta), shown)
    }
}

/// `services`
pub(super) enum ServiceList {}

impl Listing for ServiceList {
    type Table = Services;
    const KIND: Kind = Kind::Service;
    const KINDS: &'static [Kind] = &[Kind::Service, Kind::Namespace];
    const ALWAYS_DERIVED: bool = false;
    const LIST: &'static str = "ServiceList";
    const SINGULAR: &'static str = "service";

    fn rows(world: &World, view: &View, columns: &Columns<Services>, at: Timestamp) -> Vec<(RowKey, SheetRow)> {
        let services = world.services.iter().filter(|service| view.shows(&service.meta));
        services
            .map(|service| {
                let row = ServiceRow {
                    service,
                    world,
                    seen_by: None,
                };
                (
                    key(&service.meta),
                    columns.row(format!("service/{}", service.meta.key.name), &row, at),
                )
            })
            .collect()
    }

    fn names<'a>(world: &'a World, shown: &Namespaces) -> Vec<&'a str> {
        shown_names(world.services.iter().map(|service| &service.meta), shown)
    }
}

/// `sidecars`
pub(super) enum SidecarList {}

impl Listing for SidecarList {
    type Table = Sidecars;
    const KIND: Kind = Kind::Sidecar;
    const KINDS: &'static [Kind] = &[Kind::Sidecar, Kind::Namespace];
    const ALWAYS_DERIVED: bool = true;
    const LIST: &'static str = "SidecarList";
    const SINGULAR: &'static str = "sidecar";

    fn rows(world: &World, view: &View, columns: &Columns<Sidecars>, at: Timestamp) -> Vec<(RowKey, SheetRow)> {
        let governs = scope::Cache::new(view.settings.clone()).governed(world);
        let found = columns
            .has("findings")
            .then(|| lint::of_sidecars(world, &view.settings));
        let tally = |key: &Key| {
            let found: Vec<Finding> = found
                .as_ref()?
                .iter()
                .filter(|one| one.object.1 == *key)
                .cloned()
                .collect();
            Some(Tally::of(&found))
        };
        let sidecars = world.sidecars.iter().filter(|sidecar| view.shows(&sidecar.meta));
        sidecars
            .map(|sidecar| {
                let row = SidecarRow {
                    sidecar,
                    governs: Some(governs.get(&sidecar.meta.key).copied().unwrap_or(0)),
                    findings: tally(&sidecar.meta.key),
                };
                (
                    key(&sidecar.meta),
                    columns.row(
                        format!("sidecar.networking.istio.io/{}", sidecar.meta.key.name),
                        &row,
                        at,
                    ),
                )
            })
            .collect()
    }

    fn names<'a>(world: &'a World, shown: &Namespaces) -> Vec<&'a str> {
        shown_names(world.sidecars.iter().map(|sidecar| &sidecar.meta), shown)
    }
}

/// The columns of an endpoint table.
pub(super) type EndpointTableOf = Endpoints;

/// Chooses columns of Envoy's own table: all that it says, but in the plain one.
pub(super) fn actual_columns(chosen: Chosen<'_>, is_plain: bool) -> Result<Columns<Endpoints>, UnknownColumn> {
    const ALL: &[&str] = &[
        "endpoint",
        "status",
        "outlierCheck",
        "cluster",
        "connections",
        "requests",
        "failed",
        "weight",
        "priority",
        "zone",
    ];
    let all: Vec<String> = ALL.iter().map(|name| (*name).to_owned()).collect();
    match chosen {
        Chosen::Table | Chosen::Wide if !is_plain => Columns::choose(Chosen::Named(&all), false),
        Chosen::Table | Chosen::Wide | Chosen::Named(_) => Columns::choose(chosen, false),
    }
}

/// Chooses columns of an endpoint table; `wide` has what only the API knows of a row.
pub(super) fn endpoint_columns(chosen: Chosen<'_>) -> Result<Columns<Endpoints>, UnknownColumn> {
    const WIDE: &[&str] = &[
        "endpoint",
        "status",
        "outlierCheck",
        "cluster",
        "class",
        "pod",
        "ready",
        "node",
        "zone",
        "why",
    ];
    let wide: Vec<String> = WIDE.iter().map(|name| (*name).to_owned()).collect();
    Columns::choose(
        if chosen == Chosen::Wide {
            Chosen::Named(&wide)
        } else {
            chosen
        },
        false,
    )
}

/// A pod's table, ready for every format.
pub(super) struct EndpointSheet {
    /// By identity, to find differences.
    pub(super) rows: BTreeMap<RowKey, SheetRow>,
    /// In istioctl's order.
    pub(super) sheet: Sheet,
    /// The rows as computed.
    pub(super) shown: Vec<scope::Row>,
}

/// The rows of a pod's table; those of the proxy's own bootstrap only if asked for.
pub(super) fn endpoint_sheet(
    world: &World,
    pod: &Key,
    settings: &Settings,
    columns: &Columns<Endpoints>,
    which: &Which<'_>,
    at: Timestamp,
) -> Result<EndpointSheet, NoTable> {
    let table = scope::endpoint_table(world, pod, settings)?;
    let mut doubles: BTreeMap<(String, String), u32> = BTreeMap::new();
    let mut rows = Vec::new();
    for row in wanted(&table, which) {
        let behind = row
            .backend
            .pod
            .as_ref()
            .and_then(|key| world.pods.get(key))
            .map(Arc::as_ref);
        let view = EndpointRow {
            row,
            behind,
            sync: None,
            actual: None,
        };
        let (endpoint, cluster) = (row.address.to_string(), row.cluster.to_string());
        let nth = doubles.entry((cluster.clone(), endpoint.clone())).or_default();
        let key = (cluster, endpoint.clone(), *nth);
        *nth += 1;
        let mut shown = columns.row(endpoint, &view, at);
        shown.why = Some(Arc::clone(&row.why));
        rows.push((key, shown));
    }
    let mut sheet = columns.sheet("EndpointTable", rows.iter().map(|(_, row)| row.clone()).collect(), at);
    sheet.missing = super::headless::missing(world, scope::needed_kinds());
    sheet.about = about_endpoints(pod, &table);
    let shown = wanted(&table, which).cloned().collect();
    Ok(EndpointSheet {
        rows: rows.into_iter().collect(),
        sheet,
        shown,
    })
}

fn wanted<'t>(table: &'t EndpointTable, which: &Which<'_>) -> impl Iterator<Item = &'t scope::Row> {
    table
        .rows
        .iter()
        .filter(move |row| (which.bootstrap || row.class != Class::Bootstrap) && which.filter.shows(row))
}

/// Which rows of a table are printed.
pub(super) struct Which<'a> {
    /// Those of the proxy's own bootstrap too.
    pub(super) bootstrap: bool,
    /// Only these.
    pub(super) filter: &'a FilterArgs,
}

impl FilterArgs {
    /// Whether a row is among those that are asked for.
    ///
    /// istioctl: `istioctl/pkg/writer/envoy/clusters/clusters.go`, `EndpointFilter.Verify`: upper and lower case are the
    /// same, an address is compared without its port.
    pub(super) fn shows(&self, row: &scope::Row) -> bool {
        let (address, port) = match &row.address {
            Address::Socket(ip, port) => (ip.to_string(), *port),
            Address::Pipe(_) | Address::Internal(_) => (row.address.to_string(), 0),
        };
        let is = |wanted: &Option<String>, text: &str| {
            wanted
                .as_ref()
                .is_none_or(|wanted| wanted.is_empty() || wanted.to_lowercase() == text.to_lowercase())
        };
        is(&self.address, &address)
            && self.port.is_none_or(|wanted| wanted == 0 || wanted == port)
            && is(&self.cluster, &row.cluster.to_string())
            && is(&self.status, row.health.as_str())
    }

    /// Whether any row may be left out.
    pub(super) fn is_any(&self) -> bool {
        self.address.is_some() || self.port.is_some() || self.cluster.is_some() || self.status.is_some()
    }
}

/// Some of Envoy's rows, ready for every format.
pub(super) fn actual_sheet(
    world: &World,
    pod: &Key,
    (table, rates): (&EnvoyTable, &Rates),
    places: &[usize],
    columns: &Columns<Endpoints>,
    at: Timestamp,
) -> Sheet {
    let rows = places.iter().filter_map(|place| {
        let host = table.rows.get(*place)?;
        let view = EndpointRow {
            row: &host.row,
            behind: None,
            sync: None,
            actual: Some(Actual {
                row: host,
                counters: table.counters.get(*place).copied().unwrap_or_default(),
                rate: rates.rate(*place),
                past: rates.past(*place),
            }),
        };
        let mut shown = columns.row(host.row.address.to_string(), &view, at);
        // what only istiod's rules would say
        for unsaid in ["class", "why", "pod", "node", "sync", "ready"] {
            shown.fields.remove(unsaid);
        }
        Some(shown)
    });
    let mut sheet = columns.sheet("ActualEndpointTable", rows.collect(), at);
    let version = world
        .pods
        .get(pod)
        .and_then(|pod| Some(pod.proxy.as_ref()?.image_tag.to_string()));
    sheet.about = [
        (
            "pod",
            json!({ "namespace": pod.namespace.as_str(), "name": pod.name.as_str() }),
        ),
        ("proxyVersion", json!(version)),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    sheet
}

/// How a row differs between two looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Difference {
    Added,
    Removed,
    Changed,
}

impl Difference {
    pub(super) fn word(self) -> &'static str {
        match self {
            Difference::Added => "added",
            Difference::Removed => "removed",
            Difference::Changed => "changed",
        }
    }

    pub(super) fn sign(self) -> char {
        match self {
            Difference::Added => '+',
            Difference::Removed => '-',
            Difference::Changed => '~',
        }
    }
}

/// Rows that differ, by identity; a cell that only shows that time has passed is no difference.
pub(super) fn differences<'a>(
    before: &'a BTreeMap<RowKey, SheetRow>,
    after: &'a BTreeMap<RowKey, SheetRow>,
) -> Vec<(Difference, Option<&'a SheetRow>, Option<&'a SheetRow>)> {
    let gone = before.iter().filter(|(key, _)| !after.contains_key(*key));
    let gone = gone.map(|(_, row)| (Difference::Removed, Some(row), None));
    let here = after.iter().filter_map(|(key, row)| match before.get(key) {
        None => Some((Difference::Added, None, Some(row))),
        Some(old) if old.fields != row.fields => Some((Difference::Changed, Some(old), Some(row))),
        Some(_) => None,
    });
    gone.chain(here).collect()
}
