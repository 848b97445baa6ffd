//! On servers: guessed passwords, and files that are encrypted.

use std::time::Duration;

use super::{Staged, campaign};
use crate::day::habit::Agenda;
use crate::day::payload::share::{Exchange, LOGON_FAILURE, MORE_PROCESSING_REQUIRED, Session};
use crate::day::site::Duty;
use crate::day::world::World;
use crate::frames::Side::{self, Client, Server};
use crate::speakers::smb2::{smb2_negotiate_request, smb2_negotiate_response};
use crate::speakers::ssh::{CLIENT_BANNER, SERVER_BANNER, ssh_key_exchange_proposal};

const PAUSE: Duration = Duration::from_millis(2);

pub(super) fn guess_smb(station: usize, staged: &Staged, agenda: &mut Agenda) {
    campaign(station, staged, Duration::from_millis(500), try_login, agenda);
}

fn turns(exchanges: &[Exchange]) -> Vec<(Side, &[u8])> {
    exchanges
        .iter()
        .flat_map(|(asked, answered)| [(Client, &asked[..]), (Server, &answered[..])])
        .collect()
}

fn try_login(station: usize, _number: u32, now: Duration, world: &mut World) {
    let server = world.server(Duty::Files);
    let mut session = Session::default();
    let exchanges = [
        (smb2_negotiate_request(), smb2_negotiate_response()),
        session.log_in(1, MORE_PROCESSING_REQUIRED),
        session.log_in(3, LOGON_FAILURE),
    ];
    world.converse(now, station, (&server, 445), &turns(&exchanges), PAUSE);
}

pub(super) fn guess_ssh(station: usize, staged: &Staged, agenda: &mut Agenda) {
    campaign(station, staged, Duration::from_secs(1), try_ssh, agenda);
}

/// Banners, proposals, and what an encrypted refusal looks like: short packets both ways.
fn try_ssh(station: usize, number: u32, now: Duration, world: &mut World) {
    let server = world.server(Duty::PatientRecord);
    let proposals = [1, 2].map(|seed| ssh_key_exchange_proposal(u64::from(number) * 2 + seed));
    let ciphertext = world.random.octets(52);
    let turns = [
        (Server, SERVER_BANNER.as_bytes()),
        (Client, CLIENT_BANNER.as_bytes()),
        (Client, &proposals[0]),
        (Server, &proposals[1]),
        (Client, &ciphertext),
        (Server, &ciphertext),
        (Client, &ciphertext),
        (Server, &ciphertext),
    ];
    world.converse(now, station, (&server, 22), &turns, PAUSE);
}

pub(super) fn encrypt_share(station: usize, staged: &Staged, agenda: &mut Agenda) {
    campaign(station, staged, Duration::from_secs(1), encrypt_directory, agenda);
}

/// Twelve files a second are read, written over and renamed, each second in another directory; on
/// one connection for each.
fn encrypt_directory(station: usize, number: u32, now: Duration, world: &mut World) {
    const FILES: u32 = 12;
    let server = world.server(Duty::Files);
    let mut session = Session::default();
    let mut exchanges = vec![
        (smb2_negotiate_request(), smb2_negotiate_response()),
        session.log_in(1, MORE_PROCESSING_REQUIRED),
        session.log_in(3, 0),
        session.connect_tree("\\\\FS01\\WARDS"),
    ];
    for file in 0..FILES {
        let name = format!("ward{number:02}\\letter{file:03}.docx");
        exchanges.push(session.create(&name));
        exchanges.push(session.read(1200));
        let ciphertext = world.random.octets(1200);
        exchanges.push(session.write(&ciphertext));
        exchanges.push(session.rename(&format!("{name}.locked")));
        exchanges.push(session.close());
    }
    let pause = Duration::from_micros(300);
    world.converse(now, station, (&server, 445), &turns(&exchanges), pause);
}
