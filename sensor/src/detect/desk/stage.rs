//! Which stage of an attack an alert belongs to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The stages of one host's story, in the order in which an attack goes through them. They are
/// coarser than the tactics of MITRE ATT&CK, and ours.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "stage")]
pub enum Stage {
    /// Looking for targets.
    Recon,
    /// Getting hold of a host, or of traffic between hosts; being under somebody's control.
    Exploit,
    /// Going on to further hosts.
    Spread,
    /// Harm: data encrypted or taken away, services flooded, devices changed.
    Impact,
}

impl Stage {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Recon => "recon",
            Self::Exploit => "exploit",
            Self::Spread => "spread",
            Self::Impact => "impact",
        }
    }
}

/// By the number of the id `WL-...`. Those that are not here, such as SMB 1 in use or a new device,
/// tell of a risk or of news, and are no stage of an attack.
const STAGES: [(Stage, &[u16]); 4] = [
    (Stage::Recon, &[10, 11, 12, 13, 14, 15, 35]),
    (Stage::Exploit, &[3, 4, 5, 6, 16, 19, 20, 21, 22, 26, 28, 34, 37, 42, 45, 46]),
    (Stage::Spread, &[2, 7, 8]),
    (Stage::Impact, &[9, 18, 27, 30, 31, 32, 33, 36, 39, 40, 41, 43, 44, 49]),
];

/// The stage of the rule `id`; none of a rule that is no part of an attack, or not one of ours.
pub fn stage_of(id: &str) -> Option<Stage> {
    let number: u16 = id.strip_prefix("WL-")?.parse().ok()?;
    STAGES.iter().find(|(_, ids)| ids.contains(&number)).map(|(stage, _)| *stage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worm_goes_through_the_stages_in_order() {
        let stages = ["WL-010", "WL-003", "WL-002", "WL-009"].map(|id| stage_of(id).unwrap());
        assert_eq!(stages, [Stage::Recon, Stage::Exploit, Stage::Spread, Stage::Impact]);
        assert!(stages.is_sorted());
    }

    #[test]
    fn each_number_is_in_one_stage_and_news_in_none() {
        let mut all: Vec<u16> = STAGES.iter().flat_map(|(_, ids)| ids.iter().copied()).collect();
        let length = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), length);
        assert_eq!(["WL-001", "WL-023", "X-2", "WL-x"].map(stage_of), [None; 4]);
    }
}
