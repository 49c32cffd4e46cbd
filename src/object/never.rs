//! The error of a codec in which nothing can go wrong.

use std::fmt;

/// There is no error, and the compiler knows it: no type's code has to end halfway.
#[derive(Debug)]
pub(super) enum Never {}

impl fmt::Display for Never {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl std::error::Error for Never {}

impl serde::ser::Error for Never {
    fn custom<T: fmt::Display>(_: T) -> Self {
        refused()
    }
}

/// None of the defaults, which would bring the words for each case.
impl serde::de::Error for Never {
    fn custom<T: fmt::Display>(_: T) -> Self {
        refused()
    }

    fn invalid_type(_: serde::de::Unexpected<'_>, _: &dyn serde::de::Expected) -> Self {
        refused()
    }

    fn invalid_value(_: serde::de::Unexpected<'_>, _: &dyn serde::de::Expected) -> Self {
        refused()
    }

    fn invalid_length(_: usize, _: &dyn serde::de::Expected) -> Self {
        refused()
    }

    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        refused()
    }

    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        refused()
    }

    fn missing_field(_: &'static str) -> Self {
        refused()
    }

    fn duplicate_field(_: &'static str) -> Self {
        refused()
    }
}

/// What types may refuse is found before they are asked.
#[inline(never)]
pub(super) fn refused() -> ! {
    panic!("plain data with string keys, each value checked, is refused by no type")
}
