//! Traffic in which names are planted that must never be seen again, each with its own, and the search
//! for them in whatever form.
//!
//! A name is [`STEM`] and a word of its own, so that what is found says where it leaked.

mod clinical;
mod forms;
mod imaging;
mod network;
mod office;
mod planted;
mod voice;

pub use forms::{Form, find, forms};
pub use planted::{Plan, Planted, capture, planted};

/// What all planted names begin with.
pub const STEM: &str = "ZZCANARY";
