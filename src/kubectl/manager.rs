//! Under which name each command writes. Mirrors the `--field-manager` defaults of `kubectl/pkg/cmd`.

use crate::api::{Api, Custom, Extension, Reply, Request, Sender, Status};

/// The manager of what a command line writes: the one given, or the command's own.
pub(super) fn of(words: &[String]) -> String {
    let mut given = words.iter().skip_while(|word| !word.starts_with("--field-manager"));
    match given.next().map(|word| word.split_once('=')) {
        Some(Some((_, manager))) => return manager.to_owned(),
        Some(None) => return given.next().cloned().unwrap_or_default(),
        None => {}
    }
    let word = words.iter().find(|word| MANAGERS.iter().any(|(verb, _)| verb == word));
    let known = word.and_then(|word| MANAGERS.iter().find(|(verb, _)| verb == word));
    known.map_or("kubectl", |(_, manager)| manager).to_owned()
}

const MANAGERS: &[(&str, &str)] = &[
    ("annotate", "kubectl-annotate"),
    ("apply", "kubectl-client-side-apply"),
    ("autoscale", "kubectl-autoscale"),
    ("create", "kubectl-create"),
    ("edit", "kubectl-edit"),
    ("expose", "kubectl-expose"),
    ("label", "kubectl-label"),
    ("patch", "kubectl-patch"),
    ("replace", "kubectl-replace"),
    ("rollout", "kubectl-rollout"),
    ("run", "kubectl-run"),
    ("set", "kubectl-set"),
    ("taint", "kubectl-taint"),
];

/// The door, to which a command gives its name.
pub(super) struct Named<'a> {
    /// The door.
    pub api: &'a mut dyn Api,
    /// Under which name it writes.
    pub manager: &'a str,
    /// Whose rights it needs.
    pub sender: &'a Sender,
}

impl Api for Named<'_> {
    fn call(&mut self, mut request: Request) -> Result<Reply, Status> {
        if request.manager.is_empty() {
            self.manager.clone_into(&mut request.manager);
        }
        self.sender.clone_into(&mut request.sender);
        self.api.call(request)
    }

    fn custom_kinds(&self) -> Vec<Custom> {
        self.api.custom_kinds()
    }

    fn extensions(&self) -> Vec<Extension> {
        self.api.extensions()
    }

    fn take_warnings(&mut self) -> Vec<String> {
        self.api.take_warnings()
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn forward(&mut self, call: &crate::api::http::Call) -> Option<Result<(u16, Vec<u8>), Status>> {
        self.api.forward(call)
    }
}
