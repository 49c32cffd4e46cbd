//! The verbs: one file each, and the list of them all.

mod apply;
mod attach;
mod auth;
mod autoscale;
mod certificate;
mod completion;
mod config;
mod copy;
mod create;
mod debug;
mod delete;
mod describe;
mod diff;
mod discover;
mod dump;
mod edit;
mod events;
mod exec;
mod explain;
mod expose;
mod get;
pub(super) mod help;
mod kustomize;
mod label;
mod logs;
mod node;
mod patch;
mod plugin;
mod port_forward;
mod raw;
mod replace;
mod rollout;
mod run;
mod scale;
mod set;
mod spec;
mod stream;
mod top;
mod wait;

pub(super) use self::create::config::{fill as generated, hash};

use super::dry_run::{DryRun, Warned};
use super::{Args, Failure, Files, Flag, Io, Job, kubeconfig, print};
use crate::api::{Sender, User};

/// A verb of kubectl.
pub trait Command: Sync {
    /// The words that call it: `get`, `rollout status`.
    fn name(&self) -> &'static str;
    /// Other words that call it.
    fn aliases(&self) -> &'static [&'static str] {
        &[]
    }
    /// The flags it knows, beyond the global ones.
    fn flags(&self) -> &'static [Flag];
    /// Flags it shares with others.
    fn shared(&self) -> &'static [&'static [Flag]] {
        &[]
    }
    /// Every flag it knows, beyond the global ones.
    fn all_flags(&self) -> Vec<Flag> {
        self.shared().iter().copied().flatten().chain(self.flags()).copied().collect()
    }
    /// The usage line of its help.
    fn usage(&self) -> &'static str;
    /// What it does, in a sentence.
    fn about(&self) -> &'static str;
    /// Checks the command line and makes the job that carries it out.
    ///
    /// # Errors
    /// Mistakes that can be seen without asking the server.
    fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure>;
}

/// Every verb.
pub const COMMANDS: &[&dyn Command] = &[
    &apply::Apply,
    &edit::EDIT_LAST_APPLIED,
    &apply::last_applied::SET,
    &apply::last_applied::VIEW,
    &discover::API_RESOURCES,
    &discover::API_VERSIONS,
    &attach::Attach,
    &auth::CAN_I,
    &auth::RECONCILE,
    &auth::WHO_AM_I,
    &autoscale::Autoscale,
    &certificate::APPROVE,
    &certificate::DENY,
    &discover::CLUSTER_INFO,
    &dump::DUMP,
    &completion::COMPLETION,
    &config::CURRENT_CONTEXT,
    &config::DELETE_CLUSTER,
    &config::DELETE_CONTEXT,
    &config::DELETE_USER,
    &config::GET_CLUSTERS,
    &config::GET_CONTEXTS,
    &config::GET_USERS,
    &config::RENAME_CONTEXT,
    &config::SET,
    &config::SET_CLUSTER,
    &config::SET_CONTEXT,
    &config::SET_CREDENTIALS,
    &config::UNSET,
    &config::USE_CONTEXT,
    &config::VIEW,
    &node::cordon::Cordon,
    &node::cordon::Uncordon,
    &copy::COPY,
    &create::Create,
    &create::rbac::CLUSTER_ROLE,
    &create::rbac::CLUSTER_ROLE_BINDING,
    &create::config::CONFIG_MAP,
    &create::job::CreateCronJob,
    &create::object::CreateDeployment,
    &create::ingress::INGRESS,
    &create::job::CreateJob,
    &create::object::CreateNamespace,
    &create::quota::CreateDisruptionBudget,
    &create::ingress::PRIORITY_CLASS,
    &create::quota::CreateQuota,
    &create::rbac::ROLE,
    &create::rbac::ROLE_BINDING,
    &create::config::DOCKER_REGISTRY,
    &create::config::SECRET,
    &create::config::TLS,
    &create::service::CLUSTER_IP,
    &create::service::EXTERNAL_NAME,
    &create::service::LOAD_BALANCER,
    &create::service::NODE_PORT,
    &create::rbac::SERVICE_ACCOUNT,
    &create::rbac::TOKEN,
    &debug::DEBUG,
    &delete::Delete,
    &describe::Describe,
    &diff::DIFF,
    &node::drain::DRAIN,
    &edit::EDIT,
    &events::EVENTS,
    &exec::Exec,
    &explain::EXPLAIN,
    &expose::EXPOSE,
    &get::Get,
    &kustomize::KUSTOMIZE,
    &label::Annotate,
    &label::Label,
    &logs::Logs,
    &patch::Patch,
    &plugin::LIST,
    &port_forward::PORT_FORWARD,
    &port_forward::PROXY,
    &replace::REPLACE,
    &rollout::History,
    &rollout::Pause,
    &rollout::Restart,
    &rollout::Resume,
    &rollout::Status,
    &rollout::Undo,
    &run::RunPod,
    &scale::Scale,
    &set::ENV,
    &set::IMAGE,
    &set::RESOURCES,
    &set::SELECTOR_OF_SERVICE,
    &set::SERVICE_ACCOUNT,
    &set::SUBJECT,
    &node::taint::TAINT,
    &top::TopNode,
    &top::TopPod,
    &discover::VERSIONS,
    &wait::Wait,
];

