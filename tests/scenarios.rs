//! Plays every transcript under `tests/scenarios`. `UPDATE_EXPECT=1` writes what was printed back.

use std::fs;
use std::path::{Path, PathBuf};

use tabernetes::scenario;

fn transcripts(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|why| panic!("{}: {why}", folder.display()))
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            transcripts(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "txt") {
            found.push(path);
        }
    }
}

#[test]
fn every_transcript_prints_what_it_says() {
    let mut paths = Vec::new();
    transcripts(Path::new("tests/scenarios"), &mut paths);
    assert!(!paths.is_empty(), "there are transcripts to play");
    let mut failures = String::new();
    for path in paths {
        let text = fs::read_to_string(&path).expect("a readable transcript");
        let outcome = scenario::run(&text);
        let again = scenario::run(&text);
        assert_eq!(outcome.hash, again.hash, "{}: the same run twice", path.display());
        if !outcome.failures.is_empty() {
            failures.push_str(&format!("{}\n{}\n", path.display(), outcome.failures.join("\n")));
        }
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&path, outcome.actual.to_text()).expect("a writable transcript");
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}
