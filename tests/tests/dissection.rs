//! An independent dissector takes what the speakers say for what it claims to
//! be, without a malformed message or a wrong checksum.

use std::net::Ipv4Addr;
use std::process::Command;
use std::time::Duration;

use tests::frames::Side::{Client, Server};
use tests::frames::conversation::Party;
use tests::frames::{Conversation, MacAddress, Side, Tag, pcap};
use tests::speakers::Transport::{self, Tcp, Udp};
use tests::speakers::bacnet::*;
use tests::speakers::dicom::*;
use tests::speakers::dns::*;
use tests::speakers::hl7::*;
use tests::speakers::http::*;
use tests::speakers::modbus::*;
use tests::speakers::snmp::{COMMUNITY, snmp_get, snmp_response};
use tests::speakers::tls::{
    self, TlsVersion, tls_application_data, tls_client_hello, tls_server_flight,
};
use tests::speakers::{dhcp, ntp, rdp, smb1, smb2, ssdp, ssh, syslog, wsdiscovery};

/// One whole dialogue and the dissector's name for it.
struct Dialogue {
    dissector: &'static str,
    transport: Transport,
    port: u16,
    turns: Vec<(Side, Vec<u8>)>,
}

fn dialogue<const N: usize>(
    dissector: &'static str,
    transport: Transport,
    port: u16,
    turns: [(Side, Vec<u8>); N],
) -> Dialogue {
    Dialogue {
        dissector,
        transport,
        port,
        turns: turns.to_vec(),
    }
}

fn imaging() -> Dialogue {
    let class = uid::CT_IMAGE_STORAGE;
    let mut turns = vec![
        (Client, dicom_association_request("PACS_MAIN", "CT_ROOM_1")),
        (
            Server,
            dicom_association_acceptance("PACS_MAIN", "CT_ROOM_1", 3),
        ),
        (Client, dicom_echo_request(1)),
        (Server, dicom_response(1, C_ECHO, 1, uid::VERIFICATION)),
        (Client, dicom_store_request(3, 2, class, "2.25.1")),
    ];
    let image = dicom_image(class, "2.25.1", "CT", 40_000);
    turns.extend(
        dicom_data_set(3, &image)
            .into_iter()
            .map(|piece| (Client, piece)),
    );
    turns.push((Server, dicom_response(3, C_STORE, 2, class)));
    turns.push((Client, dicom_release_request()));
    turns.push((Server, dicom_release_response()));
    Dialogue {
        dissector: "dicom",
        transport: Tcp,
        port: 104,
        turns,
    }
}

fn messages_and_controllers() -> Vec<Dialogue> {
    vec![
        dialogue(
            "hl7",
            Tcp,
            2575,
            [
                (Client, hl7_admission(1)),
                (Server, hl7_acknowledgement("WL000001")),
                (Client, hl7_vital_signs(2)),
                (Server, hl7_acknowledgement("WL000002")),
                (Client, hl7_laboratory_result(3)),
                (Server, hl7_acknowledgement("WL000003")),
            ],
        ),
        dialogue(
            "mbtcp",
            Tcp,
            502,
            [
                (Client, modbus_identification_request(1, 1)),
                (Server, modbus_identification(1, 1)),
                (Client, modbus_read_holding_registers(2, 1, 100, 10)),
                (Server, modbus_holding_registers(2, 1, &[200; 10])),
                (Client, modbus_read_holding_registers(3, 1, 9000, 10)),
                (Server, modbus_exception(3, 1, 3, 2)),
            ],
        ),
        dialogue(
            "bacapp",
            Udp,
            PORT,
            [
                (Client, bacnet_who_is_broadcast()),
                (Client, bacnet_who_is()),
                (Server, bacnet_i_am(20_061, 7)),
                (Client, bacnet_read_object_name(1, 20_061)),
                (Server, bacnet_object_name(1, 20_061, "AHU-2 THEATRE")),
            ],
        ),
    ]
}

fn infrastructure() -> Vec<Dialogue> {
    let address = Ipv4Addr::new(10, 20, 0, 12);
    let client = dhcp::Client {
        hardware: MacAddress::vendor(0x00_0f14, 3),
        host_name: "MON-ICU3-BED03",
        vendor_class: "monitor",
        wanted: address,
        transaction: 7,
    };
    let (discover, request) = (
        client.message(dhcp::Kind::Discover),
        client.message(dhcp::Kind::Request),
    );
    let (offer, grant) = (
        dhcp::answer(&discover).unwrap(),
        dhcp::answer(&request).unwrap(),
    );
    let name = "epr.hospital.example";
    let bed = mdns_announcement(
        "Bed 12",
        "_http._tcp.local",
        "bed-12.local",
        80,
        "md=SmartBed",
        address,
    );
    vec![
        dialogue(
            "dns",
            Udp,
            53,
            [
                (Client, dns_query(7, name)),
                (Server, dns_response(7, name, address)),
            ],
        ),
        dialogue(
            "dhcp",
            Udp,
            67,
            [
                (Client, discover),
                (Server, offer),
                (Client, request),
                (Server, grant),
            ],
        ),
        dialogue(
            "ntp",
            Udp,
            123,
            [(Client, ntp::ntp_request()), (Server, ntp::ntp_response())],
        ),
        dialogue(
            "snmp",
            Udp,
            161,
            [
                (Client, snmp_get(COMMUNITY, 9)),
                (Server, snmp_response(COMMUNITY, 9, "Example LaserPrint")),
            ],
        ),
        dialogue(
            "syslog",
            Udp,
            514,
            [(
                Client,
                syslog::syslog_message("bed-12", "smartbed", "rail lowered"),
            )],
        ),
        dialogue(
            "mdns",
            Udp,
            5353,
            [(Client, mdns_query("_ipp._tcp.local")), (Client, bed)],
        ),
        dialogue(
            "ssdp",
            Udp,
            1900,
            [
                (Client, ssdp::ssdp_search()),
                (Client, ssdp::ssdp_notification(address)),
            ],
        ),
        dialogue(
            // This dissector knows no WS-Discovery; framing and checksums are checked.
            "data",
            Udp,
            3702,
            [
                (Client, wsdiscovery::sdc_hello(address)),
                (Client, wsdiscovery::sdc_probe()),
            ],
        ),
    ]
}

