//! What a write does to the managers of an object. Mirrors `structured-merge-diff/merge/update.go`
//! and the managers of `k8s.io/apimachinery/pkg/util/managedfields/internal`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time as Timestamp;
use serde_json::Value;

use super::element::Element;
use super::managers::{Managed, Manager, Managers};
use super::merge::{merge, remove, with_named};
use super::schema::Schema;
use super::set::FieldSet;
use super::walk::{self, Comparison};
use crate::base::order::Order as _;
use crate::base::small_map::SmallMap;
use crate::object::meta::LAST_APPLIED;

/// How many that update are told apart. Mirrors `DefaultMaxUpdateManagers`.
const UPDATERS_MAX: usize = 10;
/// What nobody manages. Mirrors `NewStripMetaManager`.
const STRIPPED: &[&[&str]] = &[
    &["apiVersion"],
    &["kind"],
    &["metadata"],
    &["metadata", "name"],
    &["metadata", "namespace"],
    &["metadata", "creationTimestamp"],
    &["metadata", "selfLink"],
    &["metadata", "uid"],
    &["metadata", "clusterName"],
    &["metadata", "generation"],
    &["metadata", "managedFields"],
    &["metadata", "resourceVersion"],
];

/// A write, and what it is about.
pub struct Write<'a> {
    /// What is known of the object's fields.
    pub schema: &'a Schema,
    /// `apps/v1`: the version in which the objects are given.
    pub version: &'a str,
    /// Puts an object of that version into another one; `None` where there is no such version.
    pub convert: &'a dyn Fn(&Value, &str) -> Option<Value>,
    /// The fields that this way of writing does not change whatever is said.
    pub reset: FieldSet,
    /// Who writes.
    pub name: &'a str,
    /// Through which subresource.
    pub subresource: &'a str,
    /// When.
    pub now: Timestamp,
}

/// A field that somebody else manages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Who.
    pub manager: Manager,
    /// `.spec.replicas`.
    pub path: String,
    steps: Vec<Element>,
}

/// Why something cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It does not fit the schema.
    Misfit(String),
    /// Others manage what it changes.
    Conflicts(Vec<Conflict>),
}

