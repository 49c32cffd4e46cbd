//! The verbs, a file each.

mod create;
mod delete;
mod get;
mod list;
mod update;

pub(super) use update::Part;
