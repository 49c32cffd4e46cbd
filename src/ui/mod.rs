//! The page: an observer of the cluster that holds view state only. Whatever it changes, it changes
//! by the kubectl command it shows.

/// Everything a person can do on the page.
pub mod act;
/// The frame: bars, columns, and where an act goes.
pub mod app;
/// The editor.
pub mod editor;
/// From Kubernetes objects to what the page draws of them.
pub mod facts;
/// What the page draws of a Pod and a Node.
pub mod facts_pod;
/// What the page keeps across reloads.
pub mod files;
/// What kubectl and the trace say about an object.
pub mod inspect;
/// From the store to the page's items.
pub mod items;
/// Every word the page says.
pub mod messages;
/// The panels of stage and inspector, one file each.
pub mod panels;
/// What is wrong with a manifest, and where.
pub mod problems;
/// What `kubectl explain` needs, loaded when it does.
pub mod schemas;
/// The cluster, its clock, the terminal, and how they survive a reload.
pub mod session;
/// What the page shows besides the cluster.
pub mod state;
/// The terminal.
pub mod terminal;
/// The bar at the top.
pub mod topbar;
/// What the page draws: one immutable snapshot of the cluster.
pub mod view;
/// Parts that several panels share.
pub mod widgets;

/// Puts the page into the document, once what its saved session needs is there.
pub fn start() {
    schemas::before(&files::log_text(), mount);
}

fn mount() {
    yew::Renderer::<app::App>::new().render();
    // After the mounting, which empties the document, and before the first drawing.
    let words = messages::t();
    crate::web::panic::install(crate::web::panic::Words {
        title: words.failed_title,
        advice: words.failed_advice,
        back: words.failed_back,
        fresh: words.failed_fresh,
    });
}
