//! How commands fail, in kubectl's words. Mirrors `k8s.io/kubectl/pkg/cmd/util.CheckErr`.

use crate::api::Status;

/// Why a command ended badly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What goes to the standard error, with its final line feed.
    pub text: String,
    /// The exit code.
    pub code: i32,
}

/// A silent failure.
impl Default for Failure {
    fn default() -> Self {
        Self { text: String::new(), code: 1 }
    }
}

impl Failure {
    /// `error: WHY`: found by kubectl itself.
    pub fn error(why: impl AsRef<str>) -> Self {
        let why = why.as_ref();
        let why = why.strip_prefix("error: ").unwrap_or(why);
        Self::verbatim(format!("error: {why}"))
    }

    /// A text without `error:` before it.
    pub fn verbatim(text: impl AsRef<str>) -> Self {
        Self { text: format!("{}\n", text.as_ref()), code: 1 }
    }

    /// A mistake in the use of `command`: points to its help.
    pub fn usage(command: &str, why: &str) -> Self {
        Self::error(format!("{why}\nSee 'kubectl {command} -h' for help and examples"))
    }

    /// The server refused.
    pub fn status(status: &Status) -> Self {
        Self::verbatim(status_text(status))
    }

    /// The server refused; `context` says what was being done: `error when creating "f"`.
    pub fn status_while(context: &str, status: &Status) -> Self {
        if status.reason == "Invalid" && !status.kind.is_empty() && context.is_empty() {
            return Self::status(status);
        }
        Self::verbatim(format!("{}{context}: {}", prefix(status), status.message))
    }

    /// Several failures of one command, in order.
    pub fn several(failures: &[Self]) -> Option<Self> {
        let code = failures.first()?.code;
        Some(Self { text: failures.iter().map(|f| f.text.as_str()).collect(), code })
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self::status(&status)
    }
}

/// `Error from server (NotFound): `.
pub(super) fn prefix(status: &Status) -> String {
    if status.reason.is_empty() {
        "Error from server: ".to_owned()
    } else {
        format!("Error from server ({}): ", status.reason)
    }
}

/// A refusal as kubectl prints it.
fn status_text(status: &Status) -> String {
    if status.reason != "Invalid" {
        return format!("{}{}", prefix(status), status.message);
    }
    if status.kind.is_empty() {
        return "The request is invalid: the server rejected our request due to an error in our \
                request"
            .to_owned();
    }
    let head = format!("The {} \"{}\" is invalid", status.kind, status.name);
    let line = |cause: &crate::api::Cause| {
        if cause.field.is_empty() {
            cause.message.clone()
        } else {
            format!("{}: {}", cause.field, cause.message)
        }
    };
    match status.causes.as_slice() {
        [] => format!("{head}: {}", status.message),
        [one] => format!("{head}: {}", line(one)),
        many => {
            let lines: Vec<_> = many.iter().map(|cause| format!("* {}", line(cause))).collect();
            format!("{head}: \n{}", lines.join("\n"))
        }
    }
}
