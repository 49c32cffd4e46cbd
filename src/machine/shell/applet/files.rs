//! Tools that work on files: `ls`, `cp`, `mv`, `rm`, `mkdir`, `touch`, `dd`, `df`, `du`, `find`.

use std::time::Duration;

use super::{Lines, Options, permissions};
use crate::base::order::Order as _;
use crate::machine::files::{Node, normalize};
use crate::machine::image::base_name;
use crate::machine::shell::World;
use crate::machine::shell::activity::{Activity, size};
use crate::machine::shell::pattern;
use crate::machine::shell::process::Process;
use crate::machine::shell::task::{State, Task};

/// How fast `dd` moves bytes: a memory-backed disk of a small machine, in bytes a second.
const DD_BYTES_PER_SECOND: u64 = 1 << 30;

impl Process {
    /// Runs a tool that works on files.
    pub(super) fn file_tool(
        &mut self,
        task: &mut Task,
        tool: &str,
        args: &[String],
        world: &mut World,
    ) {
        if tool == "dd" {
            return self.dd(task, args, world);
        }
        let options = Options::parse(
            args,
            match tool {
                "truncate" => "s",
                "mkdir" => "m",
                _ => "",
            },
        );
        if !matches!(tool, "ls" | "df" | "du" | "find" | "stat") {
            task.trail.unrepeatable = true;
        }
        let cwd = task.cwd.to_string();
        if tool == "diff" {
            let (status, out, error) = diff(args, &cwd, world);
            self.write(task, 1, &out, world);
            self.write(task, 2, &error, world);
            return self.finish(task, status);
        }
        let (out, errors) = match tool {
            "ls" => ls(&options, &cwd, world),
            "find" => find(args, &cwd, world),
            "du" => du(&options, &cwd, world),
            "df" => (df(world), Vec::new()),
            "stat" => permissions::stat(args, &cwd, world),
            "chmod" => permissions::chmod(args, &cwd, world),
            "cp" | "mv" => copy(tool, &options, &cwd, world),
            _ => change(tool, &options, &cwd, world),
        };
        self.write(task, 1, &out, world);
        for error in &errors {
            self.write(task, 2, &format!("{tool}: {error}\n"), world);
        }
        self.finish(task, i32::from(!errors.is_empty()));
    }

    fn dd(&mut self, task: &mut Task, args: &[String], world: &mut World) {
        let value =
            |name: &str| args.iter().find_map(|arg| arg.strip_prefix(name)?.strip_prefix('='));
        let block = value("bs").and_then(size).unwrap_or(512);
        let count = value("count").and_then(size);
        let input = value("if").unwrap_or("/dev/stdin");
        let target = value("of").map(|path| normalize(&task.cwd, path));
        let endless = matches!(input, "/dev/zero" | "/dev/urandom" | "/dev/random");
        let bytes = match (count, world.files.get(&normalize(&task.cwd, input))) {
            (Some(count), _) if endless => block.saturating_mul(count),
            (_, Some(node)) => node.size(),
            (None, None) if endless => {
                task.state = State::Busy(Box::new(Activity::Spin { recheck: None }));
                return;
            }
            _ => 0,
        };
        if let Some(path) =
            target.filter(|path| !path.starts_with("/dev/") || path.starts_with("/dev/shm/"))
        {
            task.trail.unrepeatable = true;
            if let Err(error) = world.files.put(&path, Node::Zeros(bytes)) {
                self.write(task, 2, &format!("dd: can't open '{path}': {error}\n"), world);
                return self.finish(task, 1);
            }
        }
        let records = bytes / block.max(1);
        let text = format!("{records}+0 records in\n{records}+0 records out\n");
        self.write(task, 2, &text, world);
        let micros = bytes.saturating_mul(1_000_000) / DD_BYTES_PER_SECOND;
        let until = world.now + Duration::from_micros(micros);
        task.state = State::Busy(Box::new(Activity::Burn { until }));
    }
}

fn ls(options: &Options, cwd: &str, world: &World) -> Lines {
    let (mut out, mut errors) = (String::new(), Vec::new());
    let here = vec![".".to_owned()];
    let paths = if options.operands.is_empty() { &here } else { &options.operands };
    let long = options.has('l');
    let line = |name: &str, full: &str, node: &Node| match (long, node) {
        (false, _) => format!("{name}\n"),
        (true, node) => {
            let shown = permissions::text(node, world.files.mode(full));
            let (links, size) = match node {
                Node::Directory => (2, 4096),
                node => (1, node.size()),
            };
            format!("{shown}    {links} root     root     {size:>9} Jan  1 00:00 {name}\n")
        }
    };
    for path in paths {
        let full = normalize(cwd, path);
        match world.files.get(&full) {
            None => errors.push(format!("{path}: No such file or directory")),
            Some(Node::Directory) if !options.has('d') => {
                if paths.len() > 1 {
                    out.push_str(&format!("{path}:\n"));
                }
                let names = world.files.list(&full);
                if long {
                    out.push_str("total 4\n");
                }
                for name in names
                    .iter()
                    .filter(|name| options.has('a') || options.has('A') || !name.starts_with('.'))
                {
                    let node = world.files.get(&normalize(&full, name)).unwrap_or(Node::Directory);
                    out.push_str(&line(name, &normalize(&full, name), &node));
                }
            }
            Some(node) => out.push_str(&line(path, &full, &node)),
        }
    }
    (out, errors)
}

