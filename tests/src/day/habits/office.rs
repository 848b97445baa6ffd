//! Workstations and tablets: logins, records, files, print, web, mail; old Windows and its share.

use std::time::Duration;

use super::{Pace, Settling, Standing, clinical, seconds};
use crate::day::class::Class;
use crate::day::payload::directory::{
    kerberos_reply, kerberos_request, ldap_bind, ldap_bound, ldap_found, ldap_search,
};
use crate::day::payload::share::{
    LOGON_FAILURE, MORE_PROCESSING_REQUIRED, Session, version_one_visit,
};
use crate::day::phrases::{Turn, said};
use crate::day::site::Duty;
use crate::day::world::World;
use crate::frames::Side::{Client, Server};
use crate::speakers::dns::{dns_query, dns_response};
use crate::speakers::printing::{print_job, printer_identity};
use crate::speakers::smb1::{smb1_negotiate_request, smb1_negotiate_response};
use crate::speakers::smb2::{smb2_negotiate_request, smb2_negotiate_response};
use crate::speakers::tls::TlsVersion::{self, V1_2, V1_3};

const MILLISECOND: Duration = Duration::from_millis(1);
/// Hosts outside that browsers visit.
const SITES: usize = 120;
/// Of them, from this number on.
const FIRST_SITE: usize = 100;
const TELEMETRY: usize = 5;
const MAIL: usize = 6;

pub(super) fn settle(settling: &mut Settling<'_>) {
    let workstations: Vec<usize> = settling.world.site.of_class(Class::Workstation).collect();
    for station in workstations {
        settling.routine(station, Pace::ByHour(seconds(240)), browse);
        settling.routine(station, Pace::ByHour(seconds(120)), look_up_record);
        settling.routine(station, Pace::ByHour(seconds(700)), use_files);
        settling.routine(station, Pace::ByHour(seconds(5400)), print);
        settling.routine(station, Pace::Loose(seconds(3600)), renew_tickets);
        // The virus scanner reports every five minutes, wherever it runs.
        settling.routine(station, Pace::Regular(seconds(300)), report_telemetry);
        let opening = settling.world.phrases.tls_opening("outlook.mail.example", V1_3);
        let mail = (World::outside(MAIL), 443);
        let pace = Pace::ByHour(seconds(180));
        let standing = Standing::new(station, mail, opening, clinical::encrypted_status, pace);
        settling.habit(station, seconds(400), standing);
    }
    let tablets: Vec<usize> = settling.world.site.of_class(Class::Tablet).collect();
    for station in tablets {
        settling.routine(station, Pace::ByHour(seconds(200)), look_up_record);
        settling.routine(station, Pace::ByHour(seconds(500)), browse);
    }
    let old: Vec<usize> = settling.world.site.of_class(Class::LegacyWindows).collect();
    for station in old {
        settling.routine(station, Pace::ByHour(seconds(1200)), visit_old_storage);
    }
}

/// One question to a name server, which asks outside for every fourth name.
pub(super) fn resolve(
    station: usize,
    name: &str,
    is_outside: bool,
    now: Duration,
    world: &mut World,
) {
    let duty = if station.is_multiple_of(2) { Duty::DirectoryOne } else { Duty::DirectoryTwo };
    let (host, server) = (world.host(station), world.server(duty));
    let id = world.random.next_u16();
    let answer = World::outside(FIRST_SITE).address;
    let said = (&dns_query(id, name)[..], &dns_response(id, name, answer)[..]);
    if host.vlan != server.vlan {
        let port = world.port(station);
        world.wire.exchange(now, (&host, port), (&server, 53), said, 2 * MILLISECOND);
    }
    if is_outside && world.random.in_percent(25) {
        let resolver = World::outside(0);
        let port = world.port(world.site.position_of(duty));
        let at = now + MILLISECOND;
        world.wire.exchange(at, (&server, port), (&resolver, 53), said, 18 * MILLISECOND);
    }
}

/// Kerberos tickets, the directory's policies, and the share that holds them.
pub(super) fn log_in(station: usize, now: Duration, world: &mut World) {
    resolve(station, "_ldap._tcp.dc._msdcs.hospital.example", false, now, world);
    renew_tickets(station, now + 40 * MILLISECOND, world);
    let server = world.server(Duty::DirectoryOne);
    let turns = [
        (Client, ldap_bind()),
        (Server, ldap_bound()),
        (Client, ldap_search(2)),
        (Server, ldap_found(2)),
    ];
    let at = now + 120 * MILLISECOND;
    world.converse(at, station, (&server, 389), &said(&turns), MILLISECOND);
    let at = at + 100 * MILLISECOND;
    visit_share(station, Duty::DirectoryOne, "\\\\DC01\\SYSVOL", 2, at, world);
}

fn renew_tickets(station: usize, now: Duration, world: &mut World) {
    let (host, server) = (world.host(station), world.server(Duty::DirectoryOne));
    let user = format!("u{station:05}");
    for (step, kind) in [10, 12].into_iter().enumerate() {
        let question = kerberos_request(kind, &user);
        let answer = kerberos_reply(kind + 1, &user, &mut world.random);
        let (at, port) = (now + step as u32 * 20 * MILLISECOND, world.port(station));
        let said = (&question[..], &answer[..]);
        world.wire.exchange(at, (&host, port), (&server, 88), said, 3 * MILLISECOND);
    }
}

