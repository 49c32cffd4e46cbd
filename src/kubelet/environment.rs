//! The environment of a container. Mirrors `makeEnvironmentVariables` of
//! `pkg/kubelet/kubelet_pods.go` and `pkg/kubelet/envvars`.

use k8s_openapi::api::core::v1::{
    ConfigMap, Container, EnvFromSource, EnvVarSource, PodSpec, Secret, Service,
};

use super::expansion::expand;
use super::fields;
use super::node::NodeState;
use super::sandbox::Sandbox;
use crate::base::order::Gather;
use crate::base::small_map::SmallMap;
use crate::object::{GroupResource, Key, Object};
use crate::runtime::Context;

/// Where configuration comes from.
pub const CONFIG_MAPS: GroupResource = GroupResource::new("", "configmaps");
/// Where secrets come from.
pub const SECRETS: GroupResource = GroupResource::new("", "secrets");
const SERVICES: GroupResource = GroupResource::new("", "services");

/// What an environment is made from.
pub struct Source<'a, 'c> {
    /// The cache.
    pub cx: &'a Context<'c>,
    /// The pod.
    pub pod: &'a Object,
    /// Its spec.
    pub spec: &'a PodSpec,
    /// Its node.
    pub node: &'a NodeState,
    /// Its address and names.
    pub sandbox: &'a Sandbox,
}

/// An object that a pod refers to.
pub fn find<'a>(
    cx: &'a Context<'_>,
    resource: GroupResource,
    namespace: &str,
    name: &str,
) -> Option<&'a Object> {
    cx.cache.get(&Key::new(resource, namespace, name))
}

/// The entries of a ConfigMap or a Secret, as text.
pub fn entries(object: &Object) -> SmallMap<&str, String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if let Some(map) = object.get::<ConfigMap>() {
        let plain = map.data.iter().flatten().map(|(key, value)| (key.as_str(), value.clone()));
        let binary = map.binary_data.iter().flatten();
        return plain.chain(binary.map(|(key, bytes)| (key.as_str(), text(&bytes.0)))).gathered();
    }
    let data = object.get::<Secret>().and_then(|secret| secret.data.as_ref());
    data.into_iter().flatten().map(|(key, bytes)| (key.as_str(), text(&bytes.0))).gathered()
}

impl Source<'_, '_> {
    /// The variables in order; later ones win.
    ///
    /// # Errors
    /// What the environment refers to and is not there, in the kubelet's words.
    pub fn variables(&self, container: &Container) -> Result<Vec<(String, String)>, String> {
        let links = self.spec.enable_service_links.unwrap_or(true);
        let mut variables = self.services(links);
        for source in container.env_from.iter().flatten() {
            self.take_all(source, &mut variables)?;
        }
        for env in container.env.iter().flatten() {
            let value = match &env.value_from {
                None => {
                    let text = env.value.as_deref().unwrap_or_default();
                    Some(expand(text, |name| lookup(&variables, name)))
                }
                Some(source) => self.value(source, container)?,
            };
            variables.extend(value.map(|value| (env.name.clone(), value)));
        }
        Ok(variables)
    }

    fn take_all(
        &self,
        source: &EnvFromSource,
        variables: &mut Vec<(String, String)>,
    ) -> Result<(), String> {
        let map = source.config_map_ref.as_ref();
        let map = map.map(|r| (CONFIG_MAPS, "configmap", &r.name, r.optional));
        let secret = source.secret_ref.as_ref();
        let secret = secret.map(|r| (SECRETS, "secret", &r.name, r.optional));
        let Some((resource, word, name, optional)) = map.or(secret) else { return Ok(()) };
        let prefix = source.prefix.as_deref().unwrap_or_default();
        match find(self.cx, resource, self.pod.namespace(), name) {
            Some(object) => {
                let all = entries(object);
                variables.extend(all.into_iter().map(|(key, v)| (format!("{prefix}{key}"), v)));
                Ok(())
            }
            None if optional == Some(true) => Ok(()),
            None => Err(format!("{word} \"{name}\" not found")),
        }
    }

