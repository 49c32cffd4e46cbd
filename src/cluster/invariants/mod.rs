//! What must hold in every cluster at every moment, whatever the inputs: observers of the run.

mod capacity;
mod one_controller;
mod quota;
mod surge;
mod volume_pairs;

use super::Cluster;

/// A rule that every cluster keeps.
pub type Invariant = fn(&Cluster) -> Result<(), String>;

/// Every rule.
pub const INVARIANTS: &[Invariant] =
    &[capacity::check, one_controller::check, quota::check, surge::check, volume_pairs::check];

/// Checks every rule.
///
/// # Errors
/// The first rule that does not hold, and where.
pub fn check_invariants(cluster: &Cluster) -> Result<(), String> {
    INVARIANTS.iter().try_for_each(|invariant| invariant(cluster))
}
