//! What is wrong with webhooks' configurations. Mirrors
//! `pkg/apis/admissionregistration/validation` and `apiserver/pkg/util/webhook/validation.go`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::Value;

use super::admission_policy::{conditions, list, one_of, one_rule};
use super::path::{Errors, Path};
use super::{FieldError, names};
use crate::base::label_name;
use crate::object::codec;

const HARMLESS: &[&str] = &["None", "NoneOnDryRun"];
/// How long a webhook may take, in seconds.
const PATIENCE: std::ops::RangeInclusive<i64> = 1..=30;
const FORM: &str = "; desired format: https://host[/path]";

/// Of a ValidatingWebhookConfiguration.
pub(super) fn validating(fields: &Value) -> Vec<FieldError> {
    configuration(fields, false)
}

/// Of a MutatingWebhookConfiguration.
pub(super) fn mutating(fields: &Value) -> Vec<FieldError> {
    configuration(fields, true)
}

fn configuration(fields: &Value, mutates: bool) -> Vec<FieldError> {
    let (mut errors, path) = (Errors::default(), Path::new("webhooks"));
    let mut known: Vec<&str> = Vec::new();
    for (index, hook) in list(fields, "webhooks").iter().enumerate() {
        let path = path.index(index);
        one_webhook(hook, &path, mutates, &mut errors);
        let versions = path.child("admissionReviewVersions");
        review_versions(list(hook, "admissionReviewVersions"), &versions, &mut errors);
        match hook["name"].as_str().unwrap_or_default() {
            "" => {}
            name if known.contains(&name) => errors.duplicate(&path.child("name"), name),
            name => known.push(name),
        }
    }
    errors.0
}

/// Mirrors `validateValidatingWebhook` and `validateMutatingWebhook`.
fn one_webhook(hook: &Value, path: &Path<'_>, mutates: bool, errors: &mut Errors) {
    qualified(hook["name"].as_str().unwrap_or_default(), &path.child("name"), errors);
    let rules = path.child("rules");
    for (index, rule) in list(hook, "rules").iter().enumerate() {
        one_rule(rule, &rules.index(index), errors);
    }
    let choices: [(&str, &[&str]); 2] =
        [("failurePolicy", &["Fail", "Ignore"]), ("matchPolicy", &["Equivalent", "Exact"])];
    for (field, known) in choices {
        one_of(hook, field, &path.child(field), known, false, errors);
    }
    let place = path.child("sideEffects");
    if hook["sideEffects"].is_null() {
        errors.required(&place, &format!("must specify one of {}", HARMLESS.join(", ")));
    }
    one_of(hook, "sideEffects", &place, HARMLESS, false, errors);
    if let Some(seconds) = hook["timeoutSeconds"].as_i64().filter(|it| !PATIENCE.contains(it)) {
        let why = "the timeout value must be between 1 and 30 seconds";
        errors.invalid(&path.child("timeoutSeconds"), &seconds, why);
    }
    for field in ["namespaceSelector", "objectSelector"] {
        if let Ok(selector) = codec::decode::<LabelSelector>(&hook[field]) {
            names::label_selector(&path.child(field), &selector, errors);
        }
    }
    if mutates {
        let field = "reinvocationPolicy";
        one_of(hook, field, &path.child(field), &["IfNeeded", "Never"], false, errors);
    }
    client(&hook["clientConfig"], &path.child("clientConfig"), errors);
    conditions(list(hook, "matchConditions"), &path.child("matchConditions"), errors);
}

/// Mirrors `IsFullyQualifiedName`.
fn qualified(name: &str, path: &Path<'_>, errors: &mut Errors) {
    if name.is_empty() {
        return errors.required(path, "");
    }
    let faults = label_name::subdomain_errors(name);
    if !faults.is_empty() {
        errors.invalid(path, name, faults.join(","));
    } else if name.split('.').count() < 3 {
        let why = "should be a domain with at least three segments separated by dots";
        errors.invalid(path, name, why);
    }
}

/// Mirrors `validateAdmissionReviewVersions`.
fn review_versions(versions: &[Value], path: &Path<'_>, errors: &mut Errors) {
    if versions.is_empty() {
        return errors.required(path, "must specify one of v1, v1beta1");
    }
    for (index, version) in versions.iter().enumerate() {
        let (given, at) = (version.as_str().unwrap_or_default(), path.index(index));
        if versions[..index].contains(version) {
            errors.invalid(&at, given, "duplicate version");
            continue;
        }
        errors.invalid_for(&at, given, names::label_1035_errors(given));
    }
    if !versions.iter().any(|version| version == "v1" || version == "v1beta1") {
        errors.invalid(path, versions, "must include at least one of v1, v1beta1");
    }
}

/// Where a webhook is: a URL, or a Service.
fn client(config: &Value, path: &Path<'_>, errors: &mut Errors) {
    match (config["url"].as_str(), &config["service"]) {
        (Some(given), Value::Null) => url(given, &path.child("url"), errors),
        (None, given @ Value::Object(_)) => service(given, &path.child("service"), errors),
        _ => errors.required(path, "exactly one of url or service is required"),
    }
}

