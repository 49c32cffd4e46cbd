//! Who may use whom: the table in ARCHITECTURE.md, held against every path in the source.

use super::source::{Source, line_at};

const DOCUMENT: &str = "ARCHITECTURE.md";
const HEADING: &str = "| layer | may use |";

/// A row of the table.
struct Layer {
    /// Where it lives below `src`: `kinds`, `bin/page`; a trailing `/*` makes each folder in it a
    /// layer that the others may not use.
    name: String,
    /// The layers, or single items of them (`sim::Time`), that it may use.
    uses: Vec<String>,
}

/// Every path that leads from a layer to one that it may not use.
pub fn complaints(sources: &[Source]) -> Vec<String> {
    let layers = table();
    let mut complaints = Vec::new();
    for source in sources {
        let module = module_path(&source.path);
        let Some(layer) = layer_of(&layers, &module.join("/")) else {
            if module.is_empty() || module == ["main"] {
                continue;
            }
            complaints.push(format!("{}: no row in {DOCUMENT} is about it: add one", source.path));
            continue;
        };
        if source.is_test() {
            continue;
        }
        let code = source.product_code();
        for (position, target) in references(&code, &module, layer.name.starts_with("bin")) {
            if !allowed(layer, &layers, &module, &target, &is_folder) {
                complaints.push(format!(
                    "{}:{}: `{}` may not use `{}`; {DOCUMENT} allows it: {}",
                    source.path,
                    line_at(&code, position),
                    layer.name,
                    target.join("::"),
                    layer.uses.join(", "),
                ));
            }
        }
    }
    complaints
}

fn is_folder(layer: &str, part: &str) -> bool {
    super::root().join("src").join(layer).join(part).is_dir()
}

fn allowed(
    layer: &Layer,
    layers: &[Layer],
    module: &[String],
    target: &[String],
    is_folder: &dyn Fn(&str, &str) -> bool,
) -> bool {
    let Some(first) = target.first() else { return true };
    let known = layers.iter().any(|row| row.name.trim_end_matches("/*") == first);
    if !known {
        return true;
    }
    let own = layer.name.trim_end_matches("/*");
    if first == own {
        // Folders keep to themselves; `mod.rs` beside them, which lists them, may name all. A
        // constant of another one is a name, not behaviour.
        let constant = target.last().is_some_and(|item| item.chars().all(|c| !c.is_lowercase()));
        let sibling = layer.name.ends_with("/*")
            && module.len() > 1
            && target.len() > 1
            && !constant
            && target[1] != module[1]
            && is_folder(own, &target[1]);
        return !sibling;
    }
    layer.uses.iter().any(|entry| {
        let entry: Vec<&str> = entry.split("::").collect();
        entry.len() <= target.len() && entry.iter().zip(target).all(|(a, b)| a == b)
    })
}

fn table() -> Vec<Layer> {
    let path = super::root().join(DOCUMENT);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{DOCUMENT}: {error}"));
    let rows = text.lines().skip_while(|line| !line.starts_with(HEADING)).skip(2);
    let layers: Vec<Layer> =
        rows.take_while(|line| line.starts_with('|')).flat_map(layers_in_row).collect();
    assert!(!layers.is_empty(), "{DOCUMENT}: no table begins with `{HEADING}`");
    layers
}

/// A row names one layer or several; names stand in backquotes, anything else is prose.
fn layers_in_row(row: &str) -> Vec<Layer> {
    let cells: Vec<&str> = row.split('|').collect();
    let names = |cell: usize| {
        let parts = cells.get(cell).copied().unwrap_or_default().split('`');
        parts.skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()
    };
    names(1).into_iter().map(|name| Layer { name, uses: names(2) }).collect()
}

fn layer_of<'a>(layers: &'a [Layer], module: &str) -> Option<&'a Layer> {
    let holds = |layer: &&Layer| {
        let name = layer.name.trim_end_matches("/*");
        module.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    layers.iter().filter(holds).max_by_key(|layer| layer.name.len())
}

