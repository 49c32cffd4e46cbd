//! Building blocks without Kubernetes objects and without time.

/// Bytes as text.
pub mod base64;
/// Expressions in the Common Expression Language.
pub mod cel;
#[cfg(not(target_arch = "wasm32"))]
#[expect(clippy::disallowed_types, reason = "the crate's values are shared between threads")]
mod cel_library;
/// Differences between two texts, line by line.
pub mod diff;
/// Spans of time as text.
pub mod duration;
/// Selection of objects by their fields.
pub mod field_selector;
/// Files by path.
pub mod files;
/// The hash of texts.
pub mod fnv;
/// Go's `text/template`.
pub mod go_template;
mod go_template_eval;
/// Values as Go prints them.
pub mod go_text;
/// Counts given as a number or a percentage.
pub mod int_or_percent;
/// Addresses and ranges as text.
pub mod ip_text;
/// kubectl's JSONPath templates.
pub mod json_path;
mod json_path_eval;
mod json_path_parser;
/// JSON text as Go reads it.
pub mod json_read;
/// JSON as KYAML.
pub mod kyaml;
/// What may be a label's key and value.
pub mod label_name;
/// Selection of objects by their labels.
pub mod label_selector;
mod label_selector_parser;
/// Sorting.
pub mod order;
/// Percent-encoding.
pub mod percent;
/// Amounts of resources.
pub mod quantity;
/// Regular expressions as Go has them.
pub mod regex;
mod regex_parser;
/// SHA-256.
pub mod sha256;
/// Sorted maps and sets whose copies share what they have in common.
pub mod shared_map;
/// Maps of few entries.
pub mod small_map;
/// Columns of text.
pub mod table;
/// Manifests, read and printed as kubectl does.
pub mod yaml;
mod yaml_read;
mod yaml_scalar;
mod yaml_write;
