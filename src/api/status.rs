//! Refusals: Mirrors `metav1.Status` and `k8s.io/apimachinery/pkg/api/errors`.

use std::borrow::Cow;
use std::fmt;

use serde_json::{Map, Value, json};

use crate::kinds::FieldError;
use crate::object::GroupResource;

/// One reason among several why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// `FieldValueInvalid`, `FieldValueRequired` …
    pub reason: String,
    /// What is wrong.
    pub message: String,
    /// The field it is about.
    pub field: String,
}

impl Cause {
    fn to_value(&self) -> Value {
        let fields = [("reason", &self.reason), ("message", &self.message), ("field", &self.field)];
        let given = fields.into_iter().filter(|(_, text)| !text.is_empty());
        given.map(|(name, text)| (name.to_owned(), json!(text))).collect()
    }
}

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The HTTP code.
    pub code: u16,
    /// The machine-readable reason: `NotFound`, `Conflict` … Empty when unknown.
    pub reason: Cow<'static, str>,
    /// The sentence for people.
    pub message: String,
    /// `details.name`.
    pub name: String,
    /// `details.group`.
    pub group: String,
    /// `details.kind` (the resource name, or the kind for `Invalid`).
    pub kind: String,
    /// `details.causes`.
    pub causes: Vec<Cause>,
    /// `details.retryAfterSeconds`; zero when absent.
    pub retry_after_seconds: u32,
    /// Whether `details` are shown even though they are empty.
    pub is_generic: bool,
    /// Where a list may be taken up again; empty when nowhere.
    pub continue_token: String,
}

impl Status {
    /// A refusal about one object.
    fn about(
        code: u16,
        reason: &'static str,
        resource: &GroupResource,
        name: &str,
        message: String,
    ) -> Self {
        Self {
            code,
            reason: Cow::Borrowed(reason),
            message,
            name: name.to_owned(),
            group: resource.group.to_string(),
            kind: resource.resource.to_string(),
            causes: Vec::new(),
            retry_after_seconds: 0,
            is_generic: false,
            continue_token: String::new(),
        }
    }

    fn plain(code: u16, reason: &'static str, message: String) -> Self {
        Self::about(code, reason, &GroupResource::new("", ""), "", message)
    }

    /// 404: `deployments.apps "web" not found`.
    pub fn not_found(resource: &GroupResource, name: &str) -> Self {
        let message = format!("{resource} \"{name}\" not found");
        Self::about(404, "NotFound", resource, name, message)
    }

    /// A refusal by what stands before the resources. Mirrors `errors.NewGenericServerResponse`.
    pub fn generic(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { is_generic: true, ..Self::plain(code, reason, message.into()) }
    }

    /// 404 for a path that no resource answers.
    pub fn no_such_path() -> Self {
        Self::generic(404, "NotFound", "the server could not find the requested resource")
    }

