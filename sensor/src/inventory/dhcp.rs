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
mod tests {
    use bytes::Bytes;
    use dhcproto::{
        Encodable,
        v4::{DhcpOption, Message, MessageType as Type, Opcode},
    };
    use sensor_common::flow::FlowKey;

    use super::*;
    use crate::time::Moment;

    const CLIENT: u64 = 0x0030_e601_0203;

    /// Written by another implementation than the one that reads it.
    fn message(opcode: Opcode, options: &[DhcpOption]) -> Message {
        let mut message = Message::new(
            Ipv4Addr::UNSPECIFIED,
            Ipv4Addr::UNSPECIFIED,
            Ipv4Addr::UNSPECIFIED,
            Ipv4Addr::UNSPECIFIED,
            &CLIENT.to_be_bytes()[2..],
        );
        message.set_opcode(opcode);
        for option in options {
            message.opts_mut().insert(option.clone());
        }
        message
    }

    fn request() -> Message {
        message(
            Opcode::BootRequest,
            &[
                DhcpOption::MessageType(Type::Request),
                DhcpOption::Hostname("icu-pump-12".into()),
                DhcpOption::ClassIdentifier(b"MSFT 5.0".to_vec()),
                DhcpOption::RequestedIpAddress([10, 20, 0, 5].into()),
            ],
        )
    }

    fn read_octets(octets: Vec<u8>) -> Option<DhcpFacts> {
        read(&PayloadSample {
            key: FlowKey::default(),
            station: CLIENT,
            application: Application::Dhcp,
            sequence: 0,
            octets: Bytes::from(octets),
            payload_length: 0,
            at: Moment::default(),
        })
    }

    /// A request that ends in these octets of options.
    fn with_options(options: &[u8]) -> Vec<u8> {
        let mut octets = message(Opcode::BootRequest, &[]).to_vec().unwrap();
        octets.truncate(OPTIONS);
        octets.extend_from_slice(&[MESSAGE_TYPE, 1, 3]);
        octets.extend_from_slice(options);
        octets
    }

    fn host_name_of(name: &[u8]) -> Option<String> {
        let mut options = vec![HOST_NAME, u8::try_from(name.len()).unwrap()];
        options.extend_from_slice(name);
        read_octets(with_options(&options)).unwrap().host_name
    }

    #[test]
    fn a_request_names_its_client() {
        let facts = read_octets(request().to_vec().unwrap()).unwrap();
        assert_eq!(facts.message_type, MessageType::Request);
        assert_eq!(facts.client, CLIENT);
        assert_eq!(facts.host_name.as_deref(), Some("icu-pump-12"));
        assert_eq!(facts.vendor_class.as_deref(), Some("MSFT 5.0"));
        assert_eq!(facts.requested_address, Some([10, 20, 0, 5].into()));
        assert_eq!(facts.client_address, None);
        assert_eq!(facts.assigned_address, None);
    }

    #[test]
    fn an_acknowledgement_tells_the_address_and_no_names() {
        let mut reply = message(
            Opcode::BootReply,
            &[DhcpOption::MessageType(Type::Ack), DhcpOption::Hostname("the-servers-idea".into())],
        );
        reply.set_yiaddr([10, 20, 0, 5]);
        let facts = read_octets(reply.to_vec().unwrap()).unwrap();
        assert_eq!(facts.message_type, MessageType::Acknowledge);
        assert_eq!(facts.assigned_address, Some([10, 20, 0, 5].into()));
        assert_eq!(facts.host_name, None);
    }

    #[test]
    fn a_server_is_named_with_what_it_offers() {
        let server = Ipv4Addr::new(10, 20, 0, 1);
        let options = [
            DhcpOption::MessageType(Type::Offer),
            DhcpOption::ServerIdentifier(server),
            DhcpOption::Router(vec![server]),
        ];
        let mut offer = message(Opcode::BootReply, &options);
        offer.set_giaddr([10, 30, 0, 1]);
        let facts = read_octets(offer.to_vec().unwrap()).unwrap();
        assert_eq!((facts.server, facts.relay), (Some(server), Some([10, 30, 0, 1].into())));
        assert_eq!((facts.names_routers, facts.names_name_servers), (true, false));
        let with_names = [&options[..2], &[DhcpOption::DomainNameServer(vec![server])]].concat();
        let facts = read_octets(message(Opcode::BootReply, &with_names).to_vec().unwrap()).unwrap();
        assert_eq!((facts.names_routers, facts.names_name_servers), (false, true));
        // A client that asks a server names it, and offers nothing.
        let mut request = request();
        request.opts_mut().insert(DhcpOption::ServerIdentifier(server));
        request.opts_mut().insert(DhcpOption::Router(vec![server]));
        let facts = read_octets(request.to_vec().unwrap()).unwrap();
        assert_eq!((facts.server, facts.names_routers), (Some(server), false));
    }

