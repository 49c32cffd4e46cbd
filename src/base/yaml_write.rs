//! YAML as `kubectl get -o yaml` prints it. Mirrors the encoder and emitter of
//! `go.yaml.in/yaml/v2`: block style, sorted keys, sequences not indented under their key.

use super::go_text;
use super::yaml_scalar::{Plain, is_base_60, resolve};
use crate::base::order::Order as _;
use serde_json::{Map, Value};
use std::cmp::Ordering;

/// Plain and quoted text is folded at the first space beyond this column.
const WIDTH: usize = 80;
const STEP: usize = 2;
/// Longer keys are written in the `? key` form.
const LONGEST_SIMPLE_KEY: usize = 128;

/// `value` as a YAML document that ends in a newline.
pub fn to_string(value: &Value) -> String {
    let mut writer = Writer { out: String::new(), column: 0 };
    match value {
        Value::Object(map) if !map.is_empty() => writer.mapping(map, 0),
        Value::Array(items) if !items.is_empty() => writer.sequence(items, 0),
        other => writer.leaf(other, STEP),
    }
    writer.line(0);
    writer.out
}

struct Writer {
    out: String,
    /// Characters since the last line break.
    column: usize,
}

impl Writer {
    fn put(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    fn put_char(&mut self, letter: char) {
        self.out.push(letter);
        self.column = if letter == '\n' { 0 } else { self.column + 1 };
    }

    /// Goes to `indent` on a fresh line; a line that holds nothing yet is fresh.
    fn line(&mut self, indent: usize) {
        if self.column > 0 {
            self.put_char('\n');
        }
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
    }

    /// The entries of `map`; the first continues the line if that stands at `indent` already.
    fn mapping(&mut self, map: &Map<String, Value>, indent: usize) {
        let mut keys: Vec<&String> = map.keys().collect();
        keys.order_by(|a, b| key_order(a, b));
        for (index, key) in keys.into_iter().enumerate() {
            if index > 0 || self.column != indent {
                self.line(indent);
            }
            let simple = key.len() <= LONGEST_SIMPLE_KEY && !key.contains(is_break);
            if simple {
                self.scalar(key, indent + STEP, true);
            } else {
                self.put("? ");
                self.scalar(key, indent + STEP, false);
                self.line(indent);
            }
            self.put(":");
            match &map[key] {
                Value::Object(map) if !map.is_empty() => {
                    if simple {
                        self.line(indent + STEP);
                    } else {
                        self.put(" ");
                    }
                    self.mapping(map, indent + STEP);
                }
                Value::Array(items) if !items.is_empty() => {
                    self.line(indent);
                    self.sequence(items, indent);
                }
                other => {
                    self.put(" ");
                    self.leaf(other, indent + STEP);
                }
            }
        }
    }

    fn sequence(&mut self, items: &[Value], indent: usize) {
        for (index, item) in items.iter().enumerate() {
            if index > 0 || self.column != indent {
                self.line(indent);
            }
            self.put("- ");
            match item {
                Value::Object(map) if !map.is_empty() => self.mapping(map, indent + STEP),
                Value::Array(items) if !items.is_empty() => self.sequence(items, indent + STEP),
                other => self.leaf(other, indent + STEP),
            }
        }
    }

    /// A scalar or an empty collection, whose further lines stand at `indent`.
    fn leaf(&mut self, value: &Value, indent: usize) {
        match value {
            Value::Null => self.put("null"),
            Value::Bool(true) => self.put("true"),
            Value::Bool(false) => self.put("false"),
            Value::Number(number) => self.put(&go_text::number(number)),
            Value::String(text) => self.scalar(text, indent, false),
            Value::Array(_) => self.put("[]"),
            Value::Object(_) => self.put("{}"),
        }
    }

    fn scalar(&mut self, text: &str, indent: usize, key: bool) {
        let shape = Shape::of(text);
        if text.contains('\n') && shape.block && !key {
            return self.literal(text, indent);
        }
        let plain = !text.contains('\n') && resolve(text) == Plain::Text && !is_base_60(text);
        if plain && shape.plain {
            self.folded(text, indent, key);
        } else if plain && shape.single_quoted {
            self.put("'");
            self.single_quoted(text, indent, key);
            self.put("'");
        } else {
            self.double_quoted(text, indent, key);
        }
    }

    fn folded(&mut self, text: &str, indent: usize, key: bool) {
        let mut after_space = false;
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            let fold = letter == ' ' && !key && !after_space && self.column > WIDTH;
            if fold && letters.peek() != Some(&' ') {
                self.line(indent);
            } else {
                self.put_char(letter);
            }
            after_space = letter == ' ';
        }
    }

