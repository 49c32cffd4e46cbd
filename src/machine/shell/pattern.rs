//! Shell patterns (`*`, `?`, `[…]`) and the regular expressions of `grep` and `sed`.

/// Whether `text` matches the shell pattern; a backslash makes the next character plain.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    glob(&pattern, &text)
}

fn glob(pattern: &[char], text: &[char]) -> bool {
    match pattern.first() {
        None => text.is_empty(),
        Some('*') => (0..=text.len()).any(|n| glob(&pattern[1..], &text[n..])),
        Some('?') => !text.is_empty() && glob(&pattern[1..], &text[1..]),
        Some('[') => match set(&pattern[1..], false) {
            Some((set, rest)) => {
                text.first().is_some_and(|c| set.holds(*c)) && glob(rest, &text[1..])
            }
            None => text.first() == Some(&'[') && glob(&pattern[1..], &text[1..]),
        },
        Some('\\') if pattern.len() > 1 => {
            text.first() == pattern.get(1) && glob(&pattern[2..], &text[1..])
        }
        Some(c) => text.first() == Some(c) && glob(&pattern[1..], &text[1..]),
    }
}

/// Whether the pattern has any magic.
pub(super) fn has_magic(pattern: &str) -> bool {
    let mut escaped = false;
    pattern.chars().any(|c| {
        let magic = !escaped && matches!(c, '*' | '?' | '[');
        escaped = !escaped && c == '\\';
        magic
    })
}

/// `text` with a backslash before every magic character.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[derive(Clone, Debug, PartialEq)]
struct Set {
    negated: bool,
    ranges: Vec<(char, char)>,
    ignore_case: bool,
}

impl Set {
    fn holds(&self, c: char) -> bool {
        let within = |c: char| self.ranges.iter().any(|(low, high)| (*low..=*high).contains(&c));
        let found = within(c)
            || (self.ignore_case
                && (within(c.to_ascii_lowercase()) || within(c.to_ascii_uppercase())));
        found != self.negated
    }
}

/// The members of a `[:name:]` class.
pub(super) fn class(name: &str) -> &'static [(char, char)] {
    match name {
        "alpha" => &[('a', 'z'), ('A', 'Z')],
        "digit" => &[('0', '9')],
        "alnum" => &[('a', 'z'), ('A', 'Z'), ('0', '9')],
        "upper" => &[('A', 'Z')],
        "lower" => &[('a', 'z')],
        "space" => &[(' ', ' '), ('\t', '\r')],
        "blank" => &[(' ', ' '), ('\t', '\t')],
        "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "xdigit" => &[('0', '9'), ('a', 'f'), ('A', 'F')],
        "print" => &[(' ', '~')],
        _ => &[],
    }
}

/// The set behind an opening bracket, and what follows it.
fn set(pattern: &[char], ignore_case: bool) -> Option<(Set, &[char])> {
    let mut at = usize::from(matches!(pattern.first(), Some('!' | '^')));
    let mut set = Set { negated: at == 1, ranges: Vec::new(), ignore_case };
    let start = at;
    loop {
        let c = *pattern.get(at)?;
        if c == ']' && at > start {
            return Some((set, &pattern[at + 1..]));
        }
        if c == '[' && pattern.get(at + 1) == Some(&':') {
            let end = pattern[at..].iter().position(|c| *c == ']')? + at;
            let name: String = pattern[at + 2..end - 1].iter().collect();
            set.ranges.extend(class(&name));
            at = end + 1;
            continue;
        }
        match (pattern.get(at + 1), pattern.get(at + 2)) {
            (Some('-'), Some(high)) if *high != ']' => {
                set.ranges.push((c, *high));
                at += 3;
            }
            _ => {
                set.ranges.push((c, c));
                at += 1;
            }
        }
    }
}

/// A regular expression: POSIX basic, or extended.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Regex {
    branches: Vec<Vec<Item>>,
    ignore_case: bool,
}

#[derive(Clone, Debug, PartialEq)]
struct Item {
    atom: Atom,
    least: usize,
    most: usize,
}

