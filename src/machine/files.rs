//! The file tree that a process sees.

use std::rc::Rc;

pub(super) use crate::base::files::normalize;
pub use crate::base::files::{Files, Node};
use crate::base::order::Order as _;
use crate::base::shared_map::SharedMap;

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

    /// The permission bits of what lies at `path`.
    pub(super) fn mode(&self, path: &str) -> u16 {
        let volume = |(mount, inner): (&Mount, String)| {
            Some(self.volumes.get(&mount.volume)?.files.mode(&inner))
        };
        self.place(path).and_then(volume).unwrap_or_else(|| match self.get(path) {
            Some(Node::Directory) if self.own.get(path).is_none() => 0o755,
            _ => self.own.mode(path),
        })
    }

    /// Sets the permission bits of what lies at `path`; the error is the C library's words.
    pub(super) fn set_mode(&mut self, path: &str, mode: u16) -> Result<(), &'static str> {
        if self.get(path).is_none() {
            return Err("No such file or directory");
        }
        let inner = self.inner(path);
        self.writable(path)?.set_mode(&inner, mode);
        Ok(())
    }

    /// Whether `path` lies in memory.
    pub(super) fn is_in_memory(&self, path: &str) -> bool {
        let place = self.place(path);
        place.and_then(|(mount, _)| self.volumes.get(&mount.volume)).is_some_and(|v| v.in_memory)
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
