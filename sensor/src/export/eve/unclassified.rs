//! The commonest kinds of traffic that were not classified, for answers over the socket.

use serde_json::{Value, json};

use crate::{export::text::Hexadecimal, flow::Unclassified, time::WallClock};

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        flow::{FlowRecord, Opinion, fixture::record},
        inventory::DeviceId,
        time::{Moment, Timestamp},
    };

    #[test]
    fn the_commonest_kinds_come_first_with_what_is_known_of_them() {
        let mut unclassified = Unclassified::default();
        let of = |port, digest| FlowRecord {
            responder_port: port,
            digest,
            opinion: Opinion::default(),
            responder_device: Some(DeviceId(12)),
            ..record()
        };
        unclassified.observe(&of(4001, 0x0000_00ab));
        for _ in 0..2 {
            unclassified.observe(&of(4002, 0xdead_beef));
        }
        let wall = WallClock::new(Moment::from_micros(0), Timestamp::from_micros(1_000_000));
        let kind = |port, digest, flows| {
            json!({
                "proto": 6, "port": port, "digest": digest,
                "flows": flows, "flows_error": 0, "bytes": 1200 * flows, "guess": "unknown",
                "devices": [12], "last_seen": "1970-01-01T00:00:03.500000Z"
            })
        };
        let first = kind(4002, "deadbeef", 2);
        assert_eq!(
            unclassified_value(&unclassified, 10, wall),
            json!({"unknown": [first, kind(4001, "000000ab", 1)], "flows": 3, "bytes": 3600})
        );
        // The sums are of all, listed or not.
        assert_eq!(
            unclassified_value(&unclassified, 1, wall),
            json!({"unknown": [first], "flows": 3, "bytes": 3600})
        );
    }
}
