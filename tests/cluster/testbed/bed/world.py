"""A scenario's objects: put them into the cluster, take them out again, write the whole world down."""

import copy
import itertools
import json
import math
import pathlib
import time

import yaml

from . import cluster, dns, pods, procs
from .api import ApiError
from .paths import HERE, ISTIOD_POD, NODES, RUN, BedError, say

NETWORKING = "networking.istio.io/v1"
ISTIO_KINDS = [
    (NETWORKING, "Sidecar"),
    (NETWORKING, "VirtualService"),
    (NETWORKING, "DestinationRule"),
    (NETWORKING, "ServiceEntry"),
    (NETWORKING, "WorkloadEntry"),
    (NETWORKING, "WorkloadGroup"),
    (NETWORKING, "Gateway"),
    ("networking.istio.io/v1beta1", "ProxyConfig"),
    ("networking.istio.io/v1alpha3", "EnvoyFilter"),
    ("security.istio.io/v1", "PeerAuthentication"),
    ("security.istio.io/v1", "AuthorizationPolicy"),
    ("security.istio.io/v1", "RequestAuthentication"),
    ("telemetry.istio.io/v1", "Telemetry"),
    ("extensions.istio.io/v1alpha1", "WasmPlugin"),
]
CLEARED_KINDS = [
    *ISTIO_KINDS,
    ("v1", "Pod"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "ReplicaSet"),
    ("v1", "Service"),
    ("v1", "Endpoints"),
    ("discovery.k8s.io/v1", "EndpointSlice"),
]
# What a test lets a reader do in a namespace that goes; the system's own namespaces have roles of the server's.
GRANTS = [("rbac.authorization.k8s.io/v1", "RoleBinding"), ("rbac.authorization.k8s.io/v1", "Role")]
SNAPSHOT_KINDS = [
    ("v1", "Namespace"),
    ("v1", "Node"),
    ("v1", "Pod"),
    ("v1", "Service"),
    ("discovery.k8s.io/v1", "EndpointSlice"),
    ("apps/v1", "Deployment"),
    *ISTIO_KINDS,
]
# Kinds whose age decides something in istiod (the oldest wins), so that scenarios may set it.
AGE_MATTERS = {"Service", *(kind for _, kind in ISTIO_KINDS)}
AGE_CLASS = {"ServiceEntry": "Service", "WorkloadEntry": "Service"}  # sorted together by istiod
SERVER_OWNED = (
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "managedFields",
    "selfLink",
    "ownerReferences",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
)
# What something outside the bed would report: an agent a workload's health, a cloud a balancer's addresses.
WITH_STATUS = {"WorkloadEntry", "Service"}
SYSTEM_NAMESPACES = {"default", "kube-system", "kube-public", "kube-node-lease", "istio-system"}
MAX_NETWORKS = 200  # in larger scenarios a pod gets its network only when something runs in it
REMEMBERED = RUN / "applied.json"
CONTROLLER_MARKS = {
    "endpointslice.kubernetes.io/managed-by": (
        "endpointslice-controller.k8s.io",
        "endpointslicemirroring-controller.k8s.io",
    ),
    "endpoints.kubernetes.io/managed-by": ("endpoint-controller",),
}


def load(path):
    """The documents of a file, or of every .yaml of a directory but case.yaml."""
    path = pathlib.Path(path)
    if path.is_dir():
        files = sorted(f for f in path.iterdir() if f.suffix in (".yaml", ".yml") and f.name != "case.yaml")
    else:
        files = [path]
    if not files or not files[0].exists():
        raise BedError(f"nothing to read at {path}")
    found = []
    for file in files:
        for document in yaml.safe_load_all(file.read_text()):
            if document and document.get("kind", "").endswith("List") and "items" in document:
                found += document["items"]
            elif document:
                found.append(document)
    for obj in found:
        if not obj.get("kind") or not obj.get("metadata", {}).get("name"):
            raise BedError(f"{path}: a document has no kind or no name")
        created = obj["metadata"].get("creationTimestamp")
        if created is not None and not isinstance(created, str):
            obj["metadata"]["creationTimestamp"] = created.strftime("%Y-%m-%dT%H:%M:%SZ")
    return found


def case_of(path):
    """A scenario folder's case.yaml; its `pods`, `proxies` and `serve` are lists of POD.NAMESPACE."""
    file = pathlib.Path(path) / "case.yaml"
    return (yaml.safe_load(file.read_text()) or {}) if file.is_file() else {}


