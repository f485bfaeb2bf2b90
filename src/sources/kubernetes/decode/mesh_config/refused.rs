//! Why istiod refuses a mesh config: one bad value, and all of the text counts for nothing.
//!
//! Values that rules do not read count too, for they take the others down with them. Followed are types, enums and
//! bounds of plain fields; not followed are those of tracers, private key providers, connection settings and the default
//! traffic policy. istio: `pkg/config/mesh/mesh.go` (`ApplyMeshConfig`), `pkg/config/validation/agent/validation.go`
//! (`ValidateMeshConfig`); the JSON is that of protobuf's older reader (`jsonpb`).

mod locality;

use std::net::IpAddr;

use jiff::SignedDuration;
use serde_json::Value;

/// What a field must be.
enum Check {
    /// `true` or `false`.
    Switch,
    /// One of these names, or a number.
    OneOf(&'static [&'static str]),
    /// 1 to 65535.
    Port,
    /// A duration.
    Time,
    /// A duration of whole milliseconds from 1 ms to an hour.
    Timeout,
    /// A duration of whole milliseconds; 0 switches it off.
    Detection,
    /// A duration of whole seconds.
    Drain,
    /// Not the empty text.
    Text,
    /// `HOST:PORT`.
    Proxy,
    /// `HOST:PORT`, or nothing.
    MaybeProxy,
    /// DNS labels.
    TrustDomain,
    /// Must not be there.
    Absent,
}

const TLS: &[&str] = &["TLS_AUTO", "TLSV1_2", "TLSV1_3"];
const H2: &[&str] = &["DO_NOT_UPGRADE", "UPGRADE"];

/// Fields by path, in lower camel case.
const FIELDS: &[(&[&str], Check)] = &[
    (&["proxyListenPort"], Check::Port),
    (&["connectTimeout"], Check::Timeout),
    (&["protocolDetectionTimeout"], Check::Detection),
    (&["dnsRefreshRate"], Check::Time),
    (&["enableTracing"], Check::Switch),
    (&["enableAutoMtls"], Check::Switch),
    (&["enablePrometheusMerge"], Check::Switch),
    (&["enableEnvoyAccessLogService"], Check::Switch),
    (&["disableEnvoyListenerLog"], Check::Switch),
    (&["verifyCertificateAtClient"], Check::Switch),
    (&["accessLogEncoding"], Check::OneOf(&["TEXT", "JSON"])),
    (
        &["ingressControllerMode"],
        Check::OneOf(&["UNSPECIFIED", "OFF", "DEFAULT", "STRICT"]),
    ),
    (
        &["outboundTrafficPolicy", "mode"],
        Check::OneOf(&["REGISTRY_ONLY", "ALLOW_ANY", "ALLOW_ANY_DYNAMIC_DNS"]),
    ),
    (
        &["inboundTrafficPolicy", "mode"],
        Check::OneOf(&["PASSTHROUGH", "LOCALHOST"]),
    ),
    (&["h2UpgradePolicy"], Check::OneOf(H2)),
    (&["meshMTLS", "minProtocolVersion"], Check::OneOf(TLS)),
    (&["meshMTLS", "ecdhCurves"], Check::Absent),
    (&["tlsDefaults", "minProtocolVersion"], Check::OneOf(TLS)),
    (&["trustDomain"], Check::TrustDomain),
    (&["localityLbSetting", "enabled"], Check::Switch),
    (&["defaultConfig", "configPath"], Check::Text),
    (&["defaultConfig", "binaryPath"], Check::Text),
    (&["defaultConfig", "serviceCluster"], Check::Text),
    (&["defaultConfig", "drainDuration"], Check::Drain),
    (&["defaultConfig", "terminationDrainDuration"], Check::Time),
    (&["defaultConfig", "discoveryAddress"], Check::Proxy),
    (&["defaultConfig", "statsdUdpAddress"], Check::MaybeProxy),
    (&["defaultConfig", "envoyMetricsServiceAddress"], Check::MaybeProxy),
    (&["defaultConfig", "envoyMetricsService", "address"], Check::MaybeProxy),
    (
        &["defaultConfig", "envoyAccessLogService", "address"],
        Check::MaybeProxy,
    ),
    (&["defaultConfig", "proxyAdminPort"], Check::Port),
    (&["defaultConfig", "statusPort"], Check::Port),
    (
        &["defaultConfig", "controlPlaneAuthPolicy"],
        Check::OneOf(&["NONE", "MUTUAL_TLS"]),
    ),
    (
        &["defaultConfig", "interceptionMode"],
        Check::OneOf(&["REDIRECT", "TPROXY", "NONE"]),
    ),
    (&["defaultConfig", "holdApplicationUntilProxyStarts"], Check::Switch),
];

