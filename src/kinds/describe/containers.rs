//! The containers of a pod or of a pod template. Mirrors `describe.describeContainers`.

use k8s_openapi::api::core::v1::{Container, ContainerPort, ContainerStatus, Pod};

use super::{Lines, NONE, env, probe, state};
use crate::base::order::Order as _;

/// Where containers stand.
#[derive(Clone, Copy)]
pub enum Place<'a> {
    /// In a template: nothing is known of their state.
    Template,
    /// In a pod, with the statuses of these containers.
    Pod(&'a Pod, &'a [ContainerStatus]),
}

/// Adds a block of containers under its title.
pub fn write(out: &mut Lines, title: &str, all: &[Container], place: Place<'_>) {
    let (level, indent) = match place {
        Place::Template => (1, " "),
        Place::Pod(..) => (0, ""),
    };
    let none = if all.is_empty() { " <none>" } else { "" };
    out.line(level, format!("{title}:{none}"));
    for container in all {
        let status = match place {
            Place::Template => None,
            Place::Pod(_, statuses) => statuses.iter().find(|s| s.name == container.name),
        };
        out.line(1, format!("{indent}{}:", container.name));
        basics(out, container, status);
        words(out, "Command", container.command.as_ref());
        words(out, "Args", container.args.as_ref());
        if let Some(status) = status {
            state::write(out, status);
        }
        resources(out, container);
        for (title, probe) in [
            ("Liveness", &container.liveness_probe),
            ("Readiness", &container.readiness_probe),
            ("Startup", &container.startup_probe),
        ] {
            if let Some(probe) = probe {
                out.field(2, title, probe::text(probe));
            }
        }
        let pod = match place {
            Place::Template => None,
            Place::Pod(pod, _) => Some(pod),
        };
        env::write(out, container, pod);
        mounts(out, container);
    }
}

fn basics(out: &mut Lines, container: &Container, status: Option<&ContainerStatus>) {
    if let Some(status) = status {
        out.field(2, "Container ID", status.container_id.as_deref().unwrap_or_default());
    }
    out.field(2, "Image", container.image.as_deref().unwrap_or_default());
    if let Some(status) = status {
        out.field(2, "Image ID", &status.image_id);
    }
    let list = container.ports.as_deref().unwrap_or_default();
    ports(out, "Port", list, |port| port.container_port);
    ports(out, "Host Port", list, |port| port.host_port.unwrap_or(0));
    let seccomp = container.security_context.as_ref().and_then(|c| c.seccomp_profile.as_ref());
    if let Some(profile) = seccomp {
        out.field(2, "SeccompProfile", &profile.type_);
        if profile.type_ == "Localhost" {
            let path = profile.localhost_profile.as_deref().unwrap_or_default();
            out.field(3, "LocalhostProfile", path);
        }
    }
}

fn ports(
    out: &mut Lines,
    title: &str,
    all: &[ContainerPort],
    number: impl Fn(&ContainerPort) -> i32,
) {
    let text = |port: &ContainerPort| {
        let name = port.name.as_ref().filter(|name| !name.is_empty());
        let name = name.map(|name| format!(" ({name})")).unwrap_or_default();
        format!("{}/{}{name}", number(port), port.protocol.as_deref().unwrap_or_default())
    };
    match all {
        [] => out.field(2, title, NONE),
        [one] => out.field(2, title, text(one)),
        many => {
            let texts: Vec<_> = many.iter().map(text).collect();
            out.field(2, &format!("{title}s"), texts.join(", "));
        }
    }
}

fn words(out: &mut Lines, title: &str, all: Option<&Vec<String>>) {
    let Some(all) = all.filter(|all| !all.is_empty()) else { return };
    out.line(2, format!("{title}:"));
    for line in all.iter().flat_map(|word| word.split('\n')) {
        out.line(3, line);
    }
}

fn resources(out: &mut Lines, container: &Container) {
    let Some(resources) = &container.resources else { return };
    for (title, amounts) in [("Limits", &resources.limits), ("Requests", &resources.requests)] {
        let Some(amounts) = amounts.as_ref().filter(|amounts| !amounts.is_empty()) else {
            continue;
        };
        out.line(2, format!("{title}:"));
        for (name, amount) in amounts {
            out.field(3, name, &amount.0);
        }
    }
}

fn mounts(out: &mut Lines, container: &Container) {
    let mut mounts: Vec<_> = container.volume_mounts.iter().flatten().collect();
    mounts.order_by_key(|mount| mount.mount_path.as_str());
    let none = if mounts.is_empty() { "\t<none>" } else { "" };
    out.line(2, format!("Mounts:{none}"));
    for mount in mounts {
        let mode = if mount.read_only == Some(true) { "ro" } else { "rw" };
        let path = mount.sub_path.as_ref().filter(|path| !path.is_empty());
        let path = path.map(|path| format!(",path=\"{path}\"")).unwrap_or_default();
        out.line(3, format!("{} from {} ({mode}{path})", mount.mount_path, mount.name));
    }
    let mut devices: Vec<_> = container.volume_devices.iter().flatten().collect();
    devices.order_by_key(|device| device.device_path.as_str());
    if !devices.is_empty() {
        out.line(2, format!("Devices:{none}"));
    }
    for device in devices {
        out.line(3, format!("{} from {}", device.device_path, device.name));
    }
}
