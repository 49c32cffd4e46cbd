//! Sets of completion indexes, kept and written as intervals: `0-4,7,9`.
//! Mirrors `orderedIntervals` of `pkg/controller/job/indexed_job_utils.go`.

use std::fmt;

use crate::base::order::Order as _;

/// A set of indexes, as intervals in order that neither meet nor overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Intervals(Vec<(i32, i32)>);

impl Intervals {
    /// Reads the indexes below `completions`; what is not readable is left out.
    pub fn parse(text: &str, completions: i32) -> Self {
        let mut all = Self::default();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (Ok(first), Ok(last)) = (first.parse::<i32>(), last.parse::<i32>()) else {
                continue;
            };
            if first >= completions {
                break;
            }
            all.append((first, last.min(completions - 1)));
        }
        all
    }

    /// The indexes, given in order.
    pub fn from_ordered(indexes: impl IntoIterator<Item = i32>) -> Self {
        let mut all = Self::default();
        indexes.into_iter().for_each(|index| all.append((index, index)));
        all
    }

    /// Adds an interval that begins no earlier than the last one.
    fn append(&mut self, (first, end): (i32, i32)) {
        match self.0.last_mut() {
            Some((_, last)) if first <= last.saturating_add(1) => *last = end.max(*last),
            _ => self.0.push((first, end)),
        }
    }

    /// The indexes of both sets.
    pub fn union(&self, other: &Self) -> Self {
        let mut parts: Vec<(i32, i32)> = self.0.iter().chain(&other.0).copied().collect();
        parts.order();
        let mut all = Self::default();
        parts.into_iter().for_each(|part| all.append(part));
        all
    }

    /// How many there are.
    pub fn total(&self) -> i32 {
        self.0.iter().map(|(first, last)| last - first + 1).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `index` is among them.
    pub fn has(&self, index: i32) -> bool {
        let at = self.0.partition_point(|(_, last)| *last < index);
        self.0.get(at).is_some_and(|(first, _)| *first <= index)
    }

    /// How many of them are in `other`, too.
    pub fn overlap(&self, other: &Self) -> i32 {
        let (mut left, mut right, mut shared) = (self.0.iter(), other.0.iter(), 0);
        let (mut a, mut b) = (left.next(), right.next());
        while let (Some((first_a, last_a)), Some((first_b, last_b))) = (a, b) {
            shared += (last_a.min(last_b) - first_a.max(first_b) + 1).max(0);
            let (step_a, step_b) = (last_a <= last_b, last_b <= last_a);
            a = if step_a { left.next() } else { a };
            b = if step_b { right.next() } else { b };
        }
        shared
    }

    /// The first `count` indexes below `limit` that are not among them.
    pub fn gaps(&self, count: usize, limit: i32) -> Vec<i32> {
        let mut found = Vec::new();
        let mut candidate = 0;
        for (first, last) in self.0.iter().copied().chain([(limit, limit)]) {
            let room = count - found.len();
            found.extend((candidate..first.min(limit)).take(room));
            candidate = candidate.max(last.saturating_add(1));
        }
        found
    }
}

/// `0-4,7,9`; two in a row are written apart.
impl fmt::Display for Intervals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (first, last)) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{first}")?;
            match last - first {
                0 => {}
                1 => write!(f, ",{last}")?,
                _ => write!(f, "-{last}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Intervals;

    #[test]
    fn intervals_read_as_upstream_writes_them() {
        for (text, written, total) in [
            ("", "", 0),
            ("0", "0", 1),
            ("0-1", "0,1", 2),
            ("0,1,2,4", "0-2,4", 4),
            ("1-3,x,5-9", "1-3,5-7", 6),
            ("2,9,1", "2", 1),
        ] {
            let all = Intervals::parse(text, 8);
            assert_eq!((all.to_string().as_str(), all.total()), (written, total), "{text}");
        }
    }

    #[test]
    fn sets_join_overlap_and_leave_gaps() {
        let set = |text| Intervals::parse(text, 20);
        assert_eq!(set("0-3,8").union(&set("2-5,9")).to_string(), "0-5,8,9");
        assert_eq!(set("0-3,8-12").overlap(&set("2,9-15")), 5);
        assert_eq!(set("0,1,4").gaps(3, 7), [2, 3, 5]);
        assert_eq!(set("0-6").gaps(3, 7), [0_i32; 0]);
        assert!(set("0-3,8").has(3) && !set("0-3,8").has(4));
    }
}
