use yew::prelude::*;

/// A piece of a line: its CSS class and its text.
type Piece<'a> = (&'static str, &'a str);

/// One line of YAML, cut into coloured pieces. It looks at one line only, which is what makes it
/// fast; block scalars are therefore coloured as if they were YAML.
pub fn pieces(line: &str) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let (body, comment) = line.split_at(comment_start(line));
    if body.trim_end() == "---" {
        out.push(("y-mark", body));
    } else {
        let mut rest = body;
        let indent = rest.len() - rest.trim_start().len();
        out.push(("", &rest[..indent]));
        rest = &rest[indent..];
        while let Some(after) = rest.strip_prefix("- ") {
            out.push(("y-mark", &rest[..2]));
            let space = after.len() - after.trim_start().len();
            out.push(("", &after[..space]));
            rest = &after[space..];
        }
        match key_end(rest) {
            Some(end) => {
                out.push(("y-key", &rest[..end]));
                out.push(("y-mark", &rest[end..=end]));
                value(&rest[end + 1..], &mut out);
            }
            None => value(rest, &mut out),
        }
    }
    out.push(("y-comment", comment));
    out.retain(|(_, text)| !text.is_empty());
    out
}

fn value<'a>(text: &'a str, out: &mut Vec<Piece<'a>>) {
    let word = text.trim();
    let class = match word.as_bytes().first() {
        None => "",
        Some(b'"' | b'\'') => "y-string",
        Some(b'|' | b'>' | b'[' | b'{' | b'&' | b'*' | b'-') if word.len() <= 2 => "y-mark",
        _ if matches!(word, "true" | "false" | "null" | "~") => "y-word",
        Some(b'0'..=b'9' | b'-') if word.parse::<f64>().is_ok() => "y-number",
        _ => "y-text",
    };
    out.push((class, text));
}

fn key_end(text: &str) -> Option<usize> {
    let end = text.find(": ").or_else(|| text.trim_end().strip_suffix(':').map(str::len))?;
    let key = &text[..end];
    (!key.is_empty() && !key.contains(['{', '[']) && (!key.contains(' ') || key.starts_with('"')))
        .then_some(end)
}

fn comment_start(line: &str) -> usize {
    let mut quote = None;
    let mut before = b' ';
    for (n, byte) in line.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (None, b'"' | b'\'') if before == b' ' => quote = Some(byte),
            (None, b'#') if before == b' ' => return n,
            _ => {}
        }
        before = byte;
    }
    line.len()
}

/// One coloured line, without its end.
pub fn line(text: &str) -> Html {
    pieces(text)
        .into_iter()
        .map(|(class, text)| match class {
            "" => html! { { text } },
            _ => html! { <span {class}>{ text }</span> },
        })
        .collect()
}

/// A whole text, coloured; long ones stay plain beyond the first thousand lines.
pub fn block(text: &str) -> Html {
    const COLOURED: usize = 1000;
    let lines = text.split_inclusive('\n').enumerate();
    lines
        .map(|(n, text)| {
            if n < COLOURED {
                line(text)
            } else {
                html! { { text } }
            }
        })
        .collect()
}
