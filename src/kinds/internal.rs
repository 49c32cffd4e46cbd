//! Objects as the API server sees them inside: Go's names, every field written out.
//! Some refusals quote that form. Mirrors the types of `pkg/apis/core`.

use serde_json::Value;

use crate::base::diff;

/// How many equal lines stand around a difference.
const CONTEXT: usize = 3;

/// The fields of a container, which those of ephemeral ones begin with.
macro_rules! container {
    () => {
        "Name' Image' Command Args WorkingDir' Ports*Port EnvFrom*EnvFrom Env*Env \
         Resources=Resources ResizePolicy*Resize RestartPolicy RestartPolicyRules \
         VolumeMounts*Mount VolumeDevices*Device LivenessProbe:Probe ReadinessProbe:Probe \
         StartupProbe:Probe Lifecycle:Lifecycle TerminationMessagePath' \
         TerminationMessagePolicy' ImagePullPolicy' SecurityContext:Security Stdin! StdinOnce! \
         TTY!"
    };
}

/// The fields of each type, in Go's order. After a field's name: `'` a text, `#` a number,
/// `!` yes or no, `:T` a `T` or null, `=T` always a `T`, `*T` a list of `T` or null; else null or
/// whatever is given.
const TYPES: &[(&str, &str)] = &[
    (
        "PodSpec",
        "Volumes*Volume InitContainers*Container Containers*Container \
         EphemeralContainers*EphemeralContainer RestartPolicy' TerminationGracePeriodSeconds \
         ActiveDeadlineSeconds DNSPolicy' NodeSelector ServiceAccountName' \
         AutomountServiceAccountToken NodeName' SecurityContext=PodSecurity \
         ImagePullSecrets*Name Hostname' Subdomain' SetHostnameAsFQDN Affinity:Affinity \
         SchedulerName' Tolerations*Toleration HostAliases*Alias PriorityClassName' Priority \
         PreemptionPolicy DNSConfig:DNS ReadinessGates*Gate RuntimeClassName Overhead \
         EnableServiceLinks TopologySpreadConstraints*Spread OS:Name SchedulingGates*Name \
         ResourceClaims Resources:Resources HostnameOverride SchedulingGroup",
    ),
    (
        "PodSecurity",
        "HostNetwork! HostPID! HostIPC! ShareProcessNamespace HostUsers SELinuxOptions \
         WindowsOptions RunAsUser RunAsGroup RunAsNonRoot SupplementalGroups \
         SupplementalGroupsPolicy FSGroup FSGroupChangePolicy Sysctls SeccompProfile \
         AppArmorProfile SELinuxChangePolicy",
    ),
    ("Container", container!()),
    ("EphemeralContainer", concat!(container!(), " TargetContainerName'")),
    ("Resources", "Limits Requests Claims"),
    ("Resize", "ResourceName' RestartPolicy'"),
    ("Port", "Name' HostPort# ContainerPort# Protocol' HostIP'"),
    ("Env", "Name' Value' ValueFrom:EnvSource"),
    (
        "EnvSource",
        "FieldRef:Field ResourceFieldRef:ResourceField ConfigMapKeyRef:Key SecretKeyRef:Key \
         FileKeyRef",
    ),
    ("Field", "APIVersion' FieldPath'"),
    ("ResourceField", "ContainerName' Resource' Divisor'"),
    ("Key", "Name' Key' Optional"),
    ("EnvFrom", "Prefix' ConfigMapRef:Reference SecretRef:Reference"),
    ("Reference", "Name' Optional"),
    (
        "Mount",
        "Name' ReadOnly! RecursiveReadOnly MountPath' SubPath' MountPropagation SubPathExpr'",
    ),
    ("Device", "Name' DevicePath'"),
    (
        "Probe",
        "Exec:Exec HTTPGet:HTTPGet TCPSocket:Socket GRPC:GRPC InitialDelaySeconds# \
         TimeoutSeconds# PeriodSeconds# SuccessThreshold# FailureThreshold# \
         TerminationGracePeriodSeconds",
    ),
    ("Lifecycle", "PostStart:Handler PreStop:Handler StopSignal"),
    ("Handler", "Exec:Exec HTTPGet:HTTPGet TCPSocket:Socket Sleep:Sleep"),
    ("Exec", "Command"),
    ("HTTPGet", "Path' Port Host' Scheme' HTTPHeaders*Header"),
    ("Header", "Name' Value'"),
    ("Socket", "Port Host'"),
    ("GRPC", "Port# Service"),
    ("Sleep", "Seconds#"),
    (
        "Security",
        "Capabilities:Capabilities Privileged SELinuxOptions WindowsOptions RunAsUser RunAsGroup \
         RunAsNonRoot ReadOnlyRootFilesystem AllowPrivilegeEscalation ProcMount SeccompProfile \
         AppArmorProfile",
    ),
    ("Capabilities", "Add Drop"),
    (
        "Volume",
        "Name' HostPath:HostPath EmptyDir:EmptyDir GCEPersistentDisk AWSElasticBlockStore GitRepo \
         Secret:SecretVolume NFS:NFS ISCSI Glusterfs PersistentVolumeClaim:Claim RBD Quobyte \
         FlexVolume Cinder CephFS Flocker DownwardAPI:Downward FC AzureFile \
         ConfigMap:ConfigMapVolume VsphereVolume AzureDisk PhotonPersistentDisk \
         Projected:Projected PortworxVolume ScaleIO StorageOS CSI Ephemeral Image",
    ),
    ("HostPath", "Path' Type"),
    ("EmptyDir", "Medium' SizeLimit"),
    ("SecretVolume", "SecretName' Items*Item DefaultMode Optional"),
    ("NFS", "Server' Path' ReadOnly!"),
    ("Claim", "ClaimName' ReadOnly!"),
    ("Downward", "Items*File DefaultMode"),
    ("ConfigMapVolume", "Name' Items*Item DefaultMode Optional"),
    ("Item", "Key' Path' Mode"),
    ("File", "Path' FieldRef:Field ResourceFieldRef:ResourceField Mode"),
    ("Projected", "Sources*Source DefaultMode"),
    (
        "Source",
        "Secret:Projection DownwardAPI:Files ConfigMap:Projection ServiceAccountToken:Token \
         ClusterTrustBundle PodCertificate",
    ),
    ("Projection", "Name' Items*Item Optional"),
    ("Files", "Items*File"),
    ("Token", "Audience' ExpirationSeconds# Path'"),
    ("Name", "Name'"),
    ("Gate", "ConditionType'"),
    ("Alias", "IP' Hostnames"),
    ("DNS", "Nameservers Searches Options*Option"),
    ("Option", "Name' Value"),
    ("Toleration", "Key' Operator' Value' Effect' TolerationSeconds"),
    ("Affinity", "NodeAffinity:NodeAffinity PodAffinity:PodAffinity PodAntiAffinity:PodAffinity"),
    (
        "NodeAffinity",
        "RequiredDuringSchedulingIgnoredDuringExecution:Terms \
         PreferredDuringSchedulingIgnoredDuringExecution*Preference",
    ),
    ("Terms", "NodeSelectorTerms*Term"),
    ("Term", "MatchExpressions*Requirement MatchFields*Requirement"),
    ("Requirement", "Key' Operator' Values"),
    ("Preference", "Weight# Preference=Term"),
    (
        "PodAffinity",
        "RequiredDuringSchedulingIgnoredDuringExecution*PodTerm \
         PreferredDuringSchedulingIgnoredDuringExecution*WeightedPodTerm",
    ),
    (
        "PodTerm",
        "LabelSelector Namespaces TopologyKey' NamespaceSelector MatchLabelKeys MismatchLabelKeys",
    ),
    ("WeightedPodTerm", "Weight# PodAffinityTerm=PodTerm"),
    (
        "Spread",
        "MaxSkew# TopologyKey' WhenUnsatisfiable' LabelSelector MinDomains NodeAffinityPolicy \
         NodeTaintsPolicy MatchLabelKeys",
    ),
    (
        "ClaimSpec",
        "AccessModes Selector Resources=Amounts VolumeName' StorageClassName VolumeMode \
         DataSource DataSourceRef VolumeAttributesClassName",
    ),
    ("Amounts", "Limits Requests"),
    ("PodFailurePolicy", "Rules*PodFailureRule"),
    ("PodFailureRule", "Action' OnExitCodes:ExitCodes OnPodConditions*PodCondition"),
    ("ExitCodes", "ContainerName Operator' Values"),
    ("PodCondition", "Type' Status'"),
    ("SuccessPolicy", "Rules*SuccessRule"),
    ("SuccessRule", "SucceededIndexes SucceededCount"),
    ("ScopeSelector", "MatchExpressions*ScopeRequirement"),
    ("ScopeRequirement", "ScopeName' Operator' Values"),
    ("Disruption", "MinAvailable Selector MaxUnavailable UnhealthyPodEvictionPolicy"),
];

