//! The same rows as a JSON Schema, for editors that check a file while it is written.

use serde_json::{Map, Value, json};

use super::{
    SECTIONS,
    row::{Kind, Row, Section, Shape},
};

/// The schema (draft 2020-12) of the whole file.
pub fn schema() -> Value {
    let sections = SECTIONS.iter().map(|section| {
        let entry = entry(section);
        let written = match section.shape {
            Shape::Table => entry,
            Shape::List { .. } => json!({"type": "array", "items": entry}),
            Shape::Named { .. } => json!({"type": "object", "additionalProperties": entry}),
        };
        (section.name.to_owned(), written)
    });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:wardline:configuration:v1",
        "title": "Wardline's configuration",
        "type": "object",
        "additionalProperties": false,
        "properties": sections.collect::<Map<_, _>>(),
    })
}

fn entry(section: &Section) -> Value {
    let defaults = super::defaults(section);
    let properties = section.rows.iter().map(|row| {
        let default = defaults.get(row.key).filter(|_| !row.is_needed);
        (row.key.to_owned(), property(row, default))
    });
    let needed: Vec<&str> =
        section.rows.iter().filter(|row| row.is_needed).map(|row| row.key).collect();
    json!({
        "type": "object",
        // A detection has parameters of its own besides.
        "additionalProperties": matches!(section.shape, Shape::Named { .. }),
        "required": needed,
        "properties": properties.collect::<Map<_, _>>(),
    })
}

fn property(row: &Row, default: Option<&toml::Value>) -> Value {
    let mut property = match row.kind {
        Kind::Flag => json!({"type": "boolean"}),
        Kind::Whole(minimum, maximum) => {
            json!({"type": "integer", "minimum": minimum, "maximum": maximum})
        }
        Kind::Above(minimum, maximum) => {
            json!({"type": "number", "exclusiveMinimum": minimum, "maximum": maximum})
        }
        Kind::Size(..) => json!({"type": "string", "pattern": "^[0-9]+(B|KiB|MiB|GiB)$"}),
        Kind::Duration(..) => json!({"type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$"}),
        Kind::OneOf(names) => json!({"type": "string", "enum": names}),
        Kind::Text(_) => json!({"type": "string"}),
        Kind::Texts(_) => json!({"type": "array", "items": {"type": "string"}}),
        Kind::Wholes(minimum, maximum) => json!({
            "type": "array",
            "items": {"type": "integer", "minimum": minimum, "maximum": maximum}
        }),
        Kind::SomeOf(names) => json!({"type": "array", "items": {"enum": names}}),
        Kind::Scope => json!({"oneOf": [
            {"const": "all"},
            {
                "type": "object", "minProperties": 1, "maxProperties": 1,
                "additionalProperties": false,
                "properties": {"role": {"type": "string"}, "device": {"type": "string"}}
            }
        ]}),
    };
    property["description"] = json!(format!("{}. {}", row.kind.name(), row.meaning));
    if let Some(default) = default {
        property["default"] = json!(default);
    }
    property
}
