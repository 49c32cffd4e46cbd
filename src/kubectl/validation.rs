//! `--validate`: what is to become of fields that the server does not know.

use super::{Args, Failure, Flag};
use crate::api::Request;

/// The flag.
pub const VALIDATE: Flag = Flag::optional("validate", "strict", "strict");

/// What `--validate` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validation {
    /// Unknown fields are refused.
    Strict,
    /// They are warned of.
    Warn,
    /// They are left out.
    Ignore,
}

impl Validation {
    /// Reads the flag. Mirrors `cmdutil.GetValidationDirective`.
    ///
    /// # Errors
    /// A word that is none of those known.
    pub fn from_args(args: &Args) -> Result<Self, Failure> {
        match args.get("validate") {
            "" | "true" | "strict" => Ok(Self::Strict),
            "warn" => Ok(Self::Warn),
            "ignore" | "false" => Ok(Self::Ignore),
            other => Err(Failure::error(format!(
                "invalid - validate option {other:?}; must be one of: strict (or true), warn, \
                 ignore (or false)"
            ))),
        }
    }

    /// Puts it into a request.
    pub fn apply(self, request: &mut Request) {
        request.strict = self == Self::Strict;
        request.lenient = self == Self::Ignore;
    }
}
