//! `kubectl logs`. Mirrors `k8s.io/kubectl/pkg/cmd/logs`.

mod follow;
mod options;
mod source;

use super::{Command, SELECTOR};
use crate::kubectl::{Args, Failure, Flag, Io, Job, Step};
use crate::sim::Time;

use follow::Following;
use options::Options;
use source::Source;
pub use source::{Names, Standing, selector_of, wait};

/// The verb.
pub struct Logs;

impl Command for Logs {
    fn name(&self) -> &'static str {
        "logs"
    }

    fn flags(&self) -> &'static [Flag] {
        const FLAGS: &[Flag] = &[
            SELECTOR,
            Flag::switch("all-containers"),
            Flag::switch("all-pods"),
            Flag::value("container", "").short('c'),
            Flag::switch("follow").short('f'),
            Flag::switch("ignore-errors"),
            Flag::switch("insecure-skip-tls-verify-backend"),
            Flag::value("limit-bytes", "0"),
            Flag::value("max-log-requests", "5"),
            Flag::value("pod-running-timeout", "20s"),
            Flag::switch("prefix"),
            Flag::switch("previous").short('p'),
            Flag::value("since", "0s"),
            Flag::value("since-time", ""),
            Flag::value("tail", "-1"),
            Flag::switch("timestamps"),
        ];
        FLAGS
    }

    fn usage(&self) -> &'static str {
        "kubectl logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER] [options]"
    }

    fn about(&self) -> &'static str {
        "Print the logs for a container in a pod or specified resource."
    }

    fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure> {
        let options = Options::from_args(&args)?;
        Ok(Box::new(LogsJob { args, options, started: None, following: None }))
    }
}

struct LogsJob {
    args: Args,
    options: Options,
    started: Option<Time>,
    following: Option<Vec<Following>>,
}

impl Job for LogsJob {
    fn poll(&mut self, io: &mut Io<'_>) -> Result<Step, Failure> {
        if let Some(all) = &mut self.following {
            return follow::poll(all, &self.options, io);
        }
        let started = *self.started.get_or_insert(io.now);
        let found = source::find(&self.args, &self.options, started, io)?;
        let sources = match found {
            source::Found::Sources(sources) => sources,
            source::Found::Nothing => return Ok(Step::Done(0)),
            source::Found::NotYet(step) => return Ok(step),
        };
        if self.options.follow && sources.len() > self.options.max_requests {
            return Err(Failure::error(format!(
                "you are attempting to follow {} log streams, but maximum allowed concurrency is \
                 {}, use --max-log-requests to increase the limit",
                sources.len(),
                self.options.max_requests
            )));
        }
        let mut all = Vec::new();
        for source in sources {
            match print(&source, &self.options, io) {
                Ok(()) => {}
                Err(failure) if self.options.ignore_errors => {
                    io.err.push_str(&failure.text);
                    continue;
                }
                Err(failure) => return Err(failure),
            }
            all.push(source);
        }
        if !self.options.follow {
            return Ok(Step::Done(0));
        }
        let mut following = Vec::new();
        for source in all {
            following.push(Following::start(source, &self.options, io)?);
        }
        follow::poll(self.following.insert(following), &self.options, io)
    }
}

/// Prints what a source has now.
fn print(source: &Source, options: &Options, io: &mut Io<'_>) -> Result<(), Failure> {
    let text = source.read(io, options.query())?;
    io.out.push_str(&source.decorate(&text, options));
    Ok(())
}
