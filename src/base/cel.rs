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

    use cel::common::ast::{EntryExpr, Expr, LiteralValue, MapEntryExpr, MapExpr};
    use cel::common::types::CelString;
    use cel::extractors::This;
    use cel::objects::{Key, Map};
    use cel::parser::Expression as Tree;
    use cel::{Context, Env, ExecutionError, Program, Value as Cel, extensions};
    use serde_json::Value;

    /// An expression, ready to be evaluated.
    pub struct Expression {
        program: Program,
        /// The same with its objects written as maps, where it has any.
        rewritten: Option<Tree>,
        env: Arc<Env>,
    }

    /// The standard library and the extensions that Kubernetes has: `lists`, `strings`.
    fn environment() -> Env {
        let mut env = Env::stdlib();
        let known = env.add_extension(extensions::strings);
        debug_assert!(known.is_ok(), "each extension is added once");
        let known = env.add_extension(extensions::lists);
        debug_assert!(known.is_ok(), "each extension is added once");
        env
    }

    impl Expression {
        /// Reads an expression.
        ///
        /// # Errors
        /// What is wrong with it, in the form of `cel-go`.
        pub fn parse(text: &str) -> Result<Self, String> {
            let env = environment();
            let program = env.compile(text);
            let program = program.map_err(|error| error.to_string().replace("\n|", "\n |"))?;
            let mut tree = program.expression().clone();
            let rewritten = without_objects(&mut tree).then_some(tree);
            Ok(Self { program, rewritten, env: Arc::new(env) })
        }

        /// Its tree.
        pub fn tree(&self) -> &Tree {
            self.program.expression()
        }

        /// Where in its text a part of the tree begins.
        pub fn offset(&self, id: u64) -> usize {
            let found = self.program.source_info().offset_for(id);
            found.map_or(0, |(start, _)| usize::try_from(start).unwrap_or(0))
        }

        /// Whether it speaks of a variable.
        pub fn uses(&self, name: &str) -> bool {
            self.program.references().variables().contains(&name)
        }

        /// Its value, given some variables.
        ///
        /// # Errors
        /// `no such key: x` and the like, in the words of `cel-go`.
        pub fn evaluate(&self, variables: &[(&str, &Value)]) -> Result<Value, String> {
            let mut context = Context::with_env(self.env.clone());
            add_functions(&mut context);
            for (name, value) in variables {
                context.add_variable_from_value(*name, from_json(value));
            }
            let value = match &self.rewritten {
                Some(tree) => context.resolve(tree),
                None => self.program.execute(&context),
            };
            value.map(|value| to_json(&value)).map_err(|error| words(&error))
        }
    }

    /// What Kubernetes has beyond the extensions. A name that is taken already stays as it is.
    fn add_functions(context: &mut Context<'_, '_>) {
        type Text = Arc<String>;
        let pattern = |text: &Text| {
            regex::Regex::new(text).map_err(|why| ExecutionError::function_error("find", why))
        };
        let find = move |This(text): This<Text>, wanted: Text| -> Result<Cel, ExecutionError> {
            let found = pattern(&wanted)?.find(&text).map_or("", |found| found.as_str()).to_owned();
            Ok(Cel::String(Arc::new(found)))
        };
        let all = move |This(text): This<Text>, wanted: Text| -> Result<Cel, ExecutionError> {
            let found = pattern(&wanted)?;
            let found = found.find_iter(&text);
            let found = found.map(|found| Cel::String(Arc::new(found.as_str().to_owned())));
            Ok(Cel::List(Arc::new(found.collect())))
        };
        // A JSON Pointer's escapes.
        let escape = |_: This<Cel>, text: Text| text.replace('~', "~0").replace('/', "~1");
        let _ = context.add_function("find", find);
        let _ = context.add_function("findAll", all);
        let _ = context.add_function("escapeKey", escape);
        crate::base::cel_library::add(context);
        context.add_variable_from_value("jsonpatch", "jsonpatch");
    }

    /// Writes `Object.spec{replicas: 1}` as `{'replicas': 1}`; whether there was any.
    fn without_objects(tree: &mut Tree) -> bool {
        let mut found = false;
        let entries = |entries: &mut Vec<cel::common::ast::IdedEntryExpr>| {
            let mut found = false;
            for entry in entries {
                match &mut entry.expr {
                    EntryExpr::MapEntry(entry) => {
                        found |= without_objects(&mut entry.key);
                        found |= without_objects(&mut entry.value);
                    }
                    EntryExpr::StructField(field) => found |= without_objects(&mut field.value),
                }
            }
            found
        };
        match &mut tree.expr {
            Expr::Struct(object) => {
                entries(&mut object.entries);
                let mut taken = std::mem::take(&mut object.entries);
                for entry in &mut taken {
                    let EntryExpr::StructField(field) = &entry.expr else { continue };
                    let name = LiteralValue::String(CelString::from(field.field.clone()));
                    let key = Tree { id: entry.id, expr: Expr::Literal(name) };
                    let (value, optional) = (field.value.clone(), field.optional);
                    entry.expr = EntryExpr::MapEntry(MapEntryExpr { key, value, optional });
                }
                tree.expr = Expr::Map(MapExpr { entries: taken });
                found = true;
            }
            Expr::Map(map) => found |= entries(&mut map.entries),
            Expr::List(list) => {
                list.elements.iter_mut().for_each(|item| found |= without_objects(item));
            }
            Expr::Select(select) => found |= without_objects(&mut select.operand),
            Expr::Call(call) => {
                let parts =
                    call.target.iter_mut().map(|target| &mut **target).chain(&mut call.args);
                parts.for_each(|part| found |= without_objects(part));
            }
            Expr::Comprehension(loop_) => {
                let parts = [
                    &mut loop_.iter_range,
                    &mut loop_.accu_init,
                    &mut loop_.loop_cond,
                    &mut loop_.loop_step,
                    &mut loop_.result,
                ];
                parts.into_iter().for_each(|part| found |= without_objects(part));
            }
            Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => {}
        }
        found
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
            Cel::Map(map) => {
                let entry = |(key, value): (&Key, &Cel)| (key.to_string(), to_json(value));
                Value::Object(map.map.iter().map(entry).collect())
            }
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
    fn what_kubernetes_adds_can_be_spoken_of() {
        let cases: [(&str, Value); 16] = [
            ("quantity('1Gi').isGreaterThan(quantity('500Mi'))", json!(true)),
            ("quantity('50k').add(20).asInteger()", json!(50020)),
            ("isQuantity('1Gx') || quantity('200m').isInteger()", json!(false)),
            ("quantity('1.5').sub(quantity('500m')).compareTo(quantity('1'))", json!(0)),
            ("url('https://h.io:80/a/b?x=1&x=2').getHostname()", json!("h.io")),
            ("url('https://h.io:80/a/b?x=1&x=%32').getQuery()['x'] == ['1', '2']", json!(true)),
            ("isURL('../relative')", json!(false)),
            ("ip('10.0.0.1').family() == 4 && !ip('::1').isGlobalUnicast()", json!(true)),
            ("ip.isCanonical('2001:DB8::1') || isIP('10.0.0.256')", json!(false)),
            ("cidr('10.0.0.0/8').containsIP('10.2.3.4')", json!(true)),
            ("cidr('10.0.0.0/8').containsCIDR(cidr('10.1.0.0/16'))", json!(true)),
            ("cidr('10.1.2.3/16').masked().ip() == ip('10.1.0.0')", json!(true)),
            ("sets.contains([1, 2, 3], [3, 1]) && !sets.equivalent([1], [2])", json!(true)),
            ("[1, 2, 3].sum() + [4, 2].min() + [1.5, 0.5].max() > 9.0", json!("no such overload")),
            ("[1, 2, 2].isSorted() && ![2, 1].isSorted()", json!(true)),
            ("semver('1.2.3').isLessThan(semver('1.10.0-rc.1'))", json!(true)),
        ];
        for (text, expected) in cases {
            let found = Expression::parse(text).unwrap().evaluate(&[]);
            assert_eq!(found.unwrap_or_else(Value::from), expected, "{text}");
        }
    }

    #[test]
    fn expressions_say_what_cel_go_says() {
        let value = json!({"n": 7, "s": "M", "l": [{"k": "a"}], "m": {"x": 1}});
        let cases: [(&str, Result<Value, &str>); 11] = [
            ("['b', 'a'].join(', ') + self.s.lowerAscii()", Ok(json!("b, am"))),
            ("'v1.2'.find('[0-9]+') == '1'", Ok(json!(true))),
            (
                "Object{spec: Object.spec{of: [Object.spec.of{n: self.n}], p: jsonpatch.escapeKey('a/b')}}",
                Ok(json!({"spec": {"of": [{"n": 7}], "p": "a~1b"}})),
            ),
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
