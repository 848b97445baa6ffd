//! One host as the gateway sees its frames.

use std::net::Ipv4Addr;

use crate::frames::announcements::ArpParty;
use crate::frames::{EthernetHeader, MacAddress, Tag};

/// Who sends: station, address, VLAN, and the time to live its system begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host {
    pub station: MacAddress,
    pub address: Ipv4Addr,
    pub vlan: u16,
    pub time_to_live: u8,
}

impl Host {
    /// The header of a frame to `destination` on the host's own segment, tagged as on a trunk.
    pub fn header(&self, destination: MacAddress) -> EthernetHeader {
        EthernetHeader::between(self.station, destination).tagged(Tag::customer(self.vlan))
    }

    pub fn arp_party(&self) -> ArpParty {
        ArpParty { hardware: self.station, address: self.address }
    }
}
