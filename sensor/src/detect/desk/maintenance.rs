//! Maintenance windows: times at which work on some devices raises alerts that nobody needs.

use std::time::Duration;

use jiff::civil::{Time, Weekday};
use serde::{Deserialize, Serialize};

use super::{
    marks::{Cause, Withheld},
    selection,
    suppression::check_text,
};
use crate::{
    config::{duration, zone::Zone},
    detect::{Alert, role::Role, selector::DeviceSelector},
    inventory::Device,
    time::Timestamp,
};

const DAY: Duration = Duration::from_secs(86_400);

/// `[[maintenance]]`: weekly, at `days` from `at` for so long; or once, `from` to `until`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table of keys")]
pub struct Maintenance {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<DeviceSelector>,
    /// Ids or names; of every rule if it is empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    pub owner: String,
    pub reason: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Day>,
    /// Time of day, such as `22:30`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<TimeOfDay>,
    #[serde(
        default,
        rename = "for",
        skip_serializing_if = "Option::is_none",
        serialize_with = "written",
        deserialize_with = "some_duration"
    )]
    pub length: Option<Duration>,
    #[serde(default)]
    pub time_zone: Zone,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Day {
    const fn weekday(self) -> Weekday {
        match self {
            Self::Mon => Weekday::Monday,
            Self::Tue => Weekday::Tuesday,
            Self::Wed => Weekday::Wednesday,
            Self::Thu => Weekday::Thursday,
            Self::Fri => Weekday::Friday,
            Self::Sat => Weekday::Saturday,
            Self::Sun => Weekday::Sunday,
        }
    }
}

/// Hours and minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay(Time);

impl TryFrom<String> for TimeOfDay {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no time of day: write \"00:00\" to \"23:59\"");
        let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
        let number = |text: &str| -> Option<i8> {
            let is_number = text.len() == 2 && text.bytes().all(|each| each.is_ascii_digit());
            if is_number { text.parse().ok() } else { None }
        };
        let (hour, minute) = number(hour).zip(number(minute)).ok_or_else(wrong)?;
        Time::new(hour, minute, 0, 0).map(Self).map_err(|_| wrong())
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        format!("{:02}:{:02}", time.0.hour(), time.0.minute())
    }
}

impl Maintenance {
    /// Whether it says when and of what.
    ///
    /// # Errors
    ///
    /// A sentence that names the key.
    pub fn check(&self) -> Result<(), String> {
        check_text("owner", &self.owner)?;
        check_text("reason", &self.reason)?;
        match (self.role.is_some(), self.devices.is_empty()) {
            (false, true) => return Err("give `role` or `devices`".to_owned()),
            (true, false) => return Err("give `role` or `devices`, not both".to_owned()),
            _ => {}
        }
        let is_weekly = !self.days.is_empty() || self.at.is_some() || self.length.is_some();
        let is_once = self.from.is_some() || self.until.is_some();
        match (is_weekly, is_once) {
            (true, true) => Err("give `days`, `at` and `for`, or `from` and `until`".to_owned()),
            (false, false) => {
                Err("missing `days`, `at` and `for`, or `from` and `until`".to_owned())
            }
            (true, false) => self.check_weekly(),
            (false, true) => match (self.from, self.until) {
                (Some(from), Some(until)) if from < until => Ok(()),
                _ => Err("`from` and `until` are both needed, the earlier first".to_owned()),
            },
        }
    }

    fn check_weekly(&self) -> Result<(), String> {
        if self.days.is_empty() || self.at.is_none() {
            return Err("a weekly window needs `days`, `at` and `for`".to_owned());
        }
        let shortest = Duration::from_secs(60);
        if self.length.is_some_and(|length| (shortest..=DAY).contains(&length)) {
            return Ok(());
        }
        Err("`for` is 1m to 24h".to_owned())
    }

    pub fn is_in_force(&self, now: Timestamp) -> bool {
        if let (Some(from), Some(until)) = (self.from, self.until) {
            return (from..until).contains(&now);
        }
        let (Some(TimeOfDay(at)), Some(length)) = (self.at, self.length) else { return false };
        let Ok(instant) = jiff::Timestamp::from_microsecond(now.as_micros()) else { return false };
        let zone = self.time_zone.rules();
        let today = instant.to_zoned_datetime(zone.clone()).date();
        // It may have begun yesterday, and be no longer than a day.
        [Some(today), today.yesterday().ok()].into_iter().flatten().any(|day| {
            let is_a_day = self.days.iter().any(|each| each.weekday() == day.weekday());
            let start = day.to_datetime(at).to_zoned_datetime(zone.clone());
            is_a_day
                && start.is_ok_and(|start| {
                    let since = instant.duration_since(start.timestamp());
                    Duration::try_from(since).is_ok_and(|since| since < length)
                })
        })
    }

