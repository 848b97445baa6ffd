//! Suppressions: somebody answers for not being told of some alerts, for a while.

use serde::{Deserialize, Serialize};

use super::{
    marks::{Cause, Withheld},
    selection,
};
use crate::{
    detect::{
        Alert,
        role::Role,
        selector::{DeviceSelector, Network},
    },
    inventory::Device,
    time::Timestamp,
};

/// The longest that a suppression may last, in microseconds: a leap year.
const LONGEST: i64 = 366 * 86_400 * 1_000_000;
/// Characters of an owner, a reason, a note.
pub const LONGEST_TEXT: usize = 500;

/// `[[suppression]]`, and what `wardline alerts suppress` makes. All that it names must be so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table of keys")]
pub struct Suppression {
    /// Id or name of a rule; of every rule if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceSelector>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    pub owner: String,
    pub reason: String,
    pub until: Timestamp,
}

impl Suppression {
    /// Whether it may be, at `now`. That it has ended is no mistake.
    ///
    /// # Errors
    ///
    /// A sentence that names the key.
    pub fn check(&self, now: Timestamp) -> Result<(), String> {
        check_text("owner", &self.owner)?;
        check_text("reason", &self.reason)?;
        let names_device = self.device.is_some() || self.role.is_some() || self.network.is_some();
        if self.rule.is_none() && !names_device {
            return Err(
                "give `rule`, `device`, `role` or `network`: nothing suppresses all alerts"
                    .to_owned(),
            );
        }
        if self.until.as_micros().saturating_sub(now.as_micros()) > LONGEST {
            return Err("`until` is at most a year away".to_owned());
        }
        Ok(())
    }

    pub fn is_in_force(&self, now: Timestamp) -> bool {
        now < self.until
    }

    pub fn covers(&self, alert: &Alert, device: Option<&Device>, roles: &[Role]) -> bool {
        self.rule.as_ref().is_none_or(|rule| selection::is_of_rule(alert, rule))
            && selection::selects(
                device,
                self.device.as_ref(),
                self.role.as_deref(),
                self.network.as_ref(),
                roles,
            )
    }

    pub fn withheld(&self) -> Withheld {
        Withheld {
            cause: Cause::Suppression,
            owner: self.owner.clone(),
            reason: self.reason.clone(),
            until: Some(self.until),
        }
    }
}

/// Whether a text that a person answers with is one.
pub fn check_text(key: &str, text: &str) -> Result<(), String> {
    let is_text = !text.trim().is_empty() && text.chars().count() <= LONGEST_TEXT;
    if is_text && !text.chars().any(char::is_control) {
        return Ok(());
    }
    Err(format!("`{key}` is one line of 1 to {LONGEST_TEXT} characters"))
}

/// A suppression that was made while the agent ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// From 1; never given twice.
    pub id: u32,
    pub created: Timestamp,
    pub suppression: Suppression,
}

#[cfg(test)]
mod tests {
    use super::{super::fixture::*, *};

    fn suppression(text: &str) -> Suppression {
        let text =
            format!("owner = \"IT\"\nreason = \"known\"\nuntil = \"1970-01-02T00:00:00Z\"\n{text}");
        toml::from_str(&text).unwrap()
    }

    #[test]
    fn all_that_it_names_must_be_so() {
        let device = crate::detect::fixture::device(7);
        let alert = alert(1, "port_scan", 7);
        let covers = |text: &str| suppression(text).covers(&alert, Some(&device), &[]);
        assert!(covers("rule = \"port_scan\""));
        assert!(covers("rule = \"X-1\""), "by its id");
        assert!(covers("rule = \"port_scan\"\nnetwork = \"10.20.0.0/24\""));
        assert!(covers("device = \"10.20.0.7\""));
        assert!(!covers("rule = \"port_scan\"\nnetwork = \"10.21.0.0/24\""));
        assert!(!covers("rule = \"other\"\ndevice = \"10.20.0.7\""));
        assert!(!covers("role = \"pumps\""));
        let unknown = suppression("device = \"10.20.0.7\"").covers(&alert, None, &[]);
        assert!(!unknown, "nothing is known of the device");
    }

    #[test]
    fn it_has_an_owner_a_reason_and_an_end_within_a_year() {
        let now = Timestamp::default();
        let good = suppression("rule = \"a\"");
        assert_eq!(good.check(now), Ok(()));
        let check = |wrong: Suppression| wrong.check(now).unwrap_err();
        assert!(check(suppression("")).contains("`rule`"));
        assert!(check(Suppression { owner: " ".into(), ..good.clone() }).contains("`owner`"));
        assert!(check(Suppression { reason: "a\nb".into(), ..good.clone() }).contains("`reason`"));
        let until = Timestamp::from_micros(LONGEST + 1);
        assert!(check(Suppression { until, ..good.clone() }).contains("`until`"));
        assert_eq!(
            Suppression { until: Timestamp::from_micros(LONGEST), ..good }.check(now),
            Ok(())
        );
    }

    #[test]
    fn it_ends_at_its_end() {
        let each = suppression("rule = \"a\"");
        let day = 86_400_000_000;
        assert!(each.is_in_force(Timestamp::from_micros(day - 1)));
        assert!(!each.is_in_force(Timestamp::from_micros(day)));
    }
}
