//! What a person can do to the world outside the API: load, nodes, images.

use super::{Cluster, NodeSpec, bootstrap};
use crate::api::{Request, Status};
use crate::object::{GroupResource, Key};

const NODES: GroupResource = GroupResource::new("", "nodes");

/// A change of the physical world. Mirrors the control service of the conformance recordings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// Sets what the Pods of a selector use.
    Load {
        /// The Pods' namespace.
        namespace: String,
        /// Label selector text.
        selector: String,
        /// CPU in thousandths of a core; `None` leaves it to the image.
        cpu_milli: Option<i64>,
        /// Whether `cpu_milli` is for all Pods together (divided among them) or for each.
        total: bool,
        /// Memory in bytes; `None` leaves it to the image.
        memory_bytes: Option<i64>,
        /// Whether the metrics API has nothing to say about these Pods.
        missing: bool,
    },
    /// A new node joins.
    AddNode(NodeSpec),
    /// A node is removed, with its Node object.
    RemoveNode(String),
    /// A node's kubelet falls silent.
    Silence(String),
    /// A silent kubelet speaks again.
    Unsilence(String),
    /// An image can no longer be pulled.
    MarkImageMissing(String),
}

impl Cluster {
    /// Changes the physical world.
    ///
    /// # Errors
    /// What the API server answers where the change shows there (nodes).
    pub fn control(&mut self, control: &Control) -> Result<(), Status> {
        match control {
            Control::Load { namespace, selector, cpu_milli, total, memory_bytes, missing } => {
                self.kubelets.set_load(crate::kubelet::LoadRule {
                    namespace: namespace.clone(),
                    selector: selector.clone(),
                    cpu_milli: *cpu_milli,
                    total: *total,
                    memory_bytes: *memory_bytes,
                    missing: *missing,
                });
                self.settle();
            }
            Control::AddNode(node) => bootstrap::add_node(self, node)?,
            Control::RemoveNode(name) => {
                self.call(Request::delete(&Key::new(NODES, "", name)))?;
            }
            Control::Silence(name) => self.kubelets.silence(name, true),
            Control::Unsilence(name) => self.kubelets.silence(name, false),
            Control::MarkImageMissing(image) => self.kubelets.mark_image_missing(image),
        }
        self.settle();
        Ok(())
    }
}
