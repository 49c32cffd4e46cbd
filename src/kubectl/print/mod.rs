//! Output formats. Mirrors `k8s.io/cli-runtime/pkg/printers`.

pub mod table;

use serde_json::{Value, json};

use super::resource::Asked;
use super::{Args, Failure};
use crate::base::json_path::{self, JsonPath};
use crate::base::yaml;
use crate::object::Object;
use crate::sim::Time;

/// How objects are printed.
pub enum Printer {
    /// A table, `wide` or not: see [`table::Tables`].
    Table,
    /// `-o yaml`; whether with managed fields.
    Yaml(bool),
    /// `-o json`; whether with managed fields.
    Json(bool),
    /// `-o name`.
    Name,
    /// `-o jsonpath=…`: the template and its text.
    JsonPath(JsonPath, String),
    /// `-o custom-columns=…`: titles and paths.
    Columns(Vec<(String, JsonPath)>),
}

/// The formats that errors list.
const FORMATS: &str = "custom-columns,custom-columns-file,go-template,go-template-file,json,\
                       jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,template,templatefile,\
                       wide,yaml";

impl Printer {
    /// The printer that `-o` asks for.
    ///
    /// # Errors
    /// An unknown format, or an expression that does not parse.
    pub fn from_args(args: &Args) -> Result<Self, Failure> {
        let text = args.get("output");
        let (format, expression) = text.split_once('=').unwrap_or((text, ""));
        let json_path = |text: &str| {
            JsonPath::parse(text)
                .map(|path| path.allow_missing_keys(true))
                .map_err(|why| Failure::error(format!("error parsing jsonpath {text}, {why}")))
        };
        match format {
            "" | "wide" => Ok(Self::Table),
            "yaml" => Ok(Self::Yaml(args.is("show-managed-fields"))),
            "json" => Ok(Self::Json(args.is("show-managed-fields"))),
            "name" => Ok(Self::Name),
            "jsonpath" if expression.is_empty() => {
                Err(Failure::error("template format specified but no template given"))
            }
            "jsonpath" => json_path(expression).map(|p| Self::JsonPath(p, expression.to_owned())),
            "custom-columns" => columns(expression).map(Self::Columns),
            _ => Err(Failure::error(format!(
                "unable to match a printer suitable for the output format \"{format}\", allowed \
                 formats are: {FORMATS}"
            ))),
        }
    }

    /// Whether it prints tables.
    pub fn is_table(&self) -> bool {
        matches!(self, Self::Table)
    }

    /// The text for `objects`: one object, or (`is_list`) a `List` of them.
    ///
    /// # Errors
    /// An expression that does not fit an object.
    pub fn print(
        &self,
        objects: &[(Asked, &Object)],
        is_list: bool,
        _now: Time,
    ) -> Result<String, Failure> {
        if let Self::Name = self {
            let lines = objects.iter().map(|(asked, o)| format!("{}\n", asked.display(o.name())));
            return Ok(lines.collect());
        }
        if let Self::Columns(columns) = self {
            return Ok(custom(columns, objects));
        }
        let values: Vec<Value> =
            objects.iter().map(|(asked, object)| self.face(asked, object)).collect();
        let value = match <[Value; 1]>::try_from(values) {
            Ok([one]) if !is_list => one,
            Ok(one) => list(one.to_vec()),
            Err(many) => list(many),
        };
        self.print_value(&value)
    }

    /// An object's JSON as this printer takes it: templates see who manages its fields.
    fn face(&self, asked: &Asked, object: &Object) -> Value {
        match self {
            Self::Json(true) | Self::Yaml(true) | Self::JsonPath(..) => {
                asked.kind.encode(asked.version, object)
            }
            _ => face(asked, object),
        }
    }

    /// The text for JSON of any shape.
    ///
    /// # Errors
    /// An expression that does not fit.
    pub fn print_value(&self, value: &Value) -> Result<String, Failure> {
        match self {
            Self::Json(_) => Ok(format!("{}\n", pretty(value))),
            Self::JsonPath(path, template) => path.execute(value).map_err(|why| {
                Failure::verbatim(json_path::execution_error(template, value, &why))
            }),
            Self::Yaml(_) | Self::Table | Self::Name | Self::Columns(_) => {
                Ok(yaml::to_string(value))
            }
        }
    }
}

/// An object's JSON as people see it: in the asked-for version, without `managedFields`.
pub fn face(asked: &Asked, object: &Object) -> Value {
    let mut value = asked.kind.encode(asked.version, object);
    if let Some(meta) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        meta.remove("managedFields");
    }
    value
}

fn list(items: Vec<Value>) -> Value {
    json!({
        "apiVersion": "v1",
        "items": items,
        "kind": "List",
        "metadata": { "resourceVersion": "" },
    })
}

/// JSON as kubectl indents it: four spaces.
pub fn pretty(value: &Value) -> String {
    crate::object::codec::pretty(value)
}

/// A path in the short form of `custom-columns` and `--sort-by`.
///
/// # Errors
/// An expression that does not parse.
pub fn relaxed(expression: &str) -> Result<JsonPath, Failure> {
    let template = json_path::relaxed(expression).map_err(Failure::error)?;
    let path = JsonPath::parse(&template).map_err(Failure::error)?;
    Ok(path.allow_missing_keys(true))
}

fn columns(text: &str) -> Result<Vec<(String, JsonPath)>, Failure> {
    if text.is_empty() {
        return Err(Failure::error("custom-columns format specified but no custom columns given"));
    }
    let column = |part: &str| {
        let Some((title, path)) = part.split_once(':') else {
            return Err(Failure::error(format!(
                "unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>"
            )));
        };
        let path = relaxed(path)?;
        Ok((title.to_owned(), path))
    };
    text.split(',').map(column).collect()
}

fn custom(columns: &[(String, JsonPath)], objects: &[(Asked, &Object)]) -> String {
    let titles: Vec<String> = columns.iter().map(|(title, _)| title.clone()).collect();
    let rows = objects.iter().map(|(asked, object)| {
        let value = face(asked, object);
        let cell = |(_, path): &(String, JsonPath)| {
            let found = path.find(&value).unwrap_or_default();
            let all: Vec<String> = found.iter().flatten().map(|v| json_path::text(v)).collect();
            if all.is_empty() { "<none>".to_owned() } else { all.join(",") }
        };
        columns.iter().map(cell).collect::<Vec<_>>()
    });
    crate::base::table::render(&titles, rows)
}
