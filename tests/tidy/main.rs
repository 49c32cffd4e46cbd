//! The rules of the source tree that no compiler knows: who may use whom, how long things may be,
//! what nobody may write, and that no file is dead. Each complaint names a place and what to do.

mod files;
mod layers;
mod sizes;
mod source;
mod words;

use std::path::Path;

use source::Source;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Fails with every complaint at once, so that one run shows all there is to do.
#[track_caller]
fn expect_none(complaints: Vec<String>) {
    let count = complaints.len();
    assert!(complaints.is_empty(), "{count} complaints:\n{}", complaints.join("\n"));
}

#[test]
fn layers_use_only_what_the_table_in_architecture_allows() {
    expect_none(layers::complaints(&Source::all_below("src")));
}

#[test]
fn files_and_functions_are_short() {
    let mut sources = Source::all_below("src");
    sources.extend(Source::all_below("xtask"));
    sources.extend(Source::all_below("tests"));
    expect_none(sources.iter().flat_map(sizes::complaints).collect());
}

#[test]
fn nothing_unfinished_or_banned_is_written() {
    let folders = ["src", "tests", "xtask", "benches"];
    let sources = folders.iter().flat_map(|folder| Source::all_below(folder));
    expect_none(sources.flat_map(|source| words::complaints(&source)).collect());
}

#[test]
fn visitors_read_only_words_of_the_catalogue() {
    expect_none(Source::all_below("src/ui").iter().flat_map(words::untranslated).collect());
}

#[test]
fn every_source_file_belongs_to_a_module_tree() {
    expect_none(files::unreachable_sources(&Source::all_below("src")));
}

#[test]
fn every_data_file_is_used() {
    expect_none(files::unused_data());
}
