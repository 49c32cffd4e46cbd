//! What is to be explained.

use crate::api::Custom;
use crate::kubectl::{Args, Failure, resource};

/// A resource in a version, and the way from it to one of its fields.
pub(super) struct Asked {
    /// The API group; empty for the core group.
    pub group: String,
    /// The version.
    pub version: String,
    /// `deployments`.
    pub resource: &'static str,
    /// `Deployment`.
    pub kind: &'static str,
    /// The names of the fields.
    pub fields: Vec<String>,
}

impl Asked {
    /// How Go prints the resource: `apps/v1, Resource=deployments`.
    pub(super) fn resource_text(&self) -> String {
        format!("{}/{}, Resource={}", self.group, self.version, self.resource)
    }
}

/// Reads the word that says what to explain: `pods.spec.containers`, `deployments.apps.spec`.
///
/// # Errors
/// What is wrong with the word, or that there is no such resource.
pub(super) fn asked(args: &Args, customs: &[Custom]) -> Result<Asked, Failure> {
    let word = args.positional[0].as_str();
    let parts = fields(word)?;
    let none = || format!("the server doesn't have a resource type {:?}", parts[0]);
    let found = resource::kinds(&parts[0], customs).ok().and_then(|found| found.first().copied());
    let found = found.ok_or_else(|| Failure::verbatim(none()))?;
    let names = found.names();
    let (mut group, mut version) = (names.group.to_owned(), found.version().to_owned());
    let wanted = args.get("api-version");
    // `deployments.apps.spec` names the group, too.
    let full = if group.is_empty() {
        names.plural.to_owned()
    } else {
        format!("{}.{group}", names.plural)
    };
    let rest = word.strip_prefix(&full).filter(|_| wanted.is_empty());
    let fields = match rest {
        Some("") => Vec::new(),
        Some(rest) => fields(rest)?[1..].to_vec(),
        None => parts[1..].to_vec(),
    };
    if !wanted.is_empty() {
        if wanted.matches('/').count() > 1 {
            return Err(Failure::error(format!("unexpected GroupVersion string: {wanted}")));
        }
        let (of, at) = wanted.split_once('/').unwrap_or(("", wanted));
        (group, version) = (of.to_owned(), at.to_owned());
    }
    Ok(Asked { group, version, resource: names.plural, kind: names.kind, fields })
}

/// The names between dots; what else a JSONPath may hold has no meaning here.
fn fields(word: &str) -> Result<Vec<String>, Failure> {
    let trimmed = word.strip_suffix('.').unwrap_or(word);
    let is_name = |part: &str| !part.is_empty() && !part.contains(['[', ']', '*', '{', '}', '?']);
    let mut parts = trimmed.split('.');
    // What follows a group begins with a dot.
    let first = parts.next().unwrap_or_default();
    let parts: Vec<&str> = parts.collect();
    if !(first.is_empty() && !parts.is_empty() || is_name(first))
        || !parts.iter().all(|p| is_name(p))
    {
        return Err(Failure::error("invalid jsonpath syntax, first node must be field node"));
    }
    Ok(std::iter::once(first).chain(parts).map(str::to_owned).collect())
}
