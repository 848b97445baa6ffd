//! The program in the kernel and the same code on the host must end in the same state.

use sensor::capture::{
    Datapath as _,
    host::{HostDatapath, TableSizes},
    state::State,
    xdp::{Buffers, KernelReplay},
};
use sensor_common::books::Entry;
use tests::frames::{
    Endpoints, EthernetHeader, FrameGenerator, Ipv4Header, Ipv6Header, MacAddress, Tag, TcpHeader,
    ethertype, protocol, tcp_flags, udp_datagram,
};

const FRAMES: usize = 20_000;
/// Small enough that flows are evicted and endpoints refused.
const SIZES: TableSizes = TableSizes { sets: 256, endpoints: 1024, verdicts: 4096 };
/// How often the whole state is compared.
const INTERVAL: usize = 500;

fn assert_same(host: &State, kernel: &State, context: &str) {
    if let Some(difference) = host.difference(kernel) {
        panic!("{context}: {difference:#?}");
    }
}

#[test]
#[ignore = "needs CAP_BPF"]
fn kernel_and_host_agree_on_generated_frames() {
    let kernel = KernelReplay::open(&SIZES).expect("the program loads");
    assert_agreement(kernel, 20_261_123, FRAMES);
}

#[test]
#[ignore = "needs CAP_BPF"]
fn program_for_kernels_without_several_buffers_agrees_with_the_host() {
    let kernel = KernelReplay::open_for(Buffers::One, &SIZES).expect("every kernel loads it");
    assert_agreement(kernel, 20_261_124, FRAMES / 4);
}

fn assert_agreement(mut kernel: KernelReplay, seed: u64, frames: usize) {
    let mut host = HostDatapath::new(&SIZES);
    let mut evicted = 0;
    let mut samples = 0;
    for (index, specimen) in FrameGenerator::new(seed).take(frames).enumerate() {
        let (octets, now) = (&specimen.octets, 1_000_000 + index as u64 / 7);
        let (interface, wire_length) = (1 + index as u32 % 3, octets.len() as u64);
        host.receive(octets, wire_length, interface, now);
        kernel.receive(octets, wire_length, interface, now).expect("the kernel runs the frame");
        if index % INTERVAL == INTERVAL - 1 {
            let context = format!("after frame {index}: {}", specimen.description);
            let host = State::of(&mut host);
            assert_same(&host, &State::of(&mut kernel), &context);
            evicted += host.evicted.len();
            samples += host.samples.len();
        }
    }
    let inner = kernel.ledger().line(Entry::Encapsulated);
    let undissected = kernel.ledger().line(Entry::EncapsulatedUndissected);
    println!("{inner} frames in tunnels, {undissected} more that could not be dissected");
    let (inner, undissected) = (inner as usize, undissected as usize);
    let is_enough = inner > frames / 25 && undissected > frames / 200;
    assert!(is_enough, "{inner} and {undissected} frames in tunnels");
    assert!(samples > frames / 100, "{samples} samples were compared");
    assert!(evicted > 100, "the table is small so that flows are evicted, but {evicted} were");
}

#[test]
#[ignore = "needs CAP_BPF"]
fn kernel_and_host_agree_on_tunnels_cut_at_every_octet() {
    let mut host = HostDatapath::new(&SIZES);
    let mut kernel = KernelReplay::open(&SIZES).expect("the program loads");
    let tunnels = FrameGenerator::new(2784).one_in_each_tunnel();
    assert!(tunnels.len() > 40, "{} kinds of tunnels", tunnels.len());
    for (index, specimen) in tunnels.iter().enumerate() {
        let now = 1_000_000 + index as u64;
        let wire_length = specimen.octets.len() as u64;
        // Headers end within 250 octets; further cuts only shorten the payload.
        for cut in (14..=specimen.octets.len().min(250)).chain([specimen.octets.len()]) {
            let octets = &specimen.octets[..cut];
            host.receive(octets, wire_length, 1, now);
            kernel.receive(octets, wire_length, 1, now).expect("the kernel runs the frame");
        }
        assert_same(&State::of(&mut host), &State::of(&mut kernel), &specimen.description);
    }
    assert!(kernel.ledger().line(Entry::EncapsulatedUndissected) > 1000);
}

/// Plain frames of two hosts, each also with octets on the wire that were not captured.
fn plain_frames() -> Vec<(Vec<u8>, usize)> {
    let (from, to) = ([10, 20, 0, 21], [10, 30, 0, 10]);
    let link = || {
        EthernetHeader::between(MacAddress::vendor(0x20e791, 1), MacAddress::vendor(0xd4ae52, 1))
    };
    let v6 = |host| std::net::Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, host);
    let mut frames = Vec::new();
    for (index, payload) in [1, 20, 700].into_iter().enumerate() {
        let payload = vec![0x55; payload];
        let port = 50_000 + index as u16;
        let ends = Endpoints::v4(from, to);
        let segment = TcpHeader::with_flags(port, 9, tcp_flags::ACK).segment(&ends, &payload);
        let datagram = udp_datagram(&ends, port, 9, &payload);
        let ipv4 = |protocol, octets: &[u8]| Ipv4Header::between(from, to).packet(protocol, octets);
        for (protocol, octets) in [(protocol::TCP, &segment), (protocol::UDP, &datagram)] {
            let packet = ipv4(protocol, octets);
            for link in [link(), link().tagged(Tag::customer(20))] {
                frames.push(link.frame(ethertype::IPV4, &packet));
            }
            let twice = link().tagged(Tag::customer(7)).tagged(Tag::customer(20));
            frames.push(twice.frame(ethertype::IPV4, &packet));
            let packet = Ipv6Header::between(v6(1), v6(2)).packet(protocol, octets);
            for link in [link(), link().tagged(Tag::customer(20))] {
                frames.push(link.frame(ethertype::IPV6, &packet));
            }
        }
    }
    frames.into_iter().flat_map(|frame| [(frame.clone(), 0), (frame, 9)]).collect()
}

#[test]
#[ignore = "needs CAP_BPF"]
fn kernel_and_host_agree_on_packets_of_settled_flows() {
    for buffers in [Buffers::Several, Buffers::One] {
        let mut host = HostDatapath::new(&SIZES);
        let mut kernel = KernelReplay::open_for(buffers, &SIZES).expect("the program loads");
        let frames = plain_frames();
        for packet in 0..150 {
            for (frame, uncaptured) in &frames {
                let wire_length = (frame.len() + uncaptured) as u64;
                host.receive(frame, wire_length, 1, packet);
                kernel.receive(frame, wire_length, 1, packet).expect("the kernel runs the frame");
            }
            if packet % 30 == 29 {
                let context = format!("after {packet} packets of each flow, {buffers:?}");
                assert_same(&State::of(&mut host), &State::of(&mut kernel), &context);
            }
        }
        let slots = (0..host.slots()).filter_map(|position| host.slot(position));
        let settled = slots.filter(|slot| slot.verdict().is_settled()).count();
        assert_eq!(settled, frames.len() / 2, "flows were settled, {buffers:?}");
    }
}
