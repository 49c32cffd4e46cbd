/// A seed nobody chose; zero if the browser offers no entropy.
pub fn fresh() -> u64 {
    // 32 bits are plenty for variety and short enough to read aloud.
    getrandom::u32().map_or(0, u64::from)
}
