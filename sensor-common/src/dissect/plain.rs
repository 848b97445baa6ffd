//! Frames of the commonest shape, dissected in registers: at most two tags, IPv4 without options or
//! fragments, or IPv6 without extension headers, then TCP or UDP.
//!
//! Says of them what [`super::dissect`] says, of others nothing. Also left out is what the rest of
//! the path must see in any case: segments that open a connection, and packets that may carry
//! others.

use crate::{
    flow::{FlowKey, FlowKeyFields, Network},
    frame::{Frame, Header},
    wire::{
        ethernet::{self, Link, ethertype},
        ipv6,
        transport::{protocol, tcp_flags},
        tunnel,
    },
};

/// What is counted of a plain frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plain {
    pub key: FlowKey,
    pub tcp_flags: u8,
    /// As in [`super::Dissection`].
    pub declared_length: usize,
}

/// An IPv4 header without options, or the fixed header of IPv6, and the shortest TCP header; so
/// much is looked for at once, also of a datagram, which Ethernet pads to as much.
const IPV4_HEADERS: usize = 20 + 20;
const IPV6_HEADERS: usize = ipv6::HEADER_LENGTH + 20;
/// The shortest plain frame.
const SHORTEST: usize = ethernet::HEADER_LENGTH + IPV4_HEADERS;

/// The network header's part.
struct Packet {
    source: [u64; 2],
    destination: [u64; 2],
    network: Network,
    protocol: u8,
    /// Octets from the beginning of the transport header to the end of the packet.
    length: usize,
    /// Where the packet ends.
    end: usize,
    /// The transport header's words at 0 and, in TCP, at 12.
    beginning: u64,
    control: u64,
}

/// Dissects a plain frame received on `interface`; `None` if it is none.
#[inline(always)]
pub fn plain<F: Frame + ?Sized>(frame: &F, interface: u32) -> Option<Plain> {
    let headers = frame.beginning::<SHORTEST>()?;
    let mut link = ethernet::addresses(&headers, 0);
    let packet = if link.ethertype == ethertype::IPV4 {
        ipv4_packet(&headers.part::<{ ethernet::HEADER_LENGTH }, IPV4_HEADERS>(), &link)?
    } else {
        if link.ethertype != ethertype::IPV6 {
            ethernet::tags(frame, &mut link).ok()?;
        }
        match link.ethertype {
            ethertype::IPV4 => {
                ipv4_packet(&frame.header::<IPV4_HEADERS>(link.network_offset)?, &link)?
            }
            ethertype::IPV6 => {
                ipv6_packet(&frame.header::<IPV6_HEADERS>(link.network_offset)?, &link)?
            }
            _ => return None,
        }
    };
    let tcp_flags = match packet.protocol {
        protocol::TCP => segment(&packet)?,
        protocol::UDP => datagram(&packet)?,
        _ => return None,
    };
    let key = FlowKey::new(&FlowKeyFields {
        network: packet.network,
        source: packet.source,
        destination: packet.destination,
        source_port: (packet.beginning >> 48) as u16,
        destination_port: (packet.beginning >> 32) as u16,
        outer_vlan: link.outer_vlan,
        inner_vlan: link.inner_vlan,
        interface,
        protocol: packet.protocol,
    });
    Some(Plain { key, tcp_flags, declared_length: packet.end })
}

#[inline(always)]
fn ipv4_packet<H: Header>(headers: &H, link: &Link) -> Option<Packet> {
    const FRAGMENT: u64 = 0x3fff;
    let (first, second) = (headers.be_u64::<0>(), headers.be_u64::<8>());
    let total_length = (first >> 32) as usize & 0xffff;
    if first >> 56 != 0x45 || first & FRAGMENT != 0 || total_length < 20 {
        return None;
    }
    Some(Packet {
        source: [link.source << 16, second & 0xffff_ffff],
        destination: [link.destination << 16, headers.be_u32::<16>() as u64],
        network: Network::Ipv4,
        protocol: (second >> 48) as u8,
        length: total_length - 20,
        end: link.network_offset + total_length,
        beginning: headers.be_u64::<20>(),
        control: headers.be_u64::<32>(),
    })
}

#[inline(always)]
fn ipv6_packet<H: Header>(headers: &H, link: &Link) -> Option<Packet> {
    let first = headers.be_u64::<0>();
    if first >> 60 != 6 {
        return None;
    }
    let length = (first >> 16) as usize & 0xffff;
    Some(Packet {
        source: [headers.be_u64::<8>(), headers.be_u64::<16>()],
        destination: [headers.be_u64::<24>(), headers.be_u64::<32>()],
        network: Network::Ipv6,
        protocol: (first >> 8) as u8,
        length,
        end: link.network_offset + ipv6::HEADER_LENGTH + length,
        beginning: headers.be_u64::<40>(),
        control: headers.be_u64::<52>(),
    })
}

/// The control bits of a segment that opens no connection.
#[inline(always)]
fn segment(packet: &Packet) -> Option<u8> {
    let header_length = (packet.control >> 60) as usize * 4;
    let flags = (packet.control >> 48) as u8;
    let is_valid = header_length >= 20 && header_length <= packet.length;
    (is_valid && flags & tcp_flags::SYN == 0).then_some(flags)
}

/// No control bits, of a datagram that carries no other packet.
#[inline(always)]
fn datagram(packet: &Packet) -> Option<u8> {
    let may_carry = tunnel::may_carry(protocol::UDP, (packet.beginning >> 32) as u16);
    (packet.length >= 8 && !may_carry).then_some(0)
}
