//! Container images as data: what they hold, start, serve, print and cost. See `images/*.yaml`.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::files::{Files, Node};
use super::reference::Reference;
use crate::base::shared_map::SharedSet;
use crate::base::yaml;

/// The embedded data files, one per family of images.
const DATA: [&str; 6] = [
    include_str!("../../images/web.yaml"),
    include_str!("../../images/databases.yaml"),
    include_str!("../../images/shells.yaml"),
    include_str!("../../images/testing.yaml"),
    include_str!("../../images/cluster.yaml"),
    include_str!("../../images/languages.yaml"),
];
const MISSING: &str = include_str!("../../images/missing.yaml");

/// What programs say of what they are posted.
#[cfg(not(target_arch = "wasm32"))]
const JUDGES: &str = include_str!("../../images/webhooks.yaml");

/// A container image.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Image {
    /// Full names without tag it is known by: `docker.io/library/nginx`.
    pub names: Vec<String>,
    /// Compressed size, which a pull downloads.
    pub size_mib: u64,
    /// `ENTRYPOINT`; replaced by a container's `command`.
    pub entrypoint: Vec<String>,
    /// `CMD`; replaced by a container's `args`.
    pub cmd: Vec<String>,
    /// `WORKDIR`; empty for `/`.
    pub working_dir: String,
    /// `ENV`.
    pub env: BTreeMap<String, String>,
    /// Whether it holds `/bin/sh` and the usual small tools.
    pub shell: bool,
    /// Text files of interest.
    pub files: BTreeMap<String, String>,
    /// What its executables do, by base name or by base name and first argument (`agnhost netexec`).
    pub programs: BTreeMap<String, Rc<Program>>,
    /// Any other executable exists too and runs like [`Program::default`]: the image is not known.
    #[serde(skip)]
    pub unknown: bool,
    /// What a new container's own layer holds; all containers share it until they write.
    #[serde(skip)]
    pub(super) layer: Files,
}

/// What one executable of an image does when it runs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Program {
    /// TCP ports it listens on once started.
    pub ports: Vec<u16>,
    /// Time from start until it listens.
    pub startup_ms: u64,
    /// Lines on standard output at start.
    pub prints: Vec<String>,
    /// Lines on standard error at start.
    pub errors: Vec<String>,
    /// Lines on standard output once it listens.
    pub ready: Vec<String>,
    /// CPU use while idle.
    pub cpu_milli: u64,
    /// Memory use while idle.
    pub memory_mib: u64,
    /// CPU time one request costs.
    pub request_cpu_micros: u64,
    /// The program is a shell script; its arguments are the parameters.
    pub script: String,
    /// Environment variables that begin like this end in a port on which it listens, and hold what
    /// it says there over HTTP, whatever the path.
    pub env_ports: Vec<String>,
    /// Directory whose files it serves over HTTP.
    pub root: String,
    /// Pages it serves over HTTP, by path; `*` is any other path.
    pub pages: BTreeMap<String, Page>,
    /// What it says of reviews that it is posted, by path. In the page nobody asks.
    #[cfg(not(target_arch = "wasm32"))]
    #[serde(skip)]
    pub reviews: BTreeMap<String, Vec<super::review::Rule>>,
    /// The versions that it turns objects into, by path. In the page nobody asks.
    #[cfg(not(target_arch = "wasm32"))]
    #[serde(skip)]
    pub converts: BTreeMap<String, BTreeMap<String, super::review::Conversion>>,
    /// The line it prints for a request; `{time}`, `{method}`, `{path}`, `{status}`, `{bytes}`, `{agent}`.
    pub access_log: String,
    /// It ends by itself this long after it started.
    pub runs_ms: Option<u64>,
    /// The exit code when it ends by itself.
    pub exit_code: i32,
    /// It starts only if one of these environment variables is set; otherwise it prints
    /// `refusal` on standard error and exits with code 1.
    pub needs_env: Vec<String>,
    /// See `needs_env`.
    pub refusal: Vec<String>,
    /// A client that succeeds only while something in its container listens on this port.
    pub needs_port: Option<u16>,
    /// What such a client prints on standard error when nothing listens; it then exits with code 1.
    pub unreachable: Vec<String>,
    /// An entry point that only prepares and then runs its arguments.
    pub runs_arguments: bool,
    /// Its arguments say how much CPU and memory to use, as for `stress`.
    pub stress: bool,
    /// It does not react to SIGTERM.
    pub ignores_term: bool,
    /// Time from SIGTERM to its exit.
    pub stop_ms: u64,
    /// Exit code after SIGTERM.
    pub stop_code: i32,
    /// Lines on standard output at SIGTERM.
    pub stop_prints: Vec<String>,
}

