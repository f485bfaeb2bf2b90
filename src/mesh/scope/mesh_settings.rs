//! The mesh config that an istiod works with: its `ConfigMaps` laid over the defaults (scope rules §1.2).
//!
//! istio: `pkg/config/mesh/mesh.go`, `DefaultMeshConfig`, `ApplyMeshConfig`; `pilot/pkg/bootstrap/mesh.go`. A list or a
//! message that is given replaces the default whole, except `defaultConfig`, which is merged by field.

use std::sync::Arc;

use crate::mesh::model::{
    Key, LabelSelector, LocalityLb, MeshConfig, MeshConfigMap, ProxyConfig, ServiceEntryVisibility, Text, ZoneAwareLb,
};
use crate::mesh::world::World;

use super::export::ExportTo;
use super::flags::Flags;

/// Mesh config with every default filled in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Mesh {
    /// `rootNamespace`
    pub(crate) root_namespace: Text,
    /// `defaultServiceExportTo`
    pub(crate) service_export_to: ExportTo,
    /// `defaultVirtualServiceExportTo`
    pub(crate) virtual_service_export_to: ExportTo,
    /// `defaultDestinationRuleExportTo`
    pub(crate) destination_rule_export_to: ExportTo,
    /// `outboundTrafficPolicy.mode`
    pub(crate) outbound_mode: Text,
    /// `inboundTrafficPolicy.mode` is `LOCALHOST`.
    pub(crate) inbound_is_localhost: bool,
    /// `discoverySelectors`; empty means all namespaces.
    pub(crate) discovery_selectors: Arc<[LabelSelector]>,
    /// `localityLbSetting`
    pub(crate) locality: LocalityLb,
    /// `zoneAwareLbSetting`
    pub(crate) zone_aware: Option<ZoneAwareLb>,
    /// `serviceEntryVisibility`, if it concerns sidecars.
    pub(crate) entry_visibility: Option<ServiceEntryVisibility>,
    /// `defaultConfig`
    pub(crate) proxy: ProxyConfig,
    /// A gateway to another network is configured.
    pub(crate) has_network_gateways: bool,
}

impl Mesh {
    /// What the `ConfigMaps` of this istiod make of the defaults.
    pub(crate) fn of(world: &World, namespace: &Text, flags: &Flags) -> Self {
        let named = |name: &str| world.mesh_configs.get(&Key::new(namespace.clone(), name));
        let main = match flags.revision.as_str() {
            "" | "default" => named("istio"),
            revision => named(&format!("istio-{revision}")),
        };
        let shared = (!flags.shared_mesh_config.is_empty()).then(|| named(&flags.shared_mesh_config));
        let maps: Vec<&Arc<MeshConfigMap>> = shared.flatten().into_iter().chain(main).collect();
        let written = maps.iter().filter_map(|map| map.mesh.as_deref());
        let written = written.fold(MeshConfig::default(), |below, above| lay_over(&below, above));
        Self::with_defaults(written, maps.iter().any(|map| map.has_network_gateways))
    }

    fn with_defaults(written: MeshConfig, has_network_gateways: bool) -> Self {
        let export = |list: Option<Arc<[Text]>>| match list {
            Some(list) if !list.is_empty() => ExportTo::from(&*list),
            Some(_) | None => ExportTo::from(ExportTo::PUBLIC),
        };
        Self {
            root_namespace: written.root_namespace.unwrap_or_else(|| Text::from("istio-system")),
            service_export_to: export(written.default_service_export_to),
            virtual_service_export_to: export(written.default_virtual_service_export_to),
            destination_rule_export_to: export(written.default_destination_rule_export_to),
            outbound_mode: written.outbound_mode.unwrap_or_else(|| Text::from("ALLOW_ANY")),
            inbound_is_localhost: written.inbound_mode.is_some_and(|mode| mode == "LOCALHOST"),
            discovery_selectors: written.discovery_selectors.unwrap_or_default(),
            locality: written.locality.unwrap_or_default(),
            zone_aware: written.zone_aware,
            entry_visibility: written
                .service_entry_visibility
                .filter(|visibility| visibility.applies_to_sidecars),
            proxy: written.default_config,
            has_network_gateways,
        }
    }
}

/// One document over another: what it says replaces what was said below.
fn lay_over(below: &MeshConfig, above: &MeshConfig) -> MeshConfig {
    MeshConfig {
        root_namespace: pick(&above.root_namespace, &below.root_namespace),
        default_service_export_to: pick(&above.default_service_export_to, &below.default_service_export_to),
        default_virtual_service_export_to: pick(
            &above.default_virtual_service_export_to,
            &below.default_virtual_service_export_to,
        ),
        default_destination_rule_export_to: pick(
            &above.default_destination_rule_export_to,
            &below.default_destination_rule_export_to,
        ),
        outbound_mode: pick(&above.outbound_mode, &below.outbound_mode),
        inbound_mode: pick(&above.inbound_mode, &below.inbound_mode),
        discovery_selectors: pick(&above.discovery_selectors, &below.discovery_selectors),
        locality: pick(&above.locality, &below.locality),
        zone_aware: pick(&above.zone_aware, &below.zone_aware),
        service_entry_visibility: pick(&above.service_entry_visibility, &below.service_entry_visibility),
        default_config: lay_proxy_over(&below.default_config, &above.default_config),
    }
}

/// One `ProxyConfig` over another.
pub(crate) fn lay_proxy_over(below: &ProxyConfig, above: &ProxyConfig) -> ProxyConfig {
    ProxyConfig {
        proxy_admin_port: pick(&above.proxy_admin_port, &below.proxy_admin_port),
        status_port: pick(&above.status_port, &below.status_port),
        config_path: pick(&above.config_path, &below.config_path),
        interception_mode: pick(&above.interception_mode, &below.interception_mode),
        tracing: pick(&above.tracing, &below.tracing),
        metrics_service: pick(&above.metrics_service, &below.metrics_service),
        access_log_service: pick(&above.access_log_service, &below.access_log_service),
        has_custom_bootstrap: above.has_custom_bootstrap || below.has_custom_bootstrap,
    }
}

#[expect(clippy::ref_option, reason = "the same field of two layers, side by side")]
fn pick<T: Clone>(above: &Option<T>, below: &Option<T>) -> Option<T> {
    above.as_ref().or(below.as_ref()).cloned()
}
