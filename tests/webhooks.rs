//! Webhooks that run in simulated pods: the API server asks them through their Service.

use std::time::Duration;

use tabernetes::scenario::{Input, Session};

/// A program, its Service, and what is to be asked of it.
const MANIFEST: &str = include_str!("webhooks.yaml");

fn type_in(session: &mut Session, line: &str) -> String {
    session.input(Input::Line(line.to_owned()));
    let done = session.run_until(Duration::from_secs(600), |session| !session.is_busy());
    assert!(done, "{line} does not end");
    session.take_output().text
}

#[test]
fn a_pod_is_asked_what_may_be_written() {
    let mut session = Session::new(1);
    session.input(Input::Write { name: "all.yaml".to_owned(), text: MANIFEST.to_owned() });
    type_in(&mut session, "kubectl create ns n; kubectl label ns n guarded=yes");
    type_in(&mut session, "kubectl apply -f all.yaml");
    let early = type_in(&mut session, "kubectl create cm early -n n");
    assert!(early.contains("failed calling webhook \"stamp.example.com\""), "{early}");
    assert!(early.contains("connection refused"), "{early}");
    let rolled = type_in(&mut session, "kubectl rollout status deploy/hook");
    assert!(rolled.ends_with("successfully rolled out\n"), "{rolled}");
    let good = "kubectl create cm good -n n --from-literal=mutation-start=yes";
    assert_eq!(type_in(&mut session, good), "configmap/good created\n");
    let data = type_in(&mut session, "kubectl get cm good -n n -o jsonpath='{.data}'");
    assert_eq!(data, r#"{"mutation-stage-1":"yes","mutation-start":"yes"}"#);
    let bad = "kubectl create cm bad -n n --from-literal=webhook-e2e-test=webhook-disallow";
    assert_eq!(
        type_in(&mut session, bad),
        "error: failed to create configmap: admission webhook \"guard.example.com\" denied the \
         request: the configmap contains unwanted key and value\n"
    );
    let elsewhere = type_in(&mut session, &bad.replace("-n n ", ""));
    assert_eq!(elsewhere, "configmap/bad created\n");
    let trust = "kubectl patch validatingwebhookconfiguration guard --type=json -p \
                 '[{\"op\":\"remove\",\"path\":\"/webhooks/0/clientConfig/caBundle\"}]'";
    type_in(&mut session, trust);
    let mistrusted = type_in(&mut session, "kubectl delete cm good -n n");
    assert!(mistrusted.contains("certificate signed by unknown authority"), "{mistrusted}");
    type_in(
        &mut session,
        "kubectl delete deploy hook; kubectl delete mutatingwebhookconfiguration stamp",
    );
    session.run_for(Duration::from_secs(60));
    let gone = type_in(&mut session, "kubectl create cm late -n n");
    assert!(gone.contains("connection refused"), "{gone}");
}
