//! Every row of the course is played by a transcript, or listed as left out with a reason.

use std::collections::BTreeSet;
use std::fs;

const FOLDER: &str = "tests/scenarios/course";

/// The rows of the chapters from the control loop to autoscaling by memory.
const ROWS: [std::ops::RangeInclusive<u16>; 8] =
    [1..=11, 20..=48, 60..=81, 90..=99, 110..=136, 140..=160, 170..=196, 210..=228];

/// The rows that a line names: `# S-001, S-002: why`.
fn rows(line: &str) -> impl Iterator<Item = u16> + '_ {
    let digits = |rest: &str| rest.get(..3).and_then(|digits| digits.parse().ok());
    line.split("S-").skip(1).filter_map(digits)
}

#[test]
fn every_row_is_played_or_left_out() {
    let (mut played, mut left_out) = (BTreeSet::new(), BTreeSet::new());
    for entry in fs::read_dir(FOLDER).expect("the course's folder") {
        let path = entry.expect("a readable folder").path();
        let text = fs::read_to_string(&path).expect("a readable transcript");
        if path.ends_with("left-out.txt") {
            let listed = text.lines().filter(|line| line.starts_with("S-"));
            left_out.extend(listed.filter_map(|line| rows(line).next()));
        } else {
            // The first line tells what the transcript is about.
            let marks = text.lines().skip(1).filter(|line| line.starts_with("# S-"));
            played.extend(marks.flat_map(rows));
        }
    }
    let all: BTreeSet<u16> = ROWS.into_iter().flatten().collect();
    let found: BTreeSet<u16> = played.union(&left_out).copied().collect();
    let missing: Vec<_> = all.symmetric_difference(&found).collect();
    assert!(missing.is_empty(), "neither played nor left out, or no such row: {missing:?}");
    let both: Vec<_> = played.intersection(&left_out).collect();
    assert!(both.is_empty(), "played and left out: {both:?}");
}
