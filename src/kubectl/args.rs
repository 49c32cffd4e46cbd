//! Flags and arguments as `spf13/pflag` and `spf13/cobra` take them.

use super::Failure;

/// Whether a flag takes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// `--watch`, `--watch=false`.
    Switch,
    /// `--output yaml`, `--output=yaml`, `-o yaml`, `-oyaml`.
    Value,
    /// `--dry-run`, `--dry-run=server`; given alone it means the text here.
    Optional(&'static str),
}

/// A flag that a command knows.
#[derive(Clone, Copy, Debug)]
pub struct Flag {
    /// The long name without its dashes.
    pub name: &'static str,
    /// The one-letter name.
    pub short: Option<char>,
    /// Whether it takes a value.
    pub takes: Takes,
    /// The value when it is not given, as the help prints it; empty for none.
    pub default: &'static str,
}

impl Flag {
    /// A flag without a value, off by default.
    pub const fn switch(name: &'static str) -> Self {
        Self { name, short: None, takes: Takes::Switch, default: "false" }
    }

    /// A flag with a value.
    pub const fn value(name: &'static str, default: &'static str) -> Self {
        Self { name, short: None, takes: Takes::Value, default }
    }

    /// A flag whose value may be left out.
    pub const fn optional(name: &'static str, alone: &'static str, default: &'static str) -> Self {
        Self { name, short: None, takes: Takes::Optional(alone), default }
    }

    /// The same flag with a one-letter name.
    pub const fn short(self, short: char) -> Self {
        Self { short: Some(short), ..self }
    }

    /// `-o, --output`: how errors and help call it.
    pub fn shown(&self) -> String {
        match self.short {
            Some(short) => format!("-{short}, --{}", self.name),
            None => format!("--{}", self.name),
        }
    }
}

/// The flags that every command knows.
pub const GLOBAL: &[Flag] = &[
    Flag::value("namespace", "").short('n'),
    Flag::value("context", ""),
    Flag::value("cluster", ""),
    Flag::value("user", ""),
    Flag::value("kubeconfig", ""),
    Flag::value("request-timeout", "0"),
    Flag::value("as", ""),
    Flag::value("as-group", "[]"),
    Flag::value("as-uid", ""),
    Flag::value("cache-dir", ""),
    Flag::switch("insecure-skip-tls-verify"),
    Flag::value("server", "").short('s'),
    Flag::value("tls-server-name", ""),
    Flag::value("token", ""),
    Flag::value("v", "0").short('v'),
    Flag::switch("warnings-as-errors"),
    Flag::switch("help").short('h'),
];

/// A parsed command line.
#[derive(Clone, Debug, Default)]
pub struct Args {
    /// The command as typed: `get`, `rollout status`.
    pub command: String,
    /// What is no flag.
    pub positional: Vec<String>,
    /// How many positional words stood before `--`, if it was given.
    pub dash: Option<usize>,
    /// The namespace of the kubeconfig's context.
    pub context_namespace: String,
    given: Vec<(&'static str, String)>,
    known: Vec<Flag>,
}

impl Args {
    /// Parses the words after the command's own.
    ///
    /// # Errors
    /// Unknown flags, missing and malformed values, in pflag's words.
    pub fn parse(command: &str, flags: &[Flag], words: &[String]) -> Result<Self, Failure> {
        let known: Vec<Flag> = flags.iter().chain(GLOBAL).copied().collect();
        let mut args =
            Self { command: command.to_owned(), known: known.clone(), ..Self::default() };
        let wrong = |why: String| {
            let place = if command.is_empty() { String::new() } else { format!(" {command}") };
            Failure::error(format!("{why}\nSee 'kubectl{place} --help' for usage."))
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if args.dash.is_some() || word == "-" || !word.starts_with('-') {
                args.positional.push(word.clone());
            } else if word == "--" {
                args.dash = Some(args.positional.len());
            } else if let Some(long) = word.strip_prefix("--") {
                args.long(&known, long, &mut words).map_err(wrong)?;
            } else {
                args.shorts(&known, &word[1..], &mut words).map_err(wrong)?;
            }
        }
        Ok(args)
    }

