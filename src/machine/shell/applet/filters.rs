//! The options of the tools that read lines.

use super::Options;
use crate::machine::files::{Node, normalize};
use crate::machine::shell::activity::{Activity, size};
use crate::machine::shell::filter::{Filter, Grep, Tool};
use crate::machine::shell::pattern::{Regex, class};
use crate::machine::shell::process::Process;
use crate::machine::shell::sed::Script;
use crate::machine::shell::task::{State, Task};
use crate::machine::shell::{World, awk};

impl Process {
    pub(super) fn start_filter(
        &mut self,
        task: &mut Task,
        tool: &str,
        args: &[String],
        world: &mut World,
    ) {
        let (filter, mut paths) = match self.filter_of(task, tool, args, world) {
            Ok(found) => found,
            Err((status, complaint)) => {
                self.write(task, 2, &format!("{tool}: {complaint}\n"), world);
                return self.finish(task, status);
            }
        };
        if tool == "tail" && paths.iter().any(|path| path == "/dev/zero") {
            task.state = State::Busy(Box::new(Activity::Hog { since: world.now }));
            return;
        }
        if tool == "tail"
            && args.iter().any(|arg| matches!(arg.as_str(), "-f" | "-F" | "-fn" | "--follow"))
        {
            let Some(path) = paths.pop().filter(|path| path != "/dev/null") else {
                task.state = State::Busy(Box::new(Activity::Forever));
                return;
            };
            let path = normalize(&task.cwd, &path);
            let follow = Activity::Follow { path: path.into(), offset: 0, next: world.now };
            task.state = State::Busy(Box::new(follow));
            return;
        }
        if let Tool::Sed(script) = &filter
            && Options::parse(args, "e").has('i')
        {
            let status = self.edit_in_place(task, script, &paths, world);
            return self.finish(task, status);
        }
        let (sources, status) = self.sources(task, tool, &paths, world);
        let filter = Filter { tool: filter, sources, status };
        if filter.sources.is_empty() {
            return self
                .finish(task, if matches!(filter.tool, Tool::Grep(_)) { 2 } else { status });
        }
        task.state = State::Busy(Box::new(Activity::Filter(Box::new(filter))));
    }

    /// `sed -i`.
    fn edit_in_place(
        &mut self,
        task: &mut Task,
        script: &Script,
        paths: &[String],
        world: &mut World,
    ) -> i32 {
        let mut status = 0;
        task.trail.unrepeatable = true;
        for path in paths {
            let full = normalize(&task.cwd, path);
            let Some(Node::File(text)) = world.files.get(&full) else {
                let line = format!("sed: can't read {path}: No such file or directory\n");
                self.write(task, 2, &line, world);
                status = 2;
                continue;
            };
            let (mut script, mut out) = (script.clone(), String::new());
            let whole = |line: &str| (line.trim_end_matches('\n').to_owned(), line.ends_with('\n'));
            for (line, complete) in text.split_inclusive('\n').map(whole) {
                if !script.line(&line, complete, &mut out) {
                    break;
                }
            }
            script.end(&mut out);
            if let Err(error) = world.files.put(&full, Node::File(out.into())) {
                self.write(task, 2, &format!("sed: {path}: {error}\n"), world);
                status = 4;
            }
        }
        status
    }

