//! What all kinds with pods in them share: the defaults and rules of `PodSpec` and
//! `PodTemplateSpec`.

/// The defaults of pod specs.
pub mod defaults;
/// The rules of pod specs.
pub mod validate;
/// The defaults of volumes.
pub mod volume_defaults;
