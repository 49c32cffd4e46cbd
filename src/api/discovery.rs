//! What the server serves. Mirrors `k8s.io/apiserver/pkg/endpoints/discovery`.

use serde_json::{Map, Value, json};

use super::{Api, Extension};
use crate::base::base64::{self, Alphabet};
use crate::base::order::Order as _;
use crate::base::sha256;
use crate::kinds::names::version_rank;
use crate::kinds::{KINDS, Names};

const VERBS: [&str; 8] =
    ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
/// Namespaces are never deleted as a collection.
const NAMESPACE_VERBS: [&str; 7] = ["create", "delete", "get", "list", "patch", "update", "watch"];
/// What can be done with custom resources, in the order in which upstream names it.
const CUSTOM_VERBS: [&str; 8] =
    ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
/// The same while their definition is going.
const GOING_VERBS: [&str; 5] = ["delete", "deletecollection", "get", "list", "watch"];
const METRICS_VERBS: [&str; 2] = ["get", "list"];
/// The group that is answered only while its APIService says so.
/// What the parts of the control plane are like: nobody writes it.
const COMPONENTS: &str = "componentstatuses";
const METRICS: &str = "metrics.k8s.io";
const CREATE: &[&str] = &["create"];
const REPLACE: &[&str] = &["get", "patch", "update"];
const CONNECT: &[&str] = &["create", "get"];
const PROXY: &[&str] = &["create", "delete", "get", "patch", "update"];

/// The built-in groups in the order in which clients are to look into them, with their priorities.
/// Mirrors `apiVersionPriorities` of `cmd/kube-apiserver` and `pkg/controlplane/apiserver`; the
/// aggregator's own group comes before all. Others follow, `metrics.k8s.io` last.
const GROUPS: [(&str, i32); 20] = [
    ("apiregistration.k8s.io", 20_000),
    ("apps", 17_800),
    ("events.k8s.io", 17_750),
    ("authentication.k8s.io", 17_700),
    ("authorization.k8s.io", 17_600),
    ("autoscaling", 17_500),
    ("batch", 17_400),
    ("certificates.k8s.io", 17_300),
    ("networking.k8s.io", 17_200),
    ("policy", 17_100),
    ("rbac.authorization.k8s.io", 17_000),
    ("storage.k8s.io", 16_800),
    ("admissionregistration.k8s.io", 16_700),
    ("apiextensions.k8s.io", 16_700),
    ("scheduling.k8s.io", 16_600),
    ("coordination.k8s.io", 16_500),
    ("node.k8s.io", 16_300),
    ("discovery.k8s.io", 16_200),
    ("resource.k8s.io", 16_200),
    ("flowcontrol.apiserver.k8s.io", 16_100),
];

/// `/version`: the release of Kubernetes that this is like, and how it says where it was built.
pub fn version() -> Value {
    json!({
        "major": "1",
        "minor": "36",
        "emulationMajor": "1",
        "emulationMinor": "36",
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "35",
        "gitVersion": "v1.36.2",
        "gitCommit": "98b35193b2ac7a23a673325f5e9b830ecd5ba406",
        "gitTreeState": "clean",
        "buildDate": "2026-06-10T08:00:00Z",
        "goVersion": "go1.26.6",
        "compiler": "gc",
        "platform": "linux/amd64",
    })
}

/// The priorities of a group and of a version within it, those of definitions where the group is
/// not built in.
pub fn priorities(group: &str, version: &str) -> (i32, i32) {
    let known = GROUPS.iter().find(|(known, _)| *known == group);
    match (group, version, known) {
        ("", ..) => (18_000, 1),
        ("autoscaling", "v2", Some((_, priority))) => (*priority, 30),
        ("resource.k8s.io" | "flowcontrol.apiserver.k8s.io", _, Some((_, priority))) => {
            (*priority, 21)
        }
        (_, _, Some((_, priority))) => (*priority, 15),
        (_, _, None) => (1000, 100),
    }
}

fn verbs(group: &str, plural: &str) -> &'static [&'static str] {
    match (group, plural) {
        ("", "namespaces") => &NAMESPACE_VERBS,
        (METRICS, _) | ("", COMPONENTS) => &METRICS_VERBS,
        _ => &VERBS,
    }
}

/// Whether objects of a kind are only read.
pub(super) fn is_only_read(names: &Names) -> bool {
    names.plural == COMPONENTS && names.group.is_empty()
}

/// `apps/v1`, or `v1` for the core group.
pub fn group_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

