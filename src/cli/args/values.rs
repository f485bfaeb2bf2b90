//! Values of flags that are more than any text: what they may be, and one line for those that are none.

use std::net::IpAddr;

use crate::mesh::scope::{Health, Version};

/// A status as it is printed, in any case; empty is any status, as for istioctl.
pub(super) fn status(text: &str) -> Result<String, String> {
    let known = Health::ALL.map(|health| health.as_str().to_lowercase());
    if text.is_empty() || known.contains(&text.to_lowercase()) {
        return Ok(text.to_owned());
    }
    Err(format!("'{text}' is no status: use {}", known.join(", ")))
}

/// The address of an endpoint, without its port; empty is any address, as for istioctl.
pub(super) fn address(text: &str) -> Result<String, String> {
    let is_named = ["unix://", "envoy://"].iter().any(|scheme| text.starts_with(scheme));
    if text.is_empty() || is_named || text.parse::<IpAddr>().is_ok() {
        return Ok(text.to_owned());
    }
    Err(format!(
        "'{text}' is no address: write 10.0.0.1, fd00::1, unix://PATH or envoy://NAME/ID; a port goes to --port"
    ))
}

/// A release of Istio.
pub(in crate::cli) fn istio_version(text: &str) -> Result<String, String> {
    let wrong = || format!("'{text}' is no version of Istio: write it as 1.31, 1.31.2 or 1.31-dev");
    let version = Version::parse(text)
        .filter(|version| version.major == 1)
        .ok_or_else(wrong)?;
    // an image tag says more than its number, and more than a person should have to
    let number = version.to_string();
    let rest = text.strip_prefix('v').unwrap_or(text).strip_prefix(&number);
    match rest {
        Some(rest) if rest.is_empty() || rest.starts_with(['.', '-']) => Ok(text.to_owned()),
        Some(_) | None => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_one_that_is_printed() {
        for text in ["HEALTHY", "healthy", "Draining", "unhealthy", ""] {
            assert_eq!(status(text).as_deref(), Ok(text));
        }
        assert_eq!(
            status("sick").unwrap_err(),
            "'sick' is no status: use healthy, unhealthy, draining, unknown, timeout, degraded"
        );
    }

    #[test]
    fn an_address_is_an_ip_or_what_envoy_calls_one() {
        for text in [
            "10.0.0.1",
            "fd00::1",
            "::ffff:10.0.0.1",
            "unix://./etc/x",
            "envoy://a/b",
            "",
        ] {
            assert_eq!(address(text).as_deref(), Ok(text));
        }
        for text in [
            "10.0.0.256",
            "10.0.0.1:80",
            "[fd00::1]",
            "reviews",
            "10.0.0.0/8",
            " 10.0.0.1",
        ] {
            assert!(address(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_version_is_a_release_of_istio() {
        for text in ["1.31", "v1.31", "1.31.2", "1.29-alpha.5", "1.30.0-distroless"] {
            assert_eq!(istio_version(text).as_deref(), Ok(text));
        }
        for text in [
            "",
            "1",
            "latest",
            "2.1",
            "1.x",
            "1.31x",
            "1.031",
            "1.99999999",
            "1.-1",
            "istio 1.31",
        ] {
            assert!(istio_version(text).is_err(), "{text}");
        }
    }
}
