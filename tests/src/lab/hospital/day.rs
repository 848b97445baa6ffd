//! A day in the hospital: opens every service, then lets every station make
//! its calls and announcements until the shift is over.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::agenda::{ENCOUNTERS, Encounter, Meeting, OPEN_PORTS, OpenPort, Service};
use super::stations::{STATIONS, Station, named};
use super::{Hospital, Segment, leases};
use crate::frames::announcements::lldp_announcement;
use crate::frames::packet_socket::{PacketSocket, Purpose};
use crate::lab::error::LabError;
use crate::speakers::datagrams::Letterbox;
use crate::speakers::streams::Desk;
use crate::speakers::{Shift, Spoken, datagrams, dhcp, dns, ssdp, wsdiscovery};

/// What came of the calls of one protocol.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub calls: u64,
    pub failures: u64,
    pub spoken: Spoken,
    pub last_failure: Option<String>,
}

/// By protocol, as named in the agenda.
pub type DayReport = BTreeMap<&'static str, Tally>;

/// Multicast that a station repeats, and that every port of its segment hears.
struct Announcement {
    station: &'static str,
    protocol: &'static str,
    first: Duration,
    tell: fn(&Station) -> io::Result<Spoken>,
}

const ANNOUNCE_EVERY: Duration = Duration::from_secs(5);

const ANNOUNCEMENTS: [Announcement; 4] = [
    Announcement {
        station: "ventilator",
        protocol: "wsd",
        first: Duration::from_millis(250),
        tell: |station| wsdiscovery::announce_ventilator(station.address()),
    },
    Announcement {
        station: "bed",
        protocol: "mdns",
        first: Duration::from_millis(450),
        tell: |station| {
            let address = station.address();
            let text = "md=SmartBed";
            let message = dns::mdns_announcement(
                "Bed 12",
                "_http._tcp.local",
                "bed-12.local",
                80,
                text,
                address,
            );
            datagrams::announce(
                address,
                dns::MULTICAST_PORT,
                dns::MULTICAST_GROUP,
                dns::MULTICAST_PORT,
                &message,
            )
        },
    },
    Announcement {
        station: "bed",
        protocol: "ssdp",
        first: Duration::from_millis(1_450),
        tell: |station| ssdp::search(station.address()),
    },
    Announcement {
        station: "ward-pc",
        protocol: "ssdp",
        first: Duration::from_millis(2_450),
        tell: |station| ssdp::search(station.address()),
    },
];

/// A service that has its port and waits for its shift.
enum Opened {
    Desk(Desk),
    Letterbox(Letterbox),
}

impl Hospital {
    fn open_port(&self, open: &OpenPort) -> Result<Opened, LabError> {
        let opened = self.station(open.station).in_namespace(|| match open.service {
            // A dual-stack socket hears both families.
            Service::Stream(answer) => {
                Desk::open((Ipv6Addr::UNSPECIFIED, open.port).into(), answer).map(Opened::Desk)
            }
            Service::Datagram(reply) => {
                Letterbox::open((Ipv4Addr::UNSPECIFIED, open.port).into(), reply)
                    .map(Opened::Letterbox)
            }
        })?;
        let service = format!("port {}", open.port);
        opened.map_err(|source| LabError::Service { station: open.station, service, source })
    }

