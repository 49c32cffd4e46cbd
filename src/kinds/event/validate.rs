//! The rules of Events. Mirrors `pkg/apis/core/validation/events.go`.

use k8s_openapi::api::core::v1::{Event, ObjectReference};

use crate::base::label_name::{qualified_name_errors, subdomain_errors};
use crate::kinds::FieldError;
use crate::kinds::path::{Errors, Path};

/// The most that `action`, `reason` and `reportingInstance` may hold, in characters.
const SHORT: usize = 128;
/// The most that the message may hold, in characters.
const LONG: usize = 1024;
const STRANGE_NAMESPACE: &str = "does not match event.namespace";

fn given(text: Option<&String>) -> &str {
    text.map(String::as_str).unwrap_or_default()
}

/// The rules of every Event; `component` is what the reporting component is called in the version
/// that was asked for. Mirrors `legacyValidateEvent`.
pub fn common(event: &Event, component: &'static str) -> Errors {
    let mut errors = Errors::default();
    let namespace = given(event.metadata.namespace.as_ref());
    let about = given(event.involved_object.namespace.as_ref());
    let fits = match (event.event_time.is_some(), about) {
        (false, "") => matches!(namespace, "" | "default"),
        (true, "") => matches!(namespace, "default" | "kube-system"),
        (false, about) => namespace == about,
        (true, _) => true,
    };
    if !fits {
        let path = Path::new("involvedObject");
        errors.invalid(&path.child("namespace"), about, STRANGE_NAMESPACE);
    }
    if event.event_time.is_some() {
        reported(event, component, &mut errors);
    }
    errors.invalid_for(&Path::new("namespace"), namespace, subdomain_errors(namespace));
    errors
}

/// What Events of the newer kind say of who reports them.
fn reported(event: &Event, component: &'static str, errors: &mut Errors) {
    let reporter = given(event.reporting_component.as_ref());
    if reporter.is_empty() {
        errors.required(&Path::new(component), "");
    }
    errors.invalid_for(&Path::new(component), reporter, qualified_name_errors(reporter));
    for (name, text) in [
        ("reportingInstance", &event.reporting_instance),
        ("action", &event.action),
        ("reason", &event.reason),
    ] {
        let text = given(text.as_ref());
        if text.is_empty() {
            errors.required(&Path::new(name), "");
        }
        at_most(name, text, SHORT, errors);
    }
    at_most("message", given(event.message.as_ref()), LONG, errors);
}

fn at_most(name: &'static str, text: &str, limit: usize, errors: &mut Errors) {
    if text.len() > limit {
        let detail = format!("can have at most {limit} characters");
        errors.invalid(&Path::new(name), "", detail);
    }
}

/// What a new Event of `events.k8s.io/v1` keeps to besides. Mirrors `ValidateEventCreate`.
pub fn strict(event: &Event) -> Vec<FieldError> {
    let mut errors = common(event, "reportingController");
    series(event, &mut errors);
    if event.event_time.is_none() {
        errors.required(&Path::new("eventTime"), "");
    }
    let class = given(event.type_.as_ref());
    if !matches!(class, "Normal" | "Warning") {
        errors.invalid(&Path::new("type"), "", format!("has invalid value: {class}"));
    }
    let source = event.source.as_ref();
    let has_source = source.is_some_and(|source| {
        [&source.component, &source.host].iter().any(|part| !given(part.as_ref()).is_empty())
    });
    let unset = [
        ("firstTimestamp", event.first_timestamp.is_none()),
        ("lastTimestamp", event.last_timestamp.is_none()),
        ("count", event.count.unwrap_or(0) == 0),
        ("source", !has_source),
    ];
    for (name, _) in unset.iter().filter(|(_, is_unset)| !is_unset) {
        errors.invalid(&Path::new(name), "", "needs to be unset");
    }
    errors.0
}

fn series(event: &Event, errors: &mut Errors) {
    let Some(series) = &event.series else { return };
    if series.count.unwrap_or(0) < 2 {
        errors.invalid(&Path::new("series.count"), "", "should be at least 2");
    }
    if series.last_observed_time.is_none() {
        errors.required(&Path::new("series.lastObservedTime"), "");
    }
}

/// What a replacement in `events.k8s.io/v1` may change: the series.
/// Mirrors `ValidateEventUpdate`.
pub fn strict_update(new: &Event, old: &Event) -> Vec<FieldError> {
    let mut errors = common(new, "reportingController");
    if new.series != old.series {
        series(new, &mut errors);
    }
    let mut same = |name: &'static str, new: &Option<String>, old: &Option<String>| {
        errors.immutable(&Path::new(name), &given(new.as_ref()), &given(old.as_ref()));
    };
    same("reason", &new.reason, &old.reason);
    same("message", &new.message, &old.message);
    same("type", &new.type_, &old.type_);
    same("action", &new.action, &old.action);
    same("reportingController", &new.reporting_component, &old.reporting_component);
    same("reportingInstance", &new.reporting_instance, &old.reporting_instance);
    let (involved, related) = (Path::new("involvedObject"), Path::new("related"));
    errors.immutable(&involved, &new.involved_object, &old.involved_object);
    let nothing = ObjectReference::default();
    let either = |event: &Event| event.related.clone().unwrap_or_else(|| nothing.clone());
    errors.immutable(&related, &either(new), &either(old));
    errors.immutable(&Path::new("source"), &new.source, &old.source);
    errors.immutable(&Path::new("firstTimestamp"), &new.first_timestamp, &old.first_timestamp);
    errors.immutable(&Path::new("lastTimestamp"), &new.last_timestamp, &old.last_timestamp);
    errors.immutable(&Path::new("count"), &new.count.unwrap_or(0), &old.count.unwrap_or(0));
    errors.immutable(&Path::new("eventTime"), &new.event_time, &old.event_time);
    errors.0
}
