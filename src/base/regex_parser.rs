//! From the text of a regular expression to its tree. Mirrors Go's `regexp/syntax`.

use crate::base::order::Order as _;

/// A set of characters.
#[derive(Clone, Debug, Default)]
pub(super) struct Class {
    ranges: Vec<(char, char)>,
    letters: bool,
    negated: bool,
    fold: bool,
}

impl Class {
    /// Whether it has a character.
    pub(super) fn holds(&self, c: char) -> bool {
        let within = |c: char| self.ranges.iter().any(|(low, high)| (*low..=*high).contains(&c));
        let folded =
            self.fold && (within(c.to_ascii_lowercase()) || within(c.to_ascii_uppercase()));
        (within(c) || folded || (self.letters && c.is_alphabetic())) != self.negated
    }

    fn of(ranges: &[(char, char)], negated: bool) -> Self {
        Self { ranges: ranges.to_vec(), negated, ..Self::default() }
    }

    /// Adds what another one has.
    fn add(&mut self, other: &Self) {
        self.letters |= other.letters;
        if !other.negated {
            self.ranges.extend(&other.ranges);
            return;
        }
        let mut sorted = other.ranges.clone();
        sorted.order();
        let mut from = 0_u32;
        for (low, high) in sorted {
            if let (Some(a), Some(b)) = (char::from_u32(from), before(low))
                && a <= b
            {
                self.ranges.push((a, b));
            }
            from = from.max(u32::from(high) + 1);
        }
        if let Some(a) = char::from_u32(from) {
            self.ranges.push((a, char::MAX));
        }
    }
}

fn before(c: char) -> Option<char> {
    u32::from(c).checked_sub(1).and_then(char::from_u32)
}

/// A part of an expression.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// One character of a class.
    One(Class),
    /// The text's beginning.
    Start,
    /// The text's end.
    End,
    /// The edge of a word, or (false) no edge.
    Edge(bool),
    /// All, one after the other.
    All(Vec<Node>),
    /// One of several.
    Either(Vec<Node>),
    /// A part several times.
    Repeat(Box<Node>, u32, Option<u32>),
}

const DIGITS: &[(char, char)] = &[('0', '9')];
const SPACES: &[(char, char)] = &[('\t', '\n'), ('\x0c', '\r'), (' ', ' ')];
const WORDS: &[(char, char)] = &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];
const REPEAT_MAX: u32 = 1000;
const DEPTH_MAX: usize = 200;

struct Parser<'a> {
    text: &'a str,
    at: usize,
    fold: bool,
    dot_all: bool,
    depth: usize,
}

