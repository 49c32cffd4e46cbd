use super::*;

#[test]
fn what_is_gone_is_hinted_at() {
    let text = r#"error: resource mapping not found for name: "a" namespace: "" from "old.yaml": no matches for kind "HorizontalPodAutoscaler" in version "autoscaling/v2beta1"
ensure CRDs are installed first
error: resource mapping not found for name: "b" namespace: "" from "STDIN": no matches for kind "CronJob" in version "batch/v1beta1"
error: resource mapping not found for name: "c" namespace: "" from "c.yaml": no matches for kind "Robot" in version "example.com/v1"
Flag --record has been deprecated, --record will be removed in the future
"#;
    let gone = |kind: &str, version, now, file: Option<&str>| {
        let (kind, file) = (kind.to_owned(), file.map(str::to_owned));
        Hint::Version(Gone { kind, version, until: 24, now, file })
    };
    let old = "autoscaling/v2beta1";
    let wanted = [
        gone("HorizontalPodAutoscaler", old, "autoscaling/v2", Some("old.yaml")),
        gone("CronJob", "batch/v1beta1", "batch/v1", None),
        Hint::Record,
    ];
    assert_eq!(hints(text), wanted);
}

#[test]
fn what_is_served_stays_as_it_is() {
    for text in ["", "kind: Pod\napiVersion: v1\n", "a: [", "apiVersion: batch/v1\nkind: CronJob\n"]
    {
        assert_eq!(convert(text), None, "{text}");
    }
}

#[test]
fn a_manifest_whose_version_alone_changed_keeps_its_wording() {
    let old = "# Mine.\napiVersion: v1\nkind: Pod\n--- # two\napiVersion: batch/v1beta1 # old\nkind: CronJob\nspec: {schedule: '* * * * *'} # each minute\n";
    let new = old.replace("batch/v1beta1", "batch/v1");
    assert_eq!(convert(old), Some(new));
}

#[test]
fn fields_move_where_the_new_version_has_them() {
    let cases = [
        (
            "apiVersion: autoscaling/v2beta1
kind: HorizontalPodAutoscaler
spec:
  metrics:
  - type: Resource
    resource: {name: memory, targetAverageUtilization: 30}
  - type: Pods
    pods: {metricName: rps, targetAverageValue: 1k}
  - type: Object
    object: {metricName: hits, target: {kind: Ingress, name: web}, targetValue: 10}
  - type: External
    external: {metricName: queue, metricSelector: {matchLabels: {q: a}}, targetValue: 5}
",
            "apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
spec:
  metrics:
  - type: Resource
    resource: {name: memory, target: {type: Utilization, averageUtilization: 30}}
  - type: Pods
    pods: {metric: {name: rps}, target: {type: AverageValue, averageValue: 1k}}
  - type: Object
    object: {metric: {name: hits}, describedObject: {kind: Ingress, name: web}, target: {type: Value, value: 10}}
  - type: External
    external: {metric: {name: queue, selector: {matchLabels: {q: a}}}, target: {type: Value, value: 5}}
",
        ),
        (
            "apiVersion: extensions/v1beta1
kind: DaemonSet
spec: {template: {metadata: {labels: {a: b}}}}
",
            "apiVersion: apps/v1
kind: DaemonSet
spec:
  selector: {matchLabels: {a: b}}
  template: {metadata: {labels: {a: b}}}
  updateStrategy: {type: OnDelete}
",
        ),
        (
            "apiVersion: networking.k8s.io/v1beta1
kind: Ingress
spec:
  backend: {serviceName: all, servicePort: 80}
  rules:
  - http: {paths: [{path: /, backend: {serviceName: web, servicePort: http}}]}
",
            "apiVersion: networking.k8s.io/v1
kind: Ingress
spec:
  defaultBackend: {service: {name: all, port: {number: 80}}}
  rules:
  - http: {paths: [{path: /, pathType: ImplementationSpecific, backend: {service: {name: web, port: {name: http}}}}]}
",
        ),
        (
            "apiVersion: admissionregistration.k8s.io/v1beta1
kind: ValidatingWebhookConfiguration
webhooks: [{name: a.b.c, failurePolicy: Fail}]
",
            "apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
webhooks:
- admissionReviewVersions: [v1, v1beta1]
  failurePolicy: Fail
  matchPolicy: Exact
  name: a.b.c
  sideEffects: None
  timeoutSeconds: 30
",
        ),
        (
            "apiVersion: apiextensions.k8s.io/v1beta1
kind: CustomResourceDefinition
spec:
  version: v1
  additionalPrinterColumns: [{name: A, type: string, JSONPath: .spec.a}]
  validation: {openAPIV3Schema: {properties: {spec: {type: object}}}}
  conversion: {strategy: Webhook, webhookClientConfig: {url: https://a}}
",
            "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
spec:
  conversion:
    strategy: Webhook
    webhook: {clientConfig: {url: https://a}, conversionReviewVersions: [v1beta1]}
  versions:
  - name: v1
    served: true
    storage: true
    additionalPrinterColumns: [{name: A, type: string, jsonPath: .spec.a}]
    schema:
      openAPIV3Schema:
        properties: {spec: {type: object}}
        type: object
        x-kubernetes-preserve-unknown-fields: true
",
        ),
    ];
    for (old, new) in cases {
        let found = convert(old).expect("an old version");
        assert_eq!(yaml::parse_one(&found), yaml::parse_one(new), "{found}");
    }
}

#[test]
fn lists_are_converted_item_by_item_and_comments_above_stay() {
    let old = "# Two.\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod}\n- {apiVersion: batch/v1beta1, kind: CronJob}\n";
    let new = "# Two.\napiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n- apiVersion: batch/v1\n  kind: CronJob\nkind: List\n";
    assert_eq!(convert(old).as_deref(), Some(new));
}
