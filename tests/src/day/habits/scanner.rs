//! The vulnerability scanner, in its window: every device, its usual ports, and what answers.

use std::time::Duration;

use super::Settling;
use crate::day::class::Class;
use crate::day::habit::Habit;
use crate::day::plan::VULNERABILITY_SCAN;
use crate::day::site::Duty;
use crate::day::world::World;
use crate::frames::Side::{Client, Server};
use crate::speakers::smb1::{multi_protocol_negotiate_request, smb1_negotiate_response};
use crate::speakers::smb2::smb2_negotiate_response;
use crate::speakers::snmp::{COMMUNITY, snmp_get};
use crate::speakers::ssh::{CLIENT_BANNER, SERVER_BANNER};

const PORTS: [u16; 28] = [
    21, 22, 23, 25, 53, 80, 104, 110, 111, 135, 139, 143, 389, 443, 445, 515, 554, 631, 993, 1433,
    2575, 3306, 3389, 5060, 5900, 8080, 9100, 11_112,
];

#[derive(Debug)]
struct Scanner {
    station: usize,
    next: usize,
}

pub(super) fn settle(settling: &mut Settling<'_>) {
    let station = settling.world.site.position_of(Duty::VulnerabilityScanner);
    settling.at(VULNERABILITY_SCAN.begins, station, Scanner { station, next: 0 });
}

impl Habit for Scanner {
    fn act(&mut self, now: Duration, world: &mut World) -> Option<Duration> {
        let count = world.site.stations.len();
        let asked = self.next;
        self.next += 1;
        if world.host(asked).vlan != world.host(self.station).vlan {
            self.scan(asked, now, world);
        }
        let window = VULNERABILITY_SCAN.ends - VULNERABILITY_SCAN.begins;
        (self.next < count).then_some(now + window / count as u32)
    }
}

/// Whether a device of the class listens there.
fn listens(class: Class, port: u16) -> bool {
    match class {
        Class::Server => matches!(port, 80 | 135 | 443 | 445),
        Class::Workstation => matches!(port, 135 | 445),
        Class::LegacyWindows => matches!(port, 135 | 139 | 445),
        Class::Printer => matches!(port, 80 | 443 | 515 | 631 | 9100),
        Class::Camera => matches!(port, 80 | 554),
        Class::Phone => matches!(port, 80 | 443),
        Class::Modality => matches!(port, 104 | 22),
        Class::BuildingController => port == 80,
        Class::Monitor | Class::Pump | Class::Analyser | Class::Tablet => false,
    }
}

impl Scanner {
    fn scan(&self, asked: usize, now: Duration, world: &mut World) {
        let (host, class) = (world.host(asked), world.site.stations[asked].class);
        let is_on = world.is_on(asked, now);
        let old_storage = world.site.position_of(Duty::OldStorage);
        for (step, port) in PORTS.into_iter().enumerate() {
            let at = now + Duration::from_millis(60 * step as u64);
            let mut connection = world.connection(self.station, &host, port);
            if !is_on {
                connection.knock(&mut world.wire, at);
            } else if !listens(class, port) {
                connection.knock_in_vain(&mut world.wire, at);
            } else {
                let opened = connection.open(&mut world.wire, at);
                let is_old = class == Class::LegacyWindows || asked == old_storage;
                let turns = conversation(port, is_old);
                let turns: Vec<_> = turns.iter().map(|(side, said)| (*side, &said[..])).collect();
                let pause = Duration::from_millis(5);
                let over = connection.talk(&mut world.wire, opened, &turns, pause);
                connection.close(&mut world.wire, over);
            }
        }
        let scanner = world.host(self.station);
        let port = world.port(self.station);
        world.wire.datagram(now, (&scanner, port), (&host, 161), &snmp_get(COMMUNITY, 1));
    }
}

/// Does it still answer in version 1 of SMB, and what does SSH say?
fn conversation(port: u16, is_old: bool) -> Vec<(crate::frames::Side, Vec<u8>)> {
    match port {
        139 | 445 if is_old => {
            vec![(Client, multi_protocol_negotiate_request()), (Server, smb1_negotiate_response())]
        }
        139 | 445 => {
            vec![(Client, multi_protocol_negotiate_request()), (Server, smb2_negotiate_response())]
        }
        22 => vec![
            (Server, SERVER_BANNER.as_bytes().to_vec()),
            (Client, CLIENT_BANNER.as_bytes().to_vec()),
        ],
        _ => Vec::new(),
    }
}
