//! A device is switched on: it asks for its address, finds the gateway, the time and its servers.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::background::{ask_for_gateway, lease, names};
use super::{Settling, link_local, office, voice};
use crate::day::class::Class;
use crate::day::habit::Habit;
use crate::day::host::Host;
use crate::day::plan::POWER_CUT;
use crate::day::site::{Duty, GATEWAY, gateway_address};
use crate::day::world::World;
use crate::frames::announcements::{ArpParty, arp_message};
use crate::frames::{MacAddress, ethertype};
use crate::speakers::dhcp::{self, Kind};

#[derive(Debug)]
struct Start {
    station: usize,
}

pub(super) fn settle(settling: &mut Settling<'_>) {
    for station in 0..settling.world.site.stations.len() {
        let comes_on = settling.world.comes_on(station);
        let restarts = settling.world.restarts(station);
        // Whoever comes on after the cut starts once.
        let starts =
            comes_on.into_iter().chain(restarts.filter(|_| {
                settling.world.is_on(station, POWER_CUT.begins - Duration::from_secs(1))
            }));
        for at in starts {
            settling.at(at, station, Start { station });
        }
    }
}

const MILLISECOND: Duration = Duration::from_millis(1);

impl Habit for Start {
    fn act(&mut self, now: Duration, world: &mut World) -> Option<Duration> {
        let host = world.host(self.station);
        let class = world.site.stations[self.station].class;
        let mut at = now + world.about(300 * MILLISECOND);
        if class.profile().vendor_class.is_some() {
            at = obtain_lease(self.station, &host, at, world);
        }
        announce_address(&host, at, world);
        ask_for_gateway(&host, true, at + 200 * MILLISECOND, world);
        if link_local::speaks(class) {
            link_local::come_up(&host, at + 500 * MILLISECOND, world);
        }
        match class {
            Class::Workstation => office::log_in(self.station, at + 900 * MILLISECOND, world),
            Class::Phone => voice::register(self.station, at + 700 * MILLISECOND, world),
            _ => {}
        }
        None
    }
}

/// Discover, offer, request, acknowledgement (RFC 2131 section 3.1), by the gateway's relay: the
/// server's answers are seen on their way to it.
fn obtain_lease(station: usize, host: &Host, now: Duration, world: &mut World) -> Duration {
    let names = names(world, station);
    let lease = lease(world, station, &names);
    let server = world.server(Duty::Leases);
    let nobody = Host { address: Ipv4Addr::UNSPECIFIED, ..*host };
    let relay = Host { address: gateway_address(host), ..*host };
    let everyone = (Ipv4Addr::BROADCAST, dhcp::SERVER_PORT);
    let mut at = now;
    for (asked, kind) in [(lease.discover(), Kind::Offer), (lease.request(), Kind::Acknowledge)] {
        world.wire.announce(at, (&nobody, dhcp::CLIENT_PORT), everyone, &asked);
        at += world.about(12 * MILLISECOND);
        let answer = lease.answer(kind, true);
        let to = (&relay, dhcp::SERVER_PORT);
        world.wire.datagram(at, (&server, dhcp::SERVER_PORT), to, &answer);
        at += world.about(20 * MILLISECOND);
    }
    at
}

/// Probes, then announcements (RFC 5227 section 2).
fn announce_address(host: &Host, now: Duration, world: &mut World) {
    let nobody = MacAddress([0; 6]);
    for (step, sender) in [Ipv4Addr::UNSPECIFIED, host.address].into_iter().enumerate() {
        let sender = ArpParty { hardware: host.station, address: sender };
        let target = ArpParty { hardware: nobody, address: host.address };
        let frame = host
            .header(MacAddress::BROADCAST)
            .frame(ethertype::ARP, &arp_message(1, sender, target));
        world.wire.put(now + step as u32 * 90 * MILLISECOND, frame);
    }
    // The gateway asks who has the address, before it can deliver anything.
    let gateway = ArpParty { hardware: GATEWAY, address: gateway_address(host) };
    let reply = arp_message(2, host.arp_party(), gateway);
    world.wire.put(now + 400 * MILLISECOND, host.header(GATEWAY).frame(ethertype::ARP, &reply));
}
