//! `tabernetes run --recorded TRACES [--diff] [--keep DIR] SCENARIO…`: plays scenarios of the
//! conformance recordings and compares each with what was recorded.

use std::fs;

use tabernetes::scenario::recorded::{self, Expected, Scenario};

/// Whether everything was equal. `--diff` prints what differs, `--keep` writes down what is expected
/// of the scenarios that are equal throughout.
///
/// # Errors
/// A file that cannot be read, or a scenario that cannot be played.
pub fn run(words: &[String]) -> Result<bool, String> {
    let (folder, words) = words.split_first().ok_or("--recorded takes a folder")?;
    let (mut with_differences, mut keep, mut files) = (false, None, Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--diff" => with_differences = true,
            "--keep" => keep = words.next(),
            _ => files.push(word),
        }
    }
    let read = |path: &str| fs::read_to_string(path).map_err(|why| format!("{path}: {why}"));
    let (mut equal, mut total) = (0, 0);
    for file in files {
        for scenario in Scenario::parse_all(&read(file)?).map_err(|why| format!("{file}: {why}"))? {
            let trace = read(&format!("{folder}/{}.json", scenario.name))?;
            let trace = serde_json::from_str(&trace).map_err(|why| why.to_string())?;
            let expected = Expected::from_trace(&trace)?;
            let comparison =
                expected.compare(&scenario, &recorded::play(&scenario, expected.began())?)?;
            println!("{}: {} equal of {}", scenario.name, comparison.equal, comparison.total);
            if let Some(folder) = keep.filter(|_| comparison.differences.is_empty()) {
                let path = format!("{folder}/{}.out", scenario.name);
                fs::write(&path, expected.to_text()).map_err(|why| format!("{path}: {why}"))?;
            }
            if with_differences {
                comparison.differences.iter().for_each(|text| println!("{text}"));
            }
            (equal, total) = (equal + comparison.equal, total + comparison.total);
        }
    }
    println!("{equal} equal of {total} commands");
    Ok(equal == total)
}
