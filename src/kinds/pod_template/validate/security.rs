//! Whom pods run as and what they may, and how they look names up.
//! Mirrors `validatePodSpecSecurityContext`, `ValidateSecurityContext` and `validatePodDNSConfig`.

use k8s_openapi::api::core::v1::{
    PodDNSConfig, PodSecurityContext, PodSpec, SeccompProfile, SecurityContext, Sysctl,
};

use super::word;
use crate::base::ip_text;
use crate::kinds::names;
use crate::kinds::path::{Errors, Path};

const SYSCTL_MAX: usize = 253;
const NAME_SERVERS_MAX: usize = 3;
const SEARCHES_MAX: usize = 32;
const SEARCH_LIST_MAX: usize = 2048;

/// The security context of a whole pod.
pub fn pod(path: &Path<'_>, spec: &PodSpec, errors: &mut Errors) {
    let Some(context) = &spec.security_context else { return };
    id(&path.child("fsGroup"), context.fs_group, errors);
    id(&path.child("runAsUser"), context.run_as_user, errors);
    id(&path.child("runAsGroup"), context.run_as_group, errors);
    for (index, group) in context.supplemental_groups.iter().flatten().enumerate() {
        id(&path.child("supplementalGroups").index(index), Some(*group), errors);
    }
    if spec.share_process_namespace == Some(true) && spec.host_pid == Some(true) {
        let why = "ShareProcessNamespace and HostPID cannot both be enabled";
        errors.invalid(&path.child("shareProcessNamespace"), &true, why);
    }
    sysctls(&path.child("sysctls"), context, errors);
    let policies = ["Always", "OnRootMismatch"];
    let policy = context.fs_group_change_policy.as_ref();
    word_if_given(&path.child("fsGroupChangePolicy"), policy, &policies, errors);
    seccomp(&path.child("seccompProfile"), context.seccomp_profile.as_ref(), errors);
    let policies = ["Merge", "Strict"];
    let policy = context.supplemental_groups_policy.as_ref();
    word_if_given(&path.child("supplementalGroupsPolicy"), policy, &policies, errors);
}

fn word_if_given(path: &Path<'_>, given: Option<&String>, known: &[&str], errors: &mut Errors) {
    if given.is_some() {
        word(path, given, known, errors);
    }
}

/// The security context of one container.
pub fn container(path: &Path<'_>, context: &SecurityContext, errors: &mut Errors) {
    id(&path.child("runAsUser"), context.run_as_user, errors);
    id(&path.child("runAsGroup"), context.run_as_group, errors);
    let kinds = ["Default", "Unmasked"];
    word_if_given(&path.child("procMount"), context.proc_mount.as_ref(), &kinds, errors);
    if context.proc_mount.as_deref() == Some("Unmasked") {
        let why = "`hostUsers` must be false to use `Unmasked`";
        errors.invalid(&path.child("procMount"), "Unmasked", why);
    }
    seccomp(&path.child("seccompProfile"), context.seccomp_profile.as_ref(), errors);
    if context.allow_privilege_escalation != Some(false) {
        return;
    }
    if context.privileged == Some(true) {
        let why = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
        errors.invalid(path, context, why);
    }
    let mut added = context.capabilities.iter().flat_map(|all| all.add.iter().flatten());
    if added.any(|name| name == "CAP_SYS_ADMIN") {
        let why =
            "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN";
        errors.invalid(path, context, why);
    }
}

fn id(path: &Path<'_>, id: Option<i64>, errors: &mut Errors) {
    if let Some(id) = id.filter(|id| !(0..=i64::from(i32::MAX)).contains(id)) {
        errors.invalid(path, &id, "must be between 0 and 2147483647, inclusive");
    }
}

fn sysctls(path: &Path<'_>, context: &PodSecurityContext, errors: &mut Errors) {
    let all = context.sysctls.as_deref().unwrap_or_default();
    for (index, Sysctl { name, .. }) in all.iter().enumerate() {
        let at = path.index(index);
        let at = at.child("name");
        if name.is_empty() {
            errors.required(&at, "");
        } else if !is_sysctl(name) {
            errors.invalid(
                &at,
                name,
                "must have at most 253 characters and match regex \
                 ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$",
            );
        } else if all.iter().take(index).any(|earlier| earlier.name == *name) {
            errors.duplicate(&at, name);
        }
    }
}

