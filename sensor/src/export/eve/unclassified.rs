//! The commonest kinds of traffic that were not classified, for answers over the socket.

use serde_json::{Value, json};

use super::text::Hexadecimal;
use crate::{flow::Unclassified, time::WallClock};

/// The `most` commonest kinds, and how many flows there were of all.
pub fn unclassified_value(unclassified: &Unclassified, most: usize, wall: WallClock) -> Value {
    let kinds = unclassified.commonest(most).into_iter().map(|(key, kind)| {
        let devices: Vec<u32> = kind.devices.iter().map(|device| device.0).collect();
        json!({
            "proto": key.protocol,
            "port": key.port,
            "digest": Hexadecimal::<4>(key.digest),
            "flows": kind.flows,
            "flows_error": kind.error,
            "bytes": kind.octets,
            "guess": kind.guess.name(),
            "devices": devices,
            "last_seen": wall.at(kind.last_seen),
        })
    });
    let (flows, octets) = unclassified.totals();
    json!({"unknown": kinds.collect::<Vec<_>>(), "flows": flows, "bytes": octets})
}
