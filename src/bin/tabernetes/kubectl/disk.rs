//! The files of the machine as kubectl sees files: those that a command line names are read before it
//! starts, and what it wrote is written when it ends.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::{env, fs};

use tabernetes::base::files::Node;
use tabernetes::kubectl::{Files, KUBECONFIG};

/// How deep folders are read by commands that go into them.
const DEPTH: usize = 8;
/// The words of commands that go into folders.
const DEEP: &[&str] = &["-R", "--recursive", "cp"];
/// What a folder's kustomization is called: it says which folders it goes into.
const KUSTOMIZATIONS: &[&str] = &["kustomization.yaml", "kustomization.yml", "Kustomization"];
/// Larger files are nobody's manifests.
const SIZE_MAX: u64 = 16 << 20;

/// The files, and how they were read.
pub struct Disk {
    files: Files,
    /// What was read, by path.
    read: BTreeMap<String, Rc<str>>,
    /// What the command line names.
    named: Vec<PathBuf>,
    /// How deep folders are read.
    depth: usize,
    /// Where the kubeconfig really is.
    kubeconfig: PathBuf,
}

impl Disk {
    /// Reads what the words of a command line name, and the kubeconfig.
    ///
    /// # Errors
    /// The folder that the program works in is gone.
    pub fn open(words: &[String]) -> Result<Self, String> {
        let folder = env::current_dir().map_err(|why| format!("getwd: {why}"))?;
        let folder: Rc<str> = folder.to_string_lossy().into();
        let variables: Vec<(Rc<str>, Rc<str>)> = env::vars()
            .map(|(name, value)| (name.as_str().into(), value.as_str().into()))
            .collect();
        let mut files = Files::default();
        files.make_folder(&folder);
        files.seen_from(&folder, &variables);
        let before = std::iter::once("").chain(words.iter().map(String::as_str));
        let named = before.zip(words).flat_map(|(before, word)| paths(before, word));
        let named = named.map(PathBuf::from).collect();
        let is_deep = words.iter().any(|word| DEEP.contains(&word.as_str()));
        let depth = if is_deep { DEPTH } else { 1 };
        let (read, kubeconfig) = (BTreeMap::new(), kubeconfig());
        let mut disk = Self { files, read, named, depth, kubeconfig };
        disk.reload()?;
        Ok(disk)
    }

    /// The files, for kubectl.
    pub fn files(&mut self) -> &mut Files {
        &mut self.files
    }

    /// Reads everything again, for another program may have changed it, and what this one wrote too.
    ///
    /// # Errors
    /// None so far: what cannot be read is not there.
    pub fn reload(&mut self) -> Result<(), String> {
        let written: Vec<PathBuf> = self.changed().into_iter().map(|(path, _)| path).collect();
        if let Ok(text) = fs::read_to_string(&self.kubeconfig) {
            self.keep(KUBECONFIG, text.into());
        }
        let known: Vec<PathBuf> = self.read.keys().map(PathBuf::from).collect();
        for path in self.named.clone().into_iter().chain(written).chain(known) {
            if path != Path::new(KUBECONFIG) {
                self.take(&path, self.depth);
            }
        }
        Ok(())
    }

    /// Writes what kubectl wrote.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn save(&mut self) -> Result<(), String> {
        for (path, text) in self.changed() {
            let place = if path == Path::new(KUBECONFIG) { &self.kubeconfig } else { &path };
            if let Some(folder) = place.parent() {
                fs::create_dir_all(folder).map_err(|why| format!("{}: {why}", folder.display()))?;
            }
            fs::write(place, text.as_bytes())
                .map_err(|why| format!("open {}: {why}", place.display()))?;
            self.read.insert(path.to_string_lossy().into_owned(), text);
        }
        Ok(())
    }

    fn changed(&mut self) -> Vec<(PathBuf, Rc<str>)> {
        let read = &self.read;
        let files = self.files.tree().iter().filter_map(|(path, node)| match node {
            Node::File(text) if read.get(path) != Some(text) => {
                Some((PathBuf::from(path), text.clone()))
            }
            _ => None,
        });
        files.collect()
    }

    fn keep(&mut self, path: &str, text: Rc<str>) {
        self.files.write(path, text.clone());
        self.read.insert(self.files.full(path), text);
    }

    /// Reads what a folder's kustomization, if it has one, goes into.
    fn take_bases(&mut self, folder: &Path) {
        let mut texts = KUSTOMIZATIONS.iter().map(|name| fs::read_to_string(folder.join(name)));
        let Some(text) = texts.find_map(Result::ok) else { return };
        let names = text.lines().filter_map(|line| line.trim().strip_prefix("- "));
        for name in names.map(|name| name.trim_matches(['"', '\''])) {
            let path = folder.join(name);
            let known = self.files.full(&path.to_string_lossy());
            if path.exists() && self.files.read(&known).is_none() && !self.files.is_folder(&known) {
                self.take(&path, 1);
            }
        }
    }

    fn take(&mut self, path: &Path, depth: usize) {
        let Ok(known) = fs::metadata(path) else { return };
        let name = path.to_string_lossy().into_owned();
        if known.is_dir() {
            self.files.make_folder(&name);
            self.take_bases(path);
            let entries = fs::read_dir(path).into_iter().flatten().filter_map(Result::ok);
            let mut inside: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
            inside.sort();
            if depth > 0 {
                inside.iter().for_each(|path| self.take(path, depth - 1));
            }
        } else if known.len() <= SIZE_MAX
            && let Ok(bytes) = fs::read(path)
        {
            self.keep(&name, String::from_utf8_lossy(&bytes).into());
        }
    }
}

/// What of a word may be the path of a file: `FILE`, `--flag=FILE`, `-fFILE`, `key=FILE`, `A,B`.
/// A word that only might be a folder's name, such as a kind's, is none unless a flag stands before it.
fn paths<'w>(before: &str, word: &'w str) -> Vec<&'w str> {
    let value = word.rsplit('=').next().unwrap_or(word);
    let short = word.strip_prefix('-').and_then(|rest| rest.get(1..)).unwrap_or_default();
    let mut found: Vec<&str> =
        [word, value, short].into_iter().flat_map(|w| w.split(',')).collect();
    let is_meant = |path: &str| {
        before.starts_with('-') || path.contains(['/', '.']) || !Path::new(path).is_dir()
    };
    found.retain(|path| !path.is_empty() && *path != "/" && is_meant(path));
    found
}

/// The first file that `KUBECONFIG` names, or the usual one.
fn kubeconfig() -> PathBuf {
    let named = env::var("KUBECONFIG").unwrap_or_default();
    let first = named.split(':').find(|path| !path.is_empty()).map(PathBuf::from);
    let home = env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    first.unwrap_or_else(|| home.join(".kube").join("config"))
}