/// One resource in one of its versions, with its subresources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The API group; empty for the core group.
    pub group: String,
    /// The version.
    pub version: String,
    /// `deployments`.
    pub plural: String,
    /// `deployment`.
    pub singular: String,
    /// `Deployment`.
    pub kind: String,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// `deploy`.
    pub short: Vec<String>,
    /// `all` and the like.
    pub categories: Vec<String>,
    /// What can be done with it, by name.
    pub verbs: Vec<String>,
    /// `status`, `scale` …
    pub subresources: Vec<Subresource>,
    /// The version that is stored; empty where nothing is.
    pub stored: String,
}

impl Entry {
    /// `apps/v1`.
    pub fn api_version(&self) -> String {
        group_version(&self.group, &self.version)
    }
}

/// A subresource, the kind it answers with and what can be done with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subresource {
    /// `status`, `scale` …
    pub name: String,
    /// The kind's group and version, where they are not those of the resource.
    pub group_version: Option<(&'static str, &'static str)>,
    /// The kind.
    pub kind: String,
    /// The verbs, by name.
    pub verbs: &'static [&'static str],
}

impl Subresource {
    /// The subresource `name` of a resource of kind `kind`.
    pub fn of(kind: &str, name: &str) -> Self {
        let (own, group_version, verbs) = match name {
            "scale" => (Some("Scale"), Some(("autoscaling", "v1")), REPLACE),
            "binding" => (Some("Binding"), None, CREATE),
            "eviction" => (Some("Eviction"), Some(("policy", "v1")), CREATE),
            "token" => (Some("TokenRequest"), Some(("authentication.k8s.io", "v1")), CREATE),
            "exec" => (Some("PodExecOptions"), None, CONNECT),
            "attach" => (Some("PodAttachOptions"), None, CONNECT),
            "portforward" => (Some("PodPortForwardOptions"), None, CONNECT),
            "proxy" => (None, None, PROXY),
            "log" => (None, None, &["get"][..]),
            "finalize" => (None, None, &["update"][..]),
            _ => (None, None, REPLACE),
        };
        let kind = match (own, name) {
            (Some(own), _) => own.to_owned(),
            (None, "proxy") => format!("{kind}ProxyOptions"),
            (None, _) => kind.to_owned(),
        };
        Self { name: name.to_owned(), group_version, kind, verbs }
    }
}

/// Resources that can be created but are never stored: group, kind, plural, singular, whether namespaced.
const VIRTUAL: &[(&str, &str, &str, &str, bool)] = &[
    ("", "Binding", "bindings", "binding", true),
    (
        "authentication.k8s.io",
        "SelfSubjectReview",
        "selfsubjectreviews",
        "selfsubjectreview",
        false,
    ),
    ("authentication.k8s.io", "TokenReview", "tokenreviews", "tokenreview", false),
    (
        "authorization.k8s.io",
        "LocalSubjectAccessReview",
        "localsubjectaccessreviews",
        "localsubjectaccessreview",
        true,
    ),
    (
        "authorization.k8s.io",
        "SelfSubjectAccessReview",
        "selfsubjectaccessreviews",
        "selfsubjectaccessreview",
        false,
    ),
    (
        "authorization.k8s.io",
        "SelfSubjectRulesReview",
        "selfsubjectrulesreviews",
        "selfsubjectrulesreview",
        false,
    ),
    (
        "authorization.k8s.io",
        "SubjectAccessReview",
        "subjectaccessreviews",
        "subjectaccessreview",
        false,
    ),
];

/// Every built-in resource in every version, by group, version and name.
pub fn entries() -> Vec<Entry> {
    let mut entries: Vec<Entry> = KINDS.iter().flat_map(|kind| built_in(kind.names())).collect();
    entries.extend(VIRTUAL.iter().map(|(group, kind, plural, singular, namespaced)| Entry {
        group: (*group).to_owned(),
        version: "v1".to_owned(),
        plural: (*plural).to_owned(),
        singular: (*singular).to_owned(),
        kind: (*kind).to_owned(),
        namespaced: *namespaced,
        short: Vec::new(),
        categories: Vec::new(),
        verbs: owned(CREATE),
        subresources: Vec::new(),
        stored: String::new(),
    }));
    entries.order_by(|a, b| a.plural.cmp(&b.plural));
    entries
}