/// One HTTP page.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// HTTP status.
    #[serde(default = "ok")]
    pub status: u16,
    /// Body; `{hostname}`, `{path}`, `{method}`, `{query:NAME}` and, by the network, `{client}` are
    /// filled in; `{counts}` are the program's counts, as JSON. `{dial}` alone is what came back of a request that the query describes.
    #[serde(default)]
    pub body: String,
    /// The parameter of the query that says where the page is instead.
    #[serde(default)]
    pub redirects: Option<String>,
    /// The field of a posted JSON object whose values are counted.
    #[serde(default)]
    pub counts: Option<String>,
    /// From this age of the process on, the page answers status 500 instead (a server made to fail).
    #[serde(default)]
    pub fails_after_ms: Option<u64>,
}

fn ok() -> u16 {
    200
}

/// References that no registry has.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Missing {
    registries: Vec<String>,
    tags: Vec<String>,
    tag_suffixes: Vec<String>,
    repositories: Vec<String>,
}

/// The world's image registries: every image that can be pulled. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Registry {
    images: Rc<BTreeMap<String, Rc<Image>>>,
    unknown: Rc<Image>,
    missing: Rc<Missing>,
    marked: SharedSet<Rc<str>>,
}

/// Why an image cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullError {
    /// The reference cannot be parsed: reason `InvalidImageName`. The text is the parser's.
    InvalidName(String),
    /// The registry does not have it: reason `ErrImagePull`. The text is containerd's, complete
    /// with its `rpc error: code = …` prefix.
    NotFound(String),
}

/// Reads an embedded data file.
fn embedded<T: DeserializeOwned>(text: &str) -> T {
    let value = yaml::parse_one(text).expect("embedded data is YAML");
    T::deserialize(&value).expect("embedded data has the right form")
}

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}

impl Registry {
    /// The registries with the images of `images/*.yaml`.
    ///
    /// # Panics
    /// If an embedded data file does not parse, which a test rules out.
    pub fn new() -> Self {
        let mut images = BTreeMap::new();
        for text in DATA {
            for mut image in embedded::<Vec<Image>>(text) {
                image.lay_out();
                let image = Rc::new(image);
                for name in &image.names {
                    images.insert(name.clone(), Rc::clone(&image));
                }
            }
        }
        #[cfg(not(target_arch = "wasm32"))]
        for judge in embedded::<Vec<super::review::Judge>>(JUDGES) {
            judge.join(&mut images);
        }
        let program = Program { memory_mib: 12, cpu_milli: 1, ..Program::default() };
        let mut unknown = Image {
            size_mib: 40,
            entrypoint: vec!["/entrypoint".into()],
            shell: true,
            programs: BTreeMap::from([("entrypoint".to_owned(), Rc::new(program))]),
            unknown: true,
            ..Image::default()
        };
        unknown.lay_out();
        Self {
            images: Rc::new(images),
            unknown: Rc::new(unknown),
            missing: Rc::new(embedded(MISSING)),
            marked: SharedSet::new(),
        }
    }

    /// From now on pulls of `reference` (any spelling) fail as not found.
    pub fn mark_missing(&mut self, reference: &str) {
        if let Ok(reference) = Reference::parse(reference) {
            self.marked.insert(reference.to_string().into());
        }
    }

