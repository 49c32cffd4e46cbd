//! What a container is started with. Mirrors `generateContainerConfig` of
//! `pkg/kubelet/kuberuntime/kuberuntime_container.go`.

use std::rc::Rc;

use k8s_openapi::api::core::v1::{Container, PodSpec, SecurityContext};

use super::environment::{Source, lookup};
use super::expansion::expand;
use super::resize::{asked, cgroup_files, limits};
use super::sandbox::Sandbox;
use super::step::Step;
use super::volumes::Volumes;
use crate::machine::{ContainerSpec, User};

/// Whom a container's processes run as.
fn user(spec: &PodSpec, security: Option<&SecurityContext>) -> User {
    let of_pod = spec.security_context.as_ref();
    let uid = security.and_then(|own| own.run_as_user).or(of_pod.and_then(|of| of.run_as_user));
    let gid = security.and_then(|own| own.run_as_group).or(of_pod.and_then(|of| of.run_as_group));
    let further = of_pod.and_then(|of| of.supplemental_groups.clone()).unwrap_or_default();
    let volumes = of_pod.and_then(|of| of.fs_group);
    User {
        uid: uid.unwrap_or(0),
        gid: gid.unwrap_or(0),
        groups: volumes.into_iter().chain(further).collect(),
    }
}

/// The files that are laid over the image's.
fn files(sandbox: &Sandbox, container: &Container) -> Rc<[(Rc<str>, Rc<str>)]> {
    let security = container.security_context.as_ref();
    let is_bound = security.and_then(|own| own.allow_privilege_escalation) == Some(false);
    let resources = asked(container);
    if !is_bound && resources.is_none() {
        return sandbox.files.clone();
    }
    let status = ("/proc/self/status".into(), "NoNewPrivs:\t1\n".into());
    let own = resources.iter().flat_map(|resources| cgroup_files(resources));
    sandbox.files.iter().cloned().chain(own).chain(is_bound.then_some(status)).collect()
}

/// The description of a container for the machine.
///
/// # Errors
/// What its environment refers to and is not there.
pub fn container_spec(
    container: &Container,
    spec: &PodSpec,
    sandbox: &Sandbox,
    step: &Step<'_, '_>,
) -> Result<ContainerSpec, String> {
    let source = Source { cx: step.cx, pod: &step.pod, spec, node: step.node, sandbox };
    let env = source.variables(container)?;
    let volumes = Volumes { cx: step.cx, pod: &step.pod, node: step.node };
    let words = |list: &Option<Vec<String>>| -> Vec<String> {
        let words = list.iter().flatten();
        words.map(|word| expand(word, |name| lookup(&env, name))).collect()
    };
    let (cpu, memory) = limits(container.resources.as_ref());
    let security = container.security_context.as_ref();
    Ok(ContainerSpec {
        image: container.image.clone().unwrap_or_default(),
        command: words(&container.command),
        args: words(&container.args),
        mounts: volumes.mounts(container, &env)?,
        env,
        working_dir: container.working_dir.clone().unwrap_or_default(),
        files: files(sandbox, container),
        user: user(spec, security),
        read_only_root: security.is_some_and(|s| s.read_only_root_filesystem == Some(true)),
        cpu_limit_milli: cpu,
        memory_limit_bytes: memory,
        hostname: sandbox.hostname.to_string(),
        address: sandbox.address.to_string(),
        stdin: container.stdin == Some(true),
        tty: container.tty == Some(true),
    })
}
