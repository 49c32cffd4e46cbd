//! `kubectl events`. Mirrors `k8s.io/kubectl/pkg/cmd/events`.

use k8s_openapi::api::core::v1::Event;

use super::spec::Spec;
use super::{ALL_NAMESPACES, PRINT};
use crate::api::{Reply, Verb};
use crate::base::order::Order as _;
use crate::base::table::{self, Tabs};
use crate::kinds::describe::events::{interval, last_seen};
use crate::kubectl::print::Printer;
use crate::kubectl::resource::{self, Target};
use crate::kubectl::{Args, Failure, Flag, Io, Job, Step};
use crate::object::Object;
use crate::store::ChangeKind;

/// The verb.
pub const EVENTS: Spec = Spec {
    name: "events",
    aliases: &[],
    shared: &[PRINT],
    flags: &[
        ALL_NAMESPACES,
        Flag::value("chunk-size", "500"),
        Flag::value("for", ""),
        Flag::switch("no-headers"),
        Flag::value("types", "[]"),
        Flag::switch("watch").short('w'),
    ],
    usage: "kubectl events [(-o|--output=)json|yaml|kyaml|name|go-template|go-template-file|\
            template|templatefile|jsonpath|jsonpath-as-json|jsonpath-file] [--for TYPE/NAME] \
            [--watch] [--types=Normal,Warning] [options]",
    about: "Display events.",
    start,
};

fn start(args: Args) -> Result<Box<dyn Job>, Failure> {
    let printer = Printer::from_args(&args)?;
    let types = args.list("types");
    let known =
        |word: &String| word.eq_ignore_ascii_case("Normal") || word.eq_ignore_ascii_case("Warning");
    if !types.iter().all(known) {
        return Err(Failure::error("valid --types are Normal or Warning"));
    }
    let selector = String::new();
    Ok(Box::new(Events { args, printer, selector, types, tabs: Tabs::for_get(), revision: None }))
}

/// The field selector of `--for=TYPE/NAME`.
fn about(io: &Io<'_>, text: &str) -> Result<String, Failure> {
    let Some((kind, name)) = text.split_once('/') else {
        return Err(Failure::error("--for must be in resource/name form"));
    };
    if name.contains('/') {
        let why = "arguments in resource/name form may not have more than one slash";
        return Err(Failure::error(why));
    }
    let target =
        resource::target(&[text.to_owned()], &io.api.custom_kinds()).map_err(|failure| {
            let missing = format!("the server doesn't have a resource type {kind:?}");
            if failure.text.contains(&missing) { Failure::verbatim(missing) } else { failure }
        })?;
    let Target::Named(named) = target else { return Ok(String::new()) };
    let Some((asked, name)) = named.first() else { return Ok(String::new()) };
    let names = asked.names();
    let version = crate::api::discovery::group_version(names.group, asked.version());
    Ok(format!(
        "involvedObject.kind={},involvedObject.apiVersion={version},involvedObject.name={name}",
        names.kind
    ))
}

struct Events {
    args: Args,
    printer: Printer,
    selector: String,
    types: Vec<String>,
    tabs: Tabs,
    /// How far the changes were followed.
    revision: Option<u64>,
}

impl Job for Events {
    fn poll(&mut self, io: &mut Io<'_>) -> Result<Step, Failure> {
        let asked = resource::kind("events")?;
        let namespace =
            if self.args.is("all-namespaces") { "" } else { self.args.namespace() }.to_owned();
        let watches = self.args.is("watch");
        let is_first = self.revision.is_none();
        if is_first && self.args.has("for") {
            self.selector = about(io, self.args.get("for"))?;
        }
        let mut events = Vec::new();
        if let Some(revision) = self.revision {
            let mut request = asked.request(Verb::Watch, &namespace, "");
            request.resource_version = Some(revision);
            self.selector.clone_into(&mut request.field_selector);
            if let Reply::Changes(changes, revision) = io.api.call(request)? {
                self.revision = Some(revision);
                let kept = changes.into_iter().filter(|c| c.kind != ChangeKind::Deleted);
                events.extend(kept.map(|change| change.object));
            }
        } else {
            let (items, revision) = resource::list(io, &asked, &namespace, "", &self.selector)?;
            self.revision = Some(revision);
            events = items;
        }
        events.retain(|event| self.is_wanted(event));
        if events.is_empty() && !watches {
            io.err.push_str(&match namespace.as_str() {
                "" => "No events found.\n".to_owned(),
                namespace => format!("No events found in {namespace} namespace.\n"),
            });
            return Ok(Step::Done(0));
        }
        if !watches {
            events
                .order_by_key(|event| event.get::<Event>().and_then(last_seen).map(|seen| seen.0));
        }
        self.print(io, &events, is_first)?;
        Ok(if watches { Step::Wait(None) } else { Step::Done(0) })
    }
}

impl Events {
    fn is_wanted(&self, event: &Object) -> bool {
        let of = event.get::<Event>().and_then(|event| event.type_.as_deref()).unwrap_or_default();
        self.types.is_empty() || self.types.iter().any(|wanted| wanted.eq_ignore_ascii_case(of))
    }

    fn print(&mut self, io: &mut Io<'_>, events: &[Object], is_first: bool) -> Result<(), Failure> {
        let with_namespace = self.args.is("all-namespaces");
        if !self.printer.is_table() {
            let asked = resource::kind("events")?;
            let all: Vec<_> = events.iter().map(|event| (asked, event)).collect();
            if !matches!(self.printer, Printer::Name) {
                io.out.push_str(&self.printer.print(&all, true, io.now)?);
            }
            return Ok(());
        }
        if is_first && !events.is_empty() && !self.args.is("no-headers") {
            let titles = ["NAMESPACE", "LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"];
            self.tabs.line(&titles[usize::from(!with_namespace)..]);
        }
        for object in events {
            let Some(event) = object.get::<Event>() else { continue };
            let about = &event.involved_object;
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            let cells = [
                object.namespace().to_owned(),
                interval(event, io.now),
                text(&event.type_),
                text(&event.reason),
                format!("{}/{}", text(&about.kind), text(&about.name)),
                text(&event.message).trim().to_owned(),
            ];
            let cells = &cells[usize::from(!with_namespace)..];
            self.tabs.line(cells.iter().map(|cell| table::escape(cell)));
        }
        io.out.push_str(&self.tabs.flush());
        Ok(())
    }
}
