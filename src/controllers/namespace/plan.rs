//! How far the deletion of a namespace's content has come.
//! Mirrors `pkg/controller/namespace/deletion`.

use k8s_openapi::api::core::v1::{NamespaceCondition, NamespaceStatus};

use crate::base::small_map::SmallMap;
use crate::object::meta;
use crate::sim::{Explain, Fact, Time};

/// What is left in a namespace after its content was asked to go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// How many objects there are, by `resource.group`.
    pub remaining: SmallMap<String, usize>,
    /// On how many of them each finalizer is.
    pub finalizers: SmallMap<String, usize>,
    /// Why some content could not be deleted.
    pub failures: Vec<String>,
    /// The groups and versions of which nobody knows what they hold.
    pub stale: Vec<String>,
}

/// A condition: its type, the reason and message if something is wrong, and those if all is well.
type Row<'a> = (&'a str, Option<(&'a str, String)>, &'a str, &'a str);

impl Plan {
    /// Whether the namespace itself may go.
    pub fn is_empty(&self) -> bool {
        self.remaining.is_empty() && self.failures.is_empty() && self.stale.is_empty()
    }

    /// Mirrors `ErrGroupDiscoveryFailed`.
    fn discovery(&self) -> String {
        let stale =
            |version: &String| format!("{version}: stale GroupVersion discovery: {version}");
        let groups: Vec<String> = self.stale.iter().map(stale).collect();
        format!(
            "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of \
             server APIs: {}",
            groups.join(", ")
        )
    }

    /// Brings the conditions up to date. Mirrors `namespaceConditionUpdater`.
    pub fn set_conditions(&self, status: &mut NamespaceStatus, now: Time) {
        let instances = |counts: &SmallMap<String, usize>, verb: &str| {
            let texts =
                counts.iter().map(|(what, n)| format!("{what} {verb} {n} resource instances"));
            texts.collect::<Vec<_>>().join(", ")
        };
        let remaining =
            format!("Some resources are remaining: {}", instances(&self.remaining, "has"));
        let holding = format!(
            "Some content in the namespace has finalizers remaining: {}",
            instances(&self.finalizers, "in")
        );
        let failures = format!(
            "Failed to delete all resource types, {} remaining: {}",
            self.failures.len(),
            self.failures.join(", ")
        );
        let rows: [Row<'_>; 5] = [
            (
                "NamespaceDeletionDiscoveryFailure",
                (!self.stale.is_empty()).then(|| ("DiscoveryFailed", self.discovery())),
                "ResourcesDiscovered",
                "All resources successfully discovered",
            ),
            (
                "NamespaceDeletionGroupVersionParsingFailure",
                None,
                "ParsedGroupVersions",
                "All legacy kube types successfully parsed",
            ),
            (
                "NamespaceDeletionContentFailure",
                (!self.failures.is_empty()).then_some(("ContentDeletionFailed", failures)),
                "ContentDeleted",
                "All content successfully deleted, may be waiting on finalization",
            ),
            (
                "NamespaceContentRemaining",
                (!self.remaining.is_empty()).then_some(("SomeResourcesRemain", remaining)),
                "ContentRemoved",
                "All content successfully removed",
            ),
            (
                "NamespaceFinalizersRemaining",
                (!self.finalizers.is_empty()).then_some(("SomeFinalizersRemain", holding)),
                "ContentHasNoFinalizers",
                "All content-preserving finalizers finished",
            ),
        ];
        for (kind, trouble, reason, message) in rows {
            let (truth, reason, message) = match trouble {
                Some((reason, message)) => ("True", reason, message),
                None => ("False", reason, message.to_owned()),
            };
            set(status, kind, truth, reason, message, now);
        }
    }
}

fn set(
    status: &mut NamespaceStatus,
    kind: &str,
    truth: &str,
    reason: &str,
    message: String,
    now: Time,
) {
    let mut condition = NamespaceCondition {
        type_: kind.to_owned(),
        status: truth.to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message),
        last_transition_time: Some(meta::timestamp(now)),
    };
    let conditions = status.conditions.get_or_insert_default();
    match conditions.iter_mut().find(|known| known.type_ == kind) {
        Some(known) => {
            if known.status == condition.status {
                condition.last_transition_time.clone_from(&known.last_transition_time);
            }
            *known = condition;
        }
        None => conditions.push(condition),
    }
}

impl Explain for Plan {
    fn summary(&self) -> String {
        match self.remaining.values().sum::<usize>() {
            0 => "the namespace is empty".to_owned(),
            count => format!("{count} objects remain"),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        let text = |counts: &SmallMap<String, usize>| {
            let texts = counts.iter().map(|(what, count)| format!("{what} {count}"));
            texts.collect::<Vec<_>>().join(", ")
        };
        vec![
            Fact { name: "remaining", value: text(&self.remaining) },
            Fact { name: "finalizers", value: text(&self.finalizers) },
        ]
    }
}
