//! A small in-memory file system: absolute paths to files and directories.

use std::cmp::Ordering;
use std::rc::Rc;

use crate::base::order::Order as _;
use crate::base::shared_map::SharedMap;

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

/// A volume of one machine: files that several containers may see.
#[derive(Clone, Debug, Default)]
pub struct Volume {
    /// What it holds; paths are relative to the volume's root, which is `/`.
    pub files: Files,
    /// True for `medium: Memory`: its bytes count as memory of the containers that mount it.
    pub in_memory: bool,
}

/// Where a container sees a volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The volume's name on this machine.
    pub volume: Rc<str>,
    /// Absolute path inside the container.
    pub path: String,
    /// Path inside the volume that is shown there; empty for the whole volume.
    pub sub_path: String,
    /// Writes are refused.
    pub read_only: bool,
}

/// The file tree one process sees: the container's own layer with volumes laid over it.
pub(super) struct FileSystem<'a> {
    pub(super) own: &'a mut Files,
    /// Files laid over those of the image, until they are written to.
    pub(super) given: &'a [(Rc<str>, Rc<str>)],
    pub(super) mounts: &'a [Mount],
    pub(super) volumes: &'a mut SharedMap<Rc<str>, Volume>,
    pub(super) read_only_root: bool,
}

impl FileSystem<'_> {
    /// The mount that covers `path`, longest first, and the path within its volume.
    fn place(&self, path: &str) -> Option<(&Mount, String)> {
        self.mounts
            .iter()
            .filter(|mount| {
                let at = mount.path.trim_end_matches('/');
                path.strip_prefix(at).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
            .max_by_key(|mount| mount.path.len())
            .map(|mount| {
                let rest = &path[mount.path.trim_end_matches('/').len()..];
                (mount, normalize("/", &format!("/{}{rest}", mount.sub_path)))
            })
    }

    pub(super) fn get(&self, path: &str) -> Option<Node> {
        if let Some((mount, inner)) = self.place(path) {
            return self.volumes.get(&mount.volume)?.files.get(&inner).cloned();
        }
        let given = || {
            let text = self.given.iter().find(|(given, _)| &**given == path);
            text.map(|(_, text)| Node::File(text.clone()))
        };
        self.own.get(path).cloned().or_else(given).or_else(|| {
            let below = format!("{}/", path.trim_end_matches('/'));
            self.mounts.iter().any(|m| m.path.starts_with(&below)).then_some(Node::Directory)
        })
    }

    /// Puts `node` at `path`; the error is the C library's words.
    pub(super) fn put(&mut self, path: &str, node: Node) -> Result<(), &'static str> {
        if matches!(
            (self.get(path), &node),
            (Some(Node::Directory), Node::File(_) | Node::Zeros(_))
        ) {
            return Err("Is a directory");
        }
        let parent = match path.rfind('/') {
            Some(0) | None => "/",
            Some(slash) => &path[..slash],
        };
        match self.get(parent) {
            Some(Node::Directory) => {}
            Some(_) => return Err("Not a directory"),
            None => return Err("nonexistent directory"),
        }
        let inner = self.inner(path);
        self.writable(path)?.insert(&inner, node);
        Ok(())
    }

    pub(super) fn remove(&mut self, path: &str) -> Result<(), &'static str> {
        if self.get(path).is_none() {
            return Err("No such file or directory");
        }
        let inner = self.inner(path);
        self.writable(path)?.remove(&inner);
        Ok(())
    }

    pub(super) fn list(&self, path: &str) -> Vec<Rc<str>> {
        if let Some((mount, inner)) = self.place(path) {
            return self
                .volumes
                .get(&mount.volume)
                .map(|volume| volume.files.list(&inner))
                .unwrap_or_default();
        }
        let mut names = self.own.list(path);
        let below = format!("{}/", path.trim_end_matches('/'));
        let given = self.given.iter().filter_map(|(given, _)| given.strip_prefix(&below));
        names.extend(given.filter(|name| !name.contains('/')).map(Rc::from));
        for mount in self.mounts {
            if let Some(name) = mount.path.strip_prefix(&below).and_then(|r| r.split('/').next()) {
                names.push(name.into());
            }
        }
        names.order();
        names.dedup();
        names
    }

    fn inner(&self, path: &str) -> String {
        self.place(path).map_or_else(|| path.to_owned(), |(_, inner)| inner)
    }

    fn writable(&mut self, path: &str) -> Result<&mut Files, &'static str> {
        let Some((mount, _)) = self.place(path) else {
            return if self.read_only_root {
                Err("Read-only file system")
            } else {
                Ok(&mut *self.own)
            };
        };
        if mount.read_only {
            return Err("Read-only file system");
        }
        let name = mount.volume.clone();
        Ok(&mut self.volumes.get_or_default(name).files)
    }
}

/// How a path stands to those that begin with `prefix`, which lie together.
fn order_by_prefix(path: &str, prefix: &str) -> Ordering {
    if path.starts_with(prefix) { Ordering::Equal } else { path.cmp(prefix) }
}

/// `path` seen from `cwd`, without `.`, `..` and doubled slashes.
pub(super) fn normalize(cwd: &str, path: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_cover_the_image_and_refuse_writes_when_read_only() {
        let mut own = Files::from_texts([("/etc/conf", "own"), ("/data/hidden", "x")]);
        let mut volumes = SharedMap::new();
        let files = Files::from_texts([("/a/key", "from volume")]);
        volumes.insert("v".into(), Volume { files, in_memory: false });
        let mount = |path: &str, sub_path: &str, read_only| Mount {
            volume: "v".into(),
            path: path.into(),
            sub_path: sub_path.into(),
            read_only,
        };
        let mounts = [mount("/data", "a", false), mount("/ro", "", true)];
        let mut files = FileSystem {
            own: &mut own,
            given: &[],
            mounts: &mounts,
            volumes: &mut volumes,
            read_only_root: false,
        };
        assert_eq!(files.list("/"), vec!["data".into(), "etc".into(), "ro".into()]);
        assert_eq!(files.get("/data/hidden"), None);
        assert_eq!(files.put("/data/new", Node::Zeros(3)), Ok(()));
        assert_eq!(files.list("/ro/a"), vec!["key".into(), "new".into()]);
        assert_eq!(files.put("/ro/x", Node::Zeros(3)), Err("Read-only file system"));
        assert_eq!(files.put("/nope/x", Node::Zeros(3)), Err("nonexistent directory"));
        assert_eq!(normalize("/a/b", "../c/./d"), "/a/c/d");
    }
}
