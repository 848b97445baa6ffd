//! The speakers understand each other over real sockets on the loopback.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread;
use std::time::Duration;

use tests::speakers::datagrams::{Letterbox, Reply};
use tests::speakers::streams::{Answer, Desk};
use tests::speakers::tls::TlsVersion;
use tests::speakers::*;

const ANY_PORT: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

/// Runs the client against the server and returns what the client counted.
fn over_tcp(answer: Answer, client: impl FnOnce(SocketAddr) -> io::Result<Spoken>) -> Spoken {
    let desk = Desk::open(ANY_PORT.into(), answer).unwrap();
    let address = desk.address().unwrap();
    let shift = Shift::of(Duration::from_secs(10));
    thread::scope(|scope| {
        scope.spawn(|| desk.serve(&shift));
        let spoken = client(address);
        shift.call_off();
        spoken.unwrap()
    })
}

fn over_udp(reply: Reply, client: impl FnOnce(SocketAddr) -> io::Result<Spoken>) -> Spoken {
    let letterbox = Letterbox::open(ANY_PORT.into(), reply).unwrap();
    let address = letterbox.address().unwrap();
    let shift = Shift::of(Duration::from_secs(10));
    thread::scope(|scope| {
        scope.spawn(|| letterbox.serve(&shift));
        let spoken = client(address);
        shift.call_off();
        spoken.unwrap()
    })
}

const TITLES: imaging::Titles<'static> = imaging::Titles { called: "PACS", calling: "CT1" };

#[test]
fn archive_verifies_and_stores() {
    let spoken = over_tcp(imaging::archive, |pacs| imaging::verify(pacs, TITLES));
    assert!(spoken.heard_octets > 100, "{spoken:?}");
    let class = dicom::uid::CT_IMAGE_STORAGE;
    let spoken = over_tcp(imaging::archive, |pacs| imaging::store(pacs, TITLES, class, 300_000));
    assert!(spoken.said_octets > 300_000, "{spoken:?}");
}

#[test]
fn messages_and_controllers_are_answered() {
    over_tcp(hl7::acknowledge, |engine| {
        hl7::send(engine, &[hl7::hl7_admission(1), hl7::hl7_vital_signs(2)])
    });
    let spoken = over_tcp(modbus::control, |controller| modbus::poll(controller, 3));
    assert_eq!(spoken.said_octets, 11 + 3 * 12);
    over_udp(bacnet::control, bacnet::discover);
}

#[test]
fn office_protocols_are_answered() {
    over_tcp(http::answer, |web| http::get(web, "epr.hospital.example", &["/", "/fhir/metadata"]));
    over_tcp(http::answer, wsdiscovery::read_mdib);
    over_tcp(tls::answer, |web| tls::exchange(web, "epr.hospital.example", TlsVersion::V1_2, 2));
    over_tcp(tls::answer, |web| tls::exchange(web, "epr.hospital.example", TlsVersion::V1_3, 2));
    over_tcp(ssh::answer, ssh::knock);
    over_tcp(smb1::answer, smb1::negotiate);
    over_tcp(smb2::answer, |files| smb2::read_files(files, 2));
    over_tcp(rdp::answer, rdp::connect);
    over_tcp(printing::print, printing::send_job);
}

#[test]
fn infrastructure_is_answered() {
    over_udp(dns::answer, |server| dns::resolve(server, "epr.hospital.example"));
    over_udp(ntp::answer, ntp::ask_the_time);
    over_udp(snmp::answer, snmp::describe);
    over_udp(syslog::listen, |collector| syslog::report(collector, "bed-12", "smartbed", "rail"));
}

#[test]
fn server_ends_with_its_shift() {
    let desk = Desk::open(ANY_PORT.into(), ssh::answer).unwrap();
    let shift = Shift::of(Duration::from_millis(200));
    let started = std::time::Instant::now();
    desk.serve(&shift);
    assert!(started.elapsed() < Duration::from_secs(2));
}
