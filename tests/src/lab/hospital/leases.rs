//! Stations ask for their address by DHCP: from 0.0.0.0 to everyone, as a
//! device without an address does, with their host name. They already have
//! the address they will be given, so that the lab need not wait.

use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use super::stations::Station;
use crate::frames::packet_socket::{PacketSocket, Purpose};
use crate::frames::{Endpoints, EthernetHeader, Ipv4Header, ethertype, protocol, udp_datagram};
use crate::speakers::Spoken;
use crate::speakers::dhcp::{CLIENT_PORT, Client, Kind, SERVER_PORT, transaction_and_kind};

const PATIENCE: Duration = Duration::from_secs(2);

/// The frame of a message from a station that has no address yet.
fn broadcast(client: &Client<'_>, message: &[u8]) -> Vec<u8> {
    let ends = Endpoints::v4(Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST);
    let datagram = udp_datagram(&ends, CLIENT_PORT, SERVER_PORT, message);
    let packet = Ipv4Header::between(Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST)
        .packet(protocol::UDP, &datagram);
    EthernetHeader::broadcast(client.hardware).frame(ethertype::IPV4, &packet)
}

/// Discover, offer, request, acknowledgement. Runs inside the namespace of the
/// station; a station without a lease has nothing to do.
pub fn obtain(station: &Station) -> io::Result<Spoken> {
    let Some((host_name, vendor_class)) = station.lease else {
        return Ok(Spoken::default());
    };
    let client = Client {
        hardware: station.hardware(),
        host_name,
        vendor_class,
        wanted: station.address(),
        transaction: 0x5743_0000 + u32::from(station.host),
    };
    let mailbox = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, CLIENT_PORT))?;
    mailbox.set_read_timeout(Some(PATIENCE))?;
    let wire = PacketSocket::open(Some("eth0"), Purpose::Send)?;
    let mut spoken = Spoken::default();
    for (said, awaited) in [(Kind::Discover, Kind::Offer), (Kind::Request, Kind::Acknowledge)] {
        let message = client.message(said);
        wire.send(&broadcast(&client, &message))?;
        spoken.said_octets += message.len() as u64;
        spoken.heard_octets += hear(&mailbox, client.transaction, awaited)?;
    }
    Ok(spoken)
}

/// Waits for one's own answer among everybody's and returns its length.
fn hear(mailbox: &UdpSocket, transaction: u32, awaited: Kind) -> io::Result<u64> {
    let mut buffer = [0; 2048];
    loop {
        let length = mailbox.recv(&mut buffer)?;
        if transaction_and_kind(&buffer[..length]) == Some((transaction, awaited as u8)) {
            return Ok(length as u64);
        }
    }
}
