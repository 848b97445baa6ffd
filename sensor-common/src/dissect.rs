//! From the octets of a frame to its flow key and payload.

pub mod plain;

use crate::{
    books::Undissected,
    flow::{FlowKey, FlowKeyFields, Network},
    frame::Frame,
    read_back::read_back,
    wire::{
        arp,
        ethernet::{self, Link, ethertype},
        ipv4,
        ipv6::{self, Ipv6},
        mpls, pppoe,
        transport::{self, Transport},
        tunnel::{self, Carrier, Tunnel},
    },
};

/// What one frame says about its flow.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dissection {
    pub key: FlowKey,
    /// Station addresses, 48 bits.
    pub source_station: u64,
    pub destination_station: u64,
    pub tcp_flags: u8,
    /// TCP sequence number of the first octet of payload, else 0.
    pub tcp_sequence: u32,
    pub icmp_type_code: u16,
    pub is_later_fragment: bool,
    /// Where the transport payload starts, and its octets by the network header.
    pub payload_offset: usize,
    pub payload_length: usize,
    /// Octets of the frame by its own headers; more than the readable part when the frame lies in
    /// several buffers or was captured in part.
    pub declared_length: usize,
    packet: Packet,
}

impl Dissection {
    /// Whether the packet may carry another; a later fragment has no header that would tell.
    #[inline(always)]
    pub fn may_carry(&self) -> bool {
        tunnel::may_carry(self.key.protocol(), self.key.destination_port())
            && !self.is_later_fragment
    }

    /// What the packet carries, given that it may.
    #[inline(always)]
    pub fn tunnel<F: Frame + ?Sized>(&self, frame: &F) -> Option<Tunnel> {
        let carrier = Carrier {
            is_ipv6: self.key.network_number() == Network::Ipv6 as u8,
            protocol: self.key.protocol(),
            offset: self.payload_offset,
            end: self.declared_length,
        };
        tunnel::tunnel(frame, &carrier)
    }

    /// What is left to say of a frame without a network layer that could carry more.
    #[inline(always)]
    fn has_no_payload(&mut self, fields: &FlowKeyFields, declared_length: usize) {
        self.key = FlowKey::new(fields);
        self.tcp_flags = 0;
        self.tcp_sequence = 0;
        self.icmp_type_code = 0;
        self.is_later_fragment = false;
        self.payload_offset = declared_length;
        self.payload_length = 0;
        self.declared_length = declared_length;
    }
}

/// What the network header of a packet says and its flow's key does not, kept while its transport
/// header is read.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Packet {
    transport_offset: usize,
    /// Where the packet ends by its own header: minimum frames carry padding after it.
    end: usize,
    has_transport: bool,
    ipv6: Ipv6,
    /// What stands before the network layer.
    link: Link,
}

/// Dissects one frame received on `interface` into `found`; after an error that holds nothing.
///
/// # Errors
///
/// The reason for which the frame has no flow.
#[inline(always)]
pub fn dissect<F: Frame + ?Sized>(
    frame: &F,
    interface: u32,
    found: &mut Dissection,
) -> Result<(), Undissected> {
    let mut link = ethernet::link(frame, 0)?;
    match link.ethertype {
        ethertype::PPPOE_SESSION => pppoe::pass(frame, &mut link)?,
        ethertype::MPLS | ethertype::MPLS_UPSTREAM => mpls::pass(frame, &mut link)?,
        _ => {}
    }
    found.packet.link = link;
    flow(frame, interface, found)
}

/// More than any offset in a frame. A value that is known to be no larger keeps this bound when the
/// compiler puts it on the stack; of any other, verifiers before Linux 6.8 forget there what it was
/// compared with, and one copy may be compared and another one used.
const OFFSETS: usize = 0x7fff;

/// Dissects what a tunnel carries: an Ethernet frame, or a packet without one, of which no station
/// is known. What it carries in its turn is payload.
///
/// # Errors
///
/// As for [`dissect`]; also when the headers do not end within the packet that carries them.
#[inline(never)]
pub fn dissect_inner<F: Frame + ?Sized>(
    frame: &F,
    tunnel: &Tunnel,
    interface: u32,
    found: &mut Dissection,
) -> Result<(), Undissected> {
    let tunnel = core::hint::black_box(tunnel);
    found.packet.link = match tunnel.content as u16 {
        ethertype::BRIDGED_ETHERNET => ethernet::link(frame, tunnel.offset)?,
        ethertype => Link { ethertype, network_offset: tunnel.offset, ..Link::default() },
    };
    flow(frame, interface, found)?;
    let found = core::hint::black_box(found);
    if found.payload_offset > tunnel.end {
        return Err(Undissected::TruncatedTransport);
    }
    found.key = found.key.inside(tunnel.kind as u8);
    Ok(())
}

