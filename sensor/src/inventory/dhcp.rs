//! What a DHCP message says of the client it is about (RFC 2131 section 2, RFC 2132).
//!
//! The message may be cut, and its options are whatever the sender wrote: they are walked within
//! bounds, one that does not fit ends the walk, and what was read before it stands. Left out:
//! options moved into the `sname` and `file` fields (option 52) and the rest of split ones
//! (RFC 3396).

use std::net::Ipv4Addr;

use sensor_common::application::Application;

use crate::observation::PayloadSample;

/// Octets that are kept of a name: the longest label of a host name (RFC 1035 section 2.3.4).
const NAME_OCTETS: usize = 63;

/// Option 53 (RFC 2132 section 9.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageType {
    Discover,
    Offer,
    Request,
    Decline,
    Acknowledge,
    NegativeAcknowledge,
    Release,
    Inform,
}

impl MessageType {
    const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Discover),
            2 => Some(Self::Offer),
            3 => Some(Self::Request),
            4 => Some(Self::Decline),
            5 => Some(Self::Acknowledge),
            6 => Some(Self::NegativeAcknowledge),
            7 => Some(Self::Release),
            8 => Some(Self::Inform),
            _ => None,
        }
    }

    const fn is_from_server(self) -> bool {
        matches!(self, Self::Offer | Self::Acknowledge | Self::NegativeAcknowledge)
    }
}

/// What one message says of its client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DhcpFacts {
    pub message_type: MessageType,
    /// The client's station address, `chaddr`: 48 bits.
    pub client: u64,
    /// Option 12, cleaned. A person's name, perhaps: it stays in the store on the box.
    pub host_name: Option<String>,
    /// Option 60, cleaned.
    pub vendor_class: Option<String>,
    /// The address that the client has and uses, `ciaddr`.
    pub client_address: Option<Ipv4Addr>,
    /// Option 50: the address that the client would like.
    pub requested_address: Option<Ipv4Addr>,
    /// The address that a server gave it: `yiaddr` of an acknowledgement.
    pub assigned_address: Option<Ipv4Addr>,
    /// Option 54: the server that speaks, or that is chosen. Its own word; a relay may have passed the
    /// message on.
    pub server: Option<Ipv4Addr>,
    /// The relay, `giaddr`.
    pub relay: Option<Ipv4Addr>,
    /// Whether a server names routers (option 3) and name servers (option 6) to the client.
    pub names_routers: bool,
    pub names_name_servers: bool,
}

// Offsets of RFC 2131 figure 1.
const OPERATION: usize = 0;
const HARDWARE_TYPE: usize = 1;
const HARDWARE_LENGTH: usize = 2;
const CLIENT_ADDRESS: usize = 12;
const YOUR_ADDRESS: usize = 16;
const RELAY_ADDRESS: usize = 24;
const CLIENT_HARDWARE_ADDRESS: usize = 28;
const MAGIC_COOKIE: usize = 236;
const OPTIONS: usize = 240;

const BOOT_REQUEST: u8 = 1;
const BOOT_REPLY: u8 = 2;
const ETHERNET: u8 = 1;

// Options of RFC 2132.
const PAD: u8 = 0;
const ROUTERS: u8 = 3;
const NAME_SERVERS: u8 = 6;
const HOST_NAME: u8 = 12;
const REQUESTED_ADDRESS: u8 = 50;
const MESSAGE_TYPE: u8 = 53;
const SERVER_IDENTIFIER: u8 = 54;
const VENDOR_CLASS: u8 = 60;
const END: u8 = 255;

/// Reads a sample of a DHCP message. `None` if it is none, or says not of whom or what type.
pub fn read(sample: &PayloadSample) -> Option<DhcpFacts> {
    if sample.application != Application::Dhcp {
        return None;
    }
    read_message(&sample.octets)
}

