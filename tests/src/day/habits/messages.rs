//! HL7 between systems: into the interface engine, and out of it.

use super::{Pace, Settling, Standing, seconds};
use crate::day::phrases::Turn;
use crate::day::site::Duty;
use crate::day::world::World;
use crate::frames::Side::{Client, Server};
use crate::speakers::hl7::{
    hl7_acknowledgement, hl7_admission, hl7_laboratory_result, hl7_vital_signs,
};

const INBOUND: u16 = 2575;
const OUTBOUND: u16 = 6661;

pub(super) fn settle(settling: &mut Settling<'_>) {
    type Exchange = fn(u32, &mut World) -> Vec<Turn>;
    // From, to, port, what, and how often by day.
    let routes: [(Duty, Duty, u16, Exchange, u64); 7] = [
        (Duty::PatientRecord, Duty::InterfaceEngine, INBOUND, admission, 20),
        (Duty::LaboratorySystem, Duty::InterfaceEngine, INBOUND + 1, laboratory, 8),
        (Duty::Worklist, Duty::InterfaceEngine, INBOUND + 2, admission, 45),
        (Duty::InterfaceEngine, Duty::PatientRecord, OUTBOUND, laboratory, 8),
        (Duty::InterfaceEngine, Duty::LaboratorySystem, OUTBOUND, admission, 20),
        (Duty::InterfaceEngine, Duty::Worklist, OUTBOUND, admission, 25),
        (Duty::InterfaceEngine, Duty::ImageArchive, OUTBOUND, admission, 40),
    ];
    for (from, to, port, exchange, mean) in routes {
        let (station, server) = (settling.world.site.position_of(from), settling.world.server(to));
        let pace = Pace::ByHour(seconds(mean));
        let standing = Standing::new(station, (server, port), Vec::new(), exchange, pace);
        settling.habit(station, seconds(60), standing);
    }
    // Vital signs go to the record by a server of their own, around the clock.
    let central = settling.world.site.position_of(Duty::CentralMonitoring);
    let record = settling.world.server(Duty::PatientRecord);
    let pace = Pace::Regular(seconds(10));
    let standing = Standing::new(central, (record, OUTBOUND + 1), Vec::new(), vital_signs, pace);
    settling.habit(central, seconds(60), standing);
}

fn acknowledged(number: u32, message: Vec<u8>) -> Vec<Turn> {
    vec![(Client, message), (Server, hl7_acknowledgement(&format!("WL{number:06}")))]
}

fn admission(number: u32, _world: &mut World) -> Vec<Turn> {
    acknowledged(number, hl7_admission(number))
}

fn laboratory(number: u32, _world: &mut World) -> Vec<Turn> {
    acknowledged(number, hl7_laboratory_result(number))
}

fn vital_signs(number: u32, _world: &mut World) -> Vec<Turn> {
    acknowledged(number, hl7_vital_signs(number))
}