#[derive(Clone, Debug, PartialEq)]
enum Atom {
    Char(char),
    Any,
    Set(Set),
    Group(Vec<Vec<Item>>, usize),
    Start,
    End,
}

/// Where a match lies: the whole and its groups, as character positions.
pub(super) type Groups = Vec<Option<(usize, usize)>>;

impl Regex {
    pub(super) fn new(text: &str, extended: bool, ignore_case: bool) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let mut reader = Reader { chars: &chars, at: 0, extended, ignore_case, groups: 0 };
        Self { branches: reader.branches(), ignore_case }
    }

    /// A plain text to find.
    pub(super) fn fixed(text: &str, ignore_case: bool) -> Self {
        let item = |c| Item { atom: Atom::Char(c), least: 1, most: 1 };
        Self { branches: vec![text.chars().map(item).collect()], ignore_case }
    }

    /// The first match at or after position `from`.
    pub(super) fn find(&self, text: &[char], from: usize) -> Option<Groups> {
        (from..=text.len()).find_map(|start| {
            let mut groups: Groups = vec![None; 10];
            let mut end = None;
            for branch in &self.branches {
                let mut tried = vec![None; 10];
                if let Some(at) = self.items(branch, text, start, &mut tried, &mut |at, _| Some(at))
                    && end.is_none_or(|best| at > best)
                {
                    end = Some(at);
                    groups = tried;
                }
            }
            end.map(|end| {
                groups[0] = Some((start, end));
                groups
            })
        })
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        self.find(&text.chars().collect::<Vec<_>>(), 0).is_some()
    }

    fn items(
        &self,
        items: &[Item],
        text: &[char],
        at: usize,
        groups: &mut Groups,
        then: &mut dyn FnMut(usize, &mut Groups) -> Option<usize>,
    ) -> Option<usize> {
        let Some((item, rest)) = items.split_first() else { return then(at, groups) };
        self.repeat(item, 0, rest, text, at, groups, then)
    }

    #[expect(clippy::too_many_arguments, reason = "the state of one backtracking step")]
    fn repeat(
        &self,
        item: &Item,
        count: usize,
        rest: &[Item],
        text: &[char],
        at: usize,
        groups: &mut Groups,
        then: &mut dyn FnMut(usize, &mut Groups) -> Option<usize>,
    ) -> Option<usize> {
        if count < item.most {
            let before = groups.clone();
            let more = self.atom(&item.atom, text, at, groups, &mut |next, groups| {
                if next == at && count >= item.least {
                    return None;
                }
                self.repeat(item, count + 1, rest, text, next, groups, then)
            });
            if more.is_some() {
                return more;
            }
            *groups = before;
        }
        if count >= item.least { self.items(rest, text, at, groups, then) } else { None }
    }

    fn atom(
        &self,
        atom: &Atom,
        text: &[char],
        at: usize,
        groups: &mut Groups,
        then: &mut dyn FnMut(usize, &mut Groups) -> Option<usize>,
    ) -> Option<usize> {
        let here = text.get(at).copied();
        let one = match atom {
            Atom::Char(c) => {
                here.is_some_and(|h| h == *c || (self.ignore_case && h.eq_ignore_ascii_case(c)))
            }
            Atom::Any => here.is_some(),
            Atom::Set(set) => here.is_some_and(|h| set.holds(h)),
            Atom::Start => return if at == 0 { then(at, groups) } else { None },
            Atom::End => return if at == text.len() { then(at, groups) } else { None },
            Atom::Group(branches, number) => {
                return branches.iter().find_map(|branch| {
                    self.items(branch, text, at, groups, &mut |end, groups| {
                        if let Some(slot) = groups.get_mut(*number) {
                            *slot = Some((at, end));
                        }
                        then(end, groups)
                    })
                });
            }
        };
        if one { then(at + 1, groups) } else { None }
    }
}

struct Reader<'a> {
    chars: &'a [char],
    at: usize,
    extended: bool,
    ignore_case: bool,
    groups: usize,
}

