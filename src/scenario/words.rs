//! From a typed line to commands and words, as a shell splits them.

use std::iter::Peekable;
use std::str::Chars;

/// One command of a line, and when it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    /// Whether it runs only if the one before succeeded (`&&`).
    pub after_success: bool,
    /// Its words, unquoted.
    pub words: Vec<String>,
    /// Its here-document (`<<EOF`), if it has one.
    pub stdin: Option<String>,
}

/// Splits a line at `;`, `&&`, line ends and white space, outside quotes. `#` starts a comment.
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
            (None, '\n') => {
                splitter.read_document(&mut chars);
                splitter.end_command(false);
            }
            (None, '&') if chars.peek() == Some(&'&') => {
                chars.next();
                splitter.end_command(true);
            }
            (None, '<') if chars.peek() == Some(&'<') => {
                chars.next();
                splitter.end_word();
                splitter.marks_document = true;
            }
            (None, '#') if splitter.word.is_none() => {
                while chars.next_if(|c| *c != '\n').is_some() {}
            }
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
    /// `<<` was read: the next word ends the here-document.
    marks_document: bool,
    mark: Option<String>,
    stdin: Option<String>,
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
        match self.word.take() {
            Some(mark) if self.marks_document => {
                self.marks_document = false;
                self.mark = Some(mark);
            }
            word => self.words.extend(word),
        }
    }

    /// At the end of a line: the here-document that it announced.
    fn read_document(&mut self, chars: &mut Peekable<Chars<'_>>) {
        self.end_word();
        let Some(mark) = self.mark.take() else { return };
        let mut text = String::new();
        while chars.peek().is_some() {
            let line: String = chars.by_ref().take_while(|c| *c != '\n').collect();
            if line == mark {
                break;
            }
            text.push_str(&line);
            text.push('\n');
        }
        self.stdin = Some(text);
    }

    fn end_command(&mut self, next_after_success: bool) {
        self.end_word();
        let words = std::mem::take(&mut self.words);
        if !words.is_empty() {
            let stdin = self.stdin.take();
            self.commands.push(Command { after_success: self.after_success, words, stdin });
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
        assert_eq!(words("a b; c && d\ne").len(), 4);
        assert!(split("a && b").unwrap()[1].after_success);
        assert!(split("a 'b").is_err());
    }

    #[test]
    fn a_here_document_is_what_the_command_reads() {
        let commands = split("a -f - <<'EOF' -x\nk: 'v\n\nEOF\nb").unwrap();
        assert_eq!(commands[0].words, ["a", "-f", "-", "-x"]);
        assert_eq!(commands[0].stdin.as_deref(), Some("k: 'v\n\n"));
        assert_eq!(commands[1].words, ["b"]);
    }
}
