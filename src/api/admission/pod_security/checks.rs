//! The checks of the Pod Security Standards, as they are in the newest version.
//! Mirrors `pod-security-admission/policy/check_*.go`.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::kinds::pod_template::SAFE_SYSCTLS;

/// Capabilities that a container may add.
const CAPABILITIES: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];
const SELINUX: &[&str] =
    &["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];
const VOLUMES: &[&str] = &[
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];
const PROFILES: &[&str] = &["RuntimeDefault", "Localhost"];

/// What was found: reasons, each with details.
type Found = Vec<(String, String)>;

/// What a pod does that the level does not allow.
pub(super) fn violations(pod: &Value, restricted: bool) -> Found {
    let mut found = Vec::new();
    let spec = &Spec(pod);
    spec.app_armor(&mut found);
    if !restricted {
        spec.capabilities(&mut found);
    }
    spec.host(&mut found, restricted);
    spec.privileges(&mut found, restricted);
    spec.selinux(&mut found);
    if !restricted {
        spec.seccomp(&mut found, false);
    }
    spec.rest(&mut found);
    if restricted {
        spec.restricted(&mut found);
    }
    found
}

struct Spec<'a>(&'a Value);

fn joined<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| format!("\"{item}\"")).collect();
    items.join(", ")
}

fn plural<'a>(one: &'a str, many: &'a str, count: usize) -> &'a str {
    if count == 1 { one } else { many }
}

