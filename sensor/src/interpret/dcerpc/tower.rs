//! Protocol towers (C706 appendix L, MS-RPCE section 2.2.1.2): how an interface is reached.

use std::net::Ipv4Addr;

use super::super::octets::{array, be_u16, le_u16};

// Identifiers of protocols (C706 appendix I).
const UUID: u8 = 0x0d;
const CONNECTION_ORIENTED: u8 = 0x0b;
const TCP: u8 = 0x07;
const IP: u8 = 0x09;

/// Floors of a tower over TCP and IP: interface, transfer syntax, RPC, port, address.
const FLOORS: u16 = 5;
/// The number of floors, then a left side of 19 octets that begins with [`UUID`].
const BEGINNING: [u8; 5] = [FLOORS as u8, 0, 19, 0, UUID];

/// Where an interface listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// `None` for the host that was asked.
    pub address: Option<Ipv4Addr>,
    pub port: u16,
}

/// The endpoints over TCP whose towers stand in these octets.
pub fn endpoints(octets: &[u8]) -> impl Iterator<Item = Endpoint> {
    let starts = octets.windows(BEGINNING.len()).enumerate();
    starts.filter(|(_, window)| *window == BEGINNING).filter_map(|(at, _)| tower(&octets[at..]))
}

fn tower(octets: &[u8]) -> Option<Endpoint> {
    let mut floors = Floors(octets.get(2..)?);
    // Interface and transfer syntax are a UUID and the major version, then the minor one.
    for _ in 0..2 {
        let (left, right) = floors.next()?;
        if left.len() != 19 || left[0] != UUID || right.len() != 2 {
            return None;
        }
    }
    let (rpc, rpc_minor) = floors.next()?;
    let (tcp, port) = floors.next()?;
    let (ip, address) = floors.next()?;
    if rpc != [CONNECTION_ORIENTED] || rpc_minor.len() != 2 || tcp != [TCP] || ip != [IP] {
        return None;
    }
    let port = be_u16(port, 0).filter(|&number| port.len() == 2 && number != 0)?;
    let address = Ipv4Addr::from(array::<4>(address, 0).filter(|_| address.len() == 4)?);
    Some(Endpoint { address: (!address.is_unspecified()).then_some(address), port })
}

/// Left and right side of each floor; their lengths are in little-endian order always.
struct Floors<'octets>(&'octets [u8]);

impl<'octets> Iterator for Floors<'octets> {
    type Item = (&'octets [u8], &'octets [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let mut side = || {
            let length = le_u16(self.0, 0)?;
            let (side, rest) = self.0[2..].split_at_checked(length.into())?;
            self.0 = rest;
            Some(side)
        };
        Some((side()?, side()?))
    }
}
