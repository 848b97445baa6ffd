//! What one sampled message says, for detectors: bounded, without payload and without names of
//! people, shares or files.

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {}