/// Logs in with SMB 2 and opens, reads and writes so many files.
fn visit_share(
    station: usize,
    duty: Duty,
    share: &str,
    files: usize,
    now: Duration,
    world: &mut World,
) {
    let server = world.server(duty);
    let mut session = Session::default();
    let mut exchanges = vec![(smb2_negotiate_request(), smb2_negotiate_response())];
    // Somebody mistypes a password, and tries again.
    if world.random.in_percent(2) {
        exchanges.push(session.log_in(1, MORE_PROCESSING_REQUIRED));
        exchanges.push(session.log_in(3, LOGON_FAILURE));
    }
    exchanges.extend([
        session.log_in(1, MORE_PROCESSING_REQUIRED),
        session.log_in(3, 0),
        session.connect_tree(share),
    ]);
    for file in 0..files {
        exchanges.push(session.create(&format!("ward\\report-{station}-{file}.docx")));
        exchanges.push(session.read(world.random.between(400, 1300)));
        if world.random.in_percent(30) {
            exchanges.push(session.write(&[b' '; 1200]));
        }
        exchanges.push(session.close());
    }
    let pause = Duration::from_millis(world.random.between(3, 60) as u64);
    let mut connection = world.connection(station, &server, 445);
    let mut at = connection.open(&mut world.wire, now);
    for (request, answer) in &exchanges {
        at = connection.say(&mut world.wire, at, Client, request);
        at = connection.say(&mut world.wire, at, Server, answer) + pause;
    }
    connection.close(&mut world.wire, at);
}

fn use_files(station: usize, now: Duration, world: &mut World) {
    let files = world.random.between(1, 4);
    visit_share(station, Duty::Files, "\\\\FS01\\WARDS", files, now, world);
}

/// A conversation in TLS: the opening, then requests and pages.
pub(super) fn exchange_in_tls(
    version: TlsVersion,
    name: &str,
    pages: usize,
    world: &World,
) -> Vec<Turn> {
    let phrases = &world.phrases;
    let mut turns = phrases.tls_opening(name, version);
    for page in 0..pages {
        let answer = if page % 3 == 0 { &phrases.tls_page } else { &phrases.tls_answer };
        turns.extend([(Client, phrases.tls_request.clone()), (Server, answer.clone())]);
    }
    turns
}

fn browse(station: usize, now: Duration, world: &mut World) {
    // Few sites are visited by many.
    let site = world.random.below(SITES).min(world.random.below(SITES));
    let name = format!("www.site{site:03}.example");
    resolve(station, &name, true, now, world);
    let pages = world.random.between(1, 4);
    let version = if site.is_multiple_of(3) { V1_2 } else { V1_3 };
    let turns = exchange_in_tls(version, &name, pages, world);
    let server = World::outside(FIRST_SITE + site);
    let pause = Duration::from_millis(world.random.between(20, 900) as u64);
    world.converse(now + 30 * MILLISECOND, station, (&server, 443), &said(&turns), pause);
}

fn look_up_record(station: usize, now: Duration, world: &mut World) {
    let server = world.server(Duty::PatientRecord);
    if world.random.in_percent(20) {
        resolve(station, "epr01.hospital.example", false, now, world);
    }
    let pages = world.random.between(1, 5);
    let turns = exchange_in_tls(V1_3, "epr01.hospital.example", pages, world);
    let pause = Duration::from_millis(world.random.between(40, 1500) as u64);
    world.converse(now + 5 * MILLISECOND, station, (&server, 443), &said(&turns), pause);
}

fn report_telemetry(station: usize, now: Duration, world: &mut World) {
    let turns = exchange_in_tls(V1_2, "telemetry.antivirus.example", 1, world);
    let server = World::outside(TELEMETRY);
    world.converse(now, station, (&server, 443), &said(&turns), MILLISECOND);
}

/// To the print server, and from there to a printer.
fn print(station: usize, now: Duration, world: &mut World) {
    visit_share(station, Duty::PrintQueue, "\\\\PRINT01\\print$", 1, now, world);
    let queue = world.site.position_of(Duty::PrintQueue);
    let printer = world.site.member(Class::Printer, station);
    if !world.is_on(printer, now) {
        return;
    }
    let printer = world.host(printer);
    let turns = [(Client, print_job()), (Server, printer_identity()), (Client, vec![b' '; 9_000])];
    let at = now + seconds(2);
    world.converse(at, queue, (&printer, 9100), &said(&turns), 30 * MILLISECOND);
}

/// Version 1 of SMB is all that both ends speak.
fn visit_old_storage(station: usize, now: Duration, world: &mut World) {
    let server = world.server(Duty::OldStorage);
    let mut turns = vec![(Client, smb1_negotiate_request()), (Server, smb1_negotiate_response())];
    for (request, answer) in version_one_visit() {
        turns.extend([(Client, request), (Server, answer)]);
    }
    world.converse(now, station, (&server, 445), &said(&turns), 10 * MILLISECOND);
}