    fn value(
        &self,
        source: &EnvVarSource,
        container: &Container,
    ) -> Result<Option<String>, String> {
        if let Some(field) = &source.field_ref {
            let ip = &self.sandbox.address;
            let text = fields::field(self.pod, self.spec, self.node, ip, &field.field_path);
            return Ok(Some(text));
        }
        if let Some(wanted) = &source.resource_field_ref {
            return Ok(Some(fields::resource(container, self.node, wanted)));
        }
        let map = source.config_map_key_ref.as_ref();
        let map = map.map(|r| (CONFIG_MAPS, "configmap", "ConfigMap", &r.name, &r.key, r.optional));
        let secret = source.secret_key_ref.as_ref();
        let secret = secret.map(|r| (SECRETS, "secret", "Secret", &r.name, &r.key, r.optional));
        let Some((resource, word, kind, name, key, optional)) = map.or(secret) else {
            return Ok(None);
        };
        let namespace = self.pod.namespace();
        let value = match find(self.cx, resource, namespace, name) {
            Some(object) => entries(object)
                .remove(key.as_str())
                .ok_or_else(|| format!("couldn't find key {key} in {kind} {namespace}/{name}")),
            None => Err(format!("{word} \"{name}\" not found")),
        };
        match value {
            Err(_) if optional == Some(true) => Ok(None),
            other => other.map(Some),
        }
    }

    /// What tells of the Services: of all in the namespace, or of the API server's alone.
    fn services(&self, links: bool) -> Vec<(String, String)> {
        let master = find(self.cx, SERVICES, "default", "kubernetes");
        let own = self.cx.cache.list_in(&SERVICES, self.pod.namespace());
        let own = own.filter(|object| links && master.is_none_or(|m| m.uid() != object.uid()));
        let mut variables = Vec::new();
        master.into_iter().chain(own).for_each(|object| service(object, &mut variables));
        variables
    }
}

/// The value of a variable among others, the latest first.
pub fn lookup(variables: &[(String, String)], name: &str) -> Option<String> {
    variables.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone())
}

fn service(object: &Object, variables: &mut Vec<(String, String)>) {
    let Some(spec) = object.get::<Service>().and_then(|service| service.spec.as_ref()) else {
        return;
    };
    let Some(ip) = spec.cluster_ip.as_deref().filter(|ip| !ip.is_empty() && *ip != "None") else {
        return;
    };
    let prefix = object.name().to_ascii_uppercase().replace('-', "_");
    let ports = spec.ports.as_deref().unwrap_or_default();
    let Some(first) = ports.first() else { return };
    let mut add = |name: String, value: String| variables.push((format!("{prefix}_{name}"), value));
    add("SERVICE_HOST".to_owned(), ip.to_owned());
    add("SERVICE_PORT".to_owned(), first.port.to_string());
    for port in ports {
        if let Some(name) = port.name.as_deref().filter(|name| !name.is_empty()) {
            let name = name.to_ascii_uppercase().replace('-', "_");
            add(format!("SERVICE_PORT_{name}"), port.port.to_string());
        }
    }
    for (index, port) in ports.iter().enumerate() {
        let protocol = port.protocol.as_deref().unwrap_or("TCP");
        let url = format!("{}://{ip}:{}", protocol.to_ascii_lowercase(), port.port);
        if index == 0 {
            add("PORT".to_owned(), url.clone());
        }
        let name = format!("PORT_{}_{protocol}", port.port);
        add(name.clone(), url);
        add(format!("{name}_PROTO"), protocol.to_ascii_lowercase());
        add(format!("{name}_PORT"), port.port.to_string());
        add(format!("{name}_ADDR"), ip.to_owned());
    }
}