def split_names(names):
    """[(pod, namespace)] of a list of POD.NAMESPACE."""
    return [tuple(name.rsplit(".", 1)) for name in names or []]


def name_of(obj):
    namespace = obj["metadata"].get("namespace")
    return f"{obj['kind']} {namespace + '/' if namespace else ''}{obj['metadata']['name']}"


def made_by_controller(obj):
    labels = obj["metadata"].get("labels") or {}
    return any(labels.get(key) in values for key, values in CONTROLLER_MARKS.items())


def desired(obj):
    """The part of an object that a client may write."""
    obj = json.loads(json.dumps(obj, default=str))
    for field in SERVER_OWNED:
        obj["metadata"].pop(field, None)
    if obj["kind"] not in ("Pod", "Node", "Endpoints"):
        obj.pop("status", None)
    return obj


def put(api, obj):
    """Create or update one object as the cluster's own components would leave it."""
    wanted = desired(obj)
    kind = wanted["kind"]
    if kind == "Node":
        return cluster.apply_node(api, wanted)
    if kind == "Pod":
        return pods.put(api, wanted, terminating=obj["metadata"].get("deletionTimestamp") is not None)
    try:
        made = api.apply(wanted)
    except ApiError as error:
        if error.status != 422 or kind in ("Namespace", "CustomResourceDefinition"):
            raise
        api.delete(wanted)  # an immutable field differs: make it anew
        api.wait_gone(api.path(wanted))
        made = api.apply(wanted)
    if kind in WITH_STATUS and obj.get("status"):
        shell = {
            **{k: wanted[k] for k in ("apiVersion", "kind")},
            "status": json.loads(json.dumps(obj["status"], default=str)),
        }
        shell["metadata"] = {k: wanted["metadata"][k] for k in ("name", "namespace") if k in wanted["metadata"]}
        api.apply(shell, "status")
    return made


def _batches(objects):
    """Order-free objects first, then batches by age, oldest first.

    Ages are compared only within a class of kinds, so the classes go side by side: batch N has
    each class's Nth oldest objects.
    """
    rank = {"Namespace": 0, "Node": 1, "ConfigMap": 2, "ServiceAccount": 3}
    free, classes = [], {}
    for obj in objects:
        created = obj["metadata"].get("creationTimestamp")
        if created and obj["kind"] in AGE_MATTERS:
            ages = classes.setdefault(AGE_CLASS.get(obj["kind"], obj["kind"]), {})
            ages.setdefault(created, []).append(obj)
        else:
            free.append(obj)
    free.sort(key=lambda o: rank.get(o["kind"], 9))
    lanes = [[ages[created] for created in sorted(ages)] for ages in classes.values()]
    return free, [sum(batch, []) for batch in itertools.zip_longest(*lanes, fillvalue=[])]


def _wait_for_next_second():
    now = time.time()
    time.sleep(math.floor(now) + 1.02 - now)


def apply(api, path, whole=False):
    """Put a scenario in. A `whole` world also decides what it leaves out, and gets no processes of its own."""
    objects = load(path)
    kept, left = [], 0
    for obj in objects:
        if made_by_controller(obj) and cluster.slice_controllers():
            left += 1
        else:
            kept.append(obj)
    named = {o["metadata"]["name"] for o in kept if o["kind"] == "Namespace"}
    existing = {n["metadata"]["name"] for n in api.list("v1", "Namespace")}
    for namespace in {o["metadata"].get("namespace") for o in kept} - named - existing - {None}:
        api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})

    if any(o["apiVersion"].startswith("gateway.networking.k8s.io/") for o in kept):
        cluster.add_crds(api, "gateway-api-crd.yaml")
    _remember(kept)
    _remember_names(path)
    # istiod judges terminating endpoints otherwise if it sees a slice before its Service.
    late = [o for o in kept if o["kind"] in ("EndpointSlice", "Endpoints")]
    free, aged = _batches([o for o in kept if o not in late])
    made = {}
    # A restarting istiod may see slices before Services, so it restarts before either is there.
    early = [o for o in free if o["kind"] in ("Namespace", "ConfigMap", "Deployment")]
    for obj in early:
        made[name_of(obj)] = put(api, obj)
    if not _follow_istiod(kept) and whole and cluster.running_istiod() != cluster.DEFAULT_ISTIOD:
        cluster.restart_istiod(None)
    for obj in free:
        if obj not in early:
            made[name_of(obj)] = put(api, obj)
    for batch in aged:
        new = [o for o in batch if api.get(api.path(o), ok_missing=True) is None]
        if new and len(aged) + len(new) > 2:
            _wait_for_next_second()  # creation times have a resolution of one second
        for obj in batch:
            made[name_of(obj)] = put(api, obj)
    _check_ages(aged, made)
    if late:
        _wait_until_istiod_has([o for o in kept if o["kind"] == "Service"])
        for obj in late:
            made[name_of(obj)] = put(api, obj)

    made_pods = [made[name_of(o)] for o in kept if o["kind"] == "Pod"]
    if len(made_pods) <= MAX_NETWORKS:
        for pod in made_pods:
            pods.network(pod)
    settle(api)
    if left:
        say(f"left to the real controllers: {left} EndpointSlices/Endpoints")
        _compare_slices(api, [o for o in objects if o["kind"] == "EndpointSlice" and made_by_controller(o)])
    if not whole:
        case = case_of(path)
        for pod, namespace in split_names(case.get("serve")):
            pods.serve(api, pod, namespace)
        pods.proxy(api, *split_names(case.get("proxies") or case.get("pods")))
        say(f"applied {len(kept)} objects")
    return kept


