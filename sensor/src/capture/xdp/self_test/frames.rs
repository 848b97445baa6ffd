//! The frames of the self-test: a few of every kind that the program has a way of its own for. Made
//! here, of nobody's network; check sums are zero, because they decide nothing.

use sensor_common::wire::ethernet::SHORTEST_FRAME;

/// A frame with the name by which a report calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Specimen {
    pub name: &'static str,
    pub octets: Vec<u8>,
}

/// Flows that are opened one after another, more than the tables of the self-test hold.
const CROWD: u16 = 96;
/// Packets of one settled flow: enough for it to be looked after once.
const SETTLED: u16 = 70;

const TCP: u8 = 6;
const UDP: u8 = 17;
const GRE: u8 = 47;
const ICMP: u8 = 1;

const SYN: u8 = 2;
const ACK: u8 = 16;
const PSH_ACK: u8 = 24;

/// All of them, in the order in which they are run.
pub fn specimens() -> Vec<Specimen> {
    let mut frames: Vec<(&'static str, Vec<u8>)> = vec![
        ("a question of ARP", ethernet(0x0806, &arp())),
        ("the SYN of a connection", ipv4(TCP, &tcp(40_000, 2575, SYN, b""))),
        ("the answer to a SYN", reply(TCP, &tcp(2575, 40_000, SYN | ACK, b""))),
        ("a message of HL7", ipv4(TCP, &tcp(40_000, 2575, PSH_ACK, HL7))),
        ("the answer to a message of HL7", reply(TCP, &tcp(2575, 40_000, PSH_ACK, HL7))),
        ("an association of DICOM", ipv4(TCP, &tcp(40_001, 104, PSH_ACK, &dicom()))),
        ("a negotiation of SMB 1", ipv4(TCP, &tcp(40_002, 445, PSH_ACK, SMB1))),
        ("a request of Modbus with a VLAN tag", vlan(20, &ip(TCP, &tcp(40_003, 502, ACK, MODBUS)))),
        ("a question of DNS", ipv4(UDP, &udp(40_004, 53, DNS))),
        ("a datagram with two tags", tagged_twice(&ip(UDP, &udp(40_005, 9, &[0x55; 32])))),
        ("a datagram over IPv6", ethernet(0x86dd, &ipv6(UDP, &udp(40_006, 9, b"six")))),
        ("IPv6 with an extension header", ethernet(0x86dd, &ipv6(0, &hop_by_hop()))),
        ("an echo request", ipv4(ICMP, &[8, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0])),
        ("the first fragment of a datagram", ethernet(0x0800, &fragment(0x2000))),
        ("a later fragment", ethernet(0x0800, &fragment(185))),
        ("IPv4 with options", ethernet(0x0800, &with_options())),
        ("a frame in VXLAN", ipv4(UDP, &udp(40_007, 4789, &vxlan()))),
        ("a packet in GRE", ipv4(GRE, &gre(&ip(TCP, &tcp(40_008, 2575, PSH_ACK, HL7))))),
        ("a tunnel that ends too early", ipv4(UDP, &udp(40_007, 4789, &vxlan()[..20]))),
        ("a frame of another network", ethernet(0x88cc, &[2, 7, 4, 2, 0x57, 0x4c, 0, 0, 1, 0, 0])),
        ("a frame with a length in place of a type", ethernet(38, &[0x42; 38])),
        ("a frame that ends in its network header", ipv4(TCP, b"")[..24].to_vec()),
        ("a frame that ends in its transport header", ipv4(TCP, &[0; 6])[..40].to_vec()),
        ("a network header of an impossible length", ethernet(0x0800, &[0x41; 46])),
        ("a frame of zeros", vec![0; 60]),
        ("a frame of ones", vec![0xff; 60]),
    ];
    let settled = || ("a packet of a settled flow", ipv4(TCP, &tcp(40_000, 2575, ACK, b"")));
    frames.extend((0..SETTLED).map(|_| settled()));
    let crowd = |port| ("one flow of very many", ipv4(UDP, &udp(50_000 + port, 9, b"many")));
    frames.extend((0..CROWD).map(crowd));
    frames.into_iter().map(|(name, octets)| Specimen { name, octets }).collect()
}

/// Two stations of nobody's (locally administered addresses).
const CLIENT: [u8; 6] = [0x02, 0x57, 0x4c, 0, 0, 1];
const SERVER: [u8; 6] = [0x02, 0x57, 0x4c, 0, 0, 2];
const CLIENT_ADDRESS: [u8; 4] = [10, 20, 0, 7];
const SERVER_ADDRESS: [u8; 4] = [10, 30, 0, 9];

const HL7: &[u8] = b"\x0bMSH|^~\\&|WARDLINE|SELFTEST|WARDLINE|SELFTEST|||ACK|1|T|2.5\r\x1c\r";
const MODBUS: &[u8] = &[0, 1, 0, 0, 0, 6, 1, 4, 0, 23, 0, 24];
/// A session message of 36 octets with the header of a negotiation, which is 32 long.
const SMB1: &[u8] = b"\x00\x00\x00\x24\xffSMB\x72\x00\x00\x00\x00\x18\x01\x28\x00\x00\x00\x00\x00\
\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00";
const DNS: &[u8] = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x08wardline\x04test\x00\
\x00\x01\x00\x01";

