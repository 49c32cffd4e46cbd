//! `kubectl get`. Mirrors `k8s.io/kubectl/pkg/cmd/get`.

use super::{ALL_NAMESPACES, Command, FILENAME, RECURSIVE, SELECTOR};
use serde_json::Value;

use crate::api::Reply;
use crate::api::Verb;
use crate::base::table::Tabs;
use crate::kubectl::print::{Printer, table};
use crate::kubectl::resource::{self, Asked, Target};
use crate::kubectl::sort::sort_all;
use crate::kubectl::{Args, Failure, Flag, Io, Job, Step};
use crate::object::Object;
use crate::sim::Time;
use crate::store::ChangeKind;

/// The verb.
pub struct Get;

impl Command for Get {
    fn name(&self) -> &'static str {
        "get"
    }

    fn flags(&self) -> &'static [Flag] {
        const FLAGS: &[Flag] = &[
            ALL_NAMESPACES,
            FILENAME,
            super::KUSTOMIZE,
            RECURSIVE,
            super::raw::RAW,
            Flag { default: "true", ..Flag::switch("server-print") },
            Flag::value("subresource", ""),
            SELECTOR,
            Flag::value("field-selector", ""),
            Flag::switch("ignore-not-found"),
            Flag::value("label-columns", "[]").short('L'),
            Flag::switch("no-headers"),
            Flag::switch("output-watch-events"),
            Flag::switch("show-kind"),
            Flag::switch("show-labels"),
            Flag::value("sort-by", ""),
            Flag::value("chunk-size", "500"),
            Flag::switch("watch").short('w'),
            Flag::switch("watch-only"),
        ];
        FLAGS
    }

    fn shared(&self) -> &'static [&'static [Flag]] {
        &[super::PRINT]
    }

    fn usage(&self) -> &'static str {
        "kubectl get [(-o|--output=)json|yaml|name|wide|jsonpath=…] (TYPE[.VERSION][.GROUP] \
         [NAME | -l label] | TYPE[.VERSION][.GROUP]/NAME ...) [flags] [options]"
    }

    fn about(&self) -> &'static str {
        "Display one or many resources."
    }

    fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure> {
        if let Some(job) = super::raw::job(&args, "GET")? {
            return Ok(job);
        }
        if args.positional.is_empty() && !args.reads_files() {
            return Err(Failure::verbatim(
                "You must specify the type of resource to get. Use \"kubectl api-resources\" for a \
                 complete list of supported resources.\n\nerror: Required resource not \
                 specified.\nUse \"kubectl explain <resource>\" for a detailed description of that \
                 resource (e.g. kubectl explain pods).\nSee 'kubectl get -h' for help and examples",
            ));
        }
        let printer = Printer::from_args(&args)?;
        check(&args)?;
        Ok(Box::new(GetJob { args, printer, watching: None, deadline: None }))
    }
}

/// Flags and words that do not go together. Mirrors `GetOptions.Validate` and `Builder.Do`.
fn check(args: &Args) -> Result<(), Failure> {
    let words = &args.positional;
    let watches = args.is("watch") || args.is("watch-only");
    let names = words.len() > 1 || words.iter().any(|word| word.contains('/'));
    let selects = args.has("selector") || args.has("field-selector");
    let wrong = if args.is("show-labels") && !matches!(args.get("output"), "" | "wide") {
        format!("--show-labels option cannot be used with {} printer", args.get("output"))
    } else if args.is("output-watch-events") && !watches {
        "--output-watch-events option can only be used with --watch or --watch-only".to_owned()
    } else if args.reads_files() && !words.is_empty() {
        "when paths, URLs, or stdin is provided as input, you may not specify resource arguments \
         as well"
            .to_owned()
    } else if args.has("subresource") && !names {
        "subresource cannot be used when bulk resources are specified".to_owned()
    } else if names && selects {
        "name cannot be provided when a selector is specified".to_owned()
    } else {
        return Ok(());
    };
    Err(Failure::error(wrong))
}

struct GetJob {
    /// When a watch is to end.
    deadline: Option<Time>,
    args: Args,
    printer: Printer,
    watching: Option<Watching>,
}

/// A watch under way.
struct Watching {
    asked: Asked,
    name: Option<String>,
    revision: u64,
    table: table::Tables,
}

/// Objects of one kind, as one table shows them.
struct Group {
    asked: Asked,
    objects: Vec<Object>,
    revision: u64,
}

impl Job for GetJob {
    fn poll(&mut self, io: &mut Io<'_>) -> Result<Step, Failure> {
        if self.watching.is_some() {
            self.follow(io)?;
            return Ok(self.rests(io.now));
        }
        if !matches!(self.args.get("subresource"), "" | "status") {
            return self.parts(io).map(|()| Step::Done(0));
        }
        let (groups, failures) = self.collect(io)?;
        let watch = self.args.is("watch") || self.args.is("watch-only");
        if !watch {
            self.print(io, &groups, failures.is_empty())?;
            return Failure::several(&failures).map(|()| Step::Done(0));
        }
        Failure::several(&failures)?;
        self.start_watch(io, groups)?;
        self.deadline = self.args.request_timeout()?.map(|limit| io.now + limit);
        Ok(self.rests(io.now))
    }
}

