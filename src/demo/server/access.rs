//! Who asks, and whether he may: tokens, rights, and the reviews by which a client asks about its own.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use serde_json::{Value, json};

use super::request::Target;
use crate::demo::kinds::Scope;
use crate::demo::options::{Access, Asked, Log, Rights, Rule, User};
use crate::demo::refusal::{Details, Reason, Refusal};

/// Finds who asks.
///
/// # Errors
/// 401 without a known token.
pub(super) fn authenticate(access: &Access, headers: &HeaderMap) -> Result<User, Refusal> {
    match access {
        Access::Open => Ok(User {
            name: "demo".to_owned(),
            rights: Rights::All,
        }),
        Access::Tokens(users) => {
            let header = headers
                .get(AUTHORIZATION)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default();
            let user = header.strip_prefix("Bearer ").and_then(|token| users.get(token.trim()));
            user.cloned()
                .ok_or_else(|| Refusal::new(Reason::Unauthorized, "Unauthorized"))
        }
    }
}

/// Insists that a user may do something.
///
/// # Errors
/// 403 in the words of RBAC.
pub(super) fn authorize(user: &User, verb: &str, target: &Target, log: &Log) -> Result<(), Refusal> {
    let spec = target.resource.spec();
    let resource = match &target.subresource {
        None => spec.plural.to_owned(),
        Some(subresource) => format!("{}/{subresource}", spec.plural),
    };
    log.note(verb, &resource);
    // a Namespace object lies in the namespace it names, as RBAC sees it
    let namespace = target.namespace.as_deref();
    if user.rights.allow(Asked {
        verb,
        resource: &resource,
        namespace,
    }) {
        return Ok(());
    }
    let whereabouts = match (namespace, spec.scope) {
        (Some(namespace), Scope::Namespaced) => format!("in the namespace \"{namespace}\""),
        (None, _) | (Some(_), Scope::Cluster) => "at the cluster scope".to_owned(),
    };
    let name = target.name.as_deref().unwrap_or_default();
    let named = if name.is_empty() {
        String::new()
    } else {
        format!(" \"{name}\"")
    };
    let message = format!(
        "{}{named} is forbidden: User \"{}\" cannot {verb} resource \"{resource}\" in API group \"{}\" {whereabouts}",
        spec.qualified(),
        user.name,
        spec.group,
    );
    let details = Details {
        name: name.to_owned(),
        group: spec.group.to_owned(),
        kind: spec.plural.to_owned(),
        ..Details::default()
    };
    Err(Refusal {
        details: Some(Box::new(details)),
        ..Refusal::new(Reason::Forbidden, message)
    })
}

/// Answers a question about oneself; none if there is no such review.
pub(super) fn review(user: &User, plural: &str, asked: &Value) -> Option<Value> {
    let (kind, group, status) = match plural {
        "selfsubjectaccessreviews" => {
            let allowed = may(user, asked);
            (
                "SelfSubjectAccessReview",
                "authorization.k8s.io",
                json!({"allowed": allowed}),
            )
        }
        "selfsubjectrulesreviews" => ("SelfSubjectRulesReview", "authorization.k8s.io", rules(user, asked)),
        "selfsubjectreviews" => {
            let info = json!({"username": user.name, "groups": ["system:authenticated"]});
            ("SelfSubjectReview", "authentication.k8s.io", json!({"userInfo": info}))
        }
        _ => return None,
    };
    Some(json!({
        "kind": kind, "apiVersion": format!("{group}/v1"), "metadata": {"creationTimestamp": null},
        "spec": asked.get("spec").cloned().unwrap_or(json!({})), "status": status,
    }))
}

fn may(user: &User, asked: &Value) -> bool {
    let Some(attributes) = asked.pointer("/spec/resourceAttributes") else {
        // paths such as /healthz are open to all
        return asked.pointer("/spec/nonResourceAttributes").is_some();
    };
    let field = |name: &str| attributes.get(name).and_then(Value::as_str).unwrap_or_default();
    let resource = match field("subresource") {
        "" => field("resource").to_owned(),
        subresource => format!("{}/{subresource}", field("resource")),
    };
    let namespace = Some(field("namespace")).filter(|text| !text.is_empty());
    user.rights.allow(Asked {
        verb: field("verb"),
        resource: &resource,
        namespace,
    })
}

fn rules(user: &User, asked: &Value) -> Value {
    let namespace = asked
        .pointer("/spec/namespace")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let star = || vec!["*".to_owned()];
    let or_star = |list: &[String]| if list.is_empty() { star() } else { list.to_vec() };
    let shown =
        |rule: &Rule| json!({"verbs": or_star(&rule.verbs), "apiGroups": ["*"], "resources": or_star(&rule.resources)});
    let (granted, incomplete) = match &user.rights {
        Rights::All => (
            vec![json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]})],
            false,
        ),
        // RBAC cannot say "but", so neither can its review
        Rights::AllBut(_) => (Vec::new(), true),
        Rights::Only(rules) => {
            let here = |rule: &&Rule| rule.namespaces.is_empty() || rule.namespaces.iter().any(|one| one == namespace);
            (rules.iter().filter(here).map(shown).collect(), false)
        }
    };
    let open = json!([{"verbs": ["get"], "nonResourceURLs": ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version", "/version/"]}]);
    json!({"resourceRules": granted, "nonResourceRules": open, "incomplete": incomplete})
}
