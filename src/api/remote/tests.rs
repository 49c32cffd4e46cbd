//! The other end is a server of this crate: what one side writes the other must read.

use serde_json::json;

use super::*;
use crate::api::http::{self, Content};
use crate::api::{Body, PatchType, Server};
use crate::object::{Key, Object};
use crate::sim::{Rng, Time};
use crate::store::ChangeKind;

/// Hands requests to a server in the same program.
struct Wire(Server);

impl Transport for Wire {
    fn send(&mut self, call: &Call) -> Result<Received, String> {
        let now = Time::from_seconds(1_800_000_000);
        let answer = http::answer(&mut self.0, now, call);
        let headers = answer.headers.into_iter().map(|(name, value)| (name.to_owned(), value));
        let body = match answer.body {
            Content::Bytes(bytes) => bytes,
            Content::Watch(mut watch) => watch.poll(&mut self.0, now),
            _ => Vec::new(),
        };
        Ok(Received { code: answer.code, headers: headers.collect(), body })
    }

    fn open(&mut self, _: &Call) -> Result<Box<dyn Duplex>, Received> {
        Err(Received { code: 400, headers: Vec::new(), body: b"no processes here".to_vec() })
    }
}

const MAPS: GroupResource = GroupResource::new("", "configmaps");

fn remote() -> Remote<Wire> {
    Remote::new(Wire(Server::new(Rng::from_seed(1))))
}

fn created(remote: &mut Remote<Wire>, name: &str) -> Object {
    let mut request = Request::new(Verb::Create, MAPS);
    "default".clone_into(&mut request.namespace);
    request.body = Body::Json(json!({"metadata": {"name": name}, "data": {"a": "1"}}));
    remote.call(request).unwrap().object().unwrap()
}

#[test]
fn what_is_written_can_be_read() {
    let mut remote = remote();
    let object = created(&mut remote, "one");
    let key = Key::new(MAPS, "default", "one");
    let patch = json!({"data": {"b": "2"}});
    let patched = remote.call(Request::patch(&key, PatchType::Merge, patch)).unwrap();
    assert_eq!(patched.object().unwrap().to_value()["data"], json!({"a": "1", "b": "2"}));
    let Reply::List(list) = remote.call(Request::list(MAPS, "default")).unwrap() else { panic!() };
    assert!(list.items.iter().any(|item| item.name() == "one"));
    let mut watch = Request::new(Verb::Watch, MAPS);
    watch.resource_version = object.meta().resource_version.as_ref().and_then(|v| v.parse().ok());
    let Reply::Changes(changes, revision) = remote.call(watch).unwrap() else { panic!() };
    let kinds: Vec<ChangeKind> = changes.iter().map(|change| change.kind).collect();
    assert_eq!(kinds, [ChangeKind::Modified]);
    assert!(revision >= list.revision);
    remote.call(Request::delete(&key)).unwrap();
    let gone = remote.call(Request::get(&key)).unwrap_err();
    assert!(gone.is_not_found());
    assert_eq!(gone.message, "configmaps \"one\" not found");
}

#[test]
fn a_list_in_parts_is_one_list() {
    let mut remote = remote();
    for name in ["a", "b", "c", "d", "e"] {
        created(&mut remote, name);
    }
    let mut request = Request::list(MAPS, "default");
    request.page.limit = 2;
    let names: Vec<String> =
        remote.call(request).unwrap().items().iter().map(|item| item.name().to_owned()).collect();
    assert!(["a", "b", "c", "d", "e"].iter().all(|name| names.contains(&(*name).to_owned())));
}

#[test]
fn refusals_keep_their_causes() {
    let mut remote = remote();
    let mut request = Request::new(Verb::Create, MAPS);
    "default".clone_into(&mut request.namespace);
    request.body = Body::Json(json!({"metadata": {"name": "Not a name"}}));
    let refused = remote.call(request.clone()).unwrap_err();
    let here = remote.transport.borrow_mut().0.call(request).unwrap_err();
    assert_eq!(refused.code, 422);
    assert_eq!(refused.causes, here.causes);
}

#[test]
fn what_is_no_process_is_refused() {
    let key = Key::new(GroupResource::new("", "pods"), "default", "one");
    let mut request = Request::get(&key).to("exec");
    request.verb = Verb::Create;
    let refused = remote().call(request).unwrap_err();
    assert_eq!((refused.code, refused.message.as_str()), (400, "no processes here"));
}
