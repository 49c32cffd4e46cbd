//! The panels of stage and inspector. A new one is a file and a line in [`PANELS`].

/// What an autoscaler decided, and when.
pub mod autoscaling;
/// Nodes and the Pods on them.
pub mod cluster;
/// `kubectl describe` of the selected object.
pub mod describe;
/// Events, newest first.
pub mod events;
/// Claims, volumes and what binds them.
pub mod storage;
/// The selected object at a glance.
pub mod summary;
/// What was decided about the selected object, and from which numbers.
pub mod why;
/// Who owns whom.
pub mod workloads;
/// The selected object as YAML.
pub mod yaml;

use std::rc::Rc;

use yew::prelude::*;

use super::act::Act;
use super::messages::Messages;
use super::session::Handle;
use super::view::{Item, Ref, View};

/// What every panel gets.
#[derive(Clone, PartialEq, Properties)]
pub struct Scene {
    /// The cluster.
    pub view: Rc<View>,
    /// The selected object.
    pub selection: Option<Ref>,
    /// For what only the session knows: texts and the trace.
    pub session: Handle,
    /// What to do.
    pub act: Callback<Act>,
}

impl Scene {
    /// The selected object, if it still exists.
    pub fn selected(&self) -> Option<&Rc<Item>> {
        self.view.get(self.selection.as_ref()?)
    }
}

/// Where a panel lives.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the middle.
    Stage,
    /// On the right.
    Inspector,
}

/// One panel.
pub struct Panel {
    /// Its identity.
    pub id: &'static str,
    /// Where it lives.
    pub place: Place,
    /// The label of its tab.
    pub title: fn(&Messages) -> &'static str,
    /// The number on its tab.
    pub count: fn(&View) -> Option<usize>,
    /// Its content.
    pub render: fn(Scene) -> Html,
}

/// All panels, in the order of their tabs.
pub const PANELS: &[Panel] = &[
    cluster::PANEL,
    workloads::PANEL,
    storage::PANEL,
    autoscaling::PANEL,
    events::PANEL,
    summary::PANEL,
    yaml::PANEL,
    describe::PANEL,
    events::OF_SELECTION,
    why::PANEL,
];
