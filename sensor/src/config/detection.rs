//! `[detection.NAME]`: what an operator sets of a detection.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize, Serializer};
use toml::Value;

use super::{duration, error::nearest};
use crate::detect::{
    Settings, Severity,
    description::{Description, Parameter, Unit},
    detections,
};

/// One table as it is written.
#[derive(Deserialize)]
pub struct Written {
    enabled: Option<bool>,
    severity: Option<Severity>,
    pub except_roles: Option<Vec<String>>,
    #[serde(default, deserialize_with = "some_duration")]
    clears_after: Option<Duration>,
    #[serde(flatten)]
    parameters: BTreeMap<String, Value>,
}

fn some_duration<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    duration::deserialize(deserializer).map(Some)
}

/// The settings of all detections, in the order of their ids.
#[derive(Clone, Debug, PartialEq)]
pub struct Detections(pub Vec<Settings>);

impl Default for Detections {
    fn default() -> Self {
        Self(detections::ALL.iter().map(|each| Settings::new(each.description)).collect())
    }
}

impl Detections {
    /// Switches every detection off, so that only those run that the file names.
    pub fn disable_all(&mut self) {
        for settings in &mut self.0 {
            settings.enabled = false;
        }
    }

    /// The settings of the detection called `name`.
    ///
    /// # Errors
    ///
    /// A sentence with the name that was perhaps meant.
    pub fn find(&mut self, name: &str) -> Result<&mut Settings, String> {
        let position = self.0.iter().position(|each| each.description.name == name);
        position.map(|position| &mut self.0[position]).ok_or_else(|| {
            let names = detections::ALL.iter().map(|each| each.description.name);
            let advice = match nearest(name, names) {
                Some(near) => format!("; did you mean `{near}`?"),
                None => "; `wardline detections` lists them".to_owned(),
            };
            format!("there is no detection `{name}`{advice}")
        })
    }
}

impl Written {
    /// Applies what is written.
    ///
    /// # Errors
    ///
    /// A sentence that names the key and what is allowed.
    pub fn apply(self, settings: &mut Settings) -> Result<(), String> {
        settings.enabled = self.enabled.unwrap_or(true);
        settings.severity = self.severity.unwrap_or(settings.severity);
        settings.clears_after = self.clears_after.unwrap_or(settings.clears_after);
        if let Some(roles) = self.except_roles {
            settings.except_roles = roles;
        }
        for (name, value) in &self.parameters {
            let parameter = settings
                .description
                .parameter(name)
                .ok_or_else(|| unknown(settings.description, name))?;
            let number = number(parameter, value)?;
            settings.parameters.set(parameter.name, number);
        }
        Ok(())
    }
}

fn unknown(description: &Description, name: &str) -> String {
    let mut names = vec!["enabled", "severity", "except_roles", "clears_after"];
    names.extend(description.parameters.iter().map(|each| each.name));
    format!("unknown field `{name}`, expected one of `{}`", names.join("`, `"))
}

fn number(parameter: &Parameter, value: &Value) -> Result<f64, String> {
    let Parameter { name, minimum, maximum, unit, .. } = parameter;
    let number = match (unit, value) {
        (Unit::Seconds, Value::String(text)) => {
            let duration = duration::parse(text).map_err(|error| format!("`{name}`: {error}"))?;
            Some(duration.as_secs_f64())
        }
        (Unit::Seconds, _) => None,
        (_, Value::Integer(number)) => Some(*number as f64),
        (Unit::Ratio | Unit::PerSecond, Value::Float(number)) => Some(*number),
        _ => None,
    };
    let allowed = *minimum..=*maximum;
    number.filter(|number| allowed.contains(number)).ok_or_else(|| match unit {
        Unit::Seconds => {
            let written = |seconds| duration::written(Duration::from_secs_f64(seconds));
            let (minimum, maximum) = (written(*minimum), written(*maximum));
            format!("`{name}` is a duration from \"{minimum}\" to \"{maximum}\"")
        }
        Unit::Count | Unit::Octets => {
            format!("`{name}` is a whole number from {minimum} to {maximum}")
        }
        Unit::Ratio | Unit::PerSecond => {
            format!("`{name}` is a number from {minimum} to {maximum}")
        }
    })
}

impl Serialize for Detections {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|each| (each.description.name, each)))
    }
}
