//! On one's own segment: false answers to ARP and DHCP.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::{Campaign, Staged, campaign};
use crate::day::class::Class;
use crate::day::habit::Agenda;
use crate::day::host::Host;
use crate::day::payload::leases::Lease;
use crate::day::site::{GATEWAY, gateway_address};
use crate::day::world::World;
use crate::frames::announcements::{ArpParty, arp_message};
use crate::frames::{MacAddress, ethertype};
use crate::speakers::dhcp::{self, Kind};

pub(super) fn spoof(station: usize, staged: &Staged, agenda: &mut Agenda, _world: &mut World) {
    campaign(station, staged, Duration::from_secs(2), claim, agenda);
}

/// The gateway is told that the neighbour is here, everyone that the gateway is.
fn claim(station: usize, _number: u32, now: Duration, world: &mut World) {
    let actor = world.host(station);
    let gateway = gateway_address(&actor);
    let on_segment: Vec<usize> = world.site.of_class(Class::Workstation).collect();
    let position = on_segment.iter().position(|&each| each == station).unwrap_or(0);
    let neighbour = world.host(on_segment[(position + 1) % on_segment.len()]);
    let as_if = |address| ArpParty { hardware: actor.station, address };
    let to_gateway = ArpParty { hardware: GATEWAY, address: gateway };
    let message = arp_message(2, as_if(neighbour.address), to_gateway);
    world.wire.put(now, actor.header(GATEWAY).frame(ethertype::ARP, &message));
    let message = arp_message(2, as_if(gateway), as_if(gateway));
    let frame = actor.header(MacAddress::BROADCAST).frame(ethertype::ARP, &message);
    world.wire.put(now + Duration::from_millis(5), frame);
}

/// A home router of 2008: D-Link.
const NEWCOMER: MacAddress = MacAddress::vendor(0x00_055d, 0x1234);

pub(super) fn offer(staged: &mut Staged, agenda: &mut Agenda, world: &mut World) {
    staged.actor = NEWCOMER;
    staged.description = "a home router on the office segment".to_owned();
    staged.is_newcomer = true;
    let office = world.site.member(Class::Workstation, 0);
    let step = answer_discovery;
    let pace = Duration::from_secs(15);
    let campaign = Campaign { station: office, number: 0, ends: staged.ends, pace, step };
    agenda.add(staged.begins, None, Box::new(campaign));
}

/// A station asks, and the newcomer is faster than the site's own server.
fn answer_discovery(office: usize, number: u32, now: Duration, world: &mut World) {
    let vlan = world.host(office).vlan;
    let rogue =
        Host { station: NEWCOMER, address: Ipv4Addr::new(192, 168, 0, 1), vlan, time_to_live: 64 };
    let station = world.site.member(Class::Workstation, number as usize);
    let victim = world.host(station);
    let lease = Lease {
        station: victim.station,
        address: Ipv4Addr::new(192, 168, 0, 100 + number as u8),
        gateway: rogue.address,
        server: rogue.address,
        host_name: "",
        vendor_class: "",
        transaction: world.random.next_u32(),
    };
    let everyone = Ipv4Addr::BROADCAST;
    let nobody = Host { address: Ipv4Addr::UNSPECIFIED, ..victim };
    let mut at = now;
    for (asked, kind) in [(lease.discover(), Kind::Offer), (lease.request(), Kind::Acknowledge)] {
        let port = dhcp::CLIENT_PORT;
        world.wire.announce(at, (&nobody, port), (everyone, dhcp::SERVER_PORT), &asked);
        at += Duration::from_millis(2);
        let answer = lease.answer(kind, false);
        world.wire.announce(at, (&rogue, dhcp::SERVER_PORT), (everyone, port), &answer);
        at += Duration::from_millis(10);
    }
}
