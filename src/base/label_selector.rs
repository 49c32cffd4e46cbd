//! Which labels an object must carry: `app=web,tier in (a,b),!canary`.

use super::label_name::{label_value_errors, qualified_name_errors};
use super::label_selector_parser;
use crate::base::order::Order as _;
use std::collections::BTreeMap;
use std::fmt;

/// How a label is compared. Mirrors `k8s.io/apimachinery/pkg/selection.Operator`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operator {
    /// `key=value`
    Equals,
    /// `key==value`
    DoubleEquals,
    /// `key!=value`: also true of objects without the label.
    NotEquals,
    /// `key in (a,b)`
    In,
    /// `key notin (a,b)`: also true of objects without the label.
    NotIn,
    /// `key`
    Exists,
    /// `!key`
    DoesNotExist,
    /// `key>1`
    GreaterThan,
    /// `key<1`
    LessThan,
}

impl Operator {
    /// The operator of a `matchExpressions` entry. Mirrors `metav1.LabelSelectorOperator`; the
    /// error is that of `metav1.LabelSelectorAsSelector`.
    pub fn from_expression(name: &str) -> Result<Operator, String> {
        match name {
            "In" => Ok(Operator::In),
            "NotIn" => Ok(Operator::NotIn),
            "Exists" => Ok(Operator::Exists),
            "DoesNotExist" => Ok(Operator::DoesNotExist),
            _ => Err(format!("{name:?} is not a valid label selector operator")),
        }
    }
}

/// One condition on one label. Mirrors `labels.Requirement`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Requirement {
    key: String,
    operator: Operator,
    /// Sorted, without repetition.
    values: Vec<String>,
}

impl Requirement {
    /// A checked condition; the error lists every fault. Mirrors `labels.NewRequirement`.
    pub fn new(
        key: &str,
        operator: Operator,
        values: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Requirement, String> {
        let mut values: Vec<String> = values.into_iter().map(Into::into).collect();
        values.order();
        values.dedup();
        let mut errors = Vec::new();
        let faults = qualified_name_errors(key);
        if !faults.is_empty() {
            errors.push(format!("key: Invalid value: {key:?}: {}", faults.join("; ")));
        }
        errors.extend(shape_error(operator, &values));
        for (index, value) in values.iter().enumerate() {
            let faults = label_value_errors(value);
            if !faults.is_empty() {
                let faults = faults.join("; ");
                errors.push(format!("values[{index}][{key}]: Invalid value: {value:?}: {faults}"));
            }
        }
        match errors.as_slice() {
            [] => Ok(Requirement { key: key.to_string(), operator, values }),
            [error] => Err(error.clone()),
            _ => Err(format!("[{}]", errors.join(", "))),
        }
    }

    /// The label's key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// How the label is compared.
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// What it is compared with, sorted.
    pub fn values(&self) -> &[String] {
        &self.values
    }

    /// Whether `labels` meets this condition.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let found = labels.get(&self.key);
        let listed = |value: &String| self.values.contains(value);
        match self.operator {
            Operator::Equals | Operator::DoubleEquals | Operator::In => found.is_some_and(listed),
            Operator::NotEquals | Operator::NotIn => !found.is_some_and(listed),
            Operator::Exists => found.is_some(),
            Operator::DoesNotExist => found.is_none(),
            Operator::GreaterThan => self.compares(found, |label, bound| label > bound),
            Operator::LessThan => self.compares(found, |label, bound| label < bound),
        }
    }

    fn compares(&self, found: Option<&String>, holds: fn(i64, i64) -> bool) -> bool {
        let label = found.and_then(|label| label.parse().ok());
        let bound = self.values.first().and_then(|bound| bound.parse().ok());
        matches!((label, bound), (Some(label), Some(bound)) if holds(label, bound))
    }
}

fn shape_error(operator: Operator, values: &[String]) -> Option<String> {
    let list =
        format!("[{}]", values.iter().map(|v| format!("{v:?}")).collect::<Vec<_>>().join(","));
    let problem = match operator {
        Operator::In | Operator::NotIn if values.is_empty() => {
            "for 'in', 'notin' operators, values set can't be empty"
        }
        Operator::Equals | Operator::DoubleEquals | Operator::NotEquals if values.len() != 1 => {
            "exact-match compatibility requires one single value"
        }
        Operator::Exists | Operator::DoesNotExist if !values.is_empty() => {
            "values set must be empty for exists and does not exist"
        }
        Operator::GreaterThan | Operator::LessThan => match values {
            [value] if value.parse::<i64>().is_ok() => return None,
            [value] => {
                return Some(format!(
                    "values[0]: Invalid value: {value:?}: for 'Gt', 'Lt' operators, the value must be an integer"
                ));
            }
            _ => "for 'Gt', 'Lt' operators, exactly one value is required",
        },
        _ => return None,
    };
    Some(format!("values: Invalid value: {list}: {problem}"))
}

impl fmt::Display for Requirement {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self.values.join(",");
        let key = &self.key;
        match self.operator {
            Operator::Equals => write!(out, "{key}={values}"),
            Operator::DoubleEquals => write!(out, "{key}=={values}"),
            Operator::NotEquals => write!(out, "{key}!={values}"),
            Operator::In => write!(out, "{key} in ({values})"),
            Operator::NotIn => write!(out, "{key} notin ({values})"),
            Operator::Exists => write!(out, "{key}"),
            Operator::DoesNotExist => write!(out, "!{key}"),
            Operator::GreaterThan => write!(out, "{key}>{values}"),
            Operator::LessThan => write!(out, "{key}<{values}"),
        }
    }
}