/// Mirrors `ValidateWebhookURL`.
fn url(given: &str, path: &Path<'_>, errors: &mut Errors) {
    let (scheme, rest) = given.split_once("://").unwrap_or(("", given));
    if scheme != "https" {
        errors.invalid(path, scheme, format!("'https' is the only allowed URL scheme{FORM}"));
    }
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = if scheme.is_empty() { "" } else { rest.split('/').next().unwrap_or_default() };
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    if host.is_empty() {
        errors.invalid(path, host, format!("host must be specified{FORM}"));
    }
    let parts = [
        (user, "user information is not permitted in the URL"),
        (fragment, "fragments are not permitted in the URL"),
        (query, "query parameters are not permitted in the URL"),
    ];
    for (part, why) in parts.into_iter().filter(|(part, _)| !part.is_empty()) {
        errors.invalid(path, part, why);
    }
}

/// Mirrors `ValidateWebhookService`, whose callers hand name and namespace over the wrong way round.
fn service(given: &Value, path: &Path<'_>, errors: &mut Errors) {
    for (field, other) in [("name", "namespace"), ("namespace", "name")] {
        if given[other].as_str().unwrap_or_default().is_empty() {
            errors.required(&path.child(field), "");
        }
    }
    let port = given["port"].as_i64().and_then(|port| i32::try_from(port).ok()).unwrap_or(443);
    let faults = names::port_errors(port);
    if !faults.is_empty() {
        let why = format!("port is not valid: {}", faults.join(", "));
        errors.invalid(&path.child("port"), &port, why);
    }
    let (place, text) = (path.child("path"), given["path"].as_str().unwrap_or_default());
    match text {
        "" | "/" => return,
        "//" => return errors.invalid(&place, text, "segment[0] may not be empty"),
        _ => {}
    }
    if !text.starts_with('/') {
        errors.invalid(&place, text, "must start with a '/'");
    }
    // The first letter is left out whatever it is.
    let steps: String = text.chars().skip(1).collect();
    for (index, step) in steps.strip_suffix('/').unwrap_or(&steps).split('/').enumerate() {
        if step.is_empty() {
            errors.invalid(&place, text, format!("segment[{index}] may not be empty"));
            continue;
        }
        for fault in label_name::subdomain_errors(step) {
            errors.invalid(&place, text, format!("segment[{index}]: {fault}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What is wrong with a webhook that is fine but for some fields.
    fn faults(changed: Value) -> Vec<String> {
        let mut hook = json!({"name": "a.b.c", "sideEffects": "None",
            "admissionReviewVersions": ["v1"], "clientConfig": {"url": "https://h/p"}});
        for (field, value) in changed.as_object().into_iter().flatten() {
            hook[field] = value.clone();
        }
        let found = mutating(&json!({"webhooks": [hook]}));
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn refuses_what_upstream_refuses_in_its_words() {
        let rule = |resources: Value| {
            json!({"rules": [{"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"],
                              "resources": resources}]})
        };
        let service = |path: &str, port: i64| {
            json!({"clientConfig":
                {"service": {"name": "s", "namespace": "n", "path": path, "port": port}}})
        };
        let cases: [(Value, &[&str]); 12] = [
            (json!({}), &[]),
            (service("/a/b/", 443), &[]),
            (rule(json!(["pods", "pods/status", "*/scale"])), &[]),
            (
                json!({"name": "abc"}),
                &["webhooks[0].name: Invalid value: \"abc\": should be a domain with at least \
                   three segments separated by dots"],
            ),
            (
                json!({"timeoutSeconds": 60}),
                &["webhooks[0].timeoutSeconds: Invalid value: 60: the timeout value must be \
                   between 1 and 30 seconds"],
            ),
            (
                json!({"sideEffects": "Some"}),
                &["webhooks[0].sideEffects: Unsupported value: \"Some\": supported values: \
                   \"None\", \"NoneOnDryRun\""],
            ),
            (
                json!({"sideEffects": null, "admissionReviewVersions": []}),
                &[
                    "webhooks[0].sideEffects: Required value: must specify one of None, \
                     NoneOnDryRun",
                    "webhooks[0].admissionReviewVersions: Required value: must specify one of v1, \
                     v1beta1",
                ],
            ),
            (
                json!({"admissionReviewVersions": ["v3"]}),
                &["webhooks[0].admissionReviewVersions: Invalid value: [\"v3\"]: must include at \
                   least one of v1, v1beta1"],
            ),
            (
                json!({"clientConfig": {"url": "http://h/p"}}),
                &["webhooks[0].clientConfig.url: Invalid value: \"http\": 'https' is the only \
                   allowed URL scheme; desired format: https://host[/path]"],
            ),
            (
                json!({"clientConfig": {}}),
                &["webhooks[0].clientConfig: Required value: exactly one of url or service is \
                   required"],
            ),
            (
                rule(json!(["pods/", "*/*", "pods/log"])),
                &[
                    "webhooks[0].rules[0].resources: Invalid value: [\"pods/\",\"*/*\",\"pods/log\"]: \
                   if '*/*' is present, must not specify other resources",
                ],
            ),
            (
                service("x//y", 99999),
                &[
                    "webhooks[0].clientConfig.service.port: Invalid value: 99999: port is not \
                     valid: must be between 1 and 65535, inclusive",
                    "webhooks[0].clientConfig.service.path: Invalid value: \"x//y\": must start \
                     with a '/'",
                    "webhooks[0].clientConfig.service.path: Invalid value: \"x//y\": segment[0] \
                     may not be empty",
                    "webhooks[0].clientConfig.service.path: Invalid value: \"x//y\": segment[1] \
                     may not be empty",
                ],
            ),
        ];
        for (changed, wanted) in cases {
            assert_eq!(faults(changed.clone()), wanted, "{changed}");
        }
    }
}
