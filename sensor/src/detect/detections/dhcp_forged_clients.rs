//! One station that asks for leases in the names of very many clients.

use std::time::Duration;

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, Heard, Interest, Severity,
        description::{Description, Parameter, Source, Unit},
        settings::Parameters,
        table::Table,
        window::Distinct,
    },
    interpret::message::{Message, MessageType},
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(DhcpForgedClients::new(parameters)),
};

static DESCRIPTION: Description = Description {
    id: "WL-049",
    name: "dhcp_forged_clients",
    title: "DHCP requests in others' names",
    severity: Severity::High,
    sees: "A station that is no router and no relay and sends DHCP discoveries or requests for many \
           different clients (chaddr, RFC 2131) within the window. Read from samples, whose rate is \
           limited, so that there may be more of them.",
    clinical_note: "It takes all addresses that the server has: devices that start or move get none, \
                    and a false server may step in (WL-021). Find the station's switch port. A \
                    bridge that asks for its wireless clients does this too, in small numbers.",
    techniques: &["T1498", "T0814"],
    parameters: &[
        Parameter {
            name: "clients",
            meaning: "clients in whose names one station asks",
            default: 32.0,
            minimum: 4.0,
            maximum: 4096.0,
            unit: Unit::Count,
            source: Source::Ours,
        },
        Parameter {
            name: "window",
            meaning: "time within which they count",
            default: 60.0,
            minimum: 5.0,
            maximum: 3600.0,
            unit: Unit::Seconds,
            source: Source::Ours,
        },
    ],
    excused_roles: &[],
    clears_after: Duration::from_secs(300),
};

/// Stations at a time.
const STATIONS: usize = 1024;
/// A finding that goes on is told again so often.
const AGAIN: Duration = Duration::from_secs(30);

#[derive(Debug)]
struct Clients {
    since: Moment,
    clients: Distinct,
    told: Option<Moment>,
}

#[derive(Debug)]
struct DhcpForgedClients {
    limit: usize,
    window: Duration,
    /// By station and VLANs.
    stations: Table<(u64, u64), Clients>,
    overflowed: u64,
}

impl DhcpForgedClients {
    fn new(parameters: &Parameters) -> Self {
        let window = parameters.duration("window");
        Self {
            limit: parameters.count("clients"),
            window,
            stations: Table::new(STATIONS, window),
            overflowed: 0,
        }
    }
}

impl Detector for DhcpForgedClients {
    fn interest(&self) -> Interest {
        Interest::NONE
    }

    fn observe_message(&mut self, heard: &Heard<'_>, estate: &Estate<'_>, findings: &mut Findings) {
        let Message::Dhcp(facts) = heard.message else { return };
        let asks = matches!(facts.message_type, MessageType::Discover | MessageType::Request);
        if !asks || facts.relay.is_some() || estate.is_from_router(heard.key) {
            return;
        }
        let (vlans, at, window) = (heard.key.vlans(), heard.at, self.window);
        // Most clients ask for themselves alone, and take no room.
        let place = (heard.station, vlans);
        if facts.client == heard.station && self.stations.get(&place).is_none() {
            return;
        }
        let make = || Clients { since: at, clients: Distinct::new(window), told: None };
        let Some(clients) = self.stations.touch(place, at, make) else { return };
        clients.clients.advance(at);
        if clients.clients.len() == 0 {
            clients.since = at;
        }
        let client = [0, facts.client];
        if clients.clients.is_full_for(&client) {
            self.overflowed += 1;
            return;
        }
        clients.clients.insert(client, at);
        let count = clients.clients.len();
        let is_told = clients.told.is_some_and(|told| at.since(told) < AGAIN);
        if count < self.limit || is_told {
            return;
        }
        let Some(device) = estate.inventory.device_of_station(heard.station, vlans) else {
            return;
        };
        clients.told = Some(at);
        findings.report(Finding {
            device,
            severity: None,
            metric: "clients",
            value: count as f64,
            limit: self.limit as f64,
            window,
            sentence: format!("asks for DHCP leases in the names of {count} clients"),
            evidence: Evidence::default(),
            since: clients.since,
            at,
        });
    }

    fn overflowed(&self) -> u64 {
        self.stations.overflowed() + self.overflowed
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::{
        detect::segment::{EVERYONE, Frame, Host, ROUTER, Segment, host},
        interpret::message::DhcpFacts,
    };

    fn discover(from: Host, client: u64, relay: Option<Ipv4Addr>) -> (Frame, Message) {
        let facts = DhcpFacts {
            message_type: MessageType::Discover,
            client,
            host_name: None,
            vendor_class: None,
            client_address: None,
            requested_address: None,
            assigned_address: None,
            server: None,
            relay,
            names_routers: false,
            names_name_servers: false,
        };
        let all = Host(EVERYONE, IpAddr::V4(Ipv4Addr::BROADCAST));
        (Frame::udp(from, all, (68, 67)), Message::Dhcp(facts))
    }

    fn found(from: Host, clients: u64, over: f64, relay: Option<Ipv4Addr>) -> usize {
        let mut segment = Segment::watched_by("dhcp_forged_clients");
        for number in 0..clients {
            let (frame, message) = discover(from, 0x0244_0000_0000 + number, relay);
            segment.hear(frame, &message, over * number as f64 / clients as f64);
        }
        let found = segment.advance(over);
        assert!(found.iter().all(|each| each.device == segment.device(from)));
        found.len()
    }

    #[test]
    fn a_station_that_asks_for_thirty_two_clients_forges_them() {
        assert_eq!(found(host(1), 31, 5.0, None), 0);
        assert_eq!(found(host(1), 32, 5.0, None), 1);
        assert_eq!(found(host(1), 33, 5.0, None), 1);
        assert_eq!(found(host(1), 40, 200.0, None), 0);
    }

    #[test]
    fn relays_and_routers_ask_for_others_by_their_work() {
        assert_eq!(found(host(1), 99, 5.0, Some(Ipv4Addr::new(10, 20, 0, 1))), 0);
        assert_eq!(found(ROUTER, 99, 5.0, None), 0);
    }

    #[test]
    fn a_ward_after_a_power_cut_asks_for_itself() {
        let mut segment = Segment::watched_by("dhcp_forged_clients");
        for number in 0..400 {
            let (frame, message) = discover(host(number), host(number).0, None);
            segment.hear(frame, &message, 1.0);
        }
        assert_eq!(segment.advance(2.0), []);
    }
}
