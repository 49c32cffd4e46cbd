//! `awk`: rules of a pattern and what to print. Patterns are `/expression/`, `NR`, `NF` or a field
//! compared with a number, `BEGIN` and `END`; printed are fields, `NR`, `NF` and texts.

use super::pattern::Regex;

/// A parsed program and its place in the input.
#[derive(Clone, Debug)]
pub(super) struct Script {
    rules: Vec<Rule>,
    separator: Option<String>,
    line: usize,
}

#[derive(Clone, Debug)]
struct Rule {
    when: When,
    /// What is printed: items, each of parts that are joined. Nothing prints the whole line.
    prints: Vec<Vec<Part>>,
}

#[derive(Clone, Debug)]
enum When {
    Always,
    Begin,
    End,
    Matches(Regex),
    Compares(Part, &'static str, Part),
}

#[derive(Clone, Debug)]
enum Part {
    Field(usize),
    LastField,
    Line,
    Count,
    Text(String),
}

/// The comparisons, longer ones first.
const COMPARISONS: [&str; 6] = ["==", "!=", "<=", ">=", "<", ">"];

impl Script {
    /// Parses a program.
    ///
    /// # Errors
    /// It is none, or one that is not understood here.
    pub(super) fn parse(text: &str, separator: Option<&str>) -> Result<Self, String> {
        let mut rules = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (pattern, after) = rest.split_at(rest.find('{').unwrap_or(rest.len()));
            let (action, behind) = match after.strip_prefix('{') {
                Some(inner) => inner.split_once('}').ok_or("unexpected end of string")?,
                None => ("print", ""),
            };
            let when = when(pattern.trim())?;
            for statement in action.split(';').map(str::trim).filter(|one| !one.is_empty()) {
                let printed = statement.strip_prefix("print");
                let printed = printed.ok_or_else(|| format!("syntax error at {statement}"))?;
                rules.push(Rule { when: when.clone(), prints: items(printed.trim())? });
            }
            rest = behind.trim_start_matches([';', '\n', ' ']);
        }
        let separator = separator.filter(|text| *text != " ").map(str::to_owned);
        Ok(Self { rules, separator, line: 0 })
    }

    /// Takes a line.
    pub(super) fn line(&mut self, text: &str, out: &mut String) {
        if self.line == 0 {
            self.at(&When::Begin, out);
        }
        self.line += 1;
        let fields: Vec<&str> = match &self.separator {
            Some(separator) => text.split(separator.as_str()).collect(),
            None => text.split_whitespace().collect(),
        };
        for rule in &self.rules {
            let holds = match &rule.when {
                When::Always => true,
                When::Begin | When::End => false,
                When::Matches(regex) => regex.is_match(text),
                When::Compares(left, how, right) => {
                    let value = |part: &Part| part.value(text, &fields, self.line);
                    compare(&value(left), how, &value(right))
                }
            };
            if holds {
                rule.print(text, &fields, self.line, out);
            }
        }
    }

    /// The input is at its end.
    pub(super) fn end(&mut self, out: &mut String) {
        if self.line == 0 {
            self.at(&When::Begin, out);
        }
        self.at(&When::End, out);
    }

    fn at(&self, moment: &When, out: &mut String) {
        let moment = std::mem::discriminant(moment);
        let due = self.rules.iter().filter(|rule| std::mem::discriminant(&rule.when) == moment);
        due.for_each(|rule| rule.print("", &[], self.line, out));
    }
}

impl Rule {
    fn print(&self, text: &str, fields: &[&str], line: usize, out: &mut String) {
        let item = |parts: &Vec<Part>| -> String {
            parts.iter().map(|part| part.value(text, fields, line)).collect()
        };
        match self.prints.is_empty() {
            true => out.push_str(text),
            false => out.push_str(&self.prints.iter().map(item).collect::<Vec<_>>().join(" ")),
        }
        out.push('\n');
    }
}

