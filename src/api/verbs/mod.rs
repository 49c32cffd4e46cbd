//! The verbs, a file each.

mod create;
mod delete;
mod get;
mod list;
mod patch;
mod update;
mod watch;

pub(super) use patch::patched;
pub(super) use update::Part;
