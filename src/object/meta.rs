//! Helpers on `ObjectMeta`: owners, finalizers, timestamps.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{
    MicroTime, ObjectMeta, OwnerReference, Time as Timestamp,
};
use k8s_openapi::jiff;

use super::Object;
use crate::sim::Time;

/// The annotation in which client-side apply keeps what it applied last.
/// Mirrors `v1.LastAppliedConfigAnnotation`.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The owner that manages the object, if any. Mirrors `metav1.GetControllerOf`.
pub fn controller_of(meta: &ObjectMeta) -> Option<&OwnerReference> {
    meta.owner_references.iter().flatten().find(|owner| owner.controller == Some(true))
}

/// Whether the object with `uid` manages the one with `meta`.
pub fn is_controlled_by(meta: &ObjectMeta, uid: &str) -> bool {
    controller_of(meta).is_some_and(|owner| owner.uid == uid)
}

/// A reference that makes `owner` the managing owner. Mirrors `metav1.NewControllerRef`.
pub fn controller_ref(owner: &Object) -> OwnerReference {
    OwnerReference {
        api_version: owner.api_version().to_owned(),
        kind: owner.kind().to_owned(),
        name: owner.name().to_owned(),
        uid: owner.uid().to_owned(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

/// Whether deletion has been asked for.
pub fn is_terminating(meta: &ObjectMeta) -> bool {
    meta.deletion_timestamp.is_some()
}

/// Whether `finalizer` is on the object.
pub fn has_finalizer(meta: &ObjectMeta, finalizer: &str) -> bool {
    meta.finalizers.iter().flatten().any(|f| f == finalizer)
}

/// An API timestamp, to the second.
pub fn timestamp(time: Time) -> Timestamp {
    let seconds = i64::try_from(time.seconds()).unwrap_or(i64::MAX);
    Timestamp(jiff::Timestamp::from_second(seconds).unwrap_or_default())
}

/// An API timestamp, to the microsecond.
pub fn micro_timestamp(time: Time) -> MicroTime {
    let micros = i64::try_from(time.micros()).unwrap_or(i64::MAX);
    MicroTime(jiff::Timestamp::from_microsecond(micros).unwrap_or_default())
}

/// A moment in RFC 3339; `None` for other text.
pub fn read_timestamp(text: &str) -> Option<Timestamp> {
    let is_complete = text.len() >= 20 && text.as_bytes().get(10) == Some(&b'T');
    text.parse().ok().filter(|_| is_complete).map(Timestamp)
}

/// The moment an API timestamp stands for; the epoch for anything before it.
pub fn moment(stamp: &Timestamp) -> Time {
    Time::from_micros(u64::try_from(stamp.0.as_microsecond()).unwrap_or(0))
}

/// When the object was created; the epoch while it is not stored.
pub fn created(meta: &ObjectMeta) -> Time {
    meta.creation_timestamp.as_ref().map(moment).unwrap_or_default()
}

/// The value of an annotation.
pub fn annotation<'a>(meta: &'a ObjectMeta, name: &str) -> Option<&'a str> {
    meta.annotations.as_ref()?.get(name).map(String::as_str)
}

/// The value of a label.
pub fn label<'a>(meta: &'a ObjectMeta, name: &str) -> Option<&'a str> {
    meta.labels.as_ref()?.get(name).map(String::as_str)
}
