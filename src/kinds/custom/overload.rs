//! Which types the operators and functions of an expression take. Mirrors the checker of `cel-go`
//! as far as the types of schemas reach: what is not known fits everywhere.

use super::rule_types::Type;

/// The name of a type; `None` where it may be anything.
fn word(kind: Type<'_>) -> Option<String> {
    let plain = match kind {
        Type::Bool => "bool",
        Type::Int => "int",
        Type::Double => "double",
        Type::String => "string",
        Type::Null => "null",
        Type::Any => return None,
        Type::Of(schema) => match (schema.kind(), schema.items()) {
            ("string", _) if plain_text(schema.text("format")) => "string",
            ("array", Some(items)) => {
                return word(super::rule_types::of_schema(items))
                    .map(|word| format!("list({word})"));
            }
            _ => return None,
        },
    };
    Some(plain.to_owned())
}

/// Some formats make texts values of other types.
fn plain_text(format: &str) -> bool {
    !matches!(format, "date" | "date-time" | "datetime" | "duration" | "byte")
}

/// Why no function of that name takes such values.
pub(super) fn misfit(name: &str, receiver: Option<Type<'_>>, args: &[Type<'_>]) -> Option<String> {
    let target = receiver.map(word);
    let words: Vec<Option<String>> = args.iter().map(|kind| word(*kind)).collect();
    let at = |index: usize| words.get(index).and_then(Option::as_deref);
    let both = at(0).zip(at(1));
    let numbers = |one: &str| matches!(one, "int" | "double");
    let wrong = match name {
        "_==_" | "_!=_" => both.is_some_and(|(a, b)| a != b),
        "_<_" | "_<=_" | "_>_" | "_>=_" => both.is_some_and(|(a, b)| {
            let comparable = a == b && matches!(a, "bool" | "string");
            !(comparable || numbers(a) && numbers(b))
        }),
        "_+_" => both.is_some_and(|(a, b)| {
            a != b || !(numbers(a) || a == "string" || a.starts_with("list("))
        }),
        "_-_" | "_*_" | "_/_" => both.is_some_and(|(a, b)| a != b || !numbers(a)),
        "_%_" => both.is_some_and(|(a, b)| a != b || a != "int"),
        "_&&_" | "_||_" => words.iter().flatten().any(|word| word != "bool"),
        "!_" => at(0).is_some_and(|word| word != "bool"),
        "-_" => at(0).is_some_and(|word| !numbers(word)),
        "_?_:_" => {
            let branches = at(1).zip(at(2));
            at(0).is_some_and(|word| word != "bool") || branches.is_some_and(|(a, b)| a != b)
        }
        "@in" => both.is_some_and(|(one, all)| {
            all.strip_prefix("list(").and_then(|rest| rest.strip_suffix(')')) != Some(one)
        }),
        "size" => {
            let of = target.as_ref().map_or_else(|| at(0), Option::as_deref);
            of.is_some_and(|word| word != "string" && !word.starts_with("list("))
        }
        "matches" | "contains" | "startsWith" | "endsWith" => {
            let of = target.as_ref().map_or_else(|| at(0), Option::as_deref);
            let all = of.into_iter().chain(words.iter().flatten().map(String::as_str));
            all.into_iter().any(|word| word != "string")
        }
        _ => false,
    };
    if !wrong {
        return None;
    }
    let shown = |word: &Option<String>| word.clone().unwrap_or_else(|| "dyn".to_owned());
    let args = words.iter().map(shown).collect::<Vec<_>>().join(", ");
    let receiver = target.as_ref().map(|word| shown(word) + ".").unwrap_or_default();
    Some(format!("found no matching overload for '{name}' applied to '{receiver}({args})'"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::rule_types::check;
    use super::super::schema::Schema;
    use crate::base::cel::Expression;

    #[test]
    fn what_no_function_takes_is_told_in_the_words_of_cel_go() {
        let of = |kind: &str| json!({"type": kind});
        let schema = json!({"type": "object", "properties": {
            "n": of("integer"), "s": of("string"), "b": of("boolean"),
            "l": {"type": "array", "items": of("string")},
            "t": {"type": "string", "format": "date-time"},
            "any": {"x-kubernetes-int-or-string": true},
        }});
        let cases = [
            (
                "self.n == 'x'",
                "1:8: found no matching overload for '_==_' applied to '(int, string)'",
            ),
            (
                "self.s + self.n",
                "1:8: found no matching overload for '_+_' applied to '(string, int)'",
            ),
            (
                "self.n && true",
                "1:8: found no matching overload for '_&&_' applied to '(int, bool)'",
            ),
            (
                "1 in self.l",
                "1:3: found no matching overload for '@in' applied to '(int, list(string))'",
            ),
            (
                "self.n.matches('a')",
                "found no matching overload for 'matches' applied to 'int.(string)'",
            ),
            ("size(self.n) > 0", "found no matching overload for 'size' applied to '(int)'"),
            ("self.n < 1.5 && self.any == 'x' && self.t == timestamp(self.t)", ""),
            ("sets.contains(self.l, ['a']) && isURL(self.s)", ""),
            ("self.l.all(x, x != '' && x in self.l) && !self.b", ""),
        ];
        for (text, expected) in cases {
            let program = Expression::parse(text).unwrap();
            let found = check(&program, text, Schema::new(&schema)).error.unwrap_or_default();
            assert_eq!(found.is_empty(), expected.is_empty(), "{text}: {found}");
            assert!(found.contains(expected), "{text}: {found}");
        }
    }
}
