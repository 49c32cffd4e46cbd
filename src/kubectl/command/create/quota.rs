//! `kubectl create quota` and `kubectl create poddisruptionbudget`. Mirrors `create_quota.go` and
//! `create_pdb.go` of `k8s.io/kubectl/pkg/cmd/create`.

use serde_json::{Map, Value, json};

use super::generator;
use crate::base::label_selector::{Operator, Selector};
use crate::base::quantity;
use crate::kubectl::command::Command;
use crate::kubectl::{Args, Failure, Flag, Io, Job};

/// The verb `create quota`.
pub struct CreateQuota;
/// The verb `create poddisruptionbudget`.
pub struct CreateDisruptionBudget;

impl Command for CreateQuota {
    fn name(&self) -> &'static str {
        "create quota"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["create resourcequota"]
    }

    fn flags(&self) -> &'static [Flag] {
        const FLAGS: &[Flag] = &[Flag::value("hard", ""), Flag::value("scopes", "")];
        FLAGS
    }

    fn shared(&self) -> &'static [&'static [Flag]] {
        &[generator::FLAGS]
    }

    fn usage(&self) -> &'static str {
        "kubectl create quota NAME [--hard=key1=value1,key2=value2] [--scopes=Scope1,Scope2] \
         [--dry-run=server|client|none] [options]"
    }

    fn about(&self) -> &'static str {
        "Create a resource quota with the specified name, hard limits, and optional scopes."
    }

    fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure> {
        let name = generator::name(&args, "create quota")?;
        let mut spec = Map::new();
        if let Some(hard) = hard(args.get("hard"))? {
            spec.insert("hard".to_owned(), hard);
        }
        if let Some(scopes) = scopes(args.get("scopes"))? {
            spec.insert("scopes".to_owned(), scopes);
        }
        let value = json!({
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": name},
            "spec": spec,
            "status": {},
        });
        Ok(Box::new(move |io: &mut Io<'_>| {
            let refused = generator::failed("quota");
            generator::create_named(&args, io, value.clone(), refused)
        }))
    }
}

/// `pods=10,cpu=2`. Mirrors `populateResourceListV1`.
pub fn hard(text: &str) -> Result<Option<Value>, Failure> {
    if text.is_empty() {
        return Ok(None);
    }
    let mut hard = Map::new();
    for pair in text.split(',') {
        let parts: Vec<&str> = pair.split('=').collect();
        let [name, amount] = parts[..] else {
            let why = format!("Invalid argument syntax {pair}, expected <resource>=<value>");
            return Err(Failure::error(why));
        };
        let amount = quantity::canonical(amount).map_err(Failure::error)?;
        hard.insert(name.to_owned(), json!(amount));
    }
    Ok(Some(Value::Object(hard)))
}

fn scopes(text: &str) -> Result<Option<Value>, Failure> {
    if text.is_empty() {
        return Ok(None);
    }
    let scopes: Vec<&str> = text.split(',').collect();
    if scopes.contains(&"") {
        return Err(Failure::error("invalid resource quota scope \"\""));
    }
    Ok(Some(json!(scopes)))
}

impl Command for CreateDisruptionBudget {
    fn name(&self) -> &'static str {
        "create poddisruptionbudget"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["create pdb"]
    }

    fn flags(&self) -> &'static [Flag] {
        const FLAGS: &[Flag] = &[
            Flag::value("max-unavailable", ""),
            Flag::value("min-available", ""),
            Flag::value("selector", ""),
        ];
        FLAGS
    }

    fn shared(&self) -> &'static [&'static [Flag]] {
        &[generator::FLAGS]
    }

    fn usage(&self) -> &'static str {
        "kubectl create poddisruptionbudget NAME --selector=SELECTOR --min-available=N \
         [--dry-run=server|client|none] [options]"
    }

    fn about(&self) -> &'static str {
        "Create a pod disruption budget with the specified name, selector, and desired minimum \
         available pods."
    }

    fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure> {
        let name = generator::name(&args, "create poddisruptionbudget")?;
        let (least, most) = (args.get("min-available"), args.get("max-unavailable"));
        check(&args, least, most).map_err(Failure::error)?;
        let (field, amount) =
            if least.is_empty() { ("maxUnavailable", most) } else { ("minAvailable", least) };
        let amount = amount.parse::<i32>().map_or_else(|_| json!(amount), |count| json!(count));
        let mut value = json!({
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"name": name},
            "spec": {"selector": selector(args.get("selector"))?},
            "status": {
                "currentHealthy": 0,
                "desiredHealthy": 0,
                "disruptionsAllowed": 0,
                "expectedPods": 0,
            },
        });
        value["spec"][field] = amount;
        Ok(Box::new(move |io: &mut Io<'_>| {
            let refused = generator::failed("poddisruptionbudgets");
            generator::create_named(&args, io, value.clone(), refused)
        }))
    }
}

/// Mirrors `PodDisruptionBudgetOpts.Validate`.
fn check(args: &Args, least: &str, most: &str) -> Result<(), &'static str> {
    let is_amount = |text: &str| {
        let digits = text.strip_suffix('%').unwrap_or(text);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    match (least.is_empty(), most.is_empty()) {
        _ if args.get("selector").is_empty() => Err("a selector must be specified"),
        (true, true) => Err("one of min-available or max-unavailable must be specified"),
        (false, false) => Err("min-available and max-unavailable cannot be both specified"),
        (false, true) if !is_amount(least) => Err("invalid format specified for min-available"),
        (true, false) if !is_amount(most) => Err("invalid format specified for max-unavailable"),
        _ => Ok(()),
    }
}

fn not_in_objects(operator: &str) -> Failure {
    Failure::error(format!("{operator:?} is not a valid label selector operator"))
}

/// The selector as an object has it. Mirrors `metav1.ParseToLabelSelector`.
pub fn selector(text: &str) -> Result<Value, Failure> {
    let parsed = Selector::parse(text).map_err(Failure::error)?;
    let (mut labels, mut expressions) = (Map::new(), Vec::new());
    for requirement in parsed.requirements() {
        let (key, values) = (requirement.key(), requirement.values());
        let operator = match requirement.operator() {
            Operator::Equals | Operator::DoubleEquals => {
                labels.insert(key.to_owned(), json!(values.first()));
                continue;
            }
            Operator::In => "In",
            Operator::NotEquals | Operator::NotIn => "NotIn",
            Operator::Exists => "Exists",
            Operator::DoesNotExist => "DoesNotExist",
            Operator::GreaterThan => return Err(not_in_objects("gt")),
            Operator::LessThan => return Err(not_in_objects("lt")),
        };
        let mut expression = json!({"key": key, "operator": operator});
        if !values.is_empty() {
            expression["values"] = json!(values);
        }
        expressions.push(expression);
    }
    let mut selector = Map::new();
    if !labels.is_empty() {
        selector.insert("matchLabels".to_owned(), Value::Object(labels));
    }
    if !expressions.is_empty() {
        selector.insert("matchExpressions".to_owned(), Value::Array(expressions));
    }
    Ok(Value::Object(selector))
}