/// What differs between two pod specs.
pub fn pod_spec_diff(old: &Value, new: &Value) -> String {
    difference("PodSpec", &pod_spec(old), &pod_spec(new))
}

/// What differs between two ephemeral containers.
pub fn ephemeral_container_diff(old: &Value, new: &Value) -> String {
    difference("EphemeralContainer", old, new)
}

/// What differs between two specs of claims.
pub fn claim_spec_diff(old: &Value, new: &Value) -> String {
    difference("ClaimSpec", old, new)
}

/// A pod template on one line.
pub fn pod_template(template: &Value) -> String {
    let empty = Value::Object(serde_json::Map::new());
    let meta = template.get("metadata").and_then(Value::as_object);
    let mut text = "{".to_owned();
    for field in ["name", "generateName", "namespace", "labels", "annotations"] {
        if let Some(value) = meta.and_then(|meta| meta.get(field)) {
            text.push_str(&format!("\"{field}\":{value},"));
        }
    }
    let spec = pod_spec(template.get("spec").unwrap_or(&empty));
    text.push_str("\"Spec\":");
    Writer { indent: None, out: &mut text }.typed("PodSpec", &spec, 0);
    text.push('}');
    text
}

/// A pod's spec on one line.
pub fn pod_spec_line(spec: &Value) -> String {
    line("PodSpec", &pod_spec(spec))
}

