//! What a process printed: whole lines with the moment they were written.

use std::rc::Rc;

use imbl::Vector;

use crate::sim::Time;

/// Where the outputs of a process go.
pub trait Sink {
    /// Takes what was written at a moment.
    fn write(&mut self, at: Time, stream: Output, text: &str);
}

impl Sink for Log {
    fn write(&mut self, at: Time, stream: Output, text: &str) {
        Self::write(self, at, stream, text);
    }
}

/// Which of its two outputs a process wrote to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Output {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// One line of a container's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When the line's last byte was written.
    pub at: Time,
    /// The output it came from.
    pub stream: Output,
    /// The text without its newline.
    pub text: Rc<str>,
    /// False for a last line that the process ended (or still holds) without a newline.
    pub complete: bool,
}

impl LogLine {
    /// The line as it was written.
    pub fn written(&self) -> String {
        format!("{}{}", self.text, if self.complete { "\n" } else { "" })
    }
}

/// A container's log: the newest lines, older ones are forgotten like a rotated file.
#[derive(Clone, Debug, Default)]
pub struct Log {
    lines: Vector<LogLine>,
    partial: [String; 2],
    dropped: u64,
}

/// How far somebody has read in a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    line: u64,
    /// How much of each output's unfinished line was read.
    partial: [usize; 2],
}

/// How many lines a log keeps (a kubelet keeps 10 MiB; this is of the same order for short lines).
const KEPT_LINES: usize = 10_000;

impl Log {
    /// Appends `text`, which may hold several lines and an unfinished last one.
    pub fn write(&mut self, at: Time, stream: Output, text: &str) {
        let slot = usize::from(stream == Output::Stderr);
        let mut rest = text;
        while let Some((line, tail)) = rest.split_once('\n') {
            let mut whole = std::mem::take(&mut self.partial[slot]);
            whole.push_str(line);
            self.push(LogLine { at, stream, text: whole.into(), complete: true });
            rest = tail;
        }
        self.partial[slot].push_str(rest);
    }

    /// Ends unfinished lines, as the death of the writer does.
    pub fn flush(&mut self, at: Time) {
        for (slot, stream) in [(0, Output::Stdout), (1, Output::Stderr)] {
            if !self.partial[slot].is_empty() {
                let text = std::mem::take(&mut self.partial[slot]).into();
                self.push(LogLine { at, stream, text, complete: false });
            }
        }
    }

    fn push(&mut self, line: LogLine) {
        if self.lines.len() == KEPT_LINES {
            self.lines.pop_front();
            self.dropped += 1;
        }
        self.lines.push_back(line);
    }

    /// The kept lines, oldest first; share them with `clone()`, which is cheap.
    pub fn lines(&self) -> &Vector<LogLine> {
        &self.lines
    }

    /// How many older lines were forgotten; `forgotten() + lines().len()` numbers the next line,
    /// which is what a follower remembers.
    pub fn forgotten(&self) -> u64 {
        self.dropped
    }

    /// Where somebody begins to read who does not want the lines that are complete by now.
    pub fn end(&self) -> Position {
        Position { line: self.dropped + self.lines.len() as u64, partial: [0, 0] }
    }

    /// What both outputs got since `position`, which moves to the end; `merged`, all of it counts
    /// as standard output, in the order in which it was written.
    pub fn read_on(&self, position: &mut Position, merged: bool) -> [String; 2] {
        let mut texts = [String::new(), String::new()];
        let mut read = position.partial;
        let from = usize::try_from(position.line.saturating_sub(self.dropped)).unwrap_or(0);
        for line in self.lines.iter().skip(from) {
            let slot = usize::from(line.stream == Output::Stderr);
            let text = &mut texts[if merged { 0 } else { slot }];
            text.push_str(line.text.get(std::mem::take(&mut read[slot])..).unwrap_or_default());
            if line.complete {
                text.push('\n');
            }
        }
        for (slot, partial) in self.partial.iter().enumerate() {
            let text = &mut texts[if merged { 0 } else { slot }];
            text.push_str(partial.get(read[slot]..).unwrap_or_default());
        }
        position.line = self.end().line;
        position.partial = [self.partial[0].len(), self.partial[1].len()];
        texts
    }

    /// Everything kept, as one text, unfinished lines included.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for line in &self.lines {
            text.push_str(&line.text);
            if line.complete {
                text.push('\n');
            }
        }
        text.push_str(&self.partial[0]);
        text.push_str(&self.partial[1]);
        text
    }
}
