//! The verbs about nodes: `cordon`, `uncordon`, `drain`, `taint`.

pub mod cordon;
pub mod drain;
mod filter;
pub mod taint;
