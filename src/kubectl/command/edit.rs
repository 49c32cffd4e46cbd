//! `kubectl edit` and `kubectl apply edit-last-applied`: an object as a text in an editor.
//! Mirrors `k8s.io/kubectl/pkg/cmd/util/editor`.

use serde_json::{Value, json};

use super::create::generator::json_of;
use super::spec::Spec;
use super::{FILENAME, KUSTOMIZE, PRINT, RECURSIVE, apply};
use crate::api::{Body, PatchType, Status, Verb};
use crate::base::yaml;
use crate::kubectl::dry_run::DryRun;
use crate::kubectl::print::{Printer, pretty};
use crate::kubectl::resource::{self, Asked};
use crate::kubectl::validation::{VALIDATE, Validation};
use crate::kubectl::{Args, Failure, Flag, Io, Job, Step};
use crate::object::meta::LAST_APPLIED;
use crate::object::patch;

const FLAGS: &[Flag] = &[
    Flag::value("field-manager", "kubectl-edit"),
    FILENAME,
    KUSTOMIZE,
    RECURSIVE,
    VALIDATE,
    Flag::switch("windows-line-endings"),
];

/// The verb `edit`.
pub const EDIT: Spec = Spec {
    name: "edit",
    aliases: &[],
    shared: &[PRINT, FLAGS],
    flags: &[
        Flag::switch("output-patch"),
        Flag::switch("save-config"),
        Flag::value("subresource", ""),
    ],
    usage: "kubectl edit (RESOURCE/NAME | -f FILENAME) [options]",
    about: "Edit a resource from the default editor.",
    start: |args| start(args, false),
};

/// The verb `apply edit-last-applied`.
pub const EDIT_LAST_APPLIED: Spec = Spec {
    name: "apply edit-last-applied",
    aliases: &[],
    shared: &[PRINT, FLAGS],
    flags: &[],
    usage: "kubectl apply edit-last-applied (RESOURCE/NAME | -f FILENAME) [options]",
    about: "Edit latest last-applied-configuration annotations of a resource/object.",
    start: |args| start(args, true),
};

/// `create --edit`: what the files say, to be edited before it is created.
pub(super) fn before_create(args: Args) -> Result<Box<dyn Job>, Failure> {
    let mut edit = new(args, false)?;
    edit.creates = true;
    Ok(Box::new(edit))
}

fn start(args: Args, last_applied: bool) -> Result<Box<dyn Job>, Failure> {
    resource::check_given(&args)?;
    Printer::from_args(&args)?;
    Ok(Box::new(new(args, last_applied)?))
}

fn new(args: Args, last_applied: bool) -> Result<Edit, Failure> {
    let validation = Validation::from_args(&args)?;
    Ok(Edit {
        args,
        validation,
        last_applied,
        creates: false,
        subjects: Vec::new(),
        original: String::new(),
        edited: String::new(),
        file: String::new(),
        editor: String::new(),
        reasons: Vec::new(),
        failed: false,
    })
}

struct Edit {
    args: Args,
    validation: Validation,
    last_applied: bool,
    /// Whether the objects come from files and are to be created.
    creates: bool,
    /// What is edited: its kind, namespace, and JSON.
    subjects: Vec<(Asked, Value)>,
    original: String,
    edited: String,
    file: String,
    editor: String,
    /// What was wrong with the last attempt, for the head of the file.
    reasons: Vec<String>,
    failed: bool,
}

const HEAD: &str = "# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
";
const HEAD_LAST_APPLIED: &str = "# Please edit the 'last-applied-configuration' annotations below.
# Lines beginning with a '#' will be ignored, and an empty file will abort the edit.
#
";

impl Job for Edit {
    fn poll(&mut self, io: &mut Io<'_>) -> Result<Step, Failure> {
        if self.editor.is_empty() {
            self.begin(io)?;
            return Ok(self.launch(io));
        }
        match io.script {
            None => Ok(Step::Wait(None)),
            Some(0) => self.edited(io),
            Some(127) => {
                Err(Failure::error(format!("unable to launch the editor {:?}", self.editor)))
            }
            Some(_) => Err(Failure::error(format!(
                "there was a problem with the editor {:?}",
                self.editor
            ))),
        }
    }
}

