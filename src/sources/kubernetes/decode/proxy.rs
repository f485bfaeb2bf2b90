//! The proxy of a pod: which container it is, what it was told, and what it was told in YAML.
//!
//! istio: `pilot/cmd/pilot-agent/app/cmd.go` (`initProxy`: the role is the first argument after `proxy`, `sidecar` if
//! there is none), `pkg/kube/inject` (what the container's environment holds).

use serde::Deserialize;

use super::lenient::{self, Problem};
use super::pod::{Container, Spec};
use super::wire::{Enum, Int, Map, Str};
use super::{Context, yaml};
use crate::mesh::model::{Interner, Labels, Proxy, ProxyConfig, ProxyKind, Text};

/// The container that the injector adds, and that ztunnel's own pods have.
const CONTAINER: &str = "istio-proxy";

const INTERCEPTION_MODES: &[&str] = &["REDIRECT", "TPROXY", "NONE"];

/// The proxy of a pod, native sidecars included; `None` if there is none.
pub(super) fn find(spec: &Spec<'_>, annotations: &Labels, context: &mut Context<'_>) -> Option<Proxy> {
    let mut containers = spec.containers.iter().chain(&spec.init_containers);
    let container = containers.find(|container| &*container.name == CONTAINER)?;
    let kind = kind(container)?;
    let env = |name: &str| {
        let mut literal = container.env.iter().rev().filter(|var| var.value_from.is_none());
        literal.find(|var| &*var.name == name).map(|var| &*var.value)
    };
    let mut config = ProxyConfig::default();
    if let Some(text) = env("PROXY_CONFIG") {
        lay_over(&mut config, text, "env PROXY_CONFIG", context);
    }
    if let Some(text) = annotations.get("proxy.istio.io/config") {
        lay_over(&mut config, text, "annotation proxy.istio.io/config", context);
    }
    let static_labels = env("ISTIO_METAJSON_LABELS").map(|text| static_labels(text, context));
    let interner = &mut *context.interner;
    let literal = container.env.iter().filter(|var| var.value_from.is_none());
    Some(Proxy {
        kind,
        image_tag: image_tag(&container.image, interner),
        env: interner.labels(literal.map(|var| (&*var.name, &*var.value))),
        args: container.args.texts(interner),
        static_labels: static_labels.unwrap_or_default(),
        config,
    })
}

fn kind(container: &Container<'_>) -> Option<ProxyKind> {
    let mut args = container.args.iter().map(|arg| &**arg);
    if args.next() != Some("proxy") {
        return None;
    }
    match args.next() {
        Some("sidecar") | None => Some(ProxyKind::Sidecar),
        Some("router") => Some(ProxyKind::Router),
        Some("waypoint") => Some(ProxyKind::Waypoint),
        Some("ztunnel") => Some(ProxyKind::Ztunnel),
        Some(flag) => flag.starts_with('-').then_some(ProxyKind::Sidecar),
    }
}

/// The tag of an image: what follows the last colon of its last path segment, a digest left out.
pub(super) fn image_tag(image: &str, interner: &mut Interner) -> Text {
    let name = image.split('@').next().unwrap_or_default();
    let last = name.rsplit('/').next().unwrap_or_default();
    interner.text(last.split_once(':').map_or("", |(_, tag)| tag))
}

fn static_labels(text: &str, context: &mut Context<'_>) -> Labels {
    match serde_json::from_str::<Map<'_>>(text) {
        Ok(labels) => labels.labels(context.interner),
        Err(error) => {
            context.problems.push(Problem {
                path: "env ISTIO_METAJSON_LABELS".into(),
                text: lenient::shorten(&error.to_string()),
            });
            Labels::default()
        }
    }
}

