//! The seam that the cluster calls; its inside follows.
#![allow(missing_docs)]
use crate::{
    api::{Reply, Request, Status, Upstream},
    kubelet::Kubelets,
    sim::Time,
};
#[derive(Clone, Default)]
pub struct Metrics;
impl Metrics {
    pub fn sample(&mut self, _: &Kubelets, _: Time) {}
    pub fn next_time(&self, _: Time) -> Option<Time> {
        None
    }
}
impl Upstream for Metrics {
    fn serve(&mut self, _: &Request) -> Option<Result<Reply, Status>> {
        None
    }
}
