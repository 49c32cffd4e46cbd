//! From a typed line to commands and words, as a shell splits them.

/// One command of a line, and when it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    /// Whether it runs only if the one before succeeded (`&&`).
    pub after_success: bool,
    /// Its words, unquoted.
    pub words: Vec<String>,
}

/// Splits a line at `;`, `&&` and white space, outside quotes. `#` starts a comment.
///
/// # Errors
/// An open quote.
pub(super) fn split(line: &str) -> Result<Vec<Command>, String> {
    let mut splitter = Splitter::default();
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match (splitter.quote, c) {
            (Some(quote), c) if c == quote => splitter.quote = None,
            (Some('"'), '\\') => {
                let escaped = chars.next().unwrap_or('\\');
                if !matches!(escaped, '"' | '\\' | '$' | '`') {
                    splitter.push('\\');
                }
                splitter.push(escaped);
            }
            (Some(_), c) => splitter.push(c),
            (None, '\'' | '"') => splitter.open(c),
            (None, '\\') => splitter.push(chars.next().unwrap_or('\\')),
            (None, ';') => splitter.end_command(false),
            (None, '&') if chars.peek() == Some(&'&') => {
                chars.next();
                splitter.end_command(true);
            }
            (None, '#') if splitter.word.is_none() => break,
            (None, c) if c.is_whitespace() => splitter.end_word(),
            (None, c) => splitter.push(c),
        }
    }
    if splitter.quote.is_some() {
        return Err("unexpected EOF while looking for matching quote".to_owned());
    }
    splitter.end_command(false);
    Ok(splitter.commands)
}

#[derive(Default)]
struct Splitter {
    commands: Vec<Command>,
    words: Vec<String>,
    word: Option<String>,
    quote: Option<char>,
    after_success: bool,
}

impl Splitter {
    fn push(&mut self, c: char) {
        self.word.get_or_insert_default().push(c);
    }

    fn open(&mut self, quote: char) {
        self.word.get_or_insert_default();
        self.quote = Some(quote);
    }

    fn end_word(&mut self) {
        self.words.extend(self.word.take());
    }

    fn end_command(&mut self, next_after_success: bool) {
        self.end_word();
        let words = std::mem::take(&mut self.words);
        if !words.is_empty() {
            self.commands.push(Command { after_success: self.after_success, words });
        }
        self.after_success = next_after_success;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<Vec<String>> {
        split(line).unwrap().into_iter().map(|command| command.words).collect()
    }

    #[test]
    fn quotes_keep_words_together() {
        let line = r#"kubectl get -o jsonpath='{.a b}' "x \"y\"" a\ b # comment"#;
        let expected = ["kubectl", "get", "-o", "jsonpath={.a b}", "x \"y\"", "a b"];
        assert_eq!(words(line), [expected]);
    }

    #[test]
    fn commands_follow_each_other() {
        assert_eq!(words("a b; c && d").len(), 3);
        assert!(split("a && b").unwrap()[1].after_success);
        assert!(split("a 'b").is_err());
    }
}
