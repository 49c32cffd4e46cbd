//! What the page draws: one immutable snapshot of the cluster, in the page's own words.

use std::rc::Rc;

use super::items::Items;
use crate::base::small_map::SmallMap;
use crate::sim::Time;

/// Which object: enough to select it, to link to it and to name it to kubectl.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Ref {
    /// Its kind, as in a manifest: `Pod`.
    pub kind: Rc<str>,
    /// Its namespace; empty for kinds that have none.
    pub namespace: Rc<str>,
    /// Its name.
    pub name: Rc<str>,
}

impl Ref {
    /// The reference to `namespace/name` of `kind`.
    pub fn new(kind: &str, namespace: &str, name: &str) -> Self {
        Self { kind: kind.into(), namespace: namespace.into(), name: name.into() }
    }

    /// The arguments that make kubectl talk about this object: `pod/web -n team`.
    pub fn kubectl(&self) -> String {
        let kind = self.kind.to_ascii_lowercase();
        match &*self.namespace {
            "" | "default" => format!("{kind}/{}", self.name),
            namespace => format!("{kind}/{} -n {namespace}", self.name),
        }
    }
}

/// How a state should be read at a glance. Never the only signal: a word and an icon go with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Tone {
    /// As wished.
    Good,
    /// On its way.
    Waiting,
    /// Going away.
    Leaving,
    /// Finished, and well.
    Done,
    /// In trouble.
    Bad,
    /// Nothing is known.
    Unknown,
}

/// One object, as far as the page draws it.
#[derive(Debug)]
pub struct Item {
    /// Which object.
    pub reference: Ref,
    /// Its identity over time.
    pub uid: Rc<str>,
    /// Its version; another version is another `Item`.
    pub version: String,
    /// The UID of the controller that owns it.
    pub owner: Option<Rc<str>>,
    /// When it was created.
    pub created: Option<Time>,
    /// When its grace ends, if it is being deleted.
    pub leaving: Option<Time>,
    /// Its labels, as `key=value`.
    pub labels: Vec<String>,
    /// What its kind adds.
    pub facts: Facts,
}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

/// What a kind adds to an [`Item`].
#[derive(Debug)]
pub enum Facts {
    /// A Pod.
    Pod(PodFacts),
    /// A Node.
    Node(NodeFacts),
    /// Something that owns Pods, directly or not.
    Workload(WorkloadFacts),
    /// A PersistentVolumeClaim.
    Claim(ClaimFacts),
    /// A PersistentVolume.
    Volume(VolumeFacts),
    /// A HorizontalPodAutoscaler.
    Autoscaler(AutoscalerFacts),
    /// An Event.
    Event(EventFacts),
    /// Anything else.
    Other,
}

/// A Pod, as `kubectl get pods` would word it.
#[derive(Debug)]
pub struct PodFacts {
    /// The STATUS column.
    pub status: String,
    /// How to colour it.
    pub tone: Tone,
    /// The node it is bound to.
    pub node: Option<String>,
    /// Its address.
    pub ip: Option<String>,
    /// Containers that are ready, and all.
    pub ready: (u32, u32),
    /// Restarts of all containers.
    pub restarts: u32,
    /// Requested CPU in thousandths of a core.
    pub cpu: u64,
    /// Requested memory in bytes.
    pub memory: u64,
    /// Its images.
    pub images: Vec<String>,
    /// The claims it mounts.
    pub claims: Vec<String>,
}

/// A Node.
#[derive(Debug)]
pub struct NodeFacts {
    /// Its roles, or `<none>`.
    pub roles: String,
    /// The STATUS column: `Ready`, `NotReady`, with `,SchedulingDisabled`.
    pub status: String,
    /// How to colour it.
    pub tone: Tone,
    /// Its taints, as `key=value:Effect`.
    pub taints: Vec<String>,
    /// Allocatable CPU in thousandths of a core.
    pub cpu: u64,
    /// Allocatable memory in bytes.
    pub memory: u64,
    /// How many Pods it takes.
    pub pods: u64,
}

/// A Deployment, ReplicaSet, StatefulSet, DaemonSet, Job, CronJob or ReplicationController.
#[derive(Debug, Default)]
pub struct WorkloadFacts {
    /// Pods wished for.
    pub desired: u32,
    /// Pods there are.
    pub current: u32,
    /// Pods that are ready.
    pub ready: u32,
    /// Pods that have been ready for long enough.
    pub available: u32,
    /// Pods of the newest revision.
    pub updated: u32,
    /// Pods a rollout may add beyond the desired number; only Deployments have one.
    pub surge: u32,
    /// Pods a rollout may miss; only Deployments have one.
    pub missing: u32,
    /// `deployment.kubernetes.io/revision`.
    pub revision: Option<String>,
    /// The images of the template.
    pub images: Vec<String>,
    /// Whether it rolls out by replacement, and which way.
    pub strategy: Option<String>,
    /// Whether its rollout is paused or it is suspended.
    pub paused: bool,
}

/// A PersistentVolumeClaim.
#[derive(Debug)]
pub struct ClaimFacts {
    /// `Pending`, `Bound`, `Lost`.
    pub phase: String,
    /// The volume it is bound to.
    pub volume: Option<String>,
    /// The storage it asks for.
    pub request: String,
    /// Its access modes, short.
    pub modes: String,
    /// Its storage class.
    pub class: String,
}

