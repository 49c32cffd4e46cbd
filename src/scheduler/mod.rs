//! The seam that the cluster calls; its inside follows.
#![allow(missing_docs)]
use crate::{
    runtime::Context,
    sim::{Rng, Time},
    store::Change,
};
#[derive(Clone)]
pub struct Scheduler;
impl Scheduler {
    pub fn new(_: Rng) -> Self {
        Self
    }
    pub fn observe(&mut self, _: &Change) {}
    pub fn next_time(&self, _: Time) -> Option<Time> {
        None
    }
    pub fn run(&mut self, _: &mut Context<'_>) {}
}
