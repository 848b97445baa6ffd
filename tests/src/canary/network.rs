//! Names in the protocols that keep a network going, and in what goes to the wrong port.

use super::planted::{Plan, Scene, Turns};
use crate::frames::Side::{Client, Server};
use crate::speakers::snmp::{snmp_get, snmp_response};
use crate::speakers::syslog::syslog_message;

pub(super) fn plans() -> Vec<Plan> {
    vec![
        Plan::udp("SNMP", "snmp", (161, 11_610), community),
        Plan::udp("SYSLOG", "syslog", (514, 15_140), log_message),
        Plan::tcp("MQTT", "mqtt", (1883, 11_883), broker_login),
        Plan::udp("RADIUS", "radius", (1812, 11_812), access_request),
        Plan::udp("DNS", "dns", (53, 15_353), question),
        Plan::tcp("TELNET", "telnet", (23, 12_323), terminal),
        Plan::udp("BACNET", "bacnet", (47_808, 17_808), name_of_an_object),
        Plan::tcp("CLEARTOTLS", "tls", (2762, 12_762), clear_text_to_a_port_for_tls),
    ]
}

fn community(scene: &Scene<'_>) -> Turns {
    let answer = snmp_response(scene.name, 7, &format!("pump of {}", scene.name));
    vec![(Client, snmp_get(scene.name, 7)), (Server, answer)]
}

fn log_message(scene: &Scene<'_>) -> Turns {
    let text = format!("alarm acknowledged for {}", scene.name);
    vec![(Client, syslog_message(scene.name, "monitor", &text))]
}

/// CONNECT with user and password (MQTT 3.1.1 section 3.1), then a message.
fn broker_login(scene: &Scene<'_>) -> Turns {
    let string = |text: &str| [&(text.len() as u16).to_be_bytes()[..], text.as_bytes()].concat();
    let packet = |kind: u8, content: &[u8]| [&[kind, content.len() as u8], content].concat();
    let login = [string("bed1"), string(scene.name), string(scene.name)].concat();
    let connect = [b"\0\x04MQTT\x04\xc2\0\x3c".as_slice(), &login].concat();
    let published = [string("ward/3"), scene.name.into()].concat();
    vec![
        (Client, packet(0x10, &connect)),
        (Server, vec![0x20, 2, 0, 0]),
        (Client, packet(0x30, &published)),
    ]
}

/// Access-Request (RFC 2865 section 4.1) with a user's name.
fn access_request(scene: &Scene<'_>) -> Turns {
    let length = 22 + scene.name.len();
    let mut request = vec![1, 7, 0, length as u8];
    request.extend([0x5a; 16]);
    request.extend([1, scene.name.len() as u8 + 2]);
    request.extend(scene.name.bytes());
    vec![(Client, request)]
}

fn question(scene: &Scene<'_>) -> Turns {
    let mut query = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, scene.name.len() as u8];
    query.extend(scene.name.bytes());
    query.extend(b"\x04ward\x07example\0\0\x01\0\x01");
    vec![(Client, query)]
}

fn terminal(scene: &Scene<'_>) -> Turns {
    vec![
        (Server, vec![0xff, 0xfd, 0x18, 0xff, 0xfd, 0x20]),
        (Client, format!("{}\r\nsecret\r\n", scene.name).into()),
        (Server, format!("Last login of {}\r\n", scene.name).into()),
    ]
}

/// WriteProperty (clause 15.9) of an object's name, from here and from behind a router.
fn name_of_an_object(scene: &Scene<'_>) -> Turns {
    let write = |network: &[u8]| {
        let mut request = vec![0, 4, 1, 15, 0x0c, 2, 0, 0, 1, 0x19, 77, 0x3e, 0x75];
        request.extend([scene.name.len() as u8 + 1, 0]);
        request.extend(scene.name.bytes());
        request.push(0x3f);
        let length = 4 + network.len() + request.len();
        [&[0x81, 0x0a, 0, length as u8], network, &request].concat()
    };
    vec![(Client, write(&[1, 4])), (Client, write(&[1, 0x0c, 0, 5, 1, 9]))]
}

/// The server says that it is not spoken to in TLS (an alert), and the client goes on.
fn clear_text_to_a_port_for_tls(scene: &Scene<'_>) -> Turns {
    let record = format!("\x10\x11\x12\x13 record of {}", scene.name);
    vec![
        (Client, record.clone().into()),
        (Server, vec![21, 3, 3, 0, 2, 2, 70]),
        (Client, record.into()),
        (Client, format!("next of kin: {}", scene.name).into()),
    ]
}
