//! A worm's sweep made frame by frame: one SYN to TCP port 445 of each of many addresses.

use crate::frames::{
    Endpoints, EthernetHeader, Ipv4Header, MacAddress, TcpHeader, ethertype, protocol,
};

/// The address that sweeps.
pub const INFECTED: [u8; 4] = [10, 20, 0, 99];

/// First segments from [`INFECTED`] to `addresses` hosts of another segment.
pub fn probes(addresses: u8) -> impl Iterator<Item = Vec<u8>> + Send {
    let ethernet = EthernetHeader::between(
        MacAddress([0, 0x09, 0xfb, 0, 0, 99]),
        MacAddress([2, 0, 0, 0, 0, 1]),
    );
    (1..=addresses).map(move |host| {
        let target = [10, 30, 0, host];
        let probe = TcpHeader::syn(50_000 + u16::from(host), 445);
        let segment = probe.segment(&Endpoints::v4(INFECTED, target), b"");
        let packet = Ipv4Header::between(INFECTED, target).packet(protocol::TCP, &segment);
        ethernet.frame(ethertype::IPV4, &packet)
    })
}
