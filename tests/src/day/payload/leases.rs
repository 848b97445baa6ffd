//! DHCP of this site: through the gateway's relay, or from a client that has an address.

use std::net::Ipv4Addr;

use crate::frames::MacAddress;
use crate::speakers::dhcp::{Kind, message, option};

/// Offsets in the fixed part (RFC 2131 section 2).
const FLAGS: std::ops::Range<usize> = 10..12;
const CLIENT_ADDRESS: std::ops::Range<usize> = 12..16;

/// Who asks whom for what.
#[derive(Clone, Copy, Debug)]
pub struct Lease<'a> {
    pub station: MacAddress,
    pub address: Ipv4Addr,
    pub gateway: Ipv4Addr,
    pub server: Ipv4Addr,
    pub host_name: &'a str,
    pub vendor_class: &'a str,
    pub transaction: u32,
}

const LASTS_SECONDS: u32 = 8 * 3600;

impl Lease<'_> {
    fn names(&self) -> [Vec<u8>; 4] {
        [
            option(61, &[&[1], self.station.0.as_slice()].concat()),
            option(12, self.host_name.as_bytes()),
            option(60, self.vendor_class.as_bytes()),
            option(55, &[1, 3, 6, 15, 42, 119]),
        ]
    }

    fn ask(&self, options: &[Vec<u8>]) -> Vec<u8> {
        let options = [options, &self.names()].concat();
        message(1, self.transaction, self.station.0, Ipv4Addr::UNSPECIFIED, [0; 4], &options)
    }

    pub fn discover(&self) -> Vec<u8> {
        self.ask(&[option(53, &[Kind::Discover as u8]), option(50, &self.address.octets())])
    }

    pub fn request(&self) -> Vec<u8> {
        self.ask(&[
            option(53, &[Kind::Request as u8]),
            option(50, &self.address.octets()),
            option(54, &self.server.octets()),
        ])
    }

    /// A renewal: from the address that is held, to the server alone.
    pub fn renewal(&self) -> Vec<u8> {
        let mut message = self.ask(&[option(53, &[Kind::Request as u8])]);
        message[FLAGS].fill(0);
        message[CLIENT_ADDRESS].copy_from_slice(&self.address.octets());
        message
    }

    /// The server's answer, by way of the relay unless it answers a renewal.
    pub fn answer(&self, kind: Kind, is_relayed: bool) -> Vec<u8> {
        let relay = if is_relayed { self.gateway.octets() } else { [0; 4] };
        let options = [
            option(53, &[kind as u8]),
            option(54, &self.server.octets()),
            option(51, &LASTS_SECONDS.to_be_bytes()),
            option(1, &[255, 255, 0, 0]),
            option(3, &self.gateway.octets()),
            option(6, &self.server.octets()),
        ];
        message(2, self.transaction, self.station.0, self.address, relay, &options)
    }
}