impl GetJob {
    /// `--subresource`, where it is an object of another kind.
    fn parts(&self, io: &mut Io<'_>) -> Result<(), Failure> {
        if self.args.get("subresource") == "log" {
            return Err(Failure::error("serializer for text/plain doesn't exist"));
        }
        let part = resource::subresource(&self.args)?;
        let is_scale = part == "scale";
        let mut tabs = Tabs::for_get();
        let titles = ["NAME", "DESIRED", "AVAILABLE", "AGE"];
        let shown = |at: &usize| is_scale || *at == 0 || *at == 3;
        let chosen = |cells: [String; 4]| {
            cells.into_iter().enumerate().filter(|(at, _)| shown(at)).map(|(_, cell)| cell)
        };
        if !self.args.is("no-headers") {
            tabs.line(chosen(titles.map(str::to_owned)));
        }
        for (asked, namespace, name) in self.wanted(io)? {
            let name = name.unwrap_or_default();
            let request = asked.request(Verb::Get, &namespace, &name).to(part);
            let object = resource::object_of(io.api.call(request)?)?;
            let value = object.to_value();
            if !self.printer.is_table() {
                io.out.push_str(&self.printer.print_value(&value)?);
                return Ok(());
            }
            let number = |place: &Value| place["replicas"].as_i64().unwrap_or(0).to_string();
            let age = crate::kinds::cells::age(object.meta(), io.now);
            tabs.line(chosen([name, number(&value["spec"]), number(&value["status"]), age]));
        }
        io.out.push_str(&tabs.flush());
        Ok(())
    }

    /// Until something changes or the request's time is over.
    fn rests(&self, now: Time) -> Step {
        match self.deadline {
            Some(end) if end <= now => Step::Done(0),
            Some(end) => Step::Wait(Some(end.since(now))),
            None => Step::Wait(None),
        }
    }

    fn namespace(&self) -> &str {
        if self.args.is("all-namespaces") { "" } else { self.args.namespace() }
    }

    /// Reads everything that was asked for; what is absent is reported with the rest.
    fn collect(&self, io: &mut Io<'_>) -> Result<(Vec<Group>, Vec<Failure>), Failure> {
        let mut groups: Vec<Group> = Vec::new();
        let mut failures = Vec::new();
        for (asked, namespace, name) in self.wanted(io)? {
            let found = match &name {
                Some(name) => {
                    resource::fetch(io, &asked, &namespace, name).map(|object| (vec![object], 0))
                }
                None => resource::list(
                    io,
                    &asked,
                    &namespace,
                    self.args.get("selector"),
                    self.args.get("field-selector"),
                ),
            };
            match found {
                Ok((objects, revision)) => add(&mut groups, asked, objects, revision),
                Err(failure)
                    if self.args.is("ignore-not-found") && failure.text.contains("(NotFound)") => {}
                Err(failure) => failures.push(failure),
            }
        }
        Ok((groups, failures))
    }

    /// What to read: kind, namespace, and the name where one was given.
    fn wanted(&self, io: &mut Io<'_>) -> Result<Vec<(Asked, String, Option<String>)>, Failure> {
        if self.args.reads_files() {
            let manifests = resource::manifests(&self.args, io)?;
            return manifests
                .into_iter()
                .map(|m| m.map(|m| (m.asked, m.namespace, Some(m.name))))
                .collect();
        }
        let namespace = self.namespace().to_owned();
        Ok(match resource::target(&self.args.positional, &io.api.custom_kinds())? {
            Target::All(kinds) => {
                kinds.into_iter().map(|asked| (asked, namespace.clone(), None)).collect()
            }
            Target::Named(named) => {
                if self.args.is("all-namespaces") {
                    return Err(Failure::error(
                        "a resource cannot be retrieved by name across all namespaces",
                    ));
                }
                named.into_iter().map(|(asked, n)| (asked, namespace.clone(), Some(n))).collect()
            }
        })
    }

