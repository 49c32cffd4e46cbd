//! `kubectl completion`. Mirrors `k8s.io/kubectl/pkg/cmd/completion`; the scripts are short, since they
//! ask kubectl itself what may follow.

use super::spec::Spec;
use crate::kubectl::{Failure, Io};

/// The scripts, by shell.
const SCRIPTS: [(&str, &str); 4] = [
    (
        "bash",
        "\n# bash completion for kubectl\n__start_kubectl()\n{\n    local line=\"${COMP_WORDS[*]:1:COMP_CWORD}\"\n    \
         COMPREPLY=( $(compgen -W \"$(kubectl __complete $line 2>/dev/null)\" -- \
         \"${COMP_WORDS[COMP_CWORD]}\") )\n}\ncomplete -o default -F __start_kubectl kubectl\n",
    ),
    (
        "zsh",
        "#compdef kubectl\ncompdef _kubectl kubectl\n\n# zsh completion for kubectl\n_kubectl()\n{\n    compadd -- \
         $(kubectl __complete ${words[2,-1]} 2>/dev/null)\n}\n",
    ),
    (
        "fish",
        "\n# fish completion for kubectl\ncomplete -c kubectl -f -a '(kubectl __complete (commandline -opc)[2..] \
         (commandline -ct) 2>/dev/null)'\n",
    ),
    (
        "powershell",
        "\n# powershell completion for kubectl\nRegister-ArgumentCompleter -CommandName 'kubectl' -ScriptBlock {\n    \
         param($word, $line)\n    kubectl __complete $line.CommandElements[1..99] 2>$null\n}\n",
    ),
];

/// The verb.
pub const COMPLETION: Spec = Spec {
    name: "completion",
    aliases: &[],
    shared: &[],
    flags: &[],
    usage: "kubectl completion SHELL [options]",
    about: "Output shell completion code for the specified shell (bash, zsh, fish, or powershell).",
    start: |args| {
        let shell = match args.positional.as_slice() {
            [shell] => shell.clone(),
            [] => return Err(Failure::usage("completion", "Shell not specified.")),
            _ => {
                let why = "Too many arguments. Expected only the shell type.";
                return Err(Failure::usage("completion", why));
            }
        };
        let Some((_, script)) = SCRIPTS.iter().find(|(name, _)| *name == shell) else {
            let why = format!("Unsupported shell type {shell:?}.");
            return Err(Failure::usage("completion", &why));
        };
        Ok(Box::new(move |io: &mut Io<'_>| {
            io.out.push_str(script);
            Ok(())
        }))
    },
};
