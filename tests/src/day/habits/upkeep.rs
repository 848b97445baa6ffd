//! Backup by night, and the patches of the second Tuesday.

use std::time::Duration;

use super::{Settling, seconds};
use crate::day::class::Class;
use crate::day::habit::Habit;
use crate::day::phrases::said;
use crate::day::plan::{BACKUP, PATCH_SYNCHRONISATION, PATCHES};
use crate::day::site::Duty;
use crate::day::world::World;
use crate::frames::Side::{Client, Server};
use crate::speakers::http::{http_get, http_ok};
use crate::speakers::tls::TlsVersion;

/// The port of the backup's agents.
const AGENT: u16 = 6162;
const UPDATES: u16 = 8530;

/// What is saved, and the large frames that takes.
const SAVED: [(Duty, usize); 10] = [
    (Duty::Files, 12_000),
    (Duty::DirectoryOne, 1_500),
    (Duty::DirectoryTwo, 1_500),
    (Duty::PatientRecord, 9_000),
    (Duty::LaboratorySystem, 4_000),
    (Duty::InterfaceEngine, 2_000),
    (Duty::Worklist, 3_000),
    (Duty::ImageArchive, 14_000),
    (Duty::PumpServer, 1_000),
    (Duty::CentralMonitoring, 1_500),
];

pub(super) fn settle(settling: &mut Settling<'_>) {
    let backup = settling.world.site.position_of(Duty::Backup);
    let step = (BACKUP.ends - BACKUP.begins) / SAVED.len() as u32;
    for (index, (duty, frames)) in SAVED.into_iter().enumerate() {
        let begins = BACKUP.begins + step * index as u32;
        settling.at(begins, backup, Pour::of_backup(backup, duty, frames));
    }
    let patches = settling.world.site.position_of(Duty::Patches);
    settling.at(PATCH_SYNCHRONISATION, patches, Fetch { station: patches });
    let workstations: Vec<usize> = settling.world.site.of_class(Class::Workstation).collect();
    for station in workstations {
        let window = (PATCHES.ends - PATCHES.begins).as_secs() as usize;
        let begins = PATCHES.begins + seconds(settling.world.random.below(window) as u64);
        settling.at(begins, station, Update { station });
    }
}

/// The backup server fetches from one agent, a little at a time.
#[derive(Debug)]
struct Pour {
    station: usize,
    duty: Duty,
    frames: usize,
    connection: Option<crate::day::connection::Connection>,
}

impl Pour {
    fn of_backup(station: usize, duty: Duty, frames: usize) -> Self {
        Self { station, duty, frames, connection: None }
    }
}

impl Habit for Pour {
    fn act(&mut self, now: Duration, world: &mut World) -> Option<Duration> {
        const AT_ONCE: usize = 100;
        let server = world.server(self.duty);
        let mut connection = match self.connection {
            Some(connection) => connection,
            None => {
                let mut connection = world.connection(self.station, &server, AGENT);
                let opening = world.phrases.tls_opening("agent.backup.example", TlsVersion::V1_2);
                let at = connection.open(&mut world.wire, now);
                let pause = Duration::from_millis(1);
                let at = connection.talk(&mut world.wire, at, &said(&opening), pause);
                self.connection = Some(connection);
                return Some(at + pause);
            }
        };
        let frames = self.frames.min(AT_ONCE);
        let pace = Duration::from_millis(10);
        let at = connection.pour(&mut world.wire, now, Server, frames, pace);
        self.frames -= frames;
        self.connection = Some(connection);
        if self.frames == 0 {
            connection.close(&mut world.wire, at);
            return None;
        }
        Some(at + Duration::from_millis(20))
    }
}

/// The patch server fetches what came out this month.
#[derive(Debug)]
struct Fetch {
    station: usize,
}

impl Habit for Fetch {
    fn act(&mut self, now: Duration, world: &mut World) -> Option<Duration> {
        let server = World::outside(7);
        let opening = world.phrases.tls_opening("update.maker.example", TlsVersion::V1_3);
        let mut connection = world.connection(self.station, &server, 443);
        let wire = &mut world.wire;
        let at = connection.open(wire, now);
        let at = connection.talk(wire, at, &said(&opening), Duration::from_millis(1));
        let at = connection.pour(wire, at, Server, 20_000, Duration::from_millis(8));
        connection.close(wire, at);
        None
    }
}

/// A workstation fetches them from the patch server.
#[derive(Debug)]
struct Update {
    station: usize,
}

impl Habit for Update {
    fn act(&mut self, now: Duration, world: &mut World) -> Option<Duration> {
        let server = world.server(Duty::Patches);
        let mut connection = world.connection(self.station, &server, UPDATES);
        let request = http_get("wsus01", "/Content/kb5079473.cab");
        let answer = http_ok("application/vnd.ms-cab-compressed", "MSCF");
        let wire = &mut world.wire;
        let at = connection.open(wire, now);
        let at = connection.say(wire, at, Client, &request);
        let at = connection.say(wire, at, Server, &answer);
        let at = connection.pour(wire, at, Server, 400, Duration::from_millis(25));
        connection.close(wire, at);
        None
    }
}
