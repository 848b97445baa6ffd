//! Very many stations that ask for a lease and do nothing else: made up by one machine, to leave no
//! address for others.

use std::{collections::BTreeMap, time::Duration};

use sensor_common::flow::Network;

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, FlowSeen, Severity,
        description::{Description, Parameter, Source, Unit},
        settings::Parameters,
        table::Table,
    },
    inventory::{DeviceId, DeviceKey},
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(DhcpStarvation::new(parameters)),
};

static DESCRIPTION: Description = Description {
    id: "WL-049",
    name: "dhcp_starvation",
    title: "DHCP starvation",
    severity: Severity::High,
    sees: "Many stations on one VLAN, never seen before and without a registered vendor, that each \
           send one DHCP message by broadcast and nothing else for a second; or more of them, of \
           whatever vendor, that send no more than a request and nothing else for ten seconds. Told \
           of the first of them, for the machine behind them has no address of its own. One \
           station that asks in the names of others is told by dhcp_forged_clients. \
           Devices that come back after a power cut are known, or go on to use their addresses.",
    clinical_note: "When the server has no address left, devices that start or move get none, and a \
                    false server may step in (WL-021). The stations are probably made up: find the \
                    switch port that learned them all, and limit the stations of access ports.",
    techniques: &["T1498", "T0814"],
    parameters: &[
        Parameter {
            name: "unlisted_stations",
            meaning: "new stations without a registered vendor",
            default: 32.0,
            minimum: 8.0,
            maximum: 4096.0,
            unit: Unit::Count,
            source: Source::Ours,
        },
        Parameter {
            name: "stations",
            meaning: "new stations of whatever vendor",
            default: 128.0,
            minimum: 8.0,
            maximum: 4096.0,
            unit: Unit::Count,
            source: Source::Ours,
        },
        Parameter {
            name: "window",
            meaning: "time within which they ask",
            default: 60.0,
            minimum: 5.0,
            maximum: 600.0,
            unit: Unit::Seconds,
            source: Source::Ours,
        },
    ],
    excused_roles: &[],
    clears_after: Duration::from_secs(300),
};

/// Stations that ask, and VLANs that an alert is about, at a time.
const STATIONS: usize = 8192;
const VLANS: usize = 4096;
/// A real client goes on within this time: it asks for what it was offered, or uses it.
const PATIENCE: Duration = Duration::from_secs(1);
const LONG_PATIENCE: Duration = Duration::from_secs(10);
/// A discovery and a request.
const FEW_MESSAGES: u64 = 2;

// UDP ports (RFC 2131 section 4.1).
const SERVER: u16 = 67;
const CLIENT: u16 = 68;

#[derive(Debug)]
struct Asker {
    first: Moment,
    messages: u64,
    is_unlisted: bool,
}

/// What one VLAN has of them.
#[derive(Debug, Default)]
struct Count {
    unlisted: usize,
    all: usize,
    since: Option<Moment>,
    device: Option<DeviceId>,
}

#[derive(Debug)]
struct DhcpStarvation {
    unlisted: usize,
    all: usize,
    window: Duration,
    /// By VLANs and station.
    askers: Table<(u64, u64), Asker>,
    /// The device that the alert names, and what was told last.
    named: Table<u64, (DeviceId, usize)>,
    last_count: Moment,
}

impl DhcpStarvation {
    fn new(parameters: &Parameters) -> Self {
        let window = parameters.duration("window");
        Self {
            unlisted: parameters.count("unlisted_stations"),
            all: parameters.count("stations"),
            window,
            askers: Table::new(STATIONS, window),
            named: Table::new(VLANS, Duration::from_secs(600)),
            last_count: Moment::default(),
        }
    }

