//! What makes a flow of the truth and one of the agent's the same: protocol, addresses, ports,
//! whichever end is named first.

use std::net::IpAddr;

/// A protocol number and two ends in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FlowKey {
    protocol: u8,
    ends: [(IpAddr, u16); 2],
}

impl FlowKey {
    /// `None` for a flow without network addresses.
    pub fn new(protocol: &str, source: (&str, u16), destination: (&str, u16)) -> Option<Self> {
        let protocol = protocol_number(protocol)?;
        let is_icmp = matches!(protocol, 1 | 58);
        let end = |(address, port): (&str, u16)| {
            Some((address.parse::<IpAddr>().ok()?, if is_icmp { 0 } else { port }))
        };
        let mut ends = [end(source)?, end(destination)?];
        ends.sort_unstable();
        Some(Self { protocol, ends })
    }
}

fn protocol_number(protocol: &str) -> Option<u8> {
    Some(match protocol.to_ascii_uppercase().as_str() {
        "ICMP" => 1,
        "IGMP" => 2,
        "TCP" => 6,
        "UDP" => 17,
        "GRE" => 47,
        "ESP" => 50,
        "AH" => 51,
        "ICMPV6" | "IPV6-ICMP" => 58,
        "SCTP" => 132,
        number => return number.parse().ok(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn direction_and_spelling_of_the_protocol_make_no_difference() {
        let there = FlowKey::new("6", ("10.0.0.1", 40000), ("10.0.0.2", 104));
        let back = FlowKey::new("TCP", ("10.0.0.2", 104), ("10.0.0.1", 40000));
        assert!(there.is_some());
        assert_eq!(there, back);
        assert_ne!(there, FlowKey::new("17", ("10.0.0.1", 40000), ("10.0.0.2", 104)));
    }

    #[test]
    fn icmp_has_no_ports_and_a_station_no_key() {
        let typed = FlowKey::new("ICMP", ("10.0.0.1", 8), ("10.0.0.2", 0));
        assert_eq!(typed, FlowKey::new("1", ("10.0.0.1", 0), ("10.0.0.2", 0)));
        assert_eq!(FlowKey::new("LINK", ("02:00:00:00:00:01", 0), ("", 0)), None);
    }
}
