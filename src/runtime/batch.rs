//! Creating many things while the API server may refuse them all.

use crate::api::Status;

/// Calls `create` up to `count` times in batches of 1, 2, 4, 8 … and stops after the first batch
/// with a refusal, so that a quota that is exhausted costs few requests.
/// How many calls succeeded, and the first refusal. Mirrors `pkg/controller.slowStartBatch`.
pub fn slow_start(
    count: usize,
    mut create: impl FnMut() -> Result<(), Status>,
) -> (usize, Result<(), Status>) {
    let mut successes = 0;
    let mut remaining = count;
    let mut batch = 1;
    while remaining > 0 {
        batch = batch.min(remaining);
        let mut refusal = Ok(());
        for _ in 0..batch {
            match create() {
                Ok(()) => successes += 1,
                Err(status) => refusal = refusal.and(Err(status)),
            }
        }
        if refusal.is_err() {
            return (successes, refusal);
        }
        remaining -= batch;
        batch *= 2;
    }
    (successes, Ok(()))
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
            let mut made = 0;
            let (done, result) = slow_start(wanted, || {
                made += 1;
                if made <= allowed { Ok(()) } else { Err(Status::internal("quota")) }
            });
            assert_eq!((made, done), (calls, successes), "{wanted} wanted, {allowed} allowed");
            assert_eq!(result.is_err(), allowed < wanted);
        }
    }
}