impl Reader<'_> {
    /// Takes the operator `c`, which basic expressions write with a backslash.
    fn operator(&mut self, c: char) -> bool {
        let found = if self.extended {
            self.chars.get(self.at) == Some(&c)
        } else {
            self.chars.get(self.at) == Some(&'\\') && self.chars.get(self.at + 1) == Some(&c)
        };
        if found {
            self.at += if self.extended { 1 } else { 2 };
        }
        found
    }

    fn branches(&mut self) -> Vec<Vec<Item>> {
        let mut branches = vec![Vec::new()];
        while self.at < self.chars.len() {
            let start = self.at;
            if self.operator(')') {
                self.at = start;
                break;
            }
            if self.operator('|') {
                branches.push(Vec::new());
                continue;
            }
            let first = branches.last().is_some_and(Vec::is_empty);
            let atom = self.atom(first);
            let (least, most) = self.count();
            if let Some(branch) = branches.last_mut() {
                branch.push(Item { atom, least, most });
            }
        }
        branches
    }

    fn atom(&mut self, first: bool) -> Atom {
        if self.operator('(') {
            self.groups += 1;
            let number = self.groups;
            let inner = self.branches();
            self.operator(')');
            return Atom::Group(inner, number);
        }
        let c = self.chars[self.at];
        self.at += 1;
        match c {
            '.' => Atom::Any,
            '^' if first || self.extended => Atom::Start,
            '$' if self.extended
                || self.at == self.chars.len()
                || self.chars[self.at..].starts_with(&['\\', ')']) =>
            {
                Atom::End
            }
            '[' => match set(&self.chars[self.at..], self.ignore_case) {
                Some((set, rest)) => {
                    self.at = self.chars.len() - rest.len();
                    Atom::Set(set)
                }
                None => Atom::Char('['),
            },
            '\\' => {
                let escaped = self.chars.get(self.at).copied().unwrap_or('\\');
                self.at += 1;
                let named = |ranges: &[(char, char)], negated| {
                    Atom::Set(Set { negated, ranges: ranges.to_vec(), ignore_case: false })
                };
                match escaped {
                    'd' => named(class("digit"), false),
                    's' => named(class("space"), false),
                    'S' => named(class("space"), true),
                    'w' => named(&[class("alnum"), &[('_', '_')]].concat(), false),
                    'n' => Atom::Char('\n'),
                    't' => Atom::Char('\t'),
                    other => Atom::Char(other),
                }
            }
            other => Atom::Char(other),
        }
    }

    fn count(&mut self) -> (usize, usize) {
        if self.chars.get(self.at) == Some(&'*') {
            self.at += 1;
            return (0, usize::MAX);
        }
        if self.operator('+') {
            return (1, usize::MAX);
        }
        if self.operator('?') {
            return (0, 1);
        }
        if self.operator('{') {
            let mut bounds = String::new();
            while self.at < self.chars.len() && !self.operator('}') {
                bounds.push(self.chars[self.at]);
                self.at += 1;
            }
            let (least, most) = bounds.split_once(',').unwrap_or((&bounds, &bounds));
            return (least.parse().unwrap_or(0), most.parse().unwrap_or(usize::MAX));
        }
        (1, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shell_patterns() {
        for (pattern, text, expected) in [
            ("*.txt", "a.txt", true),
            ("a?c", "abc", true),
            ("[!a-c]x", "dx", true),
            ("[a-c]x", "dx", false),
            ("\\*", "*", true),
            ("\\*", "x", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn regular_expressions() {
        for (pattern, extended, text, expected) in [
            ("^a.*z$", false, "abcz", true),
            ("a\\{2\\}", false, "baab", true),
            ("(ab|cd)+x", true, "abcdx", true),
            ("[[:digit:]]+", true, "abc", false),
            ("a+b", false, "a+b", true),
            ("x?y", true, "y", true),
        ] {
            assert_eq!(Regex::new(pattern, extended, false).is_match(text), expected, "{pattern}");
        }
    }
}