fn read_message(octets: &[u8]) -> Option<DhcpFacts> {
    let operation = *octets.get(OPERATION)?;
    if octets.get(HARDWARE_TYPE) != Some(&ETHERNET)
        || octets.get(HARDWARE_LENGTH) != Some(&6)
        || octets.get(MAGIC_COOKIE..OPTIONS)? != [0x63, 0x82, 0x53, 0x63]
    {
        return None;
    }
    let client = octets[CLIENT_HARDWARE_ADDRESS..CLIENT_HARDWARE_ADDRESS + 6]
        .iter()
        .fold(0, |station, &octet| station << 8 | u64::from(octet));
    let is_one_station = client != 0 && client >> 40 & 1 == 0;

    let options = |code| Options(&octets[OPTIONS..]).find(|&(found, _)| found == code);
    let value = |code| options(code).map(|(_, value)| value);
    let message_type = match value(MESSAGE_TYPE)? {
        &[number] => MessageType::from_number(number)?,
        _ => return None,
    };
    let expected = if message_type.is_from_server() { BOOT_REPLY } else { BOOT_REQUEST };
    if !is_one_station || operation != expected {
        return None;
    }
    // What a server says of a client is the server's idea of it.
    let claimed = |code| value(code).filter(|_| operation == BOOT_REQUEST);
    Some(DhcpFacts {
        message_type,
        client,
        host_name: claimed(HOST_NAME).and_then(host_name),
        vendor_class: claimed(VENDOR_CLASS).and_then(vendor_class),
        client_address: address(octets.get(CLIENT_ADDRESS..CLIENT_ADDRESS + 4)?),
        requested_address: claimed(REQUESTED_ADDRESS).and_then(address),
        assigned_address: address(octets.get(YOUR_ADDRESS..YOUR_ADDRESS + 4)?)
            .filter(|_| message_type == MessageType::Acknowledge),
        server: value(SERVER_IDENTIFIER).and_then(address),
        relay: address(octets.get(RELAY_ADDRESS..RELAY_ADDRESS + 4)?),
        names_routers: operation == BOOT_REPLY && value(ROUTERS).is_some(),
        names_name_servers: operation == BOOT_REPLY && value(NAME_SERVERS).is_some(),
    })
}

/// The options as far as they are whole: code and value.
struct Options<'octets>(&'octets [u8]);

impl<'octets> Iterator for Options<'octets> {
    type Item = (u8, &'octets [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (&code, rest) = self.0.split_first()?;
            match code {
                PAD => self.0 = rest,
                END => {
                    self.0 = &[];
                    return None;
                }
                _ => {
                    let (&length, rest) = rest.split_first()?;
                    let (value, rest) = rest.split_at_checked(length.into())?;
                    self.0 = rest;
                    return Some((code, value));
                }
            }
        }
    }
}

/// An address that one host can have.
fn address(octets: &[u8]) -> Option<Ipv4Addr> {
    let octets: [u8; 4] = octets.try_into().ok()?;
    let address = Ipv4Addr::from(octets);
    (!address.is_unspecified() && !address.is_multicast() && !address.is_broadcast())
        .then_some(address)
}

fn host_name(octets: &[u8]) -> Option<String> {
    clean(octets, |character| "-_.".contains(character))
}

fn vendor_class(octets: &[u8]) -> Option<String> {
    clean(octets, |character| " -_.:/+,()".contains(character))
}

/// Letters, digits and what `is_kept` allows; anything else becomes `_`, so that a name can go
/// into any output as it is. `None` if no letter or digit is among them.
fn clean(octets: &[u8], is_kept: impl Fn(char) -> bool) -> Option<String> {
    let text = String::from_utf8_lossy(octets);
    let mut name = String::new();
    for character in text.trim_matches(['\0', ' ']).chars() {
        let character =
            if character.is_alphanumeric() || is_kept(character) { character } else { '_' };
        if name.len() + character.len_utf8() > NAME_OCTETS {
            break;
        }
        name.push(character);
    }
    name.contains(char::is_alphanumeric).then_some(name)
}

#[cfg(test)]
mod tests;
