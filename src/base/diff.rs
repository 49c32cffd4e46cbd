//! Differences between two texts, line by line.

/// A run of equal lines: where it starts in the old text and in the new, and how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Match {
    old: usize,
    new: usize,
    length: usize,
}

/// The differences as hunks of a unified diff (`@@ -1,3 +1,4 @@`), with `context` equal lines
/// around each change; empty when the texts are equal.
///
/// Mirrors `k8s.io/apimachinery/pkg/util/diff.Diff`, which goes for the longest equal runs.
pub fn unified(old: &str, new: &str, context: usize) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    let mut matches = Vec::new();
    find(&old, &new, (0, 0), &mut matches);
    matches.push(Match { old: old.len(), new: new.len(), length: 0 });
    let mut out = String::new();
    let mut hunk = Hunk::default();
    let mut at = (0, 0);
    for run in matches {
        let removed = &old[at.0..run.old];
        let added = &new[at.1..run.new];
        hunk.change(at, removed, added);
        let equal = &old[run.old..run.old + run.length];
        let is_last = run.old + run.length == old.len() && run.new + run.length == new.len();
        if hunk.is_changed && (is_last || equal.len() > 2 * context) {
            hunk.keep(&equal[..equal.len().min(context)]);
            hunk.print(&mut out);
            hunk = Hunk::default();
        }
        at = (run.old + run.length, run.new + run.length);
        if hunk.is_changed {
            hunk.keep(equal);
        } else {
            let skip = equal.len().saturating_sub(context);
            hunk.start = Some((run.old + skip, run.new + skip));
            hunk.keep(&equal[skip..]);
        }
    }
    out
}

/// Collects the longest runs of equal lines, in order: the longest of all first splits the texts
/// in two, and so on.
fn find(old: &[&str], new: &[&str], start: (usize, usize), out: &mut Vec<Match>) {
    let Some(best) = longest(old, new) else { return };
    find(&old[..best.old], &new[..best.new], start, out);
    out.push(Match { old: start.0 + best.old, new: start.1 + best.new, ..best });
    let (after_old, after_new) = (best.old + best.length, best.new + best.length);
    let start = (start.0 + after_old, start.1 + after_new);
    find(&old[after_old..], &new[after_new..], start, out);
}

fn longest(old: &[&str], new: &[&str]) -> Option<Match> {
    let mut best = Match { old: 0, new: 0, length: 0 };
    let mut lengths = vec![0; new.len() + 1];
    for (i, line) in old.iter().enumerate() {
        for j in (0..new.len()).rev() {
            lengths[j + 1] = if new[j] == *line { lengths[j] + 1 } else { 0 };
        }
        for (j, &length) in lengths.iter().enumerate() {
            if length > best.length {
                best = Match { old: i + 1 - length, new: j - length, length };
            }
        }
    }
    (best.length > 0).then_some(best)
}

#[derive(Default)]
struct Hunk {
    start: Option<(usize, usize)>,
    removed: usize,
    added: usize,
    lines: String,
    is_changed: bool,
}

impl Hunk {
    fn keep(&mut self, equal: &[&str]) {
        self.removed += equal.len();
        self.added += equal.len();
        self.push(' ', equal);
    }

    fn change(&mut self, at: (usize, usize), removed: &[&str], added: &[&str]) {
        if removed.is_empty() && added.is_empty() {
            return;
        }
        self.start.get_or_insert(at);
        self.is_changed = true;
        self.removed += removed.len();
        self.added += added.len();
        self.push('-', removed);
        self.push('+', added);
    }

    fn push(&mut self, sign: char, lines: &[&str]) {
        for line in lines {
            self.lines.push(sign);
            self.lines.push_str(line);
            self.lines.push('\n');
        }
    }

    fn print(&self, out: &mut String) {
        let (old, new) = self.start.unwrap_or_default();
        let (old, new) = (range(old, self.removed), range(new, self.added));
        out.push_str(&format!("@@ -{old} +{new} @@\n{}", self.lines));
    }
}

/// `7,3`: from the seventh line on, three lines.
fn range(start: usize, count: usize) -> String {
    match count {
        0 => format!("{start},0"),
        1 => format!("{}", start + 1),
        _ => format!("{},{count}", start + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::unified;

    #[test]
    fn hunks_read_as_patch_reads_them() {
        for (old, new, context, expected) in [
            ("a", "a", 3, ""),
            ("a", "b", 3, "@@ -1 +1 @@ -a +b "),
            ("", "a b", 3, "@@ -0,0 +1,2 @@ +a +b "),
            ("a b c d e", "a b x d e", 1, "@@ -2,3 +2,3 @@  b -c +x  d "),
            (
                "a b c d e f g",
                "x b c d e f y",
                1,
                "@@ -1,2 +1,2 @@ -a +x  b @@ -6,2 +6,2 @@  f -g +y ",
            ),
            ("a b c d e", "x b c d y", 2, "@@ -1,5 +1,5 @@ -a +x  b  c  d -e +y "),
        ] {
            let lines = |text: &str| text.replace(' ', "\n");
            let found = unified(&lines(old), &lines(new), context);
            assert_eq!(found.replace('\n', " "), expected, "{old} -> {new}");
        }
    }
}
