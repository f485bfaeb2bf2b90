"""What kubectl really prints: a folder's objects put into the cluster, and every list of them written down."""

import datetime
import pathlib
import re
import subprocess
import time

import yaml

from . import pods, world
from .paths import KUBECONFIG, NODE_NETNS, BedError, binary, say

UNITS = {"y": 365 * 86400, "d": 86400, "h": 3600, "m": 60, "s": 1}
LISTS = {
    "pods.txt": ("pods", "-n", None),
    "pods-wide.txt": ("pods", "-n", None, "-o", "wide"),
    "pods-all.txt": ("pods", "-A"),
    "pods-all-wide.txt": ("pods", "-A", "-o", "wide"),
    "services.txt": ("services", "-n", None),
    "services-wide.txt": ("services", "-n", None, "-o", "wide"),
    "services-all.txt": ("services", "-A"),
    "services-all-wide.txt": ("services", "-A", "-o", "wide"),
}


def _times(text):
    """`now-2h30m` and `now+5s` as times of the server."""
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)

    def moment(found):
        seconds = sum(int(n) * UNITS[unit] for n, unit in re.findall(r"(\d+)([ydhms])", found[2]))
        when = now + datetime.timedelta(seconds=seconds if found[1] == "+" else -seconds)
        return f'"{when.strftime("%Y-%m-%dT%H:%M:%SZ")}"'

    return re.sub(r"\bnow([-+])((?:\d+[ydhms])+)", moment, text)


def _kubectl(*arguments):
    argv = ["nsenter", f"--net=/run/netns/{NODE_NETNS}", "--", binary("kubectl"), "--kubeconfig", str(KUBECONFIG)]
    done = subprocess.run([*argv, "get", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise BedError(f"kubectl get {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def _print_all(namespace):
    """Every list, all of one second, and that second: the age of a thing counts whole seconds."""
    while True:
        second = int(time.time())
        found = {
            file: _kubectl(*(namespace if part is None else part for part in parts)) for file, parts in LISTS.items()
        }
        if int(time.time()) == second:
            return found, second


def write(api, folder):
    """Put FOLDER/given.yaml into an empty bed; write world.yaml, the lists, and the time they were printed."""
    folder = pathlib.Path(folder)
    objects = [d for d in yaml.safe_load_all(_times((folder / "given.yaml").read_text())) if d]
    namespace = objects[0]["metadata"]["namespace"]
    world.clear(api, quiet=True)
    for name in sorted({obj["metadata"]["namespace"] for obj in objects}):
        api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    for obj in objects:
        world.put(api, obj)
    pods.drop_networks(api)
    lists, second = _print_all(namespace)
    kinds = (("v1", "Namespace"), ("v1", "Pod"), ("v1", "Service"))
    found = [obj for kind in kinds for obj in api.list(*kind)]
    for obj in found:
        obj["metadata"].pop("managedFields", None)
    with open(folder / "world.yaml", "w") as file:
        yaml.safe_dump_all(found, file, sort_keys=True, default_flow_style=False)
    for file, text in lists.items():
        (folder / file).write_text(text)
    now = datetime.datetime.fromtimestamp(second, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    (folder / "printed.yaml").write_text(f"namespace: {namespace}\nnow: {now}\n")
    world.clear(api, quiet=True)
    say(f"{folder.name}: {len(objects)} objects given, {len(found)} in the world, {len(lists)} lists at {now}")
