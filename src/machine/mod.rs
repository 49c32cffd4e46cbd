//! The physical world: images, processes, their files, their use of CPU and memory. Knows no API object.

mod files;
mod image;
mod log;
mod reference;

pub use files::{Files, Mount, Node, Volume};
pub use image::{Image, Page, Program, PullError, Registry};
pub use log::{Log, LogLine, Output};
pub use reference::Reference;
