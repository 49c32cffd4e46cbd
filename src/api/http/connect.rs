//! Connections to containers, `exec` and `attach`, and logs that are followed: what has a client
//! wait for more. Mirrors `pkg/registry/core/pod/rest/subresources.go` and the streams of
//! `k8s.io/cri-streaming`.

use serde_json::{Value, json};

use super::encode;
use super::options::Query;
use super::path::ResourcePath;
use super::{Answer, Call, Content};
use crate::api::{Api, Reply, Request, Status, Verb};
use crate::kinds::Kind;
use crate::object::Key;

/// What a connection has to tell its client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// What was printed.
    pub stdout: String,
    /// What was printed as errors.
    pub stderr: String,
    /// How it ended, as the object that the error stream carries.
    pub end: Option<Value>,
}

/// A client's hold on a process in a container. Whoever has the client's connection polls it.
#[derive(Clone, Debug)]
pub struct Connection {
    request: Request,
    command: Vec<String>,
    tty: bool,
    stdin: bool,
    /// What the beginning has told already.
    first: Told,
}

impl Connection {
    /// Begins a process, or joins the container's own.
    pub(super) fn open(api: &mut dyn Api, request: Request) -> Result<Self, Status> {
        let query = Query(&request.query);
        let (stdin, tty) = (query.truth("stdin"), query.truth("tty"));
        if !stdin && !query.truth("stdout") && !query.truth("stderr") {
            return Err(Status::bad_request(
                "you must specify at least 1 of stdin, stdout, stderr",
            ));
        }
        let words = request.query.iter().filter(|(key, _)| key == "command");
        let command: Vec<String> = words.map(|(_, word)| word.clone()).collect();
        let mut begin = Request { verb: Verb::Create, ..request };
        begin.query.retain(|(key, _)| matches!(key.as_str(), "command" | "container"));
        let mut flag =
            |name: &str, text: &str| begin.query.push((name.to_owned(), text.to_owned()));
        if stdin {
            flag("stdin", "");
        }
        if tty {
            flag("tty", "true");
        }
        let mut next = Request { verb: Verb::Get, query: Vec::new(), ..begin.clone() };
        let Reply::Json(begun) = api.call(begin)? else {
            return Err(Status::internal("no session was begun"));
        };
        let session = begun["session"].as_str().unwrap_or_default().to_owned();
        next.query.push(("session".to_owned(), session));
        let mut connection = Self { request: next, command, tty, stdin, first: Told::default() };
        connection.first = connection.told(&begun);
        Ok(connection)
    }

    /// Whether the client may type.
    pub fn has_stdin(&self) -> bool {
        self.stdin
    }

    /// The request that does something to the session; it can be carried out later, or again.
    fn about(&self, what: &[(&str, &str)]) -> Request {
        let mut request = self.request.clone();
        let pairs = what.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        request.query.extend(pairs);
        request
    }

    /// What has been printed since the last time.
    pub fn poll(&mut self, api: &mut dyn Api) -> Told {
        let reply = api.call(self.about(&[]));
        self.after(reply)
    }

    /// Types text; on a terminal Ctrl-C and Ctrl-D are what they are.
    pub fn type_in(&mut self, api: &mut dyn Api, text: &str) -> Told {
        let mut told = Told::default();
        let mut rest = text;
        while self.tty
            && let Some(at) = rest.find(['\u{3}', '\u{4}'])
        {
            let key = if rest.as_bytes().get(at) == Some(&3) { "interrupt" } else { "eof" };
            let (before, after) = (rest.get(..at), rest.get(at + 1..));
            let typed = self.about(&[("stdin", before.unwrap_or_default())]);
            told.add(api.call(typed).map_or_else(|_| Told::default(), |r| self.after(Ok(r))));
            let pressed = self.about(&[(key, "true")]);
            told.add(api.call(pressed).map_or_else(|_| Told::default(), |r| self.after(Ok(r))));
            rest = after.unwrap_or_default();
        }
        let reply = api.call(self.about(&[("stdin", rest)]));
        told.add(self.after(reply));
        told
    }

    /// The client has nothing more to type.
    pub fn close_input(&mut self, api: &mut dyn Api) -> Told {
        let reply = api.call(self.about(&[("eof", "true")]));
        self.after(reply)
    }

    /// The client is gone.
    pub fn hang_up(&mut self, api: &mut dyn Api) {
        // There may be nothing left to end.
        let _ = api.call(self.about(&[("close", "true")]));
    }

    fn after(&mut self, reply: Result<Reply, Status>) -> Told {
        let mut told = std::mem::take(&mut self.first);
        match reply {
            Ok(Reply::Json(state)) => told.add(self.told(&state)),
            Ok(_) => {}
            // The pod is gone, and the process with it.
            Err(_) if told.end.is_none() => told.end = Some(self.ending(137)),
            Err(_) => {}
        }
        told
    }

    fn told(&self, state: &Value) -> Told {
        let text = |name: &str| state[name].as_str().unwrap_or_default().to_owned();
        let code = state["exitCode"].as_i64();
        Told {
            stdout: text("stdout"),
            stderr: text("stderr"),
            end: code.map(|code| self.ending(code)),
        }
    }

