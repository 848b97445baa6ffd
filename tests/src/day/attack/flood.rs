//! More connections than a server can answer.

use std::time::Duration;

use super::{Staged, campaign};
use crate::day::connection::Connection;
use crate::day::habit::Agenda;
use crate::day::site::Duty;
use crate::day::world::World;

pub(super) fn syn(station: usize, staged: &Staged, agenda: &mut Agenda) {
    campaign(station, staged, Duration::from_micros(500), knock, agenda);
}

/// A first segment from another port each time; the server answers none.
fn knock(station: usize, number: u32, now: Duration, world: &mut World) {
    let (host, victim) = (world.host(station), world.server(Duty::ImageArchive));
    let port = 1024 + (number % 60_000) as u16;
    let mut connection = Connection::new((&host, port), (&victim, 443), Duration::ZERO);
    connection.knock(&mut world.wire, now);
}
