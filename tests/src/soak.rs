//! What an operator fears over years of service, in an hour: `cargo xtask soak`.
//!
//! [`kill`] ends and replaces the agent thousands of times while frames come, and holds four
//! independent counts against each other. [`extent`] lets tests of faults run at the plan's numbers.

mod continuity;
mod error;
mod extent;
pub mod kill;
mod load;
mod places;
pub mod variant;

pub use continuity::falls;
pub use error::SoakError;
pub use extent::extent;
pub use kill::{Outcome, Plan};
pub use places::{Behind, OnHook};
