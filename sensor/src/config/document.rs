//! Reads the file section by section, so that one mistake does not hide the next.

mod receivers;

use std::{collections::HashSet, ops::Range};

use serde::de::DeserializeOwned;
use toml::{
    Spanned,
    de::{DeTable, DeValue, Error, ValueDeserializer},
};

use super::{
    Config, detection,
    detection::Detections,
    error::{Problem, nearest},
    threshold::{Rules, Written},
};
use crate::{
    detect::{
        Role, builtin,
        desk::{Maintenance, Suppression},
        role::{ROUTER, STANDARD},
        threshold::Threshold,
    },
    time::Timestamp,
};

const SECTIONS: [&str; 20] = [
    "agent",
    "alertmanager",
    "alerts",
    "baseline",
    "capture",
    "defaults",
    "detection",
    "events",
    "flow",
    "intelligence",
    "inventory",
    "ipfix",
    "maintenance",
    "outbox",
    "role",
    "suppression",
    "syslog",
    "threshold",
    "web",
    "webhook",
];

/// The bounds of the lists.
const MAXIMUM_ENTRIES: usize = 1024;

/// The configuration that `text` describes when it is `now`, or everything that is wrong with it.
pub fn read(text: &str, now: Timestamp) -> Result<Config, Vec<Problem>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader { text, now, problems: Vec::new() };
    // What follows a mistake in the syntax may be a consequence of it.
    if let Some(error) = errors.first() {
        reader.report(error, 0..0, &[]);
        return Err(reader.problems);
    }
    let config = reader.document(document.into_inner());
    if reader.problems.is_empty() {
        return Ok(config);
    }
    reader.problems.sort_by_key(|problem| (problem.line, problem.column));
    Err(reader.problems)
}

/// Where the value of a key stands in a file that [`read`] takes, as an offset.
pub fn place(text: &str, section: &str, key: &str) -> Option<usize> {
    let (document, _) = DeTable::parse_recoverable(text);
    let DeValue::Table(keys) = of(document.get_ref(), section)?.get_ref() else { return None };
    Some(of(keys, key)?.span().start)
}

fn of<'a, 't>(table: &'a DeTable<'t>, name: &str) -> Option<&'a Spanned<DeValue<'t>>> {
    table.iter().find(|(key, _)| key.get_ref() == name).map(|(_, value)| value)
}

struct Reader<'t> {
    text: &'t str,
    now: Timestamp,
    problems: Vec<Problem>,
}

/// A key of a table and where it stands.
type Key = (String, Range<usize>);

impl<'t> Reader<'t> {
    fn document(&mut self, document: DeTable<'t>) -> Config {
        let mut config = Config::default();
        let (mut roles, mut rules, mut detections) = (None, None, None);
        let (mut syslogs, mut webhooks, mut collectors) = (None, None, None);
        let (mut suppressions, mut maintenance) = (None, None);
        for (key, value) in document {
            match key.get_ref().as_ref() {
                "capture" => self.table(value, &mut config.capture),
                "flow" => self.table(value, &mut config.flow),
                "inventory" => self.table(value, &mut config.inventory),
                "agent" => self.table(value, &mut config.agent),
                "web" => self.table(value, &mut config.web),
                "events" => self.table(value, &mut config.events),
                "alertmanager" => self.table(value, &mut config.alertmanager),
                "intelligence" => self.table(value, &mut config.intelligence),
                "outbox" => self.table(value, &mut config.outbox),
                "alerts" => self.table(value, &mut config.alerts),
                "baseline" => self.table(value, &mut config.baseline),
                "defaults" => self.table(value, &mut config.defaults),
                "syslog" => syslogs = Some(value),
                "webhook" => webhooks = Some(value),
                "ipfix" => collectors = Some(value),
                "role" => roles = Some(value),
                "suppression" => suppressions = Some(value),
                "maintenance" => maintenance = Some(value),
                "threshold" => rules = Some(value),
                "detection" => detections = Some(value),
                unknown => {
                    let message = format!(
                        "unknown section `{unknown}`, expected one of `{}`",
                        SECTIONS.join("`, `")
                    );
                    self.complain(key.span().start, &message);
                }
            }
        }
        self.receivers(syslogs, webhooks, &mut config);
        config.collectors = self.collectors(collectors);
        config.roles = self.roles(roles);
        let now = self.now;
        config.suppressions =
            self.orders("suppression", suppressions, &config.roles, |each: &Suppression| {
                (each.role.clone(), each.check(now))
            });
        config.maintenance =
            self.orders("maintenance", maintenance, &config.roles, |each: &Maintenance| {
                (each.role.clone(), each.check())
            });
        config.thresholds = self.thresholds(rules, &config);
        config.detections = self.detections(detections, &config);
        config
    }

