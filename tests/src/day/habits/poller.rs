//! The monitoring system asks every device how it is, whether it answers or not.

use std::time::Duration;

use super::{Pace, Settling, seconds};
use crate::day::class::Class;
use crate::day::habit::Habit;
use crate::day::site::Duty;
use crate::day::world::World;
use crate::frames::Side::{Client, Server};
use crate::frames::protocol;
use crate::frames::signalling::{icmp_echo_reply, icmp_echo_request};
use crate::speakers::http::{http_get, http_ok};
use crate::speakers::snmp::{COMMUNITY, snmp_get, snmp_response};

/// Within which everything is asked once.
const ROUND: Duration = seconds(300);
const SNMP: u16 = 161;

/// Asks one station after the other.
#[derive(Debug)]
struct Poller {
    station: usize,
    next: usize,
    port: u16,
    number: u16,
}

pub(super) fn settle(settling: &mut Settling<'_>) {
    let station = settling.world.site.position_of(Duty::Poller);
    let port = settling.world.port(station);
    settling.habit(station, seconds(2), Poller { station, next: 0, port, number: 0 });
}

impl Habit for Poller {
    fn act(&mut self, now: Duration, world: &mut World) -> Option<Duration> {
        let count = world.site.stations.len();
        self.number = self.number.wrapping_add(1);
        let (asked, poller) = (self.next, world.host(self.station));
        self.next = (self.next + 1) % count;
        if world.host(asked).vlan != poller.vlan {
            self.ask(asked, now, world);
        }
        Some(Pace::Regular(ROUND / count as u32).next(now, world))
    }
}

impl Poller {
    fn ask(&mut self, asked: usize, now: Duration, world: &mut World) {
        let (poller, host) = (world.host(self.station), world.host(asked));
        let is_on = world.is_on(asked, now);
        let answered = now + Duration::from_millis(2);
        let content = [0x5a; 32];
        let request = icmp_echo_request(1, self.number, &content);
        world.wire.route(now, &poller, host.address, protocol::ICMP, &request);
        if is_on {
            let reply = icmp_echo_reply(1, self.number, &content);
            world.wire.route(answered, &host, poller.address, protocol::ICMP, &reply);
        }
        let class = world.site.stations[asked].class;
        let has_agent = matches!(
            class,
            Class::Server | Class::Printer | Class::Phone | Class::Camera | Class::Monitor
        );
        if has_agent {
            let id = u32::from(self.number);
            let at = now + Duration::from_millis(10);
            world.wire.datagram(at, (&poller, self.port), (&host, SNMP), &snmp_get(COMMUNITY, id));
            if is_on {
                let name = &world.site.stations[asked].name;
                let answer = snmp_response(COMMUNITY, id, name);
                let at = at + Duration::from_millis(6);
                world.wire.datagram(at, (&host, SNMP), (&poller, self.port), &answer);
            }
        }
        if matches!(class, Class::Server | Class::Printer | Class::Camera) {
            self.fetch_page(asked, is_on, now + Duration::from_millis(40), world);
        }
    }

    fn fetch_page(&self, asked: usize, is_on: bool, now: Duration, world: &mut World) {
        let host = world.host(asked);
        if is_on {
            let request = http_get("status", "/");
            let page = http_ok("text/html", "<title>status</title>");
            let turns = [(Client, &request[..]), (Server, &page[..])];
            let pause = Duration::from_millis(3);
            world.converse(now, self.station, (&host, 80), &turns, pause);
            return;
        }
        let mut connection = world.connection(self.station, &host, 80);
        for second in [0, 1, 3] {
            connection.knock(&mut world.wire, now + seconds(second));
        }
    }
}
