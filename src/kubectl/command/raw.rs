//! `--raw`: one HTTP request, whose answer is printed as it is. Mirrors `k8s.io/kubectl/pkg/rawhttp`.

use crate::kubectl::{Args, Failure, Flag, Job};

/// The flag.
pub(super) const RAW: Flag = Flag::value("raw", "");

/// The job that `--raw` asks for; none without it.
///
/// # Errors
/// Flags that do not go with it. Mirrors the `Validate` of `get`, `create`, `replace` and `delete`.
pub(super) fn job(args: &Args, method: &'static str) -> Result<Option<Box<dyn Job>>, Failure> {
    let target = args.get("raw");
    if target.is_empty() {
        return Ok(None);
    }
    let given = args.all("filename");
    let wrong = if method == "GET" && !args.positional.is_empty() {
        "arguments may not be passed when --raw is specified"
    } else if method == "GET" && (args.is("watch") || args.is("watch-only") || args.has("selector"))
    {
        "--raw may not be specified with other flags that filter the server request or alter the \
         output"
    } else if args.is("interactive") {
        "--interactive can not be used with --raw"
    } else if args.is("edit") {
        "--raw and --edit are mutually exclusive"
    } else if given.len() > 1 || given.is_empty() && matches!(method, "POST" | "PUT") {
        "--raw can only use a single local file or stdin"
    } else if given.iter().any(|name| name.starts_with("http://") || name.starts_with("https://")) {
        "--raw cannot read from a url"
    } else if args.is("recursive") {
        "--raw and --recursive are mutually exclusive"
    } else if method == "POST" && args.has("selector") {
        "--raw and --selector (-l) are mutually exclusive"
    } else if !args.get("output").is_empty() {
        "--raw and --output are mutually exclusive"
    } else if !target.starts_with('/') && !target.contains("://") {
        let why =
            format!("--raw must be a valid URL path: parse {target:?}: invalid URI for request");
        return Err(Failure::error(why));
    } else {
        return Ok(Some(ask(
            method,
            target.to_owned(),
            given.first().map(|&name| name.to_owned()),
        )));
    };
    Err(Failure::error(wrong))
}

/// The page has no HTTP of its own.
#[cfg(target_arch = "wasm32")]
fn ask(_: &'static str, _: String, _: Option<String>) -> Box<dyn Job> {
    Box::new(|_: &mut crate::kubectl::Io<'_>| {
        Err(Failure::error(
            "--raw speaks HTTP, which the page does not; the other verbs do the same",
        ))
    })
}

#[cfg(not(target_arch = "wasm32"))]
fn ask(method: &'static str, target: String, file: Option<String>) -> Box<dyn Job> {
    use crate::api::http::{self, Content};
    use crate::kubectl::Io;

    Box::new(move |io: &mut Io<'_>| {
        let body = match file.as_deref() {
            None => "",
            Some("-") => io.stdin,
            Some(name) => io
                .files
                .read(name)
                .ok_or_else(|| Failure::error(format!("open {name}: no such file or directory")))?,
        };
        let call = http::Call {
            method: method.to_owned(),
            target: target.clone(),
            headers: vec![("Accept".to_owned(), "application/json, */*".to_owned())],
            body: body.as_bytes().to_vec(),
        };
        if let Some(sent) = io.api.forward(&call) {
            let (code, body) = sent?;
            let text = String::from_utf8_lossy(&body).into_owned();
            return print(code, text, io);
        }
        let answer = http::answer(io.api, io.now, &call);
        for (_, warning) in answer.headers.iter().filter(|(name, _)| *name == "Warning") {
            let text = warning.trim_start_matches("299 - \"").trim_end_matches('"');
            io.err.push_str(&format!("Warning: {text}\n"));
        }
        // What a watch would send later nobody waits for.
        let Content::Bytes(bytes) = answer.body else { return Ok(()) };
        print(answer.code, String::from_utf8_lossy(&bytes).into_owned(), io)
    })
}

#[cfg(not(target_arch = "wasm32"))]
fn print(code: u16, text: String, io: &mut crate::kubectl::Io<'_>) -> Result<(), Failure> {
    if (200..300).contains(&code) {
        io.out.push_str(&text);
        return Ok(());
    }
    Err(refusal(code, &text))
}

/// What the server says of its release.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn server_version(
    io: &mut crate::kubectl::Io<'_>,
) -> Result<serde_json::Value, Failure> {
    use crate::api::{discovery, http::Call};
    let call = Call { method: "GET".to_owned(), target: "/version".to_owned(), ..Call::default() };
    let Some(sent) = io.api.forward(&call) else { return Ok(discovery::version()) };
    let (_, body) = sent?;
    Ok(crate::object::codec::parse(&String::from_utf8_lossy(&body)).unwrap_or_default())
}

/// What the server says of its release.
#[cfg(target_arch = "wasm32")]
pub(super) fn server_version(_: &mut crate::kubectl::Io<'_>) -> Result<serde_json::Value, Failure> {
    Ok(crate::api::discovery::version())
}

/// What an answer says that is no success. Mirrors `rest.Request.transformResponse`.
#[cfg(not(target_arch = "wasm32"))]
fn refusal(code: u16, text: &str) -> Failure {
    let status = crate::object::codec::parse(text).unwrap_or_default();
    let said = |field: &str| status[field].as_str().unwrap_or_default().to_owned();
    let (mut reason, mut message) = (said("reason"), said("message"));
    if message.is_empty() {
        let (plain, why) = match code {
            404 => ("NotFound", "the server could not find the requested resource"),
            405 => (
                "MethodNotAllowed",
                "the server does not allow this method on the requested resource",
            ),
            403 => ("Forbidden", "unknown"),
            400 => ("BadRequest", "the server rejected our request for an unknown reason"),
            _ => (
                "InternalError",
                "an error on the server has prevented the request from succeeding",
            ),
        };
        (reason, message) = (plain.to_owned(), why.to_owned());
    }
    Failure::verbatim(format!("Error from server ({reason}): {message}"))
}
