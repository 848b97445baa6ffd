//! Headers of tunnels: where the frame or packet that a packet carries begins.
//!
//! Read are IP in IP (RFC 2003, RFC 2473, RFC 4213), GRE version 0 (RFC 2784, RFC 2890) around
//! IPv4, IPv6 and Ethernet, ERSPAN (draft-foschiano-erspan-03) and VXLAN (RFC 7348). Left out: GRE
//! with routing (RFC 1701) and of version 1 (PPTP), VXLAN on other ports and with extensions,
//! Geneve, GTP and MPLS. The VLAN in an ERSPAN header is not read; tags in the mirrored frame are.

use super::{ethernet::ethertype, transport::protocol};
use crate::{flow::Encapsulation, frame::Frame};

/// Registered port of VXLAN, and the one that Linux had before there was one.
const VXLAN_PORTS: [u16; 2] = [4789, 8472];

/// Where a packet carries what.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tunnel {
    /// [`Encapsulation`] as a number, 0 where there is none.
    pub kind: u64,
    /// [`ethertype::IPV4`], [`ethertype::IPV6`], or [`ethertype::BRIDGED_ETHERNET`] for a frame.
    pub content: u64,
    /// Where it begins, and where the packet that carries it ends.
    pub offset: usize,
    pub end: usize,
}

/// What the headers say of a packet that may carry another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carrier {
    pub is_ipv6: bool,
    pub protocol: u8,
    /// Where its payload begins, and where the packet ends.
    pub offset: usize,
    pub end: usize,
}

/// Whether a packet may carry another, by its headers; for most that is one comparison.
#[inline(always)]
pub const fn may_carry(protocol: u8, destination_port: u16) -> bool {
    const SET: u64 =
        1 << protocol::IPV4 | 1 << protocol::UDP | 1 << protocol::IPV6 | 1 << protocol::GRE;
    if protocol >= 64 || SET >> (protocol & 63) & 1 == 0 {
        return false;
    }
    protocol != protocol::UDP
        || destination_port == VXLAN_PORTS[0]
        || destination_port == VXLAN_PORTS[1]
}

/// Finds what `carrier` carries, given that it [`may_carry`] something: the kind of the tunnel, the
/// type of what is in it, and where that begins.
#[inline(always)]
pub fn tunnel<F: Frame + ?Sized>(frame: &F, carrier: &Carrier) -> Option<Tunnel> {
    let (kind, content, offset) = match carrier.protocol {
        protocol::IPV4 if carrier.is_ipv6 => {
            (Encapsulation::Ipv4InIpv6, ethertype::IPV4, carrier.offset)
        }
        protocol::IPV4 => (Encapsulation::Ipv4InIpv4, ethertype::IPV4, carrier.offset),
        protocol::IPV6 if carrier.is_ipv6 => {
            (Encapsulation::Ipv6InIpv6, ethertype::IPV6, carrier.offset)
        }
        protocol::IPV6 => (Encapsulation::Ipv6InIpv4, ethertype::IPV6, carrier.offset),
        protocol::GRE => gre(frame, carrier.offset)?,
        _ => vxlan(frame, carrier.offset)?,
    };
    let tunnel = Tunnel { kind: kind as u64, content: content as u64, offset, end: carrier.end };
    (offset < carrier.end).then_some(tunnel)
}

/// Flags, network identifier, reserved octets (RFC 7348 section 5).
#[inline(always)]
fn vxlan<F: Frame + ?Sized>(frame: &F, offset: usize) -> Option<(Encapsulation, u16, usize)> {
    const RESERVED: u64 = 0xf7ff_ffff_0000_00ff;
    let header = frame.be_u64(offset)?;
    let is_valid = header >> 59 & 1 == 1 && header & RESERVED == 0;
    is_valid.then_some((Encapsulation::Vxlan, ethertype::BRIDGED_ETHERNET, offset + 8))
}

mod gre {
    pub const CHECKSUM: u16 = 0x8000;
    pub const KEY: u16 = 0x2000;
    pub const SEQUENCE: u16 = 0x1000;
    /// Bits that RFC 2784 section 2.2 has receivers refuse, and the version, which is 0.
    pub const REFUSED: u16 = 0x4c07;
    /// Protocol types of draft-foschiano-erspan-03 sections 4.1 to 4.3.
    pub const ERSPAN: u16 = 0x88be;
    pub const ERSPAN_III: u16 = 0x22eb;
}

#[inline(always)]
fn gre<F: Frame + ?Sized>(frame: &F, offset: usize) -> Option<(Encapsulation, u16, usize)> {
    let header = frame.be_u32(offset)?;
    let (flags, protocol_type) = ((header >> 16) as u16, header as u16);
    if flags & gre::REFUSED != 0 {
        return None;
    }
    // RFC 2890 section 2: checksum, key and sequence number, 4 octets each where they are.
    let words = ((flags & gre::CHECKSUM) >> 15)
        + ((flags & gre::KEY) >> 13)
        + ((flags & gre::SEQUENCE) >> 12);
    let content = offset + 4 + words as usize * 4;
    match protocol_type {
        ethertype::IPV4 | ethertype::IPV6 | ethertype::BRIDGED_ETHERNET => {
            Some((Encapsulation::Gre, protocol_type, content))
        }
        // Type I has no header of its own, and no sequence number by which to tell it.
        gre::ERSPAN if flags & gre::SEQUENCE == 0 => {
            Some((Encapsulation::ErspanI, ethertype::BRIDGED_ETHERNET, content))
        }
        gre::ERSPAN => {
            let is_valid = frame.be_u32(content)? >> 28 == 1;
            is_valid.then_some((Encapsulation::ErspanII, ethertype::BRIDGED_ETHERNET, content + 8))
        }
        gre::ERSPAN_III => erspan_iii(frame, content),
        _ => None,
    }
}

/// Version 2; the last word has frame type (bits 10 to 14) and whether a platform's own sub-header
/// of 8 octets follows (bit 0).
#[inline(always)]
fn erspan_iii<F: Frame + ?Sized>(frame: &F, offset: usize) -> Option<(Encapsulation, u16, usize)> {
    const ETHERNET: u32 = 0;
    const IP: u32 = 2;
    let last = frame.be_u32(offset + 8)?;
    if frame.be_u32(offset)? >> 28 != 2 {
        return None;
    }
    let content = offset + 12 + (last as usize & 1) * 8;
    let kind = match last >> 10 & 0x1f {
        ETHERNET => ethertype::BRIDGED_ETHERNET,
        IP if frame.octet(content)? >> 4 == 6 => ethertype::IPV6,
        IP => ethertype::IPV4,
        _ => return None,
    };
    Some((Encapsulation::ErspanIII, kind, content))
}

#[cfg(test)]
mod tests;