impl Part {
    fn value(&self, text: &str, fields: &[&str], line: usize) -> String {
        match self {
            Self::Field(0) => text.to_owned(),
            Self::Field(number) => fields.get(number - 1).copied().unwrap_or_default().to_owned(),
            Self::LastField => fields.last().copied().unwrap_or_default().to_owned(),
            Self::Line => line.to_string(),
            Self::Count => fields.len().to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

fn when(pattern: &str) -> Result<When, String> {
    match pattern {
        "" => return Ok(When::Always),
        "BEGIN" => return Ok(When::Begin),
        "END" => return Ok(When::End),
        _ => {}
    }
    if let Some(inner) = pattern.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
        return Ok(When::Matches(Regex::new(inner, true, false)));
    }
    let unknown = || format!("syntax error at {pattern}");
    let how = COMPARISONS.iter().find(|how| pattern.contains(**how)).ok_or_else(unknown)?;
    let (left, right) = pattern.split_once(how).ok_or_else(unknown)?;
    let one = |text: &str| match parts(text.trim())?.as_slice() {
        [part] => Ok(part.clone()),
        _ => Err(unknown()),
    };
    Ok(When::Compares(one(left)?, how, one(right)?))
}

/// What is printed, between commas.
fn items(text: &str) -> Result<Vec<Vec<Part>>, String> {
    let mut all = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => {
                all.push(parts(text[start..at].trim())?);
                start = at + 1;
            }
            _ => {}
        }
    }
    if !text.is_empty() {
        all.push(parts(text[start..].trim())?);
    }
    Ok(all)
}

/// Parts that stand beside each other, which joins them.
fn parts(text: &str) -> Result<Vec<Part>, String> {
    let mut all = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let word = rest.split([' ', '"']).next().unwrap_or_default();
        let (part, length) = if let Some(inner) = rest.strip_prefix('"') {
            let (inner, _) = inner.split_once('"').ok_or("unterminated string")?;
            let plain = inner.replace("\\t", "\t").replace("\\n", "\n");
            (Part::Text(plain), inner.len() + 2)
        } else if let Some(number) = word.strip_prefix('$').and_then(|n| n.parse().ok()) {
            (Part::Field(number), word.len())
        } else if word.parse::<f64>().is_ok() {
            (Part::Text(word.to_owned()), word.len())
        } else {
            let part = match word {
                "$NF" => Part::LastField,
                "NR" => Part::Line,
                "NF" => Part::Count,
                _ => return Err(format!("syntax error at {rest}")),
            };
            (part, word.len())
        };
        all.push(part);
        rest = rest[length..].trim_start();
    }
    Ok(all)
}

/// Numbers are compared as numbers, the rest as texts.
fn compare(left: &str, how: &str, right: &str) -> bool {
    let order = match (left.parse::<f64>(), right.parse::<f64>()) {
        (Ok(left), Ok(right)) => left.partial_cmp(&right),
        _ => Some(left.cmp(right)),
    };
    let Some(order) = order else { return how == "!=" };
    match how {
        "==" => order.is_eq(),
        "!=" => order.is_ne(),
        "<=" => order.is_le(),
        ">=" => order.is_ge(),
        "<" => order.is_lt(),
        _ => order.is_gt(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_lines_and_counts_are_printed() {
        let input = ["NAME READY STATUS", "web-1 1/1 Running", "web-2 0/1 Pending"];
        for (program, separator, expected) in [
            ("{print $1}", None, "NAME\nweb-1\nweb-2\n"),
            ("{ print $1, $NF }", None, "NAME STATUS\nweb-1 Running\nweb-2 Pending\n"),
            ("NR>1 {print $1 \"=\" $3}", None, "web-1=Running\nweb-2=Pending\n"),
            ("/Pend/", None, "web-2 0/1 Pending\n"),
            ("$3 == \"Running\" { print NR }", None, "2\n"),
            ("END{print NR}", None, "3\n"),
            ("{print $2}", Some("-"), "\n1 1/1 Running\n2 0/1 Pending\n"),
            ("BEGIN { print \"a\" } NF==9 {print}", None, "a\n"),
        ] {
            let mut script = Script::parse(program, separator).unwrap();
            let mut out = String::new();
            input.iter().for_each(|line| script.line(line, &mut out));
            script.end(&mut out);
            assert_eq!(out, expected, "{program}");
        }
        assert!(Script::parse("{gsub(1)}", None).is_err());
        assert!(Script::parse("{print $1", None).is_err());
    }
}
