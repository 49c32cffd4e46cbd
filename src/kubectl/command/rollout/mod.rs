//! `kubectl rollout …`. Mirrors `k8s.io/kubectl/pkg/cmd/rollout`.

mod change;
mod history;
mod revisions;
mod status;
mod undo;

pub use change::{Pause, Restart, Resume};
pub use history::History;
pub use status::Status;
pub use undo::Undo;

use super::{FILENAME, KUSTOMIZE, PRINT, RECURSIVE, SELECTOR};
use crate::kubectl::resource::{self, Asked};
use crate::kubectl::{Args, Failure, Flag, Io};
use crate::object::Object;

/// The flags that all of them know.
const FLAGS: &[Flag] = &[FILENAME, KUSTOMIZE, RECURSIVE, SELECTOR];

/// Checks that something was named.
fn check(args: &Args) -> Result<(), Failure> {
    if args.positional.is_empty() && !args.reads_files() {
        return Err(Failure::error("required resource not specified"));
    }
    Ok(())
}

/// The objects that were named, each read.
fn targets(args: &Args, io: &mut Io<'_>) -> Result<Vec<(Asked, Object)>, Failure> {
    let keys = resource::keys_or_all(args, io)?;
    keys.into_iter()
        .map(|(asked, namespace, name)| {
            Ok((asked, resource::fetch(io, &asked, &namespace, &name)?))
        })
        .collect()
}

/// `deployments.apps "web"`: how errors name an object.
fn quoted(asked: &Asked, object: &Object) -> String {
    format!("{} \"{}\"", asked.names().resource(), object.name())
}
