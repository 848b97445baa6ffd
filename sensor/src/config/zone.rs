//! A time zone as an operator writes it: its IANA name, or rules as in POSIX `TZ`.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// Found in the system's database of time zones when the configuration is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone {
    name: String,
    rules: TimeZone,
}

impl Default for Zone {
    fn default() -> Self {
        Self { name: "UTC".to_owned(), rules: TimeZone::UTC }
    }
}

impl Zone {
    pub fn rules(&self) -> &TimeZone {
        &self.rules
    }
}

impl TryFrom<String> for Zone {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        if name == "UTC" {
            return Ok(Self::default());
        }
        let rules = TimeZone::get(&name).or_else(|_| TimeZone::posix(&name));
        match rules {
            Ok(rules) => Ok(Self { name, rules }),
            Err(_) => Err(format!(
                "`{name}` is no time zone of this system: write \"UTC\", a name such as \
                 \"Europe/Berlin\" (in /usr/share/zoneinfo), or rules such as \
                 \"CET-1CEST,M3.5.0,M10.5.0/3\""
            )),
        }
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_and_utc_are_known_everywhere_and_nonsense_nowhere() {
        for name in ["UTC", "CET-1CEST,M3.5.0,M10.5.0/3"] {
            let zone = Zone::try_from(name.to_owned()).unwrap();
            assert_eq!(String::from(zone), name);
        }
        assert!(Zone::try_from("Europe/Nowhere".to_owned()).is_err());
    }
}
