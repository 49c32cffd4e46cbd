//! The grammar of JSONPath templates. Mirrors `client-go/util/jsonpath/parser.go`.

use serde_json::Value;

/// One part of a template.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// Text or a number, standing for itself.
    Literal(Value),
    /// What stands between braces: each node works on what the one before found.
    List(Vec<Node>),
    Field(String),
    /// From, to, step; what was left out is `None`. A lone index has `single`.
    Slice {
        from: Option<i64>,
        to: Option<i64>,
        step: Option<i64>,
        single: bool,
    },
    Filter {
        left: Vec<Node>,
        operator: String,
        right: Vec<Node>,
    },
    Wildcard,
    Recursive,
    Union(Vec<Vec<Node>>),
    Identifier(String),
}

pub(super) fn parse(template: &str) -> Result<Vec<Node>, String> {
    let mut nodes = Vec::new();
    let mut parser = Parser { input: template, at: 0 };
    while let Some(open) = parser.rest().find('{') {
        if open > 0 {
            nodes.push(text(&parser.rest()[..open]));
        }
        parser.at += open + 1;
        nodes.push(Node::List(parser.action()?));
    }
    if !parser.rest().is_empty() {
        nodes.push(text(parser.rest()));
    }
    Ok(nodes)
}

fn text(text: &str) -> Node {
    Node::Literal(Value::String(text.to_string()))
}

/// `expression` as if it stood between braces.
fn action(expression: &str) -> Result<Vec<Node>, String> {
    Parser { input: &format!("{expression}}}"), at: 0 }.action()
}

struct Parser<'a> {
    input: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.input[self.at..]
    }

    fn next(&mut self) -> Option<char> {
        let letter = self.rest().chars().next()?;
        self.at += letter.len_utf8();
        Some(letter)
    }

    /// Everything up to and including the closing brace.
    fn action(&mut self) -> Result<Vec<Node>, String> {
        let mut nodes: Vec<Node> = Vec::new();
        loop {
            let rest = self.rest();
            if rest.starts_with('}') {
                self.at += 1;
                return Ok(nodes);
            }
            if rest.starts_with("[?(") {
                self.at += 3;
                nodes.push(self.filter()?);
                continue;
            }
            if rest.starts_with("..") {
                if matches!(nodes.last(), Some(Node::Recursive)) {
                    return Err("invalid multiple recursive descent".into());
                }
                self.at += 2;
                nodes.push(Node::Recursive);
                if self.rest().starts_with(is_word) {
                    nodes.push(self.field());
                }
                continue;
            }
            match self.next() {
                None | Some('\n' | '\r') => return Err("unclosed action".into()),
                Some(' ' | '@' | '$') => {}
                Some('[') => nodes.extend(self.array()?),
                Some(quote @ ('"' | '\'')) => nodes.push(self.quoted(quote)?),
                Some('.') => nodes.push(self.field()),
                Some(letter) if letter == '+' || letter == '-' || letter.is_ascii_digit() => {
                    self.at -= 1;
                    nodes.push(self.number()?);
                }
                Some(letter) if is_word(letter) => {
                    self.at -= letter.len_utf8();
                    nodes.push(self.identifier());
                }
                Some(letter) => {
                    let code = u32::from(letter);
                    return Err(format!(
                        "unrecognized character in action: U+{code:04X} '{letter}'"
                    ));
                }
            }
        }
    }

    fn identifier(&mut self) -> Node {
        let end = self.rest().find(is_terminator).unwrap_or(self.rest().len());
        let word = &self.rest()[..end];
        self.at += end;
        match word {
            "true" => Node::Literal(Value::Bool(true)),
            "false" => Node::Literal(Value::Bool(false)),
            _ => Node::Identifier(word.to_string()),
        }
    }

    /// A name up to the next terminator that no backslash escapes.
    fn field(&mut self) -> Node {
        let mut name = String::new();
        while let Some(letter) = self.rest().chars().next() {
            if is_terminator(letter) {
                break;
            }
            self.at += letter.len_utf8();
            if letter == '\\' {
                name.extend(self.next().filter(|letter| *letter != '\\'));
            } else {
                name.push(letter);
            }
        }
        if name == "*" { Node::Wildcard } else { Node::Field(name) }
    }

    fn number(&mut self) -> Result<Node, String> {
        let rest = self.rest();
        let signed = usize::from(rest.starts_with(['+', '-']));
        let is_part = |letter: char| letter == '.' || letter.is_ascii_digit();
        let digits = rest[signed..].find(|letter| !is_part(letter));
        let end = digits.map_or(rest.len(), |digits| digits + signed);
        let word = &rest[..end];
        self.at += end;
        if let Ok(value) = word.parse::<i64>() {
            return Ok(Node::Literal(value.into()));
        }
        match word.parse::<f64>() {
            Ok(value) => Ok(Node::Literal(value.into())),
            Err(_) => Err(format!("cannot parse number {word}")),
        }
    }

    /// A quoted text; the opening quote is taken already.
    fn quoted(&mut self, quote: char) -> Result<Node, String> {
        let start = self.at;
        loop {
            match self.next() {
                None | Some('\n') => return Err("unterminated quoted string".into()),
                Some(letter) if letter == quote => {
                    let before = &self.input[..self.at - 1];
                    if !before.ends_with('\\') {
                        break;
                    }
                }
                Some(_) => {}
            }
        }
        let inner = &self.input[start..self.at - 1];
        match unquote(inner, quote) {
            Some(value) => Ok(text(&value)),
            None => Err(format!("unquote string {quote}{inner}{quote} error invalid syntax")),
        }
    }

    /// What stands in brackets; the opening one is taken already.
    fn array(&mut self) -> Result<Vec<Node>, String> {
        let rest = self.rest();
        let end = rest.find([']', '\n']).filter(|end| rest[*end..].starts_with(']'));
        let Some(end) = end else { return Err("unterminated array".into()) };
        self.at += end + 1;
        let inner = match &rest[..end] {
            "*" => ":",
            inner => inner,
        };
        if inner.contains(',') {
            let lists =
                inner.split(',').map(|part| action(&format!("[{}]", part.trim_matches(' '))));
            return Ok(vec![Node::Union(lists.collect::<Result<_, _>>()?)]);
        }
        let key = inner.strip_prefix('\'').and_then(|key| key.strip_suffix('\''));
        if let Some(key) = key.filter(|key| !key.contains('\'')) {
            return action(&format!(".{key}"));
        }
        Ok(vec![slice(inner)?])
    }

    /// `[?(left operator right)]`; `[?(` is taken already.
    fn filter(&mut self) -> Result<Node, String> {
        let start = self.at;
        let (mut begun, mut ended, mut pair) = (false, false, '"');
        loop {
            match self.next() {
                None | Some('\n') => return Err("unterminated filter".into()),
                Some(quote @ ('"' | '\'')) => {
                    if !begun {
                        (begun, pair) = (true, quote);
                    } else if quote == pair && !self.input[..self.at - 1].ends_with('\\') {
                        ended = true;
                    }
                }
                Some(')') if begun == ended => break,
                Some(_) => {}
            }
        }
        let inner = &self.input[start..self.at - 1];
        if self.next() != Some(']') {
            return Err("unclosed array expect ]".into());
        }
        let comparison = |letter| "!<>=".contains(letter);
        let left = inner.find(comparison).filter(|end| *end > 0);
        let parts = left.map(|end| {
            let rest = &inner[end..];
            let operator = rest.find(|letter| !comparison(letter)).unwrap_or(rest.len());
            (&inner[..end], &rest[..operator], &rest[operator..])
        });
        match parts.filter(|(_, _, right)| !right.is_empty()) {
            Some((left, operator, right)) => Ok(Node::Filter {
                left: action(left)?,
                operator: operator.to_string(),
                right: action(right)?,
            }),
            None => Ok(Node::Filter {
                left: action(inner)?,
                operator: "exists".to_string(),
                right: Vec::new(),
            }),
        }
    }
}

