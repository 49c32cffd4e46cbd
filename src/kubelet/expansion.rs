//! `$(NAME)` in commands, arguments and values. Mirrors `third_party/forked/golang/expansion`.

/// Replaces each `$(NAME)` that `value` knows; `$$` stands for `$`, and what is unknown stays.
pub fn expand(text: &str, mut value: impl FnMut(&str) -> Option<String>) -> String {
    if !text.contains('$') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if let Some(escaped) = after.strip_prefix('$') {
            out.push('$');
            rest = escaped;
            continue;
        }
        let name = after.strip_prefix('(').and_then(|inner| inner.split_once(')'));
        match name {
            Some((name, behind)) => {
                out.push_str(&value(name).unwrap_or_else(|| format!("$({name})")));
                rest = behind;
            }
            None => {
                out.push('$');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::expand;

    #[test]
    fn references_are_replaced_and_dollars_escaped() {
        for (text, expanded) in [
            ("plain", "plain"),
            ("$(A)-$(B)", "1-$(B)"),
            ("$$(A) $(A", "$(A) $(A"),
            ("$A $", "$A $"),
            ("x$$$(A)", "x$1"),
            ("é$(A)é", "é1é"),
        ] {
            let known = |name: &str| (name == "A").then(|| "1".to_owned());
            assert_eq!(expand(text, known), expanded, "{text}");
        }
    }
}
