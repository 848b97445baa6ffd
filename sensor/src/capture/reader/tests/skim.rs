//! What a reading between two sweeps leaves for later, and what it does not.

use sensor_common::wire::transport::tcp_flags::{ACK, SYN};

use super::{super::shadow::MUCH, *};

const NOTHING: [u64; 0] = [];

/// A frame of one conversation over IPv4, with these TCP control bits or over UDP.
fn frame(control_bits: Option<u8>) -> Vec<u8> {
    let mut frame = vec![0; 60];
    (frame[5], frame[11]) = (7, 8);
    (frame[12], frame[14], frame[17]) = (0x08, 0x45, 46);
    (frame[26], frame[29], frame[30], frame[33]) = (10, 1, 10, 2);
    (frame[34], frame[36]) = (0xc0, 0x12);
    (frame[23], frame[46], frame[47]) = match control_bits {
        Some(bits) => (6, 0x50, bits),
        None => (17, 0, 0),
    };
    frame
}

struct Bench {
    datapath: HostDatapath,
    reader: Reader,
}

impl Bench {
    fn new() -> Self {
        let datapath = HostDatapath::new(&SIZES);
        Self { reader: Reader::new(&datapath, TickClock::of_replay()), datapath }
    }

    fn receive(&mut self, control_bits: Option<u8>, count: u32, tick: u64) {
        let frame = frame(control_bits);
        (0..count).for_each(|_| self.datapath.receive(&frame, 60, 1, tick));
    }

    /// Packets of the deltas of a reading.
    fn told(&mut self, read: fn(&mut Reader, &mut HostDatapath, &mut Observation)) -> Vec<u64> {
        let mut observation = Observation::default();
        read(&mut self.reader, &mut self.datapath, &mut observation);
        observation.flows.iter().map(|delta| delta.packets).collect()
    }
}

#[test]
fn a_flow_that_grows_a_little_is_read_once_a_second() {
    let mut bench = Bench::new();
    // More than are looked at for a verdict.
    bench.receive(None, 30, 1000);
    assert_eq!(bench.told(Reader::skim), [30], "a new flow is read at once");
    for tick in [1250, 1500, 1750] {
        bench.receive(None, 1, tick);
        assert_eq!(bench.told(Reader::skim), NOTHING, "at {tick}");
    }
    bench.receive(None, 1, 2000);
    assert_eq!(bench.told(Reader::skim), [4]);
    bench.receive(None, 1, 2100);
    assert_eq!(bench.told(Reader::skim), NOTHING);
    assert_eq!(bench.told(Reader::sweep), [1], "a sweep leaves nothing");
}

#[test]
fn a_flow_that_grows_much_is_read_at_once() {
    let mut bench = Bench::new();
    bench.receive(None, 30, 1000);
    bench.told(Reader::skim);
    bench.receive(None, MUCH as u32 - 1, 1100);
    assert_eq!(bench.told(Reader::skim), NOTHING);
    bench.receive(None, 1, 1100);
    assert_eq!(bench.told(Reader::skim), [MUCH]);
}

#[test]
fn an_attempt_that_is_answered_is_read_at_once() {
    let mut bench = Bench::new();
    bench.receive(Some(SYN), 1, 1000);
    assert_eq!(bench.told(Reader::skim), [1]);
    bench.receive(Some(ACK), 1, 1010);
    assert_eq!(bench.told(Reader::skim), [1]);
    bench.receive(Some(ACK), 1, 1020);
    assert_eq!(bench.told(Reader::skim), NOTHING);
}
