mod build;
mod hostile;

use std::io::Cursor;

use super::*;
use build::*;

#[derive(Debug, PartialEq)]
struct Frame {
    octets: Vec<u8>,
    wire_length: u64,
    micros: i64,
    interface: u32,
}

fn open(octets: Vec<u8>) -> Result<CaptureFile, CaptureError> {
    let total = Some(octets.len() as u64);
    CaptureFile::read(Path::new("test"), Source::new(Cursor::new(octets)), total, NOT_MAPPED)
}

const NOT_MAPPED: Option<Vec<u8>> = None;

/// As [`open`], but read where it lies in memory.
fn open_mapped(octets: Vec<u8>) -> Result<CaptureFile, CaptureError> {
    let (total, source) = (Some(octets.len() as u64), Source::new(Cursor::new(octets.clone())));
    CaptureFile::read(Path::new("test"), source, total, Some(octets))
}

fn frames(file: &mut CaptureFile) -> (Vec<Frame>, Option<CaptureError>) {
    let mut frames = Vec::new();
    loop {
        match file.next() {
            Ok(Some(frame)) => frames.push(Frame {
                octets: frame.octets.to_vec(),
                wire_length: frame.wire_length,
                micros: frame.timestamp.as_micros(),
                interface: frame.interface,
            }),
            Ok(None) => return (frames, None),
            Err(error) => return (frames, Some(error)),
        }
    }
}

fn all_frames(octets: Vec<u8>) -> Vec<Frame> {
    let (mapped, error) = frames(&mut open_mapped(octets.clone()).unwrap());
    assert!(error.is_none(), "{error:?}");
    let (frames, error) = frames(&mut open(octets).unwrap());
    assert!(error.is_none(), "{error:?}");
    assert_eq!(frames, mapped);
    frames
}

const PACKET: &[u8] = b"\x01\x02\x03\x04\x05\x06\x0a\x0b\x0c\x0d\x0e\x0f\x08\x00payload";

#[test]
fn pcap_is_read_in_both_byte_orders_and_resolutions() {
    for is_big_endian in [false, true] {
        for (magic, part) in [(0xa1b2_c3d4, 7), (0xa1b2_3c4d, 7_999)] {
            let octets = pcap(is_big_endian, magic, 1, &[(3, part, PACKET), (2, 0, &[])]);
            let length = octets.len() as u64;
            let mut file = open(octets).unwrap();
            let (frames, error) = frames(&mut file);
            assert!(error.is_none());
            assert_eq!(frames.len(), 2);
            assert_eq!(frames[0].octets, PACKET);
            assert_eq!(frames[0].wire_length, PACKET.len() as u64 + 10);
            assert_eq!(frames[0].micros, 3_000_007);
            assert_eq!(frames[0].interface, 1);
            assert_eq!(frames[1].micros, 2_000_000);
            assert_eq!(file.progress(), (length, Some(length)));
        }
    }
}

#[test]
fn pcapng_has_clocks_and_link_types_by_interface_over_all_sections() {
    for is_big_endian in [false, true] {
        let offset = 5_i64;
        let offset = if is_big_endian { offset.to_be_bytes() } else { offset.to_le_bytes() };
        let mut file = section(
            is_big_endian,
            &[
                (1, &[]),
                (101, &[(9, &[9])]),
                (1, &[(9, &[0x8a]), (14, &offset)]),
                (1, &[(9, &[3])]),
            ],
        );
        enhanced(&mut file, 0, 1_000_001, PACKET);
        enhanced(&mut file, 1, 2_000_000_000, b"\x45odd");
        enhanced(&mut file, 2, 1536, PACKET);
        enhanced(&mut file, 3, 4, PACKET);
        let mut next = section(!is_big_endian, &[(1, &[(13, &[4])])]);
        enhanced(&mut next, 0, 9, PACKET);
        let mut simple = bytes(!is_big_endian);
        simple.u32(PACKET.len() as u32).raw(PACKET).pad();
        next.block(3, &simple);
        let mut obsolete = bytes(!is_big_endian);
        let length = PACKET.len() as u32;
        obsolete.u16(0).u16(7).u32(0).u32(11).u32(length).u32(length).raw(PACKET).pad();
        next.block(2, &obsolete);
        // A custom block without the number of its owner.
        next.block(0x0bad, &bytes(false));
        file.raw(&next.octets);

        let found = all_frames(file.octets);
        let summary: Vec<_> = found.iter().map(|f| (f.interface, f.micros)).collect();
        assert_eq!(
            summary,
            [(1, 1_000_001), (2, 2_000_000), (3, 6_500_000), (4, 4_000), (5, 9), (5, 9), (5, 11)]
        );
        assert_eq!(found[1].octets, b"\0\0\0\0\0\0\0\0\0\0\0\0\x08\0\x45odd");
        assert_eq!(found[1].wire_length, 18);
        // The frame check sequence does not count.
        assert_eq!(found[4].octets, PACKET[..PACKET.len() - 4]);
        assert_eq!(found[5].octets, found[4].octets);
        assert_eq!(found[6].octets, found[4].octets);
    }
}