#[inline(always)]
fn flow<F: Frame + ?Sized>(
    frame: &F,
    interface: u32,
    found: &mut Dissection,
) -> Result<(), Undissected> {
    // Read back: however many headers came before, they are one way to the verifier.
    read_back();
    let mut link = found.packet.link;
    link.network_offset &= OFFSETS;
    let link = &link;
    // The result is written where it stays: returned by value it would be merged from all paths,
    // failures among them, and the compiler spills registers that a failure never set.
    found.source_station = link.source;
    found.destination_station = link.destination;
    let vlans = (link.outer_vlan as u64) << 16 | link.inner_vlan as u64;
    match link.ethertype {
        ethertype::IPV4 => ipv4_packet(frame, link, interface, found)?,
        ethertype::IPV6 => ipv6_packet(frame, link, interface, found)?,
        ethertype::ARP => return arp_flow(frame, link, interface, found),
        _ => return link_flow(frame, link, interface, found),
    }
    found.key.set_vlans(vlans);
    packet_flow(frame, found)
}

// Every part of the key is written once, where it stays: a word that goes through memory several
// times is waited for each time.

#[inline(always)]
fn ipv4_packet<F: Frame + ?Sized>(
    frame: &F,
    link: &Link,
    interface: u32,
    found: &mut Dissection,
) -> Result<(), Undissected> {
    let header = ipv4::ipv4(frame, link.network_offset)?;
    found.key.set_addresses(
        [link.source << 16, header.source as u64],
        [link.destination << 16, header.destination as u64],
    );
    found.key.set_place(interface, header.protocol, Network::Ipv4);
    found.packet.transport_offset = link.network_offset + header.header_length;
    found.packet.end = if header.total_length == 0 {
        frame.readable_length()
    } else {
        link.network_offset + header.total_length
    };
    found.packet.has_transport = !header.is_later_fragment;
    Ok(())
}

#[inline(always)]
fn ipv6_packet<F: Frame + ?Sized>(
    frame: &F,
    link: &Link,
    interface: u32,
    found: &mut Dissection,
) -> Result<(), Undissected> {
    ipv6::ipv6(frame, link.network_offset, &mut found.packet.ipv6)?;
    let header = &found.packet.ipv6;
    found.key.set_addresses(header.source, header.destination);
    found.key.set_place(interface, header.protocol, Network::Ipv6);
    found.packet.transport_offset = header.transport_offset;
    found.packet.end = if header.payload_length == 0 {
        frame.readable_length()
    } else {
        link.network_offset + ipv6::HEADER_LENGTH + header.payload_length
    };
    found.packet.has_transport = !found.packet.ipv6.is_later_fragment;
    Ok(())
}

#[inline(always)]
fn packet_flow<F: Frame + ?Sized>(frame: &F, found: &mut Dissection) -> Result<(), Undissected> {
    // Whichever headers came before, the verifier checks this once.
    read_back();
    let packet = &found.packet;
    let mut transport = Transport::default();
    if packet.has_transport {
        let protocol = found.key.protocol();
        transport = transport::transport(frame, packet.transport_offset, protocol)?;
    }
    let payload_offset = packet.transport_offset + transport.header_length;
    if payload_offset > packet.end {
        return Err(Undissected::TruncatedTransport);
    }
    found.key.set_ports(transport.source_port, transport.destination_port);
    found.tcp_flags = transport.tcp_flags;
    found.tcp_sequence = transport.tcp_sequence;
    found.icmp_type_code = transport.icmp_type_code;
    found.is_later_fragment = !packet.has_transport;
    found.payload_offset = payload_offset;
    // A later fragment has octets, but none that a recogniser may take for a beginning.
    found.payload_length = if packet.has_transport { packet.end - payload_offset } else { 0 };
    found.declared_length = packet.end;
    Ok(())
}

#[inline(always)]
fn arp_flow<F: Frame + ?Sized>(
    frame: &F,
    link: &Link,
    interface: u32,
    found: &mut Dissection,
) -> Result<(), Undissected> {
    let message = arp::arp(frame, link.network_offset)?;
    found.has_no_payload(
        &FlowKeyFields {
            network: Network::Arp,
            source: [link.source << 16, message.sender_address as u64],
            destination: [link.destination << 16, message.target_address as u64],
            source_port: 0,
            destination_port: 0,
            outer_vlan: link.outer_vlan,
            inner_vlan: link.inner_vlan,
            interface,
            protocol: 0,
        },
        link.network_offset + arp::LENGTH,
    );
    Ok(())
}

/// Protocols without a network address; the type stands in the source port, for IEEE 802.2 the
/// service access points stand in the destination port.
#[inline(always)]
fn link_flow<F: Frame + ?Sized>(
    frame: &F,
    link: &Link,
    interface: u32,
    found: &mut Dissection,
) -> Result<(), Undissected> {
    let (kind, access_points) = match link.ethertype {
        ethertype::EAPOL
        | ethertype::PROFINET
        | ethertype::ETHERCAT
        | ethertype::GOOSE
        | ethertype::LLDP
        | ethertype::MACSEC
        | ethertype::PTP => (link.ethertype, 0),
        length if length <= ethertype::LARGEST_LENGTH => {
            (0, frame.be_u16(link.network_offset).ok_or(Undissected::TruncatedEthernet)?)
        }
        _ => return Err(Undissected::UnknownEthertype),
    };
    found.has_no_payload(
        &FlowKeyFields {
            network: Network::Link,
            source: [link.source << 16, 0],
            destination: [link.destination << 16, 0],
            source_port: kind,
            destination_port: access_points,
            outer_vlan: link.outer_vlan,
            inner_vlan: link.inner_vlan,
            interface,
            protocol: 0,
        },
        link.network_offset,
    );
    Ok(())
}
