//! Transcripts as text: commands, what they should print, and directives.
//!
//! ```text
//! # A comment.
//! @ file web.yaml
//! | apiVersion: apps/v1
//! $ kubectl apply -f web.yaml
//! deployment.apps/web created
//! @ until deployment/web available
//! $ for i in 1 2
//! > do echo $i; done
//! ```

/// One entry of a transcript, with the number of its first line (from 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The number of its first line.
    pub line: usize,
    /// What it is.
    pub kind: EntryKind,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A comment or an empty line, kept for rewriting.
    Comment(String),
    /// A command line and what it should print.
    Command {
        /// The line without `$ `.
        line: String,
        /// The expected output, a line each.
        expected: Vec<String>,
    },
    /// A directive, and the lines with `| ` after it.
    Directive {
        /// The words after `@ `.
        text: String,
        /// The lines after it, without `| `.
        body: Vec<String>,
    },
}

/// A parsed transcript.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    /// The entries, in order.
    pub entries: Vec<Entry>,
}

impl Transcript {
    /// Parses a transcript. Every text is one: what belongs to nothing is a comment.
    pub fn parse(text: &str) -> Self {
        let mut entries: Vec<Entry> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            if let Some(kind) = begin(line) {
                entries.push(Entry { line: index + 1, kind });
                continue;
            }
            match entries.last_mut().map(|entry| &mut entry.kind) {
                Some(EntryKind::Command { line: command, expected })
                    if expected.is_empty() && (line == ">" || line.starts_with("> ")) =>
                {
                    command.push('\n');
                    command.push_str(line.get(2..).unwrap_or_default());
                }
                Some(EntryKind::Command { expected, .. }) => expected.push(line.to_owned()),
                Some(EntryKind::Directive { body, .. }) if line.starts_with('|') => {
                    let rest = line[1..].strip_prefix(' ').unwrap_or(&line[1..]);
                    body.push(rest.to_owned());
                }
                _ => entries
                    .push(Entry { line: index + 1, kind: EntryKind::Comment(line.to_owned()) }),
            }
        }
        Self { entries }
    }

    /// The transcript as text again.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for entry in &self.entries {
            let (head, body, mark) = match &entry.kind {
                EntryKind::Comment(line) => (line.clone(), &[][..], ""),
                EntryKind::Command { line, expected } => {
                    (format!("$ {}", line.replace('\n', "\n> ")), &expected[..], "")
                }
                EntryKind::Directive { text, body } => (format!("@ {text}"), &body[..], "| "),
            };
            text.push_str(&head);
            text.push('\n');
            for line in body {
                text.push_str(
                    format!("{mark}{line}").trim_end_matches(|c| c == ' ' && !mark.is_empty()),
                );
                text.push('\n');
            }
        }
        text
    }
}

fn begin(line: &str) -> Option<EntryKind> {
    if let Some(command) = line.strip_prefix("$ ") {
        return Some(EntryKind::Command { line: command.to_owned(), expected: Vec::new() });
    }
    if let Some(text) = line.strip_prefix("@ ") {
        return Some(EntryKind::Directive { text: text.to_owned(), body: Vec::new() });
    }
    line.starts_with("# ").then(|| EntryKind::Comment(line.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transcript_survives_being_parsed() {
        let text =
            "# Title\n\n@ file a.yaml\n| kind: Pod\n|\n| x: 1\n$ kubectl get pods\nNAME\n\nx\n";
        assert_eq!(Transcript::parse(text).to_text(), text);
    }
}
