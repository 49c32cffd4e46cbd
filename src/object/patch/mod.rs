//! Patches of JSON values.