fn tls_turns(version: TlsVersion) -> [(Side, Vec<u8>); 4] {
    [
        (Client, tls_client_hello("epr.hospital.example", version)),
        (Server, tls_server_flight(version)),
        (Client, tls::tls_client_finish(version)),
        (Client, tls_application_data(1, 320)),
    ]
}

fn office() -> Vec<Dialogue> {
    let mdib = wsdiscovery::sdc_get_mdib();
    vec![
        dialogue(
            "http",
            Tcp,
            80,
            [
                (Client, http_get("epr.hospital.example", "/fhir/metadata")),
                (Server, http_ok("application/fhir+json", "{}")),
                (
                    Client,
                    http_post("ventilator", "/vent/Get", "application/soap+xml", &mdib),
                ),
                (Server, http_ok("text/html", "<p>ward list</p>")),
            ],
        ),
        dialogue("tls", Tcp, 443, tls_turns(TlsVersion::V1_2)),
        dialogue("tls", Tcp, 443, tls_turns(TlsVersion::V1_3)),
        dialogue(
            "ssh",
            Tcp,
            22,
            [
                (Client, ssh::CLIENT_BANNER.into()),
                (Server, ssh::SERVER_BANNER.into()),
                (Client, ssh::ssh_key_exchange_proposal(1)),
                (Server, ssh::ssh_key_exchange_proposal(2)),
            ],
        ),
        dialogue(
            "smb",
            Tcp,
            445,
            [
                (Client, smb1::smb1_negotiate_request()),
                (Server, smb1::smb1_negotiate_response()),
            ],
        ),
        dialogue(
            "smb2",
            Tcp,
            445,
            [
                (Client, smb2::smb2_negotiate_request()),
                (Server, smb2::smb2_negotiate_response()),
                (Client, smb2::smb2_encrypted(1, 120)),
            ],
        ),
        dialogue(
            "cotp",
            Tcp,
            3389,
            [
                (Client, rdp::rdp_connection_request()),
                (Server, rdp::rdp_connection_confirm()),
            ],
        ),
    ]
}

/// The frames of one dialogue; `number` gives it a client port of its own.
fn frames_of(dialogue: &Dialogue, number: u16) -> Vec<Vec<u8>> {
    let client_port = match dialogue.port {
        67 => 68,
        5353 => 5353,
        _ => 40_000 + number,
    };
    let mut conversation = Conversation::between(
        Party::new(
            MacAddress::vendor(0x20_e791, 1),
            [10, 20, 0, 21],
            client_port,
        ),
        Party::new(
            MacAddress::vendor(0xd4_ae52, 1),
            [10, 30, 0, 10],
            dialogue.port,
        ),
    );
    if number % 2 == 1 {
        conversation = conversation
            .tagged(Tag::service(100))
            .tagged(Tag::customer(20));
    }
    match dialogue.transport {
        Tcp => conversation.tcp(&dialogue.turns),
        Udp => conversation.udp(&dialogue.turns),
    }
}

/// One line for each frame: protocols, malformed mark, expert messages.
fn dissect(capture: &[u8]) -> Vec<String> {
    let file = std::env::temp_dir().join(format!("wardline-dialogues-{}.pcap", std::process::id()));
    std::fs::write(&file, capture).unwrap();
    let output = Command::new("tshark")
        .arg("-nr")
        .arg(&file)
        .args([
            "-o",
            "ip.check_checksum:TRUE",
            "-o",
            "tcp.check_checksum:TRUE",
        ])
        .args([
            "-o",
            "udp.check_checksum:TRUE",
            "-T",
            "fields",
            "-e",
            "frame.protocols",
        ])
        .args(["-e", "_ws.malformed", "-e", "_ws.expert.message"])
        .output()
        .unwrap();
    std::fs::remove_file(&file).unwrap();
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_dialogue_is_dissected_as_what_it_claims_to_be() {
    if Command::new("tshark").arg("--version").output().is_err() {
        println!("NOT RUN: tshark is not installed");
        return;
    }
    let dialogues: Vec<Dialogue> = [
        vec![imaging()],
        messages_and_controllers(),
        infrastructure(),
        office(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let frames: Vec<Vec<Vec<u8>>> = dialogues
        .iter()
        .enumerate()
        .map(|(number, dialogue)| frames_of(dialogue, number as u16))
        .collect();
    let lines = dissect(&pcap::capture_of(
        Duration::from_secs(1_767_323_045),
        frames.concat(),
    ));
    assert_eq!(lines.len(), frames.iter().map(Vec::len).sum::<usize>());

    let mut lines = lines.iter();
    for (dialogue, frames) in dialogues.iter().zip(&frames) {
        let own: Vec<&String> = lines.by_ref().take(frames.len()).collect();
        let name = dialogue.dissector;
        for line in &own {
            assert!(!line.contains("malformed"), "{name} is malformed: {line}");
            assert!(
                !line.contains("hecksum"),
                "{name} has a wrong checksum: {line}"
            );
        }
        let recognised = own
            .iter()
            .filter(|line| line.split([':', '\t']).any(|part| part == name))
            .count();
        assert!(
            recognised >= dialogue.turns.len().min(2),
            "{name} on {}: {own:#?}",
            dialogue.port
        );
    }
}
