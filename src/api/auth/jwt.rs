//! Service accounts' tokens: JSON web tokens that only this server reads. They are proven by the
//! uid of their account, so that they end with it. Mirrors `pkg/serviceaccount`.

use serde_json::{Map, Value, json};

use super::User;
use crate::api::{Api, Request};
use crate::base::base64::{self, Alphabet};
use crate::base::sha256;
use crate::object::{GroupResource, Key, Object, codec};

/// For whom tokens are where nobody is named.
pub(super) const AUDIENCE: &str = "https://kubernetes.default.svc.cluster.local";
const ACCOUNTS: GroupResource = GroupResource::new("", "serviceaccounts");

fn part(value: &Value) -> String {
    base64::encode(value.to_string().as_bytes(), Alphabet::Url)
}

/// As long as a signature by the RSA key that upstream makes.
fn proof(signed: &str, uid: &str) -> String {
    let block = |number: u8| sha256::digest(format!("{signed}.{uid}.{number}").as_bytes());
    let blocks: Vec<u8> = (0..8).flat_map(block).collect();
    base64::encode(&blocks, Alphabet::Url)
}

/// An identifier that follows from what it is of.
fn identifier(of: &str) -> String {
    let digest = sha256::digest(of.as_bytes());
    let digits: Vec<String> = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let part = |from: usize, to: usize| digits[from..to].concat();
    [part(0, 4), part(4, 6), part(6, 8), part(8, 10), part(10, 16)].join("-")
}

/// What a token is bound to, as its claims say it.
pub fn token_claim(name: &str, uid: &str) -> Value {
    json!({"name": name, "uid": uid})
}

/// A token of an account, bound to what `bound` names: `pod`, `node`, `secret`, each a [`token_claim`].
pub fn account_token(
    account: &Object,
    audiences: &[String],
    (issued, expires): (i64, i64),
    bound: Map<String, Value>,
) -> String {
    let (namespace, name, uid) = (account.namespace(), account.name(), account.uid());
    let usual = [AUDIENCE.to_owned()];
    let audiences = if audiences.is_empty() { &usual } else { audiences };
    let header = json!({"alg": "RS256", "kid": "tabernetes-service-account-signing-key-0001"});
    let mut own = bound;
    own.insert("namespace".to_owned(), json!(namespace));
    own.insert("serviceaccount".to_owned(), token_claim(name, uid));
    let payload = json!({
        "aud": audiences,
        "exp": expires,
        "iat": issued,
        "iss": AUDIENCE,
        "jti": identifier(&format!("{uid} {issued} {expires} {}", json!(own))),
        "kubernetes.io": own,
        "nbf": issued,
        "sub": format!("system:serviceaccount:{namespace}:{name}"),
    });
    let signed = format!("{}.{}", part(&header), part(&payload));
    let proof = proof(&signed, uid);
    format!("{signed}.{proof}")
}

/// Whose token it is, and for whom; `None` where it is nobody's.
pub(super) fn user(api: &mut dyn Api, token: &str) -> Option<(User, Value)> {
    let (signed, given) = token.rsplit_once('.')?;
    let (_, payload) = signed.split_once('.')?;
    let payload = base64::decode(payload, Alphabet::Url).ok()?;
    let payload = codec::parse(std::str::from_utf8(&payload).ok()?).ok()?;
    let own = &payload["kubernetes.io"];
    let (namespace, name) = (own["namespace"].as_str()?, own["serviceaccount"]["name"].as_str()?);
    let key = Key::new(ACCOUNTS, namespace, name);
    let account = api.call(Request::get(&key)).ok()?.object()?;
    if proof(signed, account.uid()) != given {
        return None;
    }
    let mut user = User { uid: account.uid().to_owned(), ..User::account(namespace, name) };
    let mut note = |name: &str, value: &str| {
        user.extra.insert(format!("authentication.kubernetes.io/{name}"), vec![value.to_owned()]);
    };
    note("credential-id", &format!("JTI={}", payload["jti"].as_str().unwrap_or_default()));
    for (what, resource) in [("pod", "pods"), ("node", "nodes")] {
        let (Some(name), Some(uid)) = (own[what]["name"].as_str(), own[what]["uid"].as_str())
        else {
            continue;
        };
        let place = if what == "pod" { namespace } else { "" };
        let key = Key::new(GroupResource::new("", resource), place, name);
        // A token ends with the pod that it is bound to.
        let found = api.call(Request::get(&key)).ok().and_then(|reply| reply.object());
        if what == "pod" && found.is_none_or(|object| object.uid() != uid) {
            return None;
        }
        note(&format!("{what}-name"), name);
        note(&format!("{what}-uid"), uid);
    }
    Some((user, payload["aud"].clone()))
}
