//! The simulated world's clock, agenda, randomness and trace.

mod agenda;
mod calendar;
mod rng;
mod time;
mod trace;

pub use agenda::Agenda;
pub use rng::Rng;
pub use time::{Time, duration};
pub use trace::{Explain, Fact, Record, Trace};
