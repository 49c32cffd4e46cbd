//! The expressions of a policy, evaluated on a request. Mirrors `plugin/cel` and
//! `plugin/webhook/matchconditions`.

use serde_json::{Map, Value};

use super::Asked;
use crate::base::cel::Expression;

/// What the expressions of a policy can speak of.
pub(in crate::api::admission) struct Scope<'a> {
    asked: &'a Asked,
    params: &'a Value,
    variables: Value,
    /// The variables that could not be worked out, and why.
    broken: Vec<(String, String)>,
}

impl<'a> Scope<'a> {
    /// Works out the variables of a policy, each from those before it.
    pub(in crate::api::admission) fn new(
        policy: &Value,
        asked: &'a Asked,
        params: &'a Value,
    ) -> Self {
        let variables = Value::Object(Map::new());
        let mut scope = Self { asked, params, variables, broken: Vec::new() };
        for variable in policy["spec"]["variables"].as_array().into_iter().flatten() {
            let name = variable["name"].as_str().unwrap_or_default();
            match scope.value(text(&variable["expression"])) {
                Ok(value) => scope.variables[name] = value,
                Err(why) => scope.broken.push((name.to_owned(), why)),
            }
        }
        scope
    }

    /// The value of an expression.
    ///
    /// # Errors
    /// Why there is none, in the words of `cel-go`.
    pub(super) fn value(&self, expression: &str) -> Result<Value, String> {
        let program =
            Expression::parse(expression).map_err(|why| format!("compilation failed: {why}"))?;
        let broken =
            self.broken.iter().find(|(name, _)| expression.contains(&format!("variables.{name}")));
        if let Some((name, why)) = broken {
            return Err(format!("composited variable \"{name}\" fails to evaluate: {why}"));
        }
        program.evaluate(&[
            ("object", &self.asked.object),
            ("oldObject", &self.asked.old),
            ("request", &self.asked.request),
            ("namespaceObject", &self.asked.namespace),
            ("params", self.params),
            ("variables", &self.variables),
        ])
    }

    /// The same, with an error that names the expression.
    pub(super) fn result(&self, expression: &str) -> Result<Value, String> {
        let failed = |why| format!("expression '{expression}' resulted in error: {why}");
        self.value(expression).map_err(failed)
    }

    /// Whether match conditions hold. Mirrors `matcher.Match`.
    ///
    /// # Errors
    /// One does not hold and none is false.
    pub(in crate::api::admission) fn conditions(&self, given: &Value) -> Result<bool, String> {
        let mut errors = Vec::new();
        for condition in given.as_array().into_iter().flatten() {
            match self.result(text(&condition["expression"])) {
                Ok(Value::Bool(true)) => {}
                Ok(_) => return Ok(false),
                Err(why) => errors.push(why),
            }
        }
        match errors.as_slice() {
            [] => Ok(true),
            [one] => Err(one.clone()),
            many => Err(format!("[{}]", many.join(", "))),
        }
    }
}

/// A text, or none.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