impl Write<'_> {
    fn manager(&self, applies: bool) -> Manager {
        let version = if applies { "" } else { self.version };
        Manager {
            name: if self.name.is_empty() { "unknown" } else { self.name }.to_owned(),
            applies,
            version: version.to_owned(),
            subresource: self.subresource.to_owned(),
        }
    }

    /// The managers after an update from `old` to `new`.
    pub fn update(&self, managers: &Managers, old: &Value, new: &Value) -> Managers {
        let mut managers = managers.clone();
        // Nobody is called like this: the entry of this very manager is one of the others.
        let Ok(compared) = self.take(&mut managers, None, old, new, true) else { return managers };
        let own = compared.brought().recursive_difference(&self.reset);
        let own = own.difference(&FieldSet::of(STRIPPED));
        if !own.is_empty() {
            let manager = self.manager(false);
            let before = managers.0.remove(&manager);
            let set = before.map_or_else(|| own.clone(), |before| own.union(&before.set));
            let (version, time) = (self.version.to_owned(), Some(self.now.clone()));
            managers.0.insert(manager, Managed { set, version, time });
        }
        cap(&mut managers);
        managers
    }

    /// What `live` becomes when `applied` is applied to it (nothing, if it stays what it is), and
    /// the managers then.
    ///
    /// # Errors
    /// [`Refusal`], with every reason at once.
    pub fn apply(
        &self,
        managers: &Managers,
        live: &Value,
        applied: &Value,
        force: bool,
    ) -> Result<(Option<Value>, Managers), Refusal> {
        let errors = walk::validate(self.schema, &self.schema.root, applied);
        match errors.as_slice() {
            [] => {}
            [one] => return Err(Refusal::Misfit(one.clone())),
            many => {
                return Err(Refusal::Misfit(format!("errors:\n  {}", many.join("\n  "))));
            }
        }
        let before = Managers::default();
        let first = managers.0.is_empty() && !walk::is_empty(Some(live));
        let managers = if first {
            let (reset, now) = (self.reset.clone(), self.now.clone());
            let write = Write { name: "before-first-apply", reset, now, ..*self };
            write.update(&before, &Value::Object(serde_json::Map::new()), live)
        } else {
            managers.clone()
        };
        match self.applied(managers.clone(), live, applied, force) {
            Err(Refusal::Conflicts(conflicts)) if self.name == "kubectl" => {
                // What kubectl applied from its own side is kubectl's.
                let Some(own) = self.applied_by_client(live) else {
                    return Err(Refusal::Conflicts(conflicts));
                };
                let others: Vec<_> =
                    conflicts.into_iter().filter(|found| !own.has(&found.steps)).collect();
                if !others.is_empty() {
                    return Err(Refusal::Conflicts(others));
                }
                self.applied(managers, live, applied, true)
            }
            outcome => outcome,
        }
    }

    fn applied(
        &self,
        mut managers: Managers,
        live: &Value,
        applied: &Value,
        force: bool,
    ) -> Result<(Option<Value>, Managers), Refusal> {
        let (schema, root) = (self.schema, &self.schema.root);
        let merged = merge(schema, root, Some(live), Some(applied)).unwrap_or_default();
        let own = walk::fields(schema, root, applied).recursive_difference(&self.reset);
        let manager = self.manager(true);
        let version = self.version.to_owned();
        let last = managers.0.remove(&manager);
        let time = last.as_ref().and_then(|last| last.time.clone());
        managers.0.insert(manager.clone(), Managed { set: own, version, time });
        let merged = match &last {
            Some(last) if !last.set.is_empty() => self.pruned(&merged, &managers, last),
            _ => merged,
        };
        self.take(&mut managers, Some(&manager), live, &merged, force)
            .map_err(Refusal::Conflicts)?;
        if let Some(mut own) = managers.0.remove(&manager) {
            own.set = own.set.difference(&FieldSet::of(STRIPPED));
            let changes = merged != *live;
            if changes {
                own.time = Some(self.now.clone());
            }
            if !own.set.is_empty() {
                managers.0.insert(manager, own);
            }
        }
        Ok(((merged != *live).then_some(merged), managers))
    }

    /// Takes from the others what a change from `old` to `new` has changed.
    fn take(
        &self,
        managers: &mut Managers,
        except: Option<&Manager>,
        old: &Value,
        new: &Value,
        force: bool,
    ) -> Result<Comparison, Vec<Conflict>> {
        let compared = walk::compare(self.schema, old, new).excluding(&self.reset);
        let mut by_version: SmallMap<String, Option<Comparison>> = SmallMap::new();
        let (mut conflicts, mut left) = (Vec::new(), SmallMap::new());
        for (manager, managed) in &managers.0 {
            if Some(manager) == except {
                left.insert(manager.clone(), managed.clone());
                continue;
            }
            let found = if managed.version == self.version {
                Some(&compared)
            } else {
                let convert = |value: &Value| (self.convert)(value, &managed.version);
                let compare = || {
                    let (old, new) = (convert(old)?, convert(new)?);
                    let compared = walk::compare(&Schema::deduced(), &old, &new);
                    Some(compared.excluding(&self.reset))
                };
                by_version.entry(managed.version.clone()).or_insert_with(compare).as_ref()
            };
            // A version that is no longer served takes its managers with it.
            let Some(found) = found else { continue };
            let taken = managed.set.intersection(&found.brought());
            conflicts.extend(taken.paths().into_iter().map(|steps| Conflict {
                manager: manager.clone(),
                path: steps.iter().map(ToString::to_string).collect(),
                steps,
            }));
            let set = managed.set.difference(&taken).difference(&found.removed);
            if !set.is_empty() {
                left.insert(manager.clone(), Managed { set, ..managed.clone() });
            }
        }
        if !force && !conflicts.is_empty() {
            return Err(conflicts);
        }
        managers.0 = left;
        Ok(compared)
    }

    /// Takes out what this manager applied the last time, does not any more, and nobody else
    /// manages. Mirrors `Updater.prune`.
    fn pruned(&self, merged: &Value, managers: &Managers, last: &Managed) -> Value {
        let (schema, root) = (self.schema, &self.schema.root);
        if last.version != self.version {
            return merged.clone();
        }
        let named = |set: &FieldSet| with_named(schema, root, set);
        let of = |value: &Value| named(&walk::fields(schema, root, value));
        let all = of(merged);
        let managed = managers
            .0
            .values()
            .filter(|managed| managed.version == self.version)
            .fold(FieldSet::default(), |all, managed| all.union(&managed.set));
        let last = named(&last.set);
        let pruned = remove(schema, root, merged, &last);
        let kept = of(&pruned).union(&named(&managed));
        let pruned = remove(schema, root, merged, &all.difference(&kept));
        let gone = all.difference(&of(&pruned)).intersection(&last);
        remove(schema, root, merged, &gone)
    }

    /// What the annotation of client-side apply says and is still so.
    /// Mirrors `allowedConflictsFromLastApplied`.
    fn applied_by_client(&self, live: &Value) -> Option<FieldSet> {
        let text = live["metadata"]["annotations"][LAST_APPLIED].as_str()?;
        let last: Value = serde_json::from_str(text).ok()?;
        let compared = walk::compare(self.schema, &last, live);
        let own = walk::fields(self.schema, &self.schema.root, &last);
        Some(own.difference(&compared.brought()).difference(&compared.removed))
    }
}

/// Throws the eldest of too many that update together. Mirrors `capUpdateManagers`.
fn cap(managers: &mut Managers) {
    let seconds = |managed: &Managed| managed.time.as_ref().map_or(0, |time| time.0.as_second());
    let mut updaters: Vec<(i64, Manager)> = managers
        .0
        .iter()
        .filter(|(manager, _)| !manager.applies)
        .map(|(manager, managed)| (seconds(managed), manager.clone()))
        .collect();
    let mut count = updaters.len();
    updaters.order();
    let mut firsts: SmallMap<String, Manager> = SmallMap::new();
    for (_, manager) in updaters {
        if count <= UPDATERS_MAX {
            return;
        }
        let version = manager.version.clone();
        let Some(first) = firsts.get(&version) else {
            firsts.insert(version, manager);
            continue;
        };
        let bucket = Manager {
            name: "ancient-changes".to_owned(),
            version: version.clone(),
            ..Manager::default()
        };
        let older = managers.0.remove(&bucket).or_else(|| managers.0.remove(first));
        let Some(mut merged) = managers.0.remove(&manager) else { continue };
        if let Some(older) = older {
            merged.set = merged.set.union(&older.set);
        }
        managers.0.insert(bucket, merged);
        count -= 1;
    }
}
