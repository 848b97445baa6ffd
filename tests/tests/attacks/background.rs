//! Harmless datagrams at a steady pace, among which an attack must be found.

use std::thread;
use std::time::{Duration, Instant};

use tests::frames::{Endpoints, EthernetHeader, Ipv4Header, ethertype, protocol, udp_datagram};
use tests::lab::mirror::MirroredSegment;

pub const LOAD_PER_SECOND: u64 = 50_000;
pub const LOAD_SECONDS: u64 = 4;

/// Datagrams of 256 conversations, at a steady pace.
pub fn load() -> impl Iterator<Item = Vec<u8>> + Send {
    let frames: Vec<Vec<u8>> = (0..=255_u8)
        .map(|host| {
            let (from, to) = ([10, 60, 0, host], [10, 61, 0, 1]);
            let datagram = udp_datagram(&Endpoints::v4(from, to), 40_000, 40_001, &[0; 200]);
            let packet = Ipv4Header::between(from, to).packet(protocol::UDP, &datagram);
            let hardware = MirroredSegment::hardware;
            EthernetHeader::between(hardware(200), hardware(201)).frame(ethertype::IPV4, &packet)
        })
        .collect();
    let began = Instant::now();
    (0..LOAD_PER_SECOND * LOAD_SECONDS).map(move |number| {
        let due = began + Duration::from_micros(number * 1_000_000 / LOAD_PER_SECOND);
        if let Some(early) = due.checked_duration_since(Instant::now())
            && early > Duration::from_millis(1)
        {
            thread::sleep(early);
        }
        frames[number as usize % frames.len()].clone()
    })
}
