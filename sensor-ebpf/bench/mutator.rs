//! Runs before every program that is measured: writes the next flow of a turn into the frame, then
//! calls the program. It costs all of them the same.
//!
//! Fields are written in the words in which the dissector reads them. A wider read of what was
//! written just before by a narrower store waits for the store, which no frame from a network card
//! would make it do.

use core::arch::asm;

use aya_ebpf::{
    bindings::xdp_action,
    helpers::generated::bpf_xdp_adjust_head,
    macros::map,
    maps::{Array, ProgramArray},
    programs::XdpContext,
};
use sensor_common::{
    frame::{Frame, Header},
    wire::ethernet::{HEADER_LENGTH, SHORTEST_FRAME},
};

use crate::xdp_frame::{XdpFrame, opaque};

/// Entries of the table of flows: a thousand blocks, since user space writes block by block.
const BLOCK: usize = 1024;
const BLOCKS: u32 = 1024;

const PACKET_WORDS: usize = 34;
const PACKETS: u32 = 128;

/// Which flows come, and how they look; written by user space before each turn.
#[repr(C)]
struct Turn {
    /// Frames so far.
    position: u64,
    /// 1 for flow after flow, 0 for the flows of the table.
    is_sequential: u64,
    /// Added to the number of every flow.
    first_flow: u64,
    /// The addresses of flow 0.
    source: u64,
    destination: u64,
    /// How many bits of the flow's number are added to either address; what is left over becomes
    /// the source port.
    source_bits: u64,
    destination_bits: u64,
    /// The high half of the IPv4 header's second word.
    lifetime_and_protocol: u64,
    /// The low 48 bits of the transport header's first word: all but the source port.
    transport: u64,
    /// Added to the packet's number in the table of flows.
    first_packet: u64,
    /// 1 for frames that end where their packets do, 0 for frames that are all as long as the first.
    is_trimmed: u64,
}

/// The beginning of a packet: headers and all of the payload that a recogniser looks at.
#[repr(C)]
struct Packet {
    words: [u64; PACKET_WORDS],
}

#[map]
static TURN: Array<Turn> = Array::with_max_entries(1, 0);

/// The flow of each frame in the low 32 bits, the number of its packet above them.
#[map]
static FLOW_TABLE: Array<[u64; BLOCK]> = Array::with_max_entries(BLOCKS, 0);

#[map]
static PACKET_TABLE: Array<Packet> = Array::with_max_entries(PACKETS, 0);

#[map]
static MEASURED: ProgramArray = ProgramArray::with_max_entries(1, 0);

/// One flow as header fields.
struct Fields {
    source: u64,
    destination: u64,
    source_port: u64,
    packet: u64,
}

#[inline(always)]
fn next(turn: &mut Turn) -> Option<Fields> {
    let position = turn.position;
    turn.position = position + 1;
    let block = FLOW_TABLE.get((position / BLOCK as u64) as u32 & (BLOCKS - 1))?;
    let entry = block[position as usize & (BLOCK - 1)];
    let flow = match turn.is_sequential {
        0 => turn.first_flow + (entry & 0xffff_ffff),
        _ => turn.first_flow + position,
    };
    let (source_bits, destination_bits) = (turn.source_bits & 31, turn.destination_bits & 31);
    Some(Fields {
        source: turn.source + (flow & ((1 << source_bits) - 1)),
        destination: turn.destination + (flow >> source_bits & ((1 << destination_bits) - 1)),
        source_port: 0x8000 | flow >> source_bits >> destination_bits & 0x7fff,
        packet: turn.first_packet + (entry >> 32),
    })
}

#[inline(always)]
fn turn() -> Option<&'static mut Turn> {
    let turn = TURN.get_ptr_mut(0)?;
    // SAFETY: the bench runs one program at a time.
    Some(unsafe { &mut *turn })
}

#[inline(always)]
fn call(context: &XdpContext) -> u32 {
    // SAFETY: the program that is called takes over with the same context.
    unsafe { MEASURED.tail_call(context, 0) };
    xdp_action::XDP_ABORTED
}

#[inline(always)]
pub fn ipv4(context: &XdpContext, network_offset: usize) -> u32 {
    let Some((turn, fields)) = turn().and_then(|turn| next(turn).map(|fields| (&*turn, fields)))
    else {
        return xdp_action::XDP_ABORTED;
    };
    let is_written = write_ipv4(
        context,
        network_offset,
        &fields,
        turn.lifetime_and_protocol << 32,
        turn.transport,
    );
    if is_written { call(context) } else { xdp_action::XDP_ABORTED }
}

/// Addresses and ports of an IPv4 packet without options.
#[inline(always)]
fn write_ipv4(
    context: &XdpContext,
    network_offset: usize,
    fields: &Fields,
    lifetime_and_protocol: u64,
    transport: u64,
) -> bool {
    let start = context.data() + network_offset;
    if start + 28 > context.data_end() {
        return false;
    }
    let second = (lifetime_and_protocol | fields.source).to_be();
    let destination = (fields.destination as u32).to_be();
    let ports = (fields.source_port << 48 | transport).to_be();
    // SAFETY: the 28 octets from `start` lie in the frame.
    unsafe {
        asm!(
            "*(u64 *)({0} + 8) = {1}",
            "*(u32 *)({0} + 16) = {2}",
            "*(u64 *)({0} + 20) = {3}",
            in(reg) start, in(reg) second, in(reg) destination as u64, in(reg) ports,
            options(nostack)
        );
    }
    true
}

