//! A worm's sweep made frame by frame: one SYN to TCP port 445 of each of many addresses.

use crate::frames::{
    Endpoints, EthernetHeader, Ipv4Header, MacAddress, TcpHeader, ethertype, protocol,
};

/// The address that sweeps.
pub const INFECTED: [u8; 4] = [10, 20, 0, 99];

/// First segments from [`INFECTED`] to `addresses` hosts of another segment.
pub fn probes(addresses: u8) -> impl Iterator<Item = Vec<u8>> + Send {
    probes_from(INFECTED[3], addresses)
}

/// As [`probes`], from another host of the same segment.
pub fn probes_from(host: u8, addresses: u8) -> impl Iterator<Item = Vec<u8>> + Send {
    let infected = [INFECTED[0], INFECTED[1], INFECTED[2], host];
    let ethernet = EthernetHeader::between(
        MacAddress([0, 0x09, 0xfb, 0, 0, host]),
        MacAddress([2, 0, 0, 0, 0, 1]),
    );
    (1..=addresses).map(move |target| {
        let probe = TcpHeader::syn(50_000 + u16::from(target), 445);
        let target = [10, 30, 0, target];
        let segment = probe.segment(&Endpoints::v4(infected, target), b"");
        let packet = Ipv4Header::between(infected, target).packet(protocol::TCP, &segment);
        ethernet.frame(ethertype::IPV4, &packet)
    })
}
