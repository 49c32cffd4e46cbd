//! Templates as Go's `text/template` has them: the parser. Mirrors `text/template/parse`.

use serde_json::Value;

/// A part of a template.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// Text as it is.
    Text(String),
    /// `{{pipeline}}`.
    Action(Pipe),
    /// `{{if}}`, `{{with}}`, `{{range}}` with its bodies.
    Branch(Branch, Pipe, Vec<Node>, Vec<Node>),
    /// `{{template "name" pipeline}}`.
    Call(String, Option<Pipe>),
    /// `{{break}}` or `{{continue}}`: whether it ends the loop.
    Leave(bool),
}

/// What decides over a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Branch {
    /// Whether the value is true.
    If,
    /// The same, and the value is the dot.
    With,
    /// Each of its items is the dot.
    Range,
}

/// `$a, $b := command | command`.
#[derive(Clone, Debug, Default)]
pub(super) struct Pipe {
    pub(super) variables: Vec<String>,
    /// `=` rather than `:=`.
    pub(super) assigns: bool,
    pub(super) commands: Vec<Command>,
}

/// An operation and its operands.
#[derive(Clone, Debug)]
pub(super) struct Command {
    pub(super) operands: Vec<Operand>,
    pub(super) at: Place,
}

/// Where something stands, and how errors call it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) offset: usize,
    pub(super) text: String,
}

#[derive(Clone, Debug)]
pub(super) struct Operand {
    pub(super) kind: Kind,
    /// `.a.b` after it.
    pub(super) fields: Vec<String>,
    pub(super) at: Place,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Dot,
    Variable(String),
    Function(String),
    Literal(Value),
    Pipe(Pipe),
}

/// A parsed template.
#[derive(Clone, Debug)]
pub struct Template {
    pub(super) source: String,
    pub(super) nodes: Vec<Node>,
    /// `{{define}}`d ones.
    pub(super) defined: Vec<(String, Vec<Node>)>,
    pub(super) strict: bool,
}

type Parsed<T> = Result<T, String>;

impl Template {
    /// Parses a template; `strict` makes absent keys errors.
    ///
    /// # Errors
    /// Go's complaint, with the line.
    pub fn parse(source: &str, strict: bool) -> Parsed<Self> {
        let mut parser = Parser { source, at: 0, defined: Vec::new(), variables: vec!["$".into()] };
        let nodes = parser.list(0).and_then(|(nodes, end)| match end.as_str() {
            "" => Ok(nodes),
            word => Err(format!("unexpected {{{{{word}}}}}")),
        });
        match nodes {
            Ok(nodes) => {
                Ok(Self { source: source.to_owned(), nodes, defined: parser.defined, strict })
            }
            Err(why) => {
                let line = source[..parser.at.min(source.len())].matches('\n').count() + 1;
                Err(format!("template: output:{line}: {why}"))
            }
        }
    }
}

