//! Looking for victims: a worm's sweep, a scan of ports.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::{Staged, campaign};
use crate::day::class::Class;
use crate::day::connection::Connection;
use crate::day::habit::Agenda;
use crate::day::host::Host;
use crate::day::site::Duty;
use crate::day::world::World;
use crate::frames::Side::{Client, Server};
use crate::speakers::smb1::{smb1_negotiate_request, smb1_negotiate_response};

const SMB: u16 = 445;

pub(super) fn sweep(station: usize, staged: &Staged, agenda: &mut Agenda) {
    campaign(station, staged, Duration::from_millis(50), try_smb, agenda);
}

/// The next address: every second one of old Windows and of modalities, where most are nobody.
fn try_smb(station: usize, number: u32, now: Duration, world: &mut World) {
    let networks = [Class::LegacyWindows, Class::Modality].map(|class| class.profile().network);
    let network = networks[number as usize % 2];
    let address = Ipv4Addr::new(10, network, 0, 20 + (number / 2 % 200) as u8);
    let found = world.site.stations.iter().find(|each| each.host.address == address).cloned();
    let Some(found) = found else {
        let nobody = Host { address, ..world.host(station) };
        return world.connection(station, &nobody, SMB).knock(&mut world.wire, now);
    };
    let mut connection = world.connection(station, &found.host, SMB);
    if found.class == Class::LegacyWindows {
        let turns =
            [(Client, &smb1_negotiate_request()[..]), (Server, &smb1_negotiate_response()[..])];
        let at = connection.open(&mut world.wire, now);
        connection.talk(&mut world.wire, at, &turns, Duration::from_millis(1));
    } else {
        connection.knock_in_vain(&mut world.wire, now);
    }
}

pub(super) fn scan(station: usize, staged: &Staged, agenda: &mut Agenda) {
    campaign(station, staged, Duration::from_millis(20), try_port, agenda);
}

fn try_port(station: usize, number: u32, now: Duration, world: &mut World) {
    let (host, victim) = (world.host(station), world.server(Duty::Files));
    let source = (&host, world.port(station));
    let port = 1 + (number % 1000) as u16;
    let round_trip = Duration::from_micros(800);
    let mut connection = Connection::new(source, (&victim, port), round_trip);
    if matches!(port, 135 | 139 | 445) {
        let at = connection.open(&mut world.wire, now);
        connection.close(&mut world.wire, at);
    } else {
        connection.knock_in_vain(&mut world.wire, now);
    }
}
