//! Parts that several panels share.

/// A chart of an autoscaler over time.
pub mod chart;
/// Small pictures.
pub mod icon;
/// What stands where there is nothing yet.
pub mod invite;
/// A link to an object.
pub mod link;
/// Sliders for a workload's load.
pub mod load;
/// How far a rollout has got.
pub mod rollout;
/// A row of tabs.
pub mod tabs;
/// Pods as tiles and cells.
pub mod tile;
/// YAML, coloured.
pub mod yaml;
