//! The files that commands read: the editor's documents, as a flat file system.

use std::collections::BTreeMap;

use super::Failure;

/// Texts by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    texts: BTreeMap<String, String>,
}

impl Files {
    /// Writes a file.
    pub fn write(&mut self, name: &str, text: impl Into<String>) {
        self.texts.insert(normal(name).to_owned(), text.into());
    }

    /// Removes a file; whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        self.texts.remove(normal(name)).is_some()
    }

    /// A file's text.
    pub fn read(&self, name: &str) -> Option<&str> {
        self.texts.get(normal(name)).map(String::as_str)
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().map(String::as_str)
    }

    /// The files in a folder, with their names there.
    pub fn inside<'a>(&'a self, folder: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let folder = normal(folder).trim_end_matches('/').to_owned();
        self.texts.iter().filter_map(move |(file, text)| {
            let rest = match folder.as_str() {
                "." => file.as_str(),
                folder => file.strip_prefix(folder)?.strip_prefix('/')?,
            };
            (!rest.contains('/')).then_some((rest, text.as_str()))
        })
    }

    /// The texts that `-f NAME` stands for, each with the name errors call it by: a file, a
    /// directory's manifests, or (`-`) the standard input.
    ///
    /// # Errors
    /// A path that does not exist, a URL (there is no network).
    pub fn resolve(&self, name: &str, stdin: &str) -> Result<Vec<(String, String)>, Failure> {
        if name == "-" {
            return Ok(vec![("STDIN".to_owned(), stdin.to_owned())]);
        }
        if name.starts_with("http://") || name.starts_with("https://") {
            return Err(Failure::error(format!(
                "unable to read URL \"{name}\": there is no network in the tab; paste the manifest \
                 into the editor"
            )));
        }
        if let Some(text) = self.read(name) {
            return Ok(vec![(name.to_owned(), text.to_owned())]);
        }
        let is_manifest =
            |file: &str| [".json", ".yaml", ".yml"].iter().any(|ending| file.ends_with(ending));
        let place = normal(name).trim_end_matches('/');
        let inside: Vec<_> = self
            .inside(name)
            .filter(|(file, _)| is_manifest(file))
            .map(|(file, text)| {
                let path = if place == "." { file.to_owned() } else { format!("{place}/{file}") };
                (path, text.to_owned())
            })
            .collect();
        if inside.is_empty() {
            return Err(Failure::error(format!("the path \"{name}\" does not exist")));
        }
        Ok(inside)
    }
}

fn normal(name: &str) -> &str {
    name.strip_prefix("./").unwrap_or(name)
}