/// What a Job makes of failed pods, on one line.
pub fn pod_failure_policy(policy: &Value) -> String {
    line("PodFailurePolicy", policy)
}

/// When a Job has succeeded, on one line.
pub fn success_policy(policy: &Value) -> String {
    line("SuccessPolicy", policy)
}

/// The spec of a PodDisruptionBudget on one line.
pub fn disruption_budget(spec: &Value) -> String {
    line("Disruption", spec)
}

/// The scopes of a ResourceQuota on one line.
pub fn scope_selector(selector: &Value) -> String {
    line("ScopeSelector", selector)
}

/// A value of one of the types on one line; `null` if it is none.
fn line(name: &str, value: &Value) -> String {
    let mut text = String::new();
    if value.is_null() {
        return "null".to_owned();
    }
    Writer { indent: None, out: &mut text }.typed(name, value, 0);
    text
}

/// Inside, what a pod shares with its host belongs to its security context.
fn pod_spec(spec: &Value) -> Value {
    let mut spec = spec.clone();
    for field in ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers"] {
        let value = spec[field].take();
        if !value.is_null() {
            spec["securityContext"][field] = value;
        }
    }
    spec
}

fn difference(name: &str, old: &Value, new: &Value) -> String {
    let text = |value: &Value| {
        let mut text = String::new();
        Writer { indent: Some(" "), out: &mut text }.typed(name, value, 0);
        text
    };
    diff::unified(&text(old), &text(new), CONTEXT)
}

/// Writes JSON, on one line or with an indentation.
struct Writer<'a> {
    indent: Option<&'a str>,
    out: &'a mut String,
}

