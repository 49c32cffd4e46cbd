//! The parameters of operations. Mirrors `metav1.ListOptions` and the other options.

use serde_json::{Value, json};

/// Name, type and meaning of each query parameter.
const QUERY: &[(&str, &str, &str)] = &[
    (
        "allowWatchBookmarks",
        "boolean",
        "Asks a watch for events of type BOOKMARK, which carry nothing but a resourceVersion.",
    ),
    ("command", "string", "The command to run, not in a shell."),
    (
        "container",
        "string",
        "The container; the only one, or the default one, where none is named.",
    ),
    ("continue", "string", "What the page before said: where the next page of a list begins."),
    ("dryRun", "string", "With `All`, everything is done but the storing."),
    ("fieldManager", "string", "Who makes the change: at most 128 printable characters."),
    ("fieldSelector", "string", "Limits a list to objects with these values in their fields."),
    (
        "fieldValidation",
        "string",
        "What is done about unknown and duplicate fields: Ignore drops them, Warn drops them and says \
         so, Strict refuses the request.",
    ),
    ("follow", "boolean", "Whether the stream goes on with what is logged from now on."),
    ("force", "boolean", "Whether an apply takes fields over that others manage."),
    ("gracePeriodSeconds", "integer", "The seconds until the object is deleted; zero: at once."),
    (
        "ignoreStoreReadErrorWithClusterBreakingPotential",
        "boolean",
        "Whether an object that cannot be read any more is deleted all the same.",
    ),
    ("insecureSkipTLSVerifyBackend", "boolean", "Whether any certificate of the node will do."),
    ("labelSelector", "string", "Limits a list to objects with these labels."),
    ("limit", "integer", "How many objects a page of the list has at most."),
    ("limitBytes", "integer", "How many bytes of the log are read at most."),
    ("orphanDependents", "boolean", "Whether dependents stay. Deprecated: see propagationPolicy."),
    ("path", "string", "The path that the request goes on to."),
    ("ports", "integer", "The ports to forward, where a WebSocket is used."),
    ("pretty", "string", "With `true` the answer is indented, as it is for browsers and curl."),
    ("previous", "boolean", "Whether the log is that of the container before its restart."),
    (
        "propagationPolicy",
        "string",
        "What becomes of dependents: Orphan leaves them, Background deletes them afterwards, \
         Foreground before.",
    ),
    (
        "resourceVersion",
        "string",
        "The version that a list is at least as new as, or a watch begins at.",
    ),
    ("resourceVersionMatch", "string", "How resourceVersion is meant: NotOlderThan or Exact."),
    ("sendInitialEvents", "boolean", "Whether a watch begins with what there is, then a bookmark."),
    ("sinceSeconds", "integer", "How many seconds back the log is read."),
    ("sinceTime", "string", "The time from which on the log is read."),
    ("stderr", "boolean", "Whether the standard error stream is connected."),
    ("stdin", "boolean", "Whether the standard input stream is connected."),
    ("stdout", "boolean", "Whether the standard output stream is connected."),
    ("stream", "string", "Which streams of the log are read: All, Stdout or Stderr."),
    ("tailLines", "integer", "How many lines from the end of the log are read."),
    ("timeoutSeconds", "integer", "The seconds after which a list or watch ends."),
    ("timestamps", "boolean", "Whether each line begins with its time."),
    ("tty", "boolean", "Whether a terminal is given to the command."),
    ("watch", "boolean", "Whether the answer is the stream of changes rather than a list."),
];

/// The options of lists, watches and deletions of collections, but for `watch` and bookmarks.
pub(super) const LIST: &[&str] = &[
    "continue",
    "fieldSelector",
    "labelSelector",
    "limit",
    "resourceVersion",
    "resourceVersionMatch",
    "sendInitialEvents",
    "timeoutSeconds",
];
/// What watches have besides.
pub(super) const WATCH: &[&str] = &["allowWatchBookmarks", "watch"];
/// The options of a creation or replacement.
pub(super) const WRITE: &[&str] = &["dryRun", "fieldManager", "fieldValidation"];
/// What a patch has besides.
pub(super) const PATCH: &[&str] = &["force"];
/// The options of a deletion.
pub(super) const DELETE: &[&str] = &[
    "dryRun",
    "gracePeriodSeconds",
    "ignoreStoreReadErrorWithClusterBreakingPotential",
    "orphanDependents",
    "propagationPolicy",
];
/// The options of reading a log.
pub(super) const LOG: &[&str] = &[
    "container",
    "follow",
    "insecureSkipTLSVerifyBackend",
    "limitBytes",
    "previous",
    "sinceSeconds",
    "stream",
    "tailLines",
    "timestamps",
];

/// The query parameters of a subresource that clients connect to.
pub(super) fn of_connection(subresource: &str) -> &'static [&'static str] {
    match subresource {
        "exec" => &["command", "container", "stderr", "stdin", "stdout", "tty"],
        "attach" => &["container", "stderr", "stdin", "stdout", "tty"],
        "portforward" => &["ports"],
        _ => &["path"],
    }
}

/// A query parameter.
pub(super) fn query(name: &str) -> Value {
    let known = QUERY.iter().find(|(known, _, _)| *known == name);
    let (kind, words) = known.map_or(("string", ""), |(_, kind, words)| (*kind, *words));
    json!({
        "name": name,
        "in": "query",
        "description": words,
        "schema": {"type": kind, "uniqueItems": true},
    })
}

/// A part of the path.
pub(super) fn path(name: &str, kind: &str) -> Value {
    let words = match name {
        "name" => format!("name of the {kind}"),
        "namespace" => "object name and auth scope, such as for teams and projects".to_owned(),
        _ => "path to the resource".to_owned(),
    };
    json!({
        "name": name,
        "in": "path",
        "description": words,
        "required": true,
        "schema": {"type": "string", "uniqueItems": true},
    })
}
