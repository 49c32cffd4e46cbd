//! The schemas behind `kubectl explain`: too large for the first load, so they come when a command
//! asks for them, before it runs. A replay hence sees what the person saw.

use crate::api::openapi;
use crate::web::fetch;

/// Where they are; `cargo xtask build` puts them there.
const FILE: &str = "schemas.json";
/// The verb that needs them.
const VERB: &str = "explain";

/// Calls `then` once the schemas are there that a command line or a log may need: at once where it
/// needs none, and after a failure too, which the command then tells of.
pub fn before(line: &str, then: impl FnOnce() + 'static) {
    if openapi::is_offered() || !line.contains(VERB) {
        return then();
    }
    fetch::text(FILE, |text| {
        if let Some(text) = text {
            openapi::offer(&text);
        }
        then();
    });
}