    fn table<T: DeserializeOwned>(&mut self, value: Spanned<DeValue<'t>>, section: &mut T) {
        if let Some(read) = self.value(value) {
            *section = read;
        }
    }

    fn roles(&mut self, value: Option<Spanned<DeValue<'t>>>) -> Vec<Role> {
        let mut roles: Vec<Role> = Vec::new();
        for entry in self.entries("role", value) {
            let (span, keys) = (entry.span(), keys(&entry));
            let Some(role) = self.value::<Role>(entry) else {
                continue;
            };
            let wrong = if !(1..=64).contains(&role.name.len()) {
                "`name` has 1 to 64 characters".to_owned()
            } else if role.name == ROUTER {
                format!("`name` may not be `{ROUTER}`, which is the role of all routers")
            } else if roles.iter().any(|other| other.name == role.name) {
                format!("there are two roles of the `name` `{}`", role.name)
            } else if role.is_empty() {
                "the role names no device: give `mac_prefixes`, `addresses`, `vendors`, \
                 `applications` or `devices`"
                    .to_owned()
            } else if role.vendors.iter().any(String::is_empty) {
                "`vendors` holds an empty text, which every vendor contains".to_owned()
            } else {
                roles.push(role);
                continue;
            };
            self.complain_in(&wrong, span, &keys);
        }
        roles
    }

    /// The tables of `[[suppression]]` or `[[maintenance]]`; `check` says which role one names, and
    /// what is wrong with it.
    fn orders<T: DeserializeOwned>(
        &mut self,
        name: &str,
        value: Option<Spanned<DeValue<'t>>>,
        roles: &[Role],
        check: impl Fn(&T) -> (Option<String>, Result<(), String>),
    ) -> Vec<T> {
        let mut orders = Vec::new();
        for entry in self.entries(name, value) {
            let (span, keys) = (entry.span(), keys(&entry));
            let Some(order) = self.value::<T>(entry) else { continue };
            let (role, checked) = check(&order);
            let named = role.as_deref().map(|name| ("role", name));
            match unknown_role(named.into_iter(), roles).map_or(checked, Err) {
                Ok(()) => orders.push(order),
                Err(wrong) => self.complain_in(&wrong, span, &keys),
            }
        }
        orders
    }

    fn thresholds(
        &mut self,
        value: Option<Spanned<DeValue<'t>>>,
        config: &Config,
    ) -> Vec<Threshold> {
        let builtin = match config.defaults.thresholds {
            true => builtin::thresholds(),
            false => Vec::new(),
        };
        let mut rules = Rules::new(builtin);
        for entry in self.entries("threshold", value) {
            let (span, keys) = (entry.span(), keys(&entry));
            let Some(written) = self.value::<Written>(entry) else {
                continue;
            };
            let wrong = match unknown_role(written.roles(), &config.roles) {
                Some(wrong) => Err(wrong),
                None => rules.add(written),
            };
            if let Err(wrong) = wrong {
                self.complain_in(&wrong, span, &keys);
            }
        }
        rules.into_sorted()
    }

