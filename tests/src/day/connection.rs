//! A TCP connection between hosts of two segments, as the gateway sees both directions arrive.

use std::time::Duration;

use super::host::Host;
use super::site::GATEWAY;
use super::wire::{Wire, ends};
use crate::frames::transport::USUAL_SYN_OPTIONS;
use crate::frames::{Side, TcpHeader, ethertype, protocol, tcp_flags};

use tcp_flags::{ACK, FIN, PSH, RST, SYN};

const LARGEST_SEGMENT: usize = 1460;
/// Segments that a card hands on as one, in bulk transfers.
const JOINED_SEGMENTS: usize = 40;
/// Octets of a bulk segment in one frame.
pub const BULK: usize = LARGEST_SEGMENT * JOINED_SEGMENTS;
/// Octets of a bulk frame that are captured: all headers and the beginning of the payload.
const CAPTURED: usize = 128;

/// One connection and how far it has come.
#[derive(Clone, Copy, Debug)]
pub struct Connection {
    client: Host,
    server: Host,
    client_port: u16,
    server_port: u16,
    client_next: u32,
    server_next: u32,
    /// From one side to the other and back.
    round_trip: Duration,
}

impl Connection {
    pub fn new(
        (client, client_port): (&Host, u16),
        (server, server_port): (&Host, u16),
        round_trip: Duration,
    ) -> Self {
        // Initial sequence numbers that differ from connection to connection.
        let mixed = u32::from(client_port).wrapping_mul(0x9e37_79b1)
            ^ client.address.to_bits()
            ^ server.address.to_bits().rotate_left(13);
        Self {
            client: *client,
            server: *server,
            client_port,
            server_port,
            client_next: mixed,
            server_next: mixed.wrapping_mul(0x85eb_ca6b),
            round_trip,
        }
    }

    fn segment(&mut self, wire: &mut Wire, at: Duration, side: Side, flags: u8, payload: &[u8]) {
        let (from, to, ports, sequence, acknowledgement) = match side {
            Side::Client => {
                let ports = (self.client_port, self.server_port);
                (self.client, self.server, ports, self.client_next, self.server_next)
            }
            Side::Server => {
                let ports = (self.server_port, self.client_port);
                (self.server, self.client, ports, self.server_next, self.client_next)
            }
        };
        let mut header = TcpHeader::with_flags(ports.0, ports.1, flags);
        header.sequence = sequence;
        header.acknowledgement = if flags & ACK == 0 { 0 } else { acknowledgement };
        if flags & SYN != 0 {
            header.options = USUAL_SYN_OPTIONS.to_vec();
        }
        let segment = header.segment(&ends(&from, to.address), payload);
        if payload.len() > LARGEST_SEGMENT {
            let packet = wire.header(&from, to.address).packet(protocol::TCP, &segment);
            let mut frame = from.header(GATEWAY).frame(ethertype::IPV4, &packet);
            let wire_length = frame.len() as u64;
            frame.truncate(CAPTURED);
            frame.shrink_to_fit();
            wire.put_captured(at, frame, wire_length);
        } else {
            wire.route(at, &from, to.address, protocol::TCP, &segment);
        }
        let length = payload.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
        let next = match side {
            Side::Client => &mut self.client_next,
            Side::Server => &mut self.server_next,
        };
        *next = next.wrapping_add(length);
    }

    /// The handshake; returns when the client may speak.
    pub fn open(&mut self, wire: &mut Wire, at: Duration) -> Duration {
        self.segment(wire, at, Side::Client, SYN, b"");
        let answered = at + self.round_trip;
        self.segment(wire, answered, Side::Server, SYN | ACK, b"");
        let established = answered + self.round_trip / 2;
        self.segment(wire, established, Side::Client, ACK, b"");
        established
    }

    /// A first segment that nobody answers.
    pub fn knock(&mut self, wire: &mut Wire, at: Duration) {
        let next = self.client_next;
        self.segment(wire, at, Side::Client, SYN, b"");
        // Repeated, it is the same segment.
        self.client_next = next;
    }

    /// A first segment that is refused.
    pub fn knock_in_vain(&mut self, wire: &mut Wire, at: Duration) {
        self.segment(wire, at, Side::Client, SYN, b"");
        self.segment(wire, at + self.round_trip, Side::Server, RST | ACK, b"");
    }

