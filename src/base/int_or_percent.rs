//! A count given either as a number or as a percentage of a total, such as a Deployment's `maxSurge`.

use serde_json::Value;
use std::fmt;

/// An integer, or text that should read like `25%`.
///
/// Mirrors `k8s.io/apimachinery/pkg/util/intstr.IntOrString`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum IntOrPercent {
    /// A plain count.
    Int(i64),
    /// Any text; only `<integer>%` can be scaled.
    Text(String),
}

/// Which way a percentage of a total that is not whole goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// Towards the next larger integer (`maxSurge`, `minAvailable`).
    Up,
    /// Towards the next smaller integer (`maxUnavailable` of a rolling update).
    Down,
}

impl IntOrPercent {
    /// Reads a JSON number or string; anything else is no `IntOrString`.
    pub fn from_value(value: &Value) -> Option<IntOrPercent> {
        match value {
            Value::Number(number) => number.as_i64().map(IntOrPercent::Int),
            Value::String(text) => Some(IntOrPercent::Text(text.clone())),
            _ => None,
        }
    }

    /// Whether this is well-formed percentage text.
    pub fn is_percent(&self) -> bool {
        matches!(self, IntOrPercent::Text(text) if percent(text).is_ok())
    }

    /// The count this stands for when the whole is `total`.
    ///
    /// Mirrors `intstr.GetScaledValueFromIntOrPercent`; so does the error text.
    pub fn scaled(&self, total: i64, round: Round) -> Result<i64, String> {
        let text = match self {
            IntOrPercent::Int(count) => return Ok(*count),
            IntOrPercent::Text(text) => text,
        };
        let percent =
            percent(text).map_err(|error| format!("invalid value for IntOrString: {error}"))?;
        let hundredfold = i128::from(percent) * i128::from(total);
        let floor = hundredfold.div_euclid(100);
        let up = round == Round::Up && hundredfold.rem_euclid(100) != 0;
        let scaled = floor + i128::from(up);
        Ok(scaled.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64)
    }
}

impl fmt::Display for IntOrPercent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IntOrPercent::Int(count) => write!(out, "{count}"),
            IntOrPercent::Text(text) => out.write_str(text),
        }
    }
}

fn percent(text: &str) -> Result<i64, String> {
    let Some(digits) = text.strip_suffix('%') else {
        return Err("invalid type: string is not a percentage".into());
    };
    let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    let reason = if unsigned.is_empty() || unsigned.bytes().any(|byte| !byte.is_ascii_digit()) {
        "invalid syntax"
    } else {
        match digits.parse() {
            Ok(percent) => return Ok(percent),
            Err(_) => "value out of range",
        }
    };
    Err(format!("invalid value {text:?}: strconv.Atoi: parsing {digits:?}: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_counts_and_percentages() {
        let text = |text: &str| IntOrPercent::Text(text.into());
        let cases = [
            (IntOrPercent::Int(3), 10, Round::Up, 3),
            (text("25%"), 10, Round::Up, 3),
            (text("25%"), 10, Round::Down, 2),
            (text("100%"), 7, Round::Down, 7),
            (text("0%"), 7, Round::Up, 0),
            (text("150%"), 3, Round::Up, 5),
            (text("-25%"), 10, Round::Up, -2),
            (text("-25%"), 10, Round::Down, -3),
        ];
        for (value, total, round, expected) in cases {
            assert_eq!(value.scaled(total, round), Ok(expected), "{value} of {total}");
        }
    }

    #[test]
    fn refuses_other_text() {
        let cases = [
            ("25", "invalid value for IntOrString: invalid type: string is not a percentage"),
            (
                "x%",
                r#"invalid value for IntOrString: invalid value "x%": strconv.Atoi: parsing "x": invalid syntax"#,
            ),
        ];
        for (text, expected) in cases {
            let value = IntOrPercent::Text(text.into());
            assert_eq!(value.scaled(10, Round::Up), Err(expected.to_string()));
            assert!(!value.is_percent());
        }
    }

    #[test]
    fn reads_json() {
        assert_eq!(IntOrPercent::from_value(&serde_json::json!(5)), Some(IntOrPercent::Int(5)));
        assert_eq!(IntOrPercent::from_value(&serde_json::json!(true)), None);
    }
}