    /// Mirrors the end of `ServeExec`.
    fn ending(&self, code: i64) -> Value {
        if code == 0 || self.request.subresource == "attach" {
            return json!({"metadata": {}, "status": "Success"});
        }
        let command = self.command.join(" ");
        json!({
            "metadata": {},
            "status": "Failure",
            "message": format!(
                "command terminated with non-zero exit code: error executing command [{command}], \
                 exit code {code}"
            ),
            "reason": "NonZeroExitCode",
            "details": {"causes": [{"reason": "ExitCode", "message": code.to_string()}]},
        })
    }
}

impl Told {
    /// Tells more.
    pub fn add(&mut self, more: Self) {
        self.stdout.push_str(&more.stdout);
        self.stderr.push_str(&more.stderr);
        self.end = self.end.take().or(more.end);
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.stdout.is_empty() && self.stderr.is_empty() && self.end.is_none()
    }
}

/// A log that is followed: what was printed, and then what comes, until the container ends.
#[derive(Clone, Debug)]
pub struct Follow {
    request: Request,
    /// How much of the whole log has been told.
    told: usize,
    /// How many bytes are still wanted.
    left: usize,
    waiting: String,
    is_over: bool,
}

impl Follow {
    /// Reads what there is. What may not be read is refused now.
    pub(super) fn open(api: &mut dyn Api, request: Request) -> Result<Self, Status> {
        let limit = request.parameter("limitBytes").and_then(|text| text.parse().ok());
        let mut later = request.clone();
        later.query.retain(|(key, _)| matches!(key.as_str(), "container" | "timestamps"));
        let mut follow = Self {
            request: later,
            told: 0,
            left: usize::MAX,
            waiting: String::new(),
            is_over: false,
        };
        let ended = follow.has_ended(api);
        let previous = matches!(request.parameter("previous"), Some("true" | "1"));
        match api.call(request)? {
            Reply::Text(text) => follow.waiting = text,
            _ => follow.is_over = true,
        }
        if let Ok(Reply::Text(whole)) = api.call(follow.request.clone()) {
            follow.told = whole.len();
        }
        follow.left =
            limit.map_or(usize::MAX, |limit: usize| limit - follow.waiting.len().min(limit));
        follow.is_over |= ended || previous || follow.left == 0;
        Ok(follow)
    }

    /// Whether nothing more will come.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// What has been printed since the last time.
    pub fn poll(&mut self, api: &mut dyn Api) -> Vec<u8> {
        let mut text = std::mem::take(&mut self.waiting);
        if self.is_over {
            return text.into_bytes();
        }
        // Asked first: whatever is printed until then is told.
        let ended = self.has_ended(api);
        if let Ok(Reply::Text(whole)) = api.call(self.request.clone()) {
            let mut new = whole.get(self.told.min(whole.len())..).unwrap_or_default();
            if new.len() > self.left {
                new = new.get(..self.left).unwrap_or_default();
                self.is_over = true;
            }
            self.told = whole.len();
            self.left -= new.len();
            text.push_str(new);
        }
        self.is_over |= ended || self.left == 0;
        text.into_bytes()
    }

    /// Whether the container no longer runs.
    fn has_ended(&self, api: &mut dyn Api) -> bool {
        let request = &self.request;
        let key = Key::new(request.resource.clone(), &request.namespace, &request.name);
        let Ok(Reply::Object(pod)) = api.call(Request::get(&key)) else { return true };
        let status = pod.to_value()["status"].take();
        if matches!(status["phase"].as_str(), Some("Succeeded" | "Failed")) {
            return true;
        }
        let wanted = request.parameter("container").unwrap_or_default();
        let lists = ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"];
        let all = lists.iter().filter_map(|list| status[*list].as_array()).flatten();
        let mut all = all.filter(|one| wanted.is_empty() || one["name"] == wanted);
        all.next().is_some_and(|one| one["state"]["terminated"].is_object())
    }
}

/// Answers what a subresource does with a connection; `None` where it is another's.
pub(super) fn answer(
    api: &mut dyn Api,
    kind: &dyn Kind,
    (call, path, query): (&Call, &ResourcePath, &Query<'_>),
    request: &Request,
) -> Result<Option<Answer>, Status> {
    let names = kind.names();
    if names.group.is_empty() && path.subresource == "proxy" {
        return super::proxy::answer(api, call, path, query).map(Some);
    }
    if names.plural != "pods" || !names.group.is_empty() {
        return Ok(None);
    }
    if matches!(request.subresource, "exec" | "attach" | "portforward") {
        api.call(Request { verb: Verb::Create, dry_run: true, ..request.clone() })?;
        demand_upgrade(call)?;
    }
    let body = match request.subresource {
        "log" if request.verb == Verb::Get && query.truth("follow") => {
            Content::Follow(Box::new(Follow::open(api, request.clone())?))
        }
        "exec" | "attach" => Content::Connection(Box::new(Connection::open(api, request.clone())?)),
        "portforward" => Content::Forward,
        _ => return Ok(None),
    };
    let answer = encode::plain(200, "");
    Ok(Some(Answer { body, ..answer }))
}

/// Mirrors `UpgradeAwareHandler` with `UpgradeRequired`.
fn demand_upgrade(call: &Call) -> Result<(), Status> {
    let connection = call.header("connection").unwrap_or_default().to_ascii_lowercase();
    if connection.contains("upgrade") && call.header("upgrade").is_some() {
        return Ok(());
    }
    Err(Status::bad_request("Upgrade request required"))
}
