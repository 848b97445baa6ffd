//! Verdicts of both directions of a conversation, packet by packet.

extern crate std;

use core::cell::RefCell;
use std::{collections::BTreeMap, vec, vec::Vec};

use super::*;
use crate::{
    books::Fate,
    dissect::{Dissection, dissect},
    endpoint::{Direction, EndpointIndex, EndpointKey},
    flow::{FlowHeads, FlowSlot, FlowTails},
    record::{EndpointNotice, SlotImage},
    wire::transport::tcp_flags::{ACK, FIN, PSH, RST, SYN},
};

/// A memory of verdicts, and what was sampled.
#[derive(Default)]
struct Surroundings {
    verdicts: RefCell<BTreeMap<u64, u64>>,
    samples: RefCell<Vec<(Application, Vec<u8>)>>,
}

impl Environment for Surroundings {
    fn seed(&self) -> u64 {
        7
    }

    fn note(&self, _: Entry, _: u64) {}

    fn note_gone(&self, _: Fate, _: u64, _: u64) {}

    fn report_evicted(&self, _: u32, _: &SlotInTable<'_>, _: u64) -> bool {
        true
    }

    fn announce_opened(&self, _: u32) -> bool {
        true
    }

    fn announce_endpoint(&self, _: &EndpointNotice) -> bool {
        true
    }

    fn endpoint(&self, _: &EndpointKey) -> Option<EndpointIndex> {
        None
    }

    fn admit_endpoint(&self, _: &EndpointKey) -> Option<EndpointIndex> {
        None
    }

    fn alias_endpoint(&self, _: &EndpointKey, _: EndpointIndex) {}

    fn add_totals(&self, _: EndpointIndex, _: u8, _: Direction, _: u64, _: u64) {}

    fn recall(&self, conversation: u64) -> u64 {
        self.verdicts.borrow().get(&conversation).copied().unwrap_or(0)
    }

    fn remember(&self, conversation: u64, word: u64) {
        self.verdicts.borrow_mut().insert(conversation, word);
    }

    fn sample<F: Frame + ?Sized>(
        &self,
        frame: &F,
        dissection: &Dissection,
        request: &SampleRequest,
    ) {
        let readable = frame.readable_length() - dissection.payload_offset;
        let length = request.length.min(readable);
        let octets = (0..length).filter_map(|at| frame.octet(dissection.payload_offset + at));
        let application = Verdict::from_bits(request.application).application();
        self.samples.borrow_mut().push((application, octets.collect()));
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}
use Side::{Client, Server};

/// One conversation between two hosts.
struct Conversation {
    surroundings: Surroundings,
    heads: FlowHeads,
    tails: FlowTails,
    work: Work,
    protocol: u8,
    ports: [u16; 2],
    now: u64,
}

impl Conversation {
    fn over(protocol: u8, ports: [u16; 2]) -> Self {
        Self {
            surroundings: Surroundings::default(),
            heads: FlowHeads::default(),
            tails: FlowTails::default(),
            work: Work::default(),
            protocol,
            ports,
            now: 1,
        }
    }

    fn tcp() -> Self {
        Self::over(protocol::TCP, [50_001, 50_002])
    }

