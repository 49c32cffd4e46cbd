//! Output formats. Mirrors `k8s.io/cli-runtime/pkg/printers`.

pub mod table;

use std::borrow::Cow;

use serde_json::{Value, json};

use super::resource::Asked;
use super::{Args, Failure, Files};
use crate::base::go_template::Template;
use crate::base::go_text;
use crate::base::json_path::{self, JsonPath};
use crate::base::yaml;
use crate::object::{Object, go_json};
use crate::sim::Time;

/// How objects are printed.
pub enum Printer {
    /// A table, `wide` or not: see [`table::Tables`].
    Table,
    /// `-o yaml`; whether with managed fields.
    Yaml(bool),
    /// `-o json`; whether with managed fields, and whether in the order of Go's structs.
    Json(bool, bool),
    /// `-o name`.
    Name,
    /// `-o jsonpath=…`: the template and its text.
    JsonPath(JsonPath, String),
    /// `-o jsonpath-as-json=…`.
    JsonPathAsJson(JsonPath),
    /// `-o go-template=…`: the template and its text.
    Template(Box<Template>, String),
    /// `-o kyaml`; the same.
    KYaml(bool, bool),
    /// `-o custom-columns=…`: titles and paths, and whether the titles are printed.
    Columns(Vec<(String, JsonPath)>, bool),
}

/// The formats that errors list.
const FORMATS: &str = "custom-columns,custom-columns-file,go-template,go-template-file,json,\
                       jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,template,templatefile,\
                       wide,yaml";

/// Whether a command works with the structs of the kinds, whose fields have an order, and not with
/// JSON of any shape.
fn is_typed(command: &str) -> bool {
    let verb = command.split(' ').next().unwrap_or_default();
    let typed = ["autoscale", "certificate", "config", "expose", "rollout", "run", "set"];
    typed.contains(&verb) || command.starts_with("create ")
}

