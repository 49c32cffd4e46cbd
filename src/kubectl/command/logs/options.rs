//! What the flags of `kubectl logs` ask for.

use crate::base::duration;
use crate::kubectl::{Args, Failure};

/// Nanoseconds in a second.
const SECOND: i64 = 1_000_000_000;
/// Lines of each log with `-l`, unless `--tail` is given.
const TAIL_OF_SELECTED: i64 = 10;

/// The flags, checked.
pub struct Options {
    /// `-c`, or the word after the pod's name.
    pub container: String,
    pub all_containers: bool,
    pub all_pods: bool,
    pub follow: bool,
    pub ignore_errors: bool,
    pub max_requests: usize,
    pub prefix: bool,
    pub previous: bool,
    pub timestamps: bool,
    tail: Option<i64>,
    limit: Option<i64>,
    since_seconds: Option<i64>,
    since_time: String,
}

impl Options {
    /// Checks the command line.
    pub fn from_args(args: &Args) -> Result<Self, Failure> {
        let words = &args.positional;
        let selector = args.get("selector");
        let since = since(args)?;
        if selector.is_empty() && !matches!(words.len(), 1 | 2) {
            return Err(Failure::usage(
                "logs",
                "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a \
                 required argument for the logs command",
            ));
        }
        if !selector.is_empty() && !words.is_empty() {
            return Err(Failure::usage("logs", "only a selector (-l) or a POD name is allowed"));
        }
        let inline = words.get(1).cloned().unwrap_or_default();
        if !inline.is_empty() && args.has("container") {
            return Err(Failure::error("only one of -c or an inline [CONTAINER] arg is allowed"));
        }
        let container = if inline.is_empty() { args.get("container").to_owned() } else { inline };
        let tail: i64 = args.int("tail")?;
        let limit: i64 = args.int("limit-bytes")?;
        let options = Self {
            all_containers: args.is("all-containers"),
            all_pods: args.is("all-pods"),
            follow: args.is("follow"),
            ignore_errors: args.is("ignore-errors"),
            max_requests: args.int("max-log-requests")?,
            prefix: args.is("prefix") || args.is("all-pods"),
            previous: args.is("previous"),
            timestamps: args.is("timestamps"),
            tail: match tail {
                -1 if !selector.is_empty() && !args.has("tail") => Some(TAIL_OF_SELECTED),
                -1 => None,
                tail => Some(tail),
            },
            limit: (limit != 0).then_some(limit),
            since_seconds: (since != 0).then(|| since / SECOND + i64::from(since % SECOND > 0)),
            since_time: args.get("since-time").to_owned(),
            container,
        };
        options.check(tail, limit, since)?;
        Ok(options)
    }

    fn check(&self, tail: i64, limit: i64, since: i64) -> Result<(), Failure> {
        if !self.since_time.is_empty() && since != 0 {
            return Err(Failure::error(
                "at most one of `sinceTime` or `sinceSeconds` may be specified",
            ));
        }
        if self.all_containers && !self.container.is_empty() {
            return Err(Failure::error(format!(
                "--all-containers=true should not be specified with container name {}",
                self.container
            )));
        }
        if tail < -1 {
            return Err(Failure::error("--tail must be greater than or equal to -1"));
        }
        if limit < 0 {
            return Err(Failure::error("--limit-bytes must be greater than 0"));
        }
        if since < 0 {
            return Err(Failure::error("--since must be greater than 0"));
        }
        Ok(())
    }

    /// The parameters of the first request.
    pub fn query(&self) -> Vec<(String, String)> {
        let mut query = self.whole();
        let mut add = |name: &str, value: String| query.push((name.to_owned(), value));
        if let Some(lines) = self.tail {
            add("tailLines", lines.to_string());
        }
        if let Some(bytes) = self.limit {
            add("limitBytes", bytes.to_string());
        }
        if let Some(seconds) = self.since_seconds {
            add("sinceSeconds", seconds.to_string());
        }
        if !self.since_time.is_empty() {
            add("sinceTime", self.since_time.clone());
        }
        query
    }

    /// The parameters of a request for everything there is.
    pub fn whole(&self) -> Vec<(String, String)> {
        let mut query = Vec::new();
        for (name, is_on) in [("previous", self.previous), ("timestamps", self.timestamps)] {
            if is_on {
                query.push((name.to_owned(), "true".to_owned()));
            }
        }
        query
    }
}

/// `--since` in nanoseconds.
fn since(args: &Args) -> Result<i64, Failure> {
    let time = args.get("since-time");
    if !time.is_empty() && time.parse::<jiff::Timestamp>().is_err() {
        return Err(Failure::error(format!(
            "parsing time \"{time}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"{time}\" as \
             \"2006\""
        )));
    }
    let text = args.get("since");
    duration::parse_go(text).map_err(|why| {
        Failure::error(format!(
            "invalid argument \"{text}\" for \"--since\" flag: {why}\nSee 'kubectl logs --help' for \
             usage."
        ))
    })
}
