//! A pod's sandbox: its address, its host name, and the files that tell of them.
//! Mirrors `pkg/kubelet/network/dns` and `managedHostsFileContent` of `pkg/kubelet/kubelet_pods.go`.

use std::rc::Rc;

use k8s_openapi::api::core::v1::{Pod, PodSpec};

use super::node::NodeState;
use crate::machine::Resolver;
use crate::object::{Object, Str};

/// Where the cluster's name server is.
const NAME_SERVER: &str = "10.96.0.10";
/// The name server of the world outside.
const OUTER_NAME_SERVER: &str = "192.168.1.1";
const DOMAIN: &str = "cluster.local";
/// What a host name may have of a long pod name.
const HOST_NAME_MAX: usize = 63;
const HOSTS: &str = "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost \
                     ip6-loopback\nfe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\n\
                     fe00::2\tip6-allrouters\n";

/// What `/etc/hosts` begins with where it is the node's.
const HOST_NETWORK: &str = "# Kubernetes-managed hosts file (host network).\n";

/// `/etc/hosts` of a node.
pub fn hosts_of_node(name: &str) -> String {
    format!("127.0.0.1\tlocalhost\n127.0.1.1\t{name}\n::1\tlocalhost ip6-localhost\n")
}

/// A network namespace with a name.
#[derive(Clone, Debug)]
pub struct Sandbox {
    /// The pod's address.
    pub address: Str,
    /// Whether that is the node's own.
    pub host_network: bool,
    /// The host name inside.
    pub hostname: Str,
    /// How names are looked up.
    pub resolver: Rc<Resolver>,
    /// `/etc/hosts` and the like.
    pub files: Rc<[(Rc<str>, Rc<str>)]>,
}

impl Sandbox {
    /// The sandbox of a pod on a node; a new address is taken unless the node's own is used.
    pub fn new(object: &Object, spec: &PodSpec, node: &mut NodeState) -> Self {
        let host_network = spec.host_network == Some(true);
        let address = if host_network { node.ip() } else { node.next_pod_ip() };
        let hostname = hostname(object, spec, &node.name);
        let domain = spec.subdomain.as_deref().filter(|text| !text.is_empty());
        let full =
            domain.map(|domain| format!("{hostname}.{domain}.{}.svc.{DOMAIN}", object.namespace()));
        let aliases = spec.host_aliases.as_deref().unwrap_or_default();
        let mut hosts = HOSTS.to_owned();
        match &full {
            _ if host_network => hosts = HOST_NETWORK.to_owned() + &hosts_of_node(&node.name),
            Some(full) => hosts.push_str(&format!("{address}\t{full}\t{hostname}\n")),
            None => hosts.push_str(&format!("{address}\t{hostname}\n")),
        }
        if !aliases.is_empty() {
            hosts.push_str("\n# Entries added by HostAliases.\n");
        }
        let own = [Some(hostname.clone()), full].into_iter().flatten();
        let mut names: Vec<(String, String)> = own.map(|name| (name, address.clone())).collect();
        for alias in aliases {
            let words = alias.hostnames.as_deref().unwrap_or_default();
            hosts.push_str(&format!("{}\t{}\n", alias.ip, words.join("\t")));
            names.extend(words.iter().map(|name| (name.clone(), alias.ip.clone())));
        }
        let (config, cluster, search) = resolver(spec, object.namespace(), host_network);
        let mut files: Vec<(Rc<str>, Rc<str>)> = vec![
            ("/etc/hostname".into(), format!("{hostname}\n").into()),
            ("/etc/hosts".into(), hosts.into()),
            ("/etc/resolv.conf".into(), config.into()),
        ];
        let context = spec.security_context.as_ref();
        for sysctl in context.iter().flat_map(|context| context.sysctls.iter().flatten()) {
            let path = format!("/proc/sys/{}", sysctl.name.replace('.', "/"));
            files.push((path.into(), format!("{}\n", sysctl.value).into()));
        }
        Self {
            address: address.into(),
            host_network,
            hostname: hostname.into(),
            resolver: Rc::new(Resolver { cluster, search, names }),
            files: files.into(),
        }
    }
}

fn hostname(object: &Object, spec: &PodSpec, node: &str) -> String {
    if spec.host_network == Some(true) {
        return node.to_owned();
    }
    let name = spec.hostname.as_deref().filter(|text| !text.is_empty()).unwrap_or(object.name());
    let end = (0..=name.len().min(HOST_NAME_MAX)).rev().find(|end| name.is_char_boundary(*end));
    name[..end.unwrap_or(0)].trim_end_matches(['-', '.']).to_owned()
}

/// The text of `/etc/resolv.conf`, whether the cluster answers, and the search domains.
fn resolver(spec: &PodSpec, namespace: &str, host_network: bool) -> (String, bool, Vec<String>) {
    let policy = spec.dns_policy.as_deref().unwrap_or("ClusterFirst");
    let cluster = policy == "ClusterFirstWithHostNet" || policy == "ClusterFirst" && !host_network;
    let (mut servers, mut search, mut options) = match (cluster, policy) {
        (true, _) => {
            let search = vec![
                format!("{namespace}.svc.{DOMAIN}"),
                format!("svc.{DOMAIN}"),
                DOMAIN.to_owned(),
            ];
            (vec![NAME_SERVER.to_owned()], search, vec!["ndots:5".to_owned()])
        }
        (false, "None") => (Vec::new(), Vec::new(), Vec::new()),
        _ => (vec![OUTER_NAME_SERVER.to_owned()], Vec::new(), Vec::new()),
    };
    if let Some(config) = &spec.dns_config {
        servers.extend(config.nameservers.iter().flatten().cloned());
        search.extend(config.searches.iter().flatten().cloned());
        options.extend(config.options.iter().flatten().filter_map(|option| {
            let name = option.name.clone()?;
            Some(option.value.as_ref().map_or(name.clone(), |value| format!("{name}:{value}")))
        }));
    }
    let mut text = String::new();
    if !search.is_empty() {
        text.push_str(&format!("search {}\n", search.join(" ")));
    }
    servers.iter().for_each(|server| text.push_str(&format!("nameserver {server}\n")));
    if !options.is_empty() {
        text.push_str(&format!("options {}\n", options.join(" ")));
    }
    (text, servers.iter().any(|server| server == NAME_SERVER), search)
}

/// A pod's spec.
pub fn spec(object: &Object) -> Option<&PodSpec> {
    object.get::<Pod>()?.spec.as_ref()
}