/// Flags of commands that read manifests.
pub(super) const FILENAME: Flag = Flag::value("filename", "[]").short('f');
/// `-k`.
pub(super) const KUSTOMIZE: Flag = Flag::value("kustomize", "").short('k');
/// `-R`.
pub(super) const RECURSIVE: Flag = Flag::switch("recursive").short('R');
/// `-l`.
pub(super) const SELECTOR: Flag = Flag::value("selector", "").short('l');
/// `-A`.
pub(super) const ALL_NAMESPACES: Flag = Flag::switch("all-namespaces").short('A');
/// `-o`.
pub(super) const OUTPUT: Flag = Flag::value("output", "").short('o');
/// `--dry-run[=client|server|none]`.
pub(super) const DRY_RUN: Flag = Flag::optional("dry-run", "unchanged", "none");

/// What is said of `--record`.
pub(super) fn warn_of_record(args: &Args, io: &mut Io<'_>) {
    if args.is("record") {
        io.err.push_str(
            "Flag --record has been deprecated, --record will be removed in the future\n",
        );
    }
}

/// Nothing says what a command is about.
pub(super) const NOTHING_NAMED: &str =
    "one or more resources must be specified as <resource> <name> or <resource>/<name>";
/// `--local` asks no server, not even for a dry run.
pub(super) const LOCAL_ON_SERVER: &str =
    "cannot specify --local and --dry-run=server - did you mean --dry-run=client?";

/// The flags of commands that print objects. Mirrors `genericclioptions.PrintFlags`.
pub(super) const PRINT: &[Flag] = &[
    OUTPUT,
    Flag::value("template", ""),
    Flag { default: "true", ..Flag::switch("allow-missing-template-keys") },
    Flag::switch("show-managed-fields"),
];

/// Starts a command line, given without the word `kubectl`.
///
/// # Errors
/// Whatever is wrong with it.
pub(super) fn start(words: &[String], files: &Files) -> Result<(Box<dyn Job>, Sender), Failure> {
    let (globals, words) = leading_flags(words);
    if let Some(said) = help::answer(words) {
        Args::parse("", &[], globals)?;
        return said;
    }
    let Some((command, rest)) = find(words) else {
        return match plugin::find(words, files) {
            Some(plugin) => Ok((plugin, Sender::Known)),
            None => Err(unknown(words)),
        };
    };
    let all: Vec<String> = globals.iter().chain(rest).cloned().collect();
    let mut args = Args::parse(command.name(), &command.all_flags(), &all)?;
    if args.is("help") {
        return help::say(help::of_command(*command));
    }
    args.check_timeout()?;
    if command.name().starts_with("config ") {
        return Ok((command.start(args)?, Sender::Known));
    }
    print::read_template(&mut args, files)?;
    let named = args.get("kubeconfig");
    if !named.is_empty() && files.read(named).is_none() {
        return Err(Failure::error(format!("stat {named}: no such file or directory")));
    }
    let config = kubeconfig::load_from(files, named);
    // Some verbs have a `--user` of their own.
    let own_user = command.all_flags().iter().any(|flag| flag.name == "user");
    let user = if own_user { "" } else { args.get("user") };
    kubeconfig::check(&config, args.get("context"), args.get("cluster"), user)?;
    args.context_namespace = kubeconfig::namespace(&config, args.get("context"));
    if args.has("applyset") && files.variable("KUBECTL_APPLYSET") != "true" {
        let why = "unknown flag: --applyset\nSee 'kubectl apply --help' for usage.";
        return Err(Failure::error(why));
    }
    let sender = sender(&args)?;
    reachable(&args)?;
    let warning = DryRun::deprecation(&args);
    let job = command.start(args)?;
    Ok((if warning.is_empty() { job } else { Box::new(Warned { warning, job }) }, sender))
}

