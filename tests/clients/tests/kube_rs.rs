//! kube-rs against the cluster that `KUBECONFIG` names. Whoever runs these tests starts it:
//! `cargo xtask test` does.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use clients::{FAREWELLS, Greeting, GreetingSpec, OPERATOR};
use futures::TryStreamExt as _;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DeleteParams, ListParams, LogParams, Patch, PatchParams, PostParams};
use kube::runtime::reflector;
use kube::runtime::wait::{Condition, await_condition, conditions};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Client, CustomResourceExt as _, Error, ResourceExt as _};
use serde_json::{Value, json};

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// More than any of this takes.
const PATIENCE: Duration = Duration::from_secs(60);

fn object<K: serde::de::DeserializeOwned>(value: Value) -> K {
    serde_json::from_value(value).expect("it is written as its kind")
}

/// A namespace of one's own.
async fn namespace(client: &Client, name: &str) -> Outcome {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    namespaces.create(&PostParams::default(), &object(json!({"metadata": {"name": name}}))).await?;
    Ok(())
}

async fn until<K>(api: &Api<K>, name: &str, condition: impl Condition<K>) -> Outcome
where
    K: kube::Resource + Clone + std::fmt::Debug + Send + serde::de::DeserializeOwned + 'static,
{
    tokio::time::timeout(PATIENCE, await_condition(api.clone(), name, condition)).await??;
    Ok(())
}

