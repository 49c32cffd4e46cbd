//! Has a controller's cache caught up with the controller's own writes?
//!
//! Does the job of `pkg/controller.ControllerExpectations`. The cache knows up to which revision
//! it has been fed, so instead of counting awaited creations and deletions it is enough to
//! remember the revision of the last write: an expectation can neither leak nor time out.

use super::Cache;
use crate::base::shared_map::SharedMap;
use crate::object::{Key, Object};

/// For each key, the revision its dependents must have reached in the cache
/// before it is safe to count them.
#[derive(Clone, Debug, Default)]
pub struct Expectations(SharedMap<Key, u64>);

impl Expectations {
    /// Waits until the cache has seen `written`, a dependent of `key`.
    pub fn expect(&mut self, key: &Key, written: &Object) {
        let awaited = self.0.get_or_default(key.clone());
        *awaited = (*awaited).max(written.revision());
    }

    /// Whether the cache has seen all that was written for `key`.
    pub fn met(&mut self, key: &Key, cache: &Cache) -> bool {
        let met = self.0.get(key).is_none_or(|awaited| *awaited <= cache.revision());
        if met {
            self.0.remove(key);
        }
        met
    }

    /// Forgets a key whose object is gone.
    pub fn forget(&mut self, key: &Key) {
        self.0.remove(key);
    }
}
