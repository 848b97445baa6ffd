//! `[[threshold]]`: rules of the file, and how they take the place of built-in ones.

use std::time::Duration;

use sensor_common::application::Application;
use serde::Deserialize;

use super::duration;
use crate::detect::{
    Severity,
    threshold::{Direction, Filter, Metric, Protocol, Scope, Threshold, application_names},
};

/// One `[[threshold]]` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table of keys")]
pub struct Written {
    id: String,
    name: Option<String>,
    enabled: Option<bool>,
    severity: Option<Severity>,
    scope: Option<Scope>,
    #[serde(default)]
    except_roles: Vec<String>,
    metric: Option<Metric>,
    limit: Option<f64>,
    #[serde(default, deserialize_with = "some_duration")]
    window: Option<Duration>,
    #[serde(default, rename = "for", deserialize_with = "some_duration")]
    hold: Option<Duration>,
    clear_below: Option<f64>,
    minimum: Option<u64>,
    #[serde(default)]
    per_peer: bool,
    #[serde(default)]
    per_port: bool,
    #[serde(default)]
    failed: bool,
    direction: Option<Direction>,
    protocol: Option<Protocol>,
    #[serde(default)]
    destination_ports: Vec<u16>,
    #[serde(default, with = "application_names")]
    applications: Vec<Application>,
    replies: Option<bool>,
}

fn some_duration<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    duration::deserialize(deserializer).map(Some)
}

impl Written {
    /// The roles that it refers to, with the keys that do.
    pub fn roles(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let scope = match &self.scope {
            Some(Scope::Role(name)) => Some(("scope", name.as_str())),
            _ => None,
        };
        let excepted = self.except_roles.iter().map(|name| ("except_roles", name.as_str()));
        scope.into_iter().chain(excepted)
    }

    fn names(&self, rule: &Threshold) -> bool {
        rule.id == self.id && self.name.as_ref().is_none_or(|name| *name == rule.name)
    }

    /// Whether it only switches built-in rules off.
    fn only_disables(&self) -> bool {
        self.enabled == Some(false) && self.metric.is_none() && self.limit.is_none()
    }

    fn threshold(self) -> Result<Threshold, String> {
        let missing = |key| format!("missing field `{key}` of threshold `{}`", self.id);
        let metric = self.metric.ok_or_else(|| missing("metric"))?;
        let limit = self.limit.ok_or_else(|| missing("limit"))?;
        let name = self.name.as_deref().unwrap_or(&self.id);
        let base = Threshold::new(&self.id, name, metric, limit);
        let threshold = Threshold {
            enabled: self.enabled.unwrap_or(base.enabled),
            severity: self.severity.unwrap_or(base.severity),
            scope: self.scope.unwrap_or_default(),
            except_roles: self.except_roles,
            window: self.window.unwrap_or(base.window),
            hold: self.hold.unwrap_or(base.hold),
            clear_below: self.clear_below.unwrap_or(base.clear_below),
            minimum: self.minimum.unwrap_or(base.minimum),
            per_peer: self.per_peer,
            per_port: self.per_port,
            failed: self.failed,
            direction: self.direction.unwrap_or_default(),
            filter: Filter {
                protocol: self.protocol,
                destination_ports: self.destination_ports,
                applications: self.applications,
                replies: self.replies.unwrap_or(true),
            },
            ..base
        };
        threshold.check()?;
        Ok(threshold)
    }
}

/// The rules in force: built-in ones, and those of the file in their place.
#[derive(Debug)]
pub struct Rules {
    builtin: Vec<Threshold>,
    written: Vec<Threshold>,
}

impl Rules {
    pub fn new(builtin: Vec<Threshold>) -> Self {
        Self { builtin, written: Vec::new() }
    }

    /// Adds a rule of the file. It takes the place of the built-in one of the same id and name,
    /// or else of all with its id.
    ///
    /// # Errors
    ///
    /// A sentence on what is missing, wrong, or there twice.
    pub fn add(&mut self, written: Written) -> Result<(), String> {
        if written.only_disables() {
            let mut found = false;
            for rule in &mut self.builtin {
                if written.names(rule) {
                    rule.enabled = false;
                    found = true;
                }
            }
            let name = written.name.as_ref().unwrap_or(&written.id);
            return found
                .then_some(())
                .ok_or_else(|| format!("there is no built-in threshold `{name}` to disable"));
        }
        let threshold = written.threshold()?;
        let is_same = |rule: &Threshold| rule.id == threshold.id && rule.name == threshold.name;
        if self.written.iter().any(is_same) {
            return Err(format!(
                "threshold `{}` `{}` is there twice: give one of them another `name`",
                threshold.id, threshold.name
            ));
        }
        if self.builtin.iter().any(is_same) {
            self.builtin.retain(|rule| !is_same(rule));
        } else {
            self.builtin.retain(|rule| rule.id != threshold.id);
        }
        self.written.push(threshold);
        Ok(())
    }

    /// In the order of id and name.
    pub fn into_sorted(self) -> Vec<Threshold> {
        let mut rules = self.builtin;
        rules.extend(self.written);
        rules.sort_by(|left, right| (&left.id, &left.name).cmp(&(&right.id, &right.name)));
        rules
    }
}
