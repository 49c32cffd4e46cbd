//! The type of a rule's expression, and what it costs at most, worked out from the schema.
//! Mirrors what `cel-go` does with `apiserver/pkg/cel`'s declarations and size estimates.

use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, LiteralValue, SelectExpr};

use super::overload;
use super::schema::Schema;
use crate::base::cel::Expression;

/// The largest request, which bounds what is not bounded otherwise. Mirrors `maxRequestSizeBytes`.
const REQUEST_MAX: f64 = 3.0 * 1024.0 * 1024.0;
/// What a look at a character costs. Mirrors `common.StringTraversalCostFactor`.
const STRING_FACTOR: f64 = 0.1;
/// What a character of a regular expression costs. Mirrors `common.RegexStringLengthCostFactor`.
const REGEX_FACTOR: f64 = 0.25;

/// What stands before the functions of a library.
const LIBRARIES: &[&str] =
    &["base64", "cel", "format", "ip", "jsonpatch", "lists", "math", "optional", "sets", "strings"];

/// The type of a part of an expression.
#[derive(Clone, Copy, Debug)]
pub(in crate::kinds) enum Type<'a> {
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// Any number.
    Double,
    /// No value.
    Null,
    /// Text.
    String,
    /// What a schema describes.
    Of(Schema<'a>),
    /// Anything.
    Any,
}

/// What is known of an expression or a part of it.
pub(in crate::kinds) struct Found<'a> {
    /// Its type.
    pub kind: Type<'a>,
    /// What evaluating it costs at most.
    pub cost: f64,
    /// How many characters or items it has at most.
    size: f64,
    /// What is wrong with it.
    pub error: Option<String>,
}

impl<'a> Found<'a> {
    fn new(kind: Type<'a>, cost: f64, size: f64) -> Self {
        Self { kind, cost, size, error: None }
    }
}

/// How many items there can be at most, given what the smallest takes. Mirrors
/// `estimateMaxArrayItemsFromMinSize`.
fn most(smallest: f64) -> f64 {
    ((REQUEST_MAX - 2.0) / (smallest + 1.0)).floor()
}

/// What a value takes in a request at least.
fn smallest(schema: Schema<'_>) -> f64 {
    match schema.kind() {
        "string" | "array" => 2.0,
        "boolean" => 4.0,
        "object" => {
            let required = schema.texts("required").filter_map(|name| {
                #[expect(clippy::cast_precision_loss, reason = "names are short")]
                let name_size = name.len() as f64;
                Some(name_size + 4.0 + smallest(schema.property(name)?))
            });
            2.0 + required.sum::<f64>()
        }
        _ => 1.0,
    }
}

fn number(schema: Schema<'_>, keyword: &str) -> Option<f64> {
    schema.get(keyword).as_f64()
}

/// How many items a list or map has at most.
pub(super) fn cardinality(schema: Schema<'_>) -> f64 {
    match (schema.items(), schema.additional()) {
        (Some(items), _) => number(schema, "maxItems").unwrap_or_else(|| most(smallest(items))),
        (_, Some(inner)) => {
            number(schema, "maxProperties").unwrap_or_else(|| most(smallest(inner) + 3.0))
        }
        _ => 1.0,
    }
}

/// How large the value of a schema is at most.
fn size(schema: Schema<'_>) -> f64 {
    match schema.kind() {
        "string" if schema.get("enum").is_array() => {
            let lengths = schema.texts("enum").map(str::len).max().unwrap_or(0);
            #[expect(clippy::cast_precision_loss, reason = "lengths are small")]
            let longest = lengths as f64;
            longest
        }
        "string" => number(schema, "maxLength").map_or(REQUEST_MAX - 2.0, |most| most * 4.0),
        "array" | "object" => cardinality(schema),
        _ => 1.0,
    }
}

/// Looks at an expression about `self`, whose schema is given.
pub(super) fn check<'a>(program: &'a Expression, text: &str, schema: Schema<'a>) -> Found<'a> {
    let names = ["self", "oldSelf"].map(|name| (name.to_owned(), Type::Of(schema)));
    check_names(program, text, names.to_vec())
}

/// Looks at an expression about these names.
pub(in crate::kinds) fn check_names<'a>(
    program: &'a Expression,
    text: &str,
    names: Vec<(String, Type<'a>)>,
) -> Found<'a> {
    let mut scope = Scope { program, text, names, error: None };
    let mut found = scope.visit(program.tree());
    found.error = scope.error;
    found
}

struct Scope<'a, 'b> {
    program: &'a Expression,
    text: &'b str,
    names: Vec<(String, Type<'a>)>,
    error: Option<String>,
}

impl<'a> Scope<'a, '_> {
    /// Notes the first fault, in the form of `cel-go`.
    fn fault(&mut self, id: u64, what: &str) {
        let at = self.program.offset(id);
        let before = self.text.get(..at).unwrap_or_default();
        let line = before.matches('\n').count();
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
        let shown = self.text.lines().nth(line).unwrap_or_default();
        let dots = ".".repeat(column);
        let text =
            format!("ERROR: <input>:{}:{}: {what}\n | {shown}\n | {dots}^", line + 1, column + 1);
        self.error.get_or_insert(text);
    }

