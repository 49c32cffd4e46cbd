//! `kubectl create configmap` and `kubectl create secret`. Mirrors `create_configmap.go`,
//! `create_secret.go`, `create_secret_docker.go` and `create_secret_tls.go` of
//! `k8s.io/kubectl/pkg/cmd/create`.

use serde_json::{Map, Value, json};

use super::generator::{self, FLAGS};
use crate::base::order::Gather;
use crate::base::{base64, sha256};
use crate::kinds::names;
use crate::kubectl::command::spec::Spec;
use crate::kubectl::{Args, Failure, Files, Flag, Io, Job};

const FROM_FILE: Flag = Flag::value("from-file", "[]");
const APPEND_HASH: Flag = Flag::switch("append-hash");
const SOURCES: &[Flag] = &[
    APPEND_HASH,
    FROM_FILE,
    Flag::value("from-env-file", "[]"),
    Flag::value("from-literal", "[]"),
];

/// The verb `create configmap`.
pub const CONFIG_MAP: Spec = Spec {
    name: "create configmap",
    aliases: &["create cm"],
    shared: &[FLAGS, SOURCES],
    flags: &[],
    usage: "kubectl create configmap NAME [--from-file=[key=]source] [--from-literal=key1=value1] \
            [--dry-run=server|client|none] [options]",
    about: "Create a config map from files, directories or literal values.",
    start: |args| {
        start(args, "ConfigMap", "create configmap", "failed to create configmap: ", config_map)
    },
};

/// The verb `create secret generic`.
pub const SECRET: Spec = Spec {
    name: "create secret generic",
    aliases: &[],
    shared: &[FLAGS, SOURCES],
    flags: &[Flag::value("type", "")],
    usage: "kubectl create secret generic NAME [--type=string] [--from-file=[key=]source] \
            [--from-literal=key1=value1] [--dry-run=server|client|none] [options]",
    about: "Create a secret from files, directories or literal values.",
    start: |args| {
        start(args, "Secret", "create secret generic", "failed to create secret ", secret)
    },
};

/// The verb `create secret docker-registry`.
pub const DOCKER_REGISTRY: Spec = Spec {
    name: "create secret docker-registry",
    aliases: &[],
    shared: &[FLAGS],
    flags: &[
        APPEND_HASH,
        FROM_FILE,
        Flag::value("docker-email", ""),
        Flag::value("docker-password", ""),
        Flag::value("docker-server", "https://index.docker.io/v1/"),
        Flag::value("docker-username", ""),
    ],
    usage: "kubectl create secret docker-registry NAME --docker-username=user \
            --docker-password=password --docker-email=email [--docker-server=string] \
            [--from-file=[key=]source] [--dry-run=server|client|none] [options]",
    about: "Create a secret for use with a Docker registry.",
    start: |args| {
        let command = "create secret docker-registry";
        start(args, "Secret", command, "failed to create secret ", docker_registry)
    },
};

/// The verb `create secret tls`.
pub const TLS: Spec = Spec {
    name: "create secret tls",
    aliases: &[],
    shared: &[FLAGS],
    flags: &[APPEND_HASH, Flag::value("cert", ""), Flag::value("key", "")],
    usage: "kubectl create secret tls NAME --cert=path/to/cert/file --key=path/to/key/file \
            [--dry-run=server|client|none] [options]",
    about: "Create a TLS secret from a certificate and its key.",
    start: |args| start(args, "Secret", "create secret tls", "failed to create secret ", tls),
};

/// Fills an object in from the flags and files.
type Fill = fn(&Args, &Files, &mut Value) -> Result<(), Failure>;

fn start(
    args: Args,
    kind: &'static str,
    command: &str,
    refused: &'static str,
    fill: Fill,
) -> Result<Box<dyn Job>, Failure> {
    let name = generator::name(&args, command)?;
    if args.has("from-env-file") && (args.has("from-file") || args.has("from-literal")) {
        let why = "from-env-file cannot be combined with from-file or from-literal";
        return Err(Failure::error(why));
    }
    Ok(Box::new(move |io: &mut Io<'_>| {
        let mut value = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}});
        fill(&args, io.files, &mut value)?;
        if args.is("append-hash") {
            value["metadata"]["name"] = json!(format!("{name}-{}", hash(&value)));
        }
        generator::create_named(&args, io, value, |status| {
            Failure::error(format!("{refused}{}", status.message))
        })
    }))
}