    #[test]
    fn an_offer_assigns_nothing_yet() {
        let mut offer = message(Opcode::BootReply, &[DhcpOption::MessageType(Type::Offer)]);
        offer.set_yiaddr([10, 20, 0, 5]);
        let facts = read_octets(offer.to_vec().unwrap()).unwrap();
        assert_eq!(facts.assigned_address, None);
    }

    #[test]
    fn a_message_cut_anywhere_gives_what_stands_before_the_cut() {
        let whole = with_options(&[HOST_NAME, 4, b'p', b'u', b'm', b'p', VENDOR_CLASS, 1, b'x']);
        for length in 0..=whole.len() {
            let facts = read_octets(whole[..length].to_vec());
            assert_eq!(facts.is_some(), length >= OPTIONS + 3, "{length}");
            let Some(facts) = facts else { continue };
            assert_eq!(facts.host_name.is_some(), length >= OPTIONS + 9, "{length}");
            assert_eq!(facts.vendor_class.is_some(), length >= OPTIONS + 12, "{length}");
        }
    }

    #[test]
    fn an_option_longer_than_the_message_is_not_read() {
        let facts = read_octets(with_options(&[HOST_NAME, 255, b'a', b'b'])).unwrap();
        assert_eq!(facts.host_name, None);
        let facts = read_octets(with_options(&[HOST_NAME])).unwrap();
        assert_eq!(facts.host_name, None);
    }

    #[test]
    fn padding_is_passed_over_and_nothing_is_read_after_the_end() {
        let facts = read_octets(with_options(&[0, 0, 0, HOST_NAME, 1, b'a'])).unwrap();
        assert_eq!(facts.host_name.as_deref(), Some("a"));
        let facts = read_octets(with_options(&[END, HOST_NAME, 1, b'a'])).unwrap();
        assert_eq!(facts.host_name, None);
    }

    #[test]
    fn an_option_of_the_wrong_length_leaves_the_others_alone() {
        // Maximum message size with three octets, then a name.
        let facts = read_octets(with_options(&[57, 3, 1, 2, 3, HOST_NAME, 1, b'a'])).unwrap();
        assert_eq!(facts.host_name.as_deref(), Some("a"));
        let facts = read_octets(with_options(&[REQUESTED_ADDRESS, 3, 10, 0, 0])).unwrap();
        assert_eq!(facts.requested_address, None);
    }

    #[test]
    fn names_keep_letters_digits_and_a_few_marks() {
        assert_eq!(host_name_of(b"a b\"c\n;d"), Some("a_b_c__d".into()));
        assert_eq!(host_name_of(b"icu.pump_1-2\0"), Some("icu.pump_1-2".into()));
        assert_eq!(host_name_of("münchen".as_bytes()), Some("münchen".into()));
        assert_eq!(host_name_of(b"caf\xe9"), Some("caf_".into()));
        // A mark that turns the direction of writing.
        assert_eq!(host_name_of("a\u{202e}b".as_bytes()), Some("a_b".into()));
        assert_eq!(host_name_of(b""), None);
        assert_eq!(host_name_of(b"\0\0"), None);
        assert_eq!(host_name_of(b"-.;"), None);
    }

    #[test]
    fn names_are_cut_at_63_octets_between_characters() {
        assert_eq!(host_name_of(&[b'a'; 255]).unwrap().len(), 63);
        let name = "ü".repeat(40);
        assert_eq!(host_name_of(name.as_bytes()), Some("ü".repeat(31)));
    }

    #[test]
    fn messages_of_nobody_and_of_no_type_are_refused() {
        let octets = request().to_vec().unwrap();
        let changed = |offset: usize, octet: u8| {
            let mut octets = octets.clone();
            octets[offset] = octet;
            read_octets(octets)
        };
        assert!(changed(CLIENT_HARDWARE_ADDRESS, 0x01).is_none());
        assert!(changed(HARDWARE_LENGTH, 16).is_none());
        assert!(changed(HARDWARE_TYPE, 6).is_none());
        assert!(changed(MAGIC_COOKIE, 0).is_none());
        assert!(changed(OPERATION, BOOT_REPLY).is_none());
        assert!(read_octets(message(Opcode::BootRequest, &[]).to_vec().unwrap()).is_none());
    }

    #[test]
    fn samples_of_other_applications_are_not_read() {
        let sample = PayloadSample {
            key: FlowKey::default(),
            station: CLIENT,
            application: Application::Dns,
            sequence: 0,
            octets: Bytes::from(request().to_vec().unwrap()),
            payload_length: 0,
            at: Moment::default(),
        };
        assert_eq!(read(&sample), None);
    }
}