    fn ask(&mut self, station: u64, flow: &FlowSeen<'_>, estate: &Estate<'_>) {
        let (delta, vlans) = (flow.delta, flow.delta.key.vlans());
        if let Some(asker) = self.askers.get_mut(&(vlans, station)) {
            asker.messages += delta.packets;
            return;
        }
        let device = estate.inventory.device_of_station(station, vlans);
        let device = device.and_then(|id| estate.device(id));
        // A station for which the inventory has no room is new as well.
        let is_new =
            device.is_none_or(|device| delta.first_seen.since(device.first_seen) <= PATIENCE);
        if !is_new || !delta.is_new {
            return;
        }
        let asker = Asker {
            first: delta.first_seen,
            messages: delta.packets,
            is_unlisted: device.is_none_or(|device| device.vendor.is_none()),
        };
        self.askers.touch((vlans, station), delta.last_seen, || asker);
    }

    fn count(&self, now: Moment, estate: &Estate<'_>) -> BTreeMap<u64, Count> {
        let mut counts: BTreeMap<u64, Count> = BTreeMap::new();
        for (&(vlans, station), asker) in self.askers.iter() {
            let silent = now.since(asker.first);
            let is_fleeting = asker.is_unlisted && asker.messages == 1 && silent >= PATIENCE;
            let is_idle = asker.messages <= FEW_MESSAGES && silent >= LONG_PATIENCE;
            if silent > self.window || !is_fleeting && !is_idle {
                continue;
            }
            let count = counts.entry(vlans).or_default();
            count.unlisted += usize::from(is_fleeting);
            count.all += 1;
            count.since = Some(count.since.map_or(asker.first, |since| since.min(asker.first)));
            let device = estate.inventory.device_of_station(station, vlans);
            count.device = count.device.into_iter().chain(device).min();
        }
        counts
    }
}

/// The station that sent a flow.
fn sender(flow: &FlowSeen<'_>, estate: &Estate<'_>) -> Option<(u64, u64)> {
    let key = &flow.delta.key;
    if let Some(station) = key.source_station() {
        return Some((key.vlans(), station));
    }
    match estate.device(flow.source?)?.key {
        DeviceKey::Station { station, vlans } => Some((vlans, station)),
        DeviceKey::Address(_) => None,
    }
}

impl Detector for DhcpStarvation {
    fn observe_flow(&mut self, flow: &FlowSeen<'_>, estate: &Estate<'_>, _: &mut Findings) {
        let key = &flow.delta.key;
        let is_request = key.network() == Some(Network::Ipv4)
            && (key.source_port(), key.destination_port()) == (CLIENT, SERVER);
        if is_request {
            let is_from_nowhere = key.source_words()[1] as u32 == 0;
            if let Some(station) = key.source_station().filter(|_| is_from_nowhere) {
                self.ask(station, flow, estate);
            }
        } else if !self.askers.is_empty()
            && let Some(sender) = sender(flow, estate)
        {
            // It is there for more than a lease.
            self.askers.remove(&sender);
        }
    }

    fn advance(&mut self, now: Moment, estate: &Estate<'_>, findings: &mut Findings) {
        let fewest = self.unlisted.min(self.all);
        if self.askers.len() < fewest || now.since(self.last_count) < Duration::from_millis(200) {
            return;
        }
        self.last_count = now;
        self.askers.expire(now);
        for (vlans, count) in self.count(now, estate) {
            let is_found = count.unlisted >= self.unlisted || count.all >= self.all;
            let (true, Some(since), Some(device)) = (is_found, count.since, count.device) else {
                continue;
            };
            let Some((device, told)) = self.named.touch(vlans, now, || (device, 0)) else {
                continue;
            };
            // The one that was named may be forgotten by now.
            if estate.device(*device).is_none() {
                continue;
            }
            if count.all < *told * 2 && *told > 0 && count.all < STATIONS {
                continue;
            }
            *told = count.all;
            let limit = if count.unlisted >= self.unlisted { self.unlisted } else { self.all };
            findings.report(Finding {
                device: *device,
                severity: None,
                metric: "stations",
                value: count.all as f64,
                limit: limit as f64,
                window: self.window,
                sentence: format!(
                    "is one of {} new stations that ask for a DHCP lease and do nothing else, as one \
                     machine makes them up",
                    count.all
                ),
                evidence: Evidence::default()
                    .number("without_vendor", count.unlisted as f64)
                    .number("stations", count.all as f64),
                since,
                at: now,
            });
        }
    }

