//! Amounts of resources: `100m` of a CPU, `128Mi` of memory.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// The suffix family an amount was written in and is printed in.
///
/// Mirrors `resource.Format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `12e6`
    DecimalExponent,
    /// `12Mi`
    BinarySi,
    /// `12M`
    DecimalSi,
}

/// A fixed-point amount, exact down to one nano-unit.
///
/// Amounts compare by value alone: `1` equals `1000m`. Mirrors
/// `k8s.io/apimachinery/pkg/api/resource.Quantity`.
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    nanos: i128,
    format: Format,
}

/// What the API server answers to text that is no quantity.
pub const FORMAT_ERROR: &str =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const SUFFIX_ERROR: &str = "unable to parse quantity's suffix";

const NANOS: i128 = 1_000_000_000;
/// Amounts written with more digits than an `int64` keeps are capped here.
const CAP: i128 = i64::MAX as i128 * NANOS;
/// Short amounts may exceed an `int64` (`100E`), but not this.
const WIDE_CAP: i128 = 100_000_000_000 * NANOS * NANOS;
const DECIMAL_SUFFIXES: [(&str, i32); 10] = [
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("", 0),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
];
const BINARY_SUFFIXES: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

impl Quantity {
    /// Nothing at all.
    pub const ZERO: Quantity = Quantity { nanos: 0, format: Format::DecimalSi };

    /// `value` whole units. Mirrors `resource.NewQuantity`.
    pub fn new(value: i64, format: Format) -> Quantity {
        Quantity { nanos: i128::from(value) * NANOS, format }
    }

    /// `milli` thousandths of a unit. Mirrors `resource.NewMilliQuantity`.
    pub fn from_milli(milli: i64, format: Format) -> Quantity {
        Quantity { nanos: i128::from(milli) * 1_000_000, format }
    }

    /// Reads an amount. The error is upstream's text. Mirrors `resource.ParseQuantity`.
    pub fn parse(text: &str) -> Result<Quantity, String> {
        let parts = split(text).ok_or(FORMAT_ERROR)?;
        let (format, base, exponent) = suffix(parts.suffix).ok_or(SUFFIX_ERROR)?;
        let fits = parts.whole.len() + parts.fraction.len() <= 18;
        let digits = parts.whole.bytes().chain(parts.fraction.bytes());
        let magnitude = match base {
            10 => {
                let shift = i64::from(exponent) + 9 - parts.fraction.len() as i64;
                decimal_nanos(digits, shift)
            }
            _ => binary_nanos(digits, parts.fraction.len(), exponent),
        };
        let cap = if fits && base == 10 { WIDE_CAP } else { CAP };
        let magnitude = magnitude.min(cap);
        let format = match format {
            Format::BinarySi if magnitude > 0 && magnitude < NANOS => Format::DecimalSi,
            format => format,
        };
        Ok(Quantity { nanos: if parts.negative { -magnitude } else { magnitude }, format })
    }

    /// The suffix family this prints in.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Whole units, rounded away from zero and held within an `i64`. Mirrors `Quantity.Value`.
    pub fn value(&self) -> i64 {
        self.scaled(NANOS)
    }

    /// Thousandths, rounded away from zero and held within an `i64`. Mirrors
    /// `Quantity.MilliValue`.
    pub fn milli(&self) -> i64 {
        self.scaled(1_000_000)
    }

    fn scaled(&self, unit: i128) -> i64 {
        let towards_zero = self.nanos / unit;
        let rest = (self.nanos % unit).signum();
        (towards_zero + rest).clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
    }

    /// Whether the amount is exactly nothing.
    pub fn is_zero(&self) -> bool {
        self.nanos == 0
    }

    /// −1, 0 or 1.
    pub fn sign(&self) -> i32 {
        self.nanos.signum() as i32
    }

    /// The sum, in this amount's format (or the other's, if this one is zero). Mirrors
    /// `Quantity.Add`.
    #[must_use]
    pub fn add(self, other: Quantity) -> Quantity {
        let format = if self.is_zero() { other.format } else { self.format };
        Quantity { nanos: self.nanos.saturating_add(other.nanos), format }
    }

    /// The difference, in this amount's format (or the other's, if this one is zero). Mirrors
    /// `Quantity.Sub`.
    #[must_use]
    pub fn sub(self, other: Quantity) -> Quantity {
        self.add(other.neg())
    }

    /// The same amount with the other sign. Mirrors `Quantity.Neg`.
    #[must_use]
    pub fn neg(self) -> Quantity {
        Quantity { nanos: -self.nanos, ..self }
    }
}

/// Thousandths of the amount in `text`, rounded up; `None` if it is no quantity.
pub fn milli_value(text: &str) -> Option<i64> {
    Quantity::parse(text).ok().map(|quantity| quantity.milli())
}