/// Fills a ConfigMap or a Secret in.
///
/// # Errors
/// A source that cannot be read, or a key that will not do.
pub fn fill(kind: &str, args: &Args, files: &Files, value: &mut Value) -> Result<(), Failure> {
    match kind {
        "Secret" => secret(args, files, value),
        _ => config_map(args, files, value),
    }
}

fn config_map(args: &Args, files: &Files, value: &mut Value) -> Result<(), Failure> {
    let what = format!("Data for ConfigMap {:?}", value["metadata"]["name"].as_str().unwrap_or(""));
    let data = sources(args, files, "ConfigMap", &what)?;
    if !data.is_empty() {
        value["data"] =
            Value::Object(data.into_iter().map(|(key, text)| (key, json!(text))).gathered());
    }
    Ok(())
}

fn secret(args: &Args, files: &Files, value: &mut Value) -> Result<(), Failure> {
    let found = sources(args, files, "Secret", "Data")?;
    if !found.is_empty() {
        let data = found.into_iter().map(|(key, text)| (key, encoded(&text)));
        value["data"] = Value::Object(data.gathered());
    }
    if !args.get("type").is_empty() {
        value["type"] = json!(args.get("type"));
    }
    Ok(())
}

fn docker_registry(args: &Args, files: &Files, value: &mut Value) -> Result<(), Failure> {
    value["type"] = json!("kubernetes.io/dockerconfigjson");
    if args.has("from-file") {
        let found = sources(args, files, "Secret", "Data")?;
        let data = found.into_iter().map(|(key, text)| {
            let key = if key.ends_with(".json") { ".dockerconfigjson".to_owned() } else { key };
            (key, encoded(&text))
        });
        value["data"] = Value::Object(data.gathered());
        return Ok(());
    }
    let part = |flag: &str| args.get(flag).to_owned();
    let (user, password) = (part("docker-username"), part("docker-password"));
    let (server, email) = (part("docker-server"), part("docker-email"));
    if user.is_empty() || password.is_empty() || server.is_empty() {
        return Err(Failure::error(
            "either --from-file or the combination of --docker-username, --docker-password and \
             --docker-server is required",
        ));
    }
    let auth = base64::encode(format!("{user}:{password}").as_bytes(), base64::Alphabet::Standard);
    let text = |text: &str| json!(text).to_string();
    let email = if email.is_empty() { email } else { format!("\"email\":{},", text(&email)) };
    // The order of its fields is part of what is stored.
    let config = format!(
        "{{\"auths\":{{{}:{{\"username\":{},\"password\":{},{email}\"auth\":\"{auth}\"}}}}}}",
        text(&server),
        text(&user),
        text(&password)
    );
    value["data"] = json!({".dockerconfigjson": encoded(&config)});
    Ok(())
}

fn tls(args: &Args, files: &Files, value: &mut Value) -> Result<(), Failure> {
    let (cert, key) = (args.get("cert"), args.get("key"));
    if cert.is_empty() || key.is_empty() {
        return Err(Failure::error("key and cert must be specified"));
    }
    let read = |name: &str| {
        files.read(name).ok_or_else(|| {
            let why = format!("Cannot read file {name}, open {name}: no such file or directory");
            Failure::error(why)
        })
    };
    let (cert, key) = (read(cert)?, read(key)?);
    for (what, text) in [("certificate", cert), ("key", key)] {
        if !has_pem(text) {
            let why = format!("tls: failed to find any PEM data in {what} input");
            return Err(Failure::error(why));
        }
    }
    value["type"] = json!("kubernetes.io/tls");
    value["data"] = json!({"tls.crt": encoded(cert), "tls.key": encoded(key)});
    Ok(())
}

/// Whether a text holds a PEM block: its marks, and base64 between them.
fn has_pem(text: &str) -> bool {
    let block = || {
        let (label, rest) = text.split_once("-----BEGIN ")?.1.split_once("-----")?;
        let body: String = rest
            .split_once(&format!("-----END {label}-----"))?
            .0
            .lines()
            .filter(|line| !line.contains(':'))
            .map(str::trim)
            .collect();
        base64::decode(&body, base64::Alphabet::Standard).ok()
    };
    block().is_some_and(|bytes| !bytes.is_empty())
}

fn encoded(text: &str) -> Value {
    json!(base64::encode(text.as_bytes(), base64::Alphabet::Standard))
}