fn lay_over(config: &mut ProxyConfig, text: &str, path: &str, context: &mut Context<'_>) {
    // What the injector writes is JSON, and mostly this.
    if matches!(text.trim(), "" | "{}") {
        return;
    }
    let above = match serde_json::from_str::<WireProxyConfig<'_>>(text) {
        Ok(wire) => wire.convert(context.interner),
        Err(_) => {
            yaml::read::<WireProxyConfigFamily, _>(text, path, context, |wire, context| wire.convert(context.interner))
                .unwrap_or_default()
        }
    };
    let below = std::mem::take(config);
    *config = ProxyConfig {
        proxy_admin_port: above.proxy_admin_port.or(below.proxy_admin_port),
        status_port: above.status_port.or(below.status_port),
        config_path: above.config_path.or(below.config_path),
        interception_mode: above.interception_mode.or(below.interception_mode),
        tracing: above.tracing.or(below.tracing),
        metrics_service: above.metrics_service.or(below.metrics_service),
        access_log_service: above.access_log_service.or(below.access_log_service),
        has_custom_bootstrap: above.has_custom_bootstrap || below.has_custom_bootstrap,
    };
}

pub(super) struct WireProxyConfigFamily;

impl yaml::Family for WireProxyConfigFamily {
    type Of<'de> = WireProxyConfig<'de>;
}

/// `ProxyConfig`; protobuf's JSON takes its fields' own names as well.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct WireProxyConfig<'a> {
    #[serde(borrow, alias = "config_path")]
    config_path: Str<'a>,
    #[serde(alias = "proxy_admin_port")]
    proxy_admin_port: Int<u16>,
    #[serde(alias = "status_port")]
    status_port: Int<u16>,
    #[serde(alias = "interception_mode")]
    interception_mode: Option<Enum<'a>>,
    tracing: Option<Tracing<'a>>,
    #[serde(alias = "envoy_metrics_service")]
    envoy_metrics_service: Option<Address<'a>>,
    #[serde(alias = "envoy_access_log_service")]
    envoy_access_log_service: Option<Address<'a>>,
    #[serde(alias = "custom_config_file")]
    custom_config_file: Str<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Tracing<'a> {
    #[serde(borrow)]
    zipkin: Option<Address<'a>>,
    lightstep: Option<Address<'a>>,
    datadog: Option<Address<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Address<'a> {
    #[serde(borrow)]
    address: Str<'a>,
}

impl WireProxyConfig<'_> {
    pub(super) fn convert(&self, interner: &mut Interner) -> ProxyConfig {
        let port = |port: Int<u16>| Some(port.0).filter(|number| *number != 0);
        let mode = self.interception_mode.as_ref();
        let mode = mode.map(|mode| mode.text(INTERCEPTION_MODES, interner));
        ProxyConfig {
            proxy_admin_port: port(self.proxy_admin_port),
            status_port: port(self.status_port),
            config_path: non_empty(&self.config_path, interner),
            interception_mode: mode.filter(|mode| !mode.is_empty()),
            tracing: self.tracing.as_ref().and_then(|tracing| tracing.convert(interner)),
            metrics_service: address(self.envoy_metrics_service.as_ref(), interner),
            access_log_service: address(self.envoy_access_log_service.as_ref(), interner),
            has_custom_bootstrap: !self.custom_config_file.is_empty(),
        }
    }
}

impl Tracing<'_> {
    /// istio: `tools/packaging/common/envoy_bootstrap.json` names the clusters.
    fn convert(&self, interner: &mut Interner) -> Option<(Text, Text)> {
        let tracers = [
            (&self.zipkin, "zipkin"),
            (&self.lightstep, "lightstep"),
            (&self.datadog, "datadog_agent"),
        ];
        tracers.into_iter().find_map(|(tracer, cluster)| {
            let address = non_empty(&tracer.as_ref()?.address, interner)?;
            Some((address, interner.text(cluster)))
        })
    }
}

fn address(service: Option<&Address<'_>>, interner: &mut Interner) -> Option<Text> {
    service.and_then(|service| non_empty(&service.address, interner))
}

/// A protobuf text has no other absence than being empty.
pub(super) fn non_empty(text: &str, interner: &mut Interner) -> Option<Text> {
    (!text.is_empty()).then(|| interner.text(text))
}
