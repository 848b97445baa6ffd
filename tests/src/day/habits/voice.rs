//! Telephones with their exchange, cameras with their recorder.

use std::time::Duration;

use super::{Pace, Settling, seconds};
use crate::day::class::Class;
use crate::day::habit::Habit;
use crate::day::payload::voice::{VOICE_PORT, rtp, rtsp, sip_answer, sip_request};
use crate::day::site::Duty;
use crate::day::world::World;
use crate::frames::Side::{Client, Server};

const SIP: u16 = 5060;
const RTSP: u16 = 554;
/// Of the 50 packets a second of a voice, one in so many is made.
const THINNED: u64 = 10;

pub(super) fn settle(settling: &mut Settling<'_>) {
    let phones: Vec<usize> = settling.world.site.of_class(Class::Phone).collect();
    for station in phones {
        settling.routine(station, Pace::Regular(seconds(300)), register);
        settling.routine(station, Pace::Regular(seconds(60)), keep_alive);
        settling.routine(station, Pace::ByHour(seconds(3600)), call);
    }
    let cameras: Vec<usize> = settling.world.site.of_class(Class::Camera).collect();
    for camera in cameras {
        let number = settling.world.site.stations[camera].number;
        let port = 20_000 + 2 * (number as u16 % 10_000);
        let habit = Camera { camera, port, sequence: 0 };
        settling.habit(camera, seconds(20), habit);
    }
}

fn sip(method: &str, station: usize, now: Duration, world: &mut World) {
    let (phone, exchange) = (world.host(station), world.server(Duty::TelephoneExchange));
    let number = 4000 + world.site.stations[station].number;
    let question = sip_request(method, number, phone.address, exchange.address);
    let answer = sip_answer(method, number, phone.address, exchange.address);
    let said = (&question[..], &answer[..]);
    world.wire.exchange(now, (&phone, SIP), (&exchange, SIP), said, Duration::from_millis(5));
}

pub(super) fn register(station: usize, now: Duration, world: &mut World) {
    sip("REGISTER", station, now, world);
}

fn keep_alive(station: usize, now: Duration, world: &mut World) {
    sip("OPTIONS", station, now, world);
}

fn call(station: usize, now: Duration, world: &mut World) {
    sip("INVITE", station, now, world);
    let lasts = world.about(seconds(90));
    let left = lasts.as_millis() as u64 / (20 * THINNED);
    let at = now + seconds(1);
    world.begin(at, Some(station), Call { station, sequence: 0, left });
}

/// A call that goes on.
#[derive(Debug)]
struct Call {
    station: usize,
    sequence: u16,
    left: u64,
}

impl Habit for Call {
    fn act(&mut self, now: Duration, world: &mut World) -> Option<Duration> {
        if self.left == 0 {
            sip("BYE", self.station, now, world);
            return None;
        }
        self.left -= 1;
        self.sequence = self.sequence.wrapping_add(THINNED as u16);
        let (phone, exchange) = (world.host(self.station), world.server(Duty::TelephoneExchange));
        let port = VOICE_PORT + 2 * (world.site.stations[self.station].number as u16 % 8000);
        let source = phone.address.to_bits();
        let there = rtp(8, self.sequence, source, 160);
        let back = rtp(8, self.sequence, !source, 160);
        world.wire.datagram(now, (&phone, VOICE_PORT), (&exchange, port), &there);
        let at = now + Duration::from_millis(7);
        world.wire.datagram(at, (&exchange, port), (&phone, VOICE_PORT), &back);
        Some(now + Duration::from_millis(20 * THINNED))
    }

    fn forget(&mut self) {
        self.left = 0;
    }
}

/// A camera that was set up by the recorder sends pictures; few of many are made.
#[derive(Debug)]
struct Camera {
    camera: usize,
    port: u16,
    sequence: u16,
}

impl Habit for Camera {
    fn act(&mut self, now: Duration, world: &mut World) -> Option<Duration> {
        let (camera, recorder) = (world.host(self.camera), world.server(Duty::VideoRecorder));
        if self.sequence == 0 {
            let station = world.site.position_of(Duty::VideoRecorder);
            let turns: Vec<_> = rtsp(camera.address, self.port)
                .into_iter()
                .flat_map(|(asked, answered)| [(Client, asked), (Server, answered)])
                .collect();
            let turns: Vec<_> = turns.iter().map(|(side, text)| (*side, text.as_bytes())).collect();
            let pause = Duration::from_millis(4);
            world.converse(now, station, (&camera, RTSP), &turns, pause);
        }
        self.sequence = self.sequence.wrapping_add(1).max(1);
        let picture = rtp(96, self.sequence, camera.address.to_bits(), 1200);
        let at = now + Duration::from_millis(100);
        world.wire.datagram(at, (&camera, self.port), (&recorder, self.port), &picture);
        Some(now + Duration::from_millis(2000))
    }

    fn forget(&mut self) {
        self.sequence = 0;
    }
}
