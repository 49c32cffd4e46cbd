//! Tells each node for how long its kubelet may keep what it read: longer in large clusters.
//! Mirrors `pkg/controller/ttl`.

use crate::api::Status;
use crate::object::{GroupResource, Key, meta};
use crate::runtime::{Context, Controller, Next, Watch};

const NODES: GroupResource = GroupResource::new("", "nodes");
const ANNOTATION: &str = "node.alpha.kubernetes.io/ttl";
/// From how many nodes on, how many seconds: the ends of `ttlBoundaries`.
const STEPS: &[(usize, &str)] = &[(1801, "300"), (901, "60"), (451, "30"), (91, "15"), (0, "0")];

/// The controller of that annotation.
#[derive(Clone, Debug, Default)]
pub struct NodeTtl;

impl Controller for NodeTtl {
    fn name(&self) -> &'static str {
        "ttl-controller"
    }

    fn watches(&self) -> Vec<Watch> {
        vec![Watch::Own(NODES)]
    }

    fn sync(&mut self, key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
        let Some(object) = cx.cache.get(key) else { return Ok(Next::OnChange) };
        // A node that was told once is told again only when the cluster has grown or shrunk.
        let count = cx.cache.list(&NODES).count();
        let wanted = STEPS.iter().find(|(least, _)| count >= *least).map_or("0", |(_, ttl)| *ttl);
        if meta::annotation(object.meta(), ANNOTATION) != Some(wanted) {
            let mut object = object.clone();
            let annotations = object.meta_mut().annotations.get_or_insert_default();
            annotations.insert(ANNOTATION.to_owned(), wanted.to_owned());
            cx.update(object)?;
        }
        Ok(Next::OnChange)
    }
}
