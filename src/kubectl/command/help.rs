//! Help: of kubectl itself, of a word that stands for several commands, and of single commands.
//! Mirrors `k8s.io/kubectl/pkg/util/templates` and cobra's `help` command.

use super::{COMMANDS, Command, canonical, find, is_group};
use crate::base::order::Order as _;
use crate::kubectl::args::GLOBAL;
use crate::kubectl::{Failure, Flag, Io, Job, Takes};

/// What the commands are for, with their first words in the order in which upstream registers them.
const TOPICS: &[(&str, &[&str])] = &[
    ("Basic Commands (Beginner)", &["create", "expose", "run", "set"]),
    ("Basic Commands (Intermediate)", &["explain", "get", "edit", "delete"]),
    ("Deploy Commands", &["rollout", "scale", "autoscale"]),
    (
        "Cluster Management Commands",
        &["certificate", "cluster-info", "top", "cordon", "uncordon", "drain", "taint"],
    ),
    (
        "Troubleshooting and Debugging Commands",
        &[
            "describe",
            "logs",
            "attach",
            "exec",
            "port-forward",
            "proxy",
            "cp",
            "auth",
            "debug",
            "events",
        ],
    ),
    ("Advanced Commands", &["diff", "apply", "patch", "replace", "wait", "kustomize"]),
    ("Settings Commands", &["label", "annotate", "completion"]),
    ("Other Commands", &["api-resources", "api-versions", "config", "plugin", "version"]),
];

/// The words that stand for several commands: how they are used, and what the commands do.
const GROUPS: &[(&str, &str, &str)] = &[
    ("auth", "[flags]", "Look into who may do what"),
    ("certificate", "SUBCOMMAND", "Decide about certificate signing requests"),
    ("config", "SUBCOMMAND", "Change the kubeconfig file"),
    ("create secret", "(docker-registry | generic | tls)", "Create a secret of a given type"),
    ("create service", "[flags]", "Create a service of a given type"),
    ("plugin", "[flags]", "Look into the plugins that there are"),
    ("rollout", "SUBCOMMAND", "Manage the rollout of a resource"),
    ("set", "SUBCOMMAND", "Set single features of objects"),
    ("top", "[flags]", "Display what nodes and Pods use of CPU and memory"),
];

/// The last line of every help.
const LAST: &str = "Use \"kubectl options\" for a list of global command-line options (applies to all commands).\n";
/// Names are padded to at least this.
const NAME: usize = 11;

/// The job of saying something, or the failure that says it.
type Said = Result<(Box<dyn Job>, crate::api::Sender), Failure>;

pub(super) fn say(text: String) -> Said {
    let job = move |io: &mut Io<'_>| -> Result<(), Failure> {
        io.out.push_str(&text);
        Ok(())
    };
    Ok((Box::new(job), crate::api::Sender::Known))
}

/// Answers the words that ask for help; `None` where they ask for something else.
pub(super) fn answer(words: &[String]) -> Option<Said> {
    let asks = |word: &String| word == "--help" || word == "-h";
    let Some((first, rest)) = words.split_first() else { return Some(say(root())) };
    match first.as_str() {
        "help" => Some(topic(rest)),
        "options" => Some(say(options())),
        _ if asks(first) => Some(say(root())),
        _ if rest.iter().any(asks) => {
            let group = [2, 1].into_iter().find_map(|count| {
                let name = canonical(words.get(..count)?);
                is_group(&name).then_some(name)
            });
            let group = group.filter(|_| find(words).is_none());
            group.map(|group| say(of_group(&group)))
        }
        _ => None,
    }
}

/// `kubectl help TOPIC`.
fn topic(words: &[String]) -> Said {
    if words.is_empty() {
        return say(root());
    }
    if let Some((command, _)) = find(words) {
        return say(of_command(*command));
    }
    for count in [2, 1] {
        let group = canonical(words.get(..count).unwrap_or_default());
        if is_group(&group) {
            return say(of_group(&group));
        }
    }
    let named: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    let text = format!("Unknown help topic [{}]\n\n{}", named.join(" "), commands());
    Err(Failure { text, code: 0, ..Failure::default() })
}

/// The help of kubectl itself.
fn root() -> String {
    format!(
        "kubectl controls the Kubernetes cluster manager.\n\n \
         Find more information at: https://kubernetes.io/docs/reference/kubectl/\n\n{}",
        commands()
    )
}

