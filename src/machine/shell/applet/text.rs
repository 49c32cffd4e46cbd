//! Tools that only turn their arguments into text or a verdict: `echo`, `printf`, `test`, `expr`, `seq`.

use crate::machine::files::{Node, normalize};
use crate::machine::image::base_name;
use crate::machine::shell::World;
use crate::machine::shell::pattern::Regex;
use crate::machine::shell::task::Task;

/// `echo`, with busybox's `-n` and `-e`.
pub(super) fn echo(args: &[String]) -> String {
    let mut words = args;
    let (mut newline, mut escapes) = (true, false);
    while let Some(flags) = words
        .first()
        .and_then(|word| word.strip_prefix('-'))
        .filter(|flags| !flags.is_empty() && flags.chars().all(|c| matches!(c, 'n' | 'e' | 'E')))
    {
        newline &= !flags.contains('n');
        escapes |= flags.contains('e');
        words = &words[1..];
    }
    let mut text = words.join(" ");
    if escapes {
        text = unescape(&text, 3);
    }
    if newline {
        text.push('\n');
    }
    text
}

fn unescape(text: &str, digits: usize) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('e') => out.push('\x1b'),
            Some('a') => out.push('\x07'),
            Some('\\') => out.push('\\'),
            Some('c') => break,
            Some('0') => {
                let mut code = 0;
                for _ in 0..digits {
                    let Some(digit) = chars.peek().and_then(|c| c.to_digit(8)) else { break };
                    code = code * 8 + digit;
                    chars.next();
                }
                out.extend(char::from_u32(code));
            }
            Some(other) => {
                out.push('\\');
                out.push(other);
            }
            None => out.push('\\'),
        }
    }
    out
}

/// `printf format arguments…`: the format is used again while arguments are left.
pub(super) fn printf(args: &[String]) -> String {
    let Some((format, mut arguments)) = args.split_first() else { return String::new() };
    let format: Vec<char> = unescape(format, 2).chars().collect();
    let mut out = String::new();
    loop {
        let before = arguments.len();
        let mut at = 0;
        while at < format.len() {
            let c = format[at];
            at += 1;
            if c != '%' {
                out.push(c);
                continue;
            }
            let mut flags = String::new();
            while let Some(flag) =
                format.get(at).filter(|c| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | ' '))
            {
                flags.push(*flag);
                at += 1;
            }
            let kind = format.get(at).copied().unwrap_or('%');
            at += 1;
            if kind == '%' {
                out.push('%');
                continue;
            }
            let argument = arguments.first().cloned().unwrap_or_default();
            arguments = arguments.get(1..).unwrap_or_default();
            out.push_str(&padded(&flags, kind, &argument));
        }
        if arguments.is_empty() || arguments.len() == before {
            return out;
        }
    }
}

fn padded(flags: &str, kind: char, argument: &str) -> String {
    let number = argument.trim().parse::<i64>().unwrap_or(0);
    let (width, precision) = flags.split_once('.').unwrap_or((flags, ""));
    let text = match kind {
        'd' | 'i' | 'u' => number.to_string(),
        'x' => format!("{number:x}"),
        'X' => format!("{number:X}"),
        'o' => format!("{number:o}"),
        'c' => argument.chars().take(1).collect(),
        'b' => unescape(argument, 3),
        _ => match precision.parse() {
            Ok(length) => argument.chars().take(length).collect(),
            Err(_) => argument.to_owned(),
        },
    };
    let left = width.starts_with('-');
    let zero = width.starts_with('0') && kind != 's';
    let width: usize = width.trim_start_matches(['-', '+', ' ']).parse().unwrap_or(0);
    let fill = width.saturating_sub(text.chars().count());
    match (left, zero) {
        (true, _) => text + &" ".repeat(fill),
        (false, true) => "0".repeat(fill) + &text,
        (false, false) => " ".repeat(fill) + &text,
    }
}

/// `test` and `[`: the verdict, or a complaint.
pub(in crate::machine::shell) fn test(
    args: &[String],
    task: &Task,
    world: &World,
) -> Result<bool, String> {
    let mut reader = Test { args, at: 0, task, world };
    if args.is_empty() {
        return Ok(false);
    }
    let verdict = reader.or()?;
    match args.get(reader.at) {
        None => Ok(verdict),
        Some(word) => Err(format!("{word}: unknown operand")),
    }
}

