#!/bin/sh
# An installed kubectl, of whatever version, against `tabernetes serve`: what everybody does with it.
# $1 is the kubeconfig; $2, if given, a `tabernetes` whose kubectl is meant. Exits with an error at the first thing that is not as it should be.
set -eu
export KUBECONFIG="$1"
if [ $# -gt 1 ]; then
  program="$2"
  kubectl() { "$program" kubectl "$@"; }
fi
k() { kubectl --namespace old "$@"; }
same() {
  if [ "$2" != "$3" ]; then
    printf '%s: %s\nbut should be: %s\n' "$1" "$2" "$3" >&2
    exit 1
  fi
  echo "ok  $1"
}
holds() {
  case "$2" in
    *"$3"*) echo "ok  $1" ;;
    *) printf '%s: %s\nwithout: %s\n' "$1" "$2" "$3" >&2; exit 1 ;;
  esac
}

same "create" "$(kubectl create namespace old)" "namespace/old created"
manifest='apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1.28", ports: [{containerPort: 80}]}]}'
same "apply" "$(echo "$manifest" | k apply -f -)" "deployment.apps/web created"
same "apply again" "$(echo "$manifest" | k apply -f -)" "deployment.apps/web unchanged"
holds "rollout" "$(k rollout status deployment/web --timeout=90s)" "successfully rolled out"
holds "get" "$(k get deployment web --no-headers)" "2/2"
same "scale" "$(k scale deployment/web --replicas=3)" "deployment.apps/web scaled"
same "set image" "$(k set image deployment/web web=nginx:1.29)" "deployment.apps/web image updated"
holds "rollout of a new image" "$(k rollout status deployment/web --timeout=90s)" "successfully rolled out"
holds "history" "$(k rollout history deployment/web)" "REVISION"
holds "undo" "$(k rollout undo deployment/web)" "rolled back"
holds "describe" "$(k describe deployment web)" "ScalingReplicaSet"
holds "explain" "$(kubectl explain deployment.spec.replicas)" "replicas"
wrong="$(echo "$manifest" | sed 's/replicas/replikas/' | k apply -f - 2>&1 || true)"
holds "an unknown field" "$wrong" "replikas"
wrong="$(k create configmap a 2>&1 && k create configmap a 2>&1 || true)"
holds "what is there already" "$wrong" 'configmaps "a" already exists'

k run sh --image=busybox --restart=Never -- sh -c 'echo started; sleep 3600' >/dev/null
k wait --for=condition=Ready pod/sh --timeout=60s >/dev/null
same "logs" "$(k logs sh)" "started"
same "exec" "$(k exec sh -- echo hello)" "hello"
same "exec's input" "$(echo typed | k exec -i sh -- cat)" "typed"
code=0; k exec sh -- sh -c 'exit 3' 2>/dev/null || code=$?
same "exec's exit code" "$code" "3"
holds "delete" "$(k delete pod sh --grace-period=1)" 'pod "sh" deleted'
holds "delete a namespace" "$(kubectl delete namespace old)" 'namespace "old" deleted'
