//! How long files and functions may be.

use super::source::{Source, closing_brace, line_at};

/// Lines of a file, its tests not counted. Most files stay below 400.
const FILE_LINES_MAX: usize = 600;
/// Lines of a function from its name to its closing brace. Most stay below 70.
const FUNCTION_LINES_MAX: usize = 100;

/// What is too long.
pub fn complaints(source: &Source) -> Vec<String> {
    if source.is_test() {
        return Vec::new();
    }
    let code = source.product_code();
    let mut complaints = Vec::new();
    let lines = source.text.lines().count() - test_lines(source, &code);
    if lines > FILE_LINES_MAX {
        complaints.push(format!(
            "{}: {lines} lines, at most {FILE_LINES_MAX}: find the second thing in it and give it \
             a file",
            source.path
        ));
    }
    for (name, line, length) in functions(&code) {
        if length > FUNCTION_LINES_MAX {
            complaints.push(format!(
                "{}:{line}: fn {name} has {length} lines, at most {FUNCTION_LINES_MAX}: name its \
                 steps and make them functions",
                source.path
            ));
        }
    }
    complaints
}

/// How many lines the `#[cfg(test)]` modules of a file take.
fn test_lines(source: &Source, product_code: &str) -> usize {
    let pairs = source.code.lines().zip(product_code.lines());
    let blanked =
        |(all, product): &(&str, &str)| !all.trim().is_empty() && product.trim().is_empty();
    pairs.filter(blanked).count()
}

/// The name, first line and length in lines of each function with a body.
fn functions(code: &str) -> Vec<(&str, usize, usize)> {
    let mut found = Vec::new();
    for (start, _) in code.match_indices("fn ") {
        let before = code[..start].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[start + 3..];
        let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(0);
        let Some(open) = body(code, start + 3 + length) else { continue };
        if length > 0 {
            let (first, last) = (line_at(code, start), line_at(code, closing_brace(code, open)));
            found.push((&rest[..length], first, last - first + 1));
        }
    }
    found
}

/// Where the body of a function begins whose signature goes on at `position`.
fn body(code: &str, position: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate().skip(position) {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.checked_sub(1)?,
            b'{' if depth == 0 => return Some(at),
            b';' | b',' | b'=' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

#[test]
fn functions_are_measured_from_name_to_brace() {
    let code = "trait T { fn a(&self, b: [u8; 2]); }\nfn c(f: fn (u8)) -> u8\n{\n  if x { y }\n}\n";
    assert_eq!(functions(code), [("c", 2, 4)]);
}
