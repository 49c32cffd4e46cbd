//! What a command finds around it: the files, the working folder, the environment's variables.

use std::rc::Rc;

use super::Failure;
use crate::base::files::{self, Node, normalize};
use crate::base::order::Gather;
use crate::base::small_map::SmallMap;

/// Where a person's files lie, and where they work at first.
pub const HOME: &str = "/root";

/// Texts by path, the folder that relative paths start from, and variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    tree: files::Files,
    folder: Rc<str>,
    variables: SmallMap<Rc<str>, Rc<str>>,
}

impl Default for Files {
    fn default() -> Self {
        let mut tree = files::Files::default();
        for folder in [HOME, "/tmp"] {
            tree.insert(folder, Node::Directory);
        }
        Self { tree, folder: HOME.into(), variables: SmallMap::new() }
    }
}

impl Files {
    /// The same files as a command sees them that works in `folder` with these `variables`.
    pub fn seen_from(&mut self, folder: &Rc<str>, variables: &[(Rc<str>, Rc<str>)]) {
        self.folder = Rc::clone(folder);
        self.variables = variables.iter().cloned().gathered();
    }

    /// Everything there is.
    pub fn tree(&mut self) -> &mut files::Files {
        &mut self.tree
    }

    /// The folder that relative paths start from.
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// A variable of the environment; empty where it is not set.
    pub fn variable(&self, name: &str) -> &str {
        self.variables.get(name).map_or("", |value| value)
    }

    /// Writes a file.
    pub fn write(&mut self, name: &str, text: impl Into<Rc<str>>) {
        self.tree.insert(&self.full(name), Node::File(text.into()));
    }

    /// Makes a folder.
    pub fn make_folder(&mut self, name: &str) {
        self.tree.insert(&self.full(name), Node::Directory);
    }

    /// Removes a file; whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        self.read(name).is_some() && self.tree.remove(&self.full(name))
    }

    /// A file's text.
    pub fn read(&self, name: &str) -> Option<&str> {
        match self.tree.get(&self.full(name)) {
            Some(Node::File(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether there is such a folder.
    pub fn is_folder(&self, name: &str) -> bool {
        matches!(self.tree.get(&self.full(name)), Some(Node::Directory))
    }

    /// The names of a person's own files, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tree.iter().filter_map(|(path, node)| match node {
            Node::File(_) => path.strip_prefix(HOME)?.strip_prefix('/'),
            _ => None,
        })
    }

    /// The files in a folder, with their names there.
    pub fn inside<'a>(&'a self, folder: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let folder = format!("{}/", self.full(folder).trim_end_matches('/'));
        self.tree.iter().filter_map(move |(path, node)| {
            let rest = path.strip_prefix(folder.as_str())?;
            match node {
                Node::File(text) if !rest.contains('/') => Some((rest, &**text)),
                _ => None,
            }
        })
    }

    /// The files in a folder and in the folders below it, with their paths there.
    pub fn below<'a>(&'a self, folder: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let folder = format!("{}/", self.full(folder).trim_end_matches('/'));
        self.tree.iter().filter_map(move |(path, node)| match node {
            Node::File(text) => Some((path.strip_prefix(folder.as_str())?, &**text)),
            _ => None,
        })
    }

    /// The texts that `-f NAME` stands for, each with the name errors call it by: a file, a
    /// directory's manifests (`recursive`: and those of the folders in it), or (`-`) the standard
    /// input.
    ///
    /// # Errors
    /// A path that does not exist, a URL (there is no network).
    pub fn resolve(
        &self,
        name: &str,
        stdin: &str,
        recursive: bool,
    ) -> Result<Vec<(String, String)>, Failure> {
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
        let place = name.strip_prefix("./").unwrap_or(name).trim_end_matches('/');
        let folder = format!("{}/", self.full(name).trim_end_matches('/'));
        let inside: Vec<_> = self
            .tree
            .iter()
            .filter_map(|(path, node)| {
                let rest = path.strip_prefix(&folder)?;
                match node {
                    Node::File(text) if is_manifest(rest) && (recursive || !rest.contains('/')) => {
                        let path =
                            if place == "." { rest.to_owned() } else { format!("{place}/{rest}") };
                        Some((path, (**text).to_owned()))
                    }
                    _ => None,
                }
            })
            .collect();
        if inside.is_empty() && !self.is_folder(name) {
            return Err(Failure::error(format!("the path \"{name}\" does not exist")));
        }
        if inside.is_empty() {
            return Err(Failure::error(format!(
                "error reading [{name}]: recognized file extensions are [.json .yaml .yml]"
            )));
        }
        Ok(inside)
    }

    /// A path from the root.
    pub fn full(&self, name: &str) -> String {
        normalize(&self.folder, name)
    }
}
