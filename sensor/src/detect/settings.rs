//! How an operator has set a detection.

use std::{collections::BTreeMap, time::Duration};

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{
    alert::Severity,
    description::{Description, Unit},
};

/// One detection's settings; what is not written has the description's default.
#[derive(Clone, Debug)]
pub struct Settings {
    pub description: &'static Description,
    pub enabled: bool,
    pub severity: Severity,
    pub except_roles: Vec<String>,
    pub clears_after: Duration,
    pub parameters: Parameters,
}

impl Settings {
    pub fn new(description: &'static Description) -> Self {
        let roles = description.excused_roles.iter();
        Self {
            description,
            enabled: true,
            severity: description.severity,
            except_roles: roles.map(ToString::to_string).collect(),
            clears_after: description.clears_after,
            parameters: Parameters::new(description),
        }
    }
}

impl PartialEq for Settings {
    fn eq(&self, other: &Self) -> bool {
        let values = |each: &Self| (each.enabled, each.severity, each.clears_after);
        self.description.name == other.description.name
            && values(self) == values(other)
            && self.except_roles == other.except_roles
            && self.parameters == other.parameters
    }
}

impl Serialize for Settings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("enabled", &self.enabled)?;
        map.serialize_entry("severity", &self.severity)?;
        map.serialize_entry("except_roles", &self.except_roles)?;
        map.serialize_entry("clears_after", &crate::config::duration::written(self.clears_after))?;
        for parameter in self.description.parameters {
            let value = self.parameters.number(parameter.name);
            match parameter.unit {
                Unit::Seconds => {
                    let value = crate::config::duration::written(Duration::from_secs_f64(value));
                    map.serialize_entry(parameter.name, &value)?;
                }
                Unit::Count | Unit::Octets => {
                    map.serialize_entry(parameter.name, &(value as u64))?;
                }
                Unit::Ratio | Unit::PerSecond => map.serialize_entry(parameter.name, &value)?,
            }
        }
        map.end()
    }
}

/// The numbers of one detection.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters(BTreeMap<&'static str, f64>);

impl Parameters {
    pub fn new(description: &Description) -> Self {
        Self(description.parameters.iter().map(|each| (each.name, each.default)).collect())
    }

    /// Sets a number that [`Description::parameter`] knows.
    pub fn set(&mut self, name: &'static str, value: f64) {
        self.0.insert(name, value);
    }

    /// # Panics
    ///
    /// If the description has no such parameter: every detector is made once in the tests.
    pub fn number(&self, name: &str) -> f64 {
        match self.0.get(name) {
            Some(&value) => value,
            None => unreachable!("the description has no parameter `{name}`"),
        }
    }

    /// A parameter that counts.
    pub fn count(&self, name: &str) -> usize {
        self.number(name) as usize
    }

    pub fn duration(&self, name: &str) -> Duration {
        Duration::from_secs_f64(self.number(name))
    }
}