/// The first reason for which istiod refuses it: the field's path, and what is wrong with it.
pub(super) fn why(mesh: &Value) -> Option<(String, String)> {
    let plain = FIELDS.iter().find_map(|(path, check)| {
        let value = find(mesh, path)?;
        Some((path.join("."), check.fault(value)?))
    });
    plain.or_else(|| locality::fault(mesh)).or_else(|| hosts(mesh))
}

/// A field by its path; `null` is as good as absent.
fn find<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    let found = path.iter().try_fold(value, |value, name| field(value, name))?;
    (!found.is_null()).then_some(found)
}

/// A field by its JSON name, or by protobuf's own.
fn field<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    value.get(name).or_else(|| {
        let original: String = name
            .chars()
            .flat_map(|letter| {
                let gap = letter.is_ascii_uppercase().then_some('_');
                gap.into_iter().chain([letter.to_ascii_lowercase()])
            })
            .collect();
        value.get(original)
    })
}

impl Check {
    fn fault(&self, value: &Value) -> Option<String> {
        let bad = |what: &str| Some(format!("{} is {what}", shown(value)));
        match self {
            Check::Switch if !value.is_boolean() => bad("neither true nor false"),
            Check::OneOf(names) => match value.as_str() {
                Some(name) if !names.contains(&name) => bad(&format!("none of {}", names.join(", "))),
                None if !value.is_i64() => bad("no name"),
                Some(_) | None => None,
            },
            Check::Port if !number(value).is_some_and(|port| (1..=65_535).contains(&port)) => {
                bad("no port from 1 to 65535")
            }
            Check::Time if duration(value).is_none() => bad("no duration"),
            Check::Timeout => match duration(value) {
                Some(time) if is_whole(time, 1) && (millis(1)..=millis(3_600_000)).contains(&time) => None,
                Some(_) | None => bad("no duration from 1ms to 1h in whole milliseconds"),
            },
            Check::Detection if !duration(value).is_some_and(|time| is_whole(time, 1)) => {
                bad("no duration in whole milliseconds")
            }
            Check::Drain if !duration(value).is_some_and(|time| time >= millis(1) && is_whole(time, 1_000)) => {
                bad("no duration in whole seconds")
            }
            Check::Text if value.as_str().is_none_or(str::is_empty) => bad("no text"),
            Check::Proxy if !value.as_str().is_some_and(is_proxy_address) => bad("no HOST:PORT"),
            Check::MaybeProxy
                if !value
                    .as_str()
                    .is_some_and(|text| text.is_empty() || is_proxy_address(text)) =>
            {
                bad("no HOST:PORT")
            }
            Check::TrustDomain if !value.as_str().is_some_and(is_trust_domain) => bad("no trust domain"),
            Check::Absent => Some("is not supported here".to_owned()),
            Check::Switch
            | Check::Port
            | Check::Time
            | Check::Detection
            | Check::Drain
            | Check::Text
            | Check::Proxy
            | Check::MaybeProxy
            | Check::TrustDomain => None,
        }
    }
}

fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    format!("'{text}'")
}

/// A number, or a number in quotes.
fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn millis(count: i64) -> SignedDuration {
    SignedDuration::from_millis(count)
}

fn is_whole(time: SignedDuration, unit: i128) -> bool {
    time.as_nanos() % (unit * 1_000_000) == 0
}

/// A duration as Go writes it: `1h30m`, `-1.5s`, `0`.
///
/// Go: `time.ParseDuration`.
fn duration(value: &Value) -> Option<SignedDuration> {
    const UNITS: &[(&str, f64)] = &[
        ("ns", 1.0),
        ("us", 1e3),
        ("µs", 1e3),
        ("ms", 1e6),
        ("s", 1e9),
        ("m", 6e10),
        ("h", 3.6e12),
    ];
    let text = value.as_str()?;
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(SignedDuration::ZERO);
    }
    let mut nanos = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let (count, after) = rest.split_at_checked(digits)?;
        let end = after
            .find(|letter: char| letter.is_ascii_digit() || letter == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(end)?;
        let (_, size) = UNITS.iter().find(|(name, _)| *name == unit)?;
        nanos += count.parse::<f64>().ok()? * size;
        rest = after;
    }
    (!text.is_empty()).then(|| SignedDuration::try_from_secs_f64(sign * nanos / 1e9).ok())?
}

/// istio: `ValidateProxyAddress`.
fn is_proxy_address(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else {
        return false;
    };
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_ip = bare.unwrap_or(host).parse::<IpAddr>().is_ok() && (bare.is_some() || !host.contains(':'));
    port.parse::<u16>().is_ok_and(|port| port > 0) && (is_ip || is_domain(host))
}

