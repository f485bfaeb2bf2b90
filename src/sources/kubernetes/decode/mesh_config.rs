//! `v1/ConfigMap` of a mesh config: key `mesh` is `MeshConfig` in YAML, key `meshNetworks` is `MeshNetworks`.
//!
//! istio: `pkg/config/mesh/mesh.go` (`ApplyMeshConfig`: protobuf's JSON, so fields also go by their own names, and
//! fields that nobody knows are ignored). Absent is absent here; defaults live with the rules.

mod refused;

use std::sync::Arc;

use serde::Deserialize;

use super::lenient::{self, Problem};
use super::meta::ObjectMeta;
use super::proxy::{WireProxyConfig, non_empty};
use super::traffic::{LocalityLb, ZoneAwareLb};
use super::wire::{Enum, IsAny, List, Map, Str};
use super::{Common, Context, Wire, yaml};
use crate::mesh::model::{self, Interner, Text};

const OUTBOUND_MODES: &[&str] = &["REGISTRY_ONLY", "ALLOW_ANY", "", "ALLOW_ANY_DYNAMIC_DNS"];
const INBOUND_MODES: &[&str] = &["PASSTHROUGH", "LOCALHOST"];
const VISIBILITIES: &[&str] = &["VISIBILITY_UNSPECIFIED", "NONE", "NAMESPACE", "PUBLIC"];

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ConfigMap<'a> {
    #[serde(borrow)]
    metadata: ObjectMeta<'a>,
    data: Map<'a>,
}

impl<'de> Wire<'de> for ConfigMap<'de> {
    fn metadata(&self) -> &ObjectMeta<'de> {
        &self.metadata
    }

    fn convert(self, common: Common, context: &mut Context<'_>) -> model::Object {
        let mesh = self.data.get("mesh").map(|text| Arc::new(read_mesh(text, context)));
        let networks = self.data.get("meshNetworks").and_then(|text| {
            read::<MeshNetworksFamily, _>(text, "data.meshNetworks", context, |wire, _| wire.has_gateways())
        });
        model::MeshConfigMap {
            meta: common.meta,
            provenance: common.provenance,
            mesh,
            has_network_gateways: networks.unwrap_or_default(),
        }
        .into()
    }
}

/// A mesh config; one that istiod refuses says nothing, for istiod then keeps the one it had.
fn read_mesh(text: &str, context: &mut Context<'_>) -> model::MeshConfig {
    let (path, known) = ("data.mesh", context.problems.len());
    let text = first_document(text);
    let mesh = read::<MeshConfigFamily, _>(text, path, context, |wire, context| wire.convert(context.interner));
    if context.problems.len() == known {
        let fault = if text.starts_with('\t') {
            // Go's reader takes no tab for space, not even there.
            Some((path.to_owned(), "begins with a tab".to_owned()))
        } else {
            let refused = yaml::parse(text).ok().and_then(|mesh| refused::why(&mesh));
            refused.map(|(field, what)| (format!("{path}: {field}"), what))
        };
        let Some((path, text)) = fault else {
            return mesh.unwrap_or_default();
        };
        context.problems.push(Problem { path, text });
    }
    if let Some(last) = context.problems.last_mut() {
        let text = lenient::shorten(&last.text);
        last.text =
            format!("{text}: istiod refuses such a mesh config and keeps what it had, its defaults are assumed");
    }
    model::MeshConfig::default()
}

/// Up to the marker of the next document: Go's reader takes one.
fn first_document(text: &str) -> &str {
    let mut at = 0;
    let mut has_content = false;
    for line in text.split_inclusive('\n') {
        let is_marker = line.trim_end() == "---" || line.starts_with("--- ");
        if is_marker && has_content {
            return text.get(..at).unwrap_or(text);
        }
        has_content |= !is_marker && !line.trim().is_empty() && !line.starts_with('#');
        at += line.len();
    }
    text
}

/// As [`yaml::read`]; a text that says nothing is an empty config.
fn read<F: yaml::Family, R>(
    text: &str,
    path: &str,
    context: &mut Context<'_>,
    convert: impl Fn(F::Of<'_>, &mut Context<'_>) -> R,
) -> Option<R> {
    let says_nothing = text
        .lines()
        .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
    if says_nothing {
        return None;
    }
    yaml::read::<F, R>(text, path, context, convert)
}

struct MeshConfigFamily;

impl yaml::Family for MeshConfigFamily {
    type Of<'de> = MeshConfig<'de>;
}

struct MeshNetworksFamily;

impl yaml::Family for MeshNetworksFamily {
    type Of<'de> = MeshNetworks<'de>;
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct MeshNetworks<'a> {
    #[serde(borrow)]
    networks: Map<'a, Network>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Network {
    gateways: IsAny,
}

