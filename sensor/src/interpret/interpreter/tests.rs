use std::net::Ipv4Addr;

use bytes::Bytes;
use sensor_common::{
    application::{Change, Evidence, Identification},
    flow::{FlowKeyFields, Network},
};

use super::*;
use crate::flow::Method;

const CLIENT: [u8; 4] = [10, 20, 0, 5];
const SERVER: [u8; 4] = [10, 30, 0, 9];

fn key(protocol: u8, source: ([u8; 4], u16), destination: ([u8; 4], u16)) -> FlowKey {
    let word = |address: [u8; 4]| [0, u64::from(Ipv4Addr::from(address).to_bits())];
    FlowKey::new(&FlowKeyFields {
        network: Network::Ipv4,
        source: word(source.0),
        destination: word(destination.0),
        source_port: source.1,
        destination_port: destination.1,
        outer_vlan: 0,
        inner_vlan: 0,
        interface: 1,
        protocol,
    })
}

fn sample(key: FlowKey, application: Application, octets: &[u8]) -> PayloadSample {
    PayloadSample {
        key,
        station: 0,
        application,
        sequence: 1000,
        octets: Bytes::copy_from_slice(octets),
        payload_length: 0,
        at: Moment::from_micros(1_000_000),
    }
}

fn delta(key: FlowKey, opinion: Opinion) -> FlowDelta {
    let at = Moment::from_micros(1_200_000);
    FlowDelta {
        key,
        source_endpoint: 0,
        destination_endpoint: 0,
        packets: 1,
        octets: 60,
        tcp_flags: 2,
        first_tcp_flags: 2,
        icmp_type_code: 0,
        opinion,
        earlier: Identification::default(),
        change: Change::None,
        digest: 0,
        first_seen: at,
        last_seen: at,
        is_new: true,
    }
}

#[test]
fn a_data_connection_is_known_from_its_control_conversation_and_others_are_not() {
    let mut interpreter = Interpreter::default();
    let control = key(protocol::TCP, (SERVER, 21), (CLIENT, 40_000));
    let line = b"227 Entering Passive Mode (10,30,0,9,195,80)\r\n";
    assert_eq!(interpreter.read(&sample(control, Application::Ftp, line)).lesson, None);
    let data = key(protocol::TCP, (CLIENT, 40_001), (SERVER, 50_000));
    let announced = interpreter.announced(&delta(data, Opinion::default()));
    assert_eq!(announced, Some(Opinion::announced(Application::FtpData)));
    let other = key(protocol::TCP, (CLIENT, 40_001), (SERVER, 50_001));
    assert_eq!(interpreter.announced(&delta(other, Opinion::default())), None);
}

#[test]
fn a_transfer_is_one_whatever_its_file_looks_like() {
    let mut interpreter = Interpreter::default();
    let asked = key(protocol::UDP, (CLIENT, 40_000), (SERVER, 69));
    interpreter.read(&sample(asked, Application::Tftp, b"\0\x01pump.cfg\0octet\0"));
    let transfer = key(protocol::UDP, (SERVER, 51_000), (CLIENT, 40_000));
    let looks = Opinion::of_packet_path(Application::Dns, Evidence::Confirmed);
    let announced = interpreter.announced(&delta(transfer, looks)).unwrap();
    assert_eq!((announced.application, announced.method), (Application::Tftp, Method::Control));
}

#[test]
fn an_answer_in_smb2_settles_what_was_asked_in_smb1() {
    let mut interpreter = Interpreter::default();
    let mut answer = vec![0; 4 + 64 + 65];
    answer[3] = 129;
    answer[4..10].copy_from_slice(b"\xfeSMB\x40\0");
    answer[20] = 1;
    answer[68..74].copy_from_slice(&[65, 0, 1, 0, 0x11, 0x03]);
    let reply = key(protocol::TCP, (SERVER, 445), (CLIENT, 40_000));
    let lesson = interpreter.read(&sample(reply, Application::Smb2, &answer)).lesson.unwrap();
    assert_eq!(lesson.application, Some(Application::Smb2));
    assert_eq!(lesson.detail.smb_dialect, Some("SMB 3.1.1"));
}

#[test]
fn a_bind_over_a_pipe_of_smb_names_its_interface() {
    let mut interpreter = Interpreter::default();
    let mut write = vec![0; 4 + 64 + 48];
    write[4..10].copy_from_slice(b"\xfeSMB\x40\0");
    (write[16], write[68]) = (9, 49);
    // One context: the service control manager (MS-SCMR section 2.1), in NDR.
    write.extend([5, 0, 11, 3, 0x10, 0, 0, 0, 72, 0, 0, 0, 1, 0, 0, 0]);
    write.extend([0xb8, 0x10, 0xb8, 0x10, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0]);
    write.extend([0x81, 0xbb, 0x7a, 0x36, 0x44, 0x98, 0xf1, 0x35]);
    write.extend([0xad, 0x32, 0x98, 0xf0, 0x38, 0, 0x10, 3, 2, 0, 0, 0]);
    write.extend([4, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11]);
    write.extend([0x9f, 0xe8, 8, 0, 0x2b, 0x10, 0x48, 0x60, 2, 0, 0, 0]);
    let asked = key(protocol::TCP, (CLIENT, 40_000), (SERVER, 445));
    let heard = interpreter.read(&sample(asked, Application::Smb2, &write));
    let detail = heard.lesson.unwrap().detail;
    assert_eq!(detail.rpc_interfaces, ["svcctl"]);
    assert_eq!(heard.message, Some(Message::Detail(Box::new(detail))));
    // What else is written is only counted.
    let heard = interpreter.read(&sample(asked, Application::Smb2, &write[..76]));
    assert!(heard.lesson.is_none() && matches!(heard.message, Some(Message::Smb2(_))));
}

#[test]
fn a_refused_association_is_told_with_its_reason() {
    let mut interpreter = Interpreter::default();
    let reply = key(protocol::TCP, (SERVER, 4242), (CLIENT, 40_000));
    let refusal = [3, 0, 0, 0, 0, 4, 0, 1, 1, 7];
    let lesson = interpreter.read(&sample(reply, Application::Dicom, &refusal)).lesson.unwrap();
    let rejection = lesson.detail.dicom.unwrap().rejection.unwrap();
    assert!(rejection.to_lowercase().contains("called"), "{rejection}");
}

#[test]
fn what_is_remembered_of_random_samples_is_bounded() {
    let mut interpreter = Interpreter::default();
    let mut chance = super::super::chance::Chance::new(7);
    for round in 0..20_000_u32 {
        let application = Application::ALL[round as usize % Application::ALL.len()];
        let length = chance.within(0..=200);
        let octets: Vec<u8> = (0..length).map(|_| chance.next() as u8).collect();
        let transport = if round % 2 == 0 { protocol::TCP } else { protocol::UDP };
        let flow = key(transport, (CLIENT, round as u16), (SERVER, 4242));
        interpreter.read(&sample(flow, application, &octets));
    }
    assert!(interpreter.streams.len() <= HELLOS && interpreter.initials.len() <= HELLOS);
}
