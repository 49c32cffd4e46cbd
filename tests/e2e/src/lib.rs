//! Drives the built page as a person with a screen reader would know it: by role and name.
//!
//! `cargo xtask test` serves the page and runs these tests; `TABERNETES_URL` is the address.

mod driver;
mod http;
mod page;

pub use page::{Page, SECONDS_MAX};

/// No arguments for a script.
pub fn none() -> serde_json::Value {
    serde_json::Value::Array(Vec::new())
}