    fn visit(&mut self, part: &'a IdedExpr) -> Found<'a> {
        match &part.expr {
            Expr::Literal(value) => literal(value),
            Expr::Ident(name) => self.name(part.id, name),
            Expr::Select(select) => self.select(part.id, select),
            Expr::Call(call) => self.call(part.id, call),
            Expr::Comprehension(loops) => self.comprehension(loops),
            Expr::List(list) => {
                let cost: f64 = list.elements.iter().map(|item| self.visit(item).cost).sum();
                #[expect(clippy::cast_precision_loss, reason = "what is written out is short")]
                let length = list.elements.len() as f64;
                Found::new(Type::Any, cost + 10.0, length)
            }
            _ => Found::new(Type::Any, 10.0, REQUEST_MAX),
        }
    }

    fn name(&mut self, id: u64, name: &str) -> Found<'a> {
        let known = self.names.iter().rev().find(|(known, _)| known == name);
        let Some((_, kind)) = known else {
            let is_type = matches!(
                name,
                "int" | "uint" | "double" | "string" | "bool" | "bytes" | "list" | "map" | "type"
            );
            if !is_type && !name.starts_with('@') {
                self.fault(id, &format!("undeclared reference to '{name}' (in container '')"));
            }
            return Found::new(Type::Any, 1.0, 1.0);
        };
        let kind = *kind;
        Found::new(kind, 1.0, size_of(kind))
    }

