//! Data in echo requests and replies.

use std::{net::IpAddr, time::Duration};

use sensor_common::{flow::Network, wire::transport::protocol};

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, FlowSeen, Interest, Severity,
        description::{Description, Parameter, Source, Unit},
        settings::Parameters,
        table::Table,
        window::Sums,
    },
    inventory::DeviceId,
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(IcmpTunnel::new(parameters)),
};

const MINUTE: Duration = Duration::from_secs(60);
/// Pairs of addresses that ping each other.
const PAIRS: usize = 8192;
/// A pinging program sends one size; differences below this are of tags and padding.
const VARIATION: u64 = 8;

static DESCRIPTION: Description = Description {
    id: "WL-033",
    name: "icmp_tunnel",
    title: "Data in pings",
    severity: Severity::Medium,
    sees: "Two addresses that exchange, within a minute, at least `packets` echo requests or replies \
           in one direction whose payload is longer than `octets` on average, while sizes vary: from \
           one reading of the flow table to the next, or between requests and replies, which repeat \
           each other in an honest ping (RFC 792, RFC 4443). The payload itself is not looked at, so \
           a tunnel that pads to one size is not seen.",
    clinical_note: "Pings are let through where nothing else is, so they carry data out of closed \
                    networks. Usual causes: tests of the longest packet (sizes vary), monitoring by \
                    several programs at once. Blocking pings at the edge disturbs no treatment.",
    techniques: &["T1095", "T1572"],
    parameters: &[
        Parameter {
            name: "packets",
            meaning: "in one direction within a minute",
            default: 50.0,
            minimum: 5.0,
            maximum: 100_000.0,
            unit: Unit::Count,
            source: Source::Ours,
        },
        Parameter {
            name: "octets",
            meaning: "of payload, on average",
            default: 100.0,
            minimum: 56.0,
            maximum: 65_535.0,
            unit: Unit::Octets,
            source: Source::Ours,
        },
    ],
    excused_roles: &["monitoring"],
    clears_after: Duration::from_secs(30 * 60),
};

/// One direction of a pair.
#[derive(Clone, Copy, Debug)]
struct Direction {
    packets: Sums,
    octets: Sums,
    /// Smallest and largest mean of a reading, and when the first of them was.
    sizes: Option<(u64, u64)>,
    since: Moment,
}

impl Direction {
    fn new(at: Moment) -> Self {
        let sums = Sums::new(MINUTE);
        Self { packets: sums, octets: sums, sizes: None, since: at }
    }

    fn add(&mut self, at: Moment, packets: u64, octets: u64) {
        if at.since(self.since) >= MINUTE {
            self.since = at;
            self.sizes = None;
        }
        self.packets.add(at, packets);
        self.octets.add(at, octets);
        let mean = octets / packets.max(1);
        let (smallest, largest) = self.sizes.unwrap_or((mean, mean));
        self.sizes = Some((smallest.min(mean), largest.max(mean)));
    }

    fn mean(&self) -> f64 {
        self.octets.total() as f64 / self.packets.total().max(1) as f64
    }

    fn varies(&self) -> bool {
        self.sizes.is_some_and(|(smallest, largest)| largest - smallest > VARIATION)
    }
}

#[derive(Debug)]
struct Pair {
    /// From the lower address, and from the higher.
    directions: [Direction; 2],
    reported: Option<Moment>,
}

#[derive(Debug)]
struct IcmpTunnel {
    packets: f64,
    octets: f64,
    pairs: Table<(IpAddr, IpAddr), Pair>,
}

impl IcmpTunnel {
    fn new(parameters: &Parameters) -> Self {
        Self {
            packets: parameters.number("packets"),
            octets: parameters.number("octets"),
            pairs: Table::new(PAIRS, 2 * MINUTE),
        }
    }
}

/// Octets of a frame before an echo's payload: Ethernet and IP header without options, ICMP header
/// (RFC 792, RFC 8200, RFC 4443); `None` if it is no echo.
fn header_length(flow: &FlowSeen<'_>) -> Option<u64> {
    let kind = flow.delta.icmp_type_code >> 8;
    match (flow.delta.key.network(), flow.delta.key.protocol(), kind) {
        (Some(Network::Ipv4), protocol::ICMP, 0 | 8) => Some(14 + 20 + 8),
        (Some(Network::Ipv6), protocol::ICMPV6, 128 | 129) => Some(14 + 40 + 8),
        _ => None,
    }
}

/// Whoever of the two is in the site; the sender if both are.
fn subject(flow: &FlowSeen<'_>, source: IpAddr, estate: &Estate<'_>) -> Option<DeviceId> {
    if estate.is_internal(source) { flow.source } else { flow.destination }
}

impl Detector for IcmpTunnel {
    fn interest(&self) -> Interest {
        Interest::in_protocols(&[protocol::ICMP, protocol::ICMPV6])
    }