#[inline(always)]
pub fn ipv6(context: &XdpContext, network_offset: usize) -> u32 {
    let Some((turn, fields)) = turn().and_then(|turn| next(turn).map(|fields| (&*turn, fields)))
    else {
        return xdp_action::XDP_ABORTED;
    };
    let ports = fields.source_port << 48 | turn.transport;
    let start = context.data() + network_offset;
    if start + 48 > context.data_end() {
        return xdp_action::XDP_ABORTED;
    }
    // SAFETY: the 48 octets from `start` lie in the frame.
    unsafe {
        asm!(
            "*(u64 *)({0} + 16) = {1}",
            "*(u64 *)({0} + 32) = {2}",
            "*(u64 *)({0} + 40) = {3}",
            in(reg) start,
            in(reg) fields.source.to_be(),
            in(reg) fields.destination.to_be(),
            in(reg) ports.to_be(),
            options(nostack)
        );
    }
    call(context)
}

/// The first octets of a packet of the table, and the addresses of the next flow. Copied word by
/// word: the kernel's calls copy in a way whose end every later read of the frame waits for.
#[inline(always)]
pub fn packet(context: &XdpContext) -> u32 {
    let Some((turn, fields)) = turn().and_then(|turn| next(turn).map(|fields| (&*turn, fields)))
    else {
        return xdp_action::XDP_ABORTED;
    };
    let Some(packet) = PACKET_TABLE.get(fields.packet as u32 & (PACKETS - 1)) else {
        return xdp_action::XDP_ABORTED;
    };
    // The total length of the IPv4 header.
    let length = (u64::from_be(packet.words[0]) >> 32 & 0xffff) as usize;
    if turn.is_trimmed != 0 && !trim(context, HEADER_LENGTH + length) {
        return xdp_action::XDP_ABORTED;
    }
    let (start, end) = (context.data() + HEADER_LENGTH, context.data_end());
    for (index, word) in packet.words.iter().enumerate() {
        if start + index * 8 + 8 > end {
            break;
        }
        // SAFETY: the word lies in the frame.
        unsafe {
            asm!("*(u64 *)({0} + 0) = {1}", in(reg) start + index * 8, in(reg) *word,
                 options(nostack));
        }
    }
    write_end(packet, length, start, end);
    let lifetime_and_protocol = u64::from_be(packet.words[1]) & !0xffff_ffff;
    // The transport header begins after 20 octets, in the middle of a word.
    let beginning = u64::from_be(packet.words[2]) << 32 | u64::from_be(packet.words[3]) >> 32;
    let transport = beginning & 0xffff_ffff_ffff;
    if write_ipv4(context, HEADER_LENGTH, &fields, lifetime_and_protocol, transport) {
        call(context)
    } else {
        xdp_action::XDP_ABORTED
    }
}

/// Makes the frame as long as this, or as Ethernet pads it. It is cut at its beginning, and the
/// Ethernet header moved: what the kernel adds at the end it would fill with zeros first.
#[inline(always)]
fn trim(context: &XdpContext, length: usize) -> bool {
    let length = if length < SHORTEST_FRAME { SHORTEST_FRAME } else { length };
    let frame = XdpFrame::new(context);
    let Some(header) = frame.beginning::<HEADER_LENGTH>() else {
        return false;
    };
    let (head, tail) = (header.be_u64::<0>(), header.be_u64::<6>());
    let excess = frame.first_buffer_length() as i64 - length as i64;
    // SAFETY: no pointer into the frame is kept.
    if unsafe { bpf_xdp_adjust_head(context.ctx, excess as i32) } != 0 {
        return false;
    }
    let start = context.data();
    if start + HEADER_LENGTH > context.data_end() {
        return false;
    }
    // SAFETY: the header's 14 octets from `start` lie in the frame.
    unsafe {
        asm!("*(u64 *)({0} + 0) = {1}", "*(u64 *)({0} + 6) = {2}",
             in(reg) start, in(reg) head.to_be(), in(reg) tail.to_be(), options(nostack));
    }
    true
}

/// The octets after the last whole word of a packet that is in the table to its end, with those
/// before them that make a word: readers read it at once.
#[inline(always)]
fn write_end(packet: &Packet, length: usize, start: usize, end: usize) {
    // The compiler must not check one copy of a sum and use another.
    let at = opaque(length.wrapping_sub(8));
    if at > size_of::<Packet>() - 8 {
        return;
    }
    let destination = start + at;
    if destination + 8 > end {
        return;
    }
    // SAFETY: eight octets from `at` lie in both.
    unsafe {
        asm!("{2} = *(u64 *)({0} + 0)", "*(u64 *)({1} + 0) = {2}",
             in(reg) (packet as *const Packet as usize) + at, in(reg) destination, out(reg) _,
             options(nostack));
    }
}
