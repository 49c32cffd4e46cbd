//! A pod's status, told from its containers. Mirrors `generateAPIPodStatus` of
//! `pkg/kubelet/kubelet_pods.go` and `pkg/kubelet/status/generate.go`.

use k8s_openapi::api::core::v1::{
    ContainerState, ContainerStateRunning, ContainerStateTerminated, ContainerStateWaiting,
    ContainerStatus, HostIP, Pod, PodCondition, PodIP, PodStatus,
};

use super::admit::Rejection;
use super::container::{Container, Ended, State};
use super::pod::{Phase, PodWorker};
use super::resize::{IN_PROGRESS, PENDING};
use crate::object::meta;
use crate::sim::Time;

impl PodWorker {
    /// The status to report, given the pod's stored version.
    pub(super) fn status(&self, pod: &Pod, host: &str, now: Time) -> PodStatus {
        let mut status = pod.status.clone().unwrap_or_default();
        status.phase = Some(self.phase.word().to_owned());
        if let Some(Rejection { reason, message }) = &self.rejection {
            status.reason = Some((*reason).to_owned());
            status.message = Some(format!("Pod was rejected: {message}"));
            return status;
        }
        status.observed_generation = pod.metadata.generation;
        status.host_ip = Some(host.to_owned());
        status.host_ips = Some(vec![HostIP { ip: host.to_owned() }]);
        status.start_time = self.started.map(meta::timestamp);
        if let Some(sandbox) = &self.sandbox {
            let ip = sandbox.address.to_string();
            status.pod_ip = Some(ip.clone());
            status.pod_ips = Some(vec![PodIP { ip }]);
        }
        if let Some((reason, message)) = &self.failure {
            status.reason = Some((*reason).to_owned());
            status.message = Some(message.clone());
        }
        let statuses = |of_list: fn(&Container) -> bool| {
            let own = self.containers.iter().filter(|container| of_list(container));
            let mut list: Vec<ContainerStatus> = own.map(|c| container_status(c, pod)).collect();
            list.shrink_to_fit();
            Some(list).filter(|list| !list.is_empty())
        };
        status.init_container_statuses = statuses(|container| container.init);
        status.container_statuses = statuses(Container::is_main);
        status.ephemeral_container_statuses = statuses(|container| container.ephemeral);
        self.set_conditions(&mut status, pod, now);
        status
    }

    fn set_conditions(&self, status: &mut PodStatus, pod: &Pod, now: Time) {
        let generation = pod.metadata.generation;
        let [sandbox, initialized] = [self.sandbox_condition(), self.initialized_condition()];
        let containers = self.containers_ready_condition();
        let ready = match containers.0 {
            true => readiness_gates(pod, status).unwrap_or_else(|| containers.clone()),
            false => containers.clone(),
        };
        let own = [
            ("PodReadyToStartContainers", sandbox),
            ("Initialized", initialized),
            ("Ready", ready),
            ("ContainersReady", containers),
        ];
        let known = status.conditions.take().unwrap_or_default();
        let mut conditions: Vec<PodCondition> = Vec::with_capacity(known.len() + own.len());
        for (kind, (holds, reason, message)) in own {
            let value = if holds { "True" } else { "False" };
            let old = known.iter().find(|c| c.type_ == kind && c.status == value);
            let since = old.and_then(|c| c.last_transition_time.clone());
            conditions.push(PodCondition {
                type_: kind.to_owned(),
                status: value.to_owned(),
                observed_generation: generation,
                last_transition_time: Some(since.unwrap_or_else(|| meta::timestamp(now))),
                reason: Some(reason.to_owned()).filter(|text| !text.is_empty()),
                message: Some(message).filter(|text| !text.is_empty()),
                ..PodCondition::default()
            });
        }
        conditions.extend(self.resize_conditions(pod, now));
        let foreign = known.into_iter().filter(|c| own_condition(&c.type_).is_none());
        conditions.extend(foreign.map(|mut condition| {
            if condition.type_ == "PodScheduled" {
                condition.observed_generation = generation;
            }
            condition
        }));
        status.conditions = Some(conditions);
    }

    fn sandbox_condition(&self) -> Condition {
        (self.sandbox.is_some() && !self.phase.is_final(), "", String::new())
    }

    fn initialized_condition(&self) -> Condition {
        if self.phase == Phase::Succeeded {
            return (true, "PodCompleted", String::new());
        }
        let undone = |c: &&Container| {
            let done = c.ended().is_some_and(|ended| ended.code == 0);
            c.init && !done && !(c.sidecar && c.is_running() && c.probes.started)
        };
        let names: Vec<&str> =
            self.containers.iter().filter(undone).map(|c| c.name.as_str()).collect();
        match names.is_empty() {
            true => (true, "", String::new()),
            false => {
                let text = format!("containers with incomplete status: [{}]", names.join(" "));
                (false, "ContainersNotInitialized", text)
            }
        }
    }

