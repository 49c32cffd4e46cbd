//! Expressions in the Common Expression Language, behind one small type.
//!
//! The evaluator is the crate `cel`. It is too large for the page: there, expressions are taken as they
//! are and never evaluated, which [`AVAILABLE`] says.

#[cfg(target_arch = "wasm32")]
pub use self::absent::Expression;
#[cfg(not(target_arch = "wasm32"))]
pub use self::native::Expression;

/// Whether expressions are evaluated.
pub const AVAILABLE: bool = cfg!(not(target_arch = "wasm32"));

#[cfg(target_arch = "wasm32")]
mod absent {
    use serde_json::Value;

    /// An expression that nobody evaluates.
    pub struct Expression;

    impl Expression {
        /// Takes an expression as it is.
        ///
        /// # Errors
        /// Never.
        pub fn parse(_text: &str) -> Result<Self, String> {
            Ok(Self)
        }

        /// Whether it speaks of a variable.
        pub fn uses(&self, _name: &str) -> bool {
            false
        }

        /// Its value: true.
        ///
        /// # Errors
        /// Never.
        pub fn evaluate(&self, _variables: &[(&str, &Value)]) -> Result<Value, String> {
            Ok(Value::Bool(true))
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
#[expect(clippy::disallowed_types, reason = "the crate's values are shared between threads")]
mod native {
    use std::sync::Arc;

    use cel::objects::{Key, Map};
    use cel::parser::Expression as Tree;
    use cel::{Context, ExecutionError, Program, Value as Cel};
    use serde_json::Value;

    /// An expression, ready to be evaluated.
    pub struct Expression(Program);

    impl Expression {
        /// Reads an expression.
        ///
        /// # Errors
        /// What is wrong with it, in the form of `cel-go`.
        pub fn parse(text: &str) -> Result<Self, String> {
            let program = Program::compile(text);
            program.map(Self).map_err(|error| error.to_string().replace("\n|", "\n |"))
        }

        /// Its tree.
        pub fn tree(&self) -> &Tree {
            self.0.expression()
        }

        /// Where in its text a part of the tree begins.
        pub fn offset(&self, id: u64) -> usize {
            let found = self.0.source_info().offset_for(id);
            found.map_or(0, |(start, _)| usize::try_from(start).unwrap_or(0))
        }

        /// Whether it speaks of a variable.
        pub fn uses(&self, name: &str) -> bool {
            self.0.references().variables().contains(&name)
        }

        /// Its value, given some variables.
        ///
        /// # Errors
        /// `no such key: x` and the like, in the words of `cel-go`.
        pub fn evaluate(&self, variables: &[(&str, &Value)]) -> Result<Value, String> {
            let mut context = Context::default();
            for (name, value) in variables {
                context.add_variable_from_value(*name, from_json(value));
            }
            let value = self.0.execute(&context).map_err(|error| words(&error))?;
            Ok(to_json(&value))
        }
    }

    fn from_json(value: &Value) -> Cel {
        match value {
            Value::Null => Cel::Null,
            Value::Bool(truth) => Cel::Bool(*truth),
            Value::Number(number) => match number.as_i64() {
                Some(number) => Cel::Int(number),
                None => Cel::Float(number.as_f64().unwrap_or_default()),
            },
            Value::String(text) => Cel::String(Arc::new(text.clone())),
            Value::Array(items) => Cel::List(Arc::new(items.iter().map(from_json).collect())),
            Value::Object(map) => {
                let key = |name: &String| Key::String(Arc::new(name.clone()));
                let entries = map.iter().map(|(name, value)| (key(name), from_json(value)));
                Cel::Map(Map { map: Arc::new(entries.collect()) })
            }
        }
    }

    /// A value as JSON; what JSON does not have becomes null.
    fn to_json(value: &Cel) -> Value {
        match value {
            Cel::Bool(truth) => Value::Bool(*truth),
            Cel::Int(number) => Value::from(*number),
            Cel::UInt(number) => Value::from(*number),
            Cel::Float(number) => Value::from(*number),
            Cel::String(text) => Value::from(text.as_str()),
            Cel::List(items) => items.iter().map(to_json).collect(),
            _ => Value::Null,
        }
    }

    fn words(error: &ExecutionError) -> String {
        match error {
            ExecutionError::NoSuchKey(key) => format!("no such key: {key}"),
            ExecutionError::IndexOutOfBounds(Cel::Int(index)) => {
                format!("index out of bounds: {index}")
            }
            ExecutionError::DivisionByZero(_) => "division by zero".to_owned(),
            ExecutionError::RemainderByZero(_) => "modulus by zero".to_owned(),
            ExecutionError::Overflow(..) => "integer overflow".to_owned(),
            ExecutionError::NoSuchOverload(_)
            | ExecutionError::UnsupportedBinaryOperator(..)
            | ExecutionError::ValuesNotComparable(..) => "no such overload".to_owned(),
            other => other.to_string(),
        }
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use serde_json::{Value, json};

    use super::Expression;

    #[test]
    fn expressions_say_what_cel_go_says() {
        let value = json!({"n": 7, "s": "M", "l": [{"k": "a"}], "m": {"x": 1}});
        let cases: [(&str, Result<Value, &str>); 8] = [
            ("self.n <= 5 || self.s == 'L'", Ok(json!(false))),
            ("!has(self.lock) || self.lock == 1", Ok(json!(true))),
            ("'too many for ' + self.s", Ok(json!("too many for M"))),
            ("self.l.all(i, i.k != '') && self.m.exists(k, k == 'x')", Ok(json!(true))),
            ("self.s.matches('^[SML]$') && size(self.l) == 1", Ok(json!(true))),
            ("self.n % 2 == 1 ? self.n + 1 : -1", Ok(json!(8))),
            ("self.nope > 1", Err("no such key: nope")),
            ("1 / (self.n - 7) > 0", Err("division by zero")),
        ];
        for (text, expected) in cases {
            let found = Expression::parse(text).unwrap().evaluate(&[("self", &value)]);
            assert_eq!(found, expected.map_err(str::to_owned), "{text}");
        }
        let error = Expression::parse("self.n +").err().unwrap();
        assert!(error.starts_with("ERROR: <input>:1:9: Syntax error: mismatched input '<EOF>'"));
        assert!(error.ends_with("\n | self.n +\n | ........^"), "{error}");
    }
}
