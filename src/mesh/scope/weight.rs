//! How much configuration a proxy is sent: outbound clusters and their endpoints.

use crate::mesh::model::Key;
use crate::mesh::world::World;

use super::build::Subject;
use super::cache::{Cache, Found};
use super::clusters::Client;
use super::endpoints::{PodWorkloads, Shard};
use super::reason::Lack;
use super::sidecar_scope::SidecarScope;
use super::table::{Governing, NoTable};

/// How much a proxy is told of services; its own inbound and bootstrap clusters, which no Sidecar's hosts change, aside.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Weight {
    /// Clusters, with or without endpoints.
    pub clusters: usize,
    /// Endpoints, once for each cluster that has them.
    pub endpoints: usize,
}

impl Cache {
    /// How much a pod's proxy is sent.
    ///
    /// # Errors
    /// The pod has no proxy that is told of anything.
    pub fn weight(&mut self, world: &World, pod: &Key) -> Result<Weight, NoTable> {
        let found = self.find(world, pod)?;
        let scope = self.scope(&found);
        Ok(weigh(world, &found, &scope))
    }

    /// How much it would be sent if no Sidecar governed it: all that is exported to its namespace (`*/*`). A gateway, which
    /// none governs, is sent what it is.
    ///
    /// # Errors
    /// The pod has no proxy that is told of anything.
    pub fn weight_by_default(&mut self, world: &World, pod: &Key) -> Result<Weight, NoTable> {
        let found = self.find(world, pod)?;
        let mut key = found.scope_key();
        if key.governing != Governing::Gateway {
            key.governing = Governing::BuiltIn;
        }
        let scope = self.scope_under(&found, key);
        Ok(weigh(world, &found, &scope))
    }
}

fn weigh(world: &World, found: &Found, scope: &SidecarScope) -> Weight {
    let subject = Subject::of(&found.plane, &found.proxy, scope, found.choice.is_assumed);
    let mut weight = Weight::default();
    let mut pods = PodWorkloads::default();
    for service in &scope.services {
        let shard = Shard::of(world, &found.plane, &Client::shard_key(service), &mut pods);
        for answer in subject.answers(service, &shard) {
            weight.clusters += usize::from(answer.lack.as_ref().is_none_or(Lack::leaves_cluster));
            weight.endpoints += answer.rows.len();
        }
    }
    weight
}