/// istio: `ValidateFQDN`.
fn is_domain(text: &str) -> bool {
    let last = text.rsplit('.').next().unwrap_or_default();
    (1..=255).contains(&text.len()) && last.parse::<i64>().is_err() && are_labels(text)
}

/// istio: `ValidateTrustDomain`.
fn is_trust_domain(text: &str) -> bool {
    !text.is_empty() && are_labels(text)
}

/// DNS labels; the last may be empty.
fn are_labels(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    text.split('.').all(is_label)
}

/// istio: `pkg/config/labels`, `IsDNS1123Label`, which takes capitals too.
fn is_label(text: &str) -> bool {
    let is_end = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    bytes.len() <= 63
        && is_end(bytes.first())
        && is_end(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}

/// Hosts of `serviceSettings`, and the trust domain's aliases.
fn hosts(mesh: &Value) -> Option<(String, String)> {
    let list = |value: &Value, name: &str| {
        field(value, name)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let is_host = |text: &str| match text.split_once('.') {
        _ if text.len() > 255 => false,
        Some((first, rest)) => (first == "*" || is_label(first)) && is_domain(rest),
        None => text == "*" || is_label(text),
    };
    let settings = list(mesh, "serviceSettings");
    let named = settings.iter().flat_map(|settings| list(settings, "hosts"));
    let bad = named.into_iter().find(|host| !host.as_str().is_some_and(is_host));
    if let Some(bad) = bad {
        return Some((
            "serviceSettings.hosts".to_owned(),
            format!("{} is no host", shown(&bad)),
        ));
    }
    let aliases = list(mesh, "trustDomainAliases");
    let bad = aliases
        .iter()
        .find(|alias| !alias.as_str().is_some_and(is_trust_domain));
    bad.map(|bad| {
        (
            "trustDomainAliases".to_owned(),
            format!("{} is no trust domain", shown(bad)),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_istiod_refuses_is_named_and_one_that_it_takes_is_not() {
        let taken = [
            "{}",
            r#"{"connectTimeout": "10s", "connect_timeout": "1h", "proxyListenPort": "15001", "trustDomain": "a.b."}"#,
            r#"{"outboundTrafficPolicy": {"mode": 0}, "protocolDetectionTimeout": "0s", "what": "nobody knows"}"#,
            r#"{"defaultConfig": {"discoveryAddress": "istiod.istio-system.svc:15012", "drainDuration": "1m30s"}}"#,
            r#"{"localityLbSetting": {"distribute": [{"from": "a/*", "to": {"a/*": 70, "b/*": 30}}]}}"#,
            r#"{"serviceSettings": [{"hosts": ["*", "*.a.b", "a.b"]}], "connectTimeout": null}"#,
        ];
        for text in taken {
            assert_eq!(why(&serde_json::from_str(text).unwrap()), None, "{text}");
        }
        let refused = [
            (
                r#"{"outboundTrafficPolicy": {"mode": "FOO"}}"#,
                "outboundTrafficPolicy.mode",
            ),
            (r#"{"connect_timeout": "abc"}"#, "connectTimeout"),
            (r#"{"connectTimeout": "0s"}"#, "connectTimeout"),
            (r#"{"proxyListenPort": 0}"#, "proxyListenPort"),
            (r#"{"proxyListenPort": 70000}"#, "proxyListenPort"),
            (r#"{"trustDomain": "a_b"}"#, "trustDomain"),
            (
                r#"{"defaultConfig": {"discoveryAddress": "nowhere"}}"#,
                "defaultConfig.discoveryAddress",
            ),
            (
                r#"{"defaultConfig": {"drainDuration": "1ms"}}"#,
                "defaultConfig.drainDuration",
            ),
            (
                r#"{"defaultConfig": {"proxyAdminPort": 0}}"#,
                "defaultConfig.proxyAdminPort",
            ),
            (r#"{"protocolDetectionTimeout": "1us"}"#, "protocolDetectionTimeout"),
            (
                r#"{"meshMTLS": {"minProtocolVersion": "TLSV1_0"}}"#,
                "meshMTLS.minProtocolVersion",
            ),
            (r#"{"serviceSettings": [{"hosts": ["**"]}]}"#, "serviceSettings.hosts"),
            (r#"{"enableTracing": "false"}"#, "enableTracing"),
        ];
        for (text, path) in refused {
            let found = why(&serde_json::from_str(text).unwrap());
            assert_eq!(found.map(|(path, _)| path).as_deref(), Some(path), "{text}");
        }
    }
}