/// Whole units of the amount in `text`, rounded up; `None` if it is no quantity.
pub fn value(text: &str) -> Option<i64> {
    Quantity::parse(text).ok().map(|quantity| quantity.value())
}

/// `text` as the API server writes it back: `1024Mi` becomes `1Gi`.
///
/// Upstream keeps the text where a quick look finds it canonical, so `1.500` stays `1.500`.
pub fn canonical(text: &str) -> Result<String, String> {
    let quantity = Quantity::parse(text)?;
    let kept = split(text).is_some_and(|parts| looks_canonical(&parts));
    Ok(if kept { text.to_string() } else { quantity.to_string() })
}

fn looks_canonical(parts: &Parts<'_>) -> bool {
    let Some((format, _, exponent)) = suffix(parts.suffix) else { return false };
    let whole = if parts.whole.is_empty() { "0" } else { parts.whole };
    let digits = format!("{whole}{}", parts.fraction);
    let scale = i64::from(exponent) - parts.fraction.len() as i64;
    match format {
        Format::BinarySi => {
            let room = 14 - i64::from(exponent) * 3 / 10;
            let odd_enough = digits.parse::<i64>().is_ok_and(|value| value % 8 != 0);
            parts.fraction.is_empty() && digits.len() as i64 <= room && odd_enough
        }
        _ => {
            let fits = digits.len() <= 18 && scale >= -9;
            fits && scale % 3 == 0 && !digits.ends_with("000") && !digits.starts_with('0')
        }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Quantity) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Quantity) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Quantity) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

impl FromStr for Quantity {
    type Err = String;

    fn from_str(text: &str) -> Result<Quantity, String> {
        Quantity::parse(text)
    }
}

impl fmt::Display for Quantity {
    /// The canonical form: the shortest mantissa, no fraction. Mirrors
    /// `Quantity.CanonicalizeBytes`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_zero() {
            return out.write_str("0");
        }
        let binary = self.format == Format::BinarySi
            && self.nanos.abs() >= 1024 * NANOS
            && self.nanos % NANOS == 0;
        if binary {
            let mut mantissa = self.nanos / NANOS;
            let mut step = 0;
            while mantissa % 1024 == 0 && step + 1 < BINARY_SUFFIXES.len() {
                mantissa /= 1024;
                step += 1;
            }
            return write!(out, "{mantissa}{}", BINARY_SUFFIXES[step]);
        }
        let (mut mantissa, mut exponent) = (self.nanos, -9);
        while mantissa % 1000 == 0 && exponent < 18 {
            mantissa /= 1000;
            exponent += 3;
        }
        write!(out, "{mantissa}")?;
        match self.format {
            Format::DecimalExponent if exponent == 0 => Ok(()),
            Format::DecimalExponent => write!(out, "e{exponent}"),
            _ => {
                let suffix = DECIMAL_SUFFIXES.iter().find(|(_, power)| *power == exponent);
                out.write_str(suffix.map_or("", |(suffix, _)| suffix))
            }
        }
    }
}

/// An amount's text, taken apart; leading zeros are dropped.
struct Parts<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    suffix: &'a str,
}

fn split(text: &str) -> Option<Parts<'_>> {
    if text.is_empty() {
        return None;
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, rest) = digits(unsigned);
    let (fraction, suffix) = match rest.strip_prefix('.') {
        Some(rest) => digits(rest),
        None => ("", rest),
    };
    let exponent = suffix.trim_start_matches(|letter| "eEinumkKMGTP".contains(letter));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if !digits(exponent).1.is_empty() {
        return None;
    }
    Some(Parts {
        negative: text.starts_with('-'),
        whole: whole.trim_start_matches('0'),
        fraction,
        suffix,
    })
}

