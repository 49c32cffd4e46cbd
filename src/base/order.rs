//! Sorting with one copy of the algorithm for all types.
//!
//! `slice::sort` is compiled anew for each type and each comparison, at some four kilobytes of
//! WebAssembly a time. Here numbers are sorted, whatever they stand for; `tests/tidy` sees to it.
//! Maps and sets that are collected sort first, too: these are gathered entry by entry.

use std::cmp::Ordering;

/// Stable sorting of slices.
pub trait Order<T> {
    /// Sorts by `compare`, as [`slice::sort_by`] does.
    fn order_by(&mut self, compare: impl FnMut(&T, &T) -> Ordering);

    /// Sorts by `key`, which is asked for once per item, as [`slice::sort_by_cached_key`] does.
    fn order_by_key<K: Ord>(&mut self, key: impl FnMut(&T) -> K);

    /// Sorts, as [`slice::sort`] does.
    fn order(&mut self)
    where
        T: Ord;
}

impl<T> Order<T> for [T] {
    fn order_by(&mut self, mut compare: impl FnMut(&T, &T) -> Ordering) {
        let order = ordered(self.len(), &mut |a, b| compare(&self[a], &self[b]));
        arrange(self, order);
    }

    fn order_by_key<K: Ord>(&mut self, key: impl FnMut(&T) -> K) {
        let keys: Vec<K> = self.iter().map(key).collect();
        arrange(self, ordered(keys.len(), &mut |a, b| keys[a].cmp(&keys[b])));
    }

    fn order(&mut self)
    where
        T: Ord,
    {
        self.order_by(T::cmp);
    }
}

/// Collecting into a sorted map or set without the sorting that `collect` brings for its type.
pub trait Gather: Iterator + Sized {
    /// All items; of entries with equal keys the last one's value.
    fn gathered<C: Default + Extend<Self::Item>>(self) -> C {
        let mut all = C::default();
        all.extend(self);
        all
    }

    /// The same for items of which the first that is an error is the result.
    fn try_gathered<C, T, E>(self) -> Result<C, E>
    where
        Self: Iterator<Item = Result<T, E>>,
        C: Default + Extend<T>,
    {
        let mut all = C::default();
        for item in self {
            all.extend(Some(item?));
        }
        Ok(all)
    }
}

impl<I: Iterator> Gather for I {}

/// The numbers below `count`, sorted.
fn ordered(count: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|a, b| compare(*a, *b));
    order
}

/// Brings to each place the item whose number `order` has there, circle by circle.
fn arrange<T>(items: &mut [T], mut order: Vec<usize>) {
    for start in 0..order.len() {
        let mut at = start;
        while order[at] != start {
            let from = order[at];
            items.swap(at, from);
            order[at] = at;
            at = from;
        }
        order[at] = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_stably_as_the_standard_library_does() {
        for length in 0..60 {
            let items: Vec<(usize, usize)> = (0..length).map(|n| (n * 7919 % 9, n)).collect();
            let mut expected = items.clone();
            expected.sort_by_key(|(key, _)| *key);
            let (mut by_key, mut by) = (items.clone(), items);
            by_key.order_by_key(|(key, _)| *key);
            by.order_by(|a, b| a.0.cmp(&b.0));
            assert_eq!((&by_key, &by), (&expected, &expected));
        }
    }
}