/// Every path at and below `path`.
fn tree(path: &str, world: &World) -> Vec<String> {
    let mut found = vec![path.to_owned()];
    if matches!(world.files.get(path), Some(Node::Directory)) {
        for name in world.files.list(path) {
            found.extend(tree(&normalize(path, &name), world));
        }
    }
    found
}

fn find(args: &[String], cwd: &str, world: &World) -> Lines {
    let start = args.first().filter(|arg| !arg.starts_with('-')).map_or(".", String::as_str);
    let value =
        |name: &str| args.iter().position(|arg| arg == name).and_then(|at| args.get(at + 1));
    let full = normalize(cwd, start);
    if world.files.get(&full).is_none() {
        return (String::new(), vec![format!("{start}: No such file or directory")]);
    }
    let mut out = String::new();
    for path in tree(&full, world) {
        let is_directory = matches!(world.files.get(&path), Some(Node::Directory));
        let kind = value("-type").is_none_or(|kind| (kind == "d") == is_directory);
        if kind && value("-name").is_none_or(|name| pattern::matches(name, base_name(&path))) {
            let rest = path.strip_prefix(&full).unwrap_or(&path).trim_start_matches('/');
            let shown = if rest.is_empty() {
                start.to_owned()
            } else {
                format!("{}/{rest}", start.trim_end_matches('/'))
            };
            out.push_str(&format!("{shown}\n"));
        }
    }
    (out, Vec::new())
}

/// `diff -u[LINES] [-N] OLD NEW`, of files or folders: its status and what it prints.
fn diff(args: &[String], cwd: &str, world: &World) -> (i32, String, String) {
    let (flags, paths): (Vec<_>, Vec<_>) = args.iter().partition(|arg| arg.starts_with('-'));
    let [old, new] = paths[..] else {
        return (2, String::new(), "diff: missing operand\n".to_owned());
    };
    let context = flags.iter().find_map(|flag| flag.strip_prefix("-u")?.parse().ok()).unwrap_or(3);
    let empty_if_absent = flags.iter().any(|flag| *flag == "-N");
    let mut names: Vec<_> =
        [old, new].iter().flat_map(|path| world.files.list(&normalize(cwd, path))).collect();
    let folders = matches!(world.files.get(&normalize(cwd, old)), Some(Node::Directory));
    names.order();
    names.dedup();
    let pairs: Vec<(String, String)> = if folders {
        names.iter().map(|name| (format!("{old}/{name}"), format!("{new}/{name}"))).collect()
    } else {
        vec![(old.clone(), new.clone())]
    };
    let read = |path: &str| match world.files.get(&normalize(cwd, path)) {
        Some(Node::File(text)) => Ok(text),
        None if empty_if_absent => Ok("".into()),
        _ => Err((2, String::new(), format!("diff: {path}: No such file or directory\n"))),
    };
    let stamp = world.now.format("%Y-%m-%d %H:%M:%S.%N +0000");
    let mut out = String::new();
    for (old, new) in &pairs {
        let (before, after) = match (read(old), read(new)) {
            (Ok(before), Ok(after)) => (before, after),
            (Err(error), _) | (_, Err(error)) => return error,
        };
        if before == after {
            continue;
        }
        if folders {
            let flags: String = flags.iter().map(|flag| format!("{flag} ")).collect();
            out.push_str(&format!("diff {flags}{old} {new}\n"));
        }
        let hunks = crate::base::diff::unified(&before, &after, context);
        out.push_str(&format!("--- {old}\t{stamp}\n+++ {new}\t{stamp}\n{hunks}"));
    }
    (i32::from(!out.is_empty()), out, String::new())
}

fn du(options: &Options, cwd: &str, world: &World) -> Lines {
    let mut out = String::new();
    for path in options
        .operands
        .iter()
        .map(String::as_str)
        .chain(options.operands.is_empty().then_some("."))
    {
        let bytes: u64 = tree(&normalize(cwd, path), world)
            .iter()
            .filter_map(|path| world.files.get(path))
            .map(|node| node.size())
            .sum();
        let shown = if options.has('h') {
            format!("{}.0M", bytes >> 20)
        } else {
            (bytes.div_ceil(1024)).to_string()
        };
        out.push_str(&format!("{shown}\t{path}\n"));
    }
    (out, Vec::new())
}

