//! Image references: `nginx`, `docker.io/library/nginx:1.27`, `host:5000/team/app@sha256:…`.

use std::fmt;

/// A parsed image reference in its full ("familiar name resolved") form.
/// Mirrors `github.com/distribution/reference.ParseDockerRef`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// Host, and port if any: `docker.io`.
    pub registry: String,
    /// Path below the host: `library/nginx`.
    pub repository: String,
    /// `latest` when neither tag nor digest was given; empty when only a digest was given.
    pub tag: String,
    /// `sha256:…`; empty when none was given.
    pub digest: String,
}

impl Reference {
    /// Parses `text`; the error is the parser's own wording, `invalid reference format`
    /// or `invalid reference format: repository name (…) must be lowercase`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let invalid = || Err("invalid reference format".to_owned());
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) if is_digest(digest) => (rest, digest),
            Some(_) => return invalid(),
            None => (text, ""),
        };
        let last_slash = rest.rfind('/').map_or(0, |at| at + 1);
        let (name, tag) = match rest[last_slash..].rfind(':') {
            Some(colon) => {
                let (name, tag) = rest.split_at(last_slash + colon);
                (name, &tag[1..])
            }
            None if digest.is_empty() => (rest, "latest"),
            None => (rest, ""),
        };
        if (tag.is_empty() && (digest.is_empty() || rest.ends_with(':')))
            || (!tag.is_empty() && !is_tag(tag))
        {
            return invalid();
        }
        let (registry, path) = split_registry(name);
        if path.chars().any(|c| c.is_ascii_uppercase()) {
            let lower = path.to_ascii_lowercase();
            if is_path(&lower) {
                return Err(format!(
                    "invalid reference format: repository name ({path}) must be lowercase"
                ));
            }
        }
        if !is_path(path) || !is_registry(registry) {
            return invalid();
        }
        let repository = if registry == "docker.io" && !path.contains('/') {
            format!("library/{path}")
        } else {
            path.to_owned()
        };
        Ok(Self {
            registry: registry.to_owned(),
            repository,
            tag: tag.to_owned(),
            digest: digest.to_owned(),
        })
    }

    /// Registry and repository without tag: `docker.io/library/nginx`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }
}

/// The full form, as containerd prints it.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        // A digest wins over a tag, as in ParseDockerRef.
        if !self.digest.is_empty() {
            write!(f, "@{}", self.digest)
        } else {
            write!(f, ":{}", self.tag)
        }
    }
}

/// The first component is a host only if it looks like one; everything else lives on Docker Hub.
fn split_registry(name: &str) -> (&str, &str) {
    match name.split_once('/') {
        Some(("index.docker.io", path)) => ("docker.io", path),
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (host, path),
        _ => ("docker.io", name),
    }
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

fn is_tag(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.len() <= 128
        && text.starts_with(word)
        && text.chars().all(|c| word(c) || c == '.' || c == '-')
}

fn is_path(text: &str) -> bool {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.split('/').all(|part| {
        part.starts_with(alphanumeric)
            && part.ends_with(alphanumeric)
            && part.chars().all(|c| alphanumeric(c) || matches!(c, '.' | '_' | '-'))
            && !part.contains("..")
            && !part.contains("._")
    })
}

fn is_registry(text: &str) -> bool {
    let (host, port) = text.split_once(':').unwrap_or((text, "0"));
    !port.is_empty()
        && port.bytes().all(|b| b.is_ascii_digit())
        && host.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_resolve_to_their_full_form() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        let long = format!("nginx:1.27@{digest}");
        let long_full = format!("docker.io/library/nginx@{digest}");
        for (text, full) in [
            ("nginx", "docker.io/library/nginx:latest"),
            ("nginx:1.7.9", "docker.io/library/nginx:1.7.9"),
            ("docker.io/library/nginx:latest", "docker.io/library/nginx:latest"),
            ("index.docker.io/nginx", "docker.io/library/nginx:latest"),
            ("bitnami/redis:7", "docker.io/bitnami/redis:7"),
            ("registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.10"),
            ("localhost:5000/app", "localhost:5000/app:latest"),
            ("a.b/c__d/e--f", "a.b/c__d/e--f:latest"),
            (&long, &long_full),
        ] {
            assert_eq!(Reference::parse(text).map(|r| r.to_string()), Ok(full.to_owned()));
        }
    }

    #[test]
    fn malformed_references_are_refused() {
        for text in
            ["", "nginx:", "nginx: 1", "a b", "nginx@sha256:12", ":1", "-x", "nginx:-a", "a//b"]
        {
            let error = Reference::parse(text).err();
            assert_eq!(error.as_deref(), Some("invalid reference format"), "{text}");
        }
        assert_eq!(
            Reference::parse("Nginx").err().as_deref(),
            Some("invalid reference format: repository name (Nginx) must be lowercase")
        );
    }
}