fn digits(text: &str) -> (&str, &str) {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

/// The format, base and exponent a suffix stands for.
fn suffix(text: &str) -> Option<(Format, u32, i32)> {
    if let Some((_, exponent)) = DECIMAL_SUFFIXES.iter().find(|(suffix, _)| *suffix == text) {
        return Some((Format::DecimalSi, 10, *exponent));
    }
    if let Some(step) = BINARY_SUFFIXES.iter().position(|suffix| *suffix == text) {
        return Some((Format::BinarySi, 2, 10 * step as i32));
    }
    let exponent = text.strip_prefix(['e', 'E'])?.parse().ok()?;
    Some((Format::DecimalExponent, 10, exponent))
}

/// `digits` × 10^`shift`, rounded up, at most `WIDE_CAP`.
fn decimal_nanos(digits: impl Iterator<Item = u8>, shift: i64) -> i128 {
    let digits: Vec<u8> = digits.collect();
    let kept = (digits.len() as i64 + shift.min(0)).max(0) as usize;
    let mut nanos: i128 = 0;
    for digit in &digits[..kept.min(digits.len())] {
        nanos = (nanos * 10 + i128::from(digit - b'0')).min(WIDE_CAP);
    }
    if digits[kept.min(digits.len())..].iter().any(|digit| *digit != b'0') {
        nanos += 1;
    }
    for _ in 0..shift {
        if nanos == 0 || nanos >= WIDE_CAP {
            break;
        }
        nanos = (nanos * 10).min(WIDE_CAP);
    }
    nanos
}

/// `digits` with `places` of them after the point, times 2^`exponent`, rounded up, at most `CAP`.
fn binary_nanos(digits: impl Iterator<Item = u8>, places: usize, exponent: i32) -> i128 {
    let digits: Vec<u8> = digits.collect();
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let mut units: i128 = 0;
    for digit in whole {
        units = (units * 10 + i128::from(digit - b'0')).min(CAP);
    }
    // 18 places are exact far beyond a nano of the largest suffix's tail; more only round up.
    let mut part: i128 = 0;
    for place in 0..18 {
        part = part * 10 + fraction.get(place).map_or(0, |digit| i128::from(digit - b'0'));
    }
    if fraction.iter().skip(18).any(|digit| *digit != b'0') {
        part += 1;
    }
    let factor = 1_i128 << exponent;
    let whole = units.saturating_mul(factor).saturating_mul(NANOS).min(CAP);
    let scaled = part * factor;
    let rest = i128::from(scaled % NANOS != 0);
    (whole + scaled / NANOS + rest).min(CAP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_canonically() {
        let cases = [
            ("0", "0"),
            ("0Mi", "0"),
            ("1000m", "1"),
            ("0.5", "500m"),
            (".5", "500m"),
            ("1.", "1."),
            ("100m", "100m"),
            ("0100m", "0100m"),
            ("1.500", "1.500"),
            ("1.000", "1"),
            ("m", "0"),
            ("-", "0"),
            ("1.5", "1500m"),
            ("1024Mi", "1Gi"),
            ("1000Mi", "1000Mi"),
            ("1.5Gi", "1536Mi"),
            ("0.5Mi", "512Ki"),
            ("0.5Ki", "512"),
            ("0.1Mi", "104857600m"),
            ("128974848", "128974848"),
            ("129e6", "129e6"),
            ("129M", "129M"),
            ("1e3", "1e3"),
            ("0.5e3", "500"),
            ("1E3", "1E3"),
            ("1E", "1E"),
            ("100E", "100E"),
            ("1000k", "1M"),
            ("1500k", "1500k"),
            ("-100m", "-100m"),
            ("+2000", "2k"),
            ("0.0000000001", "1n"),
            ("1u", "1u"),
            ("1Ei", "1Ei"),
            ("9999999999999999999999", "9223372036854775807"),
            ("512", "512"),
            ("2000", "2k"),
            ("64Gi", "64Gi"),
            ("1e-3", "1e-3"),
        ];
        for (text, expected) in cases {
            assert_eq!(canonical(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn refuses_with_upstreams_words() {
        let cases = [
            ("", FORMAT_ERROR),
            ("abc", FORMAT_ERROR),
            ("1 Gi", FORMAT_ERROR),
            ("1.2.3", FORMAT_ERROR),
            ("1Gi1x", FORMAT_ERROR),
            ("1mm", SUFFIX_ERROR),
            ("1ki", SUFFIX_ERROR),
            ("1K", SUFFIX_ERROR),
            ("1e", SUFFIX_ERROR),
        ];
        for (text, expected) in cases {
            assert_eq!(canonical(text), Err(expected.to_string()), "{text}");
        }
    }

    #[test]
    fn rounds_up() {
        assert_eq!(value("100m"), Some(1));
        assert_eq!(value("1.5"), Some(2));
        assert_eq!(value("-1.5"), Some(-2));
        assert_eq!(value("1Gi"), Some(1 << 30));
        assert_eq!(milli_value("0.1"), Some(100));
        assert_eq!(milli_value("1u"), Some(1));
        assert_eq!(milli_value("2"), Some(2000));
        assert_eq!(milli_value("x"), None);
        assert_eq!(value("100E"), Some(i64::MAX));
    }

    #[test]
    fn compares_and_adds_by_value() {
        let parse = |text| Quantity::parse(text).unwrap_or(Quantity::ZERO);
        assert_eq!(parse("1"), parse("1000m"));
        assert!(parse("1Gi") > parse("1G"));
        assert_eq!(parse("100m").add(parse("1.9")).to_string(), "2");
        assert_eq!(Quantity::ZERO.add(parse("1Gi")).to_string(), "1Gi");
        assert_eq!(parse("1Gi").sub(parse("512Mi")).to_string(), "512Mi");
        assert_eq!(parse("1").sub(parse("1500m")).to_string(), "-500m");
        assert_eq!(parse("1").neg().sign(), -1);
        assert!(parse("1").sub(parse("1")).is_zero());
    }
}
