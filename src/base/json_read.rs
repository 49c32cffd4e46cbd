//! JSON as Go's `encoding/json` reads it: its words for what is wrong, its limit on depth, and a
//! note of every key that stands twice in one object.

use serde_json::{Map, Number, Value};

/// How deeply arrays and objects may be nested. Mirrors `maxNestingDepth`.
const DEPTH_MAX: usize = 10_000;

/// What a text says.
#[derive(Debug)]
pub struct Json {
    /// The value; of a repeated key the last one counts.
    pub value: Value,
    /// The paths of the keys that were repeated: `data.a`, in the order of discovery.
    pub duplicates: Vec<String>,
}

/// Reads one JSON value.
///
/// # Errors
/// Go's words: `unexpected end of JSON input`, `invalid character 'x' looking for beginning of value`.
pub fn read(text: &str) -> Result<Json, String> {
    let mut reader = Reader::new(text);
    let value = reader.value()?;
    reader.space();
    match reader.peek() {
        None => Ok(Json { value, duplicates: reader.duplicates }),
        Some(_) => Err(reader.unexpected("after top-level value")),
    }
}

/// The paths of all keys of a text, in the order in which they stand there.
pub fn keys(text: &str) -> Vec<String> {
    let mut reader = Reader { keys: Some(Vec::new()), ..Reader::new(text) };
    // What cannot be read has no further keys.
    let _ = reader.value();
    reader.keys.unwrap_or_default()
}

/// An array or object that is not at its end yet, with the length of the path that leads to it.
enum Open {
    Array(Vec<Value>, usize),
    /// With the key whose value comes next.
    Object(Map<String, Value>, String, usize),
}