#[test]
fn other_link_types_become_ethernet() {
    let ethernet = |source: &[u8; 6], ethertype: u16, payload: &[u8]| {
        [&[0; 6], &source[..], &ethertype.to_be_bytes(), payload].concat()
    };
    let station = [2, 0, 0, 0, 0, 9];
    let cooked = b"\0\0\0\x01\0\x06\x02\0\0\0\0\x09\0\0\x86\xdd\x60";
    let cooked2 = b"\x08\x06\0\0\0\0\0\x02\0\x01\0\x06\x02\0\0\0\0\x09\0\0arp";
    // From an access point: receiver, access point, sender; quality of service.
    let mut wireless = b"\x88\x02\0\0\x02\0\0\0\0\x08\x04\0\0\0\0\x01\x02\0\0\0\0\x09\0\0\0\0\
        \xaa\xaa\x03\0\0\0\x08\0\x45"
        .to_vec();
    let radiotap = [b"\0\0\x09\0\x02\0\0\0\0", &wireless[..]].concat();
    // Time, flags that say that the header is padded.
    let padded =
        [b"\0\0\x11\0\x03\0\0\0\0\0\0\0\0\0\0\0\x20", &wireless[..26], b"\0\0", &wireless[26..]]
            .concat();
    let received = {
        let mut frame = ethernet(&station, 0x0800, b"\x45");
        frame[..6].copy_from_slice(&[2, 0, 0, 0, 0, 8]);
        frame
    };
    wireless[1] |= 0x40;
    let encrypted = [&[2, 0, 0, 0, 0, 8], &station[..], b"\xff\xff", &wireless[26..]].concat();
    let cases: [(u32, &[u8], Vec<u8>); 28] = [
        (12, b"\x45", ethernet(&[0; 6], 0x0800, b"\x45")),
        (14, b"\x60", ethernet(&[0; 6], 0x86dd, b"\x60")),
        (101, b"\x20", ethernet(&[0; 6], 0xffff, b"\x20")),
        (228, b"x", ethernet(&[0; 6], 0x0800, b"x")),
        (229, b"x", ethernet(&[0; 6], 0x86dd, b"x")),
        (113, cooked, ethernet(&station, 0x86dd, b"\x60")),
        (276, cooked2, ethernet(&station, 0x0806, b"arp")),
        (0, b"\x02\0\0\0x", ethernet(&[0; 6], 0x0800, b"x")),
        (108, b"\0\0\0\x18x", ethernet(&[0; 6], 0x86dd, b"x")),
        (113, b"short", Vec::new()),
        (9, b"\xff\x03\0\x21x", ethernet(&[0; 6], 0x0800, b"x")),
        (9, b"\0\x57x", ethernet(&[0; 6], 0x86dd, b"x")),
        (9, b"\x21x", ethernet(&[0; 6], 0x0800, b"x")),
        (9, b"\xff\x03\xc0\x21x", ethernet(&[0; 6], 0xffff, b"x")),
        (50, b"\x0f\0\x08\0x", ethernet(&[0; 6], 0x0800, b"x")),
        (51, b"\x11\0\0\x01\0\x03\0\x21x", ethernet(&[0; 6], 0x8864, b"\x11\0\0\x01\0\x03\0\x21x")),
        (104, b"\x8f\0\x86\xddx", ethernet(&[0; 6], 0x86dd, b"x")),
        (104, b"\x8f\0", Vec::new()),
        (105, &radiotap[9..], received.clone()),
        (105, &wireless, encrypted),
        (105, b"\xd4\0\0\0", Vec::new()),
        (127, &radiotap, received.clone()),
        (127, &padded, received),
        (7, b"\x01\x02\xd4\0\0\x07x", ethernet(&[0; 6], 0x0800, b"x")),
        (7, b"\x01\x02\xd4\xff\xff\xff\xd4\0\0\x07x", ethernet(&[0; 6], 0x0800, b"x")),
        (7, b"\x01\x02\xd4\x02\0\x07x", ethernet(&[0; 6], 0xffff, b"x")),
        (7, b"\x01\x02\xf1x", ethernet(&[0; 6], 0x0806, b"x")),
        (129, b"\x01\x02\0\0\xc4\0\0\x07x", ethernet(&[0; 6], 0x86dd, b"x")),
    ];
    for (link_type, packet, expected) in cases {
        let found = all_frames(pcap(false, 0xa1b2_c3d4, link_type, &[(0, 0, packet)]));
        assert_eq!(found[0].octets, expected, "{link_type}");
        let length = if expected.is_empty() { packet.len() } else { expected.len() };
        assert_eq!(found[0].wire_length, length as u64 + 10, "{link_type}");
    }
}

