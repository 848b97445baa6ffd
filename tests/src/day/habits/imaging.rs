//! Modalities, the archive, and who looks at images.

use std::time::Duration;

use super::{Pace, Settling, Standing, clinical, seconds};
use crate::day::class::Class;
use crate::day::phrases::said;
use crate::day::site::Duty;
use crate::day::world::World;
use crate::frames::Side::{Client, Server};
use crate::speakers::dicom::{
    AssociationProposal, C_ECHO, C_STORE, IMPLEMENTATION_VERSION, dicom_association_acceptance,
    dicom_association_request, dicom_echo_request, dicom_query, dicom_release_request,
    dicom_release_response, dicom_response, dicom_store_request, uid,
};
use crate::speakers::ntp::{ntp_request, ntp_response};
use crate::speakers::tls::TlsVersion;

const DICOM: u16 = 104;
const ARCHIVE: &str = "PACS_MAIN";
/// Large frames of one image: half a megabyte.
const FRAMES_OF_AN_IMAGE: usize = 9;

pub(super) fn settle(settling: &mut Settling<'_>) {
    let modalities: Vec<usize> = settling.world.site.of_class(Class::Modality).collect();
    for (index, station) in modalities.into_iter().enumerate() {
        settling.routine(station, Pace::ByHour(seconds(1500)), send_study);
        settling.routine(station, Pace::ByHour(seconds(900)), ask_worklist);
        settling.routine(station, Pace::Loose(seconds(3600)), verify);
        // Makers keep an eye on the large ones: one connection all day long.
        if index % 5 == 0 {
            let name = "remote.vendor.example";
            let opening = settling.world.phrases.tls_opening(name, TlsVersion::V1_2);
            let server = World::outside(20 + index);
            let exchange = clinical::encrypted_status;
            let pace = Pace::Regular(seconds(60));
            let standing = Standing::new(station, (server, 443), opening, exchange, pace);
            settling.habit(station, seconds(300), standing);
            settling.routine(station, Pace::Loose(seconds(3600)), ask_makers_clock);
        }
    }
    let router = settling.world.site.position_of(Duty::ImageRouter);
    settling.routine(router, Pace::ByHour(seconds(1200)), forward_study);
    let readers: Vec<usize> = settling.world.site.of_class(Class::Workstation).collect();
    for station in readers.into_iter().step_by(40) {
        settling.routine(station, Pace::ByHour(seconds(400)), read_study);
    }
}

/// The title a modality calls itself.
fn title(world: &World, station: usize) -> String {
    format!("MOD_{:03}", world.site.stations[station].number)
}

/// An association to `duty` with `images` stored in it.
fn store(
    station: usize,
    duty: Duty,
    calling: &str,
    images: usize,
    now: Duration,
    world: &mut World,
) {
    let server = world.server(duty);
    let mut connection = world.connection(station, &server, DICOM);
    let wire = &mut world.wire;
    let mut at = connection.open(wire, now);
    let request = dicom_association_request(ARCHIVE, calling);
    let accepted = dicom_association_acceptance(ARCHIVE, calling, 3);
    let pause = Duration::from_millis(5);
    at = connection.talk(wire, at, &[(Client, &request), (Server, &accepted)], pause);
    let stored = dicom_response(3, C_STORE, 1, uid::CT_IMAGE_STORAGE);
    for image in 0..images {
        let instance = format!("2.25.{}{image:03}", now.as_millis());
        let command = dicom_store_request(3, image as u16, uid::CT_IMAGE_STORAGE, &instance);
        at = connection.say(wire, at, Client, &command);
        at = connection.pour(wire, at, Client, FRAMES_OF_AN_IMAGE, Duration::from_millis(6));
        at = connection.say(wire, at, Server, &stored) + pause;
    }
    let ending = [(Client, dicom_release_request()), (Server, dicom_release_response())];
    at = connection.talk(wire, at, &said(&ending), pause);
    connection.close(wire, at);
}

fn send_study(station: usize, now: Duration, world: &mut World) {
    let calling = title(world, station);
    let images = world.random.between(2, 12);
    store(station, Duty::ImageArchive, &calling, images, now, world);
}

/// The router sends on what other hospitals are to see, and the archive.
fn forward_study(station: usize, now: Duration, world: &mut World) {
    store(station, Duty::ImageArchive, "DICOMRT", 6, now, world);
    let partner = World::outside(60);
    let opening = world.phrases.tls_opening("images.partner.example", TlsVersion::V1_3);
    let mut connection = world.connection(station, &partner, 2762);
    let at = connection.open(&mut world.wire, now + seconds(20));
    let at = connection.talk(&mut world.wire, at, &said(&opening), Duration::from_millis(2));
    let at = connection.pour(&mut world.wire, at, Client, 40, Duration::from_millis(20));
    connection.close(&mut world.wire, at);
}

/// C-FIND in the modality worklist (PS3.4 annex K).
fn ask_worklist(station: usize, now: Duration, world: &mut World) {
    const WORKLIST: &str = "1.2.840.10008.5.1.4.31";
    let (calling, server) = (title(world, station), world.server(Duty::Worklist));
    let request = AssociationProposal {
        called_ae_title: "RIS",
        calling_ae_title: &calling,
        abstract_syntaxes: &[WORKLIST],
        implementation_class_uid: uid::LABORATORY,
        implementation_version: IMPLEMENTATION_VERSION,
    }
    .request();
    const C_FIND: u16 = 0x0020;
    let turns = [
        (Client, request),
        (Server, dicom_association_acceptance("RIS", &calling, 1)),
        (Client, dicom_query(1, C_FIND, 1, WORKLIST)),
        (Server, dicom_response(1, C_FIND, 1, WORKLIST)),
        (Client, dicom_release_request()),
        (Server, dicom_release_response()),
    ];
    world.converse(now, station, (&server, DICOM), &said(&turns), Duration::from_millis(8));
}

fn ask_makers_clock(station: usize, now: Duration, world: &mut World) {
    let (host, clock) = (world.host(station), World::outside(15));
    let said = (&ntp_request()[..], &ntp_response()[..]);
    world.wire.exchange(now, (&host, 123), (&clock, 123), said, Duration::from_millis(16));
}

fn verify(station: usize, now: Duration, world: &mut World) {
    let (calling, server) = (title(world, station), world.server(Duty::ImageArchive));
    let turns = [
        (Client, dicom_association_request(ARCHIVE, &calling)),
        (Server, dicom_association_acceptance(ARCHIVE, &calling, 3)),
        (Client, dicom_echo_request(1)),
        (Server, dicom_response(1, C_ECHO, 1, uid::VERIFICATION)),
        (Client, dicom_release_request()),
        (Server, dicom_release_response()),
    ];
    world.converse(now, station, (&server, DICOM), &said(&turns), Duration::from_millis(3));
}

/// A radiologist's viewer loads a study from the archive's web service.
fn read_study(station: usize, now: Duration, world: &mut World) {
    let server = world.server(Duty::ImageArchive);
    let opening = world.phrases.tls_opening("pacs01.hospital.example", TlsVersion::V1_3);
    let mut connection = world.connection(station, &server, 443);
    let frames = world.random.between(40, 200);
    let wire = &mut world.wire;
    let at = connection.open(wire, now);
    let at = connection.talk(wire, at, &said(&opening), Duration::from_millis(1));
    let at = connection.say(wire, at, Client, &world.phrases.tls_request);
    let at = connection.pour(wire, at, Server, frames, Duration::from_millis(4));
    connection.close(wire, at);
}