    fn observe_flow(&mut self, flow: &FlowSeen<'_>, estate: &Estate<'_>, findings: &mut Findings) {
        let Some(header) = header_length(flow) else { return };
        let key = &flow.delta.key;
        let (Some(source), Some(destination)) = (key.source_address(), key.destination_address())
        else {
            return;
        };
        let (at, packets) = (flow.delta.last_seen, flow.delta.packets);
        if packets == 0 {
            return;
        }
        let ends = (source.min(destination), source.max(destination));
        let Some(pair) = self
            .pairs
            .touch(ends, at, || Pair { directions: [Direction::new(at); 2], reported: None })
        else {
            return;
        };
        let payload = flow.delta.octets.saturating_sub(packets.saturating_mul(header));
        let own = usize::from(source > destination);
        pair.directions[own].add(at, packets, payload);
        let other = &mut pair.directions[1 - own];
        other.packets.advance(at);
        other.octets.advance(at);
        let [own, other] = [&pair.directions[own], &pair.directions[1 - own]];
        let count = own.packets.total() as f64;
        let mean = own.mean();
        let is_answered = other.packets.total() > 0;
        let differs = is_answered && (mean - other.mean()).abs() > VARIATION as f64;
        let is_due = pair.reported.is_none_or(|reported| at.since(reported) >= MINUTE);
        let is_tunnel = count >= self.packets
            && mean > self.octets
            && is_answered
            && (differs || own.varies() || other.varies());
        let Some(device) = subject(flow, source, estate).filter(|_| is_tunnel && is_due) else {
            return;
        };
        pair.reported = Some(at);
        let peer = if flow.source == Some(device) { destination } else { source };
        findings.report(Finding {
            device,
            severity: None,
            metric: "echo_packets",
            value: count,
            limit: self.packets,
            window: MINUTE,
            sentence: format!(
                "exchanges {count:.0} pings a minute, of {mean:.0} octets and varying sizes, with \
                 one address"
            ),
            evidence: Evidence::default().number("mean_octets", mean).peer(Some(peer)),
            since: at - MINUTE,
            at,
        });
    }

    fn advance(&mut self, now: Moment, _: &Estate<'_>, _: &mut Findings) {
        self.pairs.make_room(now);
    }

    fn overflowed(&self) -> u64 {
        self.pairs.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::trial::*;

    const HEADERS: u64 = 42;

    /// `packets` of `size` each in both directions, at `at`.
    fn exchange(trial: &mut Trial, packets: u64, (out, back): (u64, u64), at: f64) -> usize {
        let ping = talk("10.20.0.7", "203.0.113.9").ping().at(at).packets(packets, packets);
        let ping = ping.octets(packets * (out + HEADERS), packets * (back + HEADERS));
        trial.forward(ping).len() + trial.reply(ping).len()
    }

    #[test]
    fn fifty_pings_of_varying_size_are_a_tunnel_and_forty_nine_are_none() {
        let mut trial = Trial::new(&DETECTION, &[]);
        assert_eq!(exchange(&mut trial, 24, (90, 200), 0.0), 0);
        assert_eq!(exchange(&mut trial, 25, (400, 200), 30.0), 0);
        assert_eq!(exchange(&mut trial, 1, (400, 200), 31.0), 1, "both directions, said once");
        assert_eq!(exchange(&mut trial, 50, (400, 200), 32.0), 0, "said within the minute");
    }

    #[test]
    fn a_hundred_octets_on_average_are_no_tunnel_yet() {
        let mut trial = Trial::new(&DETECTION, &[]);
        assert_eq!(exchange(&mut trial, 60, (100, 50), 0.0), 0);
        let mut trial = Trial::new(&DETECTION, &[]);
        assert_eq!(exchange(&mut trial, 60, (101, 50), 0.0), 0, "not answered when it was sent");
        assert_eq!(exchange(&mut trial, 60, (101, 50), 1.0), 1);
    }

    #[test]
    fn an_honest_ping_of_any_size_and_speed_is_none() {
        for size in [56, 1400] {
            let mut trial = Trial::new(&DETECTION, &[]);
            let found: usize =
                (0..120).map(|at| exchange(&mut trial, 10, (size, size), f64::from(at))).sum();
            assert_eq!(found, 0);
        }
    }

    #[test]
    fn a_flood_that_nobody_answers_is_another_detection_s() {
        let mut trial = Trial::new(&DETECTION, &[]);
        for size in [200, 900] {
            let ping = talk("10.20.0.7", "203.0.113.9").ping().packets(1000, 0);
            assert!(trial.forward(ping.octets(1000 * size, 0)).is_empty());
        }
    }

    #[test]
    fn slow_pings_never_add_up() {
        let mut trial = Trial::new(&DETECTION, &[]);
        let found: usize =
            (0..200).map(|at| exchange(&mut trial, 1, (300 + at, 200), at as f64 * 2.0)).sum();
        assert_eq!(found, 0);
    }
}
