//! Patient monitors, infusion pumps and analysers.

use std::time::Duration;

use super::{Pace, Settling, Standing, seconds};
use crate::day::class::Class;
use crate::day::payload::clinical::{
    CENTRAL_PORT, MONITOR_PORT, astm_frames, intellivue_association, intellivue_poll,
    intellivue_result,
};
use crate::day::phrases::Turn;
use crate::day::site::Duty;
use crate::day::world::World;
use crate::frames::Side::{Client, Server};
use crate::speakers::http::{http_ok, http_post};
use crate::speakers::syslog::syslog_message;
use crate::speakers::tls::TlsVersion;

pub(super) fn settle(settling: &mut Settling<'_>) {
    let stations: Vec<(usize, Class)> =
        settling.world.site.stations.iter().map(|each| each.class).enumerate().collect();
    for (station, class) in stations {
        match class {
            Class::Monitor => settle_monitor(settling, station),
            Class::Pump => settle_pump(settling, station),
            Class::Analyser => settle_analyser(settling, station),
            _ => {}
        }
    }
}

fn settle_monitor(settling: &mut Settling<'_>, station: usize) {
    settling.routine(station, Pace::Regular(seconds(3)), send_waves);
    settling.routine(station, Pace::Regular(seconds(15)), be_polled);
    settling.routine(station, Pace::Loose(seconds(1800)), associate);
}

/// A monitor sends its numerics and waves to the central station.
fn send_waves(station: usize, now: Duration, world: &mut World) {
    let (monitor, central) = (world.host(station), world.server(Duty::CentralMonitoring));
    let octets = world.random.between(240, 640);
    let result = intellivue_result(now.as_secs() as u16, octets, &mut world.random);
    world.wire.datagram(now, (&monitor, MONITOR_PORT), (&central, CENTRAL_PORT), &result);
}

fn be_polled(station: usize, now: Duration, world: &mut World) {
    let (monitor, central) = (world.host(station), world.server(Duty::CentralMonitoring));
    let invoke = now.as_secs() as u16;
    let result = intellivue_result(invoke, 180, &mut world.random);
    let said = (&intellivue_poll(invoke)[..], &result[..]);
    let (from, to) = ((&central, CENTRAL_PORT), (&monitor, MONITOR_PORT));
    world.wire.exchange(now, from, to, said, Duration::from_millis(4));
}

fn associate(station: usize, now: Duration, world: &mut World) {
    let (monitor, central) = (world.host(station), world.server(Duty::CentralMonitoring));
    let said = (&intellivue_association(false)[..], &intellivue_association(true)[..]);
    let (from, to) = ((&central, CENTRAL_PORT), (&monitor, MONITOR_PORT));
    world.wire.exchange(now, from, to, said, Duration::from_millis(6));
}

/// Every pump keeps one connection to its server: of one maker in TLS, of the other as HTTP.
fn settle_pump(settling: &mut Settling<'_>, station: usize) {
    let server = settling.world.server(Duty::PumpServer);
    let is_encrypted = station.is_multiple_of(2);
    let standing = if is_encrypted {
        let opening =
            settling.world.phrases.tls_opening("pumps.hospital.example", TlsVersion::V1_2);
        Standing::new(station, (server, 8443), opening, encrypted_status, Pace::Loose(seconds(30)))
    } else {
        Standing::new(station, (server, 8080), Vec::new(), plain_status, Pace::Loose(seconds(30)))
    };
    settling.habit(station, seconds(90), standing);
    settling.routine(station, Pace::Loose(seconds(3000)), report_event);
}

pub(super) fn encrypted_status(_number: u32, world: &mut World) -> Vec<Turn> {
    let phrases = &world.phrases;
    vec![(Client, phrases.tls_request.clone()), (Server, phrases.tls_answer.clone())]
}

fn plain_status(number: u32, _world: &mut World) -> Vec<Turn> {
    let status = format!("{{\"pump\":\"status\",\"number\":{number},\"rate\":\"2.5\"}}");
    let request = http_post("pumpsrv01", "/status", "application/json", &status);
    vec![(Client, request), (Server, http_ok("application/json", "{}"))]
}

fn report_event(station: usize, now: Duration, world: &mut World) {
    let (pump, collector) = (world.host(station), world.server(Duty::LogCollector));
    let message = syslog_message(&world.site.stations[station].name, "pump", "syringe changed");
    world.wire.datagram(now, (&pump, 514), (&collector, 514), &message);
}

/// Analysers send results to the laboratory's system, more of them by day.
fn settle_analyser(settling: &mut Settling<'_>, station: usize) {
    let server = settling.world.server(Duty::LaboratorySystem);
    let standing =
        Standing::new(station, (server, 15_200), Vec::new(), result, Pace::ByHour(seconds(60)));
    settling.habit(station, seconds(120), standing);
}

fn result(number: u32, _world: &mut World) -> Vec<Turn> {
    const ENQUIRY: u8 = 0x05;
    const ACKNOWLEDGE: u8 = 0x06;
    const END: u8 = 0x04;
    let mut turns = vec![(Client, vec![ENQUIRY]), (Server, vec![ACKNOWLEDGE])];
    for frame in astm_frames(number) {
        turns.extend([(Client, frame), (Server, vec![ACKNOWLEDGE])]);
    }
    turns.push((Client, vec![END]));
    turns
}
