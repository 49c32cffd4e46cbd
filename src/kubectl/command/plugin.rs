//! `kubectl plugin list`, and plugins: programs called `kubectl-NAME` along the PATH. Mirrors
//! `k8s.io/kubectl/pkg/cmd/plugin` and `HandlePluginCommand`.

use super::spec::Spec;
use crate::kubectl::{Failure, Files, Flag, Io, Job, Step};

/// What a plugin's file name begins with.
const PREFIX: &str = "kubectl-";

/// The verb `plugin list`.
pub const LIST: Spec = Spec {
    name: "plugin list",
    aliases: &[],
    shared: &[],
    flags: &[Flag::switch("name-only")],
    usage: "kubectl plugin list [flags] [options]",
    about: "List all visible plugin executables on a user's PATH.",
    start: |args| {
        Ok(Box::new(move |io: &mut Io<'_>| {
            let mut found: Vec<String> = Vec::new();
            let mut shadowed = String::new();
            let mut warnings = 0;
            for folder in folders(io.files) {
                for (name, _) in io.files.inside(&folder) {
                    if name.strip_prefix(PREFIX).is_none_or(str::is_empty) {
                        continue;
                    }
                    let path = format!("{folder}/{name}");
                    let same = found.iter().find(|other| other.ends_with(&format!("/{name}")));
                    if let Some(same) = same {
                        warnings += 1;
                        shadowed.push_str(&format!(
                            "  - warning: {path} is overshadowed by a similarly named plugin: {same}\n"
                        ));
                    }
                    found.push(path);
                }
            }
            if found.is_empty() {
                let why = "error: unable to find any kubectl plugins in your PATH";
                return Err(Failure::verbatim(why));
            }
            io.out.push_str("The following compatible plugins are available:\n\n");
            for path in &found {
                let name = path.rsplit('/').next().unwrap_or(path);
                let shown = if args.is("name-only") { name } else { path };
                io.out.push_str(&format!("{shown}\n"));
            }
            io.err.push_str(&shadowed);
            match warnings {
                0 => Ok(()),
                1 => Err(Failure::error("one plugin warning was found")),
                many => Err(Failure::error(format!("{many} plugin warnings were found"))),
            }
        }))
    },
};

fn folders(files: &Files) -> Vec<String> {
    let mut folders: Vec<String> = Vec::new();
    for folder in files.variable("PATH").split(':').filter(|folder| !folder.trim().is_empty()) {
        if !folders.iter().any(|known| known == folder) {
            folders.push(folder.to_owned());
        }
    }
    folders
}

/// The plugin that words call: the longest name that there is, its words joined by `-`.
pub(super) fn find(words: &[String], files: &Files) -> Option<Box<dyn Job>> {
    let count = words.iter().take_while(|word| !word.starts_with('-')).count();
    (1..=count).rev().find_map(|count| {
        let words_of_name = words[..count].iter().map(|word| word.replace('-', "_"));
        let name = format!("{PREFIX}{}", words_of_name.collect::<Vec<_>>().join("-"));
        let path = folders(files).into_iter().map(|folder| format!("{folder}/{name}"));
        let path = path.into_iter().find(|path| files.read(path).is_some())?;
        let quoted = |word: &String| format!("'{}'", word.replace('\'', "'\\''"));
        let arguments: Vec<_> = words[count..].iter().map(quoted).collect();
        Some(Box::new(Plugin { line: format!("{} {}", quoted(&path), arguments.join(" ")) }) as _)
    })
}

struct Plugin {
    line: String,
}

impl Job for Plugin {
    fn poll(&mut self, io: &mut Io<'_>) -> Result<Step, Failure> {
        Ok(io.script.map_or_else(|| Step::Script(self.line.clone()), Step::Done))
    }
}
