//! What looks suspicious and is not: a helpdesk's remote desktops, names that only a program can
//! read, names that nobody has.

use std::time::Duration;

use super::office::exchange_in_tls;
use super::{Pace, Settling, seconds};
use crate::day::class::Class;
use crate::day::phrases::said;
use crate::day::site::Duty;
use crate::day::world::World;
use crate::frames::Side::{Client, Server};
use crate::speakers::dns::{dns_query, dns_response};
use crate::speakers::rdp::{rdp_connection_confirm, rdp_connection_request};
use crate::speakers::tls::TlsVersion;

/// Which workstation is the helpdesk's.
const HELPDESK: usize = 1;

pub(super) fn settle(settling: &mut Settling<'_>) {
    let helpdesk = settling.world.site.member(Class::Workstation, HELPDESK);
    settling.routine(helpdesk, Pace::ByHour(seconds(1500)), open_desktop);
    let workstations: Vec<usize> = settling.world.site.of_class(Class::Workstation).collect();
    for station in workstations {
        settling.routine(station, Pace::ByHour(seconds(1200)), ask_reputation);
        settling.routine(station, Pace::Loose(seconds(7200)), look_for_proxy);
    }
}

/// One of three servers, by remote desktop.
fn open_desktop(station: usize, now: Duration, world: &mut World) {
    let duties = [Duty::Patches, Duty::PrintQueue, Duty::Files];
    let duty = *world.random.pick(&duties);
    let server = world.server(duty);
    let mut turns = vec![(Client, rdp_connection_request()), (Server, rdp_connection_confirm())];
    turns.extend(exchange_in_tls(TlsVersion::V1_2, "server.hospital.example", 30, world));
    world.converse(now, station, (&server, 3389), &said(&turns), Duration::from_secs(2));
}

fn ask_name(
    station: usize,
    name: &str,
    is_known: bool,
    is_outside: bool,
    now: Duration,
    world: &mut World,
) {
    let duty = if station.is_multiple_of(2) { Duty::DirectoryOne } else { Duty::DirectoryTwo };
    let (host, server) = (world.host(station), world.server(duty));
    let id = world.random.next_u16();
    let question = dns_query(id, name);
    let answer = if is_known {
        dns_response(id, name, [127, 0, 0, 4].into())
    } else {
        // Name error (RFC 1035 section 4.1.1).
        let mut answer = question.clone();
        answer[2..4].copy_from_slice(&[0x85, 0x83]);
        answer
    };
    let (said, port) = ((&question[..], &answer[..]), world.port(station));
    let patience = Duration::from_millis(20);
    world.wire.exchange(now, (&host, port), (&server, 53), said, patience);
    if is_outside {
        let port = world.port(world.site.position_of(duty));
        let (resolver, at) = (World::outside(0), now + Duration::from_millis(1));
        let patience = Duration::from_millis(17);
        world.wire.exchange(at, (&server, port), (&resolver, 53), said, patience);
    }
}

/// The virus scanner asks its maker about files, by names made of their digests.
fn ask_reputation(station: usize, now: Duration, world: &mut World) {
    for file in 0..world.random.between(1, 4) as u64 {
        let digest = world.random.next_u64();
        let name = format!("{digest:016x}{:016x}.r.antivirus.example", world.random.next_u64());
        ask_name(station, &name, true, true, now + Duration::from_millis(200 * file), world);
    }
}

/// Browsers look for a proxy that this site does not have.
fn look_for_proxy(station: usize, now: Duration, world: &mut World) {
    ask_name(station, "wpad.hospital.example", false, false, now, world);
    let at = now + Duration::from_millis(300);
    ask_name(station, "isatap.hospital.example", false, false, at, world);
}
