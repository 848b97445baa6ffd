//! A whole dialogue of each protocol, turn by turn: for captures whose contents
//! are known in advance.

use std::net::Ipv4Addr;

use super::Transport::{self, Tcp, Udp};
use super::bacnet::*;
use super::dicom::*;
use super::dns::*;
use super::hl7::*;
use super::http::*;
use super::modbus::*;
use super::snmp::{COMMUNITY, snmp_get, snmp_response};
use super::tls::{self, TlsVersion, tls_application_data, tls_client_hello, tls_server_flight};
use super::{bacnet, dhcp, ntp, printing, rdp, smb1, smb2, ssdp, ssh, syslog, wsdiscovery};
use crate::frames::Side::{Client, Server};
use crate::frames::{MacAddress, Side};

/// Who said what, from the first octet of a flow to its last.
#[derive(Clone, Debug)]
pub struct Dialogue {
    /// As the agent labels it; `syslog` and `printing` have no label there.
    pub protocol: &'static str,
    pub transport: Transport,
    /// The server's usual port.
    pub port: u16,
    pub turns: Vec<(Side, Vec<u8>)>,
}

fn dialogue<const N: usize>(
    protocol: &'static str,
    transport: Transport,
    port: u16,
    turns: [(Side, Vec<u8>); N],
) -> Dialogue {
    Dialogue { protocol, transport, port, turns: turns.to_vec() }
}

/// One dialogue of every protocol (TLS has two: 1.2 and 1.3).
pub fn dialogues() -> Vec<Dialogue> {
    let mut dialogues = vec![imaging()];
    dialogues.extend(messages_and_controllers());
    dialogues.extend(infrastructure());
    dialogues.extend(discovery());
    dialogues.extend(office());
    dialogues
}

fn imaging() -> Dialogue {
    let class = uid::CT_IMAGE_STORAGE;
    let mut turns = vec![
        (Client, dicom_association_request("PACS_MAIN", "CT_ROOM_1")),
        (Server, dicom_association_acceptance("PACS_MAIN", "CT_ROOM_1", 3)),
        (Client, dicom_echo_request(1)),
        (Server, dicom_response(1, C_ECHO, 1, uid::VERIFICATION)),
        (Client, dicom_store_request(3, 2, class, "2.25.1")),
    ];
    let image = dicom_image(class, "2.25.1", "CT", 40_000);
    turns.extend(dicom_data_set(3, &image).into_iter().map(|piece| (Client, piece)));
    turns.push((Server, dicom_response(3, C_STORE, 2, class)));
    turns.push((Client, dicom_release_request()));
    turns.push((Server, dicom_release_response()));
    Dialogue { protocol: "dicom", transport: Tcp, port: 104, turns }
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
            "modbus",
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
            "bacnet",
            Udp,
            bacnet::PORT,
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
    let (discover, request) =
        (client.message(dhcp::Kind::Discover), client.message(dhcp::Kind::Request));
    let (offer, grant) = (
        dhcp::answer(&discover).expect("a discover is answered"),
        dhcp::answer(&request).expect("a request is answered"),
    );
    let name = "epr.hospital.example";
    vec![
        dialogue(
            "dns",
            Udp,
            53,
            [(Client, dns_query(7, name)), (Server, dns_response(7, name, address))],
        ),
        dialogue(
            "dhcp",
            Udp,
            67,
            [(Client, discover), (Server, offer), (Client, request), (Server, grant)],
        ),
        dialogue("ntp", Udp, 123, [(Client, ntp::ntp_request()), (Server, ntp::ntp_response())]),
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
            [(Client, syslog::syslog_message("bed-12", "smartbed", "rail lowered"))],
        ),
    ]
}

fn discovery() -> Vec<Dialogue> {
    let address = Ipv4Addr::new(10, 20, 0, 12);
    let bed =
        mdns_announcement("Bed 12", "_http._tcp.local", "bed-12.local", 80, "md=SmartBed", address);
    vec![
        dialogue("mdns", Udp, 5353, [(Client, mdns_query("_ipp._tcp.local")), (Client, bed)]),
        dialogue(
            "ssdp",
            Udp,
            1900,
            [(Client, ssdp::ssdp_search()), (Client, ssdp::ssdp_notification(address))],
        ),
        dialogue(
            "wsd",
            Udp,
            3702,
            [(Client, wsdiscovery::sdc_hello(address)), (Client, wsdiscovery::sdc_probe())],
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
                (Client, http_post("ventilator", "/vent/Get", "application/soap+xml", &mdib)),
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
            "smb1",
            Tcp,
            445,
            [(Client, smb1::smb1_negotiate_request()), (Server, smb1::smb1_negotiate_response())],
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
            "rdp",
            Tcp,
            3389,
            [(Client, rdp::rdp_connection_request()), (Server, rdp::rdp_connection_confirm())],
        ),
        dialogue(
            "printing",
            Tcp,
            9100,
            [(Client, printing::print_job()), (Server, printing::printer_identity())],
        ),
    ]
}