struct Test<'a, 'w> {
    args: &'a [String],
    at: usize,
    task: &'a Task,
    world: &'a World<'w>,
}

impl Test<'_, '_> {
    fn peek(&self, ahead: usize) -> Option<&str> {
        self.args.get(self.at + ahead).map(String::as_str)
    }

    fn or(&mut self) -> Result<bool, String> {
        let mut verdict = self.and()?;
        while matches!(self.peek(0), Some("-o" | "||")) {
            self.at += 1;
            verdict |= self.and()?;
        }
        Ok(verdict)
    }

    fn and(&mut self) -> Result<bool, String> {
        let mut verdict = self.not()?;
        while matches!(self.peek(0), Some("-a" | "&&")) {
            self.at += 1;
            verdict &= self.not()?;
        }
        Ok(verdict)
    }

    fn not(&mut self) -> Result<bool, String> {
        if self.peek(0) == Some("!") && self.peek(1).is_some() {
            self.at += 1;
            return Ok(!self.not()?);
        }
        if self.peek(0) == Some("(") && self.args[self.at..].iter().any(|word| word == ")") {
            self.at += 1;
            let verdict = self.or()?;
            self.at += 1;
            return Ok(verdict);
        }
        if let (Some(left), Some(operator), Some(right)) =
            (self.peek(0), self.peek(1), self.peek(2))
            && let Some(verdict) = compare(left, operator, right)
        {
            self.at += 3;
            return verdict;
        }
        let word = self.peek(0).unwrap_or("").to_owned();
        self.at += 1;
        let (Some(flag), Some(operand)) = (word.strip_prefix('-'), self.peek(0)) else {
            return Ok(!word.is_empty());
        };
        let node = || self.world.files.get(&normalize(&self.task.cwd, operand));
        let device = operand.starts_with("/dev/");
        let verdict = match flag {
            "z" => operand.is_empty(),
            "n" => !operand.is_empty(),
            "e" | "r" | "w" => node().is_some() || device,
            "f" | "x" => matches!(node(), Some(Node::File(_) | Node::Zeros(_))),
            "d" => matches!(node(), Some(Node::Directory)),
            "s" => node().is_some_and(|node| node.size() > 0),
            "L" | "h" | "S" | "p" | "b" => false,
            "c" => device,
            "t" => false,
            _ => return Ok(!word.is_empty()),
        };
        self.at += 1;
        Ok(verdict)
    }
}

/// A binary operator's verdict; `None` if it is none.
fn compare(left: &str, operator: &str, right: &str) -> Option<Result<bool, String>> {
    let numbers = |verdict: fn(i64, i64) -> bool| {
        let number =
            |text: &str| text.trim().parse::<i64>().map_err(|_| format!("{text}: bad number"));
        number(left).and_then(|left| Ok(verdict(left, number(right)?)))
    };
    Some(match operator {
        "=" | "==" => Ok(left == right),
        "!=" => Ok(left != right),
        "<" => Ok(left < right),
        ">" => Ok(left > right),
        "=~" => Ok(Regex::new(right, true, false).is_match(left)),
        "-eq" => numbers(|a, b| a == b),
        "-ne" => numbers(|a, b| a != b),
        "-lt" => numbers(|a, b| a < b),
        "-le" => numbers(|a, b| a <= b),
        "-gt" => numbers(|a, b| a > b),
        "-ge" => numbers(|a, b| a >= b),
        _ => return None,
    })
}

/// `expr`: result and exit code; the error is the complaint.
pub(super) fn expr(args: &[String]) -> Result<(String, i32), String> {
    let mut at = 0;
    let value = expr_level(args, &mut at, 0)?;
    if at < args.len() {
        return Err("syntax error".into());
    }
    let empty = value.is_empty() || value == "0";
    Ok((value, i32::from(empty)))
}

const EXPR_LEVELS: [&[&str]; 6] =
    [&["|"], &["&"], &["=", "!=", "<", "<=", ">", ">="], &["+", "-"], &["*", "/", "%"], &[":"]];

