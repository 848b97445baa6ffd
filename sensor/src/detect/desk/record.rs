//! What leaves the desk.

use serde::{Deserialize, Serialize};

use super::suppression::Standing;
use crate::{detect::Alert, time::Timestamp};

/// An alert for all receivers, or something for the store alone.
#[derive(Clone, Debug, PartialEq)]
pub enum Handed {
    Told(Alert),
    Recorded(Record),
}

/// What only the store is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// An alert that is withheld from receivers, or of which they need not hear again.
    Kept(Alert),
    Noted(Note),
    Suppressed(Standing),
    /// A suppression that was lifted, or has ended.
    Lifted(u32),
}

/// One line in the history of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub alert: u64,
    pub at: Timestamp,
    pub deed: Deed,
    /// Who did it, if somebody did.
    pub by: String,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Deed {
    Acknowledged,
    /// It got more severe, or much larger than it was when it was acknowledged.
    Worsened,
    /// Receivers are no longer told of it.
    Withheld,
    /// They are again.
    Released,
}

impl Deed {
    pub const ALL: [Self; 4] = [Self::Acknowledged, Self::Worsened, Self::Withheld, Self::Released];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Acknowledged => "acknowledged",
            Self::Worsened => "worsened",
            Self::Withheld => "withheld",
            Self::Released => "released",
        }
    }
}
