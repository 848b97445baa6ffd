//! Load for an agent that is attached: so many devices and flows, at so many frames a second.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::error::BenchError;
use super::headers::frame;
use super::loads::TABLE;
use super::programs::{Mutator, Programs, Turn};
use crate::frames::packet_socket::interface_index;
use crate::frames::{SeededRandom, tcp_flags};
use crate::lab::Port;

/// Bits of a flow's number that choose its source.
const SOURCE_BITS: u64 = 14;
/// Bits that choose its destination.
const DESTINATION_BITS: u64 = 7;
const FIRST_DESTINATION: u64 = 0x0a28_0000;
/// Between two bursts.
const TICK: Duration = Duration::from_millis(5);

/// Who sends, and how much.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// At most 16,384.
    pub devices: u32,
    /// Of each device, at most 128.
    pub flows_each: u32,
    /// Frames a second.
    pub rate: u32,
}

impl Load {
    pub const fn flows(&self) -> u32 {
        self.devices * self.flows_each
    }

    /// Every flow once in random order, and again from the first until the table is full.
    fn table(&self) -> Vec<u64> {
        let flows = (0..self.flows_each).flat_map(|flow| {
            (0..self.devices).map(move |device| u64::from(device) | u64::from(flow) << SOURCE_BITS)
        });
        let mut flows: Vec<u64> = flows.collect();
        let mut random = SeededRandom::new(17);
        for index in (1..flows.len()).rev() {
            flows.swap(index, random.below(index + 1));
        }
        (0..TABLE).map(|entry| flows[entry % flows.len()]).collect()
    }
}

/// What the sender is told, and tells, while it sends.
#[derive(Debug)]
pub struct Control {
    /// Frames a second.
    pub rate: AtomicU32,
    pub sent: AtomicU64,
    is_over: AtomicBool,
}

impl Control {
    pub fn new(rate: u32) -> Self {
        Self { rate: rate.into(), sent: AtomicU64::new(0), is_over: AtomicBool::new(false) }
    }

    pub fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

/// The programs that send, ready to run in the namespace of their port.
pub struct Drive {
    programs: Programs,
    frame: Vec<u8>,
    turn: Turn,
}

impl Drive {
    /// Prepares to send `load` out of `port`.
    ///
    /// # Errors
    ///
    /// When programs cannot be loaded.
    pub fn new(object: &[u8], load: &Load, port: &Port) -> Result<Self, BenchError> {
        let found = port.namespace.in_namespace(|| interface_index(&port.device))?;
        let egress = found.map_err(BenchError::Interface)? as u32;
        let mut programs = Programs::load(object, 1)?;
        programs.set_flows(&load.table())?;
        programs.prepare_link(egress, &[])?;
        let (frame, turn) = frame(Mutator::Ipv4, tcp_flags::PSH | tcp_flags::ACK);
        let turn = Turn {
            destination: FIRST_DESTINATION,
            source_bits: SOURCE_BITS,
            destination_bits: DESTINATION_BITS,
            ..turn
        };
        Ok(Self { programs, frame, turn })
    }

    /// Sends until it is told to end; what a burst came too late for is made up for.
    ///
    /// # Errors
    ///
    /// When frames cannot be sent.
    pub fn run(&mut self, control: &Control) -> Result<(), BenchError> {
        let mut due = 0.0;
        let mut last = Instant::now();
        while !control.is_over.load(Ordering::Relaxed) {
            due += last.elapsed().as_secs_f64() * f64::from(control.rate.load(Ordering::Relaxed));
            last = Instant::now();
            let frames = due as u32;
            if frames > 0 {
                let sent = control.sent.fetch_add(frames.into(), Ordering::Relaxed);
                let turn = Turn { position: sent, ..self.turn };
                self.programs.send(&self.frame, turn, frames)?;
                due -= f64::from(frames);
            }
            thread::sleep(TICK);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_flow_comes_once_in_a_pass() {
        let load = Load { devices: 100, flows_each: 7, rate: 1 };
        let table = load.table();
        let pass: HashSet<u64> = table[..700].iter().copied().collect();
        assert_eq!((pass.len(), table.len()), (700, TABLE));
        assert_eq!(table[..700], table[700..1400]);
        assert!(pass.iter().all(|flow| flow & ((1 << SOURCE_BITS) - 1) < 100));
    }
}