fn expr_level(args: &[String], at: &mut usize, level: usize) -> Result<String, String> {
    let Some(operators) = EXPR_LEVELS.get(level) else {
        let word = args.get(*at).ok_or("syntax error")?;
        *at += 1;
        if word == "length" {
            return Ok(expr_level(args, at, level)?.chars().count().to_string());
        }
        if word != "(" {
            return Ok(word.clone());
        }
        let value = expr_level(args, at, 0)?;
        *at += 1;
        return Ok(value);
    };
    let mut left = expr_level(args, at, level + 1)?;
    while let Some(operator) = args.get(*at).filter(|word| operators.contains(&word.as_str())) {
        *at += 1;
        let right = expr_level(args, at, level + 1)?;
        left = expr_apply(&left, operator, &right)?;
    }
    Ok(left)
}

fn expr_apply(left: &str, operator: &str, right: &str) -> Result<String, String> {
    let truth = |verdict: bool| Ok(i32::from(verdict).to_string());
    let set = |text: &str| !text.is_empty() && text != "0";
    match operator {
        "|" => return Ok(if set(left) { left } else { right }.to_owned()),
        "&" => return Ok(if set(left) && set(right) { left.to_owned() } else { "0".to_owned() }),
        ":" => {
            let chars: Vec<char> = left.chars().collect();
            let groups = Regex::new(&format!("^{right}"), false, false).find(&chars, 0);
            return Ok(match groups {
                Some(groups) if right.contains("\\(") => match groups[1] {
                    Some((start, end)) => chars[start..end].iter().collect(),
                    None => String::new(),
                },
                Some(groups) => groups[0].map_or(0, |(_, end)| end).to_string(),
                None => {
                    if right.contains("\\(") {
                        String::new()
                    } else {
                        "0".to_owned()
                    }
                }
            });
        }
        _ => {}
    }
    let (Ok(a), Ok(b)) = (left.parse::<i64>(), right.parse::<i64>()) else {
        return match operator {
            "=" => truth(left == right),
            "!=" => truth(left != right),
            "<" => truth(left < right),
            ">" => truth(left > right),
            _ => Err("non-integer argument".into()),
        };
    };
    let value = match operator {
        "=" => return truth(a == b),
        "!=" => return truth(a != b),
        "<" => return truth(a < b),
        "<=" => return truth(a <= b),
        ">" => return truth(a > b),
        ">=" => return truth(a >= b),
        "+" => a.wrapping_add(b),
        "-" => a.wrapping_sub(b),
        "*" => a.wrapping_mul(b),
        _ if b == 0 => return Err("division by zero".into()),
        "/" => a.wrapping_div(b),
        _ => a.wrapping_rem(b),
    };
    Ok(value.to_string())
}

/// `seq [first [step]] last`
pub(super) fn seq(args: &[String]) -> Result<String, String> {
    let mut separator = "\n".to_owned();
    let mut words = args;
    if words.first().is_some_and(|word| word == "-s") {
        separator = words.get(1).cloned().unwrap_or_default();
        words = words.get(2..).unwrap_or_default();
    }
    let numbers: Result<Vec<i64>, _> = words
        .iter()
        .map(|word| word.parse().map_err(|_| format!("invalid number '{word}'")))
        .collect();
    let (first, step, last) = match numbers?.as_slice() {
        [last] => (1, 1, *last),
        [first, last] => (*first, 1, *last),
        [first, step, last] if *step != 0 => (*first, *step, *last),
        _ => return Err("missing operand".into()),
    };
    let count = ((last - first) / step + 1).clamp(0, 100_000);
    let all: Vec<String> = (0..count).map(|n| (first + n * step).to_string()).collect();
    Ok(if all.is_empty() { String::new() } else { all.join(&separator) + "\n" })
}

/// `basename path [suffix]` and `dirname path`.
pub(super) fn path_part(tool: &str, args: &[String]) -> String {
    let path = args.first().map_or("", |path| path.trim_end_matches('/'));
    if tool == "basename" {
        let base = base_name(path);
        let suffix = args.get(1).map_or("", String::as_str);
        return base
            .strip_suffix(suffix)
            .filter(|rest| !rest.is_empty())
            .unwrap_or(base)
            .to_owned()
            + "\n";
    }
    match path.rfind('/') {
        Some(0) => "/\n".into(),
        Some(at) => format!("{}\n", &path[..at]),
        None => ".\n".into(),
    }
}
