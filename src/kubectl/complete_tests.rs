use super::*;
use crate::scenario::{Input, Session};

const MANIFEST: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: nginx, image: nginx}
      - {name: sidecar, image: busybox}
---
apiVersion: v1
kind: Pod
metadata: {name: lone}
spec: {containers: [{name: main, image: nginx}, {name: helper, image: nginx}]}
";

/// What was typed, what it becomes, and some of the choices (`-`: none).
const CASES: &str = "
kub                             | kubectl_                           | -
kubectl ge                      | kubectl get_                       | -
kubectl ro                      | kubectl rollout_                   | -
ge                              | get_                               | -
kubectl rollout                 | kubectl rollout_                   | -
kubectl rollout re              | kubectl rollout res                | restart resume
kubectl rollout status dep      | kubectl rollout status deployments_ | -
kubectl get persistentvolumec   | kubectl get persistentvolumeclaims_ | -
kubectl get no                  | kubectl get nodes_                 | -
kubectl get no m                | kubectl get no master1_            | -
kubectl get nodes               | kubectl get nodes_                 | -
kubectl delete node/no          | kubectl delete node/node           | node/node1 node/node2
kubectl describe deploy/        | kubectl describe deploy/web_       | -
kubectl scale deployment w      | kubectl scale deployment web_      | -
kubectl scale --rep             | kubectl scale --replicas=          | -
kubectl get pods -n kube-s      | kubectl get pods -n kube-system_   | -
kubectl get pods --namespace=de | kubectl get pods --namespace=default_ | -
kubectl get pods -o y           | kubectl get pods -o yaml_          | -
kubectl get po -ow              | kubectl get po -ow                 | -
kubectl logs lo                 | kubectl logs lone_                 | -
kubectl logs lone -c m          | kubectl logs lone -c main_         | -
kubectl set im                  | kubectl set image_                 | -
kubectl set image deployment/web s | kubectl set image deployment/web sidecar= | -
kubectl apply -f we             | kubectl apply -f web.yaml_         | -
kubectl get pod lone lo         | kubectl get pod lone lo            | -
kubectl get pod x; kubectl dele | kubectl get pod x; kubectl delete_ | -
cat we                          | cat web.yaml_                      | -
kubectl get nothing x           | kubectl get nothing x              | -
kubectl get pod -n nowhere x    | kubectl get pod -n nowhere x       | -
日本                            | 日本                               | -
";

#[test]
fn words_complete_to_what_the_cluster_and_the_commands_know() {
    let mut session = Session::new(1);
    session.input(Input::Write { name: "web.yaml".to_owned(), text: MANIFEST.to_owned() });
    session.input(Input::Line("kubectl apply -f web.yaml".to_owned()));
    session.run_until(std::time::Duration::from_secs(1), |session| !session.is_busy());
    assert!(!session.is_busy());
    let mut cluster = session.cluster().clone();
    for case in CASES.lines().filter(|line| !line.is_empty()) {
        let cells: Vec<&str> = case.split('|').map(str::trim).collect();
        let [typed, expected, choices] = cells[..] else { panic!("three cells: {case}") };
        let found = complete(typed, &mut cluster, session.files());
        assert_eq!(found.line, expected.replace('_', " "), "{typed}");
        let choices: Vec<&str> = choices.split(' ').filter(|word| *word != "-").collect();
        assert_eq!(found.choices, choices, "{typed}");
    }
}

#[test]
fn an_empty_word_offers_everything_that_fits() {
    let mut cluster = crate::cluster::Cluster::started(1);
    let files = Files::default();
    let mut offered = |line: &str| complete(line, &mut cluster, &files).choices;
    assert_eq!(
        offered("kubectl rollout "),
        ["history", "pause", "restart", "resume", "status", "undo"]
    );
    assert_eq!(offered("kubectl cordon "), ["master1", "node1", "node2"]);
    assert_eq!(
        offered("kubectl delete pod x --cascade="),
        ["--cascade=background", "--cascade=foreground", "--cascade=orphan"]
    );
    assert!(offered("kubectl get ").contains(&"horizontalpodautoscalers".to_owned()));
    assert!(offered("").contains(&"kubectl".to_owned()));
}
