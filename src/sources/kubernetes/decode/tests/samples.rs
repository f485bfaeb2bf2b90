//! One object of each kind that says something in every field that is read.

use serde_json::{Value, json};

use crate::mesh::model::Kind;

fn metadata() -> Value {
    json!({
        "name": "a", "namespace": "shop", "uid": "e56ed119-d58d-5702-a00f-5fe3a3345701", "generation": 3,
        "creationTimestamp": "2026-05-18T10:46:00Z", "deletionTimestamp": "2026-05-19T10:46:00Z",
        "labels": {"app": "a", "istio.io/rev": "canary"}, "annotations": {"networking.istio.io/exportTo": "."},
        "ownerReferences": [{"kind": "ReplicaSet", "name": "a-1", "controller": true}],
        "managedFields": [{"manager": "kubectl-edit", "operation": "Update", "time": "2026-05-18T10:46:00Z",
            "fieldsV1": {"f:spec": {"f:hosts": {}}}}],
    })
}

/// The sample of this kind.
pub(super) fn sample(kind: Kind) -> Value {
    let mut object = body(kind);
    object["metadata"] = metadata();
    object
}

fn body(kind: Kind) -> Value {
    match kind {
        Kind::Namespace => json!({"status": {"phase": "Terminating"}}),
        Kind::Node | Kind::RevisionTag => json!({}),
        Kind::Pod => pod(),
        Kind::Service => json!({"spec": {
            "type": "LoadBalancer", "clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1", "fd00::1"], "externalName": "x.test",
            "externalIPs": ["1.2.3.4"], "selector": {"app": "a"}, "internalTrafficPolicy": "Local",
            "trafficDistribution": "PreferClose", "ports": [{"name": "http", "port": 80, "protocol": "TCP",
                "appProtocol": "http", "targetPort": "web", "nodePort": 30000}, {"port": 81, "targetPort": 8081}]},
            "status": {"loadBalancer": {"ingress": [{"ip": "9.9.9.9"}, {"hostname": "lb.test"}]}}}),
        Kind::EndpointSlice => json!({"addressType": "IPv4", "ports": [{"name": "http", "port": 8080}],
            "endpoints": [{"addresses": ["10.1.0.1"], "conditions": {"ready": true, "serving": true, "terminating": false},
                "targetRef": {"kind": "Pod", "namespace": "shop", "name": "a-1"}, "nodeName": "n", "zone": "z"}]}),
        Kind::MeshConfigMap => json!({"data": {"mesh": "rootNamespace: r\n", "meshNetworks": "networks: {}"}}),
        Kind::Istiod => json!({"spec": {"template": {"spec": {"containers": [{"name": "discovery",
            "image": "istio/pilot:1.31.0", "args": ["discovery"], "env": [{"name": "REVISION", "value": "canary"},
                {"name": "JWT_POLICY", "valueFrom": {"fieldRef": {}}}],
            "envFrom": [{"prefix": "P_", "configMapRef": {"name": "more"}}]}]}}}}),
        Kind::Sidecar => json!({"spec": {"workloadSelector": {"labels": {"app": "a"}},
            "egress": [{"port": {"number": 80, "protocol": "HTTP", "name": "h"}, "bind": "0.0.0.0", "hosts": ["./*"]}],
            "ingress": [{"port": {"number": 90}, "bind": "::", "defaultEndpoint": "127.0.0.1:90"}],
            "outboundTrafficPolicy": {"mode": "ALLOW_ANY"}}}),
        Kind::VirtualService => json!({"spec": {"hosts": ["a"], "gateways": ["mesh"], "exportTo": ["."],
            "http": [{"match": [{"uri": {"exact": "/x"}, "authority": {"prefix": "a"}, "headers": {"h": {"regex": ".*"}, "e": {}},
                "withoutHeaders": {"w": {"exact": ""}}, "queryParams": {"q": {"exact": "1"}}, "ignoreUriCase": true, "port": 80,
                "sourceNamespace": "ns", "sourceLabels": {"app": "b"}, "gateways": ["mesh"]}],
                "route": [{"destination": {"host": "b", "subset": "v1", "port": {"number": 80}}}, {"weight": 1}],
                "mirror": {"host": "m"}, "mirrors": [{"destination": {"host": "n", "port": {}}}],
                "delegate": {"name": "d", "namespace": "e"}}],
            "tcp": [{"route": [{"destination": {"host": "t"}}]}], "tls": [{"route": [{"destination": {"host": "s"}}]}]}}),
        Kind::DestinationRule => {
            json!({"spec": {"host": "a", "exportTo": ["*"], "workloadSelector": {"matchLabels": {"app": "b"}},
            "trafficPolicy": {"loadBalancer": {"simple": "PASSTHROUGH", "localityLbSetting": {"enabled": true,
                    "distribute": [{"from": "r/*", "to": {"r/z": 80, "q": 20}}], "failover": [{"from": "r", "to": "q"}],
                    "failoverPriority": ["zone"]}, "zoneAwareLbSetting": {"enabled": false}},
                "outlierDetection": {"minHealthPercent": 50}, "tls": {"mode": "ISTIO_MUTUAL"},
                "portLevelSettings": [{"port": {"number": 80}, "loadBalancer": {"simple": 2}}, {"tls": {}}]},
            "subsets": [{"name": "v1", "labels": {"version": "v1"}, "trafficPolicy": {}}]}})
        }
        Kind::ServiceEntry => {
            json!({"spec": {"hosts": ["x.test"], "addresses": ["240.0.0.1"], "location": "MESH_INTERNAL",
            "ports": [{"name": "tls", "number": 443, "protocol": "TLS", "targetPort": 8443}], "resolution": "STATIC",
            "endpoints": [{"address": "10.2.0.1", "ports": {"tls": 9443}, "labels": {"v": "1"}, "network": "n",
                "locality": "r/z", "weight": 7}], "workloadSelector": {"labels": {"app": "a"}}, "exportTo": ["~"]}})
        }
        Kind::WorkloadEntry => json!({"spec": {"address": "10.2.0.1", "ports": {"tls": 9443}, "labels": {"v": "1"}},
            "status": {"conditions": [{"type": "Healthy", "status": "False"}]}}),
        Kind::Gateway => {
            json!({"spec": {"selector": {"istio": "ingress"}, "servers": [{"port": {"number": 443, "protocol": "TLS"},
            "hosts": ["*"], "tls": {"mode": "AUTO_PASSTHROUGH"}}]}})
        }
        Kind::EnvoyFilter => {
            json!({"spec": {"workloadSelector": {"labels": {"app": "a"}}, "targetRefs": [{}], "priority": -3,
            "configPatches": [{"applyTo": "CLUSTER", "match": {"context": "SIDECAR_OUTBOUND", "proxy": {"proxyVersion": "1.*"},
                "cluster": {"portNumber": 80, "service": "a", "subset": "v1", "name": "c"}},
                "patch": {"operation": "REMOVE", "value": {"name": "x"}}}, {"applyTo": "LISTENER"}]}})
        }
        Kind::HTTPRoute | Kind::GRPCRoute | Kind::TCPRoute | Kind::TLSRoute => json!({"spec": {
            "parentRefs": [{"group": "", "kind": "Service", "namespace": "b", "name": "a", "sectionName": "s", "port": 80}],
            "rules": [{"backendRefs": [{"group": "", "kind": "Service", "namespace": "b", "name": "c", "port": 80, "weight": 0}],
                "filters": [{"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "m", "port": 81}}}]}]}}),
        Kind::Event => json!({"involvedObject": {"kind": "Pod", "namespace": "shop", "name": "a-1"}, "type": "Warning",
            "reason": "Unhealthy", "message": "no", "lastTimestamp": "2026-05-18T10:46:00Z", "count": 2}),
    }
}

fn pod() -> Value {
    json!({"spec": {"nodeName": "n", "serviceAccountName": "sa", "hostNetwork": true,
        "readinessGates": [{"conditionType": "gate"}], "containers": [{"name": "app", "ports": [{"name": "web",
            "containerPort": 8080, "protocol": "TCP"}]}],
        "initContainers": [{"name": "istio-proxy", "image": "istio/proxyv2:1.31.0", "restartPolicy": "Always",
            "args": ["proxy", "sidecar"], "env": [{"name": "PROXY_CONFIG", "value": "{\"statusPort\":15021}"}]}]},
        "status": {"phase": "Running", "podIP": "10.1.0.1", "podIPs": [{"ip": "10.1.0.1"}], "startTime": "2026-05-18T10:46:00Z",
            "nominatedNodeName": "m", "conditions": [{"type": "Ready", "status": "True",
                "lastTransitionTime": "2026-05-18T10:46:00Z"}, {"type": "gate", "status": "True"}],
            "initContainerStatuses": [{"name": "istio-proxy", "ready": true, "started": true, "restartCount": 1,
                "state": {"running": {}}}],
            "containerStatuses": [{"name": "app", "ready": true, "restartCount": 2, "state": {"running": {}},
                "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": "2026-05-18T10:46:00Z"}}}]}})
}
