//! Seeded randomness: one stream per component, so that one component's draws never shift another's.

use std::time::Duration;

use crate::base::fnv::Fnv;

/// The characters that Kubernetes uses in generated names (no vowels, no look-alikes).
/// Mirrors `k8s.io/apimachinery/pkg/util/rand`.
const NAME_ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// A small deterministic generator (SplitMix64).
#[derive(Clone, Debug)]
pub struct Rng {
    state: u64,
}

impl Rng {
    /// The stream that belongs to `seed`.
    pub fn from_seed(seed: u64) -> Self {
        Self { state: seed }
    }

    /// An independent stream named `label`; forking does not advance `self`.
    pub fn fork(&self, label: &str) -> Self {
        let start = Fnv(Fnv::default().0 ^ self.state);
        let mut fork = Self { state: start.with(label).0 };
        fork.next_u64();
        fork
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; zero when `bound` is zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.next_u64()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// A duration in `low..=high`, to the microsecond.
    pub fn between(&mut self, low: Duration, high: Duration) -> Duration {
        let span = super::duration::micros(high.saturating_sub(low));
        low + Duration::from_micros(self.below(span + 1))
    }

    /// `length` characters of the alphabet of generated names.
    pub fn suffix(&mut self, length: usize) -> String {
        (0..length).map(|_| char::from(NAME_ALPHABET[self.below(27) as usize])).collect()
    }

    /// A version 4 UUID.
    pub fn uuid(&mut self) -> String {
        let high = self.next_u64() & 0xffff_ffff_ffff_0fff | 0x4000;
        let low = self.next_u64() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000;
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forks_are_independent_and_repeatable() {
        let root = Rng::from_seed(7);
        let draw = |label: &str| root.fork(label).next_u64();
        assert_eq!(draw("scheduler"), draw("scheduler"));
        assert_ne!(draw("scheduler"), draw("kubelet"));
    }

    #[test]
    fn uuids_have_the_version_four_shape() {
        let uuid = Rng::from_seed(1).uuid();
        assert_eq!(uuid.len(), 36);
        assert_eq!(&uuid[14..15], "4");
        assert!("89ab".contains(&uuid[19..20]));
    }
}
