//! Plays every transcript under `tests/scenarios`. `UPDATE_EXPECT=1` writes back what was printed,
//! and `hashes.txt`, which the browser tests hold the same runs against.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use tabernetes::scenario;

const FOLDER: &str = "tests/scenarios";

fn transcripts(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|why| panic!("{}: {why}", folder.display()))
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            transcripts(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "txt")
            && !path.ends_with("left-out.txt")
            && path.parent().is_some_and(|parent| parent != Path::new(FOLDER))
        {
            found.push(path);
        }
    }
}

#[test]
fn every_transcript_prints_what_it_says() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut paths = Vec::new();
    transcripts(Path::new(FOLDER), &mut paths);
    assert!(!paths.is_empty(), "there are transcripts to play");
    let browser = fs::read_to_string("tests/browser.rs").expect("the browser tests");
    let (mut failures, mut hashes) = (String::new(), String::new());
    for path in paths {
        let text = fs::read_to_string(&path).expect("a readable transcript");
        let outcome = scenario::run(&text);
        let name = path.strip_prefix(FOLDER).expect("it is below the folder").display().to_string();
        writeln!(hashes, "{name} {:016x}", outcome.hash).expect("a string takes all text");
        if !outcome.failures.is_empty() {
            let _ = writeln!(failures, "{name}\n{}", outcome.failures.join("\n"));
        }
        if !browser.contains(&format!("\"{name}\"")) {
            let _ = writeln!(failures, "{name} is not listed in tests/browser.rs");
        }
        if update {
            fs::write(&path, outcome.actual.to_text()).expect("a writable transcript");
        }
    }
    let kept = Path::new(FOLDER).join("hashes.txt");
    if update {
        fs::write(&kept, &hashes).expect("a writable list");
    }
    assert!(failures.is_empty(), "\n{failures}");
    let expected = fs::read_to_string(kept).unwrap_or_default();
    assert_eq!(hashes, expected, "traces differ: UPDATE_EXPECT=1 takes them as they are");
}