    /// The tool with its options, and the files it reads.
    fn filter_of(
        &mut self,
        task: &mut Task,
        tool: &str,
        args: &[String],
        world: &mut World,
    ) -> Result<(Tool, Vec<String>), (i32, String)> {
        let options = Options::parse(
            args,
            match tool {
                "head" | "tail" => "nc",
                "grep" | "egrep" | "fgrep" => "emABC",
                "sort" => "kt",
                "cut" => "dfc",
                "awk" => "F",
                "sed" => "e",
                "xargs" => "nIP",
                "base64" => "w",
                _ => "",
            },
        );
        let mut operands = options.operands.clone();
        let filter = match tool {
            "head" | "tail" => lines_tool(tool, args, &options)?,
            "grep" | "egrep" | "fgrep" => {
                let given = options.values.iter().filter(|(flag, _)| *flag == 'e');
                let mut texts: Vec<String> = given.map(|(_, pattern)| pattern.clone()).collect();
                if texts.is_empty() {
                    if operands.is_empty() {
                        return Err((2, "no pattern given".into()));
                    }
                    texts.push(operands.remove(0));
                }
                let ignore_case = options.has('i');
                let is_fixed = tool == "fgrep" || options.has('F');
                let is_extended = tool == "egrep" || options.has('E');
                let regex = |text: &String| match is_fixed {
                    true => Regex::fixed(text, ignore_case),
                    false => Regex::new(text, is_extended, ignore_case),
                };
                Tool::Grep(Box::new(Grep {
                    patterns: texts.iter().map(regex).collect(),
                    invert: options.has('v'),
                    count: options.has('c').then_some(0),
                    quiet: options.has('q'),
                    only: options.has('o'),
                    names: (operands.len() > 1 || options.has('H')) && !options.has('h'),
                    list: options.has('l'),
                    numbers: options.has('n'),
                    line: 0,
                    found: false,
                }))
            }
            "sort" => Tool::Sort {
                lines: Vec::new(),
                reverse: options.has('r'),
                numeric: options.has('n'),
                unique: options.has('u'),
                key: options.value('k').and_then(|key| {
                    let field =
                        key.split([',', '.', 'n']).next()?.parse().ok().filter(|n| *n > 0)?;
                    Some((field, options.value('t').and_then(|t| t.chars().next())))
                }),
            },
            "uniq" => {
                Tool::Uniq { last: None, count: options.has('c'), repeated: options.has('d') }
            }
            "tr" => {
                let set =
                    |at: usize| operands.get(at).map(|text| characters(text)).unwrap_or_default();
                let complement = options.has('c') || options.has('C');
                let (from, to) = (set(0), set(1));
                operands.clear();
                Tool::Tr {
                    from,
                    to,
                    delete: options.has('d'),
                    squeeze: options.has('s'),
                    complement,
                    last: None,
                }
            }
            "cut" => {
                let list = options.value('f').or(options.value('c')).unwrap_or("1-");
                let delimiter = options.value('d').and_then(|d| d.chars().next()).unwrap_or('\t');
                Tool::Cut {
                    ranges: list.split(',').map(range).collect(),
                    delimiter: options.value('f').map(|_| delimiter),
                    only_delimited: options.has('s'),
                }
            }
            "wc" => {
                let all = options.flags.is_empty();
                Tool::Count {
                    lines: all || options.has('l'),
                    words: all || options.has('w'),
                    bytes: all || options.has('c') || options.has('m'),
                    totals: (0, 0, 0),
                }
            }
            "tee" => {
                let mut paths = Vec::new();
                for path in operands.drain(..) {
                    let path = normalize(&task.cwd, &path);
                    if !options.has('a') {
                        let empty = Node::File("".into());
                        world
                            .files
                            .put(&path, empty)
                            .map_err(|error| (1, format!("{path}: {error}")))?;
                    }
                    paths.push(path.into());
                }
                task.trail.unrepeatable = true;
                Tool::Tee { paths }
            }
            "sed" => {
                let script = match options.value('e') {
                    Some(script) => script.to_owned(),
                    None if operands.is_empty() => return Err((1, "no script".into())),
                    None => operands.remove(0),
                };
                let extended = options.has('E') || options.has('r');
                Tool::Sed(Box::new(
                    Script::parse(&script, options.has('n'), extended).map_err(|e| (1, e))?,
                ))
            }
            "awk" => {
                if operands.is_empty() {
                    return Err((1, "no program".into()));
                }
                let script = awk::Script::parse(&operands.remove(0), options.value('F'));
                Tool::Awk(Box::new(script.map_err(|fault| (2, fault))?))
            }
            "xargs" => {
                let argv = if operands.is_empty() {
                    vec!["echo".to_owned()]
                } else {
                    std::mem::take(&mut operands)
                };
                Tool::Collect { argv, words: Vec::new() }
            }
            "base64" => Tool::Base64 {
                decode: options.has('d') || options.has('D'),
                width: options.value('w').and_then(|text| text.parse().ok()).unwrap_or(76),
                text: String::new(),
            },
            "rev" => Tool::Reverse { lines: None },
            "tac" => Tool::Reverse { lines: Some(Vec::new()) },
            _ => Tool::Cat { numbers: options.has('n').then_some(0) },
        };
        Ok((filter, operands))
    }
}

fn lines_tool(tool: &str, args: &[String], options: &Options) -> Result<Tool, (i32, String)> {
    // `head -5` is `head -n 5`.
    let short =
        args.iter().find_map(|arg| arg.strip_prefix('-').and_then(|n| n.parse::<u64>().ok()));
    let bytes = options.value('c');
    let count = options.value('n').or(bytes).unwrap_or("10");
    let invalid = || (1, format!("invalid number '{count}'"));
    if tool == "head" {
        let left = short.or_else(|| size(count)).ok_or_else(invalid)?;
        return Ok(Tool::Head { left, bytes: bytes.is_some() });
    }
    let from = count.strip_prefix('+').and_then(|n| n.parse::<usize>().ok());
    let keep =
        short.or_else(|| count.trim_start_matches(['+', '-']).parse().ok()).ok_or_else(invalid)?;
    Ok(Tool::Tail {
        last: Default::default(),
        keep: keep as usize,
        from: from.map(|n| n.saturating_sub(1)),
    })
}

fn range(text: &str) -> (usize, usize) {
    match text.split_once('-') {
        Some((low, high)) => (low.parse().unwrap_or(1), high.parse().unwrap_or(usize::MAX)),
        None => {
            let at = text.parse().unwrap_or(1);
            (at, at)
        }
    }
}

/// The characters a set of `tr` names: `a-z`, `[:upper:]`, `\n`.
fn characters(text: &str) -> Vec<char> {
    let mut set = Vec::new();
    let chars: Vec<char> = text.chars().collect();
    let mut at = 0;
    while at < chars.len() {
        let rest: String = chars[at..].iter().collect();
        if let Some((name, _)) = rest.strip_prefix("[:").and_then(|rest| rest.split_once(":]")) {
            for (low, high) in class(name) {
                set.extend(*low..=*high);
            }
            at += name.chars().count() + 4;
            continue;
        }
        let mut c = chars[at];
        if c == '\\' && at + 1 < chars.len() {
            at += 1;
            c = match chars[at] {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                other => other,
            };
        }
        if chars.get(at + 1) == Some(&'-') && at + 2 < chars.len() {
            set.extend(c..=chars[at + 2]);
            at += 3;
        } else {
            set.push(c);
            at += 1;
        }
    }
    set
}
