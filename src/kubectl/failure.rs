//! How commands fail, in kubectl's words. Mirrors `k8s.io/kubectl/pkg/cmd/util.CheckErr`.

use crate::api::Status;

/// Why a command ended badly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What goes to the standard error, with its final line feed.
    pub text: String,
    /// The exit code.
    pub code: i32,
    /// What goes to the standard output before.
    pub printed: String,
    /// What it is called among several failures, if that differs.
    pub among: Option<String>,
}

/// A silent failure.
impl Default for Failure {
    fn default() -> Self {
        Self { text: String::new(), code: 1, printed: String::new(), among: None }
    }
}

impl Failure {
    /// `error: WHY`: found by kubectl itself.
    pub fn error(why: impl AsRef<str>) -> Self {
        let why = why.as_ref();
        let why = why.strip_prefix("error: ").unwrap_or(why);
        Self { among: Some(why.to_owned()), ..Self::verbatim(format!("error: {why}")) }
    }

    /// A text without `error:` before it.
    pub fn verbatim(text: impl AsRef<str>) -> Self {
        Self { text: format!("{}\n", text.as_ref()), ..Self::default() }
    }

    /// A mistake in the use of `command`: points to its help.
    pub fn usage(command: &str, why: &str) -> Self {
        Self::error(format!("{why}\nSee 'kubectl {command} -h' for help and examples"))
    }

    /// The server refused.
    pub fn status(status: &Status) -> Self {
        Self::status_while("", status)
    }

    /// The server refused; `context` says what was being done: `error when creating "f"`.
    pub fn status_while(context: &str, status: &Status) -> Self {
        if status.reason == "Unauthorized" {
            return Self::error("You must be logged in to the server (Unauthorized)");
        }
        if status.code == 0 {
            return Self::verbatim(status.message.clone());
        }
        let context = if context.is_empty() { String::new() } else { format!("{context}: ") };
        let short = format!("{}{context}{}", prefix(status), status.message);
        if status.reason == "Invalid" {
            return Self { among: Some(short), ..Self::verbatim(invalid(status)) };
        }
        Self::verbatim(short)
    }

    /// Acts on each; what is wrong with one does not stop the others.
    ///
    /// # Errors
    /// All that went wrong.
    pub fn each<T>(
        all: impl IntoIterator<Item = T>,
        act: impl FnMut(T) -> Result<(), Self>,
    ) -> Result<(), Self> {
        let failures: Vec<_> = all.into_iter().map(act).filter_map(Result::err).collect();
        Self::several(&failures)
    }

    /// Whether nothing went wrong.
    ///
    /// # Errors
    /// The failures of one command as one, in order. Mirrors `cmdutil.MultipleErrors`.
    pub fn several(failures: &[Self]) -> Result<(), Self> {
        match failures {
            [] => Ok(()),
            [one] => Err(one.clone()),
            many => {
                let each = |f: &Self| f.among.clone().unwrap_or_else(|| f.text.clone());
                let all: Vec<_> = many.iter().map(|f| each(f).trim_end().to_owned()).collect();
                let text = all.iter().map(|text| format!("{text}\n")).collect();
                let among = Some(format!("[{}]", all.join(", ")));
                Err(Self { text, code: many[0].code, among, ..Self::default() })
            }
        }
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

/// Why the server found something invalid. Mirrors `statusCausesToAggrError`.
fn invalid(status: &Status) -> String {
    let has_name = !status.kind.is_empty() || !status.name.is_empty();
    let head = if has_name {
        format!("The {} {:?} is invalid", status.kind, status.name)
    } else {
        "The request is invalid".to_owned()
    };
    let mut lines: Vec<String> = Vec::new();
    for cause in &status.causes {
        let line = format!("{}: {}", cause.field, cause.message);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    match lines.as_slice() {
        [] if has_name => head,
        [] => format!("{head}: {}", status.message),
        [one] => format!("{head}: {one}"),
        many => {
            let lines: Vec<_> = many.iter().map(|line| format!("* {line}")).collect();
            format!("{head}: \n{}", lines.join("\n"))
        }
    }
}
