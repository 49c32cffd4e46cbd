//! Indented lines with tabs between their cells, as `describe` writes them before aligning them.

/// Text under construction. Mirrors `describe.PrefixWriter`.
#[derive(Default)]
pub struct Lines(String);

impl Lines {
    /// Adds a line indented by `level` times two spaces.
    pub fn line(&mut self, level: usize, text: impl AsRef<str>) {
        self.0.extend(std::iter::repeat_n("  ", level));
        self.0.push_str(text.as_ref());
        self.0.push('\n');
    }

    /// Adds `TITLE:<tab>value`.
    pub fn field(&mut self, level: usize, title: &str, value: impl std::fmt::Display) {
        self.line(level, format!("{title}:\t{value}"));
    }

    /// Adds `TITLE:<tab>` and the values below each other; `<none>` without any.
    pub fn list<S: AsRef<str>>(
        &mut self,
        level: usize,
        title: &str,
        values: impl IntoIterator<Item = S>,
    ) {
        let mut head = format!("{title}:");
        let mut count = 0;
        for value in values {
            self.line(if count == 0 { level } else { 0 }, format!("{head}\t{}", value.as_ref()));
            head.clear();
            count += 1;
        }
        if count == 0 {
            self.field(level, title, super::NONE);
        }
    }

    /// Adds text that already has its tabs and line feeds.
    pub fn text(&mut self, text: &str) {
        self.0.push_str(text);
    }

    /// The text with its tabs still in it.
    pub fn raw(self) -> String {
        self.0
    }
}
