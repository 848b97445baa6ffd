//! DHCP (RFC 2131, RFC 2132): messages, the server's side and a relay.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};

use super::shift::{GLANCE, Shift};
use super::streams::is_readable_within;
use crate::frames::MacAddress;

pub const SERVER_PORT: u16 = 67;
pub const CLIENT_PORT: u16 = 68;

const MAGIC: [u8; 4] = [0x63, 0x82, 0x53, 0x63];
const BROADCAST_FLAG: u16 = 0x8000;
/// Offsets in the fixed part (RFC 2131 section 2).
const RELAY_ADDRESS: std::ops::Range<usize> = 24..28;
const OPTIONS: usize = 240;

/// DHCP message types (RFC 2132 section 9.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Discover = 1,
    Offer = 2,
    Request = 3,
    Acknowledge = 5,
}

/// A device that asks for an address.
#[derive(Clone, Copy, Debug)]
pub struct Client<'a> {
    pub hardware: MacAddress,
    pub host_name: &'a str,
    pub vendor_class: &'a str,
    /// The address it asks for; the server agrees.
    pub wanted: Ipv4Addr,
    pub transaction: u32,
}

pub(crate) fn option(code: u8, content: &[u8]) -> Vec<u8> {
    [&[code, content.len() as u8], content].concat()
}

pub(crate) fn message(
    operation: u8,
    transaction: u32,
    hardware: [u8; 6],
    yours: Ipv4Addr,
    relay: [u8; 4],
    options: &[Vec<u8>],
) -> Vec<u8> {
    let mut message = vec![operation, 1, 6, 0];
    message.extend(transaction.to_be_bytes());
    message.extend([0, 0]);
    message.extend(BROADCAST_FLAG.to_be_bytes());
    message.extend([0; 4]);
    message.extend(yours.octets());
    message.extend([0; 4]);
    message.extend(relay);
    message.extend(hardware);
    message.extend([0; 10 + 64 + 128]);
    message.extend(MAGIC);
    message.extend(options.concat());
    message.push(255);
    // BOOTP messages have at least 300 octets (RFC 1542 section 2.1).
    message.resize(message.len().max(300), 0);
    message
}

impl Client<'_> {
    /// A discover or a request, with host name and parameter list.
    pub fn message(&self, kind: Kind) -> Vec<u8> {
        let mut options = vec![
            option(53, &[kind as u8]),
            option(61, &[&[1], self.hardware.0.as_slice()].concat()),
            option(50, &self.wanted.octets()),
            option(12, self.host_name.as_bytes()),
            option(60, self.vendor_class.as_bytes()),
            option(55, &[1, 3, 6, 15, 42, 119]),
        ];
        if kind == Kind::Request {
            options.push(option(54, &[10, 30, 0, 53]));
        }
        message(1, self.transaction, self.hardware.0, Ipv4Addr::UNSPECIFIED, [0; 4], &options)
    }
}

/// The content of one option.
fn find_option(message: &[u8], wanted: u8) -> Option<&[u8]> {
    let mut rest = message.get(OPTIONS..)?;
    while let [code, length, after @ ..] = rest {
        if *code == 255 {
            return None;
        }
        let content = after.get(..usize::from(*length))?;
        if *code == wanted {
            return Some(content);
        }
        rest = &after[usize::from(*length)..];
    }
    None
}

/// Transaction and type of a message.
pub fn transaction_and_kind(message: &[u8]) -> Option<(u32, u8)> {
    let transaction = u32::from_be_bytes(message.get(4..8)?.try_into().ok()?);
    Some((transaction, *find_option(message, 53)?.first()?))
}

/// The server's side: offers and grants the address that is asked for.
pub fn answer(request: &[u8]) -> Option<Vec<u8>> {
    let (transaction, kind) = transaction_and_kind(request)?;
    let kind = match kind {
        1 => Kind::Offer,
        3 => Kind::Acknowledge,
        _ => return None,
    };
    let wanted: [u8; 4] = find_option(request, 50)?.try_into().ok()?;
    let hardware: [u8; 6] = request.get(28..34)?.try_into().ok()?;
    let relay: [u8; 4] = request.get(RELAY_ADDRESS)?.try_into().ok()?;
    let options = [
        option(53, &[kind as u8]),
        option(54, &[10, 30, 0, 53]),
        option(51, &3600_u32.to_be_bytes()),
        option(1, &[255, 255, 255, 0]),
        option(3, &[10, 20, 0, 1]),
        option(6, &[10, 30, 0, 53]),
    ];
    Some(message(2, transaction, hardware, wanted.into(), relay, &options))
}

/// The gateway's relay agent (RFC 1542 section 4): requests to the server,
/// replies to everyone on the clinical link.
pub fn relay(own_address: Ipv4Addr, server: Ipv4Addr, shift: &Shift) -> io::Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, SERVER_PORT))?;
    socket.set_broadcast(true)?;
    socket.set_nonblocking(true)?;
    let mut buffer = [0; 2048];
    while !shift.is_over() {
        if !is_readable_within(&socket, GLANCE) {
            continue;
        }
        let Ok((length, _)) = socket.recv_from(&mut buffer) else {
            continue;
        };
        let message = &mut buffer[..length];
        if length < OPTIONS {
            continue;
        }
        let to = if message[0] == 1 {
            message[RELAY_ADDRESS].copy_from_slice(&own_address.octets());
            message[3] += 1;
            SocketAddrV4::new(server, SERVER_PORT)
        } else {
            SocketAddrV4::new(Ipv4Addr::BROADCAST, CLIENT_PORT)
        };
        drop(socket.send_to(message, to));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_offers_what_was_wanted_and_acknowledges_the_request() {
        let client = Client {
            hardware: MacAddress::vendor(0x000f14, 3),
            host_name: "MON-ICU3-BED03",
            vendor_class: "monitor",
            wanted: [10, 20, 0, 11].into(),
            transaction: 0xfeed,
        };
        let offer = answer(&client.message(Kind::Discover)).unwrap();
        assert_eq!(transaction_and_kind(&offer), Some((0xfeed, Kind::Offer as u8)));
        assert_eq!(offer[16..20], [10, 20, 0, 11]);
        assert_eq!(
            find_option(&client.message(Kind::Discover), 12),
            Some(b"MON-ICU3-BED03".as_slice())
        );
        let grant = answer(&client.message(Kind::Request)).unwrap();
        assert_eq!(transaction_and_kind(&grant), Some((0xfeed, Kind::Acknowledge as u8)));
    }
}
