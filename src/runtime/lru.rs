//! A cache that forgets what was used least recently. Mirrors `k8s.io/utils/lru`.

use crate::base::shared_map::SharedMap;
/// How many entries are kept. Mirrors `maxLruCacheEntries` of `client-go/tools/record`.
const ENTRIES_MAX: usize = 4096;

/// Values by the hash of their key.
#[derive(Clone, Debug)]
pub struct Lru<V> {
    entries: SharedMap<u64, (u64, V)>,
    /// The keys by their last use.
    uses: SharedMap<u64, u64>,
    tick: u64,
}

impl<V> Default for Lru<V> {
    fn default() -> Self {
        Self { entries: SharedMap::new(), uses: SharedMap::new(), tick: 0 }
    }
}

impl<V: Clone + Default> Lru<V> {
    /// The value of a key, a new one where there is none; the key counts as used now.
    pub fn touch(&mut self, key: u64) -> &mut V {
        self.tick += 1;
        if let Some((used, _)) = self.entries.get(&key) {
            self.uses.remove(used);
        } else if self.entries.len() == ENTRIES_MAX
            && let Some((used, oldest)) = self.uses.iter().next().map(|(tick, key)| (*tick, *key))
        {
            self.uses.remove(&used);
            self.entries.remove(&oldest);
        }
        self.uses.insert(self.tick, key);
        let (used, value) = self.entries.get_or_default(key);
        *used = self.tick;
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_goes_first() {
        let mut lru: Lru<u64> = Lru::default();
        for key in 0..ENTRIES_MAX as u64 {
            *lru.touch(key) = key + 1;
        }
        lru.touch(0);
        lru.touch(999_999);
        assert_eq!((*lru.touch(0), *lru.touch(1)), (1, 0));
    }
}
