//! Building controllers and their head end: BACnet and Modbus.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::{Pace, Settling, Standing, seconds};
use crate::day::class::Class;
use crate::day::phrases::Turn;
use crate::day::site::Duty;
use crate::day::world::World;
use crate::frames::Side::{Client, Server};
use crate::speakers::bacnet::{
    self, bacnet_i_am, bacnet_object_name, bacnet_read_object_name, bacnet_who_is_broadcast,
};
use crate::speakers::modbus::{
    modbus_holding_registers, modbus_read_holding_registers, modbus_write_register,
};

const MODBUS: u16 = 502;

pub(super) fn settle(settling: &mut Settling<'_>) {
    let controllers: Vec<usize> = settling.world.site.of_class(Class::BuildingController).collect();
    let head = settling.world.site.position_of(Duty::BuildingHeadEnd);
    for (index, station) in controllers.into_iter().enumerate() {
        settling.routine(station, Pace::Loose(seconds(3600)), announce);
        if index % 2 == 0 {
            settling.routine(station, Pace::Regular(seconds(10)), be_read);
        } else {
            // The head end asks; it stops with the controller.
            let controller = settling.world.host(station);
            let pace = Pace::Regular(seconds(15));
            let standing = Standing::new(head, (controller, MODBUS), Vec::new(), registers, pace);
            settling.habit(station, seconds(15), standing);
        }
    }
}

fn be_read(station: usize, now: Duration, world: &mut World) {
    let (controller, head) = (world.host(station), world.server(Duty::BuildingHeadEnd));
    let (invoke, instance) = (now.as_secs() as u8, station as u32);
    let question = bacnet_read_object_name(invoke, instance);
    let answer = bacnet_object_name(invoke, instance, "AHU-2 THEATRE");
    let said = (&question[..], &answer[..]);
    let (from, to) = ((&head, bacnet::PORT), (&controller, bacnet::PORT));
    world.wire.exchange(now, from, to, said, Duration::from_millis(15));
}

fn announce(station: usize, now: Duration, world: &mut World) {
    let controller = world.host(station);
    let [first, second, ..] = controller.address.octets();
    let everyone = (Ipv4Addr::new(first, second, 255, 255), bacnet::PORT);
    for (step, message) in
        [bacnet_who_is_broadcast(), bacnet_i_am(station as u32, 7)].into_iter().enumerate()
    {
        let at = now + Duration::from_millis(30 * step as u64);
        world.wire.announce(at, (&controller, bacnet::PORT), everyone, &message);
    }
}

/// Mostly the head end reads; every fortieth time it writes a set point, which is echoed.
fn registers(number: u32, _world: &mut World) -> Vec<Turn> {
    let transaction = number as u16;
    if number.is_multiple_of(40) {
        let written = modbus_write_register(transaction, 1, 100, 210);
        return vec![(Client, written.clone()), (Server, written)];
    }
    vec![
        (Client, modbus_read_holding_registers(transaction, 1, 100, 10)),
        (Server, modbus_holding_registers(transaction, 1, &[200; 10])),
    ]
}