    /// The tables of `[detection.NAME]`.
    fn detections(&mut self, value: Option<Spanned<DeValue<'t>>>, config: &Config) -> Detections {
        let mut detections = Detections::default();
        if !config.defaults.detections {
            detections.disable_all();
        }
        let Some(value) = value else { return detections };
        let start = value.span().start;
        let DeValue::Table(tables) = value.into_inner() else {
            self.complain(start, "`detection` has tables: write `[detection.NAME]`");
            return detections;
        };
        for (name, table) in tables {
            let settings = match detections.find(name.get_ref()) {
                Ok(settings) => settings,
                Err(wrong) => {
                    self.complain(name.span().start, &wrong);
                    continue;
                }
            };
            let (span, keys) = (table.span(), keys(&table));
            let Some(written) = self.value::<detection::Written>(table) else {
                continue;
            };
            let excepted = written.except_roles.iter().flatten();
            let excepted = excepted.map(|name| ("except_roles", name.as_str()));
            let wrong = match unknown_role(excepted, &config.roles) {
                Some(wrong) => Err(wrong),
                None => written.apply(settings),
            };
            if let Err(wrong) = wrong {
                self.complain_in(&wrong, span, &keys);
            }
        }
        detections
    }

    /// The tables of `[[name]]`.
    fn entries(
        &mut self,
        name: &str,
        value: Option<Spanned<DeValue<'t>>>,
    ) -> Vec<Spanned<DeValue<'t>>> {
        let Some(value) = value else {
            return Vec::new();
        };
        let start = value.span().start;
        match value.into_inner() {
            DeValue::Array(entries) if entries.len() <= MAXIMUM_ENTRIES => {
                entries.into_iter().collect()
            }
            DeValue::Array(_) => {
                self.complain(start, &format!("more than {MAXIMUM_ENTRIES} `{name}`s"));
                Vec::new()
            }
            _ => {
                let message = format!("`{name}` is a list of tables: write `[[{name}]]`");
                self.complain(start, &message);
                Vec::new()
            }
        }
    }

    fn value<T: DeserializeOwned>(&mut self, value: Spanned<DeValue<'t>>) -> Option<T> {
        let (span, keys) = (value.span(), keys(&value));
        match T::deserialize(ValueDeserializer::from(value)) {
            Ok(value) => Some(value),
            Err(error) => {
                self.report(&error, span, &keys);
                None
            }
        }
    }

    fn report(&mut self, error: &Error, table: Range<usize>, keys: &[Key]) {
        match error.span() {
            Some(span) if span != table => self.complain(span.start, error.message()),
            _ => self.complain_in(error.message(), table, keys),
        }
    }

    /// Complains at the key that `message` names first in backquotes, or else at the table.
    fn complain_in(&mut self, message: &str, table: Range<usize>, keys: &[Key]) {
        let named = message.split('`').skip(1).step_by(2);
        let start = named
            .filter_map(|name| keys.iter().find(|(key, _)| key == name))
            .map(|(_, span)| span.start)
            .next();
        self.complain(start.unwrap_or(table.start), message);
    }

    fn complain(&mut self, offset: usize, message: &str) {
        self.problems.push(Problem::new(self.text, offset, message));
    }
}

fn keys(value: &Spanned<DeValue<'_>>) -> Vec<Key> {
    match value.get_ref() {
        DeValue::Table(table) => {
            table.iter().map(|(key, _)| (key.get_ref().to_string(), key.span())).collect()
        }
        _ => Vec::new(),
    }
}

/// A sentence on the first role of `used`, with the key that names it, that nobody has defined.
fn unknown_role<'a>(
    mut used: impl Iterator<Item = (&'static str, &'a str)>,
    roles: &[Role],
) -> Option<String> {
    let names: HashSet<&str> =
        roles.iter().map(|role| role.name.as_str()).chain(STANDARD).chain([ROUTER]).collect();
    let (key, unknown) = used.find(|(_, name)| !names.contains(name))?;
    let mut known: Vec<_> = names.into_iter().collect();
    known.sort_unstable();
    let advice = match nearest(unknown, known.iter().copied()) {
        Some(name) => format!("; did you mean `{name}`?"),
        None => format!("; there are `{}`", known.join("`, `")),
    };
    Some(format!("`{key}` names the role `{unknown}`, which is not defined{advice}"))
}
