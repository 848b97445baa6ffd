//! DCE/RPC (The Open Group C706, MS-RPCE): which interfaces a client binds to, and the ports that
//! an endpoint mapper names.
//!
//! Authentication trailers are not looked at.

pub mod interface;
mod tower;

use sensor_common::{application::Application, wire::transport::protocol};

use super::{
    announcement::{Announcement, Ends, LIMIT},
    octets::array,
};
pub use interface::{Interface, Uuid};

/// Interfaces that are read of one bind.
const INTERFACES: usize = 16;

// Types of connection-oriented PDUs (C706 section 12.6.3.1).
const RESPONSE: u8 = 2;
const BIND: u8 = 11;
const ALTER_CONTEXT: u8 = 14;
/// The header that all of them have.
const COMMON_HEADER: usize = 16;
/// Fragment sizes, association group, number of contexts (C706 section 12.6.4.3).
const BIND_HEADER: usize = 28;
/// Allocation hint, context, cancel count (C706 section 12.6.4.10).
const RESPONSE_HEADER: usize = 24;
/// A transfer syntax: UUID and version.
const SYNTAX: usize = 20;
/// The connectionless header (C706 section 12.5.2).
const DATAGRAM_HEADER: usize = 80;

/// Order of octets, by the first octet of the data representation (C706 section 14.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Big,
    Little,
}

impl Order {
    const fn of(representation: u8) -> Option<Self> {
        match representation {
            0x00 => Some(Self::Big),
            0x10 => Some(Self::Little),
            _ => None,
        }
    }

    fn u16(self, octets: &[u8], at: usize) -> Option<u16> {
        let octets = array(octets, at)?;
        Some(match self {
            Self::Big => u16::from_be_bytes(octets),
            Self::Little => u16::from_le_bytes(octets),
        })
    }
}

/// Type and order of a connection-oriented PDU.
fn header(octets: &[u8]) -> Option<(u8, Order)> {
    let &[5, 0 | 1, kind, _, representation, ..] = octets else { return None };
    let order = Order::of(representation)?;
    let fragment = usize::from(order.u16(octets, 8)?);
    (fragment >= COMMON_HEADER).then_some((kind, order))
}

/// The interfaces that a bind, or a change of context, asks for. One is named once, however many
/// ways of transfer are offered for it.
pub fn read_bind(octets: &[u8]) -> Vec<Interface> {
    let mut interfaces: Vec<Interface> = Vec::new();
    let Some((BIND | ALTER_CONTEXT, order)) = header(octets) else { return interfaces };
    let count = octets.get(24).copied().unwrap_or_default();
    let mut at = BIND_HEADER;
    for _ in 0..count {
        // Context, number of transfer syntaxes, a reserved octet.
        let Some(&syntaxes) = octets.get(at + 2) else { break };
        let Some(found) = Interface::read(octets, at + 4, order) else { break };
        if !interfaces.contains(&found) {
            interfaces.push(found);
        }
        if interfaces.len() == INTERFACES {
            break;
        }
        at += 4 + SYNTAX * (1 + usize::from(syntaxes));
    }
    interfaces
}

/// The interface of a connectionless PDU, as PROFINET sends them.
pub fn read_datagram(octets: &[u8]) -> Option<Interface> {
    let &[4, 0..=10, _, 0 | 2, representation, ..] = octets else { return None };
    let order = Order::of(representation)?;
    let uuid = Uuid::read(octets, 24, order)?;
    let (major, minor) = interface::version(octets, 60, order)?;
    (octets.len() >= DATAGRAM_HEADER).then_some(Interface { uuid, major, minor })
}

/// The TCP ports that an endpoint mapper names in a response.
///
/// A response does not say what it responds to; the towers in it do, which are octets of a form of
/// their own in either order and any transfer syntax.
pub fn read_endpoints(octets: &[u8], ends: &Ends) -> Vec<Announcement> {
    let Some((RESPONSE, _)) = header(octets) else { return Vec::new() };
    let body = octets.get(RESPONSE_HEADER..).unwrap_or_default();
    let mut announced: Vec<Announcement> = Vec::new();
    for endpoint in tower::endpoints(body) {
        let (tcp, application) = (protocol::TCP, Application::Dcerpc);
        let own = Announcement::of_speaker(ends, tcp, endpoint.port, application);
        let found = endpoint.address.map_or(own, |address| own.at(address.into()));
        if announced.len() < LIMIT && !announced.contains(&found) {
            announced.push(found);
        }
    }
    announced
}

#[cfg(test)]
mod tests;
