//! No file is dead: every source file is in a module tree, every data file is named by a source.

use std::collections::BTreeSet;

use super::source::{Source, collect};

/// The files below `src` that no `mod` leads to.
pub fn unreachable_sources(sources: &[Source]) -> Vec<String> {
    let mut open: Vec<&Source> = sources.iter().filter(|s| is_crate_root(&s.path)).collect();
    let mut reached: BTreeSet<&str> = BTreeSet::new();
    while let Some(source) = open.pop() {
        if reached.insert(&source.path) {
            let children = children(source);
            open.extend(sources.iter().filter(|s| children.contains(&s.path)));
        }
    }
    let dead = sources.iter().filter(|source| !reached.contains(source.path.as_str()));
    dead.map(|s| format!("{}: no `mod` leads to it: declare it or delete it", s.path)).collect()
}

fn is_crate_root(path: &str) -> bool {
    let inside = path.trim_start_matches("src/");
    matches!(inside, "lib.rs" | "main.rs")
        || inside
            .strip_prefix("bin/")
            .is_some_and(|name| !name.contains('/') || name.ends_with("/main.rs"))
}

/// The paths at which the modules that a file declares may be.
fn children(source: &Source) -> BTreeSet<String> {
    let (folder, name) = source.path.rsplit_once('/').unwrap_or(("", &source.path));
    let stem = name.trim_end_matches(".rs");
    let owns_folder = stem == "mod" || stem == "main" || is_crate_root(&source.path);
    let below = if owns_folder { folder.to_owned() } else { format!("{folder}/{stem}") };
    let mut paths = BTreeSet::new();
    for (code, text) in source.code.lines().zip(source.text.lines()) {
        if let Some(path) = text.trim().strip_prefix("#[path = \"") {
            paths.insert(format!("{folder}/{}", path.trim_end_matches("\"]")));
        }
        let words: Vec<&str> = code.split_whitespace().collect();
        let name = words.iter().position(|word| *word == "mod").and_then(|at| words.get(at + 1));
        if let Some(name) = name.and_then(|name| name.strip_suffix(';')) {
            paths.insert(format!("{below}/{name}.rs"));
            paths.insert(format!("{below}/{name}/mod.rs"));
        }
    }
    paths
}

/// Data that nothing names. Scenarios are read folder by folder, everything else one by one.
pub fn unused_data() -> Vec<String> {
    let below = |folders: &[&str]| {
        let mut paths = Vec::new();
        for folder in folders {
            collect(&super::root().join(folder), &mut paths);
        }
        paths
    };
    let mut users = below(&["src", "tests", "static", "lessons", "xtask"]);
    users.push("index.html".to_owned());
    let texts: Vec<(String, String)> = users
        .into_iter()
        .filter_map(|path| Some((std::fs::read_to_string(super::root().join(&path)).ok()?, path)))
        .collect();
    let named = |name: &str, by_other_than: &str| {
        texts.iter().any(|(text, user)| user != by_other_than && text.contains(name))
    };
    let file = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();

    let single = below(&["images", "lessons", "static"]);
    let mut unused: Vec<String> =
        single.into_iter().filter(|path| !named(&file(path), path)).collect();
    let scenarios = below(&["tests/scenarios"]);
    let read = named("tests/scenarios", "tests/tidy/files.rs");
    let recorded = named("tests/scenarios/recorded", "tests/tidy/files.rs");
    let is_read = |path: &str| match path.strip_prefix("tests/scenarios/recorded/") {
        Some(name) => recorded && (name.ends_with(".yaml") || name.ends_with(".out")),
        None => read && path.ends_with(".txt"),
    };
    unused.extend(scenarios.into_iter().filter(|path| !is_read(path)));
    unused.iter().map(|path| format!("{path}: no source reads it: use it or delete it")).collect()
}