    /// Runs until `shift` is over and returns what was said. `image_octets` is
    /// the size of the images that the scanners store.
    pub fn day(&self, shift: &Shift, image_octets: usize) -> Result<DayReport, LabError> {
        let services =
            OPEN_PORTS.iter().map(|open| self.open_port(open)).collect::<Result<Vec<_>, _>>()?;
        let report = Mutex::new(DayReport::new());
        // Servers stay until the last caller has hung up.
        let staff = Shift::of(Duration::from_secs(3600));
        thread::scope(|scope| {
            for service in services {
                scope.spawn(|| match service {
                    Opened::Desk(desk) => desk.serve(&staff),
                    Opened::Letterbox(letterbox) => letterbox.serve(&staff),
                });
            }
            scope.spawn(|| self.relay_leases(&staff));
            scope.spawn(|| self.announce_switch(shift));
            thread::scope(|callers| {
                for station in &STATIONS {
                    callers.spawn(|| self.work(station, shift, image_octets, &report));
                }
            });
            staff.call_off();
        });
        Ok(report.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn relay_leases(&self, shift: &Shift) {
        let server = named("infra").address();
        let relayed = self
            .gateway()
            .in_namespace(|| dhcp::relay(Segment::Clinical.address(1), server, shift));
        if let Ok(Err(error)) = relayed {
            eprintln!("laboratory: the lease relay stopped: {error}");
        }
    }

    /// The clinical switch names itself to the gateway by LLDP.
    fn announce_switch(&self, shift: &Shift) {
        let switch = self.clinical_switch();
        let wire = switch.in_namespace(|| PacketSocket::open(Some("uplink"), Purpose::Send));
        let Ok(Ok(wire)) = wire else { return };
        let frame = lldp_announcement(
            crate::frames::MacAddress::vendor(0x00_25b5, 0x10_0014),
            "ge-0/0/24",
            "ICU3-SWITCH-1",
            "Example access switch, release 4.2",
        );
        while shift.rest(Duration::from_secs(2)) {
            drop(wire.send(&frame));
        }
    }

    /// Everything that one station does, on one thread inside its namespace.
    fn work(
        &self,
        station: &Station,
        shift: &Shift,
        image_octets: usize,
        report: &Mutex<DayReport>,
    ) {
        if let Err(error) = self.station(station.name).enter() {
            eprintln!("laboratory: {} stays silent: {error}", station.name);
            return;
        }
        let note = |protocol, outcome: io::Result<Spoken>| {
            let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
            let tally = report.entry(protocol).or_default();
            tally.calls += 1;
            match outcome {
                Ok(spoken) => tally.spoken += spoken,
                Err(error) => {
                    tally.failures += 1;
                    tally.last_failure = Some(format!("{}: {error}", station.name));
                }
            }
        };
        let mut duties = duties_of(station, image_octets);
        let started = Instant::now();
        while let Some(next) = duties.iter_mut().min_by_key(|duty| duty.due) {
            if !shift.rest(next.due.saturating_sub(started.elapsed())) {
                return;
            }
            note(next.protocol, (next.action)());
            match next.every {
                Some(every) => next.due += every,
                None => next.due = Duration::MAX,
            }
        }
    }
}

struct Duty {
    protocol: &'static str,
    due: Duration,
    /// `None`: once a day.
    every: Option<Duration>,
    action: Box<dyn Fn() -> io::Result<Spoken>>,
}

fn duties_of(station: &Station, image_octets: usize) -> Vec<Duty> {
    let own = *station;
    let mut duties = Vec::new();
    if own.lease.is_some() {
        let due = Duration::from_millis(50 + 10 * u64::from(own.host));
        duties.push(Duty {
            protocol: "dhcp",
            due,
            every: None,
            action: Box::new(move || leases::obtain(&own)),
        });
    }
    for announcement in ANNOUNCEMENTS.iter().filter(|announcement| announcement.station == own.name)
    {
        duties.push(Duty {
            protocol: announcement.protocol,
            due: announcement.first,
            every: Some(ANNOUNCE_EVERY),
            action: Box::new(move || (announcement.tell)(&own)),
        });
    }
    for encounter in ENCOUNTERS.iter().filter(|encounter| encounter.client == own.name) {
        duties.push(duty_of(encounter, image_octets));
    }
    duties
}

fn duty_of(encounter: &'static Encounter, image_octets: usize) -> Duty {
    let server: SocketAddr = encounter.server_address();
    Duty {
        protocol: encounter.protocol,
        due: encounter.first,
        every: Some(encounter.every),
        action: Box::new(move || (encounter.talk)(Meeting { server, image_octets })),
    }
}
