//! What every habit can reach: the site, the wire, chance, and who is switched on.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::class::Class;
use super::connection::Connection;
use super::habit::Habit;
use super::host::Host;
use super::phrases::Phrases;
use super::plan::{POWER_CUT, Plan, SLOWEST_START, Window, clock, tempo};
use super::site::{Duty, Site, outside};
use super::wire::Wire;
use crate::frames::{SeededRandom, Side};

/// The ephemeral ports of RFC 6335 section 6.
const FIRST_EPHEMERAL: u16 = 49_152;

/// When a station is on, and how long it takes to start.
#[derive(Clone, Copy, Debug)]
struct Presence {
    window: Window,
    starts_within: Duration,
    next_port: u16,
}

#[derive(Debug)]
pub struct World {
    pub plan: Plan,
    pub site: Site,
    pub wire: Wire,
    pub random: SeededRandom,
    pub phrases: Phrases,
    presences: Vec<Presence>,
    /// What habits have begun besides themselves.
    pub(super) begun: Vec<(Duration, Option<usize>, Box<dyn Habit>)>,
}

impl World {
    pub fn new(plan: &Plan) -> Self {
        let site = Site::of(plan.devices);
        let mut random = SeededRandom::new(plan.seed);
        let presences =
            site.stations.iter().map(|station| presence(station.class, &mut random)).collect();
        Self {
            plan: plan.clone(),
            site,
            wire: Wire::default(),
            random,
            phrases: Phrases::new(),
            presences,
            begun: Vec::new(),
        }
    }

    pub fn host(&self, station: usize) -> Host {
        self.site.stations[station].host
    }

    pub fn server(&self, duty: Duty) -> Host {
        self.site.server(duty)
    }

    /// When a station that is off at `now` is next on; `now` itself if it is on, `None` if not today.
    pub fn next_presence(&self, station: usize, now: Duration) -> Option<Duration> {
        let presence = &self.presences[station];
        let mut at = now;
        if at < presence.window.begins {
            at = presence.window.begins;
        }
        let restart = POWER_CUT.ends + presence.starts_within;
        let loses_power = self.site.stations[station].class.loses_power();
        if loses_power && (POWER_CUT.begins..restart).contains(&at) {
            at = restart;
        }
        (at < presence.window.ends).then_some(at)
    }

    pub fn is_on(&self, station: usize, now: Duration) -> bool {
        self.next_presence(station, now) == Some(now)
    }

    /// When the station comes on today of itself, if it was off at the beginning of the day.
    pub fn comes_on(&self, station: usize) -> Option<Duration> {
        let begins = self.presences[station].window.begins;
        (begins > Duration::ZERO).then_some(begins)
    }

    /// When the station starts after the power cut, if it lost power.
    pub fn restarts(&self, station: usize) -> Option<Duration> {
        let presence = &self.presences[station];
        let loses_power = self.site.stations[station].class.loses_power();
        let restart = POWER_CUT.ends + presence.starts_within;
        (loses_power && presence.window.contains(POWER_CUT.begins)).then_some(restart)
    }

    /// The station's next port for a connection of its own.
    pub fn port(&mut self, station: usize) -> u16 {
        let port = &mut self.presences[station].next_port;
        *port = if *port == u16::MAX { FIRST_EPHEMERAL } else { *port + 1 };
        *port
    }

    /// Half to one and a half of `mean`.
    pub fn about(&mut self, mean: Duration) -> Duration {
        mean.mul_f64(0.5 + self.random.below(1000) as f64 / 1000.0)
    }

    /// As [`World::about`], longer when people are less busy.
    pub fn about_by_hour(&mut self, now: Duration, mean: Duration) -> Duration {
        self.about(mean).div_f64(tempo(now))
    }

    /// Begins something else, which belongs to `owner`.
    pub fn begin(&mut self, at: Duration, owner: Option<usize>, habit: impl Habit + 'static) {
        self.begun.push((at, owner, Box::new(habit)));
    }

    /// A connection from a station to a host inside or outside.
    pub fn connection(&mut self, station: usize, server: &Host, port: u16) -> Connection {
        let client = (&self.host(station), self.port(station));
        let is_inside = server.address.is_private();
        let base = if is_inside { 700 } else { 14_000 };
        let round_trip = Duration::from_micros(base + self.random.below(base as usize) as u64);
        Connection::new(client, (server, port), round_trip)
    }

    /// A whole conversation over TCP; returns when it is over.
    pub fn converse(
        &mut self,
        at: Duration,
        station: usize,
        (server, port): (&Host, u16),
        turns: &[(Side, &[u8])],
        pause: Duration,
    ) -> Duration {
        let mut connection = self.connection(station, server, port);
        let now = connection.open(&mut self.wire, at);
        let now = connection.talk(&mut self.wire, now, turns, pause);
        connection.close(&mut self.wire, now)
    }

    /// A host outside by its number.
    pub fn outside(number: usize) -> Host {
        let network = match number / 200 % 2 {
            0 => [203, 0, 113],
            _ => [198, 51, 100],
        };
        let [first, second, third] = network;
        outside(Ipv4Addr::new(first, second, third, 20 + (number % 200) as u8))
    }
}

/// Ward and service stations work around the clock, offices by day.
fn presence(class: Class, random: &mut SeededRandom) -> Presence {
    let minutes = |low: usize, high: usize, random: &mut SeededRandom| {
        Duration::from_secs(60 * random.between(low, high) as u64 + random.below(60) as u64)
    };
    let is_by_day = match class {
        Class::Workstation => random.in_percent(60),
        Class::Tablet => random.in_percent(70),
        Class::LegacyWindows => true,
        _ => false,
    };
    let window = if is_by_day {
        // The early shift begins at seven; nobody of the day goes before four.
        Window {
            begins: minutes(6 * 60 + 20, 8 * 60 + 40, random),
            ends: minutes(16 * 60, 18 * 60 + 30, random),
        }
    } else {
        Window { begins: Duration::ZERO, ends: clock(25, 0) }
    };
    let starts_within = Duration::from_millis(random.between(15_000, 180_000) as u64);
    debug_assert!(starts_within <= SLOWEST_START);
    let next_port = random.between(usize::from(FIRST_EPHEMERAL), usize::from(u16::MAX)) as u16;
    Presence { window, starts_within, next_port }
}