impl Writer<'_> {
    fn line(&mut self, depth: usize) {
        if let Some(indent) = self.indent {
            self.out.push('\n');
            self.out.push_str(&indent.repeat(depth));
        }
    }

    /// `items` between brackets, each written by `write`.
    fn list<T>(
        &mut self,
        brackets: [char; 2],
        items: impl Iterator<Item = T>,
        depth: usize,
        mut write: impl FnMut(&mut Self, T),
    ) {
        self.out.push(brackets[0]);
        let mut is_first = true;
        for item in items {
            if !is_first {
                self.out.push(',');
            }
            is_first = false;
            self.line(depth + 1);
            write(self, item);
        }
        if !is_first {
            self.line(depth);
        }
        self.out.push(brackets[1]);
    }

    fn name(&mut self, name: &str) {
        let space = if self.indent.is_some() { " " } else { "" };
        self.out.push_str(&format!("{name:?}:{space}"));
    }

    /// A value of one of the types above.
    fn typed(&mut self, name: &str, value: &Value, depth: usize) {
        let fields = TYPES.iter().find(|(known, _)| *known == name).map_or("", |(_, f)| *f);
        self.list(['{', '}'], fields.split_whitespace(), depth, |writer, field| {
            let end = field.find(['\'', '#', '!', ':', '=', '*']).unwrap_or(field.len());
            let (name, kind) = field.split_at(end);
            writer.name(name);
            writer.field(kind, &value[json_name(name).as_str()], depth + 1);
        });
    }

    fn field(&mut self, kind: &str, value: &Value, depth: usize) {
        let (sign, of) = kind.split_at(kind.len().min(1));
        match (sign, value) {
            ("=", value) => self.typed(of, value, depth),
            ("'", Value::Null) => self.out.push_str("\"\""),
            ("#", Value::Null) => self.out.push('0'),
            ("!", Value::Null) => self.out.push_str("false"),
            (":", Value::Object(_)) => self.typed(of, value, depth),
            ("*", Value::Array(items)) if !items.is_empty() => {
                let write = |writer: &mut Self, item| writer.typed(of, item, depth + 1);
                self.list(['[', ']'], items.iter(), depth, write);
            }
            ("*", _) => self.out.push_str("null"),
            (_, value) => self.plain(value, depth),
        }
    }

    /// A value as it is.
    fn plain(&mut self, value: &Value, depth: usize) {
        match value {
            Value::Array(items) if !items.is_empty() => {
                let write = |writer: &mut Self, item| writer.plain(item, depth + 1);
                self.list(['[', ']'], items.iter(), depth, write);
            }
            Value::Object(fields) if !fields.is_empty() => {
                let write = |writer: &mut Self, (name, value): (&String, &Value)| {
                    writer.name(name);
                    writer.plain(value, depth + 1);
                };
                self.list(['{', '}'], fields.iter(), depth, write);
            }
            value => self.out.push_str(&value.to_string()),
        }
    }
}

/// `DNSPolicy` as JSON names it: `dnsPolicy`.
fn json_name(name: &str) -> String {
    match name {
        "CephFS" => return "cephfs".to_owned(),
        "StorageOS" => return "storageos".to_owned(),
        _ => {}
    }
    let capitals = name.bytes().take_while(u8::is_ascii_uppercase).count();
    let lower = if capitals == name.len() { capitals } else { capitals.saturating_sub(1).max(1) };
    name[..lower].to_ascii_lowercase() + &name[lower..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_reads_as_a_real_server_quotes_it() {
        let template = "{metadata: {labels: {job-name: j}}, spec: {containers: [{name: c, image: \
                        x, imagePullPolicy: Always, terminationMessagePath: /dev/termination-log, \
                        terminationMessagePolicy: File, resources: {}}], dnsPolicy: ClusterFirst, \
                        restartPolicy: Never, schedulerName: default-scheduler, securityContext: \
                        {}, terminationGracePeriodSeconds: 30}}";
        let template: Value = serde_yaml::from_str(template).unwrap();
        let recorded = include_str!("internal_template.txt");
        assert_eq!(pod_template(&template), recorded.trim_end());
    }

    #[test]
    fn a_changed_pod_reads_as_a_real_server_quotes_it() {
        let spec = |env: &str| -> Value {
            let spec = format!("{{containers: [{{name: c, image: x{env}}}]}}");
            serde_yaml::from_str(&spec).unwrap()
        };
        let found = pod_spec_diff(&spec(""), &spec(", env: [{name: A, value: b}]"));
        let expected = "@@ -10,7 +10,13 @@\n    \"WorkingDir\": \"\",\n    \"Ports\": null,\n    \
                        \"EnvFrom\": null,\n-   \"Env\": null,\n+   \"Env\": [\n+    {\n+     \
                        \"Name\": \"A\",\n+     \"Value\": \"b\",\n+     \"ValueFrom\": null\n+    \
                        }\n+   ],\n    \"Resources\": {\n     \"Limits\": null,\n     \
                        \"Requests\": null,\n";
        assert_eq!(found, expected);
    }
}