impl Printer {
    /// The printer that `-o` asks for.
    ///
    /// # Errors
    /// An unknown format, or an expression that does not parse.
    pub fn from_args(args: &Args) -> Result<Self, Failure> {
        let text = args.get("output");
        let (format, expression) = text.split_once('=').unwrap_or((text, ""));
        let lenient = args.get("allow-missing-template-keys") != "false";
        // `--template` is what the format's own text would be, and stands for a format itself.
        let (format, expression) = match (format, expression, args.get("template")) {
            ("", "", template) if !template.is_empty() => ("go-template", template),
            (format, "", template) => (format, template),
            (format, expression, _) => (format, expression),
        };
        let json_path = |text: &str| {
            JsonPath::parse(text)
                .map(|path| path.allow_missing_keys(lenient))
                .map_err(|why| Failure::error(format!("error parsing jsonpath {text}, {why}")))
        };
        match format {
            "" | "wide" => Ok(Self::Table),
            "yaml" => Ok(Self::Yaml(args.is("show-managed-fields"))),
            "json" => Ok(Self::Json(args.is("show-managed-fields"), is_typed(&args.command))),
            "name" => Ok(Self::Name),
            "kyaml" => Ok(Self::KYaml(args.is("show-managed-fields"), is_typed(&args.command))),
            "jsonpath" | "jsonpath-as-json" | "go-template" | "template" | "jsonpath-file"
            | "go-template-file" | "templatefile"
                if expression.is_empty() =>
            {
                Err(Failure::error("template format specified but no template given"))
            }
            "jsonpath" => json_path(expression).map(|p| Self::JsonPath(p, expression.to_owned())),
            "jsonpath-as-json" => json_path(expression).map(Self::JsonPathAsJson),
            "go-template" | "template" => Template::parse(expression, !lenient)
                .map(|template| Self::Template(Box::new(template), expression.to_owned()))
                .map_err(|why| {
                    Failure::error(format!("error parsing template {expression}, {why}"))
                }),
            "custom-columns-file" if expression.is_empty() => {
                Err(Failure::error("custom-columns format specified but no custom columns given"))
            }
            "custom-columns" => {
                columns(expression).map(|columns| Self::Columns(columns, !args.is("no-headers")))
            }
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
        if let Self::Columns(columns, headers) = self {
            return Ok(custom(columns, *headers, objects));
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
            Self::Json(true, _)
            | Self::Yaml(true)
            | Self::KYaml(true, _)
            | Self::JsonPath(..)
            | Self::JsonPathAsJson(_)
            | Self::Template(..) => asked.kind.encode(asked.version, object),
            _ => face(asked, object),
        }
    }

    /// The text for JSON of any shape.
    ///
    /// # Errors
    /// An expression that does not fit.
    pub fn print_value(&self, value: &Value) -> Result<String, Failure> {
        match self {
            Self::Json(_, typed) => {
                Ok(format!("{}\n", go_json::indented(value, "    ", *typed)))
            }
            Self::JsonPath(path, template) => path.execute(value).map_err(|why| {
                Failure::error(json_path::execution_error(template, value, &why))
            }),
            Self::JsonPathAsJson(path) => {
                let found = path.find(value).map_err(Failure::error)?;
                let all: Vec<_> = found.into_iter().flatten().map(Cow::into_owned).collect();
                Ok(format!("{}\n", pretty(&Value::Array(all))))
            }
            Self::Template(template, text) => template.execute(value).map_err(|why| Failure {
                printed: format!(
                    "Error executing template: {why}. Printing more information for debugging the \
                     template:\n\ttemplate was:\n\t\t{text}\n\traw data was:\n\t\t{value}\n\tobject \
                     given to template engine was:\n\t\t{}\n\n",
                    go_text::print(value)
                ),
                ..Failure::error(format!("error executing template {text:?}: {why}"))
            }),
            Self::KYaml(_, typed) => Ok(crate::base::kyaml::to_string(
                value,
                if *typed { go_json::fields } else { |map| map.iter().collect() },
            )),
            Self::Yaml(_) | Self::Table | Self::Name | Self::Columns(..) => {
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
    go_json::indented(value, "    ", false)
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

fn custom(columns: &[(String, JsonPath)], headers: bool, objects: &[(Asked, &Object)]) -> String {
    let titles = columns.iter().filter(|_| headers);
    let titles: Vec<String> = titles.map(|(title, _)| title.clone()).collect();
    let rows = objects.iter().map(|(asked, object)| {
        let value = face(asked, object);
        let cell = |(_, path): &(String, JsonPath)| {
            let found = path.find(&value).unwrap_or_default();
            let all: Vec<String> = found.iter().flatten().map(|v| go_text::print(v)).collect();
            if all.is_empty() { "<none>".to_owned() } else { all.join(",") }
        };
        columns.iter().map(cell).collect::<Vec<_>>()
    });
    crate::base::table::render(&titles, rows)
}

/// Reads the file that `-o jsonpath-file=…` and the like name, and puts its text in their place.
///
/// # Errors
/// There is no such file.
pub fn read_template(args: &mut Args, files: &Files) -> Result<(), Failure> {
    let output = args.get("output");
    let (format, name) = output.split_once('=').unwrap_or((output, args.get("template")));
    let (becomes, what) = match format {
        "jsonpath-file" => ("jsonpath", "--template"),
        "go-template-file" | "templatefile" => ("go-template", "--template"),
        "custom-columns-file" => ("custom-columns", "template"),
        _ => return Ok(()),
    };
    if name.is_empty() {
        return Ok(());
    }
    let Some(text) = files.read(name) else {
        return Err(Failure::error(format!(
            "error reading {what} {name}, open {name}: no such file or directory"
        )));
    };
    let mut text = text.to_owned();
    if becomes == "custom-columns" {
        let mut lines = text.lines();
        let mut words = || lines.next().unwrap_or_default().split_whitespace().collect::<Vec<_>>();
        let (titles, paths) = (words(), words());
        if titles.len() != paths.len() {
            let why = format!(
                "number of headers ({}) and field specifications ({}) don't match",
                titles.len(),
                paths.len()
            );
            return Err(Failure::error(why));
        }
        let pairs: Vec<_> = titles.iter().zip(&paths).map(|(t, p)| format!("{t}:{p}")).collect();
        text = pairs.join(",");
    }
    args.give("output", format!("{becomes}={text}"));
    Ok(())
}