    fn long<'a>(
        &mut self,
        known: &[Flag],
        text: &str,
        words: &mut impl Iterator<Item = &'a String>,
    ) -> Result<(), String> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text, None),
        };
        let flag = known
            .iter()
            .find(|flag| flag.name == name)
            .ok_or_else(|| format!("unknown flag: --{name}"))?;
        let value = match (value, flag.takes) {
            (Some(value), _) => value,
            (None, Takes::Switch) => "true".to_owned(),
            (None, Takes::Optional(alone)) => alone.to_owned(),
            (None, Takes::Value) => {
                words.next().cloned().ok_or_else(|| format!("flag needs an argument: --{name}"))?
            }
        };
        self.set(flag, value)
    }

    fn shorts<'a>(
        &mut self,
        known: &[Flag],
        text: &str,
        words: &mut impl Iterator<Item = &'a String>,
    ) -> Result<(), String> {
        let letters = text.char_indices();
        for (at, letter) in letters {
            let flag = known
                .iter()
                .find(|flag| flag.short == Some(letter))
                .ok_or_else(|| format!("unknown shorthand flag: '{letter}' in -{text}"))?;
            let rest = &text[at + letter.len_utf8()..];
            if let Some(value) = rest.strip_prefix('=') {
                return self.set(flag, value.to_owned());
            }
            match flag.takes {
                Takes::Switch => self.set(flag, "true".to_owned())?,
                Takes::Optional(alone) => self.set(flag, alone.to_owned())?,
                Takes::Value if !rest.is_empty() => return self.set(flag, rest.to_owned()),
                Takes::Value => {
                    let value = words
                        .next()
                        .ok_or_else(|| format!("flag needs an argument: '{letter}' in -{text}"))?;
                    return self.set(flag, value.clone());
                }
            }
        }
        Ok(())
    }

    fn set(&mut self, flag: &Flag, value: String) -> Result<(), String> {
        if flag.takes == Takes::Switch && parse_bool(&value).is_none() {
            let name = flag.shown();
            return Err(format!(
                "invalid argument \"{value}\" for \"{name}\" flag: strconv.ParseBool: parsing \
                 \"{value}\": invalid syntax"
            ));
        }
        if flag.name == "v" && value.parse::<i32>().is_err() {
            return Err(format!(
                "invalid argument \"{value}\" for \"-v, --v\" flag: strconv.ParseInt: parsing \
                 \"{value}\": invalid syntax"
            ));
        }
        self.given.push((flag.name, value));
        Ok(())
    }

    /// Gives a flag another value.
    pub fn give(&mut self, name: &'static str, value: String) {
        self.given.push((name, value));
    }

    /// Checks `--request-timeout`. Mirrors `clientcmd.ParseTimeout`.
    ///
    /// # Errors
    /// What is no span of time.
    pub fn check_timeout(&self) -> Result<(), Failure> {
        self.request_timeout().map(|_| ())
    }

    /// How long a request may take; `None` for as long as it likes.
    ///
    /// # Errors
    /// What is no span of time.
    pub fn request_timeout(&self) -> Result<Option<std::time::Duration>, Failure> {
        let text = self.get("request-timeout");
        let nanos = match text.parse::<i64>() {
            Ok(seconds) => Ok(i128::from(seconds) * 1_000_000_000),
            Err(_) => crate::base::duration::parse_go(text).map(i128::from),
        };
        let nanos = nanos.map_err(|_| {
            Failure::error(
                "Invalid timeout value. Timeout must be a single integer in seconds, or an integer \
                 followed by a corresponding time unit (e.g. 1s | 2m | 3h)",
            )
        })?;
        let nanos = u64::try_from(nanos).unwrap_or(0);
        Ok((nanos > 0).then(|| std::time::Duration::from_nanos(nanos)))
    }

    /// Whether the flag was given.
    pub fn has(&self, name: &str) -> bool {
        self.given.iter().any(|(flag, _)| *flag == name)
    }

    /// Whether objects come from files: `-f` or `-k`.
    pub fn reads_files(&self) -> bool {
        self.has("filename") || self.has("kustomize")
    }

    /// The flag's last value, or its default.
    pub fn get(&self, name: &str) -> &str {
        let given = self.given.iter().rev().find(|(flag, _)| *flag == name);
        let default = || self.known.iter().find(|flag| flag.name == name).map(|flag| flag.default);
        given.map(|(_, value)| value.as_str()).or_else(default).unwrap_or_default()
    }

    /// Every value of a flag that may be repeated.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let given = self.given.iter().filter(|(flag, _)| *flag == name);
        given.map(|(_, value)| value.as_str()).collect()
    }

    /// Every value of a flag that may be repeated and takes lists (`a,b`).
    pub fn list(&self, name: &str) -> Vec<String> {
        let parts = self.all(name).into_iter().flat_map(|text| text.split(','));
        parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    /// Whether a switch is on.
    pub fn is(&self, name: &str) -> bool {
        parse_bool(self.get(name)).unwrap_or(false)
    }

    /// A flag's value as a whole number.
    ///
    /// # Errors
    /// pflag's text for what is no number.
    pub fn int<N: std::str::FromStr>(&self, name: &str) -> Result<N, Failure> {
        let text = self.get(name);
        text.parse().map_err(|_| {
            let known = self.known.iter().find(|flag| flag.name == name);
            let shown = known.map_or_else(|| format!("--{name}"), Flag::shown);
            let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
            let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            let why = if is_number { "value out of range" } else { "invalid syntax" };
            Failure::error(format!(
                "invalid argument \"{text}\" for \"{shown}\" flag: strconv.ParseInt: parsing \
                 \"{text}\": {why}\nSee 'kubectl {} --help' for usage.",
                self.command
            ))
        })
    }

    /// The namespace to work in: the one given, or the context's.
    pub fn namespace(&self) -> &str {
        let named = [self.get("namespace"), &self.context_namespace];
        named.into_iter().find(|name| !name.is_empty()).unwrap_or("default")
    }
}

/// Mirrors Go's `strconv.ParseBool`.
pub fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAGS: &[Flag] =
        &[Flag::value("output", "").short('o'), Flag::switch("watch").short('w')];

    fn parse(line: &str) -> Result<Args, Failure> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Args::parse("get", FLAGS, &words)
    }

    #[test]
    fn values_come_in_every_spelling_of_pflag() {
        for line in ["-o yaml", "-oyaml", "-o=yaml", "--output yaml", "--output=yaml", "-wo yaml"] {
            assert_eq!(parse(line).unwrap().get("output"), "yaml", "{line}");
        }
    }

    #[test]
    fn mistakes_are_named_in_pflags_words() {
        let cases = [
            ("--x", "unknown flag: --x"),
            ("-z", "unknown shorthand flag: 'z' in -z"),
            ("-o", "flag needs an argument: 'o' in -o"),
            ("--output", "flag needs an argument: --output"),
            (
                "--watch=maybe",
                "invalid argument \"maybe\" for \"-w, --watch\" flag: strconv.ParseBool: parsing \
                 \"maybe\": invalid syntax",
            ),
        ];
        for (line, why) in cases {
            let expected = format!("error: {why}\nSee 'kubectl get --help' for usage.\n");
            assert_eq!(parse(line).unwrap_err().text, expected);
        }
    }
}