#[test]
fn a_packet_that_a_firewall_logged_is_found_among_what_was_noted_of_it() {
    // The sender's link address, then the packet, in both byte orders.
    let little = b"\x02\0\0\0\x10\0\x08\0\0\x06\0\0\x02\0\0\0\0\x09\0\0\x05\0\x09\0\x45\0\0\0";
    let big = b"\x0a\0\0\0\0\x10\0\x08\0\x06\0\0\x02\0\0\0\0\x09\0\0\0\x05\0\x09\x60\0\0\0";
    for (logged, kind, first) in [(little, [0x08, 0], 0x45), (big, [0x86, 0xdd], 0x60)] {
        let found = all_frames(pcap(false, 0xa1b2_c3d4, 239, &[(0, 0, logged)]));
        assert_eq!(found[0].octets[6..12], [2, 0, 0, 0, 0, 9]);
        assert_eq!((&found[0].octets[12..14], found[0].octets[14]), (&kind[..], first));
    }
    for cut in 0..little.len() - 4 {
        let found = all_frames(pcap(false, 0xa1b2_c3d4, 239, &[(0, 0, &little[..cut])]));
        assert!(found[0].octets.is_empty(), "{cut}");
    }
}

#[test]
fn a_foreign_file_says_what_it_is() {
    let foreign = |octets: &[u8]| match open(octets.to_vec()) {
        Err(error @ CaptureError::Foreign { .. }) => error.to_string(),
        other => panic!("{:?}", other.err()),
    };
    assert!(foreign(b"\x1f\x8b\x08\0").contains("gzip"));
    assert!(foreign(b"hello").contains("68 65 6c 6c"));
    assert!(foreign(b"").contains("empty"));
    assert!(foreign(b"\x0a\x0d\x0d\x0a\0\0\0\x1c????").contains("pcapng"));
    assert!(matches!(CaptureFile::open("/nonexistent/capture"), Err(CaptureError::Open { .. })));
    assert!(matches!(
        open(b"\xd4\xc3\xb2\xa1\x02\0".to_vec()),
        Err(CaptureError::Truncated { found: 6, needed: Some(24), .. })
    ));
}

