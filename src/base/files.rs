//! A small in-memory file system: absolute paths to files and directories.

use std::cmp::Ordering;
use std::rc::Rc;

use super::shared_map::SharedMap;

/// What lies at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A directory.
    Directory,
    /// A file with its text.
    File(Rc<str>),
    /// A file of that many zero bytes (what `dd if=/dev/zero` writes), kept as a number.
    Zeros(u64),
}

impl Node {
    /// The size in bytes; zero for a directory.
    pub fn size(&self) -> u64 {
        match self {
            Self::Directory => 0,
            Self::File(text) => text.len() as u64,
            Self::Zeros(size) => *size,
        }
    }
}

/// A tree of files, by absolute normalized path. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    nodes: SharedMap<Rc<str>, Node>,
    /// The permissions that somebody set.
    modes: SharedMap<Rc<str>, u16>,
}

impl Files {
    /// Files with these contents; parent directories are made as needed.
    pub fn from_texts<'a>(texts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut files = Self::default();
        for (path, text) in texts {
            files.insert(path, Node::File(text.into()));
        }
        files
    }

    /// Puts `node` at `path` (absolute), making its parents.
    pub fn insert(&mut self, path: &str, node: Node) {
        let path = normalize("/", path);
        let mut parent = path.as_str();
        while let Some(slash) = parent.rfind('/') {
            parent = &parent[..slash];
            if parent.is_empty() || self.nodes.contains_key(parent) {
                break;
            }
            self.nodes.insert(parent.into(), Node::Directory);
        }
        self.nodes.insert(path.as_str().into(), node);
    }

    /// The node at `path`; the root always is a directory.
    pub fn get(&self, path: &str) -> Option<&Node> {
        if path == "/" { Some(&Node::Directory) } else { self.nodes.get(path) }
    }

    /// The permission bits of what lies at `path`: what they were set to, or else what a umask of 022
    /// leaves.
    pub fn mode(&self, path: &str) -> u16 {
        let usual = if self.get(path) == Some(&Node::Directory) { 0o755 } else { 0o644 };
        self.modes.get(path).copied().unwrap_or(usual)
    }

    /// Sets the permission bits of `path`.
    pub fn set_mode(&mut self, path: &str, mode: u16) {
        self.modes.insert(normalize("/", path).as_str().into(), mode);
    }

    /// Removes `path` and everything below it; false when there was nothing.
    pub fn remove(&mut self, path: &str) -> bool {
        let below = format!("{}/", path.trim_end_matches('/'));
        let doomed: Vec<Rc<str>> = self
            .nodes
            .keys()
            .filter(|key| &***key == path || key.starts_with(&below))
            .cloned()
            .collect();
        for key in &doomed {
            self.nodes.remove(key);
            self.modes.remove(key);
        }
        !doomed.is_empty()
    }

    /// Names directly below the directory `path`, sorted.
    pub fn list(&self, path: &str) -> Vec<Rc<str>> {
        let below = format!("{}/", path.trim_end_matches('/'));
        self.nodes
            .span(|path| order_by_prefix(path, &below))
            .map(|(key, _)| key)
            .filter(|key| !key[below.len()..].contains('/'))
            .map(|key| key[below.len()..].into())
            .collect()
    }

    /// The sum of the sizes of all files whose paths begin with `prefix`, in bytes.
    pub fn size_below(&self, prefix: &str) -> u64 {
        let below = self.nodes.span(|path| order_by_prefix(path, prefix));
        below.map(|(_, node)| node.size()).sum()
    }

    /// The sum of all file sizes, in bytes.
    pub fn size(&self) -> u64 {
        self.nodes.values().map(Node::size).sum()
    }

    /// Every path with its node, sorted by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().map(|(path, node)| (&**path, node))
    }
}

/// How a path stands to those that begin with `prefix`, which lie together.
fn order_by_prefix(path: &str, prefix: &str) -> Ordering {
    if path.starts_with(prefix) { Ordering::Equal } else { path.cmp(prefix) }
}

/// `path` seen from `cwd`, without `.`, `..` and doubled slashes.
pub fn normalize(cwd: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let base = if path.starts_with('/') { "" } else { cwd };
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    format!("/{}", parts.join("/"))
}
