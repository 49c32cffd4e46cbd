//! A small operator: a `Greeting` has a ConfigMap with its words, which follows it and goes with it.
//! It is written as kube-rs' own examples are, and knows nothing of who serves.

#![expect(clippy::disallowed_types, reason = "kube-rs shares objects between threads")]

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Patch, PatchParams};
use kube::runtime::controller::{Action, Controller};
use kube::runtime::finalizer::{self, Event, finalizer};
use kube::runtime::watcher;
use kube::{Api, Client, CustomResource, Resource as _, ResourceExt as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What the operator calls itself.
pub const OPERATOR: &str = "greeter.example.com";
/// The ConfigMap in which it writes down whom it saw out.
pub const FAREWELLS: &str = "farewells";

/// What is to be said.
#[derive(CustomResource, Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[kube(
    group = "example.com",
    version = "v1",
    kind = "Greeting",
    namespaced,
    status = "GreetingStatus",
    shortname = "gr",
    printcolumn = r#"{"name":"Words","type":"string","jsonPath":".spec.words"}"#,
    validation = "self.spec.words != 'curse'"
)]
pub struct GreetingSpec {
    /// The words.
    #[schemars(length(max = 40))]
    pub words: String,
    /// How often.
    #[serde(default = "once")]
    pub times: u32,
}

const fn once() -> u32 {
    1
}

/// What was said.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GreetingStatus {
    /// The generation that the ConfigMap follows.
    pub observed_generation: Option<i64>,
}

/// Why a Greeting could not be seen to.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A request failed.
    #[error("{0}")]
    Request(#[from] kube::Error),
    /// The finalizer could not be seen to.
    #[error("{0}")]
    Finalizer(#[from] Box<finalizer::Error<kube::Error>>),
}

/// Sees to the Greetings of a namespace until it is dropped.
pub async fn run(client: Client, namespace: &str) {
    let greetings: Api<Greeting> = Api::namespaced(client.clone(), namespace);
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
    let retry =
        |_: Arc<Greeting>, _: &Failure, _: Arc<Client>| Action::requeue(Duration::from_secs(1));
    Controller::new(greetings, watcher::Config::default())
        .owns(maps, watcher::Config::default())
        .run(reconcile, retry, Arc::new(client))
        .for_each(|_| futures::future::ready(()))
        .await;
}

async fn reconcile(greeting: Arc<Greeting>, client: Arc<Client>) -> Result<Action, Failure> {
    let namespace = greeting.namespace().unwrap_or_default();
    let greetings: Api<Greeting> = Api::namespaced((*client).clone(), &namespace);
    let maps: Api<ConfigMap> = Api::namespaced((*client).clone(), &namespace);
    let done = finalizer(&greetings, OPERATOR, greeting, |event| async {
        match event {
            Event::Apply(greeting) => apply(&greeting, &greetings, &maps).await,
            Event::Cleanup(greeting) => say_farewell(&greeting, &maps).await,
        }
    });
    Ok(done.await.map_err(Box::new)?)
}

async fn apply(
    greeting: &Greeting,
    greetings: &Api<Greeting>,
    maps: &Api<ConfigMap>,
) -> Result<Action, kube::Error> {
    let name = greeting.name_any();
    let times = usize::try_from(greeting.spec.times).unwrap_or(usize::MAX).min(99);
    let words = vec![greeting.spec.words.as_str(); times].join(" ");
    let map = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": { "name": name, "ownerReferences": greeting.controller_owner_ref(&()).as_slice() },
        "data": { "words": words },
    });
    maps.patch(&name, &PatchParams::apply(OPERATOR).force(), &Patch::Apply(map)).await?;
    let status = json!({ "status": { "observedGeneration": greeting.metadata.generation } });
    greetings.patch_status(&name, &PatchParams::default(), &Patch::Merge(status)).await?;
    Ok(Action::await_change())
}

async fn say_farewell(greeting: &Greeting, maps: &Api<ConfigMap>) -> Result<Action, kube::Error> {
    let farewell = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": { "name": FAREWELLS },
        "data": { greeting.name_any(): greeting.spec.words },
    });
    maps.patch(FAREWELLS, &PatchParams::apply(OPERATOR), &Patch::Apply(farewell)).await?;
    Ok(Action::await_change())
}
