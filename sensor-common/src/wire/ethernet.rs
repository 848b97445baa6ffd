//! Ethernet II and IEEE 802.3 with up to two tags (IEEE 802.1Q, 802.1ad).

use crate::{
    books::Undissected,
    frame::{Frame, Header},
};

/// Octets of destination address, source address and type.
pub const HEADER_LENGTH: usize = 14;
/// The shortest frame on the wire, without its check sequence; shorter packets are padded to it.
pub const SHORTEST_FRAME: usize = 60;
const TAG_LENGTH: usize = 4;

/// EtherType values (IANA "IEEE 802 Numbers") that the dissector knows.
pub mod ethertype {
    pub const IPV4: u16 = 0x0800;
    pub const ARP: u16 = 0x0806;
    pub const VLAN: u16 = 0x8100;
    pub const IPV6: u16 = 0x86dd;
    /// Ethernet over GRE, transparent Ethernet bridging (RFC 1701).
    pub const BRIDGED_ETHERNET: u16 = 0x6558;
    pub const PROVIDER_BRIDGE: u16 = 0x88a8;
    /// Pre-standard double tagging, still sent by some switches.
    pub const QINQ_LEGACY: u16 = 0x9100;
    pub const MPLS: u16 = 0x8847;
    /// With a label that another router assigned (RFC 5332), and for multicast before it.
    pub const MPLS_UPSTREAM: u16 = 0x8848;
    pub const PPPOE_SESSION: u16 = 0x8864;
    pub const EAPOL: u16 = 0x888e;
    pub const PROFINET: u16 = 0x8892;
    pub const ETHERCAT: u16 = 0x88a4;
    pub const GOOSE: u16 = 0x88b8;
    pub const LLDP: u16 = 0x88cc;
    pub const MACSEC: u16 = 0x88e5;
    pub const PTP: u16 = 0x88f7;
    /// Values up to here are an IEEE 802.3 length, not a type.
    pub const LARGEST_LENGTH: u16 = 1500;
}

/// What stands before the network layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// 48-bit addresses in the low bits.
    pub destination: u64,
    pub source: u64,
    /// VLAN identifiers (12 bits), 0 where there is no such tag.
    pub outer_vlan: u16,
    pub inner_vlan: u16,
    /// The type after the tags, or an IEEE 802.3 length.
    pub ethertype: u16,
    /// Where the network layer starts.
    pub network_offset: usize,
}

#[inline(always)]
fn is_tag(ethertype: u16) -> bool {
    ethertype == ethertype::VLAN
        || ethertype == ethertype::PROVIDER_BRIDGE
        || ethertype == ethertype::QINQ_LEGACY
}

/// Reads addresses, tags and type of the frame that starts at `offset`.
///
/// # Errors
///
/// [`Undissected::TruncatedEthernet`], [`Undissected::TruncatedVlan`], or
/// [`Undissected::TooManyTags`] when a third tag follows.
#[inline(always)]
pub fn link<F: Frame + ?Sized>(frame: &F, offset: usize) -> Result<Link, Undissected> {
    let header = frame.header::<HEADER_LENGTH>(offset).ok_or(Undissected::TruncatedEthernet)?;
    let mut link = addresses(&header, offset);
    tags(frame, &mut link)?;
    Ok(link)
}

/// What stands before any tags, of a frame that starts at `offset` and with these octets.
#[inline(always)]
pub fn addresses<H: Header>(header: &H, offset: usize) -> Link {
    let (head, tail) = (header.be_u64::<0>(), header.be_u64::<6>());
    Link {
        destination: head >> 16,
        source: tail >> 16,
        outer_vlan: 0,
        inner_vlan: 0,
        ethertype: tail as u16,
        network_offset: offset + HEADER_LENGTH,
    }
}

/// Goes past the tags that follow.
///
/// # Errors
///
/// [`Undissected::TruncatedVlan`] or [`Undissected::TooManyTags`].
#[inline(always)]
pub fn tags<F: Frame + ?Sized>(frame: &F, link: &mut Link) -> Result<(), Undissected> {
    if !is_tag(link.ethertype) {
        return Ok(());
    }
    let tag = frame.be_u32(link.network_offset).ok_or(Undissected::TruncatedVlan)?;
    link.outer_vlan = (tag >> 16) as u16 & 0x0fff;
    link.ethertype = tag as u16;
    link.network_offset += TAG_LENGTH;
    if !is_tag(link.ethertype) {
        return Ok(());
    }
    let tag = frame.be_u32(link.network_offset).ok_or(Undissected::TruncatedVlan)?;
    link.inner_vlan = (tag >> 16) as u16 & 0x0fff;
    link.ethertype = tag as u16;
    link.network_offset += TAG_LENGTH;
    if is_tag(link.ethertype) {
        return Err(Undissected::TooManyTags);
    }
    Ok(())
}
