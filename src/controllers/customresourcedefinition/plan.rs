//! Which names a definition gets. Mirrors `calculateNamesAndConditions`.

use serde_json::Value;

use crate::kinds::custom_resource_definition::status::{self, Condition};
use crate::object::Untyped;

/// The names that the definitions of a group have already.
#[derive(Clone, Debug, Default)]
pub(super) struct Names<'a> {
    resources: Vec<&'a str>,
    kinds: Vec<&'a str>,
}

impl<'a> Names<'a> {
    /// Collects accepted names.
    pub(super) fn taken(accepted: impl Iterator<Item = &'a Value>) -> Self {
        let mut names = Self::default();
        for accepted in accepted {
            let text = |field: &str| accepted[field].as_str();
            names.resources.extend(text("plural").into_iter().chain(text("singular")));
            let short = accepted["shortNames"].as_array().into_iter().flatten();
            names.resources.extend(short.filter_map(Value::as_str));
            names.kinds.extend(text("kind").into_iter().chain(text("listKind")));
        }
        names
    }
}

/// What a definition's status is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// The names that it has got.
    pub(super) accepted: Value,
    /// Whether these are all that it asks for.
    pub(super) names: Condition,
    /// Whether it is served.
    pub(super) established: Condition,
}

/// The names that a definition gets; `None` where its status says so already.
pub(super) fn plan(definition: &Untyped, taken: &Names<'_>) -> Option<Plan> {
    let requested = &definition.field("spec")["names"];
    let before = &definition.field("status")["acceptedNames"];
    if requested == before {
        return None;
    }
    let mut accepted = before.clone();
    let mut conflict = None;
    for (field, reason, used) in [
        ("plural", "PluralConflict", &taken.resources),
        ("singular", "SingularConflict", &taken.resources),
        ("shortNames", "ShortNamesConflict", &taken.resources),
        ("kind", "KindConflict", &taken.kinds),
        ("listKind", "ListKindConflict", &taken.kinds),
    ] {
        let (wanted, own) = (texts(&requested[field]), texts(&before[field]));
        let clashes: Vec<String> = wanted
            .into_iter()
            .filter(|name| !own.contains(name) && used.contains(name))
            .map(|name| format!("{name:?} is already in use"))
            .collect();
        match clashes.as_slice() {
            [] => take(&mut accepted, field, &requested[field]),
            [one] => conflict = Some((reason, one.clone())),
            many => conflict = Some((reason, format!("[{}]", many.join(", ")))),
        }
    }
    take(&mut accepted, "categories", &requested["categories"]);
    let names = match conflict {
        Some((reason, text)) => Condition::new("NamesAccepted", false, reason, &text),
        None => Condition::new("NamesAccepted", true, "NoConflicts", "no conflicts found"),
    };
    if accepted == *before && status::says(definition, &names) {
        return None;
    }
    let not_accepted =
        || Condition::new("Established", false, "NotAccepted", "not all names are accepted");
    let mut established = status::get(definition, "Established").unwrap_or_else(not_accepted);
    if names.holds && !established.holds {
        let text = "the initial names have been accepted";
        established = Condition::new("Established", false, "Installing", text);
    }
    Some(Plan { accepted, names, established })
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().into_iter().collect(),
    }
}

fn take(accepted: &mut Value, field: &str, value: &Value) {
    let Some(map) = accepted.as_object_mut() else { return };
    match value {
        Value::Null => map.remove(field),
        value => map.insert(field.to_owned(), value.clone()),
    };
}