/// Where the server of a command line answers, as far as flags and kubeconfig say; empty where
/// neither does.
pub(super) fn server(words: &[String], files: &Files) -> String {
    let (globals, words) = leading_flags(words);
    let Some((command, rest)) = find(words) else { return String::new() };
    let all: Vec<String> = globals.iter().chain(rest).cloned().collect();
    let Ok(args) = Args::parse(command.name(), &command.all_flags(), &all) else {
        return String::new();
    };
    match (args.get("server"), args.get("kubeconfig")) {
        ("", "") if files.read(kubeconfig::PATH).is_none() => String::new(),
        ("", named) => {
            kubeconfig::server(&kubeconfig::load_from(files, named), args.get("context"))
        }
        (given, _) => given.to_owned(),
    }
}

/// Whose rights the command needs: those of whom `--as` names, or of the owner of `--token`.
fn sender(args: &Args) -> Result<Sender, Failure> {
    let user = User {
        name: args.get("as").to_owned(),
        uid: args.get("as-uid").to_owned(),
        groups: args.all("as-group").into_iter().map(str::to_owned).collect(),
        ..User::default()
    };
    if user.name.is_empty() && user != User::default() {
        return Err(Failure::error(
            "requesting uid, groups or user-extra for kubeconfig without impersonating a user",
        ));
    }
    Ok(match (user.impersonated()?, args.get("token")) {
        (Some(user), _) => Sender::For(user.into()),
        (None, "") => Sender::Known,
        (None, token) => Sender::Token(token.to_owned()),
    })
}

/// There is one server, wherever the kubeconfig says that it is; elsewhere is none.
fn reachable(args: &Args) -> Result<(), Failure> {
    let server = args.get("server");
    if server.is_empty() {
        return Ok(());
    }
    let place = server.split_once("://").map_or(server, |(_, place)| place);
    Err(Failure::verbatim(format!(
        "The connection to the server {} was refused - did you specify the right host or port?",
        place.split('/').next().unwrap_or_default()
    )))
}

/// `kubectl -n kube-system get pods`: flags may stand before the verb.
fn leading_flags(words: &[String]) -> (&[String], &[String]) {
    let mut at = 0;
    while words.get(at).is_some_and(|word| word.starts_with('-')) {
        at += if words[at].contains('=') || words[at].len() > 2 && !words[at].starts_with("--") {
            1
        } else {
            2
        };
    }
    words.split_at(at.min(words.len()))
}

/// The command that the first words call, and the words after them.
fn find(words: &[String]) -> Option<(&'static &'static dyn Command, &[String])> {
    [3, 2, 1].into_iter().find_map(|count| {
        let name = canonical(words.get(..count)?);
        // `create secret x` names no command, though `create` is one.
        if words.get(..=count).is_some_and(|words| is_group(&canonical(words))) {
            return None;
        }
        let is_called = |command: &&&dyn Command| {
            command.name() == name || command.aliases().contains(&name.as_str())
        };
        let command = COMMANDS.iter().find(is_called)?;
        Some((command, &words[count..]))
    })
}

/// The words of a command, a group's alias replaced by its name.
fn canonical(words: &[String]) -> String {
    let name = words.join(" ");
    match name.strip_prefix("create svc") {
        Some(rest) if rest.is_empty() || rest.starts_with(' ') => format!("create service{rest}"),
        _ => name,
    }
}

/// Whether commands stand below these words, but none at them.
fn is_group(name: &str) -> bool {
    let below = |c: &&dyn Command| c.name().strip_prefix(name).is_some_and(|r| r.starts_with(' '));
    COMMANDS.iter().any(below) && !COMMANDS.iter().any(|command| command.name() == name)
}

fn unknown(words: &[String]) -> Failure {
    let Some(word) = words.first() else { return Failure::default() };
    if word == "alpha" {
        let text = "No alpha commands are available in this version of kubectl\n".to_owned();
        return Failure { text, code: 0, ..Failure::default() };
    }
    for count in [2, 1] {
        let group = canonical(words.get(..count).unwrap_or_default());
        if is_group(&group) {
            return match words.get(count).filter(|word| !word.starts_with('-')) {
                Some(sub) if group != "certificate" => {
                    Failure::usage(&group, &format!("unknown command \"{sub}\""))
                }
                _ => help::nothing_said(&group),
            };
        }
    }
    let is_close = |name: &&str| distance(name, word) <= 2 || name.starts_with(word.as_str());
    let close: Vec<&str> = help::names().filter(is_close).collect();
    let mut text = format!("unknown command \"{word}\" for \"kubectl\"");
    if !close.is_empty() {
        text.push_str("\n\nDid you mean this?\n");
        text.extend(close.iter().map(|name| format!("\t{name}\n")));
    }
    Failure::error(text)
}

/// The Levenshtein distance, for suggestions.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