impl MeshNetworks<'_> {
    fn has_gateways(&self) -> bool {
        self.networks.sorted().values().any(|network| network.gateways.0)
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct MeshConfig<'a> {
    #[serde(borrow, alias = "root_namespace")]
    root_namespace: Str<'a>,
    #[serde(alias = "default_service_export_to")]
    default_service_export_to: Option<List<Str<'a>>>,
    #[serde(alias = "default_virtual_service_export_to")]
    default_virtual_service_export_to: Option<List<Str<'a>>>,
    #[serde(alias = "default_destination_rule_export_to")]
    default_destination_rule_export_to: Option<List<Str<'a>>>,
    #[serde(alias = "outbound_traffic_policy")]
    outbound_traffic_policy: Option<TrafficPolicy<'a>>,
    #[serde(alias = "inbound_traffic_policy")]
    inbound_traffic_policy: Option<TrafficPolicy<'a>>,
    #[serde(alias = "discovery_selectors")]
    discovery_selectors: Option<List<LabelSelector<'a>>>,
    #[serde(alias = "locality_lb_setting")]
    locality_lb_setting: Option<LocalityLb<'a>>,
    #[serde(alias = "zone_aware_lb_setting")]
    zone_aware_lb_setting: Option<ZoneAwareLb>,
    #[serde(alias = "service_entry_visibility")]
    service_entry_visibility: Option<ServiceEntryVisibility<'a>>,
    #[serde(alias = "default_config")]
    default_config: Option<WireProxyConfig<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct TrafficPolicy<'a> {
    #[serde(borrow)]
    mode: Enum<'a>,
}

impl TrafficPolicy<'_> {
    /// The mode's name; of a policy without one the first of `names`, protobuf's zero.
    fn mode(&self, names: &[&str], interner: &mut Interner) -> Text {
        let mode = self.mode.text(names, interner);
        match names.first() {
            Some(zero) if mode.is_empty() => interner.text(zero),
            Some(_) | None => mode,
        }
    }

    pub(super) fn outbound_mode(&self, interner: &mut Interner) -> Text {
        self.mode(OUTBOUND_MODES, interner)
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct LabelSelector<'a> {
    #[serde(borrow, alias = "match_labels")]
    match_labels: Map<'a>,
    #[serde(alias = "match_expressions")]
    match_expressions: List<Requirement<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Requirement<'a> {
    #[serde(borrow)]
    key: Str<'a>,
    operator: Str<'a>,
    values: List<Str<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ServiceEntryVisibility<'a> {
    #[serde(borrow, alias = "default_visibility")]
    default_visibility: Enum<'a>,
    #[serde(alias = "apply_to_sidecars")]
    apply_to_sidecars: Option<bool>,
    policies: List<VisibilityPolicy<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct VisibilityPolicy<'a> {
    #[serde(borrow)]
    visibility: Enum<'a>,
    #[serde(alias = "matching_rules")]
    matching_rules: List<MatchRule<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct MatchRule<'a> {
    #[serde(borrow, alias = "namespace_selector")]
    namespace_selector: Option<LabelSelector<'a>>,
}

impl MeshConfig<'_> {
    fn convert(&self, interner: &mut Interner) -> model::MeshConfig {
        let outbound = self.outbound_traffic_policy.as_ref();
        let inbound = self.inbound_traffic_policy.as_ref();
        let visibility = self.service_entry_visibility.as_ref();
        model::MeshConfig {
            root_namespace: non_empty(&self.root_namespace, interner),
            default_service_export_to: texts(self.default_service_export_to.as_ref(), interner),
            default_virtual_service_export_to: texts(self.default_virtual_service_export_to.as_ref(), interner),
            default_destination_rule_export_to: texts(self.default_destination_rule_export_to.as_ref(), interner),
            outbound_mode: outbound.map(|policy| policy.outbound_mode(interner)),
            inbound_mode: inbound.map(|policy| policy.mode(INBOUND_MODES, interner)),
            discovery_selectors: self
                .discovery_selectors
                .as_ref()
                .map(|selectors| selectors.iter().map(|selector| selector.convert(interner)).collect()),
            locality: self
                .locality_lb_setting
                .as_ref()
                .map(|setting| setting.convert(interner)),
            zone_aware: self.zone_aware_lb_setting.as_ref().map(ZoneAwareLb::convert),
            service_entry_visibility: visibility.map(|visibility| visibility.convert(interner)),
            default_config: self
                .default_config
                .as_ref()
                .map(|config| config.convert(interner))
                .unwrap_or_default(),
        }
    }
}

fn texts(list: Option<&List<Str<'_>>>, interner: &mut Interner) -> Option<Arc<[Text]>> {
    list.map(|list| list.texts(interner))
}

impl LabelSelector<'_> {
    fn convert(&self, interner: &mut Interner) -> model::LabelSelector {
        let expressions = self.match_expressions.iter().map(|requirement| model::Requirement {
            key: requirement.key.text(interner),
            operator: requirement.operator.text(interner),
            values: requirement.values.texts(interner),
        });
        model::LabelSelector {
            expressions: expressions.collect(),
            labels: self.match_labels.labels(interner),
        }
    }
}

impl ServiceEntryVisibility<'_> {
    fn convert(&self, interner: &mut Interner) -> model::ServiceEntryVisibility {
        let policies = self.policies.iter().map(|policy| policy.convert(interner));
        model::ServiceEntryVisibility {
            policies: policies.collect(),
            applies_to_sidecars: self.apply_to_sidecars.unwrap_or_default(),
            default: self.default_visibility.text(VISIBILITIES, interner),
        }
    }
}

impl VisibilityPolicy<'_> {
    fn convert(&self, interner: &mut Interner) -> model::VisibilityPolicy {
        let rules = self.matching_rules.iter();
        let rules = rules.map(|rule| {
            rule.namespace_selector
                .as_ref()
                .map(|selector| selector.convert(interner))
        });
        model::VisibilityPolicy {
            rules: rules.collect(),
            visibility: self.visibility.text(VISIBILITIES, interner),
        }
    }
}
