//! Service accounts' tokens: JSON web tokens that only this server reads. They are proven by the
//! uid of their account, so that they end with it. Mirrors `pkg/serviceaccount`.

use serde_json::{Value, json};

use super::User;
use crate::api::{Api, Request};
use crate::base::base64::{self, Alphabet};
use crate::base::sha256;
use crate::object::{GroupResource, Key, codec};

/// For whom tokens are where nobody is named.
pub(super) const AUDIENCE: &str = "https://kubernetes.default.svc.cluster.local";
const ACCOUNTS: GroupResource = GroupResource::new("", "serviceaccounts");

fn part(value: &Value) -> String {
    base64::encode(value.to_string().as_bytes(), Alphabet::Url)
}

fn proof(signed: &str, uid: &str) -> String {
    base64::encode(&sha256::digest(format!("{signed}.{uid}").as_bytes()), Alphabet::Url)
}

/// A token of an account.
pub(super) fn token(
    (namespace, name, uid): (&str, &str, &str),
    audiences: &[String],
    (issued, expires): (i64, i64),
) -> String {
    let header = json!({"alg": "RS256", "kid": "tabernetes"});
    let payload = json!({
        "aud": audiences,
        "exp": expires,
        "iat": issued,
        "iss": AUDIENCE,
        "kubernetes.io": {
            "namespace": namespace,
            "serviceaccount": {"name": name, "uid": uid},
        },
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
    let user = User { uid: account.uid().to_owned(), ..User::account(namespace, name) };
    Some((user, payload["aud"].clone()))
}
