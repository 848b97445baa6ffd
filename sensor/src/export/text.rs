//! How addresses and hostile text are written.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

/// A station (MAC) address, 48 bits, as `00:1b:19:00:00:01`.
#[derive(Clone, Copy)]
pub struct Station(pub u64);

impl fmt::Display for Station {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [_, _, a, b, c, d, e, f] = self.0.to_be_bytes();
        write!(formatter, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
    }
}

impl Serialize for Station {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Station {
    fn schema_name() -> Cow<'static, str> {
        "station".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[0-9a-f]{2}(:[0-9a-f]{2}){5}$"})
    }
}

/// A number as hexadecimal digits, two for each octet.
#[derive(Clone, Copy)]
pub struct Hexadecimal<const OCTETS: usize>(pub u32);

impl<const OCTETS: usize> Serialize for Hexadecimal<OCTETS> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let width = OCTETS * 2;
        serializer.collect_str(&format_args!("{:0width$x}", self.0))
    }
}

impl<const OCTETS: usize> JsonSchema for Hexadecimal<OCTETS> {
    fn schema_name() -> Cow<'static, str> {
        "hexadecimal".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": format!("^[0-9a-f]{{{}}}$", OCTETS * 2)})
    }
}

/// What somebody on the network wrote, without what could disturb a terminal or a log viewer.
pub fn harmless(text: &str) -> String {
    text.chars().filter(|&c| !is_disturbing(c)).collect()
}

/// Control characters, line separators, and marks that change the direction of writing.
fn is_disturbing(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}

/// The beginning of `text`, at most so many octets, that ends with a whole character.
pub fn clipped(text: &str, octets: usize) -> &str {
    &text[..text.floor_char_boundary(octets)]
}

/// A number in few digits.
pub fn number(number: f64) -> String {
    let is_plain = number == 0.0 || (1e-5..1e16).contains(&number.abs());
    if is_plain { number.to_string() } else { format!("{number:e}") }
}
