//! Payloads that the speakers do not have, as pure functions.

pub mod clinical;
pub mod directory;
pub mod leases;
pub mod share;
pub mod voice;
