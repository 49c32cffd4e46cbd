//! Lines of limited width. Mirrors `mitchellh/go-wordwrap` and `explain.Formatter`.

/// Breaks lines between words so that they have at most `limit` characters.
pub(super) fn wrap(text: &str, limit: usize) -> String {
    let mut made = String::new();
    let (mut word, mut space) = (String::new(), String::new());
    let (mut current, mut word_length, mut space_length) = (0, 0, 0);
    for c in text.chars() {
        if c == '\n' {
            if word.is_empty() {
                if current + space_length <= limit {
                    made.push_str(&space);
                }
            } else {
                made.extend([space.as_str(), word.as_str()]);
            }
            made.push(c);
            space.clear();
            word.clear();
            (current, word_length, space_length) = (0, 0, 0);
        } else if c.is_whitespace() && c != '\u{a0}' {
            if space.is_empty() || !word.is_empty() {
                current += space_length + word_length;
                made.extend([space.as_str(), word.as_str()]);
                space.clear();
                word.clear();
                (word_length, space_length) = (0, 0);
            }
            space.push(c);
            space_length += 1;
        } else {
            word.push(c);
            word_length += 1;
            if current + word_length + space_length > limit && word_length < limit {
                made.push('\n');
                current = 0;
                space.clear();
                space_length = 0;
            }
        }
    }
    if !word.is_empty() || current + space_length <= limit {
        made.extend([space.as_str(), word.as_str()]);
    }
    made
}

/// Puts as many spaces before each line.
pub(super) fn indent(text: &str, amount: usize) -> String {
    let pad = " ".repeat(amount);
    format!("{pad}{}", text.replace('\n', &format!("\n{pad}")))
}

/// The lines of a description in the older form, which joins what stands on several.
pub(super) fn lines(text: &str, limit: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    let mut last = "";
    for part in text.split('\n') {
        let is_blank = part.trim().is_empty();
        let is_kept = part.starts_with("    ");
        let ends = is_kept || (is_blank && !lines.is_empty());
        if (ends || starts_anew(last, part)) && !line.is_empty() {
            lines.push(std::mem::take(&mut line));
            last = "";
        }
        if ends {
            lines.push(if is_kept { part.to_owned() } else { String::new() });
            continue;
        }
        for word in part.split_whitespace() {
            last = word;
            if !line.is_empty() && line.len() + 1 + word.len() > limit {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// Mirrors `shouldStartNewLine`.
fn starts_anew(last: &str, part: &str) -> bool {
    let part = part.trim();
    let mark = part.split_whitespace().next().unwrap_or_default();
    let digits = mark.strip_suffix('.').unwrap_or(mark);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let is_bullet = (is_number || mark == "-" || mark == "*") && part.len() > mark.len();
    last.ends_with(':') || part.is_empty() || is_bullet
}
