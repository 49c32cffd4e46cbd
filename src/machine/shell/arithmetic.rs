//! `$((…))`: 64-bit integer expressions over the shell's variables.

/// Reads and writes of variables while an expression is worked out.
pub(super) trait Variables {
    fn value(&self, name: &str) -> i64;
    fn assign(&mut self, name: &str, value: i64);
}

/// The value of `text`; the error is the shell's complaint.
pub(super) fn evaluate(text: &str, variables: &mut dyn Variables) -> Result<i64, String> {
    let mut reader = Reader { text: text.as_bytes(), at: 0, variables };
    reader.skip();
    if reader.at == reader.text.len() {
        return Ok(0);
    }
    let value = reader.comma()?;
    if reader.at == reader.text.len() { Ok(value) } else { Err("arithmetic syntax error".into()) }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    variables: &'a mut dyn Variables,
}

type Value = Result<i64, String>;

/// Binary operators by rising precedence.
const LEVELS: [&[&str]; 10] = [
    &["||"],
    &["&&"],
    &["|"],
    &["^"],
    &["&"],
    &["==", "!="],
    &["<=", ">=", "<", ">"],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
];

impl Reader<'_> {
    fn skip(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn take(&mut self, operator: &str) -> bool {
        let found = self.text[self.at..].starts_with(operator.as_bytes());
        if found {
            self.at += operator.len();
            self.skip();
        }
        found
    }

    fn comma(&mut self) -> Value {
        let mut value = self.assignment()?;
        while self.take(",") {
            value = self.assignment()?;
        }
        Ok(value)
    }

    fn name(&mut self) -> Option<String> {
        let rest = &self.text[self.at..];
        let length = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        if length == 0 || rest[0].is_ascii_digit() {
            return None;
        }
        let name = String::from_utf8_lossy(&rest[..length]).into_owned();
        self.at += length;
        self.skip();
        Some(name)
    }

    fn assignment(&mut self) -> Value {
        let start = self.at;
        if let Some(name) = self.name() {
            for operator in ["", "+", "-", "*", "/", "%"] {
                let before = self.at;
                if !self.take(&format!("{operator}=")) || self.text[self.at..].starts_with(b"=") {
                    self.at = before;
                    continue;
                }
                let right = self.assignment()?;
                let value = match operator {
                    "" => right,
                    _ => apply(operator, self.variables.value(&name), right)?,
                };
                self.variables.assign(&name, value);
                return Ok(value);
            }
            self.at = start;
        }
        let condition = self.binary(0)?;
        if !self.take("?") {
            return Ok(condition);
        }
        let yes = self.assignment()?;
        if !self.take(":") {
            return Err("arithmetic syntax error".into());
        }
        let no = self.assignment()?;
        Ok(if condition != 0 { yes } else { no })
    }

    fn binary(&mut self, level: usize) -> Value {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        'next: loop {
            for operator in *operators {
                let rest = &self.text[self.at..];
                let longer = match *operator {
                    "|" => rest.starts_with(b"||"),
                    "&" => rest.starts_with(b"&&"),
                    "<" => rest.starts_with(b"<<"),
                    ">" => rest.starts_with(b">>"),
                    _ => false,
                };
                if !longer && self.take(operator) {
                    let right = self.binary(level + 1)?;
                    left = apply(operator, left, right)?;
                    continue 'next;
                }
            }
            return Ok(left);
        }
    }

    fn unary(&mut self) -> Value {
        for (operator, step) in [("++", 1), ("--", -1)] {
            if self.take(operator) {
                let name = self.name().ok_or("arithmetic syntax error")?;
                let value = self.variables.value(&name).wrapping_add(step);
                self.variables.assign(&name, value);
                return Ok(value);
            }
        }
        if self.take("-") {
            return Ok(self.unary()?.wrapping_neg());
        }
        if self.take("+") {
            return self.unary();
        }
        if self.take("!") {
            return Ok(i64::from(self.unary()? == 0));
        }
        if self.take("~") {
            return Ok(!self.unary()?);
        }
        if self.take("(") {
            let value = self.comma()?;
            return if self.take(")") { Ok(value) } else { Err("arithmetic syntax error".into()) };
        }
        if let Some(name) = self.name() {
            let value = self.variables.value(&name);
            for (operator, step) in [("++", 1), ("--", -1)] {
                if self.take(operator) {
                    self.variables.assign(&name, value.wrapping_add(step));
                }
            }
            return Ok(value);
        }
        let digits = self.text[self.at..].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        let text = String::from_utf8_lossy(&self.text[self.at..self.at + digits]).into_owned();
        self.at += digits;
        self.skip();
        number(&text).ok_or_else(|| "arithmetic syntax error".to_owned())
    }
}

/// A number as the shell writes it: decimal, `0x` or leading-zero octal.
pub(super) fn number(text: &str) -> Option<i64> {
    if let Some(hex) = text.strip_prefix("0x") {
        return i64::from_str_radix(hex, 16).ok();
    }
    if text.len() > 1 && text.starts_with('0') {
        return i64::from_str_radix(text, 8).ok();
    }
    text.parse().ok()
}

fn apply(operator: &str, left: i64, right: i64) -> Value {
    let truth = |condition| Ok(i64::from(condition));
    let shift = u32::try_from(right & 63).unwrap_or(0);
    match operator {
        "||" => truth(left != 0 || right != 0),
        "&&" => truth(left != 0 && right != 0),
        "|" => Ok(left | right),
        "^" => Ok(left ^ right),
        "&" => Ok(left & right),
        "==" => truth(left == right),
        "!=" => truth(left != right),
        "<=" => truth(left <= right),
        ">=" => truth(left >= right),
        "<" => truth(left < right),
        ">" => truth(left > right),
        "<<" => Ok(left.wrapping_shl(shift)),
        ">>" => Ok(left.wrapping_shr(shift)),
        "+" => Ok(left.wrapping_add(right)),
        "-" => Ok(left.wrapping_sub(right)),
        "*" => Ok(left.wrapping_mul(right)),
        _ if right == 0 => Err("divide by zero".into()),
        "/" => Ok(left.wrapping_div(right)),
        _ => Ok(left.wrapping_rem(right)),
    }
}