/// `containers "a", "b"`.
fn containers(names: &[&str]) -> String {
    format!("{} {}", plural("container", "containers", names.len()), joined(names.iter().copied()))
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

impl<'a> Spec<'a> {
    fn spec(&self) -> &'a Value {
        &self.0["spec"]
    }

    fn all(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        let lists = ["initContainers", "containers", "ephemeralContainers"];
        let spec = self.spec();
        lists.into_iter().flat_map(|list| spec[list].as_array().into_iter().flatten())
    }

    /// The names of the containers of which something is true.
    fn which(&self, mut bad: impl FnMut(&'a Value) -> bool) -> Vec<&'a str> {
        let bad = self.all().filter(|container| bad(container));
        bad.filter_map(|container| container["name"].as_str()).collect()
    }

    /// Those of the pod and its containers whose security context is bad: `pod and container "a"`.
    fn setters(&self, mut bad: impl FnMut(&'a Value) -> bool) -> Vec<String> {
        let mut setters = Vec::new();
        if bad(&self.spec()["securityContext"]) {
            setters.push("pod".to_owned());
        }
        let names = self.which(|container| bad(&container["securityContext"]));
        setters.extend((!names.is_empty()).then(|| containers(&names)));
        setters
    }

    fn is_windows(&self) -> bool {
        self.spec()["os"]["name"] == "windows"
    }

    fn app_armor(&self, found: &mut Found) {
        let mut values = BTreeSet::new();
        let mut setters = self.setters(|context| {
            let kind = context["appArmorProfile"]["type"].as_str();
            let bad = kind.filter(|kind| !PROFILES.contains(kind));
            values.extend(bad.map(str::to_owned));
            bad.is_some()
        });
        let mut values: Vec<String> = values.into_iter().collect();
        let notes = self.0["metadata"]["annotations"].as_object().into_iter().flatten();
        let notes: Vec<String> = notes
            .filter(|(name, _)| name.starts_with("container.apparmor.security.beta.kubernetes.io/"))
            .filter_map(|(name, value)| Some((name, value.as_str()?)))
            .filter(|(_, value)| {
                !matches!(*value, "" | "runtime/default") && !value.starts_with("localhost/")
            })
            .map(|(name, value)| format!("{name}={value:?}"))
            .collect();
        if !notes.is_empty() {
            setters.push(plural("annotation", "annotations", notes.len()).to_owned());
            values.extend(notes);
        }
        if !setters.is_empty() {
            let (one, many) = ("forbidden AppArmor profile", "forbidden AppArmor profiles");
            let detail = format!(
                "{} must not set AppArmor profile type to {}",
                setters.join(" and "),
                joined(values.iter().map(String::as_str))
            );
            found.push((plural(one, many, values.len()).to_owned(), detail));
        }
    }

    fn capabilities(&self, found: &mut Found) {
        let mut added = BTreeSet::new();
        let names = self.which(|container| {
            let given = texts(&container["securityContext"]["capabilities"]["add"]);
            let bad: Vec<&str> = given.filter(|name| !CAPABILITIES.contains(name)).collect();
            added.extend(bad.iter().copied());
            !bad.is_empty()
        });
        if !names.is_empty() {
            let detail = format!(
                "{} must not include {} in securityContext.capabilities.add",
                containers(&names),
                joined(added)
            );
            found.push(("non-default capabilities".to_owned(), detail));
        }
    }

    /// Namespaces, paths, ports and probes of the host.
    fn host(&self, found: &mut Found, restricted: bool) {
        let spec = self.spec();
        let shared = ["hostNetwork", "hostPID", "hostIPC"].into_iter();
        let shared: Vec<String> =
            shared.filter(|name| spec[name] == true).map(|name| format!("{name}=true")).collect();
        if !shared.is_empty() {
            found.push(("host namespaces".to_owned(), shared.join(", ")));
        }
        let volumes = spec["volumes"].as_array().into_iter().flatten();
        let volumes: Vec<&str> = volumes
            .filter(|volume| volume["hostPath"].is_object())
            .filter_map(|volume| volume["name"].as_str())
            .collect();
        if !restricted && !volumes.is_empty() {
            let (word, names) = (plural("volume", "volumes", volumes.len()), joined(volumes));
            found.push(("hostPath volumes".to_owned(), format!("{word} {names}")));
        }
        let mut ports = BTreeSet::new();
        let names = self.which(|container| {
            let given = container["ports"].as_array().into_iter().flatten();
            let given =
                given.filter_map(|port| port["hostPort"].as_i64().filter(|port| *port != 0));
            let given: Vec<String> = given.map(|port| port.to_string()).collect();
            ports.extend(given.iter().cloned());
            !given.is_empty()
        });
        if !names.is_empty() {
            let detail = format!(
                "{} {} {} {}",
                containers(&names),
                plural("uses", "use", names.len()),
                plural("hostPort", "hostPorts", ports.len()),
                ports.into_iter().collect::<Vec<_>>().join(", ")
            );
            found.push(("hostPort".to_owned(), detail));
        }
        self.host_probes(found);
    }

    fn host_probes(&self, found: &mut Found) {
        const HANDLERS: [&str; 5] = [
            "/livenessProbe",
            "/readinessProbe",
            "/startupProbe",
            "/lifecycle/postStart",
            "/lifecycle/preStop",
        ];
        let mut hosts = BTreeSet::new();
        let names = self.which(|container| {
            let before = hosts.len();
            let handlers = HANDLERS.iter().filter_map(|path| container.pointer(path));
            let given = handlers.flat_map(|h| [&h["httpGet"]["host"], &h["tcpSocket"]["host"]]);
            hosts.extend(given.filter_map(Value::as_str).filter(|host| !host.is_empty()));
            hosts.len() > before
        });
        if !names.is_empty() {
            let what = "probe or lifecycle host";
            let detail = format!(
                "{} {} {} {}",
                containers(&names),
                plural("uses", "use", names.len()),
                plural(what, "probe or lifecycle hosts", hosts.len()),
                joined(hosts)
            );
            found.push((what.to_owned(), detail));
        }
    }

    fn privileges(&self, found: &mut Found, restricted: bool) {
        let names = self.which(|container| container["securityContext"]["privileged"] == true);
        if !names.is_empty() {
            let detail =
                format!("{} must not set securityContext.privileged=true", containers(&names));
            found.push(("privileged".to_owned(), detail));
        }
        if !restricted && self.spec()["hostUsers"] != false {
            self.proc_mount(found);
        }
    }

    fn proc_mount(&self, found: &mut Found) {
        let mut kinds = BTreeSet::new();
        let names = self.which(|container| {
            let kind = container["securityContext"]["procMount"].as_str();
            let bad = kind.filter(|kind| *kind != "Default");
            kinds.extend(bad);
            bad.is_some()
        });
        if !names.is_empty() {
            let detail = format!(
                "{} must not set securityContext.procMount to {}",
                containers(&names),
                joined(kinds)
            );
            found.push(("procMount".to_owned(), detail));
        }
    }

    fn selinux(&self, found: &mut Found) {
        let (mut types, mut user, mut role) = (BTreeSet::new(), false, false);
        let setters = self.setters(|context| {
            let options = &context["seLinuxOptions"];
            let given = |field: &str| options[field].as_str().unwrap_or_default();
            let kind = given("type");
            let bad = !SELINUX.contains(&kind);
            if bad {
                types.insert(kind.to_owned());
            }
            user |= !given("user").is_empty();
            role |= !given("role").is_empty();
            bad || !given("user").is_empty() || !given("role").is_empty()
        });
        if setters.is_empty() {
            return;
        }
        let mut data = Vec::new();
        if !types.is_empty() {
            let word = plural("type", "types", types.len());
            data.push(format!("{word} {}", joined(types.iter().map(String::as_str))));
        }
        data.extend(user.then(|| "user may not be set".to_owned()));
        data.extend(role.then(|| "role may not be set".to_owned()));
        let detail = format!(
            "{} set forbidden securityContext.seLinuxOptions: {}",
            setters.join(" and "),
            data.join("; ")
        );
        found.push(("seLinuxOptions".to_owned(), detail));
    }

    /// Bad profiles; `must` says that there has to be one.
    fn seccomp(&self, found: &mut Found, must: bool) {
        let kind = |context: &'a Value| context["seccompProfile"]["type"].as_str();
        let reason = || "seccompProfile".to_owned();
        let mut values = BTreeSet::new();
        let setters = self.setters(|context| {
            let bad = kind(context).filter(|kind| !PROFILES.contains(kind));
            values.extend(bad);
            bad.is_some()
        });
        if !setters.is_empty() {
            let detail = format!(
                "{} must not set securityContext.seccompProfile.type to {}",
                setters.join(" and "),
                joined(values)
            );
            return found.push((reason(), detail));
        }
        let covered = kind(&self.spec()["securityContext"]).is_some();
        let names = self.which(|container| kind(&container["securityContext"]).is_none());
        if must && !covered && !names.is_empty() {
            let detail = format!(
                "pod or {} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \
                 \"Localhost\"",
                containers(&names)
            );
            found.push((reason(), detail));
        }
    }

    /// Sysctls, and Windows' host processes.
    fn rest(&self, found: &mut Found) {
        let given = self.spec()["securityContext"]["sysctls"].as_array().into_iter().flatten();
        let given = given.filter_map(|sysctl| sysctl["name"].as_str());
        let bad: Vec<&str> = given.filter(|name| !SAFE_SYSCTLS.contains(name)).collect();
        if !bad.is_empty() {
            found.push(("forbidden sysctls".to_owned(), bad.join(", ")));
        }
        let setters = self.setters(|context| context["windowsOptions"]["hostProcess"] == true);
        if !setters.is_empty() {
            let detail = format!(
                "{} must not set securityContext.windowsOptions.hostProcess=true",
                setters.join(" and ")
            );
            found.push(("hostProcess".to_owned(), detail));
        }
    }

    /// What only the level `restricted` asks for.
    fn restricted(&self, found: &mut Found) {
        let names = self.which(|c| c["securityContext"]["allowPrivilegeEscalation"] != false);
        if !self.is_windows() && !names.is_empty() {
            let field = "securityContext.allowPrivilegeEscalation=false";
            let detail = format!("{} must set {field}", containers(&names));
            found.push(("allowPrivilegeEscalation != false".to_owned(), detail));
        }
        if !self.is_windows() {
            self.dropped(found);
        }
        self.proc_mount(found);
        self.volumes(found);
        if self.spec()["hostUsers"] != false {
            self.users(found);
        }
        if !self.is_windows() {
            self.seccomp(found, true);
        }
    }

    fn dropped(&self, found: &mut Found) {
        let capabilities = |container: &'a Value| &container["securityContext"]["capabilities"];
        let kept = self.which(|c| !texts(&capabilities(c)["drop"]).any(|name| name == "ALL"));
        let mut added = BTreeSet::new();
        let adding = self.which(|container| {
            let bad: Vec<&str> = texts(&capabilities(container)["add"])
                .filter(|name| *name != "NET_BIND_SERVICE")
                .collect();
            added.extend(bad.iter().copied());
            !bad.is_empty()
        });
        let mut details = Vec::new();
        if !kept.is_empty() {
            details.push(format!(
                "{} must set securityContext.capabilities.drop=[\"ALL\"]",
                containers(&kept)
            ));
        }
        if !adding.is_empty() {
            details.push(format!(
                "{} must not include {} in securityContext.capabilities.add",
                containers(&adding),
                joined(added)
            ));
        }
        if !details.is_empty() {
            found.push(("unrestricted capabilities".to_owned(), details.join("; ")));
        }
    }

    fn volumes(&self, found: &mut Found) {
        let (mut names, mut kinds) = (Vec::new(), BTreeSet::new());
        for volume in self.spec()["volumes"].as_array().into_iter().flatten() {
            let Some(fields) = volume.as_object() else { continue };
            let kind = fields.keys().map(String::as_str).find(|name| *name != "name");
            if !kind.is_some_and(|kind| VOLUMES.contains(&kind)) {
                names.extend(volume["name"].as_str());
                kinds.insert(kind.unwrap_or("unknown"));
            }
        }
        if !names.is_empty() {
            let what = plural("restricted volume type", "restricted volume types", kinds.len());
            let detail = format!(
                "{} {} {} {what} {}",
                plural("volume", "volumes", names.len()),
                joined(names.iter().copied()),
                plural("uses", "use", names.len()),
                joined(kinds)
            );
            found.push(("restricted volume types".to_owned(), detail));
        }
    }

    fn users(&self, found: &mut Found) {
        let reason = || "runAsNonRoot != true".to_owned();
        let setters = self.setters(|context| context["runAsNonRoot"] == false);
        let covered = self.spec()["securityContext"]["runAsNonRoot"] == true;
        let silent = self.which(|c| !c["securityContext"]["runAsNonRoot"].is_boolean());
        if !setters.is_empty() {
            let who = setters.join(" and ");
            found
                .push((reason(), format!("{who} must not set securityContext.runAsNonRoot=false")));
        } else if !covered && !silent.is_empty() {
            let who = containers(&silent);
            let detail = format!("pod or {who} must set securityContext.runAsNonRoot=true");
            found.push((reason(), detail));
        }
        let setters = self.setters(|context| context["runAsUser"] == 0);
        if !setters.is_empty() {
            let detail = format!("{} must not set runAsUser=0", setters.join(" and "));
            found.push(("runAsUser=0".to_owned(), detail));
        }
    }
}
