"""The Python client (PyPI `kubernetes`) against `tabernetes serve`: create, read, patch, apply, watch,
log, exec, and what is refused. Exits with an error at the first thing that is not as it should be."""

import sys

from kubernetes import client, config, watch
from kubernetes.client.rest import ApiException
from kubernetes.stream import stream

config.load_kube_config(sys.argv[1])
core, apps = client.CoreV1Api(), client.AppsV1Api()
NAMESPACE = "python"


def same(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: {got!r}, but should be {wanted!r}")
    print(f"ok  {what}")


def refused(what, code, act):
    try:
        act()
    except ApiException as error:
        same(what, error.status, code)
    else:
        sys.exit(f"{what}: was not refused")


core.create_namespace({"metadata": {"name": NAMESPACE}})
made = core.create_namespaced_config_map(NAMESPACE, {"metadata": {"name": "a"}, "data": {"k": "1"}})
same("create", made.data, {"k": "1"})
patched = core.patch_namespaced_config_map("a", NAMESPACE, {"data": {"l": "2"}})
same("patch", patched.data, {"k": "1", "l": "2"})
refused("create twice", 409, lambda: core.create_namespaced_config_map(NAMESPACE, {"metadata": {"name": "a"}}))
refused("read what is not there", 404, lambda: core.read_namespaced_config_map("none", NAMESPACE))
made.data = {"k": "stale"}
refused("replace an old version", 409, lambda: core.replace_namespaced_config_map("a", NAMESPACE, made))

labels = {"app": "web"}
apps.create_namespaced_deployment(
    NAMESPACE,
    {
        "metadata": {"name": "web"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "web", "image": "nginx"}]},
            },
        },
    },
)
seen = None
watcher = watch.Watch()
for event in watcher.stream(apps.list_namespaced_deployment, NAMESPACE, timeout_seconds=60):
    seen = event["object"].status.ready_replicas
    if seen == 2:
        watcher.stop()
same("watch until it is ready", seen, 2)
pods = core.list_namespaced_pod(NAMESPACE, label_selector="app=web", limit=1)
pod = pods.items[0].metadata.name
same("log", "start worker processes" in core.read_namespaced_pod_log(pod, NAMESPACE), True)
scale = apps.patch_namespaced_deployment_scale("web", NAMESPACE, {"spec": {"replicas": 1}})
same("scale", scale.spec.replicas, 1)

pod = core.create_namespaced_pod(
    NAMESPACE,
    {"metadata": {"name": "sh"}, "spec": {"containers": [{"name": "c", "image": "busybox", "command": ["sleep", "3600"]}]}},
).metadata.name
for event in watch.Watch().stream(core.list_namespaced_pod, NAMESPACE, field_selector="metadata.name=sh", timeout_seconds=60):
    if event["object"].status.phase == "Running":
        break
connect = core.connect_get_namespaced_pod_exec
flags = {"stderr": True, "stdin": False, "stdout": True, "tty": False}
out = stream(connect, pod, NAMESPACE, command=["echo", "hello"], **flags)
same("exec", out, "hello\n")
command = ["sh", "-c", "echo out; echo err >&2; exit 3"]
ran = stream(connect, pod, NAMESPACE, command=command, _preload_content=False, **flags)
ran.run_forever(timeout=30)
same("exec's outputs", (ran.read_stdout(), ran.read_stderr()), ("out\n", "err\n"))
same("exec's exit code", ran.returncode, 3)
typed = stream(connect, pod, NAMESPACE, command=["head", "-n", "1"], _preload_content=False, **{**flags, "stdin": True})
typed.write_stdin("typed\n")
typed.run_forever(timeout=30)
same("exec's input", typed.read_stdout(), "typed\n")
core.delete_namespace(NAMESPACE)