struct Reader<'a> {
    bytes: &'a [u8],
    text: &'a str,
    at: usize,
    duplicates: Vec<String>,
    /// The paths of all keys, where somebody wants to know.
    keys: Option<Vec<String>>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self { bytes: text.as_bytes(), text, at: 0, duplicates: Vec::new(), keys: None }
    }
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// The character here, and what was expected of it.
    fn unexpected(&self, context: &str) -> String {
        match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            None => "unexpected end of JSON input".to_owned(),
            Some(found) => {
                // Go's scanner looks at bytes, and quotes the first one of a longer character.
                let byte = self.bytes.get(self.at).copied().unwrap_or_default();
                let shown = match found {
                    '\'' => r"'\''".to_owned(),
                    '"' => "'\"'".to_owned(),
                    _ if found.is_ascii() => {
                        let quoted = super::go_text::quote(&found.to_string());
                        format!("'{}'", quoted.trim_matches('"'))
                    }
                    _ => format!("'{}'", char::from(byte)),
                };
                format!("invalid character {shown} {context}")
            }
        }
    }

    /// Reads a value. What is open stands in a list of its own rather than on the stack of calls,
    /// which a deeply nested text would exhaust.
    fn value(&mut self) -> Result<Value, String> {
        let mut open: Vec<Open> = Vec::new();
        let mut path = String::new();
        loop {
            self.space();
            let mut done = match self.peek() {
                Some(b'{' | b'[') if open.len() == DEPTH_MAX => {
                    return Err(self.unexpected("exceeded max depth"));
                }
                Some(b'{') => {
                    self.at += 1;
                    match self.first_key(&mut path)? {
                        Some(opened) => {
                            open.push(opened);
                            continue;
                        }
                        None => Value::Object(Map::new()),
                    }
                }
                Some(b'[') => {
                    self.at += 1;
                    self.space();
                    if self.peek() != Some(b']') {
                        let length = path.len();
                        path.push_str("[0]");
                        open.push(Open::Array(Vec::new(), length));
                        continue;
                    }
                    self.at += 1;
                    Value::Array(Vec::new())
                }
                _ => self.scalar()?,
            };
            // A value that is done may complete what it stands in, and that in its turn.
            loop {
                let Some(opened) = open.pop() else { return Ok(done) };
                match self.add(opened, done, &mut path)? {
                    Ok(opened) => {
                        open.push(opened);
                        break;
                    }
                    Err(complete) => done = complete,
                }
            }
        }
    }

    fn scalar(&mut self) -> Result<Value, String> {
        match self.peek() {
            Some(b'"') => self.string().map(Value::String),
            Some(b't') => self.literal("true", Value::Bool(true)),
            Some(b'f') => self.literal("false", Value::Bool(false)),
            Some(b'n') => self.literal("null", Value::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.unexpected("looking for beginning of value")),
        }
    }

    /// The beginning of an object, up to its first value; `None` for an empty one.
    fn first_key(&mut self, path: &mut String) -> Result<Option<Open>, String> {
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(None);
        }
        let length = path.len();
        let key = self.key(path)?;
        Ok(Some(Open::Object(Map::new(), key, length)))
    }

    fn key(&mut self, path: &mut String) -> Result<String, String> {
        self.space();
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("looking for beginning of object key string"));
        }
        let key = self.string()?;
        self.space();
        if self.peek() != Some(b':') {
            return Err(self.unexpected("after object key"));
        }
        self.at += 1;
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(&key);
        if let Some(keys) = &mut self.keys {
            keys.push(path.clone());
        }
        Ok(key)
    }

    /// Puts a value where it belongs: what is then still open, or (`Err`) complete.
    fn add(
        &mut self,
        opened: Open,
        value: Value,
        path: &mut String,
    ) -> Result<Result<Open, Value>, String> {
        self.space();
        let next = self.peek();
        match opened {
            Open::Array(mut list, length) => {
                list.push(value);
                path.truncate(length);
                match next {
                    Some(b',') => {
                        self.at += 1;
                        path.push_str(&format!("[{}]", list.len()));
                        Ok(Ok(Open::Array(list, length)))
                    }
                    Some(b']') => {
                        self.at += 1;
                        Ok(Err(Value::Array(list)))
                    }
                    _ => Err(self.unexpected("after array element")),
                }
            }
            Open::Object(mut map, key, length) => {
                if map.insert(key, value).is_some() {
                    self.duplicates.push(path.clone());
                }
                path.truncate(length);
                match next {
                    Some(b',') => {
                        self.at += 1;
                        let key = self.key(path)?;
                        Ok(Ok(Open::Object(map, key, length)))
                    }
                    Some(b'}') => {
                        self.at += 1;
                        Ok(Err(Value::Object(map)))
                    }
                    _ => Err(self.unexpected("after object key:value pair")),
                }
            }
        }
    }

    fn literal(&mut self, word: &str, value: Value) -> Result<Value, String> {
        for expected in word.bytes() {
            if self.peek() != Some(expected) {
                let expected = char::from(expected);
                return Err(self.unexpected(&format!("in literal {word} (expecting '{expected}')")));
            }
            self.at += 1;
        }
        Ok(value)
    }

    fn number(&mut self) -> Result<Value, String> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(self.unexpected("in numeric literal")),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits("after decimal point in numeric literal")?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits("in exponent of numeric literal")?;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        let whole = || {
            let signed = text.parse::<i64>().map(Number::from);
            signed.or_else(|_| text.parse::<u64>().map(Number::from)).ok()
        };
        let float = || text.parse().ok().and_then(Number::from_f64);
        // Only a number beyond what a float can hold is left over.
        whole().or_else(float).map(Value::Number).ok_or_else(|| {
            format!("json: cannot unmarshal number {text} into Go value of type float64")
        })
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
    }

    fn some_digits(&mut self, context: &str) -> Result<(), String> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(self.unexpected(context));
        }
        self.digits();
        Ok(())
    }

    fn string(&mut self) -> Result<String, String> {
        self.at += 1;
        let mut out = String::new();
        let mut start = self.at;
        loop {
            match self.peek() {
                None => return Err("unexpected end of JSON input".to_owned()),
                Some(b'"') => {
                    out.push_str(self.text.get(start..self.at).unwrap_or_default());
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    out.push_str(self.text.get(start..self.at).unwrap_or_default());
                    self.at += 1;
                    out.push(self.escape()?);
                    start = self.at;
                }
                Some(0..0x20) => return Err(self.unexpected("in string literal")),
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        let found = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode();
            }
            _ => return Err(self.unexpected("in string escape code")),
        };
        self.at += 1;
        Ok(found)
    }

    /// The character of `\uXXXX`, or of a surrogate pair; a lone surrogate is replaced.
    fn unicode(&mut self) -> Result<char, String> {
        let first = self.hex()?;
        if !(0xd800..0xdc00).contains(&first)
            || self.bytes.get(self.at..self.at + 2) != Some(b"\\u")
        {
            return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let back = self.at;
        self.at += 2;
        let second = self.hex()?;
        if (0xdc00..0xe000).contains(&second) {
            let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        self.at = back;
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex(&mut self) -> Result<u32, String> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            let Some(digit) = digit else {
                return Err(self.unexpected("in \\u hexadecimal character escape"));
            };
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_serde_reads_is_read_alike() {
        for text in [
            "null",
            " [1, -2.5e3, 0, -7, true, false] ",
            r#"{"a": {"b": ["x\n\u00e9\ud83d\ude00", ""]}, "c": 18446744073709551615}"#,
            r#""é\\\/\"""#,
        ] {
            let expected: Value = serde_json::from_str(text).unwrap();
            assert_eq!(read(text).unwrap().value, expected, "{text}");
        }
    }

    #[test]
    fn faults_are_told_in_the_words_of_go() {
        let cases = [
            ("", "unexpected end of JSON input"),
            ("{", "unexpected end of JSON input"),
            ("{bad", "invalid character 'b' looking for beginning of object key string"),
            ("not json", "invalid character 'o' in literal null (expecting 'u')"),
            ("{} trailing", "invalid character 't' after top-level value"),
            ("[1 2]", "invalid character '2' after array element"),
            (r#"{"a" 1}"#, "invalid character '1' after object key"),
            (r#"{"a": 1 "b"}"#, "invalid character '\"' after object key:value pair"),
            ("x", "invalid character 'x' looking for beginning of value"),
            ("01", "invalid character '1' after top-level value"),
            ("-", "unexpected end of JSON input"),
            ("1.x", "invalid character 'x' after decimal point in numeric literal"),
            ("\"a\nb\"", "invalid character '\\n' in string literal"),
            (r#""\q""#, "invalid character 'q' in string escape code"),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text).unwrap_err(), expected, "{text}");
        }
    }

    #[test]
    fn depth_has_a_limit() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&nested(500)).is_ok());
        let error = read(&nested(DEPTH_MAX + 1)).unwrap_err();
        assert_eq!(error, "invalid character '[' exceeded max depth");
    }

    #[test]
    fn repeated_keys_are_told_by_their_paths() {
        let text = r#"{"data":{"a":"1","a":"2"},"list":[{"k":1,"k":2}],"data":{"b":"3"}}"#;
        let json = read(text).unwrap();
        assert_eq!(json.duplicates, ["data.a", "list[0].k", "data"]);
        assert_eq!(json.value["data"]["b"], "3");
    }
}