def _wait_until_istiod_has(services, seconds=2):
    """Best effort: services of namespaces that istiod does not discover never come."""
    wanted = {(s["metadata"]["name"], s["metadata"].get("namespace")) for s in services}
    deadline = time.monotonic() + seconds
    while procs.pid_of("istiod") and time.monotonic() < deadline:
        known = [s["Attributes"] for s in json.loads(cluster.istiod_get("/debug/registryz")) or []]
        if wanted <= {(a["Name"], a["Namespace"]) for a in known}:
            return
        time.sleep(0.05)


def _check_ages(aged, made):
    aged = [[o for o in batch if name_of(o) != "Service default/kubernetes"] for batch in aged]
    aged = [batch for batch in aged if batch]
    created = [[made[name_of(o)]["metadata"]["creationTimestamp"] for o in batch] for batch in aged]
    for earlier, later in itertools.pairwise(created):
        if max(earlier) >= min(later):
            say("warning: some objects existed before, so ages do not follow the scenario; clear first")
            return
    if len(created) > 1 and any(len(set(batch)) > 1 for batch in created):
        say("warning: objects of one age in the scenario got different ages")


def _endpoints(slice_):
    ports = [(p.get("name", ""), p.get("port"), p.get("protocol")) for p in slice_.get("ports") or []]
    for endpoint in slice_.get("endpoints") or []:
        conditions = endpoint.get("conditions") or {}
        state = tuple(bool(conditions.get(c, c != "terminating")) for c in ("ready", "serving", "terminating"))
        for address in endpoint["addresses"]:
            for port in ports:
                yield (address, *port, *state)


def _by_service(slices):
    found = {}
    for s in slices:
        service = (s["metadata"].get("labels") or {}).get("kubernetes.io/service-name")
        key = f"{s['metadata'].get('namespace')}/{service}"
        found.setdefault(key, set()).update(_endpoints(s))
    return found


def _compare_slices(api, written):
    """Say where the scenario's idea of the controller's work differs from the controller's own."""
    real = _by_service(api.list("discovery.k8s.io/v1", "EndpointSlice"))
    for key, endpoints in _by_service(written).items():
        if endpoints != real.get(key, set()):
            only = (
                sorted(map(str, endpoints - real.get(key, set()))),
                sorted(map(str, real.get(key, set()) - endpoints)),
            )
            say(f"warning: slices of {key}: only in the file {only[0]}, only in the cluster {only[1]}")


def _follow_istiod(objects):
    """A scenario's istiod Deployment says how istiod runs; `istiod` itself goes before `istiod-REVISION`."""
    names = ("Deployment", "istio-system")
    found = [
        o
        for o in objects
        if (o["kind"], o["metadata"].get("namespace")) == names and o["metadata"]["name"].startswith("istiod")
    ]
    if found:
        first = min(found, key=lambda o: o["metadata"]["name"])
        cluster.follow_deployment(first["spec"]["template"]["spec"]["containers"][0])
    return bool(found)


def settle(api, quiet=0.5, stuck=5, seconds=30):
    """Wait until controllers, istiod and Envoys have had nothing to do for a while.

    An answer that istiod waits for and that never comes is said, and not waited for: after `stuck` seconds in which
    nothing else moved, this is rest too.
    """
    _wait_until_istiod_knows(api)
    deadline = time.monotonic() + seconds
    last, since = None, time.monotonic()
    while True:
        state = _state(api)
        undone = _undone(*state)
        now = time.monotonic()
        if state != last:
            last, since = state, now
        elif now - since >= (stuck if undone else quiet):
            if undone:
                say(f"warning: at rest, but {undone}")
            return
        if now > deadline:
            raise BedError(f"the bed did not come to rest in {seconds} s" + (f": {undone}" if undone else ""))
        time.sleep(0.1)


