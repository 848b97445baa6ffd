//! The documentation as its readers meet it: what is fenced off as a command, a configuration or a
//! record is taken out, so that tests can run it, read it and validate it.

mod fence;
mod link;
mod page;
mod sandbox;
mod shell;
mod yaml;

pub use fence::{Fence, NOT_RUN};
pub use page::{Page, files, pages};
pub use sandbox::run;
pub use shell::{filled, invocations};
pub use yaml::{Checker, checker};
