//! Rust source with its comments and its strings told apart from its code.

use std::path::Path;

/// One file, three times over: equally many lines, each view showing only its part.
pub struct Source {
    /// The path from the project's root, with `/`.
    pub path: String,
    /// The file as it is.
    pub text: String,
    /// Without comments, and with strings emptied.
    pub code: String,
    /// Only the comments.
    pub comments: String,
}

impl Source {
    /// Every Rust file below a folder of the project, in order of its path.
    pub fn all_below(folder: &str) -> Vec<Source> {
        let mut paths = Vec::new();
        collect(&super::root().join(folder), &mut paths);
        paths.retain(|path| path.ends_with(".rs"));
        paths.iter().map(|path| Source::read(path)).collect()
    }

    fn read(path: &str) -> Source {
        let text = std::fs::read_to_string(super::root().join(path))
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        let (code, comments) = split(&text);
        Source { path: path.to_owned(), text, code, comments }
    }

    /// Whether the whole file is test code.
    pub fn is_test(&self) -> bool {
        let stem = self.path.trim_end_matches(".rs");
        self.path.starts_with("tests/")
            || stem.ends_with("/tests")
            || stem.ends_with("_tests")
            || stem.contains("/tests/")
    }

    /// The code without its `#[cfg(test)]` modules; the number of lines stays the same.
    pub fn product_code(&self) -> String {
        const MARK: &str = "#[cfg(test)]";
        let mut code = self.code.clone();
        while let Some(start) = code.find(MARK) {
            let after = start + MARK.len();
            let open = code[after..].find('{').map(|at| after + at);
            let semicolon = code[after..].find(';').map(|at| after + at);
            let end = match (open, semicolon) {
                (Some(open), Some(semi)) if semi < open => semi,
                (Some(open), _) => closing_brace(&code, open),
                (None, semi) => semi.unwrap_or(code.len() - 1),
            };
            let blank: String =
                code[start..=end].chars().map(|c| if c == '\n' { c } else { ' ' }).collect();
            code.replace_range(start..=end, &blank);
        }
        code
    }
}

/// Every file below a folder, as paths from the project's root.
pub fn collect(folder: &Path, into: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, into);
        } else if let Ok(inside) = path.strip_prefix(super::root()) {
            into.push(inside.to_string_lossy().replace('\\', "/"));
        }
    }
}

/// The position of the brace that closes the one at `open`.
pub fn closing_brace(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return at,
            b'}' => depth -= 1,
            _ => {}
        }
    }
    code.len() - 1
}

/// The number of the line, from 1, at a position.
pub fn line_at(text: &str, position: usize) -> usize {
    text.as_bytes()[..position].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// What the characters at some place of a file are.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Code,
    Comment,
    Text,
}

/// Splits a file into its code and its comments. Each is as long as the file, in characters, with
/// spaces where the other one stands; what strings contain is in neither.
fn split(text: &str) -> (String, String) {
    let characters: Vec<char> = text.chars().collect();
    let (mut code, mut comments) = (String::new(), String::new());
    let mut at = 0;
    while at < characters.len() {
        let (length, part) = token(&characters[at..]);
        for &character in &characters[at..at + length] {
            let blank = if character == '\n' { '\n' } else { ' ' };
            code.push(if part == Part::Code { character } else { blank });
            comments.push(if part == Part::Comment { character } else { blank });
        }
        at += length;
    }
    (code, comments)
}

/// The length and the nature of what a rest of a file begins with.
fn token(rest: &[char]) -> (usize, Part) {
    let starts = |text: &str| text.chars().enumerate().all(|(i, c)| rest.get(i) == Some(&c));
    if starts("//") {
        return (rest.iter().position(|c| *c == '\n').unwrap_or(rest.len()), Part::Comment);
    }
    if starts("/*") {
        return (block_comment(rest), Part::Comment);
    }
    if let Some(length) = raw_string(rest) {
        return (length, Part::Text);
    }
    match rest[0] {
        '"' => (quoted(rest, '"'), Part::Text),
        '\'' if rest.get(1) == Some(&'\\') || rest.get(2) == Some(&'\'') => {
            (quoted(rest, '\''), Part::Text)
        }
        c if c.is_alphanumeric() || c == '_' => {
            let word = rest.iter().position(|c| !(c.is_alphanumeric() || *c == '_'));
            (word.unwrap_or(rest.len()), Part::Code)
        }
        _ => (1, Part::Code),
    }
}

fn block_comment(rest: &[char]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at + 1 < rest.len() {
        match (rest[at], rest[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') if depth == 1 => return at + 2,
            ('*', '/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of `r"…"`, `r#"…"#`, `br"…"` and the like.
fn raw_string(rest: &[char]) -> Option<usize> {
    let prefix = match rest {
        ['r', ..] => 1,
        ['b' | 'c', 'r', ..] => 2,
        _ => return None,
    };
    let hashes = rest[prefix..].iter().take_while(|c| **c == '#').count();
    let open = prefix + hashes;
    if rest.get(open) != Some(&'"') {
        return None;
    }
    let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let body = rest[open + 1..].windows(end.len()).position(|window| window == end);
    Some(body.map_or(rest.len(), |at| open + 1 + at + end.len()))
}

fn quoted(rest: &[char], quote: char) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

#[test]
fn strings_and_comments_are_not_code() {
    let text = "let a = r#\"x\"y\"#; // z\n'\\''; b\"q\\\"\"; fn f<'a>() /* u /* v */ */ {}";
    let (code, comments) = split(text);
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(squeezed(&code), "let a = ; ; b ; fn f<'a>() {}");
    assert_eq!(squeezed(&comments), "// z /* u /* v */ */");
}
