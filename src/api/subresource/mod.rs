//! The subresources, a file each.

mod status;