/// `from:to:step` or a lone index.
fn slice(text: &str) -> Result<Node, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let is_number = |part: &&str| {
        part.strip_prefix('-').unwrap_or(part).bytes().all(|byte| byte.is_ascii_digit())
    };
    if parts.len() > 3 || !parts.iter().all(is_number) {
        return Err(format!("invalid array index {text}"));
    }
    let number = |index: usize| match parts.get(index) {
        None | Some(&"") => Ok(None),
        Some(part) => match part.parse::<i64>() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(format!("array index {part} is not a number")),
        },
    };
    let single = parts.len() == 1;
    Ok(Node::Slice { from: number(0)?, to: number(1)?, step: number(2)?, single })
}

fn is_word(letter: char) -> bool {
    letter == '_' || letter.is_alphabetic() || letter.is_numeric()
}

fn is_terminator(letter: char) -> bool {
    " \t\r\n.,[]$@{}".contains(letter)
}

/// Go's escapes; `None` if one is unknown or the quote occurs bare.
fn unquote(inner: &str, quote: char) -> Option<String> {
    let mut out = String::new();
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        if letter == quote {
            return None;
        }
        if letter != '\\' {
            out.push(letter);
            continue;
        }
        out.push(match letters.next()? {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            '\\' => '\\',
            kind @ ('x' | 'u' | 'U') => {
                let length = match kind {
                    'x' => 2,
                    'u' => 4,
                    _ => 8,
                };
                let digits: String = letters.by_ref().take(length).collect();
                let full = digits.len() == length;
                let code = u32::from_str_radix(&digits, 16).ok().filter(|_| full);
                code.and_then(char::from_u32)?
            }
            letter if letter == quote => letter,
            _ => return None,
        });
    }
    Some(out)
}
