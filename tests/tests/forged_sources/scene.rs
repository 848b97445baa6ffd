//! The flood, and the devices that go on beside it, as a capture.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;
use std::time::Duration;

use tests::frames::announcements::{ArpParty, arp_reply};
use tests::frames::conversation::Party;
use tests::frames::pcap::PcapWriter;
use tests::frames::{
    Conversation, Endpoints, EthernetHeader, Ipv4Header, MacAddress, SeededRandom, Side, TcpHeader,
    ethertype, protocol, tcp_flags,
};

/// When the capture begins.
pub const START: Duration = Duration::from_secs(1_700_000_000);
/// Time without a flood before it, and after it.
const CALM: Duration = Duration::from_secs(20);
const AFTER: Duration = Duration::from_secs(150);
pub const FLOOD_BEGINS: Duration = CALM;
/// Between two frames of the flood: 20,000 a second.
const PACE: Duration = Duration::from_micros(50);

/// A device of the segment, by the last octet of its addresses.
pub type Host = u8;
pub const GATEWAY: Host = 1;
pub const TARGET: Host = 10;
const SERVER: Host = 11;
/// Behaves, and asks the server for a page again and again.
pub const GOOD: Host = 21;
/// Says that it is the gateway.
pub const SPOOFER: Host = 66;
/// Sends the flood, where its station is not forged as well.
pub const FLOODER: Host = 77;
/// Sweeps for SMB while the flood goes on.
pub const WORM: Host = 99;
/// The same, but nobody has seen it before the flood.
pub const LATE_WORM: Host = 98;
const KNOWN: [Host; 7] = [GATEWAY, TARGET, SERVER, GOOD, SPOOFER, FLOODER, WORM];

/// The gateway is known to be one.
pub const ROUTERS: &str = "[inventory]\nrouters = [\"02:20:00:00:00:01\"]\n";

/// What every frame of the flood forges anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Masks {
    /// The IPv4 source address.
    Addresses,
    /// Also the station.
    Stations,
}

/// One flood of TCP SYNs on one target.
#[derive(Clone, Copy, Debug)]
pub struct Scene {
    /// As many frames, each in another name.
    pub sources: u32,
    pub masks: Masks,
}

pub fn station(host: Host) -> MacAddress {
    MacAddress([0x02, 0x20, 0, 0, 0, host])
}

pub fn address(host: Host) -> [u8; 4] {
    [10, 20, 0, host]
}

/// `host` with the protocol address of `claimed`.
fn arp_party(host: Host, claimed: Host) -> ArpParty {
    ArpParty { hardware: station(host), address: address(claimed).into() }
}

impl Scene {
    /// Writes the capture, and returns how many frames it has.
    pub fn record(&self, path: &Path) -> io::Result<u64> {
        let mut writer = PcapWriter::new(BufWriter::with_capacity(1 << 20, File::create(path)?))?;
        let flood_ends = FLOOD_BEGINS + PACE * self.sources;
        let devices = devices(flood_ends + AFTER);
        let count = devices.len() as u64 + u64::from(self.sources);
        let mut devices = devices.into_iter().peekable();
        let mut random = SeededRandom::new(5);
        for number in 0..self.sources {
            let at = FLOOD_BEGINS + PACE * number;
            while let Some((at, frame)) = devices.next_if(|(due, _)| *due <= at) {
                writer.write(START + at, &frame)?;
            }
            writer.write(START + at, &self.forged(number, &mut random))?;
        }
        for (at, frame) in devices {
            writer.write(START + at, &frame)?;
        }
        writer.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(count)
    }

    /// One SYN of the flood.
    fn forged(&self, number: u32, random: &mut SeededRandom) -> Vec<u8> {
        let from = match self.masks {
            Masks::Addresses => station(FLOODER),
            Masks::Stations => {
                // Unicast and made up by its user (IEEE 802-2014 section 8.2.2).
                let [_, b, c, d, e, f] = random.array();
                MacAddress([0x06, b, c, d, e, f])
            }
        };
        let source = forged_address(number);
        let syn = TcpHeader::with_flags(random.next_u16() | 1024, 443, tcp_flags::SYN);
        let segment = syn.segment(&Endpoints::v4(source, address(TARGET)), b"");
        let packet = Ipv4Header::between(source, address(TARGET)).packet(protocol::TCP, &segment);
        EthernetHeader::between(from, station(TARGET)).frame(ethertype::IPV4, &packet)
    }
}

/// Another address for each number below 2^24, none of them the segment's.
fn forged_address(number: u32) -> [u8; 4] {
    // An odd factor maps the low 24 bits one to one.
    let low = number.wrapping_mul(0x009e_3779) & 0x00ff_ffff;
    let [_, b, c, d] = low.to_be_bytes();
    [16 + b % 96, b, c, d]
}

/// Everything that the real devices send, in order of time.
fn devices(until: Duration) -> Vec<(Duration, Vec<u8>)> {
    let mut frames = Vec::new();
    for (turn, host) in KNOWN.into_iter().enumerate() {
        let at = Duration::from_millis(100 * turn as u64);
        frames.push((at, reply(host, host, GATEWAY)));
    }
    let mut at = Duration::from_secs(2);
    for turn in 0_u16.. {
        if at >= until {
            break;
        }
        page(turn, at, &mut frames);
        at += Duration::from_secs(2);
    }
    let second = Duration::from_secs(1);
    // The worm and the spoofer begin when the flood has filled what it can fill.
    for (begins, host) in
        [(FLOOD_BEGINS + 3 * second, WORM), (FLOOD_BEGINS + 5 * second, LATE_WORM)]
    {
        for target in 100..140 {
            let at = begins + Duration::from_millis(100) * u32::from(target - 100);
            frames.push((at, probe(host, target)));
        }
    }
    for turn in 0..6 {
        let at = FLOOD_BEGINS + 4 * second + second * turn;
        frames.push((at, reply(SPOOFER, GATEWAY, GOOD)));
        // The owner goes on using its address.
        frames.push((at + second / 2, reply(GATEWAY, GATEWAY, GOOD)));
    }
    frames.sort_by_key(|(at, _)| *at);
    frames
}

/// An ARP reply of `host` to `other`, that it has the address of `claimed`.
fn reply(host: Host, claimed: Host, other: Host) -> Vec<u8> {
    arp_reply(arp_party(host, claimed), arp_party(other, other))
}

fn probe(host: Host, target: Host) -> Vec<u8> {
    let (from, to) = (address(host), address(target));
    let syn = TcpHeader::syn(50_000 + u16::from(target), 445);
    let packet = Ipv4Header::between(from, to)
        .packet(protocol::TCP, &syn.segment(&Endpoints::v4(from, to), b""));
    EthernetHeader::between(station(host), station(target)).frame(ethertype::IPV4, &packet)
}

/// One page asked for and given.
fn page(turn: u16, begins: Duration, frames: &mut Vec<(Duration, Vec<u8>)>) {
    let party = |host, port| Party::new(station(host), address(host), port);
    let conversation = Conversation::between(party(GOOD, 40_000 + turn), party(SERVER, 80));
    let question = b"GET /worklist HTTP/1.1\r\nHost: worklist\r\n\r\n".to_vec();
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec();
    let said = conversation.tcp(&[(Side::Client, question), (Side::Server, answer)]);
    for (step, frame) in said.into_iter().enumerate() {
        frames.push((begins + Duration::from_millis(step as u64), frame));
    }
}
