//! What one terminal shows.

use std::rc::Rc;

use crate::ui::state::{Block, BlockKind};

/// Paragraphs that a terminal keeps.
const BLOCKS_MAX: usize = 400;

/// The paragraphs of one terminal.
#[derive(Default)]
pub(super) struct Screen {
    pub(super) blocks: Rc<Vec<Block>>,
    printed: u64,
    /// The newest paragraph ends in the middle of a line.
    line_is_open: bool,
}

impl Screen {
    /// Adds a paragraph, or goes on with the line that the last one left open.
    pub(super) fn print(&mut self, kind: BlockKind, text: &str) {
        let blocks = Rc::make_mut(&mut self.blocks);
        let is_open = std::mem::replace(&mut self.line_is_open, !text.ends_with('\n'));
        let whole = text.trim_end_matches('\n');
        if let Some(last) = blocks.last_mut()
            && is_open
            && last.kind == BlockKind::Output
            && kind == BlockKind::Output
        {
            // What follows a prompt stands on its line.
            last.text = format!("{}{whole}", last.text).into();
            return;
        }
        self.printed += 1;
        blocks.push(Block { number: self.printed, kind, text: whole.into() });
        let extra = blocks.len().saturating_sub(BLOCKS_MAX);
        blocks.drain(..extra);
    }
}
