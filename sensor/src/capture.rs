//! Where frames and what was counted of them come from.

pub mod file;
