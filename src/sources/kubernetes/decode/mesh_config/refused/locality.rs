//! What istiod refuses in `localityLbSetting` and `zoneAwareLbSetting`.
//!
//! istio: `pkg/config/validation/agent/validation.go`, `ValidateLocalityLbSetting`, `ValidateZoneAwareLbSetting`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{field, find, number};

const TOPOLOGY: [&str; 3] = [
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
    "topology.istio.io/subzone",
];

/// The first fault: the field's path, and what is wrong with it.
pub(super) fn fault(mesh: &Value) -> Option<(String, String)> {
    let of = |name: &str, check: fn(&Value) -> Option<&'static str>| {
        let what = check(find(mesh, &[name])?)?;
        Some((name.to_owned(), what.to_owned()))
    };
    of("localityLbSetting", of_locality).or_else(|| of("zoneAwareLbSetting", of_zones))
}

fn of_locality(setting: &Value) -> Option<&'static str> {
    let (distribute, failover) = (items(setting, "distribute"), items(setting, "failover"));
    if !distribute.is_empty() && !failover.is_empty() {
        return Some("has both distribute and failover");
    }
    if !failover.is_empty() && names_topology(setting) {
        return Some("has failover, and a topology label in failoverPriority");
    }
    for entry in distribute {
        let to = field(entry, "to").and_then(Value::as_object);
        let weights: Vec<i64> = to.into_iter().flat_map(|to| to.values().filter_map(number)).collect();
        if weights.iter().any(|weight| !(1..=100).contains(weight)) {
            return Some("has a weight that is not from 1 to 100");
        }
        if weights.iter().sum::<i64>() != 100 {
            return Some("has weights that do not sum up to 100");
        }
        let places: Vec<&str> = to.into_iter().flat_map(|to| to.keys().map(String::as_str)).collect();
        if overlap(&places) {
            return Some("has places that overlap, or are no places");
        }
    }
    let places: Vec<&str> = distribute.iter().map(|entry| text(entry, "from")).collect();
    if overlap(&places) {
        return Some("has places that overlap, or are no places");
    }
    failover.iter().find_map(of_failover)
}

fn of_zones(setting: &Value) -> Option<&'static str> {
    if names_topology(setting) {
        return Some("has a topology label in failoverPriority");
    }
    items(setting, "failover").iter().find_map(of_failover)
}

fn of_failover(entry: &Value) -> Option<&'static str> {
    let (from, to) = (text(entry, "from"), text(entry, "to"));
    let has = |sign: char| from.contains(sign) || to.contains(sign);
    if from == to {
        Some("has a failover from a region to itself")
    } else if has('/') {
        Some("has a failover that names more than regions")
    } else if has('*') {
        Some("has a failover with '*'")
    } else {
        None
    }
}

/// Whether one is no place, or is covered by one before it, or names what one before it lies in. A `*` after narrower
/// ones is taken.
///
/// istio: `validateLocalities`.
fn overlap(places: &[&str]) -> bool {
    let mut seen: BTreeMap<&str, BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
    places.iter().any(|place| {
        let stars = place.matches('*').count();
        let is_misplaced = stars > 1 || (stars == 1 && !place.ends_with('*'));
        let mut parts = place.splitn(3, '/');
        let (region, zone, subzone) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        let is_empty = region.is_empty() || zone.is_some_and(str::is_empty) || subzone.is_some_and(str::is_empty);
        if is_misplaced || is_empty || seen.contains_key("*") {
            return true;
        }
        let zones = seen.get(region);
        let is_covered = match (zones, zone, subzone) {
            (None, _, _) => false,
            (Some(_), None, _) => true,
            (Some(zones), Some(zone), None) => zones.contains_key("*") || zones.contains_key(zone),
            (Some(zones), Some(zone), Some(subzone)) => {
                let subzones = zones.get(zone);
                let is_seen = subzones.is_some_and(|seen| seen.contains("*") || seen.contains(subzone));
                zones.contains_key("*") || is_seen
            }
        };
        let zones = seen.entry(region).or_default();
        zones
            .entry(zone.unwrap_or("*"))
            .or_default()
            .insert(subzone.unwrap_or("*"));
        is_covered
    })
}

fn names_topology(setting: &Value) -> bool {
    let mut names = items(setting, "failoverPriority").iter().filter_map(Value::as_str);
    names.any(|name| TOPOLOGY.contains(&name))
}

fn items<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    field(value, name)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    field(value, name).and_then(Value::as_str).unwrap_or_default()
}