/// A PersistentVolume.
#[derive(Debug)]
pub struct VolumeFacts {
    /// `Available`, `Bound`, `Released`, `Failed`.
    pub phase: String,
    /// The claim it is bound to, as (namespace, name).
    pub claim: Option<(String, String)>,
    /// Its size.
    pub capacity: String,
    /// Its access modes, short.
    pub modes: String,
    /// Its storage class.
    pub class: String,
    /// What happens when it is released.
    pub reclaim: String,
}

/// A HorizontalPodAutoscaler.
#[derive(Debug)]
pub struct AutoscalerFacts {
    /// What it scales.
    pub target: Ref,
    /// The fewest replicas.
    pub min: u32,
    /// The most replicas.
    pub max: u32,
    /// Replicas there are.
    pub current: u32,
    /// Replicas it wants.
    pub desired: u32,
    /// Its metrics.
    pub metrics: Vec<Metric>,
    /// Conditions that are false, or true and limiting: (type, reason, message).
    pub conditions: Vec<(String, String, String)>,
}

/// One metric of an autoscaler.
#[derive(Debug)]
pub struct Metric {
    /// `cpu`.
    pub name: String,
    /// The current value as kubectl prints it, `<unknown>` when there is none.
    pub current: String,
    /// The target as kubectl prints it.
    pub target: String,
    /// Current by target, in thousandths, when both are known.
    pub ratio: Option<u64>,
}

/// An Event.
#[derive(Debug)]
pub struct EventFacts {
    /// `Normal` or `Warning`.
    pub level: String,
    /// Its reason.
    pub reason: String,
    /// Its message.
    pub message: String,
    /// What it is about.
    pub about: Ref,
    /// How many times it happened.
    pub count: u32,
    /// When it happened last.
    pub last: Option<Time>,
    /// Who reported it.
    pub source: String,
}

/// What the Pods of a workload were told to use, all together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Load {
    /// CPU in thousandths of a core.
    pub cpu: Option<u32>,
    /// Memory of each Pod in MiB.
    pub memory: Option<u32>,
}

/// One sample of an autoscaler's replicas, for the chart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sample {
    /// When.
    pub at: Time,
    /// Replicas there were.
    pub current: u32,
    /// Replicas it wanted.
    pub desired: u32,
    /// The first metric by its target, in thousandths.
    pub usage: Option<u64>,
}

/// One snapshot. Equal only to itself: the page compares by pointer. Taking one is cheap: what did
/// not change is shared with the snapshot before.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// When it was taken.
    pub now: Time,
    /// How many were taken before.
    pub turn: u64,
    /// The cluster's revision then.
    pub revision: u64,
    /// Everything there is.
    pub items: Items,
    /// The replicas of each autoscaler over time.
    pub samples: SmallMap<Ref, Rc<Vec<Sample>>>,
    /// What each workload was told to use.
    pub load: SmallMap<Ref, Load>,
}

impl PartialEq for View {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

/// From this many objects on a cluster is large.
const LARGE: usize = 400;

impl View {
    /// In a large cluster, parts of the page are drawn anew in turn, one of so many at each
    /// snapshot: what one frame draws does not grow with the cluster.
    pub const TURNS: u64 = 8;

    /// Whether so much is there that not everything can be drawn anew in one frame.
    pub fn is_large(&self) -> bool {
        self.items.size() >= LARGE
    }

    /// Whether it is the turn of a part of the page, of which this is the number.
    pub fn has_turn(&self, part: u64) -> bool {
        !self.is_large() || (self.turn + part).is_multiple_of(Self::TURNS)
    }

    /// The epoch of a panel that draws itself whole: `epoch`, in a large cluster less often.
    pub fn paced(&self, epoch: impl FnOnce() -> u64) -> u64 {
        if self.is_large() { self.turn / Self::TURNS } else { epoch() }
    }

    /// Every object of `kind`, in order of namespace and name.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Rc<Item>> {
        self.items.of_kind(kind)
    }

    /// How many objects of `kind` there are.
    pub fn count(&self, kind: &str) -> usize {
        self.items.count(kind)
    }

    /// The object behind `reference`.
    pub fn get(&self, reference: &Ref) -> Option<&Rc<Item>> {
        self.items.get(reference)
    }

    /// What `item` controls, by kind and name.
    pub fn children(&self, item: &Item) -> Vec<Rc<Item>> {
        self.items.owned_by(&item.uid).cloned().collect()
    }

    /// The controller that owns `item`.
    pub fn owner(&self, item: &Item) -> Option<&Rc<Item>> {
        self.items.by_uid(item.owner.as_ref()?)
    }

    /// `item` and its owners, innermost first.
    pub fn chain(&self, item: &Rc<Item>) -> Vec<Rc<Item>> {
        let mut chain = vec![item.clone()];
        // Owner references can form a circle; a chain is never longer than this.
        while let Some(owner) = chain.last().and_then(|last| self.owner(last)).cloned()
            && chain.len() < 8
        {
            chain.push(owner);
        }
        chain
    }
}
