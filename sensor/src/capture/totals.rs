//! Totals per device and per application: exact, whatever happened to the flow table.

use std::collections::BTreeMap;

use sensor_common::{
    application::{Application, CAPACITY},
    endpoint::{Direction, EndpointIndex, Totals, totals_index},
};

use super::Datapath;

/// Totals by endpoint, application and direction at one reading.
///
/// What is folded is read before the flows that are under way: a flow folded in between is missing
/// until the next reading, never counted twice. Cells that would fall behind an earlier reading
/// keep it, so every total only grows.
#[derive(Debug, Default)]
pub struct TotalsReader {
    cells: Vec<Totals>,
    reading: Vec<Totals>,
}

impl TotalsReader {
    pub fn read(&mut self, datapath: &impl Datapath) {
        datapath.folded(&mut self.reading);
        let mut add = |index: u32, packets: u64, octets: u64| {
            if let Some(cell) = self.reading.get_mut(index as usize) {
                cell.packets += packets;
                cell.octets += octets;
            }
        };
        for position in 0..datapath.slots() {
            if datapath.glance(position).generation == 0 {
                continue;
            }
            let Some(slot) = datapath.slot(position) else { continue };
            let (packets, octets) = slot.unfolded();
            let application = slot.verdict().number();
            add(
                totals_index(slot.tail.source_endpoint, application, Direction::Sent),
                packets,
                octets,
            );
            let received =
                totals_index(slot.tail.destination_endpoint, application, Direction::Received);
            add(received, packets, octets);
        }
        self.cells.resize(self.reading.len(), Totals::default());
        for (cell, read) in self.cells.iter_mut().zip(&self.reading) {
            cell.packets = cell.packets.max(read.packets);
            cell.octets = cell.octets.max(read.octets);
        }
    }

    /// Totals of one endpoint by direction, sent first.
    pub fn of_endpoint(&self, endpoint: EndpointIndex) -> [Totals; 2] {
        let first = totals_index(endpoint, 0, Direction::Sent) as usize;
        let cells = self.cells.get(first..first + CAPACITY as usize * 2).unwrap_or_default();
        let mut sums = [Totals::default(); 2];
        for (index, cell) in cells.iter().enumerate() {
            sums[index % 2].packets += cell.packets;
            sums[index % 2].octets += cell.octets;
        }
        sums
    }

    /// Totals of one endpoint by application, both directions together, empty ones left out.
    pub fn applications_of(&self, endpoint: EndpointIndex) -> BTreeMap<Application, Totals> {
        let mut sums = BTreeMap::new();
        for application in Application::ALL {
            for direction in [Direction::Sent, Direction::Received] {
                let index = totals_index(endpoint, *application as u8, direction) as usize;
                let cell = self.cells.get(index).copied().unwrap_or_default();
                if cell.packets > 0 {
                    let sum: &mut Totals = sums.entry(*application).or_default();
                    sum.packets += cell.packets;
                    sum.octets += cell.octets;
                }
            }
        }
        sums
    }

    /// Every packet once, by application: what all endpoints sent.
    pub fn by_application(&self) -> BTreeMap<Application, Totals> {
        let mut sums: BTreeMap<Application, Totals> = BTreeMap::new();
        for cells in self.cells.chunks_exact(CAPACITY as usize * 2) {
            for application in Application::ALL {
                let cell = cells[totals_index(0, *application as u8, Direction::Sent) as usize];
                if cell.packets > 0 {
                    let sum = sums.entry(*application).or_default();
                    sum.packets += cell.packets;
                    sum.octets += cell.octets;
                }
            }
        }
        sums
    }

    /// Endpoints that have places in the array.
    pub fn endpoints(&self) -> EndpointIndex {
        self.cells.len() as u32 / (CAPACITY * 2)
    }
}
