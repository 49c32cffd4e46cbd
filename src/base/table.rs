//! Columns of text, aligned the way kubectl aligns them.

/// Elastic tab stops: text whose cells end in tabs, laid out in columns.
///
/// A column is as wide as the widest of its cells on consecutive lines, plus the padding. Text
/// after a line's last tab belongs to no column. Mirrors Go's `text/tabwriter` with spaces as
/// padding.
#[derive(Clone, Debug)]
pub struct Tabs {
    minimum: usize,
    padding: usize,
    text: String,
    /// The widest each column ever was, if later flushes must not be narrower.
    remembered: Option<Vec<usize>>,
}

impl Tabs {
    /// Columns at least `minimum` wide with `padding` spaces after the widest cell.
    pub fn new(minimum: usize, padding: usize) -> Tabs {
        Tabs { minimum, padding, text: String::new(), remembered: None }
    }

    /// The columns of `kubectl get`, which never shrink while a watch goes on. Mirrors
    /// `printers.GetNewTabWriter`.
    pub fn for_get() -> Tabs {
        Tabs { remembered: Some(Vec::new()), ..Tabs::new(6, 3) }
    }

    /// The columns of `kubectl describe`. Mirrors `describe.tabbedString`.
    pub fn for_describe() -> Tabs {
        Tabs::new(0, 2)
    }

    /// Adds text; tabs end cells, newlines end lines.
    pub fn write(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds one line of `cells` with tabs between them.
    pub fn line<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) {
        for (index, cell) in cells.into_iter().enumerate() {
            if index > 0 {
                self.text.push('\t');
            }
            self.text.push_str(cell.as_ref());
        }
        self.text.push('\n');
    }

    /// The text so far, laid out; the next text starts anew (with remembered widths, if any).
    pub fn flush(&mut self) -> String {
        let text = std::mem::take(&mut self.text);
        let lines: Vec<Vec<&str>> =
            text.split('\n').map(|line| line.split('\t').collect()).collect();
        let mut widths = vec![Vec::new(); lines.len()];
        self.measure(&lines, &mut widths, 0, 0..lines.len());
        let mut out = String::with_capacity(text.len() * 2);
        for (index, cells) in lines.iter().enumerate() {
            if index > 0 {
                out.push('\n');
            }
            for (column, cell) in cells.iter().enumerate() {
                out.push_str(cell);
                if let Some(width) = widths[index].get(column) {
                    let filled = cell.chars().count();
                    out.extend(std::iter::repeat_n(' ', width.saturating_sub(filled)));
                }
            }
        }
        out
    }

    /// Finds the widths of the cells from `column` on in `lines[within]`, block by block.
    fn measure(
        &mut self,
        lines: &[Vec<&str>],
        widths: &mut [Vec<usize>],
        column: usize,
        within: std::ops::Range<usize>,
    ) {
        let in_column = |line: usize| column + 1 < lines[line].len();
        let mut start = within.start;
        while start < within.end {
            if !in_column(start) {
                start += 1;
                continue;
            }
            let end = (start..within.end).find(|line| !in_column(*line)).unwrap_or(within.end);
            let cells = lines[start..end].iter().map(|cells| cells[column].chars().count());
            let widest = cells.max().unwrap_or(0) + self.padding;
            let width = self.remember(column, widest.max(self.minimum));
            for line in &mut widths[start..end] {
                line.push(width);
            }
            self.measure(lines, widths, column + 1, start..end);
            start = end;
        }
    }

    fn remember(&mut self, column: usize, width: usize) -> usize {
        let Some(remembered) = &mut self.remembered else { return width };
        if remembered.len() <= column {
            remembered.resize(column + 1, 0);
        }
        remembered[column] = remembered[column].max(width);
        remembered[column]
    }
}

/// `cell` as one line of harmless text: cut at its first line break, control characters made
/// visible. Mirrors the cell handling of `printers.TablePrinter`.
pub fn cell(text: &str) -> String {
    let end = text.find(['\n', '\r', '\u{c}']);
    let mut out = escape(&text[..end.unwrap_or(text.len())]);
    if end.is_some() {
        out.push_str("...");
    }
    out
}

/// `text` with the characters that would steer a terminal made visible. Mirrors
/// `printers.WriteEscaped`.
pub fn escape(text: &str) -> String {
    text.replace('\u{1b}', "^[").replace('\r', "\\r")
}

/// A table as `kubectl get` prints it: `headers` in upper case (none for `--no-headers`), then
/// the rows.
pub fn render<R, S>(headers: &[S], rows: impl IntoIterator<Item = R>) -> String
where
    R: IntoIterator<Item = S>,
    S: AsRef<str>,
{
    let mut tabs = Tabs::for_get();
    if !headers.is_empty() {
        tabs.line(headers.iter().map(|header| header.as_ref().to_ascii_uppercase()));
    }
    for row in rows {
        tabs.line(row.into_iter().map(|text| cell(text.as_ref())));
    }
    tabs.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lays_out_like_kubectl_get() {
        let text = render(
            &["Name", "Ready", "Status", "Restarts", "Age"],
            [
                ["web-1", "1/1", "Running", "0", "5s"],
                ["a-much-longer-name", "0/1", "Pending", "12 (3s ago)", "10m"],
            ],
        );
        let expected = "\
NAME                 READY   STATUS    RESTARTS      AGE
web-1                1/1     Running   0             5s
a-much-longer-name   0/1     Pending   12 (3s ago)   10m
";
        assert_eq!(text, expected);
    }

    #[test]
    fn pads_before_empty_last_cells_and_cuts_lines() {
        assert_eq!(render(&["a", "b"], [["x", ""]]), "A     B\nx     \n");
        assert_eq!(cell("one\ntwo"), "one...");
        assert_eq!(cell("\u{1b}[1m"), "^[[1m");
        assert_eq!(render::<[&str; 1], &str>(&[], [["x"]]), "x\n");
    }

    #[test]
    fn blocks_are_consecutive_lines() {
        let mut tabs = Tabs::for_describe();
        tabs.write("Name:\tweb\nReplicas:\t3 desired\n\nEvents:\n  Type\tReason\n  ----\t------\n");
        tabs.write("  é\tx\n");
        let expected = "Name:      web\nReplicas:  3 desired\n\nEvents:\n  Type  Reason\n  ----  ------\n  é     x\n";
        assert_eq!(tabs.flush(), expected);
    }

    #[test]
    fn nested_blocks_break_at_missing_cells() {
        let mut tabs = Tabs::new(0, 1);
        tabs.write("a\tbbb\tc\naaaa\tb\naa\tb\tc\n");
        assert_eq!(tabs.flush(), "a    bbb c\naaaa b\naa   b c\n");
    }

    #[test]
    fn a_watch_keeps_its_widths() {
        let mut tabs = Tabs::for_get();
        tabs.write("NAME\tAGE\nlonger-name\t1s\n");
        assert_eq!(tabs.flush(), "NAME          AGE\nlonger-name   1s\n");
        tabs.write("x\t2s\n");
        assert_eq!(tabs.flush(), "x             2s\n");
    }
}
