//! Joins the stages. The only files that name them all are here.

pub mod core;
pub mod live;
pub mod replay;
pub mod sinks;
