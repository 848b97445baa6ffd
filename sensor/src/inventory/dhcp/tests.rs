//! Messages of another implementation, cut and changed.

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