    fn single_quoted(&mut self, text: &str, indent: usize, key: bool) {
        let mut after_space = false;
        let last = text.chars().count().saturating_sub(1);
        let mut letters = text.chars().enumerate().peekable();
        while let Some((index, letter)) = letters.next() {
            let fold = letter == ' ' && !key && !after_space && self.column > WIDTH;
            let inside = index > 0 && index < last;
            if fold && inside && letters.peek().is_none_or(|(_, next)| *next != ' ') {
                self.line(indent);
            } else if letter == '\'' {
                self.put("''");
            } else {
                self.put_char(letter);
            }
            after_space = letter == ' ';
        }
    }

    fn double_quoted(&mut self, text: &str, indent: usize, key: bool) {
        self.put("\"");
        let mut after_space = false;
        let last = text.chars().count().saturating_sub(1);
        let mut letters = text.chars().enumerate().peekable();
        while let Some((index, letter)) = letters.next() {
            let fold = letter == ' ' && !key && !after_space && self.column > WIDTH;
            if fold && index > 0 && index < last {
                self.line(indent);
                if letters.peek().is_some_and(|(_, next)| *next == ' ') {
                    self.put("\\");
                }
            } else if is_printable(letter)
                && !matches!(letter, '\n' | '"' | '\\')
                && !is_break(letter)
            {
                self.put_char(letter);
            } else {
                let escaped = escape(letter);
                self.put(&escaped);
            }
            after_space = letter == ' ';
        }
        self.put("\"");
    }

    /// `|` and the lines, which hold no trailing spaces (see [`Shape`]).
    fn literal(&mut self, text: &str, indent: usize) {
        self.put("|");
        if text.starts_with([' ', '\n']) {
            self.put("2");
        }
        if !text.ends_with('\n') {
            self.put("-");
        } else if text == "\n" || text.ends_with("\n\n") {
            self.put("+");
        }
        self.put_char('\n');
        for line in text.split_inclusive('\n') {
            let content = line.trim_end_matches('\n');
            if !content.is_empty() {
                self.line(indent);
                self.put(content);
            }
            if line.ends_with('\n') {
                self.put_char('\n');
            }
        }
    }
}

/// Which styles can hold a text. Mirrors `yaml_emitter_analyze_scalar`.
struct Shape {
    plain: bool,
    single_quoted: bool,
    block: bool,
}

impl Shape {
    fn of(text: &str) -> Shape {
        let mut indicators = text.starts_with("---") || text.starts_with("...");
        let (mut special, mut breaks) = (false, false);
        let (mut break_space, mut space_break) = (false, false);
        let mut before: Option<char> = None;
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            let next = letters.peek().copied();
            let followed_by_blank = next.is_none_or(|next| matches!(next, ' ' | '\t'));
            indicators |= match (before, letter) {
                (_, ':') => followed_by_blank,
                (None, '?' | '-') => followed_by_blank,
                (None, _) => "#,[]{}&*!|>'\"%@`".contains(letter),
                (Some(before), '#') => is_break(before) || matches!(before, ' ' | '\t'),
                _ => false,
            };
            special |= !is_printable(letter);
            break_space |= letter == ' ' && before.is_some_and(is_break);
            space_break |= is_break(letter) && before == Some(' ');
            breaks |= is_break(letter);
            before = Some(letter);
        }
        let edge = |letter: char| letter == ' ' || is_break(letter);
        let bare_edges = !text.starts_with(edge) && !text.ends_with(edge);
        let odd = space_break || special;
        Shape {
            plain: bare_edges && !breaks && !indicators && !odd && !text.is_empty(),
            single_quoted: !break_space && !odd,
            block: !text.ends_with(' ') && !odd && !text.is_empty(),
        }
    }
}