/// The code and reason of a refusal.
fn refusal<T: std::fmt::Debug>(outcome: Result<T, Error>) -> (u16, String) {
    match outcome {
        Err(Error::Api(status)) => (status.code, status.reason),
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_is_created_scaled_and_deleted() -> Outcome {
    let client = Client::try_default().await?;
    namespace(&client, "kube-api").await?;
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), "kube-api");
    let pods: Api<Pod> = Api::namespaced(client, "kube-api");
    let web: Deployment = object(json!({
        "metadata": { "name": "web" },
        "spec": {
            "replicas": 2,
            "selector": { "matchLabels": { "app": "web" } },
            "template": {
                "metadata": { "labels": { "app": "web" } },
                "spec": { "containers": [{ "name": "web", "image": "nginx" }] },
            },
        },
    }));
    let created = deployments.create(&PostParams::default(), &web).await?;
    let twice = deployments.create(&PostParams::default(), &web).await;
    assert_eq!(refusal(twice), (409, "AlreadyExists".to_owned()));
    until(&deployments, "web", conditions::is_deployment_completed()).await?;

    let scale = Patch::Merge(json!({ "spec": { "replicas": 3 } }));
    deployments.patch_scale("web", &PatchParams::default(), &scale).await?;
    until(&deployments, "web", conditions::is_deployment_completed()).await?;
    let labelled = ListParams::default().labels("app=web");
    let found = pods.list(&labelled.clone().limit(2)).await?;
    // How many more match a selector is not said.
    assert_eq!((found.items.len(), found.metadata.remaining_item_count), (2, None));
    let rest = labelled.continue_token(&found.metadata.continue_.unwrap_or_default());
    let rest = pods.list(&rest).await?.items;
    let last = rest.first().ok_or("there is a third Pod")?.name_any();
    // The rollout's condition is still that of the first one for a moment.
    until(&pods, &last, conditions::is_pod_running()).await?;
    assert!(pods.logs(&last, &LogParams::default()).await?.contains("nginx"));

    let stale = Deployment { spec: web.spec, ..created.clone() };
    let outcome = deployments.replace("web", &PostParams::default(), &stale).await;
    assert_eq!(refusal(outcome), (409, "Conflict".to_owned()));
    deployments.delete("web", &DeleteParams::foreground()).await?;
    until(&deployments, "web", conditions::is_deleted(&created.uid().unwrap_or_default())).await?;
    assert_eq!(refusal(deployments.get("web").await), (404, "NotFound".to_owned()));
    assert_eq!(pods.list(&ListParams::default()).await?.items.len(), 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn server_side_apply_tells_whose_field_it_is() -> Outcome {
    let client = Client::try_default().await?;
    namespace(&client, "kube-apply").await?;
    let maps: Api<ConfigMap> = Api::namespaced(client, "kube-apply");
    let words = |word: &str| {
        Patch::Apply(json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": { "name": "a" },
            "data": { "word": word },
        }))
    };
    maps.patch("a", &PatchParams::apply("one"), &words("yes")).await?;
    let other = maps.patch("a", &PatchParams::apply("two"), &words("no")).await;
    assert_eq!(refusal(other), (409, "Conflict".to_owned()));
    let forced = maps.patch("a", &PatchParams::apply("two").force(), &words("no")).await?;
    let managers = forced.managed_fields().iter().filter_map(|entry| entry.manager.clone());
    assert_eq!(managers.collect::<Vec<_>>(), ["two"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reflector_holds_what_there_is() -> Outcome {
    let client = Client::try_default().await?;
    namespace(&client, "kube-watch").await?;
    let maps: Api<ConfigMap> = Api::namespaced(client, "kube-watch");
    let make = |name: &str, label: &str| {
        let labels = json!({ "keep": label });
        object::<ConfigMap>(json!({ "metadata": { "name": name, "labels": labels } }))
    };
    maps.create(&PostParams::default(), &make("one", "yes")).await?;
    maps.create(&PostParams::default(), &make("two", "no")).await?;
    let (reader, writer) = reflector::store::<ConfigMap>();
    let config = watcher::Config::default().labels("keep=yes").streaming_lists();
    let mut stream = pin!(watcher(maps.clone(), config).default_backoff().reflect(writer));
    let mut until_held = async |wanted: &str| -> Outcome {
        let names = || reader.state().iter().map(|map| map.name_any()).collect::<Vec<_>>();
        while names() != [wanted] {
            tokio::time::timeout(PATIENCE, stream.try_next()).await??;
        }
        Ok(())
    };
    until_held("one").await?;
    // What begins to match is new to a watch with a selector; what no longer matches is gone.
    let label = |value: &str| Patch::Merge(json!({ "metadata": { "labels": { "keep": value } } }));
    maps.patch("two", &PatchParams::default(), &label("yes")).await?;
    maps.patch("one", &PatchParams::default(), &label("no")).await?;
    until_held("two").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_has_one_holder() -> Outcome {
    let client = Client::try_default().await?;
    namespace(&client, "kube-lease").await?;
    let leases: Api<Lease> = Api::namespaced(client, "kube-lease");
    let lease: Lease = object(json!({
        "metadata": { "name": "leader" },
        "spec": { "holderIdentity": "one", "leaseDurationSeconds": 15, "leaseTransitions": 0 },
    }));
    let held = leases.create(&PostParams::default(), &lease).await?;
    let taken_by = |name: &str| {
        let mut lease = held.clone();
        if let Some(spec) = lease.spec.as_mut() {
            spec.holder_identity = Some(name.to_owned());
            spec.lease_transitions = Some(1);
        }
        lease
    };
    // Two see that it has run out; the first to write has it.
    leases.replace("leader", &PostParams::default(), &taken_by("two")).await?;
    let late = leases.replace("leader", &PostParams::default(), &taken_by("three")).await;
    assert_eq!(refusal(late), (409, "Conflict".to_owned()));
    let holder = leases.get("leader").await?.spec.and_then(|spec| spec.holder_identity);
    assert_eq!(holder.as_deref(), Some("two"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sees_to_its_objects() -> Outcome {
    let client = Client::try_default().await?;
    namespace(&client, "kube-operator").await?;
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    let name = Greeting::crd_name();
    let apply = PatchParams::apply(OPERATOR);
    definitions.patch(name, &apply, &Patch::Apply(Greeting::crd())).await?;
    until(&definitions, name, conditions::is_crd_established()).await?;

    let greetings: Api<Greeting> = Api::namespaced(client.clone(), "kube-operator");
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), "kube-operator");
    let operator = tokio::spawn(async move { clients::run(client, "kube-operator").await });
    let greeting =
        |words: &str| Greeting::new("hello", GreetingSpec { words: words.to_owned(), times: 2 });
    let create = |words: &str| {
        let greeting = greeting(words);
        let greetings = greetings.clone();
        async move { greetings.create(&PostParams::default(), &greeting).await }
    };
    assert_eq!(refusal(create("curse").await), (422, "Invalid".to_owned()));
    assert_eq!(refusal(create(&"long".repeat(11)).await), (422, "Invalid".to_owned()));
    let created = create("hi").await?;
    let says = |words: &'static str| {
        move |map: Option<&ConfigMap>| {
            let data = map.and_then(|map| map.data.as_ref());
            data.and_then(|data| data.get("words")).is_some_and(|found| found == words)
        }
    };
    until(&maps, "hello", says("hi hi")).await?;

    // The map follows its Greeting, and comes back.
    let change = Patch::Merge(json!({ "spec": { "words": "ho" } }));
    greetings.patch("hello", &PatchParams::default(), &change).await?;
    until(&maps, "hello", says("ho ho")).await?;
    maps.delete("hello", &DeleteParams::default()).await?;
    until(&maps, "hello", says("ho ho")).await?;
    let observed = |greeting: Option<&Greeting>| {
        let status = greeting.and_then(|greeting| greeting.status.clone()).unwrap_or_default();
        status.observed_generation == Some(2)
    };
    until(&greetings, "hello", observed).await?;

    // It goes once the operator has let it go, and its map after it.
    let map = maps.get("hello").await?.uid().unwrap_or_default();
    greetings.delete("hello", &DeleteParams::default()).await?;
    until(&greetings, "hello", conditions::is_deleted(&created.uid().unwrap_or_default())).await?;
    until(&maps, "hello", conditions::is_deleted(&map)).await?;
    let farewells = maps.get(FAREWELLS).await?.data.unwrap_or_default();
    assert_eq!(farewells, BTreeMap::from([("hello".to_owned(), "ho".to_owned())]));
    operator.abort();
    Ok(())
}