    fn overflowed(&self) -> u64 {
        self.askers.overflowed() + self.named.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use crate::detect::segment::{EVERYONE, Frame, Host, Segment, host};

    const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    const ALL: Host = Host(EVERYONE, IpAddr::V4(Ipv4Addr::BROADCAST));

    fn made_up(number: u32) -> Host {
        Host(0x0244_0000_0000 | u64::from(number) << 8, NOWHERE)
    }

    fn real(number: u32) -> Host {
        Host(host(number).0, NOWHERE)
    }

    fn discover(from: Host) -> Frame {
        Frame::udp(from, ALL, (68, 67))
    }

    #[test]
    fn stations_that_were_made_up_are_told_at_the_thirty_second() {
        for (stations, expected) in [(31, 0), (32, 1), (33, 1)] {
            let mut segment = Segment::watched_by("dhcp_starvation");
            for number in 0..stations {
                segment.feed(discover(made_up(number)), f64::from(number) * 0.03);
            }
            let found = segment.advance(3.0);
            assert_eq!(found.len(), expected, "{stations}");
            assert!(found.iter().all(|each| each.device == segment.device(made_up(0))));
        }
    }

    #[test]
    fn stations_with_a_vendor_need_to_be_more_and_idle_for_longer() {
        for (stations, at, expected) in [(127, 20.0, 0), (128, 5.0, 0), (128, 20.0, 1)] {
            let mut segment = Segment::watched_by("dhcp_starvation");
            for number in 0..stations {
                segment.feed(discover(real(number)), f64::from(number) * 0.03);
            }
            assert_eq!(segment.advance(at).len(), expected, "{stations} {at}");
        }
    }

    #[test]
    fn a_ward_that_comes_back_after_a_power_cut_goes_on_to_use_its_addresses() {
        let mut segment = Segment::watched_by("dhcp_starvation");
        for number in 0..400 {
            let at = f64::from(number) * 0.02;
            segment.feed(discover(real(number)), at);
            segment.feed(Frame::announcement(host(number)), at + 1.5);
        }
        assert_eq!(segment.advance(20.0), []);
    }

    #[test]
    fn telephones_with_changing_addresses_do_more_than_ask() {
        let mut segment = Segment::watched_by("dhcp_starvation");
        for number in 0..400 {
            let at = f64::from(number) * 0.02;
            segment.feed(discover(made_up(number)), at);
            let announced = crate::detect::segment::link_local(made_up(number));
            segment.feed(Frame::icmp6(announced, ALL, 135), at + 0.1);
        }
        assert_eq!(segment.advance(9.0), []);
    }

    #[test]
    fn a_server_that_is_down_makes_its_clients_ask_again() {
        let mut segment = Segment::watched_by("dhcp_starvation");
        for step in 0..4 {
            for number in 0..400 {
                let asks = discover(real(number));
                let asks = if step == 0 { asks } else { asks.again() };
                segment.feed(asks, f64::from(step) * 3.0);
            }
        }
        assert_eq!(segment.advance(14.0), []);
    }

    #[test]
    fn known_stations_are_not_made_up() {
        let mut segment = Segment::watched_by("dhcp_starvation");
        for number in 0..400 {
            segment.feed(Frame::announcement(Host(made_up(number).0, host(number).1)), 0.0);
            segment.feed(discover(made_up(number)), 100.0);
        }
        assert_eq!(segment.advance(103.0), []);
    }

    #[test]
    fn stations_on_different_vlans_do_not_add_up() {
        let mut segment = Segment::watched_by("dhcp_starvation");
        for number in 0..60 {
            segment.feed(discover(made_up(number)).vlan(10 + (number % 2) as u16), 1.0);
        }
        assert_eq!(segment.advance(3.0), []);
    }
}