#[test]
fn an_unsupported_link_type_is_named() {
    assert!(matches!(
        open(pcap(false, 0xa1b2_c3d4, 107, &[])),
        Err(CaptureError::LinkType { link_type: 107, interface: 1, .. })
    ));
    // In pcapng only once a packet of that interface comes.
    let mut file = section(true, &[(1, &[]), (107, &[])]);
    enhanced(&mut file, 0, 0, PACKET);
    let offset = file.octets.len() as u64;
    enhanced(&mut file, 1, 0, PACKET);
    let mut file = open(file.octets).unwrap();
    let (delivered, error) = frames(&mut file);
    assert_eq!(delivered.len(), 1);
    match error {
        Some(CaptureError::LinkType { link_type: 107, interface: 2, offset: found, .. }) => {
            assert_eq!(found, offset);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(file.next().unwrap(), None);
}

#[test]
fn frames_before_a_cut_are_delivered() {
    let records: &[(u32, u32, &[u8])] = &[(1, 0, PACKET), (2, 0, PACKET)];
    let whole = pcap(false, 0xa1b2_c3d4, 1, records);
    let record = 16 + PACKET.len();
    for length in 24..whole.len() {
        let (delivered, error) = frames(&mut open(whole[..length].to_vec()).unwrap());
        assert_eq!(delivered.len(), (length - 24) / record);
        let offset = 24 + delivered.len() * record;
        match error {
            None => assert_eq!(length, offset),
            Some(CaptureError::Truncated { offset: at, found, .. }) => {
                assert_eq!((at, found), (offset as u64, (length - offset) as u64));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_block_larger_than_the_buffer_makes_it_grow() {
    let large = vec![7; 5 << 20];
    let octets = pcap(false, 0xa1b2_c3d4, 1, &[(0, 0, PACKET), (0, 0, &large), (0, 0, PACKET)]);
    let found = all_frames(octets);
    assert_eq!(found[1].octets, large);
    assert_eq!(found[2].octets, PACKET);
    let mut hostile = pcap(false, 0xa1b2_c3d4, 1, &[(0, 0, PACKET)]);
    hostile[32..36].copy_from_slice(&(1_u32 << 30).to_le_bytes());
    let (_, error) = frames(&mut open(hostile).unwrap());
    assert!(matches!(error, Some(CaptureError::Oversized { .. })), "{error:?}");
}

/// A pipe hands over as few octets as it likes, and is interrupted.
struct Trickle(Vec<u8>, usize);

impl std::io::Read for Trickle {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.1 += 1;
        if self.1.is_multiple_of(3) {
            return Err(std::io::ErrorKind::Interrupted.into());
        }
        let count = 1.min(self.0.len()).min(buffer.len());
        buffer[..count].copy_from_slice(&self.0[..count]);
        self.0.drain(..count);
        Ok(count)
    }
}

#[test]
fn a_pipe_may_cut_anywhere() {
    let mut file = section(false, &[(1, &[])]);
    enhanced(&mut file, 0, 1, PACKET);
    enhanced(&mut file, 0, 2, PACKET);
    let whole = all_frames(file.octets.clone());
    let source = Source::new(Trickle(file.octets, 0));
    let mut piped = CaptureFile::read(Path::new("-"), source, None, NOT_MAPPED).unwrap();
    assert_eq!(frames(&mut piped).0, whole);
    assert_eq!(piped.progress().1, None);
}

struct Failing(Cursor<Vec<u8>>);

impl std::io::Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(std::io::Error::other("the disk is gone")),
            count => Ok(count),
        }
    }
}

#[test]
fn a_failing_read_keeps_its_cause() {
    let octets = pcap(false, 0xa1b2_c3d4, 1, &[(0, 0, PACKET)]);
    let source = Source::new(Failing(Cursor::new(octets)));
    let mut file = CaptureFile::read(Path::new("test"), source, None, NOT_MAPPED).unwrap();
    let (delivered, error) = frames(&mut file);
    assert_eq!(delivered.len(), 1);
    match error {
        Some(CaptureError::Read { source, .. }) => {
            assert_eq!(source.to_string(), "the disk is gone");
        }
        other => panic!("{other:?}"),
    }
}
