//! What every host does without being asked: addresses, leases, time, names on the segment.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::{Deed, Pace, Settling, seconds};
use crate::day::class::Class;
use crate::day::host::Host;
use crate::day::payload::leases::Lease;
use crate::day::plan::clock;
use crate::day::site::{Duty, GATEWAY, firewall, gateway_address};
use crate::day::world::World;
use crate::frames::announcements::{ArpParty, arp_message};
use crate::frames::{MacAddress, ethertype};
use crate::speakers::dhcp::{self, Kind};
use crate::speakers::dns::{MULTICAST_GROUP, MULTICAST_PORT, mdns_announcement, mdns_query};
use crate::speakers::ntp::{ntp_request, ntp_response};
use crate::speakers::ssdp;

pub(super) fn settle(settling: &mut Settling<'_>) {
    for station in 0..settling.world.site.stations.len() {
        let class = settling.world.site.stations[station].class;
        settling.routine(station, Pace::Loose(seconds(300)), refresh_gateway);
        settling.routine(station, Pace::Loose(seconds(1400)), ask_the_time);
        if class.profile().vendor_class.is_some() {
            settling.routine(station, Pace::Regular(clock(4, 0)), renew_lease);
        }
        let announcement: Option<(Deed, u64)> = match class {
            Class::Tablet | Class::Printer => Some((announce_service, 900)),
            Class::Workstation => Some((search_devices, 1800)),
            Class::LegacyWindows => Some((announce_workgroup, 720)),
            _ => None,
        };
        if let Some((deed, mean)) = announcement {
            settling.routine(station, Pace::Loose(seconds(mean)), deed);
        }
    }
    // The firewall needs no power of ours; it belongs to a server that is always on.
    let always = settling.world.site.position_of(Duty::DirectoryOne);
    settling.routine(always, Pace::Loose(seconds(240)), refresh_uplink);
}

/// Who has the gateway's address? Mostly asked of itself, to hear whether it is still there.
fn refresh_gateway(station: usize, now: Duration, world: &mut World) {
    let host = world.host(station);
    let is_broadcast = world.random.in_percent(40);
    ask_for_gateway(&host, is_broadcast, now, world);
    // And now and then the gateway wants to know the same of the host.
    if world.random.in_percent(50) {
        let gateway = ArpParty { hardware: GATEWAY, address: gateway_address(&host) };
        let message = arp_message(2, host.arp_party(), gateway);
        let frame = host.header(GATEWAY).frame(ethertype::ARP, &message);
        world.wire.put(now + seconds(20), frame);
    }
}

pub(super) fn ask_for_gateway(host: &Host, is_broadcast: bool, now: Duration, world: &mut World) {
    let nobody = MacAddress([0; 6]);
    let target = ArpParty { hardware: nobody, address: gateway_address(host) };
    let message = arp_message(1, host.arp_party(), target);
    let destination = if is_broadcast { MacAddress::BROADCAST } else { GATEWAY };
    world.wire.put(now, host.header(destination).frame(ethertype::ARP, &message));
}

fn refresh_uplink(_station: usize, now: Duration, world: &mut World) {
    ask_for_gateway(&firewall(), true, now, world);
}

fn ask_the_time(station: usize, now: Duration, world: &mut World) {
    let duty = if station.is_multiple_of(2) { Duty::DirectoryOne } else { Duty::DirectoryTwo };
    let (host, server) = (world.host(station), world.server(duty));
    if host.vlan == server.vlan {
        return;
    }
    let said = (&ntp_request()[..], &ntp_response()[..]);
    world.wire.exchange(now, (&host, 123), (&server, 123), said, Duration::from_micros(900));
}

pub(super) fn lease<'a>(
    world: &mut World,
    station: usize,
    names: &'a (String, &'a str),
) -> Lease<'a> {
    let host = world.host(station);
    Lease {
        station: host.station,
        address: host.address,
        gateway: gateway_address(&host),
        server: world.server(Duty::Leases).address,
        host_name: &names.0,
        vendor_class: names.1,
        transaction: world.random.next_u32(),
    }
}

/// Host name and vendor class.
pub(super) fn names(world: &World, station: usize) -> (String, &'static str) {
    let each = &world.site.stations[station];
    (each.name.clone(), each.class.profile().vendor_class.unwrap_or_default())
}

/// At half of its time a lease is renewed, with the server alone (RFC 2131 section 4.4.5).
fn renew_lease(station: usize, now: Duration, world: &mut World) {
    let names = names(world, station);
    let lease = lease(world, station, &names);
    let (host, server) = (world.host(station), world.server(Duty::Leases));
    let said = (&lease.renewal()[..], &lease.answer(Kind::Acknowledge, false)[..]);
    let (client, server) = ((&host, dhcp::CLIENT_PORT), (&server, dhcp::SERVER_PORT));
    world.wire.exchange(now, client, server, said, Duration::from_millis(3));
}

fn announce_service(station: usize, now: Duration, world: &mut World) {
    let (host, name) = (world.host(station), world.site.stations[station].name.clone());
    let is_printer = world.site.stations[station].class == Class::Printer;
    let (service, port) =
        if is_printer { ("_ipp._tcp.local", 631) } else { ("_companion-link._tcp.local", 49_152) };
    let local = format!("{name}.local");
    let payload = mdns_announcement(&name, service, &local, port, "v=1", host.address);
    let group = (MULTICAST_GROUP, MULTICAST_PORT);
    world.wire.announce(now, (&host, MULTICAST_PORT), group, &payload);
    if !is_printer {
        let question = mdns_query("_airplay._tcp.local");
        world.wire.announce(now + seconds(1), (&host, MULTICAST_PORT), group, &question);
    }
}

fn search_devices(station: usize, now: Duration, world: &mut World) {
    let host = world.host(station);
    let port = world.port(station);
    for repeat in 0..2 {
        let at = now + seconds(repeat);
        let group = (ssdp::GROUP, ssdp::PORT);
        world.wire.announce(at, (&host, port), group, &ssdp::ssdp_search());
    }
}

/// A name query for the workgroup's browser (RFC 1002 section 4.2.12).
fn announce_workgroup(station: usize, now: Duration, world: &mut World) {
    let host = world.host(station);
    let mut query = world.random.next_u16().to_be_bytes().to_vec();
    query.extend([0x01, 0x10, 0, 1, 0, 0, 0, 0, 0, 0, 32]);
    for octet in b"WORKGROUP      \x1d" {
        query.extend([b'A' + (octet >> 4), b'A' + (octet & 15)]);
    }
    query.extend([0, 0, 0x20, 0, 1]);
    let [first, second, ..] = host.address.octets();
    let everyone = Ipv4Addr::new(first, second, 255, 255);
    world.wire.announce(now, (&host, 137), (everyone, 137), &query);
}