impl Edit {
    fn begin(&mut self, io: &mut Io<'_>) -> Result<(), Failure> {
        if self.creates {
            for manifest in resource::manifests(&self.args, io)? {
                let manifest = manifest?;
                self.subjects.push((manifest.asked, manifest.value));
            }
            return self.open(io);
        }
        let customs = io.api.custom_kinds();
        let named = if self.args.reads_files() {
            let manifests = resource::manifests(&self.args, io)?.into_iter();
            manifests
                .map(|manifest| manifest.map(|m| (m.asked, m.namespace, m.name)))
                .collect::<Result<Vec<_>, _>>()?
        } else {
            let namespace = self.args.namespace();
            match resource::target(&self.args.positional, &customs)? {
                resource::Target::Named(named) => {
                    named.into_iter().map(|(asked, n)| (asked, namespace.to_owned(), n)).collect()
                }
                resource::Target::All(kinds) => {
                    let found = resource::objects(&self.args, io, kinds)?.into_iter();
                    let place = |object: &crate::object::Object| object.namespace().to_owned();
                    found.map(|(asked, o)| (asked, place(&o), o.name().to_owned())).collect()
                }
            }
        };
        let part = if self.last_applied { "" } else { resource::subresource(&self.args)? };
        for (asked, namespace, name) in named {
            let mut value =
                json_of(io.api.call(asked.request(Verb::Get, &namespace, &name).to(part))?);
            if let Some(meta) = value.get_mut("metadata").and_then(Value::as_object_mut) {
                meta.remove("managedFields");
            }
            if self.last_applied {
                let text = value["metadata"]["annotations"][LAST_APPLIED].as_str();
                let Some(text) = text else { continue };
                value = yaml::parse_one(text).map_err(|why| Failure::error(why.to_string()))?;
            }
            self.subjects.push((asked, value));
        }
        self.open(io)
    }

    /// Decides on the editor, and what it is to show.
    fn open(&mut self, io: &Io<'_>) -> Result<(), Failure> {
        if self.subjects.is_empty() {
            return Err(Failure::error(if self.last_applied {
                "no last-applied-configuration annotation found on resources, to create the \
                 annotation, use command `kubectl apply set-last-applied --create-annotation`"
            } else {
                "edit cancelled, no objects found"
            }));
        }
        let editor = ["KUBE_EDITOR", "EDITOR"].map(|name| io.files.variable(name));
        self.editor = editor.into_iter().find(|e| !e.is_empty()).unwrap_or("vi").to_owned();
        let value = match self.subjects.as_slice() {
            [(_, one)] => one.clone(),
            many => json!({
                "apiVersion": "v1",
                "items": many.iter().map(|(_, value)| value).collect::<Vec<_>>(),
                "kind": "List",
                "metadata": {},
            }),
        };
        self.original = match self.args.get("output") {
            "json" => format!("{}\n", pretty(&value)),
            _ => yaml::to_string(&value),
        };
        Ok(())
    }

    /// Writes the file and opens it.
    fn launch(&mut self, io: &mut Io<'_>) -> Step {
        let is_json = self.args.get("output") == "json";
        let body = if self.failed { without_comments(&self.edited) } else { self.original.clone() };
        let mut text = String::new();
        if !is_json {
            text.push_str(if self.last_applied { HEAD_LAST_APPLIED } else { HEAD });
            for reason in &self.reasons {
                text.push_str(&format!("{reason}#\n"));
            }
        }
        text.push_str(&body);
        io.files.remove(&self.file);
        let number = 1_000_000_000 + io.now.micros() % 1_000_000_000;
        let ending = if is_json { "json" } else { "yaml" };
        self.file = format!("/tmp/kubectl-edit-{number}.{ending}");
        io.files.write(&self.file, text);
        let words: Vec<String> = if self.editor.contains(['"', '\'', '\\']) {
            vec![self.editor.clone()]
        } else {
            self.editor.split(' ').map(|word| format!("'{word}'")).collect()
        };
        let name = self.editor.split(' ').next().unwrap_or_default();
        Step::Script(format!(
            "command -v {name} > /dev/null || exit 127; {} {}",
            words.join(" "),
            self.file
        ))
    }

    /// What the file says once the editor is left.
    fn edited(&mut self, io: &mut Io<'_>) -> Result<Step, Failure> {
        let text = io.files.read(&self.file).unwrap_or_default().to_owned();
        let before = std::mem::replace(&mut self.edited, text);
        let same = |a: &str, b: &str| {
            let (a, b) = (without_comments(a), without_comments(b));
            a == b
                || matches!((yaml::parse_one(&a), yaml::parse_one(&b)), (Ok(a), Ok(b)) if a == b && a.is_object())
        };
        if self.failed && same(&before, &self.edited) {
            return Err(self.preserved("Edit cancelled, no valid changes were saved."));
        }
        let parsed = yaml::parse_one(&self.edited);
        let valid =
            parsed.as_ref().is_ok_and(|v| v["kind"].is_string() && v["apiVersion"].is_string());
        let Some(value) = parsed.ok().filter(|_| valid) else {
            let (asked, object) = &self.subjects[0];
            let about = format!("{} {:?}", asked.names().resource(), name_of(object));
            io.err.push_str(&format!("error: {about} is invalid\n"));
            self.reasons = vec![format!(
                "# {about} was not valid:\n# * <nil>: Invalid value: \"The edited file failed validation\"\n"
            )];
            self.failed = true;
            return Ok(self.launch(io));
        };
        if !self.failed && same(&self.original, &self.edited) {
            io.files.remove(&self.file);
            io.err.push_str("Edit cancelled, no changes made.\n");
            return Ok(Step::Done(0));
        }
        let items = match value["items"].as_array() {
            Some(items) if value["kind"] == "List" => items.clone(),
            _ => vec![value],
        };
        self.reasons.clear();
        self.failed = false;
        for item in items {
            self.save(io, item)?;
        }
        if self.failed {
            return Ok(self.launch(io));
        }
        io.files.remove(&self.file);
        Ok(Step::Done(0))
    }