def _wait_until_istiod_knows(api, seconds=2):
    """Best effort: objects of another revision, or of namespaces that istiod does not discover, never come."""
    if not procs.pid_of("istiod"):
        return
    wanted = {
        (kind, o["metadata"].get("namespace"), o["metadata"]["name"], o["metadata"]["resourceVersion"])
        for version, kind in ISTIO_KINDS
        for o in api.list(version, kind)
    }
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        known = json.loads(cluster.istiod_get("/debug/configz")) or []
        versions = {
            (c["kind"], m.get("namespace"), m["name"], m.get("resourceVersion"))
            for c, m in ((c, c["metadata"]) for c in known)
            if c["kind"] in {kind for _, kind in ISTIO_KINDS}
        }
        if versions == wanted:
            return
        time.sleep(0.05)


def _state(api):
    """What changes while work goes on: the Services' names, the slices, and what istiod has sent to each Envoy."""
    slices = api.list("discovery.k8s.io/v1", "EndpointSlice")
    versions = sorted(
        (
            s["metadata"]["namespace"],
            (s["metadata"].get("labels") or {}).get("kubernetes.io/service-name"),
            s["metadata"]["name"],
            s["metadata"]["resourceVersion"],
        )
        for s in slices
    )
    wanted = [
        (s["metadata"]["namespace"], s["metadata"]["name"])
        for s in (api.list("v1", "Service") if cluster.slice_controllers() else [])
        if s["spec"].get("selector") and s["spec"].get("type") != "ExternalName"
    ]
    clients = json.loads(cluster.istiod_get("/debug/syncz") or b"[]") or [] if procs.pid_of("istiod") else []
    # istiod lists them in another order each time.
    return versions, wanted, sorted(clients, key=lambda client: client.get("proxy", ""))


def _undone(versions, wanted, clients):
    """The first piece of work that is known to be open, in words; None if there is none."""
    for namespace, name in wanted:
        if not any(v[:2] == (namespace, name) for v in versions):
            return f"service {name}.{namespace} has no EndpointSlice yet"
    for client in clients:
        for kind, resource in (client.get("resources") or {}).items():
            if resource.get("sent") != resource.get("acked"):
                return f"{client.get('proxy')} has not acknowledged {kind}"
    return None


def clear(api, quiet=False, keep_istiod=False):
    """Take everything out that `up` did not put in; keep_istiod leaves a scenario's flags to the next one."""
    started = time.monotonic()
    pods.stop_all()
    if not keep_istiod:
        cluster.set_slice_controllers(api, True)
    base = cluster.documents(HERE / "base" / "cluster.yaml")
    keep = {name_of(o) for o in base} | {"Service default/kubernetes", f"Pod istio-system/{ISTIOD_POD}"}
    for api_version, kind in CLEARED_KINDS:
        for obj in api.list(api_version, kind):
            if name_of(obj) in keep:
                continue
            if obj["metadata"].get("finalizers"):
                api.patch(obj, {"metadata": {"finalizers": None}})
            api.delete(obj)
    for api_version, kind in GRANTS:
        for obj in api.list(api_version, kind):
            if obj["metadata"]["namespace"] not in SYSTEM_NAMESPACES:
                api.delete(obj)
    for obj in _remembered():
        if name_of(obj) not in keep and api.serves(obj):
            api.delete(obj)
    REMEMBERED.unlink(missing_ok=True)
    dns.NAMES.unlink(missing_ok=True)
    gone = []
    for namespace in api.list("v1", "Namespace"):
        if namespace["metadata"]["name"] in SYSTEM_NAMESPACES:
            _restore_namespace(api, namespace)
        else:
            api.delete(namespace)
            gone.append(namespace)
    for obj in api.list("v1", "Node"):
        if obj["metadata"]["name"] not in NODES or _node_differs(obj):
            api.delete(obj)
    for name in NODES:
        if api.get(f"/api/v1/nodes/{name}", ok_missing=True) is None:
            cluster.apply_node(api, cluster.node(name))
    _restore_base(api, base)
    for namespace in gone:
        _finish_namespace(api, namespace)
    pods.drop_networks(api)
    if not keep_istiod and cluster.running_istiod() != cluster.DEFAULT_ISTIOD:
        cluster.restart_istiod(None)
    procs.wait_for("istiod to forget the scenario", _istiod_is_empty, 30)
    if not quiet:
        say(f"cleared in {time.monotonic() - started:.1f} s")


