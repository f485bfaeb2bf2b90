//! The `CustomResourceDefinition`s of the custom kinds: while one is stored its kind is served.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::kinds::{Origin, Resource};
use super::refusal::Refusal;
use super::schema::DOCUMENTS;
use super::store::Store;
use super::tree::rfc3339;

/// Installs the definitions of all custom kinds, as `istioctl install` does.
///
/// # Errors
/// When one cannot be stored.
pub fn install_all(store: &Store, time: Timestamp) -> Result<(), Refusal> {
    for resource in Resource::ALL
        .into_iter()
        .filter(|resource| resource.spec().origin == Origin::Custom)
    {
        install(store, resource, time)?;
    }
    Ok(())
}

/// Installs the definition of one custom kind.
///
/// # Errors
/// When it cannot be stored.
pub fn install(store: &Store, resource: Resource, time: Timestamp) -> Result<(), Refusal> {
    let mut definition = definition(resource);
    if let Some(metadata) = definition.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("creationTimestamp".to_owned(), json!(rfc3339(time)));
    }
    store.load(definition)
}

/// The definition of a custom kind, accepted and established.
pub fn definition(resource: Resource) -> Value {
    let spec = resource.spec();
    let name = spec.qualified();
    let entry = DOCUMENTS.custom.get(&name).cloned().unwrap_or_default();
    let columns = entry
        .get("columns")
        .filter(|columns| columns.as_array().is_some_and(|list| !list.is_empty()));
    let mut schema = entry.get("schema").cloned().unwrap_or_default();
    if let Some(fields) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for common in ["apiVersion", "kind", "metadata"] {
            fields.remove(common);
        }
    }
    let versions: Vec<Value> = spec
        .versions
        .iter()
        .map(|version| {
            let mut entry = json!({
                "name": version, "served": true, "storage": *version == spec.preferred(),
                "subresources": {"status": {}}, "schema": {"openAPIV3Schema": schema},
            });
            if let (Some(columns), Some(entry)) = (columns, entry.as_object_mut()) {
                entry.insert("additionalPrinterColumns".to_owned(), columns.clone());
            }
            entry
        })
        .collect();
    let names = json!({
        "plural": spec.plural, "singular": spec.singular, "kind": spec.kind, "listKind": format!("{}List", spec.kind),
        "shortNames": spec.short_names, "categories": spec.categories,
    });
    let condition = |kind: &str, reason: &str| json!({"type": kind, "status": "True", "reason": reason, "message": ""});
    let mut metadata = Map::new();
    metadata.insert("name".to_owned(), json!(name));
    for key in ["annotations", "labels"] {
        if let Some(value) = entry.get(key) {
            metadata.insert(key.to_owned(), value.clone());
        }
    }
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": metadata,
        "spec": {
            "group": spec.group, "names": names, "scope": "Namespaced", "versions": versions,
            "conversion": {"strategy": "None"},
        },
        "status": {
            "acceptedNames": names, "storedVersions": [spec.preferred()],
            "conditions": [condition("NamesAccepted", "NoConflicts"), condition("Established", "InitialNamesAccepted")],
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::reference::ResourceRef;

    #[test]
    fn a_custom_kind_is_served_while_its_definition_is_stored() {
        let store = Store::new(|| Timestamp::UNIX_EPOCH);
        assert!(!store.serves(Resource::Sidecars));
        install_all(&store, Timestamp::UNIX_EPOCH).unwrap();
        assert!(Resource::ALL.into_iter().all(|resource| store.serves(resource)));
        let name = ResourceRef::new(Resource::CustomResourceDefinitions, "", "sidecars.networking.istio.io");
        store.delete(&name).unwrap();
        assert!(!store.serves(Resource::Sidecars));
    }
}
