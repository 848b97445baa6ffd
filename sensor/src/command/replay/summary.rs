//! The summary of a replay, for a person at a terminal.

use std::{collections::BTreeMap, path::Path};

use comfy_table::{CellAlignment, Table, presets::NOTHING};
use sensor_common::books::{Entry, Undissected};

use crate::{
    detect::AlertState, inventory::DeviceKey, pipeline::replay::Replayed, time::WallClock,
};

const MOST: usize = 20;

/// The summary as text.
pub fn text(capture: &Path, replayed: &Replayed) -> String {
    let summary = &replayed.summary;
    let mut text = format!("{}: {} frames", capture.display(), summary.frames);
    if let (Some(first), Some(last)) = (summary.first, summary.last) {
        let wall = WallClock::default();
        let seconds = last.since(first).as_secs_f64();
        text.push_str(&format!(
            ", {} octets, {seconds:.1} s from {}",
            summary.octets,
            wall.at(first)
        ));
    }
    text.push_str(&format!("; replayed in {:.2} s\n", summary.elapsed.as_secs_f64()));
    let undissected: u64 = replayed.rows.iter().flat_map(|row| row.undissected_frames).sum();
    text.push_str(&format!(
        "frames: {} counted, {undissected} undissected{}, {} lost; {} flow records, {} devices\n",
        replayed.books.counted_packets,
        reasons(replayed),
        replayed.books.lost_packets,
        summary.flows,
        replayed.core.inventory.devices().len(),
    ));
    text.push_str(&tunnels(replayed));
    let parts =
        [applications(replayed), devices(replayed), unclassified(replayed), alerts(replayed)];
    for part in parts {
        if !part.is_empty() {
            text.push('\n');
            text.push_str(&part);
        }
    }
    text
}

/// What was found in tunnels, which is among the frames counted.
fn tunnels(replayed: &Replayed) -> String {
    let inner = replayed.ledger.line(Entry::Encapsulated);
    let undissected = replayed.ledger.line(Entry::EncapsulatedUndissected);
    if inner + undissected == 0 {
        return String::new();
    }
    format!("in tunnels: {inner} of the frames counted; {undissected} more were undissected\n")
}

fn reasons(replayed: &Replayed) -> String {
    let counts = Undissected::ALL.into_iter().filter_map(|reason| {
        let frames = replayed.rows.iter().map(|row| row.undissected_frames[reason as usize]);
        let frames: u64 = frames.sum();
        (frames > 0).then(|| format!("{} {frames}", reason.name()))
    });
    let counts: Vec<String> = counts.collect();
    if counts.is_empty() { String::new() } else { format!(" ({})", counts.join(", ")) }
}

fn applications(replayed: &Replayed) -> String {
    let mut rows: Vec<_> = replayed.totals.by_application().into_iter().collect();
    rows.sort_by_key(|(_, totals)| std::cmp::Reverse(totals.octets));
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(["APPLICATION", "PACKETS", "OCTETS"]);
    for (application, totals) in rows {
        table.add_row([
            application.name().to_owned(),
            totals.packets.to_string(),
            totals.octets.to_string(),
        ]);
    }
    for column in [1, 2] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    format!("{table}\n")
}

fn devices(replayed: &Replayed) -> String {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header([
        "DEVICE",
        "VENDOR",
        "NAME",
        "STATION OR ADDRESS",
        "ADDRESSES",
        "APPLICATIONS",
    ]);
    let devices = replayed.core.inventory.devices();
    let total = devices.len();
    for device in devices.take(MOST) {
        let key = match device.key {
            DeviceKey::Station { station, .. } => {
                let octets = station.to_be_bytes();
                let octets: Vec<String> =
                    octets[2..].iter().map(|octet| format!("{octet:02x}")).collect();
                octets.join(":")
            }
            DeviceKey::Address(address) => address.to_string(),
        };
        let addresses: Vec<String> =
            device.addresses.iter().take(3).map(ToString::to_string).collect();
        let applications: Vec<&str> =
            device.applications.iter().map(|application| application.name()).collect();
        table.add_row([
            device.id.0.to_string(),
            device.vendor.clone().unwrap_or_default(),
            device.host_name.clone().unwrap_or_default(),
            key,
            addresses.join(" "),
            applications.join(" "),
        ]);
    }
    let more = if total > MOST { format!("{MOST} of {total} shown\n") } else { String::new() };
    format!("{table}\n{more}")
}

/// The commonest kinds of traffic without an application that its own octets show.
fn unclassified(replayed: &Replayed) -> String {
    let (flows, octets) = replayed.core.unclassified.totals();
    if flows == 0 {
        return String::new();
    }
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header([
        "PROTO",
        "PORT",
        "DIGEST",
        "FLOWS",
        "OCTETS",
        "PORT SUGGESTS",
        "DEVICES",
    ]);
    for (key, kind) in replayed.core.unclassified.commonest(MOST) {
        let devices: Vec<String> = kind.devices.iter().map(|id| id.0.to_string()).collect();
        table.add_row([
            key.protocol.to_string(),
            key.port.to_string(),
            format!("{:08x}", key.digest),
            kind.flows.to_string(),
            kind.octets.to_string(),
            kind.guess.name().to_owned(),
            devices.join(" "),
        ]);
    }
    format!("unclassified, or by port alone: {flows} flows, {octets} octets\n{table}\n")
}

fn alerts(replayed: &Replayed) -> String {
    // The last state of each alert.
    let mut last = BTreeMap::new();
    for alert in &replayed.summary.alerts {
        last.insert(alert.id, alert);
    }
    let lines = last.into_values().map(|alert| {
        let state = match alert.state {
            AlertState::Firing => "firing",
            AlertState::Resolved => "resolved",
        };
        format!(
            "ALERT {} {} {} ({state}): {}\n",
            alert.severity.name(),
            alert.rule,
            WallClock::default().at(alert.fired_at),
            alert.summary
        )
    });
    lines.collect()
}
