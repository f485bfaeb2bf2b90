//! A pod's table from its parts: outbound rows by service, inbound rows, bootstrap rows.

use std::sync::Arc;

use crate::mesh::model::{Key, Kind, Text};
use crate::mesh::world::{Gap, World};

use super::clusters::{Client, ClusterAnswer};
use super::endpoints::Shard;
use super::gateways::{GatewayFacts, Patches};
use super::plane::Plane;
use super::planes::caveats;
use super::proxy::ProxyFacts;
use super::sidecar_scope::{ScopeService, SidecarScope};
use super::table::{EndpointTable, PlaneName, Row};
use super::{bootstrap, inbound, needed_kinds};

/// Everything about a pod's proxy that rows depend on, worked out once for a table.
pub(crate) struct Subject<'a> {
    pub(crate) plane: &'a Plane,
    pub(crate) proxy: &'a ProxyFacts,
    pub(crate) scope: &'a SidecarScope,
    pub(crate) patches: Patches,
    pub(crate) gateway: GatewayFacts,
    pub(crate) is_assumed: bool,
}

impl<'a> Subject<'a> {
    pub(crate) fn of(plane: &'a Plane, proxy: &'a ProxyFacts, scope: &'a SidecarScope, is_assumed: bool) -> Self {
        let tag = &proxy.container.image_tag;
        Self {
            plane,
            proxy,
            scope,
            patches: plane.gateways.patches_for(proxy.namespace(), &proxy.labels, tag),
            gateway: plane.gateways.facts_for(proxy, &plane.flags, &plane.virtual_services),
            is_assumed,
        }
    }

    /// Adds the rows of one service, in no order.
    pub(crate) fn add_service_rows(&self, service: &ScopeService, shard: &Shard, rows: &mut Vec<Row>) {
        self.client().add_rows(service, shard, rows);
    }

    /// What became of each cluster of one service.
    pub(crate) fn answers(&self, service: &ScopeService, shard: &Shard) -> Vec<ClusterAnswer> {
        self.client().answers(service, shard)
    }

    fn client(&self) -> Client<'_> {
        Client {
            plane: self.plane,
            proxy: self.proxy,
            scope: self.scope,
            patches: &self.patches,
            gateway: &self.gateway,
        }
    }

    /// Rows that belong to the pod alone: inbound and bootstrap.
    pub(crate) fn own_rows(&self, world: &World) -> Vec<Row> {
        let mut rows = bootstrap::rows(self.plane, self.proxy);
        if !self.proxy.is_router {
            rows.extend(inbound::rows(world, self.plane, self.proxy, self.scope, &self.patches));
        }
        rows
    }

    /// The table with these rows; what it has in common with the one before is shared with it.
    pub(crate) fn table(&self, world: &World, rows: Arc<[Row]>, before: Option<&EndpointTable>) -> EndpointTable {
        let hosts = self.scope.sorted_hosts();
        let known = before.map(|before| &before.hosts).filter(|known| **known == hosts);
        EndpointTable {
            pod: self.proxy.pod.meta.key.clone(),
            plane: PlaneName {
                assumed: self.is_assumed,
                ..self.plane.name.clone()
            },
            governing: self.scope.key.governing.clone(),
            rows,
            hosts: known.cloned().unwrap_or(hosts),
            gaps: gaps(world).into(),
            caveats: self.caveats(),
        }
    }

    fn caveats(&self) -> Arc<[Text]> {
        let mut all = caveats(self.plane);
        if self.is_assumed && self.plane.name.version.is_empty() {
            all.push(Text::from("no istiod is known for this pod: a default one is assumed"));
        }
        let filters = self.patches.unknown.iter().map(|key: &Key| {
            Text::from(format!(
                "{} {key} patches clusters in ways that are not computed",
                Kind::EnvoyFilter.name()
            ))
        });
        all.extend(filters);
        if self.proxy.container.config.has_custom_bootstrap || self.plane.mesh.proxy.has_custom_bootstrap {
            all.push(Text::from(
                "the proxy has a bootstrap of its own, whose static clusters are not known",
            ));
        }
        all.into()
    }
}

/// Input that could not be read.
pub(crate) fn gaps(world: &World) -> Vec<Gap> {
    world.coverage.gaps(needed_kinds()).collect()
}
