//! What an operator fears over years of service, in an hour: `cargo xtask soak`.
//!
//! [`kill`] ends and replaces the agent thousands of times while frames come, and holds four
//! independent counts against each other.

mod continuity;
mod error;
pub mod kill;
mod load;
mod places;
pub mod variant;

pub use error::SoakError;
pub use kill::{Outcome, Plan};
pub use places::{Behind, OnHook};