    pub fn covers(&self, alert: &Alert, device: Option<&Device>, roles: &[Role]) -> bool {
        let is_of_rule = |name: &String| selection::is_of_rule(alert, name);
        let is_of_device = if self.devices.is_empty() {
            selection::selects(device, None, self.role.as_deref(), None, roles)
        } else {
            let mut devices = self.devices.iter();
            devices.any(|each| selection::selects(device, Some(each), None, None, roles))
        };
        is_of_device && (self.rules.is_empty() || self.rules.iter().any(is_of_rule))
    }

    pub fn withheld(&self) -> Withheld {
        Withheld {
            cause: Cause::Maintenance,
            owner: self.owner.clone(),
            reason: self.reason.clone(),
            until: self.until,
        }
    }
}

fn written<S: serde::Serializer>(
    length: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    duration::serialize(&length.unwrap_or_default(), serializer)
}

fn some_duration<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    duration::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::{super::fixture::*, *};

    fn window(text: &str) -> Maintenance {
        let text = format!("owner = \"Radiology\"\nreason = \"patches\"\n{text}");
        toml::from_str(&text).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_weekly_window_may_go_over_midnight() {
        let each =
            window("devices = [\"10.20.0.7\"]\ndays = [\"tue\"]\nat = \"22:30\"\nfor = \"4h\"");
        assert_eq!(each.check(), Ok(()));
        // 2026-11-24 is a Tuesday.
        let cases = [
            ("2026-11-24T22:29:59Z", false),
            ("2026-11-24T22:30:00Z", true),
            ("2026-11-25T02:29:59Z", true),
            ("2026-11-25T02:30:00Z", false),
            ("2026-11-25T23:00:00Z", false),
        ];
        for (time, expected) in cases {
            assert_eq!(each.is_in_force(at(time)), expected, "{time}");
        }
    }

    #[test]
    fn a_weekly_window_keeps_the_time_of_its_place() {
        let each = window(
            "role = \"pacs\"\ndays = [\"sun\"]\nat = \"08:00\"\nfor = \"1h\"\n\
             time_zone = \"CET-1CEST,M3.5.0,M10.5.0/3\"",
        );
        // 2026-10-25 is the Sunday on which summer time ends, at 01:00Z.
        assert!(each.is_in_force(at("2026-10-25T07:30:00Z")));
        assert!(!each.is_in_force(at("2026-10-25T06:30:00Z")));
        assert!(each.is_in_force(at("2026-10-18T06:30:00Z")));
    }

    #[test]
    fn a_single_window_has_a_beginning_and_an_end() {
        let each = window(
            "role = \"pacs\"\nfrom = \"2026-12-01T20:00:00Z\"\nuntil = \"2026-12-01T22:00:00+01:00\"",
        );
        assert_eq!(each.check(), Ok(()));
        assert!(!each.is_in_force(at("2026-12-01T19:59:59Z")));
        assert!(each.is_in_force(at("2026-12-01T20:00:00Z")));
        assert!(!each.is_in_force(at("2026-12-01T21:00:00Z")));
    }

    #[test]
    fn it_is_about_its_devices_and_its_rules() {
        let device = crate::detect::fixture::device(7);
        let scan = alert(1, "port_scan", 7);
        let once = "from = \"2026-12-01T20:00:00Z\"\nuntil = \"2026-12-01T21:00:00Z\"";
        let covers =
            |text: &str| window(&format!("{once}\n{text}")).covers(&scan, Some(&device), &[]);
        assert!(covers("devices = [\"10.20.0.8\", \"10.20.0.7\"]"));
        assert!(covers("devices = [\"10.20.0.7\"]\nrules = [\"port_scan\"]"));
        assert!(!covers("devices = [\"10.20.0.7\"]\nrules = [\"smb_fan_out\"]"));
        assert!(!covers("devices = [\"10.20.0.8\"]"));
        assert!(!covers("role = \"router\""));
    }

    #[test]
    fn what_says_too_little_or_too_much_is_refused() {
        let once = "from = \"2026-12-01T20:00:00Z\"\nuntil = \"2026-12-01T21:00:00Z\"\n";
        let weekly = "days = [\"mon\"]\nat = \"08:00\"\nfor = \"1h\"\n";
        let check = |text: &str| window(text).check().unwrap_err();
        assert!(check(once).contains("`role` or `devices`"));
        assert!(
            check(&format!("{once}role = \"a\"\ndevices = [\"10.0.0.1\"]")).contains("not both")
        );
        assert!(check("role = \"a\"").contains("missing `days`"));
        assert!(check(&format!("{once}{weekly}role = \"a\"")).contains("`from`"));
        assert!(check("role = \"a\"\ndays = [\"mon\"]\nat = \"08:00\"").contains("`for`"));
        assert!(check("role = \"a\"\nfrom = \"2026-12-01T20:00:00Z\"").contains("`until`"));
        assert!(TimeOfDay::try_from("24:00".to_owned()).is_err());
        assert!(TimeOfDay::try_from("8:00".to_owned()).is_err());
    }
}