/// Keys and texts from `--from-file`, `--from-literal` and `--from-env-file`, in this order.
fn sources(
    args: &Args,
    files: &Files,
    kind: &str,
    place: &str,
) -> Result<Vec<(String, String)>, Failure> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut add = |key: &str, text: &str| {
        let wrong = names::config_key_errors(key);
        if !wrong.is_empty() {
            let wrong = wrong.join(",");
            let why = format!("{key:?} is not a valid key name for a {kind}: {wrong}");
            return Err(Failure::error(why));
        }
        if found.iter().any(|(other, _)| other == key) {
            return Err(Failure::error(format!(
                "cannot add key {key:?}, another key by that name already exists in {place}"
            )));
        }
        found.push((key.to_owned(), text.to_owned()));
        Ok(())
    };
    for source in args.list("from-file") {
        let (key, path) = file_source(&source)?;
        if let Some(text) = files.read(path) {
            add(key, text)?;
            continue;
        }
        let inside: Vec<_> = files.inside(path).collect();
        if inside.is_empty() {
            let why = format!("error reading {path}: no such file or directory");
            return Err(Failure::error(why));
        }
        if source.contains('=') {
            return Err(Failure::error("cannot give a key name for a directory path"));
        }
        for (name, text) in inside {
            add(name, text)?;
        }
    }
    for source in args.all("from-literal") {
        match source.split_once('=') {
            Some((key, text)) if !key.is_empty() => add(key, unquoted(text))?,
            _ => {
                let why = format!("invalid literal source {source}, expected key=value");
                return Err(Failure::error(why));
            }
        }
    }
    for path in args.list("from-env-file") {
        let text = files.read(&path).ok_or_else(|| {
            Failure::error(format!("error reading {path}: no such file or directory"))
        })?;
        for line in text.lines() {
            if let Some((key, value)) = environment_line(line)? {
                add(key, value)?;
            }
        }
    }
    Ok(found)
}

/// A text without the quotes around it.
fn unquoted(text: &str) -> &str {
    let inner = |quote| text.strip_prefix(quote).and_then(|t: &str| t.strip_suffix(quote));
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}

/// `[key=]path`. Mirrors `ParseFileSource`.
fn file_source(source: &str) -> Result<(&str, &str), Failure> {
    match source.split('=').collect::<Vec<_>>()[..] {
        [path] => {
            let trimmed = path.trim_end_matches('/');
            Ok((trimmed.rsplit('/').next().unwrap_or(trimmed), path))
        }
        ["", path] => Err(Failure::error(format!("key name for file path {path} missing"))),
        [key, ""] => Err(Failure::error(format!("file path for key name {key} missing"))),
        [key, path] => Ok((key, path)),
        _ => Err(Failure::error("key names or file paths cannot contain '='")),
    }
}

/// `KEY=value`; nothing for comments and empty lines. Mirrors `processEnvFileLine`.
pub fn environment_line(line: &str) -> Result<Option<(&str, &str)>, Failure> {
    let line = line.trim_start();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (key, value) = line.split_once('=').unwrap_or((line, ""));
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let starts = key.chars().next().is_some_and(|first| !first.is_ascii_digit());
    if starts && key.chars().all(fits) {
        return Ok(Some((key, value)));
    }
    Err(Failure::error(format!(
        "{key:?} is not a valid key name: a valid environment variable name must consist of \
         alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. \
         'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is \
         '[-._a-zA-Z][-._a-zA-Z0-9]*')"
    )))
}

/// The suffix of `--append-hash`. Mirrors `k8s.io/kubectl/pkg/util/hash`.
pub fn hash(value: &Value) -> String {
    let part = |field: &str| value.get(field).cloned();
    let mut hashed = Map::new();
    let kind = part("kind").unwrap_or_default();
    hashed.insert("data".to_owned(), part("data").unwrap_or_else(|| json!("")));
    hashed.insert("name".to_owned(), value["metadata"]["name"].clone());
    if kind == "Secret" {
        hashed.insert("type".to_owned(), part("type").unwrap_or_else(|| json!("")));
    }
    hashed.insert("kind".to_owned(), kind);
    let digest = sha256::digest(Value::Object(hashed).to_string().as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let safe = |c: char| match c {
        '0' => 'g',
        '1' => 'h',
        '3' => 'k',
        'a' => 'm',
        'e' => 't',
        other => other,
    };
    hex.chars().take(10).map(safe).collect()
}