    /// One message; returns when the other side has it and acknowledged it.
    pub fn say(&mut self, wire: &mut Wire, at: Duration, side: Side, message: &[u8]) -> Duration {
        let listener = other(side);
        let mut now = at;
        let pieces = message.len().div_ceil(LARGEST_SEGMENT);
        for (index, piece) in message.chunks(LARGEST_SEGMENT).enumerate() {
            self.segment(wire, now, side, PSH | ACK, piece);
            now += Duration::from_micros(120);
            if index % 2 == 1 || index + 1 == pieces {
                self.segment(wire, now + self.round_trip / 2, listener, ACK, b"");
            }
        }
        now + self.round_trip
    }

    /// So many large frames, one each `pace`, every fourth acknowledged.
    pub fn pour(
        &mut self,
        wire: &mut Wire,
        at: Duration,
        side: Side,
        frames: usize,
        pace: Duration,
    ) -> Duration {
        let zeros = [0; BULK];
        let mut now = at;
        for index in 0..frames {
            self.segment(wire, now, side, PSH | ACK, &zeros);
            if index % 4 == 3 || index + 1 == frames {
                self.segment(wire, now + self.round_trip / 2, other(side), ACK, b"");
            }
            now += pace;
        }
        now + self.round_trip
    }

    /// Turns of both sides, each after the one before has arrived and `pause` has passed.
    pub fn talk(
        &mut self,
        wire: &mut Wire,
        at: Duration,
        turns: &[(Side, &[u8])],
        pause: Duration,
    ) -> Duration {
        turns.iter().fold(at, |now, (side, message)| self.say(wire, now, *side, message) + pause)
    }

    /// An orderly close by the client.
    pub fn close(&mut self, wire: &mut Wire, at: Duration) -> Duration {
        self.segment(wire, at, Side::Client, FIN | ACK, b"");
        let answered = at + self.round_trip;
        self.segment(wire, answered, Side::Server, FIN | ACK, b"");
        self.segment(wire, answered + self.round_trip / 2, Side::Client, ACK, b"");
        answered + self.round_trip
    }
}

const fn other(side: Side) -> Side {
    match side {
        Side::Client => Side::Server,
        Side::Server => Side::Client,
    }
}

#[cfg(test)]
mod tests {
    use super::super::site::{Duty, Site};
    use super::*;
    use crate::frames::checksum::transport_checksum;

    fn connection() -> Connection {
        let site = Site::of(100);
        let (client, server) = (site.server(Duty::Poller), site.server(Duty::Files));
        Connection::new((&client, 50_000), (&server, 445), Duration::from_millis(1))
    }

    #[test]
    fn bulk_frames_are_cut_and_their_checksum_holds_for_the_whole() {
        let mut wire = Wire::default();
        let mut connection = connection();
        let from = connection.client;
        connection.pour(&mut wire, Duration::ZERO, Side::Client, 1, Duration::ZERO);
        let frame = wire.take().unwrap();
        assert_eq!((frame.octets.len(), frame.wire_length), (CAPTURED, 18 + 40 + BULK as u64));
        let mut segment = frame.octets[38..].to_vec();
        segment.resize(20 + BULK, 0);
        let ends = ends(&from, connection.server.address);
        assert_eq!(transport_checksum(&ends, protocol::TCP, &segment), 0);
    }

    #[test]
    fn sequence_numbers_go_on_where_the_last_segment_ended() {
        let mut wire = Wire::default();
        let mut connection = connection();
        let now = connection.open(&mut wire, Duration::ZERO);
        let now = connection.say(&mut wire, now, Side::Client, &[7; 3000]);
        connection.close(&mut wire, now);
        let sequence = |frame: &[u8]| u32::from_be_bytes(frame[42..46].try_into().unwrap());
        let sent: Vec<_> = std::iter::from_fn(|| wire.take())
            .filter(|frame| frame.octets[6..12] == connection.client.station.0)
            .map(|frame| sequence(&frame.octets))
            .collect();
        let steps: Vec<_> = sent.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect();
        assert_eq!(steps, [1, 0, 1460, 1460, 80, 1]);
    }
}
