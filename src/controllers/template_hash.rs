//! Hashes of pod templates that are safe in names. Mirrors `controller.ComputeHash`, which hashes
//! what Go prints of a template (`k8s.io/utils/dump.ForHash`).

use k8s_openapi::api::core::v1::PodTemplateSpec;
use serde_json::Value;

use crate::base::order::Gather;
use crate::base::quantity;
use crate::base::small_map::SmallMap;
use crate::object::codec;

const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// A hash of the template: FNV-1a over what upstream's program prints of its structure, and over
/// how many times that hash has collided before. The same template has the same hash here as on
/// any cluster.
pub fn of(template: &PodTemplateSpec, collisions: Option<i32>) -> String {
    let hash = fnv(0x811c_9dc5, dump(&codec::encode(template)).as_bytes());
    let collisions = collisions.map(|count| u64::from(count as u32).to_le_bytes());
    safe(collisions.map_or(hash, |bytes| fnv(hash, &bytes)))
}

fn fnv(hash: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// A number in letters that spell no words. Mirrors `rand.SafeEncodeString`.
pub fn safe(hash: u32) -> String {
    let digits = hash.to_string().into_bytes().into_iter();
    digits.map(|digit| char::from(ALPHABET[usize::from(digit) % ALPHABET.len()])).collect()
}

/// The structures that a template may hold, a line each: its name, then `Field:Type` for every
/// field in order. `Field=name` where the field's name in JSON is not its own with a small first
/// letter, `Field+` where its fields stand among those of the structure around it. Types that have
/// no line are texts. From `k8s.io/api/core/v1/types.go` of v1.36.
const TYPES: &str = include_str!("template_types.txt");

/// The template as text, all of it: what is not set, too.
fn dump(template: &Value) -> String {
    let types = TYPES.lines().filter_map(|line| line.split_once(' ')).gathered();
    let mut dump = Dump { types, text: String::with_capacity(8192) };
    dump.typed("PodTemplateSpec", Some(template));
    dump.text
}

struct Dump {
    types: SmallMap<&'static str, &'static str>,
    text: String,
}

impl Dump {
    fn add(&mut self, texts: &[&str]) {
        for text in texts {
            self.text.push_str(text);
        }
    }

    /// A value after its type.
    fn typed(&mut self, kind: &str, value: Option<&Value>) {
        let name = kind.trim_start_matches(['*', '[', ']']);
        let package =
            if name.starts_with(|first: char| first.is_ascii_uppercase()) { "v1." } else { "" };
        self.add(&["(", kind.strip_suffix(name).unwrap_or_default(), package, name, ")"]);
        match (kind.strip_prefix('*'), value) {
            (Some(_), None | Some(Value::Null)) => self.add(&["<nil>"]),
            (Some(kind), value) => self.value(kind, value),
            (None, value) => self.value(kind, value),
        }
    }

    fn value(&mut self, kind: &str, value: Option<&Value>) {
        if let Some(fields) = self.types.get(kind).copied() {
            return self.structure(fields, value);
        }
        if let Some(kind) = kind.strip_prefix("[]") {
            return self.list(kind, value);
        }
        let number = value.and_then(Value::as_i64).unwrap_or(0).to_string();
        let text = value.and_then(Value::as_str).unwrap_or_default();
        match kind {
            "map[string]string" => self.map("string", value),
            "ResourceList" => self.map("resource.Quantity", value),
            "resource.Quantity" => self.quantity(text),
            "intstr.IntOrString" => {
                let kind = if value.is_some_and(Value::is_string) { "1" } else { "0" };
                self.add(&["{Type:(intstr.Type)", kind, " IntVal:(int32)", &number]);
                self.add(&[" StrVal:(string)", text, "}"]);
            }
            // Nobody creates a template, so it has no time of creation.
            "Time" => self.add(&[
                "{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}",
            ]),
            "bool" => {
                let on = value.and_then(Value::as_bool).unwrap_or(false);
                self.add(&[if on { "true" } else { "false" }]);
            }
            "int32" | "int64" => self.add(&[&number]),
            _ => self.add(&[text]),
        }
    }

    fn structure(&mut self, fields: &str, value: Option<&Value>) {
        self.add(&["{"]);
        for (place, field) in fields.split(' ').enumerate() {
            let (field, kind) = field.split_once(':').unwrap_or((field, ""));
            let space = if place > 0 { " " } else { "" };
            if let Some(name) = field.strip_suffix('+') {
                self.add(&[space, name, ":"]);
                self.typed(kind, value);
            } else if let Some((name, json)) = field.split_once('=') {
                self.add(&[space, name, ":"]);
                self.typed(kind, value.and_then(|value| value.get(json)));
            } else {
                self.add(&[space, field, ":"]);
                let (first, rest) = field.split_at(1);
                let json = first.to_ascii_lowercase() + rest;
                self.typed(kind, value.and_then(|value| value.get(&json)));
            }
        }
        self.add(&["}"]);
    }

    fn list(&mut self, kind: &str, value: Option<&Value>) {
        let items = value.and_then(Value::as_array).filter(|items| !items.is_empty());
        let Some(items) = items else { return self.add(&["<nil>"]) };
        for (place, item) in items.iter().enumerate() {
            self.add(&[if place > 0 { " " } else { "[" }]);
            self.value(kind, Some(item));
        }
        self.add(&["]"]);
    }

    fn map(&mut self, kind: &str, value: Option<&Value>) {
        let entries = value.and_then(Value::as_object).filter(|entries| !entries.is_empty());
        let Some(entries) = entries else { return self.add(&["<nil>"]) };
        let entries: SmallMap<&String, &Value> = entries.iter().gathered();
        for (place, (key, value)) in entries.into_iter().enumerate() {
            self.add(&[if place > 0 { " " } else { "map[" }, key, ":"]);
            self.value(kind, Some(value));
        }
        self.add(&["]"]);
    }

    /// An amount as it was read from storage. Mirrors `resource.ParseQuantity`; those that do not
    /// fit into an `int64` are printed as if they did.
    fn quantity(&mut self, text: &str) {
        let text = quantity::canonical(text).unwrap_or_else(|_| "0".to_owned());
        let digits = text.trim_end_matches(|end: char| !end.is_ascii_digit());
        let suffix = &text[digits.len()..];
        let (digits, exponent) = digits.split_once('e').unwrap_or((digits, ""));
        let value: i64 = digits.parse().unwrap_or(0);
        let power = |suffixes: &str, of: &str| suffixes.find(of).map_or(0, |place| place + 1);
        let (value, scale, format, kept) = if let Some(first) = suffix.strip_suffix('i') {
            let shift = 10 * power("KMGTPE", first);
            (value.wrapping_shl(shift as u32), 0, "BinarySI", value & 7 != 0)
        } else {
            let format = if exponent.is_empty() { "DecimalSI" } else { "DecimalExponent" };
            let scale = match suffix {
                "" => exponent.parse().unwrap_or(0),
                "n" => -9,
                "u" => -6,
                "m" => -3,
                _ => 3 * power("kMGTPE", suffix) as i32,
            };
            (value, scale, format, !digits.ends_with("000"))
        };
        let (value, scale) = (value.to_string(), scale.to_string());
        self.add(&["{i:(resource.int64Amount){value:(int64)", &value]);
        self.add(&[
            " scale:(resource.Scale)",
            &scale,
            "} d:(resource.infDecAmount){Dec:(*inf.Dec)",
        ]);
        self.add(&["<nil>} s:(string)", if kept { &text } else { "" }]);
        self.add(&[" Format:(resource.Format)", format, "}"]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hashes that recorded ReplicaSets carry; the last three were made by upstream's own code.
    #[test]
    fn templates_hash_as_they_do_on_a_real_cluster() {
        for case in include_str!("template_hash_cases.txt").lines() {
            let mut words = case.splitn(3, ' ');
            let mut word = || words.next().unwrap_or_default();
            let (hash, collisions, template) = (word(), word().parse().ok(), word());
            let value: Value = serde_json::from_str(template).expect(template);
            let template: PodTemplateSpec = codec::decode(&value).expect(template);
            assert_eq!(of(&template, collisions), hash, "{case}");
        }
    }
}
