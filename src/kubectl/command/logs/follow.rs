//! `kubectl logs -f`: reads again and again, and prints what is new.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;

use super::{Options, Source};
use crate::kubectl::{Failure, Io, Step, resource};

/// How often a log is read.
const PERIOD: Duration = Duration::from_millis(250);

/// A log that is followed.
pub struct Following {
    source: Source,
    /// How many bytes of it have been printed or skipped.
    seen: usize,
    has_ended: bool,
}

impl Following {
    /// Follows a log from its present end on.
    pub fn start(source: Source, options: &Options, io: &mut Io<'_>) -> Result<Self, Failure> {
        let seen = source.read(io, options.whole())?.len();
        Ok(Self { source, seen, has_ended: false })
    }

    fn read(&mut self, options: &Options, io: &mut Io<'_>) {
        // A log that cannot be read any more has ended, as a broken stream has.
        let Ok(text) = self.source.read(io, options.whole()) else {
            self.has_ended = true;
            return;
        };
        if let Some(new) = text.get(self.seen..) {
            io.out.push_str(&self.source.decorate(new, options));
            self.seen = text.len();
        }
        self.has_ended = text.len() < self.seen || !self.is_running(io);
    }

    fn is_running(&self, io: &mut Io<'_>) -> bool {
        let pods = resource::kind("pods");
        let Ok(object) = pods
            .and_then(|pods| resource::fetch(io, &pods, &self.source.namespace, &self.source.pod))
        else {
            return false;
        };
        let Some(status) = object.get::<Pod>().and_then(|pod| pod.status.as_ref()) else {
            return false;
        };
        let lists = [
            &status.container_statuses,
            &status.init_container_statuses,
            &status.ephemeral_container_statuses,
        ];
        let mut statuses = lists.into_iter().flatten().flatten();
        statuses.any(|container| {
            let state = container.state.as_ref();
            container.name == self.source.container
                && state.is_some_and(|state| state.running.is_some())
        })
    }
}

/// Prints what is new; ends when all logs have ended.
pub fn poll(all: &mut [Following], options: &Options, io: &mut Io<'_>) -> Result<Step, Failure> {
    for following in all.iter_mut().filter(|following| !following.has_ended) {
        following.read(options, io);
    }
    let has_ended = all.iter().all(|following| following.has_ended);
    Ok(if has_ended { Step::Done(0) } else { Step::Wait(Some(PERIOD)) })
}
