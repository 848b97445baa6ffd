//! The JSON Schema of the events, made from the types that are written.
//!
//! Every object in it is closed: an event that has a property which is not described does not
//! validate. A reader of events should be laxer, for later versions add properties.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema};
use sensor_common::{application::Application, flow::Encapsulation};
use serde_json::{Map, Value, json};

use super::{Line, alert, device, flow};

/// The name and version of what the schema describes. A property or value that is added keeps it;
/// one that goes or changes its meaning raises it.
pub const NAME: &str = "urn:wardline:events:v1";

pub(super) const ATTACH_MODES: [&str; 3] = ["native", "generic", "replay"];
pub(super) const EVIDENCE: [&str; 4] = ["unknown", "port", "likely", "confirmed"];
pub(super) const METHODS: [&str; 5] = ["none", "port", "headers", "payload", "control"];
pub(super) const CHANGE_REASONS: [&str; 3] =
    ["later_packet", "other_direction", "control_conversation"];
pub(super) const STATES: [&str; 3] = ["new", "established", "closed"];
pub(super) const END_REASONS: [&str; 5] =
    ["idle_timeout", "active_timeout", "end_of_flow", "forced_end", "lack_of_resources"];

/// The label of an application.
pub(super) struct Label;

impl JsonSchema for Label {
    fn schema_name() -> Cow<'static, str> {
        "application".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let labels: Vec<&str> = Application::ALL.iter().map(|each| each.name()).collect();
        json_schema!({
            "description": "The label of an application, as docs/applications.md explains it.",
            "type": "string",
            "enum": labels,
        })
    }
}

pub(super) fn tunnels() -> Vec<&'static str> {
    Encapsulation::ALL.iter().map(|kind| kind.name()).collect()
}

/// The books: of a live agent every `events.stats_interval`, of a replay once at its end.
#[derive(JsonSchema)]
#[schemars(rename = "stats")]
#[expect(dead_code, reason = "describes what the pipelines count, each in its own place")]
struct Stats {
    /// How the program is attached to the first interface.
    #[schemars(extend("enum" = ATTACH_MODES))]
    attach_mode: String,
    stats: Counters,
}

#[derive(JsonSchema)]
#[schemars(rename = "counters")]
#[expect(dead_code, reason = "as `Stats`")]
struct Counters {
    frames: Frames,
    /// Live: in the kernel's table, one direction each. Of a replay: records written.
    flows: u64,
    /// Conversations under way. Not of a replay.
    #[schemars(skip_serializing_if = "Option::is_none")]
    biflows: Option<u64>,
    devices: u64,
    /// Not of a replay.
    #[schemars(skip_serializing_if = "Option::is_none")]
    alerts_firing: Option<u64>,
    /// By how much the wall clock jumped, ahead if positive: the line was written because it did.
    #[schemars(skip_serializing_if = "Option::is_none")]
    clock_jump_seconds: Option<f64>,
    /// How often something found a table full, by table. Of a replay only: live, these are metrics.
    #[schemars(skip_serializing_if = "Option::is_none")]
    no_room: Option<NoRoom>,
}

/// `received` and `encapsulated` together are `counted`, `undissected` and `lost`.
#[derive(JsonSchema)]
#[schemars(rename = "frames")]
#[expect(dead_code, reason = "as `Stats`")]
struct Frames {
    received: u64,
    /// Found in tunnels, and counted in flows of their own.
    encapsulated: u64,
    /// In a flow.
    counted: u64,
    /// In none, for a reason that a metric tells.
    undissected: u64,
    /// With a flow's record.
    lost: u64,
}

#[derive(JsonSchema)]
#[schemars(rename = "no_room")]
#[expect(dead_code, reason = "as `Stats`")]
struct NoRoom {
    endpoints: u64,
    devices: u64,
    thresholds: u64,
    detections: u64,
    profiles: u64,
    alerts: u64,
}

/// The document of `docs/schema/events.schema.json`.
pub fn document() -> String {
    let text = serde_json::to_string_pretty(&schema()).expect("a schema is JSON");
    format!("{text}\n")
}

/// The schema of one line.
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let kinds = [
        ("alert", line_of::<alert::Event<'_>>(&mut generator, "alert")),
        ("device", line_of::<device::Event<'_>>(&mut generator, "device")),
        ("flow", line_of::<flow::Event<'_>>(&mut generator, "flow")),
        ("stats", line_of::<Stats>(&mut generator, "stats")),
    ];
    let mut definitions: Map<String, Value> = generator.take_definitions(true);
    let references: Vec<Value> =
        kinds.iter().map(|(name, _)| json!({"$ref": format!("#/$defs/{name}_event")})).collect();
    definitions.extend(kinds.map(|(name, schema)| (format!("{name}_event"), schema.to_value())));
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": NAME,
        "title": "Wardline events",
        "description": "One line of the events file. Octets are counted from the destination address \
            to the end of the payload, without frame check sequence. Written by `wardline events schema`.",
        "oneOf": references,
        "$defs": definitions,
    });
    close(&mut schema);
    schema
}

fn line_of<T: JsonSchema>(generator: &mut SchemaGenerator, kind: &str) -> Schema {
    let mut schema = Line::<T>::json_schema(generator);
    let described = T::json_schema(generator);
    if let Some(description) = described.get("description") {
        schema.insert("description".to_owned(), description.clone());
    }
    if let Some(event_type) = schema.pointer_mut("/properties/event_type") {
        *event_type = json!({"const": kind});
    }
    schema
}

/// Closes every object whose properties are listed, and lets properties that may be left out have no
/// null: they are left out.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::String(description)) = object.get_mut("description") {
                *description = description.replace('\n', " ");
            }
            let required = object.get("required").cloned().unwrap_or_default();
            let is_required =
                |name: &str| required.as_array().is_some_and(|names| names.contains(&json!(name)));
            if let Some(Value::Object(properties)) = object.get_mut("properties") {
                let optional = properties.iter_mut().filter(|(name, _)| !is_required(name));
                optional.for_each(|(_, property)| forbid_null(property));
                object.insert("additionalProperties".to_owned(), json!(false));
            }
            object.values_mut().for_each(close);
        }
        Value::Array(values) => values.iter_mut().for_each(close),
        _ => {}
    }
}

fn forbid_null(property: &mut Value) {
    if let Some(types) = property["type"].as_array_mut() {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            property["type"] = only.clone();
        }
    }
    let Some(choices) = property.get_mut("anyOf").and_then(Value::as_array_mut) else { return };
    choices.retain(|choice| choice["type"] != "null");
    if let [only] = choices.as_slice() {
        let mut only = only.clone();
        if let Some(description) = property.get("description") {
            only["description"] = description.clone();
        }
        *property = only;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_schema_is_that_of_the_types() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/schema/events.schema.json");
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == document(),
            "docs/schema/events.schema.json is old: \
             `wardline events schema > docs/schema/events.schema.json`"
        );
    }

    #[test]
    fn a_line_with_a_property_that_is_not_described_is_refused() {
        let validator = jsonschema::validator_for(&schema()).unwrap();
        let mut line = json!({
            "timestamp": "2026-11-23T16:45:12.637722Z", "event_type": "stats",
            "attach_mode": "native",
            "stats": {
                "flows": 4, "devices": 1, "biflows": 4, "alerts_firing": 0,
                "frames":
                    {"received": 5, "encapsulated": 0, "counted": 5, "undissected": 0, "lost": 0}
            }
        });
        assert!(validator.is_valid(&line));
        line["stats"]["frames"]["hidden"] = json!(1);
        assert!(!validator.is_valid(&line));
    }
}
