//! The keeper: the one process with capabilities. It loads and attaches the program, follows the
//! interfaces and looks after the worker, to which it hands the tables. It reads no packet, no file
//! of anybody else's, and serves nobody.

mod guard;
pub mod line;
mod nursery;
pub mod protocol;
pub mod service;
mod trial;
mod trials;
mod watch;
mod worker;

pub use trials::Trials;
pub use watch::StartError;
