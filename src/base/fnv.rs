//! FNV-1a, the one hash of this program: short, well known, and the same everywhere.

/// A 64-bit FNV-1a hash in the making; text is written into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fnv(pub u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    /// The hash of `text`.
    pub fn of(text: &str) -> u64 {
        Self::default().with(text).0
    }

    /// This hash, with `text` after what it has seen.
    #[must_use]
    pub fn with(self, text: &str) -> Self {
        let step =
            |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        Self(text.bytes().fold(self.0, step))
    }
}

impl std::fmt::Write for Fnv {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        *self = self.with(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_published_function() {
        assert_eq!(Fnv::of(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(Fnv::of("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(Fnv::of("foobar"), 0x8594_4171_f739_67e8);
    }
}