fn is_sysctl(name: &str) -> bool {
    let is_end = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_inner = |byte: &u8| is_end(byte) || matches!(byte, b'-' | b'_');
    let is_segment = |segment: &str| {
        let bytes = segment.as_bytes();
        bytes.first().is_some_and(is_end)
            && bytes.last().is_some_and(is_end)
            && bytes.iter().all(is_inner)
    };
    name.len() <= SYSCTL_MAX && name.split(['.', '/']).all(is_segment)
}

fn seccomp(path: &Path<'_>, profile: Option<&SeccompProfile>, errors: &mut Errors) {
    let Some(profile) = profile else { return };
    let at = path.child("localhostProfile");
    match profile.type_.as_str() {
        "" => {
            errors.required(&path.child("type"), "type is required when seccompProfile is set");
        }
        "Localhost" | "RuntimeDefault" | "Unconfined" => {}
        other => {
            let known = ["Localhost", "RuntimeDefault", "Unconfined"];
            errors.not_supported(&path.child("type"), other, &known);
        }
    }
    match (&profile.localhost_profile, profile.type_ == "Localhost") {
        (None, true) => errors.required(&at, "must be set when seccomp type is Localhost"),
        (Some(_), false) => {
            errors.invalid(&at, profile, "can only be set when seccomp type is Localhost");
        }
        (Some(own), true) => {
            if own.starts_with('/') {
                errors.invalid(&at, own, "must be a relative path");
            }
            if own.split('/').any(|part| part == "..") {
                errors.invalid(&at, own, "must not contain '..'");
            }
        }
        (None, false) => {}
    }
}

/// How a pod looks names up.
pub fn dns(path: &Path<'_>, spec: &PodSpec, errors: &mut Errors) {
    let config = spec.dns_config.as_ref();
    let servers = config.and_then(|config| config.nameservers.as_deref()).unwrap_or_default();
    if spec.dns_policy.as_deref() == Some("None") {
        if config.is_none() {
            return errors.required(path, "must provide `dnsConfig` when `dnsPolicy` is None");
        }
        if servers.is_empty() {
            let why = "must provide at least one DNS nameserver when `dnsPolicy` is None";
            return errors.required(&path.child("nameservers"), why);
        }
    }
    let Some(PodDNSConfig { searches, options, .. }) = config else { return };
    let at = path.child("nameservers");
    if servers.len() > NAME_SERVERS_MAX {
        errors.invalid(
            &at,
            servers,
            format!("must not have more than {NAME_SERVERS_MAX} nameservers"),
        );
    }
    for (index, server) in servers.iter().enumerate() {
        if let Some(fault) = ip_text::address_fault(server) {
            errors.invalid(&at.index(index), server, fault);
        }
    }
    let at = path.child("searches");
    let searches = searches.as_deref().unwrap_or_default();
    if searches.len() > SEARCHES_MAX {
        errors.invalid(
            &at,
            searches,
            format!("must not have more than {SEARCHES_MAX} search paths"),
        );
    }
    if searches.join(" ").len() > SEARCH_LIST_MAX {
        let why = format!(
            "must not have more than {SEARCH_LIST_MAX} characters (including spaces) in the search \
             list"
        );
        errors.invalid(&at, searches, why);
    }
    for (index, search) in searches.iter().enumerate().filter(|(_, search)| *search != ".") {
        let search = search.trim_end_matches('.');
        // A part may begin with an underscore here.
        let plain = search.replace('_', "a");
        errors.invalid_for(&at.index(index), search, names::subdomain_errors(&plain));
    }
    for (index, option) in options.iter().flatten().enumerate() {
        if option.name.as_deref().unwrap_or_default().is_empty() {
            errors.required(&path.child("options").index(index), "must not be empty");
        }
    }
}