/// The module that a file is: `src/api/verbs/get.rs` is `api`, `verbs`, `get`.
fn module_path(path: &str) -> Vec<String> {
    let path = path.trim_start_matches("src/").trim_end_matches(".rs");
    let path = path.trim_end_matches("mod").trim_end_matches('/');
    path.split('/').filter(|part| !part.is_empty() && *part != "lib").map(str::to_owned).collect()
}

/// The paths in a file that start at the crate's root, or that `super` leads there, with the
/// position of each.
fn references(code: &str, module: &[String], is_binary: bool) -> Vec<(usize, Vec<String>)> {
    let start = if is_binary { "tabernetes::" } else { "crate::" };
    let mut found = Vec::new();
    for (position, _) in code.match_indices(start) {
        if is_word_start(code, position) {
            expand(&code[position + start.len()..], &[], position, &mut found);
        }
    }
    for (position, _) in code.match_indices("super::") {
        if is_word_start(code, position) && !code[..position].ends_with("super::") {
            let mut rest = &code[position..];
            let mut above = module;
            while let Some(after) = rest.strip_prefix("super::") {
                rest = after;
                above = above.split_last().map_or(&[], |(_, front)| front);
            }
            expand(rest, above, position, &mut found);
        }
    }
    found
}

fn is_word_start(code: &str, position: usize) -> bool {
    !code[..position].ends_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// Adds the paths that a use tree such as `a::{B, c::D}` stands for.
fn expand(tree: &str, front: &[String], position: usize, into: &mut Vec<(usize, Vec<String>)>) {
    let mut path = front.to_vec();
    let mut rest = tree.trim_start();
    loop {
        let word: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if word.is_empty() {
            break;
        }
        rest = &rest[word.len()..];
        path.push(word);
        match rest.strip_prefix("::") {
            Some(after) => rest = after.trim_start(),
            None => break,
        }
    }
    match rest.strip_prefix('{') {
        Some(group) => {
            for branch in branches(group) {
                expand(branch, &path, position, into);
            }
        }
        None => into.push((position, path)),
    }
}

/// The parts, separated by commas, of a group up to its closing brace.
fn branches(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_usize, 0, Vec::new());
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => {
                parts.push(&group[start..at]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&group[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

#[test]
fn use_trees_are_expanded() {
    let module = ["api".to_owned(), "verbs".to_owned(), "get".to_owned()];
    let code = "use crate::{store::{Store, Change}, sim::Time};\nsuper::super::status::Status;\n\
                fn f(x: super::super::super::cluster::Cluster) {}";
    let found: Vec<String> =
        references(code, &module, false).iter().map(|(_, path)| path.join("::")).collect();
    let expected =
        ["store::Store", "store::Change", "sim::Time", "api::status::Status", "cluster::Cluster"];
    assert_eq!(found, expected);
}

#[test]
fn a_layer_may_use_what_its_row_says() {
    let row = "| `kinds` | `object`, `sim::Time` | store access |";
    let layers: Vec<Layer> = ["| `sim` | – |", "| `object` | |", "| `parts/*` | `sim` |", row]
        .into_iter()
        .flat_map(layers_in_row)
        .collect();
    let cases = [
        ("kinds/pod", "object::Key", true),
        ("kinds/pod", "sim::Time", true),
        ("kinds/pod", "sim::Agenda", false),
        ("sim/time", "object::Key", false),
        ("kinds/pod", "kinds::FieldError", true),
        ("parts/a", "parts::b::thing", false),
        ("parts/a", "parts::a::thing", true),
        ("parts/a", "parts::shared::thing", true),
        ("parts/a", "parts::b::NAME", true),
        ("parts", "parts::b::thing", true),
    ];
    for (module, target, expected) in cases {
        let layer = layer_of(&layers, module).expect(module);
        let split = |text: &str, by: &str| text.split(by).map(str::to_owned).collect::<Vec<_>>();
        let answer =
            allowed(layer, &layers, &split(module, "/"), &split(target, "::"), &|_, part| {
                part == "b"
            });
        assert_eq!(answer, expected, "{module} uses {target}");
    }
}
