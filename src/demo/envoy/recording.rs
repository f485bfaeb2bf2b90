//! What real Envoys said, cluster by cluster, found by the state of the Kubernetes cluster.
//!
//! The file is `assets/demo/recorded.json`, written by the recorder in `tests/cluster`. Counters are not recorded: they would be
//! those of an idle bed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fingerprint::Fingerprint;

/// All recorded answers. Equal clusters and equal tables are kept once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// The version string of the Envoys.
    pub envoy: String,
    /// `cluster_statuses` entries of `/clusters?format=json`, without the `stats` of their hosts.
    pub clusters: Vec<Value>,
    /// Tables: numbers of clusters, in the order in which Envoy listed them.
    pub tables: Vec<Vec<usize>>,
    /// For each state ([`Fingerprint`] as text), the table of each pod (`namespace/name`).
    pub states: BTreeMap<String, BTreeMap<String, usize>>,
}

/// What a recording has for a pod.
#[derive(Clone, Debug, PartialEq)]
pub enum Found<'a> {
    /// The clusters of its Envoy.
    Clusters(Vec<&'a Value>),
    /// The state was recorded, but this pod ran no Envoy in it.
    NoPod,
    /// Nobody recorded this state.
    NoState,
}

impl Recording {
    /// Reads the built-in recording.
    ///
    /// # Errors
    /// When the asset is damaged, which a test rules out.
    pub fn load() -> Result<Self, serde_json::Error> {
        serde_json::from_str(include_str!("../../../assets/demo/recorded.json"))
    }

    /// Whether this state was recorded.
    pub fn has(&self, state: Option<Fingerprint>) -> bool {
        state.is_some_and(|state| self.states.contains_key(&state.to_string()))
    }

    /// Finds what a pod's Envoy said in a state.
    pub fn find(&self, state: Option<Fingerprint>, namespace: &str, pod: &str) -> Found<'_> {
        let Some(pods) = state.and_then(|state| self.states.get(&state.to_string())) else {
            return Found::NoState;
        };
        let table = pods
            .get(&format!("{namespace}/{pod}"))
            .and_then(|table| self.tables.get(*table));
        match table {
            Some(table) => Found::Clusters(table.iter().filter_map(|cluster| self.clusters.get(*cluster)).collect()),
            None => Found::NoPod,
        }
    }

    /// Adds what a pod's Envoy said in a state: the body of `/clusters?format=json`. Returns nothing if it has no clusters.
    pub fn add(&mut self, state: Fingerprint, pod: &str, page: &Value) -> Option<()> {
        let mut table = Vec::new();
        for cluster in page.get("cluster_statuses")?.as_array()? {
            let mut cluster = cluster.clone();
            let hosts = cluster.get_mut("host_statuses").and_then(Value::as_array_mut);
            for host in hosts.into_iter().flatten().filter_map(Value::as_object_mut) {
                host.remove("stats");
            }
            table.push(number_of(&mut self.clusters, cluster));
        }
        let table = number_of(&mut self.tables, table);
        let pods = self.states.entry(state.to_string()).or_default();
        pods.insert(pod.to_owned(), table);
        Some(())
    }

    /// The text of the asset: a line for each cluster, table and state, so that a new recording can be compared.
    pub fn to_text(&self) -> String {
        let lines = |items: Vec<String>| items.join(",\n");
        let text = |value: &dyn Fn() -> serde_json::Result<String>| value().unwrap_or_default();
        let clusters = self.clusters.iter().map(Value::to_string).collect();
        let tables = self
            .tables
            .iter()
            .map(|table| text(&|| serde_json::to_string(table)))
            .collect();
        let states = self
            .states
            .iter()
            .map(|(state, pods)| {
                format!(
                    "{}:{}",
                    Value::from(state.as_str()),
                    text(&|| serde_json::to_string(pods))
                )
            })
            .collect();
        format!(
            "{{\"envoy\":{},\n\"clusters\":[\n{}\n],\n\"tables\":[\n{}\n],\n\"states\":{{\n{}\n}}}}\n",
            Value::from(self.envoy.as_str()),
            lines(clusters),
            lines(tables),
            lines(states)
        )
    }
}

fn number_of<T: PartialEq>(items: &mut Vec<T>, item: T) -> usize {
    if let Some(at) = items.iter().position(|known| *known == item) {
        return at;
    }
    items.push(item);
    items.len() - 1
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::demo::store::Store;

    #[test]
    fn what_is_added_is_found_again_without_counters_and_only_once() {
        let store = Store::new(|| "2026-01-10T12:00:00Z".parse().unwrap());
        let state = Fingerprint::of(&store).unwrap();
        let page = json!({"cluster_statuses": [
            {"name": "a", "host_statuses": [{"address": {}, "stats": [{"name": "rq_total", "value": "4"}]}]}, {"name": "b"}]});
        let mut recording = Recording::default();
        recording.add(state, "n/p", &page).unwrap();
        recording.add(state, "n/q", &page).unwrap();
        assert_eq!((recording.clusters.len(), recording.tables.len()), (2, 1));
        let expected = [
            json!({"name": "a", "host_statuses": [{"address": {}}]}),
            json!({"name": "b"}),
        ];
        assert_eq!(
            recording.find(Some(state), "n", "q"),
            Found::Clusters(expected.iter().collect())
        );
        assert_eq!(recording.find(Some(state), "n", "r"), Found::NoPod);
        assert_eq!(recording.find(None, "n", "q"), Found::NoState);
        assert_eq!(
            serde_json::from_str::<Recording>(&recording.to_text()).unwrap(),
            recording
        );
    }
}
