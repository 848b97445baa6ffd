//! IPv6 that nobody set up: hosts have link-local addresses, look for routers and announce services.

use std::net::Ipv6Addr;
use std::time::Duration;

use super::{Pace, Settling, seconds};
use crate::day::class::Class;
use crate::day::host::Host;
use crate::day::world::World;
use crate::frames::signalling::{neighbour_solicitation, router_solicitation};
use crate::frames::{Endpoints, Ipv6Header, MacAddress, ethertype, protocol, udp_datagram};
use crate::speakers::dns::{MULTICAST_PORT, mdns_query};

const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);
const NAMES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);

pub(super) fn settle(settling: &mut Settling<'_>) {
    for station in 0..settling.world.site.stations.len() {
        let class = settling.world.site.stations[station].class;
        if speaks(class) {
            settling.routine(station, Pace::Loose(seconds(1800)), look_for_printers);
        }
    }
}

pub(super) const fn speaks(class: Class) -> bool {
    matches!(class, Class::Workstation | Class::Tablet | Class::Printer)
}

/// fe80::/64 and the modified EUI-64 of the station (RFC 4291 appendix A).
fn link_local(station: MacAddress) -> Ipv6Addr {
    let MacAddress([a, b, c, d, e, f]) = station;
    let word = |high: u8, low: u8| u16::from_be_bytes([high, low]);
    Ipv6Addr::new(0xfe80, 0, 0, 0, word(a ^ 2, b), word(c, 0xff), word(0xfe, d), word(e, f))
}

fn send(
    at: Duration,
    host: &Host,
    ends: &Endpoints,
    number: u8,
    message: &[u8],
    world: &mut World,
) {
    let (std::net::IpAddr::V6(source), std::net::IpAddr::V6(group)) =
        (ends.source, ends.destination)
    else {
        return;
    };
    let mut header = Ipv6Header::between(source, group);
    header.hop_limit = 255;
    let packet = header.packet(number, message);
    let station = MacAddress::ipv6_multicast(group.octets());
    world.wire.put(at, host.header(station).frame(ethertype::IPV6, &packet));
}

/// Is the address free, and is there a router? (RFC 4862 section 5.4, RFC 4861 section 6.3.7)
pub(super) fn come_up(host: &Host, now: Duration, world: &mut World) {
    let address = link_local(host.station);
    let [.., x, y, z] = address.octets();
    let solicited =
        Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00 | u16::from(x), u16::from_be_bytes([y, z]));
    let ends = Endpoints::v6(Ipv6Addr::UNSPECIFIED, solicited);
    let mut probe = neighbour_solicitation(&ends, address, host.station);
    // From no address there is no link-layer option (RFC 4861 section 4.3).
    probe.truncate(24);
    probe[2..4].fill(0);
    let checksum = crate::frames::checksum::transport_checksum(&ends, protocol::ICMPV6, &probe);
    probe[2..4].copy_from_slice(&checksum.to_be_bytes());
    send(now, host, &ends, protocol::ICMPV6, &probe, world);
    let ends = Endpoints::v6(address, ALL_ROUTERS);
    let question = router_solicitation(&ends, host.station);
    send(now + seconds(1), host, &ends, protocol::ICMPV6, &question, world);
}

fn look_for_printers(station: usize, now: Duration, world: &mut World) {
    let host = world.host(station);
    let ends = Endpoints::v6(link_local(host.station), NAMES);
    let question = mdns_query("_ipps._tcp.local");
    let message = udp_datagram(&ends, MULTICAST_PORT, MULTICAST_PORT, &question);
    send(now, &host, &ends, protocol::UDP, &message, world);
}