/// PS3.8 table 9-11: an A-ASSOCIATE-RQ with two titles and one item, of no length.
fn dicom() -> Vec<u8> {
    let mut body = vec![0, 1, 0, 0];
    body.extend(b"WARDLINE        SELFTEST        ");
    body.extend([0; 32]);
    body.extend([0x10, 0, 0, 0]);
    let mut pdu = vec![1, 0, 0, 0, 0, body.len() as u8];
    pdu.extend(body);
    pdu
}

fn arp() -> Vec<u8> {
    let mut packet = vec![0, 1, 8, 0, 6, 4, 0, 1];
    packet.extend(CLIENT);
    packet.extend(CLIENT_ADDRESS);
    packet.extend([0; 6]);
    packet.extend(SERVER_ADDRESS);
    packet
}

/// With the padding of the shortest frame.
fn framed(to: [u8; 6], from: [u8; 6], rest: &[&[u8]]) -> Vec<u8> {
    let mut frame = [to, from].concat();
    frame.extend(rest.concat());
    frame.resize(frame.len().max(SHORTEST_FRAME), 0);
    frame
}

fn ethernet(kind: u16, packet: &[u8]) -> Vec<u8> {
    framed(SERVER, CLIENT, &[&kind.to_be_bytes(), packet])
}

fn vlan(id: u16, packet: &[u8]) -> Vec<u8> {
    framed(SERVER, CLIENT, &[&[0x81, 0], &id.to_be_bytes(), &[8, 0], packet])
}

fn tagged_twice(packet: &[u8]) -> Vec<u8> {
    framed(SERVER, CLIENT, &[&[0x88, 0xa8, 0, 7, 0x81, 0, 0, 20, 8, 0], packet])
}

fn ipv4(protocol: u8, message: &[u8]) -> Vec<u8> {
    ethernet(0x0800, &ip(protocol, message))
}

fn reply(protocol: u8, message: &[u8]) -> Vec<u8> {
    let packet = packet(SERVER_ADDRESS, CLIENT_ADDRESS, protocol, 0, message);
    framed(CLIENT, SERVER, &[&[8, 0], &packet])
}

fn ip(protocol: u8, message: &[u8]) -> Vec<u8> {
    packet(CLIENT_ADDRESS, SERVER_ADDRESS, protocol, 0, message)
}

/// RFC 791 section 3.1, without options; `place` are the flags and the offset of a fragment.
fn packet(from: [u8; 4], to: [u8; 4], protocol: u8, place: u16, message: &[u8]) -> Vec<u8> {
    let length = 20 + message.len() as u16;
    let mut packet = vec![0x45, 0];
    packet.extend(length.to_be_bytes());
    packet.extend([0, 7]);
    packet.extend(place.to_be_bytes());
    packet.extend([64, protocol, 0, 0]);
    packet.extend(from);
    packet.extend(to);
    packet.extend(message);
    packet
}

fn fragment(place: u16) -> Vec<u8> {
    packet(CLIENT_ADDRESS, SERVER_ADDRESS, UDP, place, &udp(40_009, 9, &[0x55; 40]))
}

/// One option of four octets (router alert, RFC 2113).
fn with_options() -> Vec<u8> {
    let mut packet = ip(UDP, &[&[0x94, 4, 0, 0], &udp(40_010, 9, b"option")[..]].concat());
    packet[0] = 0x46;
    packet
}

/// RFC 8200 section 3, between two unique local addresses.
fn ipv6(next: u8, message: &[u8]) -> Vec<u8> {
    let address = |host| [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, host];
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend((message.len() as u16).to_be_bytes());
    packet.extend([next, 64]);
    packet.extend(address(7));
    packet.extend(address(9));
    packet.extend(message);
    packet
}

/// Hop-by-hop options of nothing but padding, before a datagram.
fn hop_by_hop() -> Vec<u8> {
    [&[UDP, 0, 1, 4, 0, 0, 0, 0], &udp(40_011, 9, b"hops")[..]].concat()
}

/// RFC 9293 section 3.1, without options.
fn tcp(from: u16, to: u16, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut segment = [from.to_be_bytes(), to.to_be_bytes()].concat();
    segment.extend(1000_u32.to_be_bytes());
    segment.extend(2000_u32.to_be_bytes());
    segment.extend([0x50, flags, 0x20, 0, 0, 0, 0, 0]);
    segment.extend(payload);
    segment
}

fn udp(from: u16, to: u16, payload: &[u8]) -> Vec<u8> {
    let length = 8 + payload.len() as u16;
    let mut datagram =
        [from.to_be_bytes(), to.to_be_bytes(), length.to_be_bytes(), [0, 0]].concat();
    datagram.extend(payload);
    datagram
}

/// RFC 7348 section 5: network 7, and a frame in it.
fn vxlan() -> Vec<u8> {
    let mut content = vec![8, 0, 0, 0, 0, 0, 7, 0];
    content.extend(ipv4(TCP, &tcp(40_012, 104, PSH_ACK, &dicom())));
    content
}

/// RFC 2784: no checksum, IPv4.
fn gre(packet: &[u8]) -> Vec<u8> {
    [&[0, 0, 8, 0], packet].concat()
}
