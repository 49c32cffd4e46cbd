//! `kubectl kustomize`. Mirrors `k8s.io/kubectl/pkg/cmd/kustomize`.

use super::spec::Spec;
use crate::base::yaml;
use crate::kubectl::{Failure, Flag, Io, kustomize};

/// The verb.
pub const KUSTOMIZE: Spec = Spec {
    name: "kustomize",
    aliases: &[],
    shared: &[],
    flags: &[
        Flag::switch("as-current-user"),
        Flag::switch("enable-alpha-plugins"),
        Flag::switch("enable-helm"),
        Flag::value("env", "[]").short('e'),
        Flag::value("helm-api-versions", "[]"),
        Flag::value("helm-command", "helm"),
        Flag::switch("helm-debug"),
        Flag::value("helm-kube-version", ""),
        Flag::value("load-restrictor", "LoadRestrictionsRootOnly"),
        Flag::value("mount", "[]"),
        Flag::switch("network"),
        Flag::value("network-name", "bridge"),
        Flag::value("output", "").short('o'),
    ],
    usage: "kubectl kustomize DIR [flags] [options]",
    about: "Build a kustomization target from a directory or URL.",
    start: |args| {
        let folder = match args.positional.as_slice() {
            [] => ".".to_owned(),
            [folder] => folder.clone(),
            _ => return Err(Failure::error("specify one path to kustomization.yaml")),
        };
        Ok(Box::new(move |io: &mut Io<'_>| {
            let mut built = kustomize::build(io.files, &folder)?;
            io.err.push_str(&built.warnings);
            kustomize::sort(&mut built.objects);
            let texts: Vec<_> = built.objects.iter().map(yaml::to_string).collect();
            let text = texts.join("---\n");
            match args.get("output") {
                "" => io.out.push_str(&text),
                name => io.files.write(name, text),
            }
            Ok(())
        }))
    },
};
