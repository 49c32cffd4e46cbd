//! Creating many things while the API server may refuse them all.

use crate::api::Status;

/// Creations in batches of 1, 2, 4, 8 …, up to the first batch with a refusal, so that a quota
/// that is exhausted costs few requests. Mirrors `pkg/controller.slowStartBatch`.
#[derive(Clone, Debug)]
pub struct SlowStart {
    /// How many are still to be made.
    remaining: usize,
    /// The size of the batch, and how many of it are still to be made.
    batch: (usize, usize),
    successes: usize,
    refusal: Result<(), Status>,
}

impl SlowStart {
    /// `count` creations, none of them made.
    pub fn new(count: usize) -> Self {
        Self { remaining: count, batch: (1, 1), successes: 0, refusal: Ok(()) }
    }

    /// Makes the next ones, `most` of them at most; whether some are left.
    pub fn go_on(&mut self, most: usize, mut create: impl FnMut() -> Result<(), Status>) -> bool {
        for _ in 0..most.min(self.remaining) {
            match create() {
                Ok(()) => self.successes += 1,
                Err(status) => self.refusal = self.refusal.clone().and(Err(status)),
            }
            self.remaining -= 1;
            self.batch.1 -= 1;
            if self.batch.1 > 0 {
                continue;
            }
            if self.refusal.is_err() {
                self.remaining = 0;
                break;
            }
            let size = self.batch.0 * 2;
            self.batch = (size, size);
        }
        self.remaining > 0
    }

    /// The first refusal so far.
    pub fn outcome(&self) -> Result<(), Status> {
        self.refusal.clone()
    }
}

/// Makes up to `count` creations at once; how many succeeded, and the first refusal.
pub fn slow_start(
    count: usize,
    create: impl FnMut() -> Result<(), Status>,
) -> (usize, Result<(), Status>) {
    let mut creations = SlowStart::new(count);
    creations.go_on(count, create);
    (creations.successes, creations.refusal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_with_a_refusal_is_the_last() {
        // wanted, allowed by quota -> calls made, successes
        for (wanted, allowed, calls, successes) in [
            (0, 0, 0, 0),
            (10, 10, 10, 10),
            (10, 0, 1, 0),
            (10, 1, 3, 1),
            (10, 3, 7, 3),
            (5, 4, 5, 4),
        ] {
            // All at once, and in portions.
            for most in [wanted, 3, 1] {
                let mut made = 0;
                let mut creations = SlowStart::new(wanted);
                let mut create = || {
                    made += 1;
                    if made <= allowed { Ok(()) } else { Err(Status::internal("quota")) }
                };
                while creations.go_on(most, &mut create) {}
                let done = creations.successes;
                assert_eq!((made, done), (calls, successes), "{wanted} wanted, {allowed} allowed");
                assert_eq!(creations.outcome().is_err(), allowed < wanted);
            }
        }
    }
}