/// A conjunction of conditions, ordered by key; none of them selects everything.
///
/// Prints as `kubectl` prints selectors: `app=web,tier in (a,b)`. Mirrors `labels.Selector`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Selector {
    requirements: Vec<Requirement>,
}

impl Selector {
    /// Selects every object.
    pub fn everything() -> Selector {
        Selector::default()
    }

    /// Reads selector text, as given to `kubectl -l`; the error is upstream's. Mirrors
    /// `labels.Parse`.
    pub fn parse(text: &str) -> Result<Selector, String> {
        label_selector_parser::parse(text).map(Selector::from_requirements)
    }

    /// All of `requirements` together.
    pub fn from_requirements(mut requirements: Vec<Requirement>) -> Selector {
        requirements.order_by(|a, b| a.key.cmp(&b.key));
        Selector { requirements }
    }

    /// Objects with exactly these labels among theirs, unchecked. Mirrors
    /// `labels.SelectorFromSet`.
    pub fn from_labels(labels: &BTreeMap<String, String>) -> Selector {
        let equals = |(key, value): (&String, &String)| Requirement {
            key: key.clone(),
            operator: Operator::Equals,
            values: vec![value.clone()],
        };
        Selector { requirements: labels.iter().map(equals).collect() }
    }

    /// The selector of a workload's `spec.selector`: its `matchLabels`, and its
    /// `matchExpressions` as (key, operator, values). A missing or empty one selects everything
    /// here; upstream's nil selects nothing, which the caller must tell apart. Mirrors
    /// `metav1.LabelSelectorAsSelector`.
    pub fn from_parts<'a, V: IntoIterator<Item = &'a str>>(
        match_labels: &BTreeMap<String, String>,
        match_expressions: impl IntoIterator<Item = (&'a str, &'a str, V)>,
    ) -> Result<Selector, String> {
        let mut requirements = Vec::new();
        for (key, value) in match_labels {
            requirements.push(Requirement::new(key, Operator::Equals, [value.as_str()])?);
        }
        for (key, operator, values) in match_expressions {
            let operator = Operator::from_expression(operator)?;
            requirements.push(Requirement::new(key, operator, values)?);
        }
        Ok(Selector::from_requirements(requirements))
    }

    /// The conditions, ordered by key.
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// Whether this selects everything.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Whether an object with `labels` is selected.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.requirements.iter().all(|requirement| requirement.matches(labels))
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, requirement) in self.requirements.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(out, "{comma}{requirement}")?;
        }
        Ok(())
    }
}

/// Whether `labels` carries every pair of `wanted`: the cheap case of services and replication
/// controllers.
pub fn has_all(labels: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>) -> bool {
    wanted.iter().all(|(key, value)| labels.get(key) == Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
    }

    #[test]
    fn prints_canonically() {
        let cases = [
            ("", ""),
            ("x=a,y=b,z=c", "x=a,y=b,z=c"),
            ("b=1,a=2", "a=2,b=1"),
            ("a==1", "a==1"),
            ("a = 1 , b != 2", "a=1,b!=2"),
            ("e in (y,x,y)", "e in (x,y)"),
            ("f notin (z)", "f notin (z)"),
            ("g,!h", "g,!h"),
            ("x>1,y<2", "x>1,y<2"),
            ("x in (),y", "values"),
            ("a=", "a="),
            ("a in (,)", "a in ()"),
            ("in in (in)", "in in (in)"),
            ("app.kubernetes.io/name=web", "app.kubernetes.io/name=web"),
        ];
        for (text, expected) in cases {
            match Selector::parse(text) {
                Ok(selector) => assert_eq!(selector.to_string(), expected, "{text}"),
                Err(error) => assert!(error.contains(expected), "{text}: {error}"),
            }
        }
    }

    #[test]
    fn matches_like_the_api_server() {
        let web = labels(&[("app", "web"), ("rank", "3")]);
        let cases = [
            ("", true),
            ("app=web", true),
            ("app==db", false),
            ("app!=db", true),
            ("none!=x", true),
            ("app in (db,web)", true),
            ("app notin (web)", false),
            ("none notin (web)", true),
            ("app", true),
            ("!app", false),
            ("!none", true),
            ("rank>2", true),
            ("rank<3", false),
            ("app>1", false),
            ("app=web,rank=4", false),
        ];
        for (text, expected) in cases {
            let selector = Selector::parse(text).unwrap_or_default();
            assert_eq!(selector.matches(&web), expected, "{text}");
        }
    }

    #[test]
    fn builds_from_a_workloads_selector() {
        let selector = Selector::from_parts(
            &labels(&[("app", "web")]),
            [("tier", "In", vec!["b", "a"]), ("canary", "DoesNotExist", vec![])],
        );
        assert_eq!(
            selector.map(|selector| selector.to_string()).as_deref(),
            Ok("app=web,!canary,tier in (a,b)")
        );
        assert_eq!(
            Selector::from_parts(&labels(&[]), [("a", "Is", vec![])]),
            Err(r#""Is" is not a valid label selector operator"#.to_string())
        );
        let web = labels(&[("app", "web"), ("x", "y")]);
        assert!(Selector::from_labels(&labels(&[("app", "web")])).matches(&web));
        assert!(has_all(&web, &labels(&[("x", "y")])));
        assert!(!has_all(&web, &labels(&[("x", "z")])));
    }
}