    fn preserved(&self, why: &str) -> Failure {
        let failure = Failure::error(why);
        let copy = format!("A copy of your changes has been stored to {:?}\n", self.file);
        Failure { text: copy + &failure.text, ..failure }
    }

    /// Sends what became of one object.
    fn save(&mut self, io: &mut Io<'_>, mut new: Value) -> Result<(), Failure> {
        let mark = |value: &Value| match value["metadata"]["uid"].as_str() {
            Some(uid) => uid.to_owned(),
            None => format!("{}/{}", value["kind"], value["metadata"]["name"]),
        };
        let wanted = mark(&new);
        let found = self.subjects.iter().find(|(_, old)| mark(old) == wanted).cloned();
        let Some((asked, old)) = found else {
            return Err(self.preserved("At least one of apiVersion, kind and name was changed"));
        };
        let report =
            |verb: &str, value: &Value| DryRun::None.report_value(&self.args, &asked, value, verb);
        let namespace = new["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
        if self.creates {
            let mut request = asked.request(Verb::Create, &namespace, "");
            request.body = Body::Json(new);
            self.validation.apply(&mut request);
            let stored = json_of(io.api.call(request)?);
            io.out.push_str(&report("created", &stored)?);
            return Ok(());
        }
        if new == old {
            io.out.push_str(&report("skipped", &new)?);
            return Ok(());
        }
        let (how, change) = if self.last_applied {
            let text = format!("{new}\n");
            (PatchType::Merge, json!({"metadata": {"annotations": {LAST_APPLIED: text}}}))
        } else {
            if self.args.is("save-config") {
                new = apply::with_last_applied(&new);
            }
            let kept = ["apiVersion", "kind"].iter().all(|field| new[*field] == old[*field]);
            if !kept || new["metadata"]["name"] != old["metadata"]["name"] {
                return Err(self.preserved("At least one of apiVersion, kind and name was changed"));
            }
            if asked.kind.is_custom() {
                let empty = serde_json::Map::new();
                let (from, to) =
                    (old.as_object().unwrap_or(&empty), new.as_object().unwrap_or(&empty));
                (PatchType::Merge, Value::Object(patch::merge::diff(from, to)))
            } else {
                let kind = asked.names().kind;
                let change = patch::three_way::two_way_strategic(&old, &new, kind);
                (PatchType::Strategic, change.map_err(Failure::error)?)
            }
        };
        if self.args.is("output-patch") {
            io.out.push_str(&format!("Patch: {change}\n"));
        }
        let mut request = asked.request(Verb::Patch(how), &namespace, name_of(&new));
        request.body = Body::Json(change);
        if !self.last_applied {
            request.subresource = resource::subresource(&self.args)?;
        }
        self.validation.apply(&mut request);
        match io.api.call(request) {
            Ok(reply) => {
                let mut stored = json_of(reply);
                if let Some(meta) = stored.get_mut("metadata").and_then(Value::as_object_mut) {
                    meta.remove("managedFields");
                }
                io.out.push_str(&report("edited", &stored)?);
                Ok(())
            }
            Err(status) => self.refused(io, &asked, name_of(&new), &status),
        }
    }

    /// Mirrors `editResults.addError`.
    fn refused(
        &mut self,
        io: &mut Io<'_>,
        asked: &Asked,
        name: &str,
        status: &Status,
    ) -> Result<(), Failure> {
        let about = format!("{} {name:?}", asked.names().resource());
        let file = &self.file;
        if status.reason == "Invalid" {
            self.failed = true;
            let causes = status.causes.iter().map(|c| format!("# * {}: {}\n", c.field, c.message));
            self.reasons.push(format!("# {about} was not valid:\n{}", causes.collect::<String>()));
            io.err.push_str(&format!("error: {about} is invalid\n"));
            return Ok(());
        }
        let (what, next) = if status.is_not_found() {
            let next =
                format!("The edits you made on deleted resources have been saved to {file:?}\n");
            ("could not be found on the server".to_owned(), next)
        } else {
            let next =
                format!("You can run `kubectl replace -f {file}` to try this update again.\n");
            (format!("could not be patched: {}", status.message), next)
        };
        io.err.push_str(&format!("error: {about} {what}\n{next}"));
        Err(Failure::default())
    }
}

fn name_of(value: &Value) -> &str {
    value["metadata"]["name"].as_str().unwrap_or_default()
}

fn without_comments(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.map(|line| format!("{line}\n")).collect()
}