    fn frame(&self, side: Side, flags: u8, payload: &[u8]) -> Vec<u8> {
        let (from, to) = match side {
            Client => (1, 2),
            Server => (2, 1),
        };
        let mut frame = vec![2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from, 8, 0];
        let is_stream = self.protocol == protocol::TCP;
        let header = if is_stream { 20 } else { 8 };
        let total = (20 + header + payload.len()) as u16;
        frame.extend([0x45, 0]);
        frame.extend(total.to_be_bytes());
        frame.extend([0, 0, 0, 0, 64, self.protocol, 0, 0, 10, 0, 0, from, 10, 0, 0, to]);
        frame.extend(self.ports[from as usize - 1].to_be_bytes());
        frame.extend(self.ports[to as usize - 1].to_be_bytes());
        if is_stream {
            frame.extend([0, 0, 0, 1, 0, 0, 0, 1, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        } else {
            frame.extend((8 + payload.len() as u16).to_be_bytes());
            frame.extend([0, 0]);
        }
        frame.extend(payload);
        frame
    }

    /// The slot of a direction after one more packet of it.
    fn packet(&mut self, side: Side, flags: u8, payload: &[u8]) -> FlowSlot {
        let frame = self.frame(side, flags, payload);
        dissect(&frame[..], 1, &mut self.work.dissection).unwrap();
        self.now += 1;
        let octets = frame.len() as u64;
        let Self { surroundings, heads, tails, work, now, .. } = self;
        let mut set = FlowSet { heads, tails };
        super::super::account(surroundings, &frame[..], work, &mut set, 0, octets, *now);
        set.copy(work.way)
    }

    fn says(&mut self, side: Side, payload: &[u8]) -> FlowSlot {
        self.packet(side, PSH | ACK, payload)
    }

    fn acknowledges(&mut self, side: Side) -> FlowSlot {
        self.packet(side, ACK, b"")
    }

    fn sampled(&self) -> Vec<(Application, Vec<u8>)> {
        self.surroundings.samples.borrow().clone()
    }
}

fn verdict(slot: &FlowSlot) -> (Application, Evidence) {
    let identification = slot.identification();
    (identification.application, identification.evidence)
}

/// What was given up, and why.
fn change(slot: &FlowSlot) -> (Application, Evidence, Change) {
    let earlier = slot.earlier_identification();
    (earlier.application, earlier.evidence, Change::from_number(slot.tail.change))
}

const UNCHANGED: (Application, Evidence, Change) =
    (Application::Unknown, Evidence::None, Change::None);

#[test]
fn a_later_packet_raises_a_likely_verdict_and_the_slot_says_so() {
    let mut conversation = Conversation::tcp();
    let slot = conversation.says(Client, b"\x022P|1|4711\r\x0317\r\n");
    assert_eq!(verdict(&slot), (Application::Astm, Evidence::Likely));
    assert_eq!(change(&slot), UNCHANGED, "a first verdict changes none");
    let slot = conversation.says(Client, b"\x021H|\\^&|||Analyser^1.0\r\x03A5\r\n");
    assert_eq!(verdict(&slot), (Application::Astm, Evidence::Confirmed));
    assert_eq!(change(&slot), (Application::Astm, Evidence::Likely, Change::LaterPacket));
    assert!(slot.verdict().is_settled(), "nothing better can come");
}

#[test]
fn a_later_packet_overturns_a_likely_verdict_by_a_confirmed_one() {
    let mut conversation = Conversation::tcp();
    conversation.says(Client, b"\x022P|1|4711\r\x0317\r\n");
    let slot = conversation.says(Client, b"EHLO ward\r\n");
    assert_eq!(verdict(&slot), (Application::Smtp, Evidence::Confirmed));
    assert_eq!(change(&slot), (Application::Astm, Evidence::Likely, Change::LaterPacket));
    // And is not overturned itself.
    let slot = conversation.says(Client, b"\x021H|\\^&|||Analyser^1.0\r\x03A5\r\n");
    assert_eq!(verdict(&slot), (Application::Smtp, Evidence::Confirmed));
}

#[test]
fn the_other_direction_raises_a_verdict() {
    let mut conversation = Conversation::tcp();
    conversation.says(Client, b"a1 LOGIN ward secret\r\n");
    let slot = conversation.says(Server, b"* OK IMAP4rev1 ready\r\n");
    assert_eq!(verdict(&slot), (Application::Imap, Evidence::Confirmed));
    let slot = conversation.acknowledges(Client);
    assert_eq!(verdict(&slot), (Application::Imap, Evidence::Confirmed));
    assert_eq!(change(&slot), (Application::Imap, Evidence::Likely, Change::OtherDirection));
}

#[test]
fn a_direction_without_payload_has_the_verdict_of_the_other() {
    let mut conversation = Conversation::tcp();
    conversation.says(Client, b"\x0bMSH|^~\\&|PUMP|ICU\r\x1c\r");
    let slot = conversation.acknowledges(Server);
    assert_eq!(verdict(&slot), (Application::Hl7, Evidence::Confirmed));
    assert_eq!(change(&slot), UNCHANGED);
    assert!(slot.verdict().is_settled());
}

#[test]
fn a_connection_over_ports_that_were_in_use_is_judged_anew() {
    let mut conversation = Conversation::tcp();
    conversation.says(Client, b"\x0bMSH|^~\\&|PUMP|ICU\r\x1c\r");
    conversation.packet(Client, SYN, b"");
    assert_eq!(verdict(&conversation.acknowledges(Server)), (Application::Unknown, Evidence::None));
}

#[test]
fn of_a_connection_that_was_not_granted_nothing_is_remembered_or_forgotten() {
    let mut conversation = Conversation::tcp();
    conversation.packet(Client, SYN, b"");
    assert!(conversation.surroundings.verdicts.borrow().is_empty());
    let slot = conversation.packet(Server, RST | ACK, b"");
    assert_eq!(verdict(&slot), (Application::Unknown, Evidence::None));
}

#[test]
fn what_was_spoken_over_the_ports_before_is_not_the_verdict_of_a_new_connection() {
    let mut conversation = Conversation::tcp();
    conversation.says(Client, b"\x0bMSH|^~\\&|PUMP|ICU\r\x1c\r");
    conversation.packet(Client, FIN | ACK, b"");
    // The server was not heard before, and the client's slot is given to its next connection.
    conversation.packet(Client, SYN, b"");
    let slot = conversation.packet(Server, SYN | ACK, b"");
    assert_eq!(verdict(&slot), (Application::Unknown, Evidence::None));
    let slot = conversation.acknowledges(Client);
    assert_eq!(verdict(&slot), (Application::Unknown, Evidence::None));
    let slot = conversation.acknowledges(Server);
    assert_eq!(verdict(&slot), (Application::Unknown, Evidence::None));
}

#[test]
fn a_direction_that_only_acknowledges_is_not_looked_at_for_ever() {
    let mut hello = [0; 60];
    hello[..11].copy_from_slice(&[22, 3, 1, 0, 55, 1, 0, 0, 51, 3, 3]);
    let mut conversation = Conversation::tcp();
    conversation.says(Client, &hello);
    for packet in 1..=LOOKED_AT_PACKETS {
        let slot = conversation.acknowledges(Server);
        assert_eq!(verdict(&slot), (Application::Tls, Evidence::Confirmed));
        // Until then a hello might come that is worth a sample.
        assert_eq!(slot.verdict().is_settled(), packet == LOOKED_AT_PACKETS, "{packet}");
    }
    let mut unknown = Conversation::tcp();
    let last = (0..300).map(|_| unknown.acknowledges(Server)).last().unwrap();
    assert!(last.verdict().is_settled());
}

#[test]
fn a_marker_in_two_segments_is_found_and_what_was_held_stays() {
    let mut conversation = Conversation::tcp();
    let slot = conversation.says(Client, b"\x0b");
    assert_eq!(verdict(&slot), (Application::Unknown, Evidence::None));
    assert_eq!((slot.tail.held_length, slot.tail.held.to_ne_bytes()[0]), (1, 0x0b));
    let mut slot = slot;
    let image = SlotImage::of(&slot.in_table()).slot();
    assert_eq!(
        (image.tail.held_length, image.tail.held),
        (0, 0),
        "nothing held leaves with a record"
    );
    let slot = conversation.says(Client, b"MSH|^~\\&|PUMP|ICU\r");
    assert_eq!(verdict(&slot), (Application::Hl7, Evidence::Confirmed));
    assert_eq!((slot.tail.held_length, slot.tail.held), (0, 0));
}

#[test]
fn four_payloads_without_a_marker_leave_the_port() {
    let mut conversation = Conversation::over(protocol::TCP, [50_001, 104]);
    for packet in 1..=INSPECTED_PACKETS {
        let slot = conversation.says(Client, b"no marker is in this");
        assert_eq!(slot.verdict().is_settled(), packet == INSPECTED_PACKETS);
    }
    let slot = conversation.says(Client, b"\x0bMSH|^~\\&|PUMP|ICU\r");
    assert_eq!(verdict(&slot), (Application::Dicom, Evidence::Port), "nobody looks any more");
}

#[test]
fn http_does_not_overturn_what_it_carries() {
    let mut conversation = Conversation::tcp();
    let fhir = (Application::Fhir, Evidence::Likely);
    assert_eq!(verdict(&conversation.says(Client, b"GET /fhir/Patient HTTP/1.1\r\n\r\n")), fhir);
    conversation.says(Server, b"HTTP/1.1 200 OK\r\n\r\n");
    let slot = conversation.says(Client, b"GET /metadata HTTP/1.1\r\n\r\n");
    assert_eq!(verdict(&slot), fhir);
    assert_eq!(change(&slot), UNCHANGED);
}

#[test]
fn of_a_hello_in_two_segments_both_are_sampled_and_nothing_behind() {
    let mut hello = vec![9; 300];
    hello[..11].copy_from_slice(&[22, 3, 1, 1, 39, 1, 0, 1, 35, 3, 3]);
    let mut conversation = Conversation::tcp();
    conversation.says(Client, &hello[..200]);
    conversation.says(Client, &[&hello[200..], b"behind the hello"].concat());
    conversation.says(Client, b"further behind it");
    let samples = [&hello[..200], &hello[200..]].map(|part| (Application::Tls, part.to_vec()));
    assert_eq!(conversation.sampled(), samples);
}

#[test]
fn what_only_the_other_side_calls_tls_is_not_sampled() {
    let mut conversation = Conversation::tcp();
    conversation.says(Client, b"\x10\x11\x12\x13 a record of somebody");
    conversation.says(Server, &[21, 3, 3, 0, 2, 2, 70]);
    let slot = conversation.says(Client, b"\x10\x11\x12\x13 a record of somebody");
    assert_eq!(slot.verdict().application(), Application::Tls);
    assert_eq!(conversation.sampled(), []);
}

#[test]
fn what_only_the_port_tells_is_not_sampled() {
    for (port, application) in [(67, Application::Dhcp), (3702, Application::Wsd)] {
        let mut conversation = Conversation::over(protocol::UDP, [50_001, port]);
        // They begin as samples of these must.
        let payload = [b"\x01\x01\x06 somebody", &b"<somebody>"[..]].concat();
        for _ in 0..8 {
            conversation.says(Client, &payload);
        }
        let slot = conversation.says(Client, &payload);
        assert_eq!(verdict(&slot), (application, Evidence::Port));
        assert_eq!(conversation.sampled(), []);
    }
}

#[test]
fn octets_of_the_segment_before_do_not_lengthen_a_sample() {
    // A command set (PS3.7 section 6.3.1) of one value, and behind it a data set.
    let command: Vec<u8> =
        [&[0, 0, 0, 0, 4, 0, 0, 0, 10, 0, 0, 0][..], &[0, 0, 0, 1, 2, 0, 0, 0, 0x20, 0]].concat();
    let item = command.len() as u8 + 2;
    let value = [&[0, 0, 0, item, 1, 3][..], &command].concat();
    let header = [4, 0, 0, 0, 0, value.len() as u8 + 40];
    let mut conversation = Conversation::tcp();
    conversation.says(Client, &header);
    let slot = conversation.says(Client, &[&value[..], &[0x55; 40]].concat());
    assert_eq!(slot.verdict().application(), Application::Dicom);
    assert_eq!(conversation.sampled(), [(Application::Dicom, value)]);
}

#[test]
fn clinical_messages_are_not_sampled() {
    let mut conversation = Conversation::tcp();
    for _ in 0..3 {
        conversation.says(Client, b"\x0bMSH|^~\\&|PUMP|ICU\rPID|1||4711\r\x1c\r");
        conversation.says(Server, b"\x0bMSH|^~\\&|HIS|HOSP\rMSA|AA|1\r\x1c\r");
    }
    assert_eq!(conversation.sampled(), []);
}
