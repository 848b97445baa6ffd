//! The reference of the configuration: every key with type, bounds, default and meaning.
//!
//! The rows stand in [`sections`], beside the types that read them. The tests hold both together:
//! each key that a section takes has a row, each bound is tried out, and defaults are not written
//! down but taken from the configuration of an empty file.

mod row;
mod schema;
mod sections;

use std::fmt::Write as _;

pub use row::{Kind, Row, Section, Shape};
pub use schema::schema;
pub use sections::SECTIONS;

use super::Config;

/// Tables of all sections, as `docs/configuration.md` has them.
pub fn document() -> String {
    let mut text = String::new();
    for section in SECTIONS {
        // Writing to a string does not fail.
        let _ = write!(text, "## `{}`\n\n{}\n", section.title(), table(section));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// The table of one section.
fn table(section: &Section) -> String {
    let defaults = defaults(section);
    let mut text = String::from("| key | type | default | meaning |\n| --- | --- | --- | --- |\n");
    for row in section.rows {
        let default = match (row.is_needed, defaults.get(row.key)) {
            (true, _) => "needed".to_owned(),
            (false, Some(default)) => format!("`{default}`"),
            (false, None) => String::new(),
        };
        let _ =
            writeln!(text, "| `{}` | {} | {default} | {} |", row.key, row.kind.name(), row.meaning);
    }
    text
}

/// What the keys of a section have when nothing is written.
fn defaults(section: &Section) -> toml::Table {
    let smallest = match section.shape {
        Shape::Table => "",
        Shape::List { smallest } => smallest,
        // What detections have in common differs from one to the next.
        Shape::Named { .. } => return toml::Table::new(),
    };
    let config = Config::parse("".as_ref(), smallest, &super::Overrides::default());
    let config = config.expect("the smallest entry of a section is valid");
    let config = toml::Value::try_from(config).expect("a configuration can be written as TOML");
    let entry = match config.get(section.name) {
        // Built-in thresholds come before the one of the file.
        Some(toml::Value::Array(entries)) => {
            entries.iter().find(|entry| section.is_smallest(entry))
        }
        entry => entry,
    };
    let entry = entry.and_then(toml::Value::as_table).cloned().unwrap_or_default();
    let is_written = |key: &str| smallest.lines().any(|line| line.split(" = ").next() == Some(key));
    entry.into_iter().filter(|(key, _)| !is_written(key)).collect()
}

#[cfg(test)]
mod tests;