struct Parser<'a> {
    source: &'a str,
    at: usize,
    defined: Vec<(String, Vec<Node>)>,
    variables: Vec<String>,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    /// Nodes up to a closing word, which is returned: `end`, `else`, `else if`…
    fn list(&mut self, depth: usize) -> Parsed<(Vec<Node>, String)> {
        let mut nodes = Vec::new();
        let mut trim = false;
        if depth > 0 {
            // The action before may have asked to trim what follows it.
            trim = self.source[..self.at].ends_with(" -}}");
        }
        loop {
            let rest = self.rest();
            let open = rest.find("{{");
            let mut text = &rest[..open.unwrap_or(rest.len())];
            if trim {
                text = text.trim_start();
            }
            let Some(open) = open else {
                self.at = self.source.len();
                push_text(&mut nodes, text);
                if depth > 0 {
                    return Err("unexpected EOF".to_owned());
                }
                return Ok((nodes, String::new()));
            };
            self.at += open + 2;
            if self.rest().starts_with("- ") || self.rest().starts_with("-\n") {
                text = text.trim_end();
                self.at += 1;
            }
            push_text(&mut nodes, text);
            self.blanks();
            if self.rest().starts_with("/*") {
                let end = self.rest().find("*/").ok_or("unclosed comment")?;
                self.at += end + 2;
                trim = self.close()?;
                continue;
            }
            let word = self.word();
            match word {
                "end" => {
                    self.at += 3;
                    self.close()?;
                    return Ok((nodes, "end".to_owned()));
                }
                "else" => {
                    self.at += 4;
                    self.blanks();
                    let next = self.word();
                    if next == "if" || next == "with" {
                        return Ok((nodes, format!("else {next}")));
                    }
                    self.close()?;
                    return Ok((nodes, "else".to_owned()));
                }
                "if" | "with" | "range" => {
                    nodes.push(self.branch(word, depth)?);
                    trim = self.source[..self.at].ends_with(" -}}");
                    continue;
                }
                "define" | "block" => {
                    self.at += word.len();
                    self.blanks();
                    let Kind::Literal(Value::String(name)) = self.literal()? else {
                        return Err(format!("unexpected {word} without a name"));
                    };
                    self.blanks();
                    let pipe = if word == "block" { Some(self.pipe()?) } else { None };
                    self.close()?;
                    let (body, _) = self.list(depth + 1)?;
                    self.defined.push((name.clone(), body));
                    if pipe.is_some() {
                        nodes.push(Node::Call(name, pipe));
                    }
                    trim = self.source[..self.at].ends_with(" -}}");
                    continue;
                }
                "template" => {
                    self.at += word.len();
                    self.blanks();
                    let Kind::Literal(Value::String(name)) = self.literal()? else {
                        return Err("unexpected template without a name".to_owned());
                    };
                    self.blanks();
                    let is_bare = self.rest().starts_with("}}") || self.rest().starts_with("-}}");
                    let pipe = if is_bare { None } else { Some(self.pipe()?) };
                    nodes.push(Node::Call(name, pipe));
                }
                "break" | "continue" => {
                    self.at += word.len();
                    nodes.push(Node::Leave(word == "break"));
                }
                _ => nodes.push(Node::Action(self.pipe()?)),
            }
            trim = self.close()?;
        }
    }

    fn branch(&mut self, word: &str, depth: usize) -> Parsed<Node> {
        self.at += word.len();
        let kind = match word {
            "if" => Branch::If,
            "with" => Branch::With,
            _ => Branch::Range,
        };
        let known = self.variables.len();
        self.blanks();
        let pipe = self.pipe()?;
        self.close()?;
        let (body, end) = self.list(depth + 1)?;
        let otherwise = match end.as_str() {
            "else" => {
                let (nodes, end) = self.list(depth + 1)?;
                if end != "end" {
                    return Err(format!("expected end; found {{{{{end}}}}}"));
                }
                nodes
            }
            "else if" => vec![self.branch("if", depth)?],
            "else with" => vec![self.branch("with", depth)?],
            _ => Vec::new(),
        };
        self.variables.truncate(known);
        Ok(Node::Branch(kind, pipe, body, otherwise))
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn word(&self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        &rest[..end]
    }

    /// The end of an action; whether the text after it is to be trimmed.
    fn close(&mut self) -> Parsed<bool> {
        self.blanks();
        let trims = self.rest().starts_with("-}}");
        if trims {
            self.at += 1;
        }
        if !self.rest().starts_with("}}") {
            return Err(match self.rest().chars().next() {
                None => "unclosed action".to_owned(),
                Some(c) => format!("unexpected {:?} in command", c.to_string()),
            });
        }
        self.at += 2;
        Ok(trims)
    }

    fn pipe(&mut self) -> Parsed<Pipe> {
        let mut pipe = Pipe::default();
        let start = self.at;
        let mut names = Vec::new();
        while self.rest().starts_with('$') {
            names.push(self.variable());
            self.blanks();
            if !self.rest().starts_with(',') {
                break;
            }
            self.at += 1;
            self.blanks();
        }
        let declares = self.rest().starts_with(":=");
        if !names.is_empty() && (declares || self.rest().starts_with('=')) {
            self.at += if declares { 2 } else { 1 };
            self.variables.extend(names.iter().cloned());
            (pipe.variables, pipe.assigns) = (names, !declares);
        } else {
            self.at = start;
        }
        loop {
            self.blanks();
            pipe.commands.push(self.command()?);
            self.blanks();
            if !self.rest().starts_with('|') {
                return Ok(pipe);
            }
            self.at += 1;
        }
    }

    fn command(&mut self) -> Parsed<Command> {
        let start = self.at;
        let mut operands = Vec::new();
        loop {
            self.blanks();
            let rest = self.rest();
            let ends = ["}}", "-}}", "|", ")"].iter().any(|end| rest.starts_with(end));
            if ends || rest.is_empty() {
                break;
            }
            operands.push(self.operand()?);
        }
        if operands.is_empty() {
            return Err(if self.rest().is_empty() {
                "unclosed action".to_owned()
            } else {
                "missing value for command".to_owned()
            });
        }
        let text = self.source[start..self.at].trim().to_owned();
        Ok(Command { operands, at: Place { offset: start, text } })
    }

    fn variable(&mut self) -> String {
        self.at += 1;
        let word = self.word();
        self.at += word.len();
        format!("${word}")
    }

    fn operand(&mut self) -> Parsed<Operand> {
        let start = self.at;
        let mut fields = Vec::new();
        let first = self.rest().chars().next().unwrap_or(' ');
        let kind = match first {
            '.' => Kind::Dot,
            '$' => {
                let name = self.variable();
                if !self.variables.contains(&name) {
                    return Err(format!("undefined variable {name:?}"));
                }
                Kind::Variable(name)
            }
            '(' => {
                self.at += 1;
                self.blanks();
                let pipe = self.pipe()?;
                if !self.rest().starts_with(')') {
                    return Err("unclosed left paren".to_owned());
                }
                self.at += 1;
                Kind::Pipe(pipe)
            }
            _ => self.literal()?,
        };
        let mut offset = start;
        while self.rest().starts_with('.') {
            let dot = self.at;
            self.at += 1;
            let word = self.word();
            if word.is_empty() {
                break;
            }
            self.at += word.len();
            fields.push(word.to_owned());
            if fields.len() == 2 || !matches!(kind, Kind::Dot) && fields.len() == 1 {
                offset = dot;
            }
        }
        let next = self.rest().chars().next();
        if next.is_some_and(|c| !c.is_whitespace() && !matches!(c, '}' | '-' | '|' | ')' | ',')) {
            let what = next.unwrap_or(' ').to_string();
            return Err(if matches!(kind, Kind::Dot) && fields.is_empty() {
                format!("unexpected bad character {what:?} in operand")
            } else {
                format!("unexpected {what:?} in operand")
            });
        }
        let text = self.source[start..self.at].to_owned();
        Ok(Operand { kind, fields, at: Place { offset, text } })
    }

    fn literal(&mut self) -> Parsed<Kind> {
        let rest = self.rest();
        let first = rest.chars().next().ok_or("unclosed action")?;
        match first {
            '"' => {
                let mut escaped = false;
                let end = rest.char_indices().skip(1).find(|(_, c)| {
                    let ends = *c == '"' && !escaped;
                    escaped = *c == '\\' && !escaped;
                    ends
                });
                let end = end.ok_or("unterminated quoted string")?.0;
                self.at += end + 1;
                let text =
                    super::json_read::read(&rest[..=end]).map_err(|_| "invalid syntax")?.value;
                Ok(Kind::Literal(text))
            }
            '`' => {
                let end = rest[1..].find('`').ok_or("unterminated raw quoted string")? + 1;
                self.at += end + 1;
                Ok(Kind::Literal(Value::String(rest[1..end].to_owned())))
            }
            '\'' => {
                let end = rest[1..].find('\'').ok_or("unterminated character constant")? + 1;
                self.at += end + 1;
                let code = rest[1..end].chars().next().map_or(0, u32::from);
                Ok(Kind::Literal(Value::from(code)))
            }
            '0'..='9' | '-' | '+' => {
                let end = rest[1..]
                    .find(|c: char| !c.is_alphanumeric() && c != '.' && c != '_')
                    .map_or(rest.len(), |end| end + 1);
                let text = &rest[..end];
                self.at += end;
                let whole = text.parse::<i64>().ok().map(Value::from);
                let number = whole.or_else(|| text.parse::<f64>().ok().map(Value::from));
                number.map(Kind::Literal).ok_or_else(|| format!("bad number syntax: {text:?}"))
            }
            c if c.is_alphabetic() || c == '_' => {
                let word = self.word();
                self.at += word.len();
                match word {
                    "true" | "false" => Ok(Kind::Literal(Value::Bool(word == "true"))),
                    "nil" => Ok(Kind::Literal(Value::Null)),
                    _ if super::go_template_eval::FUNCTIONS.contains(&word) => {
                        Ok(Kind::Function(word.to_owned()))
                    }
                    _ => Err(format!("function {word:?} not defined")),
                }
            }
            c => Err(format!("unexpected {:?} in command", c.to_string())),
        }
    }
}