/// Every resource that is served in every version, those that definitions define too.
pub fn served(api: &mut dyn Api) -> Vec<Entry> {
    let mut entries = entries();
    let extensions = api.extensions();
    entries.retain(|entry| {
        entry.group != METRICS
            || extensions.iter().any(|extension| extension.group == METRICS && extension.available)
    });
    let customs = api.custom_kinds();
    for custom in customs.iter().filter(|custom| custom.established) {
        let verbs: &[&str] = if custom.terminating { &GOING_VERBS } else { &CUSTOM_VERBS };
        entries.extend(built_in(custom.kind.names()).map(|entry| Entry {
            verbs: owned(verbs),
            stored: custom.kind.stored_version().to_owned(),
            ..entry
        }));
    }
    entries.order_by(|a, b| a.plural.cmp(&b.plural));
    entries
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn built_in(names: &Names) -> impl Iterator<Item = Entry> {
    let stored = match names.group {
        METRICS => "",
        "" if names.plural == COMPONENTS => "",
        _ => names.versions.first().copied().unwrap_or_default(),
    };
    names.versions.iter().map(move |version| Entry {
        group: names.group.to_owned(),
        version: (*version).to_owned(),
        plural: names.plural.to_owned(),
        singular: names.singular.to_owned(),
        kind: names.kind.to_owned(),
        namespaced: names.namespaced,
        short: owned(names.short),
        categories: owned(names.categories),
        verbs: owned(verbs(names.group, names.plural)),
        subresources: names.subresources.iter().map(|n| Subresource::of(names.kind, n)).collect(),
        stored: stored.to_owned(),
    })
}

/// Every resource in the version that its group prefers. Mirrors `ServerPreferredResources`.
pub fn preferred(api: &mut dyn Api) -> Vec<Entry> {
    let mut entries = served(api);
    let groups = groups(&entries);
    entries.retain(|entry| {
        let group = groups.iter().find(|(group, _)| *group == entry.group);
        group.is_none_or(|(_, versions)| versions.first() == Some(&entry.version))
    });
    entries
}

/// The groups that are served and those that Services answer, with their versions, preferred first.
pub fn served_groups(api: &mut dyn Api) -> Vec<(String, Vec<String>)> {
    let mut groups = groups(&served(api));
    for Extension { group, version, .. } in api.extensions() {
        match groups.iter_mut().find(|(known, _)| *known == group) {
            Some((_, versions)) if versions.contains(&version) => {}
            Some((_, versions)) => versions.push(version),
            None => groups.push((group, vec![version])),
        }
    }
    groups
}

/// The groups of some entries with their versions, preferred first; the core group is left out.
pub fn groups(entries: &[Entry]) -> Vec<(String, Vec<String>)> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for entry in entries.iter().filter(|entry| !entry.group.is_empty()) {
        let versions = match groups.iter_mut().find(|(group, _)| *group == entry.group) {
            Some((_, versions)) => versions,
            None => {
                groups.push((entry.group.clone(), vec![entry.version.clone()]));
                continue;
            }
        };
        if !versions.contains(&entry.version) {
            versions.push(entry.version.clone());
        }
    }
    for (_, versions) in &mut groups {
        versions.order_by(|a, b| version_rank(b).cmp(&version_rank(a)).then_with(|| a.cmp(b)));
    }
    groups.order_by_key(|(group, _)| {
        let known = GROUPS.iter().position(|(known, _)| known == group);
        let last = group == METRICS;
        (known.unwrap_or(GROUPS.len() + usize::from(last)), group.clone())
    });
    groups
}

/// `/apis/GROUP`: Mirrors `metav1.APIGroup`.
pub fn group_document(group: &str, versions: &[String]) -> Value {
    let version = |version: &String| json!({"groupVersion": group_version(group, version), "version": version});
    let preferred = versions.first().map(version);
    let versions: Vec<Value> = versions.iter().map(version).collect();
    json!({"name": group, "versions": versions, "preferredVersion": preferred})
}

