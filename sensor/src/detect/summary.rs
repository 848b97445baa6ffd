//! The one sentence of an alert: who does what, how much, over which window.
//!
//! Devices are named by our number, their address and their registered vendor; never by a name
//! that they gave themselves.

use std::{
    fmt::Write,
    net::{IpAddr, Ipv6Addr},
};

use super::{
    life::Level,
    selector::MacAddress,
    threshold::{Direction, Metric, Threshold},
};
use crate::{
    config::duration,
    inventory::{Device, DeviceKey},
};

pub fn sentence(rule: &Threshold, device: &Device, level: &Level) -> String {
    let mut text = subject(device);
    let at_least = if level.is_capped { "at least " } else { "" };
    // Writing to a string does not fail.
    let _ = write!(text, " {}: {at_least}{}", deed(rule), number(level.value, rule.metric));
    let _ = write!(text, "{}", circumstances(rule, level));
    let limit = number(rule.limit, rule.metric);
    let _ = if rule.metric == Metric::Silence {
        write!(text, " (limit {limit})")
    } else {
        let window = duration::written(rule.window);
        write!(text, " within {window} (limit {limit})")
    };
    text
}

/// The device, as an alert names it.
pub fn subject(device: &Device) -> String {
    let key = match device.key {
        DeviceKey::Station { station, .. } => MacAddress(station).to_string(),
        DeviceKey::Address(address) => address.to_string(),
    };
    match &device.vendor {
        Some(vendor) => format!("Device {} ({key}, {})", device.id.0, printable(vendor)),
        None => format!("Device {} ({key})", device.id.0),
    }
}

/// At most 64 characters, without control characters, quotes and markup.
fn printable(text: &str) -> String {
    text.chars()
        .filter(|each| each.is_alphanumeric() || " .,-&()/+".contains(*each))
        .take(64)
        .collect()
}

fn deed(rule: &Threshold) -> &'static str {
    let is_sent = rule.direction == Direction::Sent;
    match (rule.metric, is_sent) {
        (Metric::PacketRate, true) => "sends packets",
        (Metric::PacketRate, false) => "receives packets",
        (Metric::OctetRate, true) => "sends octets",
        (Metric::OctetRate, false) => "receives octets",
        (Metric::NewFlowRate, true) => "opens flows",
        (Metric::NewFlowRate, false) => "has flows opened to it",
        (Metric::SynRate, true) => "sends SYN segments",
        (Metric::SynRate, false) => "receives SYN segments",
        (Metric::InvalidOpenings, true) => "sends impossible first segments",
        (Metric::InvalidOpenings, false) => "receives impossible first segments",
        (Metric::DistinctPeers, true) => match rule.failed {
            true => "fails to reach distinct peers",
            false => "contacts distinct peers",
        },
        (Metric::DistinctPeers, false) => "is contacted by distinct peers",
        (Metric::DistinctDestinationPorts, true) => match rule.failed {
            true => "tries distinct destination ports without success",
            false => "contacts distinct destination ports",
        },
        (Metric::DistinctDestinationPorts, false) => "is contacted at distinct ports",
        (Metric::DistinctSourcePorts, true) => match rule.failed {
            true => "makes attempts from distinct ports without success",
            false => "makes attempts from distinct ports",
        },
        (Metric::DistinctSourcePorts, false) => "receives attempts from distinct ports",
        (Metric::HalfOpenRate, _) => "leaves connections half open",
        (Metric::HalfOpenShare, _) => "leaves a share of its connections half open",
        (Metric::Silence, _) => "has been silent",
    }
}

fn number(value: f64, metric: Metric) -> String {
    match metric {
        Metric::PacketRate
        | Metric::OctetRate
        | Metric::NewFlowRate
        | Metric::SynRate
        | Metric::HalfOpenRate => format!("{value:.1} a second"),
        Metric::HalfOpenShare => format!("{:.1} %", value * 100.0),
        Metric::Silence => format!("{value:.0} s"),
        Metric::InvalidOpenings
        | Metric::DistinctPeers
        | Metric::DistinctDestinationPorts
        | Metric::DistinctSourcePorts => format!("{value:.0}"),
    }
}

/// Protocol, ports and peer, as far as the rule tells them apart.
fn circumstances(rule: &Threshold, level: &Level) -> String {
    let mut text = String::new();
    let protocol = rule.filter.protocol.map(|protocol| protocol.name());
    let ports: Vec<_> = match (rule.per_port, rule.metric.is_of_flows()) {
        (true, _) => vec![level.group.port.to_string()],
        (false, true) => {
            let shown = rule.filter.destination_ports.iter().take(8);
            shown.map(u16::to_string).collect()
        }
        (false, false) => Vec::new(),
    };
    let _ = match (protocol, ports.is_empty()) {
        (Some(protocol), true) => write!(text, " over {protocol}"),
        (Some(protocol), false) => write!(text, " over {protocol}/{}", ports.join(",")),
        (None, false) => write!(text, " over port {}", ports.join(",")),
        (None, true) => Ok(()),
    };
    if rule.per_peer {
        let preposition = match rule.direction {
            Direction::Sent => "to",
            Direction::Received => "from",
        };
        let _ = write!(text, " {preposition} {}", address(level.group.peer));
    }
    text
}

fn address([high, low]: [u64; 2]) -> IpAddr {
    let address = Ipv6Addr::from_bits(u128::from(high) << 64 | u128::from(low));
    address.to_canonical()
}

#[cfg(test)]
mod tests {
    use sensor_common::endpoint::mapped_ipv4;

    use super::{
        super::{builtin, fixture::device, measure::Group},
        *,
    };
    use crate::time::Moment;

    fn level(value: f64) -> Level {
        Level {
            value,
            is_capped: false,
            group: Group { peer: mapped_ipv4(0x0a14_0005), port: 80 },
            evidence_since: Moment::default(),
        }
    }

    #[test]
    fn a_sentence_says_who_what_how_much_and_how_long() {
        let sentences: Vec<_> = builtin::thresholds()
            .iter()
            .map(|rule| sentence(rule, &device(7), &level(rule.limit)))
            .collect();
        assert_eq!(
            sentences[0],
            "Device 7 (00:13:dd:00:00:07, Philips Patient Monitoring) contacts distinct peers: \
             10 over tcp/139,445 within 1m (limit 10)"
        );
        assert!(
            sentences[3].ends_with(": 15 over tcp to 10.20.0.5 within 5m (limit 15)"),
            "{}",
            sentences[3]
        );
    }

    #[test]
    fn nothing_a_device_says_of_itself_is_repeated() {
        let mut named = device(7);
        named.vendor = Some("Evil\u{1b}[2J\n\"<b>".repeat(40));
        let text = sentence(&builtin::thresholds()[0], &named, &level(10.0));
        assert!(!text.contains("ward-7"));
        assert!(!text.contains(|each: char| each.is_control() || "<>\"[".contains(each)));
        assert!(text.len() < 250);
    }

    #[test]
    fn a_capped_number_is_a_lower_bound() {
        let capped = Level { is_capped: true, ..level(1024.0) };
        let text = sentence(&builtin::thresholds()[0], &device(7), &capped);
        assert!(text.contains(": at least 1024 over"), "{text}");
    }
}