    fn select(&mut self, id: u64, select: &'a SelectExpr) -> Found<'a> {
        let operand = self.visit(&select.operand);
        let cost = operand.cost + 1.0;
        let kind = match operand.kind {
            Type::Of(schema) if is_typed(schema) => match schema.of_field(&select.field) {
                Some(field) => of_schema(field),
                None => {
                    self.fault(id, &format!("undefined field '{}'", select.field));
                    Type::Any
                }
            },
            _ => Type::Any,
        };
        let kind = if select.test { Type::Bool } else { kind };
        Found::new(kind, cost, size_of(kind))
    }

    /// The library whose function is called: its name stands where a value would.
    fn library(&self, call: &CallExpr) -> Option<String> {
        let Some(Expr::Ident(name)) = call.target.as_ref().map(|target| &target.expr) else {
            return None;
        };
        let is_known = self.names.iter().any(|(known, _)| known == name);
        (!is_known && LIBRARIES.contains(&name.as_str())).then(|| name.clone())
    }

    fn call(&mut self, id: u64, call: &'a CallExpr) -> Found<'a> {
        let library = self.library(call);
        let target = call.target.as_ref().filter(|_| library.is_none());
        let target = target.map(|target| self.visit(target));
        let args: Vec<Found<'a>> = call.args.iter().map(|arg| self.visit(arg)).collect();
        if let Some(library) = library {
            let cost = args.iter().map(|part| part.cost).sum::<f64>() + 1.0;
            let size = args.iter().map(|part| part.size).fold(1.0, f64::max);
            let tests = library == "sets" || call.func_name.starts_with("is");
            return Found::new(if tests { Type::Bool } else { Type::Any }, cost + size, size);
        }
        let kinds = |parts: &[Found<'a>]| parts.iter().map(|part| part.kind).collect::<Vec<_>>();
        let receiver = target.as_ref().map(|target| target.kind);
        if let Some(why) = overload::misfit(&call.func_name, receiver, &kinds(&args)) {
            self.fault(id, &why);
        }
        let all: Vec<&Found<'a>> = target.iter().chain(args.iter()).collect();
        let cost: f64 = all.iter().map(|part| part.cost).sum::<f64>() + 1.0;
        let part = |index: usize| all.get(index).map_or(0.0, |part| part.size);
        let kind_at = |index: usize| all.get(index).map_or(Type::Any, |part| part.kind);
        match call.func_name.as_str() {
            "_&&_" | "_||_" | "!_" | "@not_strictly_false" => Found::new(Type::Bool, cost, 1.0),
            "_==_" | "_!=_" | "_<_" | "_<=_" | "_>_" | "_>=_" => {
                let compared = part(0).min(part(1)) * STRING_FACTOR;
                Found::new(Type::Bool, cost + compared, 1.0)
            }
            "@in" => Found::new(Type::Bool, cost + part(1), 1.0),
            "_+_" => {
                let size = part(0) + part(1);
                let is_text = matches!(kind_at(0), Type::String) || is_text(kind_at(0));
                let joined = if is_text { size * STRING_FACTOR } else { 0.0 };
                let kind = if is_text { Type::String } else { kind_at(0) };
                Found::new(kind, cost + joined, size)
            }
            "_-_" | "_*_" | "_/_" | "_%_" | "-_" => Found::new(kind_at(0), cost, 1.0),
            "_?_:_" => {
                let kind = kind_at(1);
                Found::new(kind, cost, part(1).max(part(2)))
            }
            "_[_]" => match kind_at(0) {
                Type::Of(schema) => {
                    let inner = schema.items().or_else(|| schema.additional());
                    let kind = inner.map_or(Type::Any, of_schema);
                    Found::new(kind, cost, size_of(kind))
                }
                _ => Found::new(Type::Any, cost, REQUEST_MAX),
            },
            "double" => Found::new(Type::Double, cost, 1.0),
            "size" | "int" | "indexOf" | "lastIndexOf" | "compareTo" | "asInteger" | "sign" => {
                Found::new(Type::Int, cost, 1.0)
            }
            "isSorted" | "isURL" | "isQuantity" | "isInteger" | "isIP" | "isCIDR" | "isSemver"
            | "isLessThan" | "isGreaterThan" | "containsIP" | "containsCIDR" | "hasValue" => {
                Found::new(Type::Bool, cost + part(0) * STRING_FACTOR, 1.0)
            }
            "matches" => {
                let text = (part(0) + 1.0) * STRING_FACTOR;
                let pattern = (part(1) * REGEX_FACTOR).ceil();
                Found::new(Type::Bool, cost + text * pattern, 1.0)
            }
            "contains" | "startsWith" | "endsWith" => {
                Found::new(Type::Bool, cost + part(0).max(part(1)) * STRING_FACTOR, 1.0)
            }
            "bool" => Found::new(Type::Bool, cost, 1.0),
            // Nobody knows how long the text of a number is.
            "string" if !is_text(kind_at(0)) => Found::new(Type::String, cost, f64::INFINITY),
            "string" | "lowerAscii" | "upperAscii" | "trim" | "replace" | "substring"
            | "format" => Found::new(Type::String, cost + part(0) * STRING_FACTOR, part(0)),
            _ => Found::new(Type::Any, cost + part(0) * STRING_FACTOR, part(0)),
        }
    }

    fn comprehension(&mut self, loops: &'a ComprehensionExpr) -> Found<'a> {
        let range = self.visit(&loops.iter_range);
        let start = self.visit(&loops.accu_init);
        let item = match range.kind {
            Type::Of(schema) => match (schema.items(), schema.additional()) {
                (Some(items), _) => of_schema(items),
                (None, Some(_)) => Type::String,
                (None, None) => Type::Any,
            },
            _ => Type::Any,
        };
        let depth = self.names.len();
        self.names.push((loops.iter_var.clone(), item));
        if let Some(second) = &loops.iter_var2 {
            self.names.push((second.clone(), Type::Any));
        }
        self.names.push((loops.accu_var.clone(), start.kind));
        let each = self.visit(&loops.loop_cond).cost + self.visit(&loops.loop_step).cost;
        let result = self.visit(&loops.result);
        self.names.truncate(depth);
        let cost = range.cost + start.cost + result.cost + range.size * each;
        Found::new(result.kind, cost, range.size)
    }
}

fn literal<'a>(value: &LiteralValue) -> Found<'a> {
    match value {
        LiteralValue::Boolean(_) => Found::new(Type::Bool, 0.0, 1.0),
        LiteralValue::String(text) => {
            #[expect(clippy::cast_precision_loss, reason = "what is written out is short")]
            let length = text.inner().len() as f64;
            Found::new(Type::String, 0.0, length)
        }
        LiteralValue::Int(_) => Found::new(Type::Int, 0.0, 1.0),
        LiteralValue::Double(_) => Found::new(Type::Double, 0.0, 1.0),
        LiteralValue::Null => Found::new(Type::Null, 0.0, 1.0),
        _ => Found::new(Type::Any, 0.0, 1.0),
    }
}

/// Whether only the fields that a schema names can be spoken of.
fn is_typed(schema: Schema<'_>) -> bool {
    !schema.is("x-kubernetes-int-or-string") && !schema.kind().is_empty()
}

pub(super) fn of_schema(schema: Schema<'_>) -> Type<'_> {
    match schema.kind() {
        _ if schema.is("x-kubernetes-int-or-string") => Type::Any,
        "boolean" => Type::Bool,
        "integer" => Type::Int,
        "number" => Type::Double,
        "" => Type::Any,
        _ => Type::Of(schema),
    }
}

fn is_text(kind: Type<'_>) -> bool {
    match kind {
        Type::String => true,
        Type::Of(schema) => schema.kind() == "string",
        _ => false,
    }
}

fn size_of(kind: Type<'_>) -> f64 {
    match kind {
        Type::Of(schema) => size(schema),
        Type::String | Type::Any => REQUEST_MAX,
        _ => 1.0,
    }
}
