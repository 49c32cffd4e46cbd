//! Regular expressions in the syntax of Go's `regexp`, matched in linear time: every state that
//! could match is followed at once, none is ever gone back to.

use super::regex_parser::{self, Class, Node};

/// A regular expression.
#[derive(Clone, Debug)]
pub struct Regex {
    program: Vec<Step>,
}

/// One instruction. Positions are indexes into the program.
#[derive(Clone, Debug)]
enum Step {
    One(Class),
    Split(usize, usize),
    Jump(usize),
    Start,
    End,
    Edge(bool),
    Done,
}

/// The most instructions; longer expressions are refused, as Go refuses them.
const STEPS_MAX: usize = 20_000;

impl Regex {
    /// Reads an expression.
    ///
    /// # Errors
    /// Go's text: ``error parsing regexp: missing closing ]: `[` ``.
    pub fn parse(pattern: &str) -> Result<Self, String> {
        let node = regex_parser::parse(pattern)?;
        let mut regex = Self { program: Vec::new() };
        if !regex.compile(&node) {
            return Err(format!("error parsing regexp: expression too large: `{pattern}`"));
        }
        regex.program.push(Step::Done);
        Ok(regex)
    }

    /// Whether the expression matches somewhere in `text`.
    pub fn is_match(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let mut states = States::new(self.program.len());
        for at in 0..=text.len() {
            states.follow(&self.program, 0, &text, at);
            if states.done {
                return true;
            }
            let Some(next) = text.get(at) else { return false };
            let now = std::mem::replace(&mut states, States::new(self.program.len()));
            for state in now.list {
                if let Some(Step::One(class)) = self.program.get(state)
                    && class.holds(*next)
                {
                    states.follow(&self.program, state + 1, &text, at + 1);
                }
            }
            if states.done {
                return true;
            }
        }
        false
    }

    fn push(&mut self, step: Step) -> usize {
        self.program.push(step);
        self.program.len() - 1
    }

    /// Writes down a node; false when the program becomes too long.
    fn compile(&mut self, node: &Node) -> bool {
        if self.program.len() > STEPS_MAX {
            return false;
        }
        match node {
            Node::One(class) => {
                self.push(Step::One(class.clone()));
            }
            Node::Start => {
                self.push(Step::Start);
            }
            Node::End => {
                self.push(Step::End);
            }
            Node::Edge(inside) => {
                self.push(Step::Edge(*inside));
            }
            Node::All(nodes) => return nodes.iter().all(|node| self.compile(node)),
            Node::Either(branches) => return self.compile_branches(branches),
            Node::Repeat(node, least, most) => return self.compile_repeat(node, *least, *most),
        }
        true
    }

    fn compile_branches(&mut self, branches: &[Node]) -> bool {
        let mut jumps = Vec::new();
        for (index, branch) in branches.iter().enumerate() {
            let is_last = index + 1 == branches.len();
            let split = if is_last { None } else { Some(self.push(Step::Split(0, 0))) };
            if !self.compile(branch) {
                return false;
            }
            if let Some(split) = split {
                jumps.push(self.push(Step::Jump(0)));
                self.program[split] = Step::Split(split + 1, self.program.len());
            }
        }
        for jump in jumps {
            self.program[jump] = Step::Jump(self.program.len());
        }
        true
    }

    fn compile_repeat(&mut self, node: &Node, least: u32, most: Option<u32>) -> bool {
        for _ in 0..least {
            if !self.compile(node) {
                return false;
            }
        }
        let Some(most) = most else {
            let split = self.push(Step::Split(0, 0));
            let good = self.compile(node);
            self.push(Step::Jump(split));
            self.program[split] = Step::Split(split + 1, self.program.len());
            return good;
        };
        let mut splits = Vec::new();
        for _ in least..most {
            splits.push(self.push(Step::Split(0, 0)));
            if !self.compile(node) {
                return false;
            }
        }
        for split in splits {
            self.program[split] = Step::Split(split + 1, self.program.len());
        }
        true
    }
}

/// The states that are followed at one place.
struct States {
    list: Vec<usize>,
    seen: Vec<bool>,
    done: bool,
}

impl States {
    fn new(size: usize) -> Self {
        Self { list: Vec::new(), seen: vec![false; size], done: false }
    }

    /// Adds a state, and those that follow from it without a character.
    fn follow(&mut self, program: &[Step], first: usize, text: &[char], at: usize) {
        let mut waiting = vec![first];
        while let Some(state) = waiting.pop() {
            if self.seen.get(state) != Some(&false) {
                continue;
            }
            self.seen[state] = true;
            match &program[state] {
                Step::One(_) => self.list.push(state),
                Step::Split(one, other) => waiting.extend([*one, *other]),
                Step::Jump(to) => waiting.push(*to),
                Step::Start if at == 0 => waiting.push(state + 1),
                Step::End if at == text.len() => waiting.push(state + 1),
                Step::Edge(wanted) if is_edge(text, at) == *wanted => waiting.push(state + 1),
                Step::Start | Step::End | Step::Edge(_) => {}
                Step::Done => self.done = true,
            }
        }
    }
}

fn is_edge(text: &[char], at: usize) -> bool {
    let is_word = |c: Option<&char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || *c == '_');
    let before = at.checked_sub(1).and_then(|at| text.get(at));
    is_word(before) != is_word(text.get(at))
}

#[cfg(test)]
mod tests {
    use super::Regex;

    #[test]
    fn expressions_match_what_gos_would() {
        let cron = r"^(\d+|\*)(/\d+)?(\s+(\d+|\*)(/\d+)?){4}$";
        for (pattern, good, bad) in [
            (cron, "* * * * */5", "oops"),
            ("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "a-b", "a-"),
            ("a|bc|d", "xbcx", "b"),
            ("^(?:a{2,3}|b+?)$", "aaa", "aaaa"),
            ("(?i)^HELLO$", "hello", "hell"),
            (r"^[^\s,]+\.[\w-]+$", "x.y_z", "a b.c"),
            (r"\bfoo\b", "a foo b", "afoob"),
            ("^[[:]$", ":", "]"),
            ("^[[:alpha:]]{2}$", "Ab", "A1"),
            ("^(a*)*$", "aaaa", "b"),
            (r"^\x41\pL$", "Aé", "A1"),
            ("", "anything", "\u{0}never"),
        ] {
            let regex = Regex::parse(pattern).unwrap();
            assert!(regex.is_match(good), "{pattern} on {good}");
            assert!(pattern.is_empty() || !regex.is_match(bad), "{pattern} on {bad}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused_in_gos_words() {
        for (pattern, error) in [
            ("[", "missing closing ]: `[`"),
            ("a(b", "missing closing ): `a(b`"),
            ("a)b", "unexpected ): `a)b`"),
            ("*a", "missing argument to repetition operator: `*`"),
            ("a**", "invalid nested repetition operator: `**`"),
            ("a{3,1}", "invalid repeat count: `{3,1}`"),
            ("[z-a]", "invalid character class range: `z-a`"),
            ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
            (r"\q", r"invalid escape sequence: `\q`"),
            ("\\", "trailing backslash at end of expression: ``"),
        ] {
            let found = Regex::parse(pattern).unwrap_err();
            assert_eq!(found, format!("error parsing regexp: {error}"));
        }
    }

    #[test]
    fn a_nasty_expression_takes_no_longer() {
        let regex = Regex::parse("^(a|a)*(a|a)*b$").unwrap();
        assert!(!regex.is_match(&"a".repeat(2000)));
    }
}