/// Reads an expression.
pub(super) fn parse(text: &str) -> Result<Node, String> {
    let mut parser = Parser { text, at: 0, fold: false, dot_all: false, depth: 0 };
    let node = parser.either().map_err(|why| format!("error parsing regexp: {why}"))?;
    if parser.at < text.len() {
        return Err(format!("error parsing regexp: unexpected ): `{text}`"));
    }
    Ok(node)
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn eat(&mut self, text: &str) -> bool {
        let is_next = self.rest().starts_with(text);
        if is_next {
            self.at += text.len();
        }
        is_next
    }

    fn either(&mut self) -> Result<Node, String> {
        let mut branches = Vec::new();
        loop {
            branches.push(self.all()?);
            if !self.eat("|") {
                break;
            }
        }
        Ok(if branches.len() == 1 { branches.remove(0) } else { Node::Either(branches) })
    }

    fn all(&mut self) -> Result<Node, String> {
        let mut nodes = Vec::new();
        while let Some(c) = self.peek() {
            if c == '|' || c == ')' {
                break;
            }
            let start = self.at;
            if matches!(c, '*' | '+' | '?') {
                return Err(format!("missing argument to repetition operator: `{c}`"));
            }
            let node = self.atom()?;
            nodes.push(self.repeated(node, start)?);
        }
        Ok(Node::All(nodes))
    }

    fn repeated(&mut self, node: Node, _start: usize) -> Result<Node, String> {
        let start = self.at;
        let Some((least, most)) = self.times()? else { return Ok(node) };
        self.eat("?");
        let again = self.at;
        let node = Node::Repeat(Box::new(node), least, most);
        if self.times()?.is_some() {
            let operators = self.text.get(start..self.at).unwrap_or_default();
            debug_assert!(again > start, "an operator was read");
            return Err(format!("invalid nested repetition operator: `{operators}`"));
        }
        Ok(node)
    }

    /// A repetition operator, if one comes next.
    fn times(&mut self) -> Result<Option<(u32, Option<u32>)>, String> {
        let found = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => return self.braces(),
            _ => return Ok(None),
        };
        self.next();
        Ok(Some(found))
    }

    /// `{2}`, `{2,}`, `{2,3}`; anything else in braces stands for itself.
    fn braces(&mut self) -> Result<Option<(u32, Option<u32>)>, String> {
        let Some(end) = self.rest().find('}') else { return Ok(None) };
        let whole = self.rest()[..=end].to_owned();
        let inner = &whole[1..end];
        let (least, most) = inner.split_once(',').unwrap_or((inner, inner));
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !is_number(least) || !(is_number(most) || most.is_empty()) {
            return Ok(None);
        }
        let wrong = || format!("invalid repeat count: `{whole}`");
        let least: u32 = least.parse().map_err(|_| wrong())?;
        let most: Option<u32> = match most {
            "" => None,
            most => Some(most.parse().map_err(|_| wrong())?),
        };
        if least > REPEAT_MAX || most.is_some_and(|most| most > REPEAT_MAX || most < least) {
            return Err(wrong());
        }
        self.at += whole.len();
        Ok(Some((least, most)))
    }

    fn atom(&mut self) -> Result<Node, String> {
        match self.next() {
            Some('^') => Ok(Node::Start),
            Some('$') => Ok(Node::End),
            Some('.') if self.dot_all => Ok(Node::One(Class::of(&[], true))),
            Some('.') => Ok(Node::One(Class::of(&[('\n', '\n')], true))),
            Some('[') => self.set().map(Node::One),
            Some('(') => self.group(),
            Some('\\') => self.escaped(),
            Some(c) => Ok(self.literal(c)),
            None => Ok(Node::All(Vec::new())),
        }
    }

    fn literal(&self, c: char) -> Node {
        Node::One(Class { fold: self.fold, ..Class::of(&[(c, c)], false) })
    }

    fn group(&mut self) -> Result<Node, String> {
        let start = self.at - 1;
        let (fold, dot_all) = (self.fold, self.dot_all);
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("expression nests too deeply".to_owned());
        }
        if self.eat("?") && !self.eat("P<") && !(self.eat("<") && self.peek() != Some('=')) {
            // Flags: `(?i)`, `(?i:…)`, `(?:…)`.
            let mut on = true;
            loop {
                match self.next() {
                    Some('i') => self.fold = on,
                    Some('s') => self.dot_all = on,
                    Some('m' | 'U') => {}
                    Some('-') => on = false,
                    Some(':') => break,
                    Some(')') => return Ok(Node::All(Vec::new())),
                    _ => {
                        let text = self.text.get(start..self.at).unwrap_or_default();
                        return Err(format!("invalid or unsupported Perl syntax: `{text}`"));
                    }
                }
            }
        } else if self.text.get(start..self.at) != Some("(") {
            let Some(end) = self.rest().find('>') else {
                let text = self.text.get(start..).unwrap_or_default();
                return Err(format!("invalid named capture: `{text}`"));
            };
            self.at += end + 1;
        }
        let node = self.either()?;
        if !self.eat(")") {
            return Err(format!("missing closing ): `{}`", self.text));
        }
        (self.fold, self.dot_all) = (fold, dot_all);
        self.depth -= 1;
        Ok(node)
    }

    /// What follows a backslash outside a set.
    fn escaped(&mut self) -> Result<Node, String> {
        match self.peek() {
            Some('b') => self.edge(Node::Edge(true)),
            Some('B') => self.edge(Node::Edge(false)),
            Some('A') => self.edge(Node::Start),
            Some('z') => self.edge(Node::End),
            Some('Q') => {
                self.next();
                let rest = self.rest();
                let end = rest.find("\\E").unwrap_or(rest.len());
                let plain = rest[..end].to_owned();
                self.at += plain.len();
                self.eat("\\E");
                Ok(Node::All(plain.chars().map(|c| self.literal(c)).collect()))
            }
            _ => {
                let class = self.class()?;
                Ok(Node::One(Class { fold: self.fold, ..class }))
            }
        }
    }

    fn edge(&mut self, node: Node) -> Result<Node, String> {
        self.next();
        Ok(node)
    }

    /// The characters that an escape stands for; the backslash is read already.
    fn class(&mut self) -> Result<Class, String> {
        let start = self.at - 1;
        let Some(c) = self.next() else {
            return Err("trailing backslash at end of expression: ``".to_owned());
        };
        let one = |c: char| Ok(Class::of(&[(c, c)], false));
        match c {
            'd' | 'D' => Ok(Class::of(DIGITS, c == 'D')),
            's' | 'S' => Ok(Class::of(SPACES, c == 'S')),
            'w' | 'W' => Ok(Class::of(WORDS, c == 'W')),
            'p' | 'P' => self.unicode(c == 'P', start),
            'n' => one('\n'),
            't' => one('\t'),
            'r' => one('\r'),
            'f' => one('\x0c'),
            'v' => one('\x0b'),
            'a' => one('\x07'),
            'x' => match self.hexadecimal() {
                Some(c) => one(c),
                None => Err(self.bad_escape(start)),
            },
            c if c.is_ascii_punctuation() => one(c),
            _ => Err(self.bad_escape(start)),
        }
    }

    fn bad_escape(&self, start: usize) -> String {
        let text = self.text.get(start..self.at).unwrap_or_default();
        format!("invalid escape sequence: `{text}`")
    }

    fn hexadecimal(&mut self) -> Option<char> {
        let digits = if self.eat("{") {
            let end = self.rest().find('}')?;
            let digits = self.rest()[..end].to_owned();
            self.at += end + 1;
            digits
        } else {
            let digits = self.rest().get(..2)?.to_owned();
            self.at += 2;
            digits
        };
        char::from_u32(u32::from_str_radix(&digits, 16).ok()?)
    }

    /// `\pL`, `\p{L}`: letters; the other classes of Unicode as far as ASCII has them.
    fn unicode(&mut self, negated: bool, start: usize) -> Result<Class, String> {
        let name = if self.eat("{") {
            let end = self.rest().find('}').unwrap_or(self.rest().len());
            let name = self.rest()[..end].to_owned();
            self.at = (self.at + end + 1).min(self.text.len());
            name
        } else {
            self.next().map(String::from).unwrap_or_default()
        };
        let ranges: &[(char, char)] = match name.as_str() {
            "L" => return Ok(Class { letters: true, negated, ..Class::default() }),
            "Lu" => &[('A', 'Z')],
            "Ll" => &[('a', 'z')],
            "N" | "Nd" => DIGITS,
            "P" => &[('!', '#'), ('%', '*'), (',', '/'), (':', ';'), ('?', '@'), ('[', ']')],
            "S" => &[('$', '$'), ('+', '+'), ('<', '>'), ('^', '^'), ('`', '`'), ('|', '|')],
            "Z" | "Zs" => &[(' ', ' '), ('\u{a0}', '\u{a0}')],
            _ => {
                let text = self.text.get(start..self.at).unwrap_or_default();
                return Err(format!("invalid character class range: `{text}`"));
            }
        };
        Ok(Class::of(ranges, negated))
    }

    /// A set; the opening bracket is read already.
    fn set(&mut self) -> Result<Class, String> {
        let start = self.at - 1;
        let open = self.text.get(start..).unwrap_or_default().to_owned();
        let negated = self.eat("^");
        let mut class = Class { fold: self.fold, ..Class::default() };
        let mut is_first = true;
        loop {
            let from = self.at;
            if let Some(name) = self.rest().strip_prefix("[:")
                && let Some((name, _)) = name.split_once(":]")
            {
                let name = name.to_owned();
                self.at += name.len() + 4;
                class.add(&named(&name)?);
                is_first = false;
                continue;
            }
            let Some(c) = self.next() else { return Err(format!("missing closing ]: `{open}`")) };
            if c == ']' && !is_first {
                class.negated = negated;
                return Ok(class);
            }
            is_first = false;
            let low = if c == '\\' { self.class()? } else { Class::of(&[(c, c)], false) };
            let is_range = self.rest().starts_with('-') && !self.rest().starts_with("-]");
            let (true, [(low, one)]) = (is_range, low.ranges.as_slice()) else {
                class.add(&low);
                continue;
            };
            if low != one {
                class.add(&Class::of(&[(*low, *one)], false));
                continue;
            }
            self.next();
            let Some(c) = self.next() else { return Err(format!("missing closing ]: `{open}`")) };
            let high = if c == '\\' { self.class()?.ranges } else { vec![(c, c)] };
            match high.as_slice() {
                [(high, _)] if high >= low => class.ranges.push((*low, *high)),
                _ => {
                    let text = self.text.get(from..self.at).unwrap_or_default();
                    return Err(format!("invalid character class range: `{text}`"));
                }
            }
        }
    }
}

/// `[:alpha:]` and the like.
fn named(name: &str) -> Result<Class, String> {
    let (negated, plain) = match name.strip_prefix('^') {
        Some(plain) => (true, plain),
        None => (false, name),
    };
    let ranges: &[(char, char)] = match plain {
        "alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        "alpha" => &[('A', 'Z'), ('a', 'z')],
        "ascii" => &[('\0', '\x7f')],
        "blank" => &[('\t', '\t'), (' ', ' ')],
        "cntrl" => &[('\0', '\x1f'), ('\x7f', '\x7f')],
        "digit" => DIGITS,
        "graph" => &[('!', '~')],
        "lower" => &[('a', 'z')],
        "print" => &[(' ', '~')],
        "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "space" => &[('\t', '\r'), (' ', ' ')],
        "upper" => &[('A', 'Z')],
        "word" => WORDS,
        "xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => return Err(format!("invalid character class range: `[:{name}:]`")),
    };
    Ok(Class::of(ranges, negated))
}