    fn print(&self, io: &mut Io<'_>, groups: &[Group], complete: bool) -> Result<(), Failure> {
        let is_list = groups.len() != 1 || self.asks_for_a_list();
        let objects: Vec<(Asked, &Object)> =
            groups.iter().flat_map(|g| g.objects.iter().map(|o| (g.asked, o))).collect();
        if !self.printer.is_table() {
            let wanted_one = objects.is_empty() && !self.asks_for_a_list();
            if wanted_one && self.args.is("ignore-not-found") {
                return Ok(());
            }
            let mut objects = objects;
            if is_list {
                sort_all(self.args.get("sort-by"), &mut objects)?;
            }
            let text = self.printer.print(&objects, is_list, io.now)?;
            io.out.push_str(&text);
            return Ok(());
        }
        let text = self.as_tables(groups, io.now);
        if text.is_empty() {
            if complete && !self.args.is("ignore-not-found") {
                let namespaced = groups.iter().all(|g| g.asked.names().namespaced);
                io.err.push_str(&if self.namespace().is_empty() || !namespaced {
                    "No resources found\n".to_owned()
                } else {
                    format!("No resources found in {} namespace.\n", self.namespace())
                });
            }
            return Ok(());
        }
        io.out.push_str(&text);
        Ok(())
    }

    /// A table for each kind, with an empty line between them.
    fn as_tables(&self, groups: &[Group], now: Time) -> String {
        let mut tables = self.tables(groups.len() > 1);
        let full = groups.iter().filter(|group| !group.objects.is_empty());
        let texts = full.map(|group| {
            let objects: Vec<&Object> = group.objects.iter().collect();
            tables.print(&group.asked, &objects, now)
        });
        let texts: Vec<String> = texts.filter(|text| !text.is_empty()).collect();
        texts.join("\n")
    }

    fn names_several(&self) -> bool {
        let words = &self.args.positional;
        words.len() > 2 || words.iter().filter(|word| word.contains('/')).count() > 1
    }

    fn asks_for_a_list(&self) -> bool {
        let words = &self.args.positional;
        !(words.len() == 2 && !words[1].contains('/')
            || words.len() == 1 && words[0].contains('/')
            || self.args.reads_files())
    }

    fn tables(&self, with_kind: bool) -> table::Tables {
        table::Tables::new(&self.args, with_kind || self.args.is("show-kind"))
    }

    fn start_watch(&mut self, io: &mut Io<'_>, mut groups: Vec<Group>) -> Result<(), Failure> {
        let group = match groups.len() {
            1 => groups.remove(0),
            _ => return Err(Failure::error("you may only specify a single resource type")),
        };
        let revision = match group.revision {
            0 => resource::list(io, &group.asked, self.namespace(), "", "metadata.name=")?.1,
            revision => revision,
        };
        let name = (!self.asks_for_a_list()).then(|| {
            group.objects.first().map(|object| object.name().to_owned()).unwrap_or_default()
        });
        let mut table = self.tables(false);
        if !self.args.is("watch-only") {
            let text = self.render(io, &mut table, &group.asked, &group.objects, "ADDED")?;
            io.out.push_str(&text);
        }
        if self.names_several() {
            return Err(Failure::error(
                "you may only watch a single resource or type of resource at a time",
            ));
        }
        self.watching = Some(Watching { asked: group.asked, name, revision, table });
        Ok(())
    }

    fn render(
        &self,
        io: &Io<'_>,
        table: &mut table::Tables,
        asked: &Asked,
        objects: &[Object],
        event: &'static str,
    ) -> Result<String, Failure> {
        if objects.is_empty() {
            return Ok(String::new());
        }
        let objects: Vec<&Object> = objects.iter().collect();
        if self.printer.is_table() {
            table.event = self.args.is("output-watch-events").then_some(event);
            return Ok(table.print(asked, &objects, io.now));
        }
        let each = objects.iter().map(|o| self.printer.print(&[(*asked, *o)], false, io.now));
        each.collect()
    }

    /// Prints what changed since the last look.
    fn follow(&mut self, io: &mut Io<'_>) -> Result<(), Failure> {
        let Some(mut watching) = self.watching.take() else { return Ok(()) };
        let mut request = watching.asked.request(Verb::Watch, self.namespace(), "");
        request.resource_version = Some(watching.revision);
        self.args.get("selector").clone_into(&mut request.label_selector);
        self.args.get("field-selector").clone_into(&mut request.field_selector);
        if let Some(name) = &watching.name {
            request.field_selector = format!("metadata.name={name}");
        }
        if let Reply::Changes(changes, revision) = io.api.call(request)? {
            watching.revision = revision;
            for change in changes {
                let event = match change.kind {
                    ChangeKind::Added => "ADDED",
                    ChangeKind::Modified => "MODIFIED",
                    ChangeKind::Deleted => "DELETED",
                };
                let objects = [change.object];
                let asked = watching.asked;
                let text = self.render(io, &mut watching.table, &asked, &objects, event)?;
                io.out.push_str(&text);
            }
        }
        self.watching = Some(watching);
        Ok(())
    }
}

/// Adds objects to the group of their kind.
fn add(groups: &mut Vec<Group>, asked: Asked, objects: Vec<Object>, revision: u64) {
    let same = |group: &&mut Group| std::ptr::eq(group.asked.names(), asked.names());
    match groups.iter_mut().find(same) {
        Some(group) => group.objects.extend(objects),
        None => groups.push(Group { asked, objects, revision }),
    }
}
