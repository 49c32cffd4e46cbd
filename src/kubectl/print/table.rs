//! The tables of `kubectl get`. Mirrors `printers.TablePrinter` and `get.TableGenerator`.

use std::ops::Not as _;

use crate::base::order::Order as _;
use crate::base::table::{Tabs, cell};
use crate::kinds::{Column, cells};
use crate::kubectl::Args;
use crate::kubectl::resource::Asked;
use crate::kubectl::sort::sort_by;
use crate::object::Object;
use crate::sim::Time;

/// Prints one table after another, or (in a watch) one growing table.
pub struct Tables {
    wide: bool,
    with_namespace: bool,
    with_kind: bool,
    with_labels: bool,
    label_columns: Vec<String>,
    headers: bool,
    /// Whether the columns are the server's.
    by_server: bool,
    sort_by: String,
    /// The word of the `EVENT` column, if there is one.
    pub event: Option<&'static str>,
    tabs: Tabs,
    printed: Option<&'static str>,
}

impl Tables {
    /// Tables as the flags ask for them; `with_kind` puts `kind.group/` before names.
    pub fn new(args: &Args, with_kind: bool) -> Self {
        let columns = args.all("label-columns");
        Self {
            wide: args.get("output") == "wide",
            with_namespace: args.is("all-namespaces"),
            with_kind,
            with_labels: args.is("show-labels"),
            label_columns: columns.iter().flat_map(|c| c.split(',')).map(str::to_owned).collect(),
            headers: !args.is("no-headers"),
            by_server: !args.has("server-print") || args.is("server-print"),
            sort_by: args.get("sort-by").to_owned(),
            event: None,
            tabs: Tabs::for_get(),
            printed: None,
        }
    }

    /// The rows of `objects`, under a header the first time.
    ///
    /// What cannot be sorted is not printed, and as upstream nobody says why.
    pub fn print(&mut self, asked: &Asked, objects: &[&Object], now: Time) -> String {
        let mut objects = objects.to_vec();
        objects.order_by_key(|object| asked.kind.rank(object));
        if objects.len() > 1 && sort_by(&self.sort_by, asked, &mut objects).is_err() {
            return String::new();
        }
        if self.printed != Some(asked.names().plural) {
            self.printed = Some(asked.names().plural);
            self.tabs = Tabs::for_get();
            if self.headers {
                self.tabs.line(self.header(asked));
            }
        }
        for object in objects {
            let row = self.row(asked, object, now);
            self.tabs.line(row.iter().map(|text| cell(text)));
        }
        self.tabs.flush()
    }

    /// Whether a column is printed; without the server's there are only the name and the age.
    fn shows(&self, column: &Column) -> bool {
        if self.by_server { self.wide || !column.wide } else { column.name == "Name" }
    }

    fn header(&self, asked: &Asked) -> Vec<String> {
        let mut header: Vec<String> = Vec::new();
        header.extend(self.event.map(|_| "EVENT".to_owned()));
        header.extend(
            (self.with_namespace && asked.names().namespaced).then(|| "NAMESPACE".to_owned()),
        );
        let columns = asked.kind.columns().iter().filter(|column| self.shows(column));
        header.extend(columns.map(|column| column.name.to_ascii_uppercase()));
        header.extend(self.by_server.not().then(|| "AGE".to_owned()));
        header.extend(
            self.label_columns
                .iter()
                .map(|label| label.rsplit('/').next().unwrap_or_default().to_ascii_uppercase()),
        );
        header.extend(self.with_labels.then(|| "LABELS".to_owned()));
        header
    }

    fn row(&self, asked: &Asked, object: &Object, now: Time) -> Vec<String> {
        let mut row: Vec<String> = Vec::new();
        row.extend(self.event.map(str::to_owned));
        row.extend(
            (self.with_namespace && asked.names().namespaced)
                .then(|| object.namespace().to_owned()),
        );
        let cells = asked.kind.row(object, now);
        for (column, text) in asked.kind.columns().iter().zip(cells) {
            if column.name == "Name" && self.with_kind {
                row.push(asked.display(&text));
            } else if self.shows(column) {
                row.push(text);
            }
        }
        row.extend(self.by_server.not().then(|| cells::age(object.meta(), now)));
        let labels = object.meta().labels.as_ref();
        for name in &self.label_columns {
            row.push(labels.and_then(|l| l.get(name)).cloned().unwrap_or_default());
        }
        if self.with_labels {
            let all: Vec<_> =
                labels.into_iter().flatten().map(|(key, value)| format!("{key}={value}")).collect();
            row.push(if all.is_empty() { "<none>".to_owned() } else { all.join(",") });
        }
        row
    }
}