/// `/apis`: Mirrors `metav1.APIGroupList`.
pub fn groups_document(groups: &[(String, Vec<String>)]) -> Value {
    let groups: Vec<Value> =
        groups.iter().map(|(group, versions)| group_document(group, versions)).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// `/apis/GROUP/VERSION`: Mirrors `metav1.APIResourceList`. `None` where nothing is served.
pub fn resources_document(entries: &[Entry], group: &str, version: &str) -> Option<Value> {
    let mine: Vec<&Entry> =
        entries.iter().filter(|entry| entry.group == group && entry.version == version).collect();
    if mine.is_empty() {
        return None;
    }
    let resources: Vec<Value> = mine.iter().flat_map(|entry| resource_rows(entry)).collect();
    let mut document = json!({
        "kind": "APIResourceList",
        "groupVersion": group_version(group, version),
        "resources": resources,
    });
    if !group.is_empty() {
        document["apiVersion"] = json!("v1");
    }
    Some(document)
}

fn resource_rows(entry: &Entry) -> Vec<Value> {
    let mut row = json!({
        "name": entry.plural,
        "singularName": entry.singular,
        "namespaced": entry.namespaced,
        "kind": entry.kind,
        "verbs": entry.verbs,
    });
    put_lists(&mut row, entry, "shortNames");
    if !entry.stored.is_empty() {
        row["storageVersionHash"] = json!(storage_version_hash(entry));
    }
    let mut rows = vec![row];
    rows.extend(entry.subresources.iter().map(|sub| {
        let mut row = json!({
            "name": format!("{}/{}", entry.plural, sub.name),
            "singularName": "",
            "namespaced": entry.namespaced,
            "kind": sub.kind,
            "verbs": sub.verbs,
        });
        if let Some((group, version)) = sub.group_version {
            row["group"] = json!(group);
            row["version"] = json!(version);
        }
        row
    }));
    rows
}

fn put_lists(row: &mut Value, entry: &Entry, short: &str) {
    if !entry.short.is_empty() {
        row[short] = json!(entry.short);
    }
    if !entry.categories.is_empty() {
        row["categories"] = json!(entry.categories);
    }
}

/// Mirrors `discovery.StorageVersionHash`.
fn storage_version_hash(entry: &Entry) -> String {
    let digest =
        sha256::digest(format!("{}/{}/{}", entry.group, entry.stored, entry.kind).as_bytes());
    base64::encode(&digest[..8], Alphabet::Standard)
}

/// `/api` or `/apis` in one document. Mirrors `apidiscovery.APIGroupDiscoveryList`.
pub fn aggregated_document(entries: &[Entry], is_core: bool) -> Value {
    let groups =
        if is_core { vec![(String::new(), vec!["v1".to_owned()])] } else { groups(entries) };
    let items: Vec<Value> = groups
        .iter()
        .map(|(group, versions)| {
            let mut metadata = Map::new();
            if !group.is_empty() {
                metadata.insert("name".to_owned(), json!(group));
            }
            let versions: Vec<Value> =
                versions.iter().map(|version| version_discovery(entries, group, version)).collect();
            json!({"metadata": metadata, "versions": versions})
        })
        .collect();
    json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    })
}

fn version_discovery(entries: &[Entry], group: &str, version: &str) -> Value {
    let mine = entries.iter().filter(|entry| entry.group == group && entry.version == version);
    let resources: Vec<Value> = mine.map(resource_discovery).collect();
    json!({"version": version, "resources": resources, "freshness": "Current"})
}

fn resource_discovery(entry: &Entry) -> Value {
    let response = |kind: &str, group: &str, version: &str| json!({"group": group, "version": version, "kind": kind});
    let mut row = json!({
        "resource": entry.plural,
        "responseKind": response(&entry.kind, "", ""),
        "scope": if entry.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": entry.singular,
        "verbs": entry.verbs,
    });
    put_lists(&mut row, entry, "shortNames");
    let subresources: Vec<Value> = entry
        .subresources
        .iter()
        .map(|sub| {
            let (group, version) = sub.group_version.unwrap_or_default();
            json!({
                "subresource": sub.name,
                "responseKind": response(&sub.kind, group, version),
                "verbs": sub.verbs,
            })
        })
        .collect();
    if !subresources.is_empty() {
        row["subresources"] = json!(subresources);
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_say_what_a_real_server_says() {
        let rows = entries();
        let row = |kind: &str| {
            let row = rows.iter().find(|row| row.kind == kind).expect("a kind");
            format!("{} {} {}", row.plural, row.api_version(), row.verbs.join(","))
        };
        let all = "create,delete,deletecollection,get,list,patch,update,watch";
        assert_eq!(row("Pod"), format!("pods v1 {all}"));
        assert_eq!(row("Deployment"), format!("deployments apps/v1 {all}"));
        assert_eq!(row("Namespace"), "namespaces v1 create,delete,get,list,patch,update,watch");
        assert_eq!(row("NodeMetrics"), "nodes metrics.k8s.io/v1beta1 get,list");
    }

    #[test]
    fn versions_are_ranked_as_clients_rank_them() {
        let mut versions = ["foo10", "v1beta1", "v2", "v11alpha2", "v1", "v10", "v2beta3", "foo1"];
        versions.order_by(|a, b| version_rank(b).cmp(&version_rank(a)).then_with(|| a.cmp(b)));
        let expected = ["v10", "v2", "v1", "v2beta3", "v1beta1", "v11alpha2", "foo1", "foo10"];
        assert_eq!(versions, expected);
    }

    #[test]
    fn the_hash_of_what_is_stored_is_upstreams() {
        let document = resources_document(&entries(), "apps", "v1").expect("apps/v1");
        assert_eq!(document["resources"][0]["storageVersionHash"], "85nkx63pcBU=");
    }
}
