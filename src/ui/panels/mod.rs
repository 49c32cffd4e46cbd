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

/// What every panel gets. Two are equal, and nothing is drawn again, if what the panel draws is: its
/// [`Panel::epoch`] says so.
#[derive(Clone, Properties)]
pub struct Scene {
    /// The cluster.
    pub view: Rc<View>,
    /// The panel's epoch.
    #[prop_or_default]
    pub epoch: u64,
    /// The selected object.
    pub selection: Option<Ref>,
    /// For what only the session knows: texts and the trace.
    pub session: Handle,
    /// What to do.
    pub act: Callback<Act>,
}

impl PartialEq for Scene {
    fn eq(&self, other: &Self) -> bool {
        self.epoch == other.epoch
            && self.selection == other.selection
            && self.session == other.session
            && self.act == other.act
    }
}

impl Scene {
    /// The selected object, if it still exists.
    pub fn selected(&self) -> Option<&Rc<Item>> {
        self.view.get(self.selection.as_ref()?)
    }
}

/// The epoch of a panel that shows how much time has passed.
pub fn clock(view: &View) -> u64 {
    view.now.seconds().wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The same for a panel that shows time only while some object's grace runs out.
pub fn leaving_clock(view: &View) -> u64 {
    if view.items.leaving() > 0 { clock(view) } else { 0 }
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
    /// A number that changes whenever the panel would look different.
    pub epoch: fn(&Scene) -> u64,
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
