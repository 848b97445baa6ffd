//! What must hold of every payload, every frame and every sequence of frames.
//!
//! Each law is a function that panics where it is broken. Property tests ask them with octets made
//! for the purpose, the fuzz targets with octets found by coverage, Miri with a few of either.
//! Compiled only with the feature `laws`, which neither the program nor the agent has.

mod accounting;
mod dialogue;
mod dissection;
mod identification;
mod sampling;
mod surroundings;
mod utterance;

pub use accounting::{FlowTable, frames_are_conserved};
pub use dialogue::{Dialogue, Saying};
pub use dissection::dissection_depends_on_declared_octets_only;
pub use identification::{recogniser_keeps_its_word, whole_inquiry_agrees_with_a_recogniser};
pub use sampling::samples_keep_to_their_bounds;
pub use utterance::Utterance;
