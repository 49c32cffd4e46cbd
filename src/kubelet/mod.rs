//! The seam that the cluster calls; its inside follows.
#![allow(missing_docs)]
use crate::{
    api::{Reply, Request, Status, Upstream},
    runtime::Context,
    sim::{Rng, Time},
    store::Change,
};
#[derive(Clone)]
pub struct Kubelets;
pub struct LoadRule {
    pub namespace: String,
    pub selector: String,
    pub cpu_milli: Option<i64>,
    pub total: bool,
    pub memory_bytes: Option<i64>,
    pub missing: bool,
}
impl Kubelets {
    pub fn new(_: Rng) -> Self {
        Self
    }
    pub fn observe(&mut self, _: &Change, _: Time) {}
    pub fn next_time(&self, _: Time) -> Option<Time> {
        None
    }
    pub fn run(&mut self, _: &mut Context<'_>) {}
    pub fn set_load(&mut self, _: LoadRule) {}
    pub fn silence(&mut self, _: &str, _: bool) {}
    pub fn mark_image_missing(&mut self, _: &str) {}
}
impl Upstream for Kubelets {
    fn serve(&mut self, _: &Request) -> Option<Result<Reply, Status>> {
        None
    }
}