fn push_text(nodes: &mut Vec<Node>, text: &str) {
    if !text.is_empty() {
        nodes.push(Node::Text(text.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Template;

    fn execute(source: &str) -> String {
        let template = Template::parse(source, false).unwrap();
        template.execute(&json!({"n": 7, "f": 1.5, "s": "x"})).unwrap()
    }

    #[test]
    fn no_template_goes_on_forever() {
        for source in
            ["{{range 3333333333333333}}{{end}}", "{{range 4000}}{{range 4000}}x{{end}}{{end}}"]
        {
            let template = Template::parse(source, false).unwrap();
            let why = template.execute(&json!({})).unwrap_err();
            assert_eq!(why, "template: output: exceeded 5000000 steps");
        }
    }

    #[test]
    fn printf_reads_no_number_that_is_too_large() {
        assert_eq!(execute(r#"{{printf "%3s|%-3s|%d" .s .s 7}}"#), "  x|x  |7");
        assert_eq!(
            execute(r#"{{printf "a%66666666666d b" .n}}"#),
            "a%!(NOVERB)%!(EXTRA float64=7)"
        );
        assert_eq!(execute(r#"{{printf "%.2f" .f}}"#), "1.50");
        assert_eq!(execute(r#"{{printf "%.70000f" .f}}"#).len(), 70_002);
    }
}
