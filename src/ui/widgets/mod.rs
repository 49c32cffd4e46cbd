//! Parts that several panels share.

/// Small pictures.
pub mod icon;
/// A link to an object.
pub mod link;
/// A row of tabs.
pub mod tabs;
/// A Pod as a tile.
pub mod tile;
/// YAML, coloured.
pub mod yaml;