    /// 405 for a verb that the resource does not have.
    pub fn no_such_method() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::generic(405, "MethodNotAllowed", message)
    }

    /// 406: the answer cannot be given in any form that is accepted.
    pub fn not_acceptable(message: impl Into<String>) -> Self {
        Self::plain(406, "NotAcceptable", message.into())
    }

    /// 413: the body is longer than `limit` bytes.
    pub fn too_large(limit: usize) -> Self {
        let message = format!("Request entity too large: limit is {limit}");
        Self::plain(413, "RequestEntityTooLarge", message)
    }

    /// 415: the body is in a form that nobody here reads.
    pub fn unsupported_media_type(message: impl Into<String>) -> Self {
        Self::plain(415, "UnsupportedMediaType", message.into())
    }

    /// 504: the asked-for revision lies in the future. Mirrors `storage.NewTooLargeResourceVersionError`.
    pub fn too_large_resource_version(asked: u64, current: u64) -> Self {
        let message = format!("Timeout: Too large resource version: {asked}, current: {current}");
        let cause = Cause {
            reason: "ResourceVersionTooLarge".to_owned(),
            message: "Too large resource version".to_owned(),
            field: String::new(),
        };
        let status = Self::plain(504, "Timeout", message);
        Self { causes: vec![cause], retry_after_seconds: 1, ..status }
    }

    /// 422 for a patch that does not fit the object.
    pub fn unprocessable() -> Self {
        let message = "the server rejected our request due to an error in our request";
        Self::generic(422, "Invalid", message)
    }

    /// 500 without a reason: what upstream did not foresee.
    pub fn unexplained(message: impl Into<String>) -> Self {
        Self::plain(500, "", message.into())
    }

    /// 409: `deployments.apps "web" already exists`.
    pub fn already_exists(resource: &GroupResource, name: &str) -> Self {
        let message = format!("{resource} \"{name}\" already exists");
        Self::about(409, "AlreadyExists", resource, name, message)
    }

    /// 409: the version that the change was based on is not the current one.
    pub fn conflict(resource: &GroupResource, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {resource} \"{name}\": {why}");
        Self::about(409, "Conflict", resource, name, message)
    }

    /// 409 for an update based on an old version.
    pub fn stale(resource: &GroupResource, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version \
                   and try again";
        Self::conflict(resource, name, why)
    }

    /// 401: nobody knows who asks.
    pub fn unauthorized() -> Self {
        Self::plain(401, "Unauthorized", "Unauthorized".to_owned())
    }

    /// 403: `pods "x" is forbidden: WHY`.
    pub fn forbidden(resource: &GroupResource, name: &str, why: &str) -> Self {
        let message = match name {
            // Of what has no name yet only its kind can be said.
            "" => format!("{resource} is forbidden: {why}"),
            name => format!("{resource} \"{name}\" is forbidden: {why}"),
        };
        Self::about(403, "Forbidden", resource, name, message)
    }

    /// 400.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::plain(400, "BadRequest", message.into())
    }

    /// 405.
    pub fn method_not_supported(resource: &GroupResource, action: &str) -> Self {
        let message = format!("{action} is not supported on resources of kind \"{resource}\"");
        Self::about(405, "MethodNotAllowed", resource, "", message)
    }

    /// 410: the asked-for history is no longer kept.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::plain(410, "Expired", message.into())
    }

    /// 429 of the eviction subresource and of overload.
    pub fn too_many_requests(message: impl Into<String>, retry_after_seconds: u32) -> Self {
        let status = Self::plain(429, "TooManyRequests", message.into());
        Self { retry_after_seconds, ..status }
    }

    /// 500: `Internal error occurred: WHY`.
    pub fn internal(why: &str) -> Self {
        Self::plain(500, "InternalError", format!("Internal error occurred: {why}"))
    }

    /// 503.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::generic(503, "ServiceUnavailable", message)
    }

    /// 422: `Deployment.apps "web" is invalid: …`, one cause a field.
    /// Mirrors `errors.NewInvalid` and `field.ErrorList.ToAggregate`.
    pub fn invalid(kind: &str, group: &str, name: &str, errors: &[FieldError]) -> Self {
        let qualified = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        let mut texts: Vec<String> = Vec::new();
        for text in errors.iter().map(ToString::to_string) {
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        let list = match texts.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let message = format!("{qualified} \"{name}\" is invalid: {list}");
        let causes = errors.iter().map(|error| Cause {
            reason: error.kind.reason().to_owned(),
            message: error.body(),
            field: error.field.clone(),
        });
        Self {
            causes: causes.collect(),
            kind: kind.to_owned(),
            group: group.to_owned(),
            name: name.to_owned(),
            ..Self::plain(422, "Invalid", message)
        }
    }

    /// What clients say of a server that does not answer: it has no code.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn unreachable(why: String) -> Self {
        Self::plain(0, "", why)
    }

    /// A refusal as a server writes it. Mirrors `errors.FromObject`.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn from_value(code: u16, value: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let details = &value["details"];
        let seconds = details["retryAfterSeconds"].as_u64();
        let causes = details["causes"].as_array().into_iter().flatten();
        let cause = |cause: &Value| Cause {
            reason: text(&cause["reason"]),
            message: text(&cause["message"]),
            field: text(&cause["field"]),
        };
        Self {
            code,
            reason: Cow::Owned(text(&value["reason"])),
            message: text(&value["message"]),
            name: text(&details["name"]),
            group: text(&details["group"]),
            kind: text(&details["kind"]),
            causes: causes.map(cause).collect(),
            retry_after_seconds: seconds.and_then(|s| u32::try_from(s).ok()).unwrap_or(0),
            is_generic: details.is_object(),
            continue_token: text(&value["metadata"]["continue"]),
        }
    }

    /// As JSON: a `metav1.Status`.
    pub fn to_value(&self) -> Value {
        let mut value = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "code": self.code,
        });
        let details = self.details();
        if !self.continue_token.is_empty() {
            value["metadata"]["continue"] = json!(self.continue_token);
        }
        for (field, text) in [("message", self.message.as_str()), ("reason", &self.reason)] {
            if !text.is_empty() {
                value[field] = json!(text);
            }
        }
        if self.is_generic || !details.is_empty() {
            value["details"] = Value::Object(details);
        }
        value
    }

    fn details(&self) -> Map<String, Value> {
        let mut details = Map::new();
        for (field, text) in [("name", &self.name), ("group", &self.group), ("kind", &self.kind)] {
            if !text.is_empty() {
                details.insert(field.to_owned(), json!(text));
            }
        }
        if !self.causes.is_empty() {
            details.insert("causes".to_owned(), self.causes.iter().map(Cause::to_value).collect());
        }
        if self.retry_after_seconds > 0 {
            let seconds = self.retry_after_seconds;
            details.insert("retryAfterSeconds".to_owned(), json!(seconds));
        }
        details
    }

    /// Whether the object was not there.
    pub fn is_not_found(&self) -> bool {
        self.reason == "NotFound"
    }

    /// Whether the write was based on an old version.
    pub fn is_conflict(&self) -> bool {
        self.reason == "Conflict"
    }

    /// Whether an object of that name was there already.
    pub fn is_already_exists(&self) -> bool {
        self.reason == "AlreadyExists"
    }

    /// Whether the refusal was by permission, quota or policy.
    pub fn is_forbidden(&self) -> bool {
        self.reason == "Forbidden"
    }
}

/// The sentence for people.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