fn is_break(letter: char) -> bool {
    matches!(letter, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What go-yaml takes for printable; tabs and everything beyond the basic plane are not.
fn is_printable(letter: char) -> bool {
    matches!(letter,
        '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

fn escape(letter: char) -> String {
    let short = match letter {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => {
            return match u32::from(letter) {
                code @ 0..=0xff => format!("\\x{code:02X}"),
                code @ 0x100..=0xffff => format!("\\u{code:04X}"),
                code => format!("\\U{code:08X}"),
            };
        }
    };
    format!("\\{short}")
}

/// go-yaml's order of keys: letters after everything else, runs of digits by their value.
/// Mirrors `keyList.Less`.
fn key_order(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() {
        return letters_order(a.as_bytes(), b.as_bytes());
    }
    let codes = |text: &str| text.chars().map(u32::from).collect::<Vec<_>>();
    letters_order(&codes(a), &codes(b))
}

fn letters_order<C: Copy + Ord + Into<u32>>(a: &[C], b: &[C]) -> Ordering {
    let is_digit = |code: C| (48..58).contains(&code.into());
    let is_letter = |code: C| char::from_u32(code.into()).is_some_and(char::is_alphabetic);
    let Some(at) = a.iter().zip(b).position(|(a, b)| a != b) else {
        return a.len().cmp(&b.len());
    };
    match (is_letter(a[at]), is_letter(b[at])) {
        (true, true) => return a[at].cmp(&b[at]),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let zero = a[at].into() == 48 || b[at].into() == 48;
    let run = a[..at].iter().rev().take_while(|code| is_digit(**code));
    let significant = zero && run.into_iter().any(|code| (*code).into() != 48);
    let number = |codes: &[C]| {
        let digits = codes[at..].iter().take_while(|code| is_digit(**code));
        digits.fold((u64::from(significant), 0_usize), |(value, count), digit| {
            let digit = u64::from((*digit).into() - 48);
            (value.wrapping_mul(10).wrapping_add(digit), count + 1)
        })
    };
    number(a).cmp(&number(b)).then(a[at].cmp(&b[at]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn prints_an_object_as_kubectl_does() {
        let object = json!({
            "kind": "Pod",
            "apiVersion": "v1",
            "metadata": {"name": "web", "labels": {}, "creationTimestamp": "2024-01-02T03:04:05Z"},
            "spec": {
                "containers": [
                    {"name": "a", "args": ["--x", "yes", "[1]"], "ports": []},
                    {"command": ["sh", "-c", "echo a\necho b\n"], "name": "b"},
                ],
                "nested": [[1, 2], [true, null]],
                "text": "line one\nline two",
            },
            "status": null,
        });
        let expected = r#"apiVersion: v1
kind: Pod
metadata:
  creationTimestamp: "2024-01-02T03:04:05Z"
  labels: {}
  name: web
spec:
  containers:
  - args:
    - --x
    - "yes"
    - '[1]'
    name: a
    ports: []
  - command:
    - sh
    - -c
    - |
      echo a
      echo b
    name: b
  nested:
  - - 1
    - 2
  - - true
    - null
  text: |-
    line one
    line two
status: null
"#;
        assert_eq!(to_string(&object), expected);
    }

    #[test]
    fn quotes_like_go_yaml() {
        let cases = [
            ("", r#""""#),
            ("true", r#""true""#),
            ("1", r#""1""#),
            ("1e3", r#""1e3""#),
            ("0x1F", r#""0x1F""#),
            ("1:30", r#""1:30""#),
            ("null", r#""null""#),
            ("y", r#""y""#),
            ("100m", "100m"),
            ("80/TCP", "80/TCP"),
            ("a: b", "'a: b'"),
            ("a:b", "a:b"),
            ("a:", "'a:'"),
            ("*x", "'*x'"),
            ("- x", "'- x'"),
            ("-x", "-x"),
            ("a #b", "'a #b'"),
            ("a#b", "a#b"),
            ("it's", "it's"),
            ("'q'", "'''q'''"),
            ("%x", "'%x'"),
            (" x", "' x'"),
            ("x ", "'x '"),
            ("a\tb", r#""a\tb""#),
            ("a \nb", r#""a \nb""#),
            ("é", "é"),
            ("😀", r#""\U0001F600""#),
            ("---", "'---'"),
            ("{}", "'{}'"),
            ("0.0.0.0", "0.0.0.0"),
            ("<none>", "<none>"),
            ("=", "="),
            ("<<", r#""<<""#),
        ];
        for (text, expected) in cases {
            assert_eq!(to_string(&json!(text)), format!("{expected}\n"), "{text:?}");
        }
    }

    #[test]
    fn literal_blocks_keep_their_ends() {
        let object = json!({"a": "x\n\n", "b": "  x\ny\n", "c": "x\n\ny", "d": "\n"});
        let expected = "a: |+\n  x\n\nb: |2\n    x\n  y\nc: |-\n  x\n\n  y\nd: |2+\n\n";
        assert_eq!(to_string(&object), expected);
    }

    #[test]
    fn folds_beyond_column_80() {
        let text = "word ".repeat(20) + "end";
        let expected = format!("message: {}word\n  {}end\n", "word ".repeat(14), "word ".repeat(5));
        assert_eq!(to_string(&json!({"message": text})), expected);
    }

    #[test]
    fn sorts_keys_naturally() {
        let object = json!({"a10": 1, "a9": 1, "aB": 1, "a.b": 1, "B": 1, "a": 1, "1": 1});
        let expected = "\"1\": 1\nB: 1\na: 1\na.b: 1\na9: 1\na10: 1\naB: 1\n";
        assert_eq!(to_string(&object), expected);
    }
}