    fn containers_ready_condition(&self) -> Condition {
        match self.phase {
            Phase::Succeeded => return (false, "PodCompleted", String::new()),
            Phase::Failed => return (false, "PodFailed", String::new()),
            Phase::Pending | Phase::Running => {}
        }
        let unready = |c: &&Container| (c.is_main() || c.sidecar) && !c.is_ready();
        let names: Vec<&str> =
            self.containers.iter().filter(unready).map(|c| c.name.as_str()).collect();
        match names.is_empty() {
            true => (true, "", String::new()),
            false => {
                let text = format!("containers with unready status: [{}]", names.join(" "));
                (false, "ContainersNotReady", text)
            }
        }
    }
}

/// Whether it holds, the reason, the message.
type Condition = (bool, &'static str, String);

fn own_condition(kind: &str) -> Option<()> {
    let own = [
        "PodReadyToStartContainers",
        "Initialized",
        "Ready",
        "ContainersReady",
        PENDING,
        IN_PROGRESS,
    ];
    own.contains(&kind).then_some(())
}

/// What keeps a pod with ready containers from being ready. Mirrors `GeneratePodReadyCondition`.
fn readiness_gates(pod: &Pod, status: &PodStatus) -> Option<Condition> {
    let gates = pod.spec.as_ref()?.readiness_gates.as_deref()?;
    let known = status.conditions.as_deref().unwrap_or_default();
    let texts: Vec<String> = gates
        .iter()
        .filter_map(|gate| {
            let kind = &gate.condition_type;
            match known.iter().find(|condition| condition.type_ == *kind) {
                None => Some(format!(
                    "corresponding condition of pod readiness gate \"{kind}\" does not exist."
                )),
                Some(condition) if condition.status != "True" => Some(format!(
                    "the status of pod readiness gate \"{kind}\" is not \"True\", but {}",
                    condition.status
                )),
                Some(_) => None,
            }
        })
        .collect();
    (!texts.is_empty()).then(|| (false, "ReadinessGatesNotReady", texts.join(", ")))
}

fn container_status(container: &Container, pod: &Pod) -> ContainerStatus {
    let image = container.spec(pod).and_then(|spec| spec.image.clone()).unwrap_or_default();
    let done = container.ended().is_some_and(|ended| ended.code == 0);
    let finished_init = container.init && !container.sidecar && done;
    let lasting = container.is_main() || container.sidecar;
    let image_id =
        if container.id.is_some() { format!("sha256:{}", digest(&image)) } else { String::new() };
    ContainerStatus {
        name: container.name.clone(),
        image,
        image_id,
        container_id: container.id.clone(),
        ready: finished_init || lasting && container.is_ready(),
        started: (!container.ephemeral).then(|| container.is_running() && container.probes.started),
        restart_count: container.restarts,
        allocated_resources: container.applied.as_ref().and_then(|own| own.requests.clone()),
        resources: container.applied.as_deref().cloned(),
        state: Some(state(&container.state)),
        last_state: Some(container.last.as_ref().map(terminated).unwrap_or_default()),
        ..ContainerStatus::default()
    }
}

fn state(state: &State) -> ContainerState {
    match state {
        State::Waiting { reason, message } => ContainerState {
            waiting: Some(ContainerStateWaiting {
                reason: Some((*reason).to_owned()),
                message: Some(message.clone()).filter(|text| !text.is_empty()),
            }),
            ..ContainerState::default()
        },
        State::Starting { reason, .. } => ContainerState {
            waiting: Some(ContainerStateWaiting {
                reason: Some((*reason).to_owned()),
                message: None,
            }),
            ..ContainerState::default()
        },
        State::Running { since } => ContainerState {
            running: Some(ContainerStateRunning { started_at: Some(meta::timestamp(*since)) }),
            ..ContainerState::default()
        },
        State::Ended(ended) => terminated(ended),
    }
}

fn terminated(ended: &Ended) -> ContainerState {
    ContainerState {
        terminated: Some(ContainerStateTerminated {
            exit_code: ended.code,
            reason: Some(ended.reason.to_owned()),
            message: ended.message.clone(),
            started_at: Some(meta::timestamp(ended.started.unwrap_or_default())),
            finished_at: Some(meta::timestamp(ended.finished)),
            container_id: Some(ended.id.clone()),
            ..ContainerStateTerminated::default()
        }),
        ..ContainerState::default()
    }
}

/// The id of a container's instance: the same in every run.
pub fn container_id(uid: &str, name: &str, restarts: i32) -> String {
    format!("containerd://{}", digest(&format!("{uid}/{name}/{restarts}")))
}

/// 64 hexadecimal digits that stand for `text`.
fn digest(text: &str) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    let mut rng = crate::sim::Rng::from_seed(hash);
    (0..4).map(|_| format!("{:016x}", rng.next_u64())).collect()
}
