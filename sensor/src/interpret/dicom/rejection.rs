//! A-ASSOCIATE-RJ (PS3.8 table 9-21).

use super::super::octets::{array, be_u32};

/// Why an association was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejection {
    pub result: &'static str,
    pub source: &'static str,
    /// `None` for a number that the standard reserves.
    pub reason: Option<&'static str>,
}

impl Rejection {
    pub(super) fn read(octets: &[u8]) -> Option<Self> {
        let [_, result, source, reason] =
            array(octets, 6).filter(|_| be_u32(octets, 2) == Some(4))?;
        let result = match result {
            1 => "rejected-permanent",
            2 => "rejected-transient",
            _ => return None,
        };
        let source_name = match source {
            1 => "service-user",
            2 => "service-provider (ACSE)",
            3 => "service-provider (presentation)",
            _ => return None,
        };
        let reason = match (source, reason) {
            (1 | 2, 1) => Some("no-reason-given"),
            (1, 2) => Some("application-context-name-not-supported"),
            (1, 3) => Some("calling-AE-title-not-recognized"),
            (1, 7) => Some("called-AE-title-not-recognized"),
            (2, 2) => Some("protocol-version-not-supported"),
            (3, 1) => Some("temporary-congestion"),
            (3, 2) => Some("local-limit-exceeded"),
            _ => None,
        };
        Some(Self { result, source: source_name, reason })
    }
}
