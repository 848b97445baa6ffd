//! Frames at a steady rate: conversations of stations that each have one address, old ones and new
//! ones, and some frames of every kind, whole and broken.

use std::thread;
use std::time::{Duration, Instant};

use crate::frames::{
    Endpoints, EthernetHeader, FrameGenerator, Ipv4Header, MacAddress, SeededRandom, ethertype,
    protocol, udp_datagram,
};

/// Stations whose counters are watched one by one.
pub const STATIONS: u16 = 200;
/// A locally administered prefix, which nobody else on the wire has.
const MAKER: u32 = 0x02_574d;
/// Source ports of the conversations that go on; others are new.
const OLD_PORTS: u16 = 20;
/// Of a hundred frames, those of a new conversation, and those of any kind.
const NEW: usize = 5;
const ODD: usize = 5;
/// No card receives a shorter frame (IEEE 802.3, 3.2.7), and the stack drops some that end within a
/// tag, which is not our doing.
const SHORTEST: usize = 60;
const LONGEST: usize = 1514;
/// Looks at the clock after so many frames.
const STRIDE: u64 = 32;

/// An endless source of frames, held to a rate.
pub struct Load {
    random: SeededRandom,
    odd: FrameGenerator,
    rate: u64,
}

/// The hardware address of a station.
pub fn hardware(station: u16) -> MacAddress {
    MacAddress::vendor(MAKER, u32::from(station))
}

impl Load {
    /// The same frames for the same seed; `rate` frames a second.
    pub fn new(seed: u64, rate: u64) -> Self {
        let odd = FrameGenerator::new(seed).with_lengths(SHORTEST, LONGEST);
        Self { random: SeededRandom::new(seed), odd, rate }
    }

    /// One frame of each station.
    pub fn greetings() -> impl Iterator<Item = Vec<u8>> + Send {
        (0..STATIONS).map(|station| datagram(station, (station + 1) % STATIONS, 1024))
    }

    /// Frames for as long as `goes_on` says so, however long the kernel took for those before.
    pub fn frames<'a>(
        &'a mut self,
        goes_on: impl Fn() -> bool + Send + 'a,
    ) -> impl Iterator<Item = Vec<u8>> + Send + 'a {
        let began = Instant::now();
        let mut count = 0;
        std::iter::from_fn(move || {
            if count % STRIDE == 0 {
                let due = Duration::from_secs_f64(count as f64 / self.rate as f64);
                thread::sleep(due.saturating_sub(began.elapsed()));
                if !goes_on() {
                    return None;
                }
            }
            count += 1;
            self.next_frame()
        })
    }

    fn next_frame(&mut self) -> Option<Vec<u8>> {
        let kind = self.random.below(100);
        if kind < ODD {
            return self.odd.next().map(|specimen| specimen.octets);
        }
        let from = self.random.below(STATIONS.into()) as u16;
        let to = (from + 1 + self.random.below(3) as u16) % STATIONS;
        let old = 1024 + self.random.next_u16() % OLD_PORTS;
        let port = if kind < ODD + NEW { self.random.next_u16() | 0x8000 } else { old };
        Some(datagram(from, to, port))
    }
}

fn datagram(from: u16, to: u16, port: u16) -> Vec<u8> {
    let address = |station: u16| [10, 50, (station >> 8) as u8, station as u8];
    let payload = [0x55; 40];
    let datagram = udp_datagram(&Endpoints::v4(address(from), address(to)), port, 9, &payload);
    let packet = Ipv4Header::between(address(from), address(to)).packet(protocol::UDP, &datagram);
    EthernetHeader::between(hardware(from), hardware(to)).frame(ethertype::IPV4, &packet)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn the_load_ends_when_told_and_goes_on_where_it_was() {
        let (mut load, mut whole) = (Load::new(1, u64::MAX), Load::new(1, u64::MAX));
        let asked = AtomicU32::new(0);
        let first = load.frames(|| asked.fetch_add(1, Ordering::Relaxed) < 2).count();
        assert_eq!(first as u64, 2 * STRIDE);
        let next = load.frames(|| true).next();
        assert!(next.is_some() && next == whole.frames(|| true).nth(first));
    }

    #[test]
    fn every_frame_is_one_that_a_card_receives() {
        let mut load = Load::new(2, u64::MAX);
        assert!(load.frames(|| true).take(5000).all(|frame| frame.len() >= SHORTEST));
    }
}