def _finish_namespace(api, namespace):
    """Empty a namespace that is ending and let it go; its controller would first wait for 5 s."""
    for plural in ("serviceaccounts", "configmaps", "secrets", "events"):
        api.call("DELETE", f"{api.path(namespace)}/{plural}")
    api.call("DELETE", f"/apis/events.k8s.io/v1/namespaces/{namespace['metadata']['name']}/events")
    live = api.get(api.path(namespace), ok_missing=True)
    if live is not None:
        live["spec"]["finalizers"] = []
        api.call("PUT", api.path(namespace, "finalize"), live, ok_missing=True)
    api.wait_gone(api.path(namespace), 60)


def _restore_namespace(api, namespace):
    name = namespace["metadata"]["name"]
    extra = {k: None for k in namespace["metadata"].get("labels") or {} if k != "kubernetes.io/metadata.name"}
    notes = {k: None for k in namespace["metadata"].get("annotations") or {}}
    if extra or notes:
        api.patch(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}},
            {"metadata": {"labels": extra, "annotations": notes}},
        )


def _node_differs(obj):
    return (obj["metadata"].get("labels") or {}) != cluster.node(obj["metadata"]["name"])["metadata"]["labels"]


def _restore_base(api, base):
    for obj in base:
        found = api.get(api.path(obj), ok_missing=True)
        if found is not None and obj["kind"] in ("ConfigMap", "Deployment"):
            field = "data" if obj["kind"] == "ConfigMap" else "spec"
            wanted = copy.deepcopy(obj)
            if field == "data" and found.get("data") == obj["data"]:
                continue
            if field == "spec":
                env = found["spec"]["template"]["spec"]["containers"][0].get("env")
                if env == obj["spec"]["template"]["spec"]["containers"][0].get("env"):
                    continue
            api.delete(wanted)
            api.wait_gone(api.path(wanted))
            found = None
        if found is None:
            put(api, obj)


def _remembered():
    return json.loads(REMEMBERED.read_text()) if REMEMBERED.exists() else []


def _remember(objects):
    """Write down the objects of kinds that `clear` does not go through by itself."""
    known = {kind for _, kind in CLEARED_KINDS} | {"Namespace", "Node"}
    extra = [
        {
            "apiVersion": o["apiVersion"],
            "kind": o["kind"],
            "metadata": {k: o["metadata"][k] for k in ("name", "namespace") if k in o["metadata"]},
        }
        for o in objects
        if o["kind"] not in known
    ]
    REMEMBERED.write_text(json.dumps(_remembered() + extra))


def _remember_names(path):
    """Names of a case.yaml's `dns`, {name: [address, ...]}, for the bed's DNS."""
    path = pathlib.Path(path)
    names = case_of(path if path.is_dir() else path.parent).get("dns")
    if names:
        dns.NAMES.write_text(json.dumps({**dns.own_names(), **names}))


def _istiod_is_empty():
    configs = json.loads(cluster.istiod_get("/debug/configz")) or []
    configs = [c for c in configs if c.get("kind") != "GatewayClass"]  # istiod makes those itself
    services = json.loads(cluster.istiod_get("/debug/registryz")) or []
    names = {s.get("Attributes", {}).get("Name") for s in services}
    return not configs and names <= {"kubernetes"}


def snapshot(api, pod, namespace, out):
    """world.yaml as `kubectl get -o yaml` shows it, and the table of the pod's proxy."""
    out = pathlib.Path(out)
    (out / "expected").mkdir(parents=True, exist_ok=True)
    world = []
    for api_version, kind in SNAPSHOT_KINDS:
        world += api.list(api_version, kind)
    mesh = api.get("/api/v1/namespaces/istio-system/configmaps/istio")
    world.append({"apiVersion": "v1", "kind": "ConfigMap", **mesh})
    for obj in world:
        obj["metadata"].pop("managedFields", None)
    with open(out / "world.yaml", "w") as file:
        yaml.safe_dump_all(world, file, sort_keys=True, default_flow_style=False)
    table = pods.endpoints(pod, namespace)
    (out / "expected" / f"{pod}.{namespace}.txt").write_text(table)
    say(f"{len(world)} objects and {len(table.splitlines()) - 1} rows in {out}")
