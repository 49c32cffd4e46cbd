//! Plays the recorded scenarios that are kept in `tests/scenarios/recorded`: each `.yaml` as it was
//! played on a real v1.36 control plane, each `.out` what that printed, normalised.

use std::fs;
use std::path::Path;

use tabernetes::scenario::recorded::{self, Expected, Scenario};

const FOLDER: &str = "tests/scenarios/recorded";

#[test]
fn every_recorded_scenario_prints_what_a_real_control_plane_printed() {
    let mut files: Vec<_> = fs::read_dir(FOLDER)
        .expect("the folder of recorded scenarios")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "there are scenarios to play");
    let mut differences = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a readable scenario");
        for scenario in Scenario::parse_all(&text).expect("a scenario") {
            let kept = Path::new(FOLDER).join(format!("{}.out", scenario.name));
            let expected = Expected::from_text(&fs::read_to_string(kept).expect("what it prints"));
            let played =
                recorded::play(&scenario, expected.began()).expect("a scenario that can be played");
            let comparison = expected.compare(&scenario, &played).expect("a comparison");
            assert!(comparison.total > 0, "{} has commands", scenario.name);
            differences.extend(comparison.differences);
        }
    }
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}