fn commands() -> String {
    let width = names().map(str::len).max().unwrap_or(0);
    let mut text = String::new();
    for (title, names) in TOPICS {
        if *title == "Other Commands" {
            text.push_str("Subcommands provided by plugins:\n\n");
        }
        let lines = names.iter().map(|name| (*name, about(name)));
        text.push_str(&format!("{title}:\n{}\n", table(lines, width)));
    }
    text + "Usage:\n  kubectl [flags] [options]\n\n\
            Use \"kubectl <command> --help\" for more information about a given command.\n"
        + LAST
}

/// The first words of all commands, in the order in which upstream registers them.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    TOPICS.iter().flat_map(|(_, names)| names.iter().copied())
}

/// What a word's command or commands do.
fn about(name: &str) -> &'static str {
    let command = COMMANDS.iter().find(|command| command.name() == name);
    let group = GROUPS.iter().find(|(group, ..)| *group == name).map(|(_, _, about)| *about);
    command.map(|command| short(command.about())).or(group).unwrap_or_default()
}

/// The first sentence, without its full stop.
fn short(about: &str) -> &str {
    about.split_once(". ").map_or(about, |(first, _)| first).trim_end_matches('.')
}

fn table<'a>(lines: impl Iterator<Item = (&'a str, &'a str)>, width: usize) -> String {
    let width = width.max(NAME);
    lines.map(|(name, about)| format!("  {name:width$}   {about}\n")).collect()
}

/// The help of a word that stands for several commands.
pub(super) fn of_group(group: &str) -> String {
    let (_, usage, about) =
        GROUPS.iter().find(|(name, ..)| *name == group).copied().unwrap_or((group, "[flags]", ""));
    let inside = COMMANDS.iter().filter_map(|command| {
        let rest = command.name().strip_prefix(group)?.strip_prefix(' ')?;
        Some((rest, short(command.about())))
    });
    let inside: Vec<_> = inside.collect();
    let width = inside.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    format!(
        "{about}.\n\nAvailable Commands:\n{}\nUsage:\n  kubectl {group} {usage} [options]\n\n\
         Use \"kubectl {group} <command> --help\" for more information about a given command.\n\
         {LAST}",
        table(inside.into_iter(), width)
    )
}

/// The failure of a word that says nothing by itself; some print their help all the same.
pub(super) fn nothing_said(group: &str) -> Failure {
    let (text, printed, code) = match group {
        "certificate" => (String::new(), of_group(group), 0),
        "rollout" => (String::new(), of_group(group), 1),
        _ => (of_group(group), String::new(), 1),
    };
    Failure { text, printed, code, ..Failure::default() }
}

/// What stands before the error of a command that was given the wrong number of words.
pub(super) fn before_error(name: &str, why: &str) -> Failure {
    let command = COMMANDS.iter().find(|command| command.name() == name);
    let printed = command.map(|command| of_command(*command)).unwrap_or_default();
    Failure { printed, ..Failure::error(why) }
}

/// The help of a command.
pub(super) fn of_command(command: &dyn Command) -> String {
    let mut text = format!("{}\n\n", command.about());
    let flags = command.all_flags();
    if !flags.is_empty() {
        text.push_str(&format!("Options:\n{}\n", listed(flags)));
    }
    text + &format!("Usage:\n  {}\n\n{LAST}", command.usage())
}

/// `kubectl options`.
fn options() -> String {
    let flags = GLOBAL.iter().copied().filter(|flag| flag.name != "help").collect();
    format!("The following options can be passed to any command:\n\n{}", listed(flags))
}

/// Flags with their defaults, a line each.
fn listed(mut flags: Vec<Flag>) -> String {
    flags.order_by_key(|flag| flag.name);
    let line = |flag: Flag| {
        let short = flag.short.map_or_else(|| "    ".to_owned(), |s| format!("-{s}, "));
        let default = flag.default;
        let is_text = matches!(flag.takes, Takes::Value)
            && default.parse::<i64>().is_err()
            && !default.starts_with('[');
        let default = if is_text { format!("'{default}'") } else { default.to_owned() };
        format!("    {short}--{}={default}\n", flag.name)
    };
    flags.into_iter().map(line).collect()
}
