//! What is done to the cluster, as data.

use serde_json::{Value, json};
use sidescope::demo::definitions;
use sidescope::demo::kinds::Resource;
use sidescope::demo::store::ResourceRef;

use crate::network::Network;

/// One step. Objects are named by their kind, namespace and the beginning of their name.
#[derive(Clone, Copy)]
pub(crate) enum Edit {
    /// A service of this name and one port.
    AddService(&'static str),
    /// The port of a service.
    ChangePort(&'static str, u16),
    /// An object goes.
    Delete(Resource, &'static str, &'static str),
    /// It goes and another comes under its name.
    Recreate(Resource, &'static str, &'static str),
    /// A namespace goes with all that is in it.
    DeleteNamespace(&'static str),
    /// The definition of a kind goes, and with it all of its objects.
    RemoveKind(Resource),
    /// It comes back, with what there was.
    InstallKind(Resource),
    /// What happened until now is forgotten: older watches and half-read lists expire.
    Forget,
}

impl Edit {
    pub(crate) fn make(self, network: &Network) {
        let store = &network.store;
        match self {
            Edit::AddService(name) => {
                let service = json!({
                    "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "bookinfo"},
                    "spec": {"clusterIP": "10.96.200.1", "ports": [{"name": "http", "port": 80}]},
                });
                store.put(service, "kubectl").unwrap();
            }
            Edit::ChangePort(name, port) => {
                let service = find(network, Resource::Services, "bookinfo", name);
                let mut service = store.get(&service).unwrap();
                service["spec"]["ports"][0]["port"] = json!(port);
                store.put(service, "kubectl").unwrap();
            }
            Edit::Delete(resource, namespace, name) => {
                store.delete(&find(network, resource, namespace, name)).unwrap();
            }
            Edit::Recreate(resource, namespace, name) => {
                let which = find(network, resource, namespace, name);
                let mut object = store.get(&which).unwrap();
                store.delete(&which).unwrap();
                let metadata = object["metadata"].as_object_mut().unwrap();
                for own in [
                    "uid",
                    "resourceVersion",
                    "creationTimestamp",
                    "managedFields",
                    "generation",
                ] {
                    metadata.remove(own);
                }
                store.put(object, "kubectl").unwrap();
            }
            Edit::DeleteNamespace(name) => {
                store.delete(&ResourceRef::new(Resource::Namespaces, "", name)).unwrap();
            }
            Edit::RemoveKind(resource) => {
                let name = resource.spec().qualified();
                let definition = ResourceRef::new(Resource::CustomResourceDefinitions, "", &name);
                store.delete(&definition).unwrap();
            }
            Edit::InstallKind(resource) => {
                definitions::install(store, resource, network.clock.now()).unwrap();
                for object in crate::corpus::objects() {
                    if object["kind"] == resource.spec().kind {
                        store.put(object, "kubectl").unwrap();
                    }
                }
            }
            Edit::Forget => store.forget_history(),
        }
    }
}

fn find(network: &Network, resource: Resource, namespace: &str, start: &str) -> ResourceRef {
    let all = network.store.list(resource, Some(namespace));
    let names = all
        .iter()
        .filter_map(|object: &Value| object["metadata"]["name"].as_str());
    let mut names = names.filter(|name| name.starts_with(start));
    let name = names
        .next()
        .unwrap_or_else(|| panic!("no {resource:?} '{start}' in {namespace}"));
    ResourceRef::new(resource, namespace, name)
}