fn df(world: &World) -> String {
    let mut out =
        String::from("Filesystem           1K-blocks      Used Available Use% Mounted on\n");
    let mut line = |source: &str, place: &str| {
        out.push_str(&format!("{source:<20}  41152812   8226600  32909828  20% {place}\n"));
    };
    line("overlay", "/");
    for mount in world.files.mounts {
        line("/dev/vda1", &mount.path);
    }
    out
}

fn copy(tool: &str, options: &Options, cwd: &str, world: &mut World) -> Lines {
    let mut errors = Vec::new();
    let Some((target, sources)) =
        options.operands.split_last().filter(|(_, sources)| !sources.is_empty())
    else {
        return (String::new(), vec!["missing operand".into()]);
    };
    let target_path = normalize(cwd, target);
    let into = matches!(world.files.get(&target_path), Some(Node::Directory));
    for source in sources {
        let from = normalize(cwd, source);
        let to = if into { normalize(&target_path, base_name(&from)) } else { target_path.clone() };
        match world.files.get(&from) {
            None if tool == "cp" => {
                errors.push(format!("can't stat '{source}': No such file or directory"))
            }
            None => errors.push(format!("can't rename '{source}': No such file or directory")),
            Some(Node::Directory) if tool == "cp" && !options.flags.contains(['r', 'R', 'a']) => {
                errors.push(format!("omitting directory '{source}'"));
            }
            Some(_) => {
                for path in tree(&from, world) {
                    let Some(node) = world.files.get(&path) else { continue };
                    let place = format!("{to}{}", &path[from.len()..]);
                    if let Err(error) = world.files.put(&place, node) {
                        errors.push(format!("can't create '{place}': {error}"));
                    }
                }
                if tool == "mv"
                    && from != to
                    && let Err(error) = world.files.remove(&from)
                {
                    errors.push(format!("can't remove '{source}': {error}"));
                }
            }
        }
    }
    (String::new(), errors)
}

fn change(tool: &str, options: &Options, cwd: &str, world: &mut World) -> Lines {
    let (mut out, mut errors) = (String::new(), Vec::new());
    for path in &options.operands {
        let full = normalize(cwd, path);
        let node = world.files.get(&full);
        let result = match (tool, node) {
            ("touch", None) => world.files.put(&full, Node::File("".into())),
            ("truncate", _) => {
                let bytes = options.value('s').and_then(size).unwrap_or(0);
                world
                    .files
                    .put(&full, if bytes == 0 { Node::File("".into()) } else { Node::Zeros(bytes) })
            }
            ("mkdir", Some(Node::Directory)) if options.has('p') => Ok(()),
            ("mkdir", Some(_)) => Err("File exists"),
            ("mkdir", None) if options.has('p') => make_parents(&full, world),
            ("mkdir", None) => world.files.put(&full, Node::Directory),
            ("rm", None) if options.has('f') => Ok(()),
            ("rm", Some(Node::Directory)) if !options.flags.contains(['r', 'R']) => {
                errors.push(format!("'{path}' is a directory"));
                continue;
            }
            ("rmdir", Some(Node::Directory)) if !world.files.list(&full).is_empty() => {
                Err("Directory not empty")
            }
            ("rm" | "rmdir", _) => world.files.remove(&full),
            _ => Ok(()),
        };
        if let Err(error) = result {
            let error = error.replace("nonexistent directory", "No such file or directory");
            errors.push(match tool {
                "mkdir" => format!("can't create directory '{path}': {error}"),
                "rm" => format!("can't remove '{path}': {error}"),
                _ => format!("{path}: {error}"),
            });
        }
    }
    if tool == "mktemp" {
        let taken = world.files.list("/tmp").len();
        let path = format!("/tmp/tmp.{taken:06}");
        let node = if options.has('d') { Node::Directory } else { Node::File("".into()) };
        match world.files.put(&path, node) {
            Ok(()) => out = format!("{path}\n"),
            Err(error) => errors.push(error.to_owned()),
        }
    }
    (out, errors)
}

fn make_parents(path: &str, world: &mut World) -> Result<(), &'static str> {
    let mut at = 0;
    while let Some(slash) = path[at + 1..].find('/') {
        at += slash + 1;
        if world.files.get(&path[..at]).is_none() {
            world.files.put(&path[..at], Node::Directory)?;
        }
    }
    world.files.put(path, Node::Directory)
}
