//! Whether a container's image is on the node, and how it gets there. Mirrors `pkg/kubelet/images`.

use std::time::Duration;

use super::container::{BackOff, Container, State};
use super::step::Step;
use crate::base::duration::go_string;
use crate::machine::{Pull, PullError, Reference};
use crate::runtime::EventType::{Normal, Warning};
use crate::sim::Time;

/// How long a failed pull is seen before the kubelet says that it holds back.
const PULL_ERROR_SEEN: Duration = Duration::from_secs(2);
/// How long a registry takes to say that it does not have an image.
const REFUSAL: Duration = Duration::from_millis(500);

/// What is done to get a container's image.
#[derive(Clone, Debug, Default)]
pub struct ImagePull {
    back_off: BackOff,
    failed: Option<(Time, String)>,
    under_way: Option<UnderWay>,
    /// The image is there for the next start.
    pub done: bool,
}

#[derive(Clone, Debug)]
struct UnderWay {
    asked: Time,
    until: Time,
    result: Result<Pull, String>,
}

impl Container {
    /// Sees to it that the image is on the node; whether it is. Mirrors `EnsureImageExists`.
    pub(super) fn has_image(
        &mut self,
        step: &mut Step<'_, '_>,
        image: &str,
        policy: Option<&str>,
    ) -> bool {
        let now = step.now();
        if self.image.done {
            return true;
        }
        if let Some(pull) = &self.image.under_way {
            if now < pull.until {
                step.again_at(Some(pull.until));
                return false;
            }
            return self.finish_pull(step, image);
        }
        if let Some((failed, error)) = self.image.failed.clone()
            && let Some(until) = self.image.back_off.until(failed, now)
        {
            let shown = failed + PULL_ERROR_SEEN;
            if now < shown {
                step.again_at(Some(shown.min(until)));
            } else {
                self.hold_back_pull(step, image, &error);
                step.again_at(Some(until));
            }
            return false;
        }
        if let Err(why) = Reference::parse(image) {
            let text = format!(
                "Failed to apply default image tag \"{image}\": couldn't parse image name \
                 \"{image}\": {why}"
            );
            self.refuse(step, "InvalidImageName", "InspectFailed", text);
            return false;
        }
        let present = step.machine().is_some_and(|machine| machine.has_image(image, now));
        match policy {
            Some("Never") if !present => {
                let text =
                    format!("Container image \"{image}\" is not present with pull policy of Never");
                self.refuse(step, "ErrImageNeverPull", "ErrImageNeverPull", text);
                false
            }
            Some("IfNotPresent" | "Never") if present => {
                let text = format!(
                    "Container image \"{image}\" already present on machine and can be accessed \
                     by the pod"
                );
                step.event(&self.path(), Normal, "Pulled", &text);
                self.image.done = true;
                true
            }
            _ => {
                self.begin_pull(step, image);
                false
            }
        }
    }

    fn begin_pull(&mut self, step: &mut Step<'_, '_>, image: &str) {
        let asked = step.now();
        step.event(&self.path(), Normal, "Pulling", &format!("Pulling image \"{image}\""));
        let Some(machine) = step.machine() else { return };
        let result = machine.pull(image, asked).map_err(|error| match error {
            PullError::InvalidName(text) | PullError::NotFound(text) => text,
        });
        let until = result.as_ref().map_or(asked + REFUSAL, |pull| {
            step.pace.pull.map_or(pull.ready_at, |takes| asked + takes)
        });
        self.image.under_way = Some(UnderWay { asked, until, result });
        step.again_at(Some(until));
    }

    fn finish_pull(&mut self, step: &mut Step<'_, '_>, image: &str) -> bool {
        let Some(pull) = self.image.under_way.take() else { return false };
        let path = self.path();
        match pull.result {
            Ok(pulled) => {
                let text = format!(
                    "Successfully pulled image \"{image}\" in {} ({} including waiting). \
                     Image size: {} bytes.",
                    shown(pulled.takes),
                    shown(pull.until.since(pull.asked)),
                    pulled.size_bytes
                );
                step.event(&path, Normal, "Pulled", &text);
                self.image.done = true;
                self.image.failed = None;
                true
            }
            Err(error) => {
                let text = format!("Failed to pull image \"{image}\": {error}");
                step.event(&path, Warning, "Failed", &text);
                step.event(&path, Warning, "Failed", "Error: ErrImagePull");
                self.state = State::Waiting { reason: "ErrImagePull", message: error.clone() };
                self.image.back_off.next(step.now());
                self.image.failed = Some((step.now(), error));
                step.again_at(Some(step.now() + PULL_ERROR_SEEN));
                false
            }
        }
    }

    fn hold_back_pull(&mut self, step: &mut Step<'_, '_>, image: &str, error: &str) {
        let reason = "ImagePullBackOff";
        if matches!(self.state, State::Waiting { reason: known, .. } if known == reason) {
            return;
        }
        let path = self.path();
        step.event(&path, Normal, "BackOff", &format!("Back-off pulling image \"{image}\""));
        step.event(&path, Warning, "Failed", "Error: ImagePullBackOff");
        let message = format!("Back-off pulling image \"{image}\": ErrImagePull: {error}");
        self.state = State::Waiting { reason, message };
    }
}

/// Milliseconds as Go prints durations.
fn shown(duration: Duration) -> String {
    let nanos = duration.as_nanos() / 1_000_000 * 1_000_000;
    go_string(i64::try_from(nanos).unwrap_or(i64::MAX))
}