    /// Undoes [`Registry::mark_missing`].
    pub fn mark_present(&mut self, reference: &str) {
        if let Ok(reference) = Reference::parse(reference) {
            self.marked.remove(reference.to_string().as_str());
        }
    }

    /// The image behind `reference`.
    ///
    /// # Errors
    /// See [`PullError`]; the texts are containerd's.
    pub fn resolve(&self, reference: &str) -> Result<Rc<Image>, PullError> {
        let parsed = Reference::parse(reference).map_err(PullError::InvalidName)?;
        let full = parsed.to_string();
        let gone = self.marked.contains(full.as_str())
            || self.missing.registries.contains(&parsed.registry)
            || self.missing.tags.contains(&parsed.tag)
            || self.missing.repositories.contains(&parsed.name())
            || self.missing.tag_suffixes.iter().any(|suffix| parsed.tag.ends_with(suffix));
        if gone {
            return Err(PullError::NotFound(format!(
                "rpc error: code = NotFound desc = failed to pull and unpack image \"{full}\": \
                 failed to resolve reference \"{full}\": {full}: not found"
            )));
        }
        Ok(self.images.get(&parsed.name()).unwrap_or(&self.unknown).clone())
    }
}

/// Directories that every container has.
const DIRECTORIES: [&str; 15] = [
    "/bin", "/dev/shm", "/etc", "/home", "/mnt", "/opt", "/proc", "/root", "/run", "/sys", "/tmp",
    "/usr", "/var/log", "/var/run", "/var/tmp",
];

impl Image {
    /// Makes the files of new containers.
    fn lay_out(&mut self) {
        DIRECTORIES.iter().for_each(|path| self.layer.insert(path, Node::Directory));
        for (path, text) in &self.files {
            self.layer.insert(path, Node::File(text.as_str().into()));
        }
    }

    /// What `argv` of this image runs, if it is one of the image's own programs.
    pub(super) fn program(&self, argv: &[String]) -> Option<Rc<Program>> {
        let base = base_name(argv.first()?);
        let with_argument = argv.get(1).map(|arg| format!("{base} {arg}"));
        with_argument
            .and_then(|name| self.programs.get(&name))
            .or_else(|| self.programs.get(base))
            .cloned()
    }
}

/// The last component of a path.
pub(super) fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_holds_what_lessons_use() {
        let registry = Registry::new();
        for (reference, size_mib) in [("nginx", 72), ("nginx:1.7.9", 72), ("busybox:1.36", 2)] {
            assert_eq!(registry.resolve(reference).map(|image| image.size_mib), Ok(size_mib));
        }
        assert!(registry.resolve("example.com/own:1").is_ok_and(|image| image.unknown));
        for (name, image) in registry.images.iter() {
            assert_eq!(&Reference::parse(name).map(|r| r.name()), &Ok(name.clone()));
            let argv: Vec<String> = image.entrypoint.iter().chain(&image.cmd).cloned().collect();
            let known = image.program(&argv).is_some();
            assert!(known || image.shell, "{name} cannot start {argv:?}");
        }
    }

    #[test]
    fn missing_images_fail_in_the_words_of_containerd() {
        let mut registry = Registry::new();
        registry.mark_missing("example.com/gone:2");
        for reference in ["nginx:doesnotexist", "nginx:1.99.99-missing", "registry.invalid/a/b"] {
            assert!(matches!(registry.resolve(reference), Err(PullError::NotFound(_))));
        }
        let Err(PullError::NotFound(text)) = registry.resolve("example.com/gone:2") else {
            panic!("still there")
        };
        assert_eq!(
            text,
            "rpc error: code = NotFound desc = failed to pull and unpack image \
             \"example.com/gone:2\": failed to resolve reference \"example.com/gone:2\": \
             example.com/gone:2: not found"
        );
        registry.mark_present("example.com/gone:2");
        assert!(registry.resolve("example.com/gone:2").is_ok());
        assert!(matches!(registry.resolve("Bad"), Err(PullError::InvalidName(_))));
    }
}
