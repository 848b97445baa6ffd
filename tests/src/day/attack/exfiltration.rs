//! Out of the house: by names, in bulk, and the small voice of an implant.

use std::time::Duration;

use super::{Staged, campaign};
use crate::day::habit::Agenda;
use crate::day::phrases::said;
use crate::day::site::Duty;
use crate::day::world::World;
use crate::frames::Side::{Client, Server};
use crate::speakers::dns::dns_query;
use crate::speakers::tls::TlsVersion;

const ACCOMPLICE: usize = 390;
const COMMANDER: usize = 391;
const NAME_SERVER: usize = 0;
const TEXT: u8 = 16;

pub(super) fn tunnel(station: usize, staged: &Staged, agenda: &mut Agenda) {
    campaign(station, staged, Duration::from_millis(60), ask_long_name, agenda);
}

/// A question for the text of a name of 53 random letters, and 180 octets of answer; the site's name
/// server passes both on.
fn ask_long_name(station: usize, _number: u32, now: Duration, world: &mut World) {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let label: String = (0..53).map(|_| char::from(*world.random.pick(LETTERS))).collect();
    let mut question = dns_query(world.random.next_u16(), &format!("{label}.t.tunnel.example"));
    let kind = question.len() - 3;
    question[kind] = TEXT;
    let mut answer = question.clone();
    answer[2..4].copy_from_slice(&[0x85, 0x80]);
    answer[7] = 1;
    answer.extend([0xc0, 12, 0, TEXT, 0, 1, 0, 0, 0, 0, 0, 181, 180]);
    answer.extend((0..180).map(|_| *world.random.pick(LETTERS)));
    let (host, server) = (world.host(station), world.server(Duty::DirectoryTwo));
    let port = world.port(station);
    let said = (&question[..], &answer[..]);
    let patience = Duration::from_millis(34);
    world.wire.exchange(now, (&host, port), (&server, 53), said, patience);
    let port = world.port(world.site.position_of(Duty::DirectoryTwo));
    let (resolver, at) = (World::outside(NAME_SERVER), now + Duration::from_millis(1));
    world.wire.exchange(at, (&server, port), (&resolver, 53), said, patience);
}

pub(super) fn pour_out(station: usize, staged: &Staged, agenda: &mut Agenda) {
    // One step is all of it.
    campaign(station, staged, Duration::from_secs(100_000), send_all, agenda);
}

fn send_all(station: usize, _number: u32, now: Duration, world: &mut World) {
    const FRAMES: usize = 20_000;
    let server = World::outside(ACCOMPLICE);
    let opening = world.phrases.tls_opening("files.drop.example", TlsVersion::V1_3);
    let mut connection = world.connection(station, &server, 443);
    let wire = &mut world.wire;
    let at = connection.open(wire, now);
    let at = connection.talk(wire, at, &said(&opening), Duration::from_millis(1));
    let at = connection.pour(wire, at, Client, FRAMES, Duration::from_millis(19));
    connection.close(wire, at);
}

pub(super) fn beacon(station: usize, staged: &Staged, agenda: &mut Agenda) {
    campaign(station, staged, Duration::from_secs(60), report, agenda);
}

fn report(station: usize, _number: u32, now: Duration, world: &mut World) {
    let mut turns = world.phrases.tls_opening("cdn.update-check.example", TlsVersion::V1_2);
    turns.push((Client, world.phrases.tls_request.clone()));
    turns.push((Server, world.phrases.tls_answer.clone()));
    let jitter = Duration::from_millis(world.random.below(900) as u64);
    let server = World::outside(COMMANDER);
    world.converse(now + jitter, station, (&server, 443), &said(&turns), Duration::from_millis(1));
}
