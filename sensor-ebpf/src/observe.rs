//! One frame from reception to its place in the books.

use core::hint::black_box;

use aya_ebpf::{
    helpers::{bpf_get_smp_processor_id, generated::bpf_jiffies64},
    programs::XdpContext,
};
use sensor_common::{
    account::{Work, account, count_carrier, enter, finds_tunnel, settled_head},
    books::{INTERFACE_ROWS, InterfaceRow, UNDISSECTED_REASONS, Undissected, preferred_row},
    dissect::{dissect, plain::plain},
    flow::{FlowSet, WAYS},
    frame::Frame,
    read_back::read_back,
    wire::ethernet::SHORTEST_FRAME,
};

use crate::{
    environment::XdpEnvironment,
    maps::{BOOKS, FLOW_TAILS, FLOWS, REPLAY_FRAME, WORK},
    settings,
    xdp_frame::XdpFrame,
};

/// What the reception of a frame says that its octets do not.
struct Reception {
    now: u64,
    interface: u32,
    /// Octets of the whole frame when they are known without a look at its headers.
    wire_length: Option<u64>,
}

#[inline(always)]
pub fn observe(context: &XdpContext) {
    let frame = XdpFrame::new(context);
    let Some(reception) = reception(context) else {
        return;
    };
    let cpu = cpu();
    let Some(row) = interface_row(cpu, reception.interface) else {
        return;
    };
    // SAFETY: the memory is this CPU's own, and a program is not interrupted by itself.
    let row = unsafe { &mut *row };
    if let Some(octets) = express(&frame, &reception, cpu) {
        return received(row, octets);
    }
    let Some(work) = WORK.get_ptr_mut(cpu) else {
        return;
    };
    // SAFETY: as above.
    let work = unsafe { &mut *work };
    // Read again: how far the express way looked would else be a state of its own to the verifier.
    let context = black_box(context);
    let frame = XdpFrame::new(context);
    let dissected = dissect(&frame, reception.interface, &mut work.dissection);
    let declared_length = match dissected {
        Ok(()) => work.dissection.declared_length,
        Err(_) => 0,
    };
    let octets = match reception.wire_length {
        Some(octets) => octets,
        None => wire_length(&frame, declared_length),
    };
    received(row, octets);
    if let Err(reason) = dissected {
        return undissected(row, reason, octets);
    }
    read_back();
    work.octets = octets;
    if work.dissection.may_carry()
        && has_tunnel(context, work)
        && !(count_outer(cpu, work, reception.now) && step_in(context, cpu, work))
    {
        return;
    }
    // Also if another frame was found inside: that is in its place, and checked with it.
    read_back();
    let Some((mut set, first_position)) = flow_set(cpu, work) else {
        return;
    };
    let octets = work.octets;
    // Read again: how far the dissection looked would else be a state of its own to the verifier.
    let frame = XdpFrame::new(context);
    let environment = XdpEnvironment::new(cpu);
    account(&environment, &frame, work, &mut set, first_position, octets, reception.now);
}

#[inline(always)]
fn received(row: &mut InterfaceRow, octets: u64) {
    row.received_frames += 1;
    row.received_octets += octets;
}

/// Counts a plain frame in its flow if no more is to be done for it; its octets. Not a function of
/// its own: the call would take as long as a tenth of what it does.
#[inline(always)]
fn express(frame: &XdpFrame, reception: &Reception, cpu: u32) -> Option<u64> {
    let plain = plain(frame, reception.interface)?;
    let octets = match reception.wire_length {
        Some(octets) => octets,
        None => whole_length(frame, plain.declared_length)?,
    };
    let hash = plain.key.hash(settings::seed());
    let heads = FLOWS.get_ptr_mut(set_index(cpu, hash))?;
    // SAFETY: the set lies in this CPU's own region of the table.
    let heads = unsafe { &mut *heads };
    settled_head(heads, &plain.key, hash)?.count(octets, plain.tcp_flags, reception.now);
    Some(octets)
}

// Three functions, so that none of them keeps its stack frame while another one's callees run.

#[inline(never)]
fn has_tunnel(context: &XdpContext, work: &mut Work) -> bool {
    // The compiler would else pass both ends of the packet as numbers of half a register.
    let context = black_box(context);
    finds_tunnel(&XdpFrame::new(context), work)
}

/// Counts a frame that carries another; `false` if nothing is left to count.
#[inline(never)]
fn count_outer(cpu: u32, work: &mut Work, now: u64) -> bool {
    let work = black_box(work);
    let Some((mut set, first_position)) = flow_set(cpu, work) else {
        return false;
    };
    count_carrier(&XdpEnvironment::new(cpu), work, &mut set, first_position, now);
    true
}

/// Puts what the frame carries in its place; `false` if that has no flow.
#[inline(never)]
fn step_in(context: &XdpContext, cpu: u32, work: &mut Work) -> bool {
    let (context, work) = (black_box(context), black_box(work));
    let interface = work.dissection.key.interface();
    enter(&XdpEnvironment::new(cpu), &XdpFrame::new(context), work, interface)
}

/// The set that the flow at work belongs to, and the index of its first slot.
#[inline(always)]
fn flow_set(cpu: u32, work: &mut Work) -> Option<(FlowSet<'static>, u32)> {
    let hash = work.dissection.key.hash(settings::seed());
    work.hash = hash;
    let index = set_index(cpu, hash);
    let (heads, tails) = (FLOWS.get_ptr_mut(index)?, FLOW_TAILS.get_ptr_mut(index)?);
    // SAFETY: the set lies in this CPU's own region of the table.
    let set = unsafe { FlowSet { heads: &mut *heads, tails: &mut *tails } };
    Some((set, index * WAYS as u32))
}

#[inline(always)]
fn set_index(cpu: u32, hash: u64) -> u32 {
    let set_mask = settings::set_mask();
    cpu * (set_mask + 1) + (hash as u32 & set_mask)
}

/// Octets of the whole frame. Most frames are as long as their headers say, or padded to the
/// shortest length; the kernel is asked only for others.
#[inline(always)]
fn wire_length(frame: &XdpFrame, declared_length: usize) -> u64 {
    match whole_length(frame, declared_length) {
        Some(octets) if declared_length != 0 => octets,
        _ => frame.readable_length() as u64,
    }
}

/// The same where the first buffer shows it.
#[inline(always)]
fn whole_length(frame: &XdpFrame, declared_length: usize) -> Option<u64> {
    let first_buffer = frame.first_buffer_length();
    let is_padded = first_buffer == SHORTEST_FRAME && declared_length < SHORTEST_FRAME;
    (first_buffer == declared_length || is_padded).then_some(first_buffer as u64)
}

#[inline(always)]
fn undissected(row: &mut InterfaceRow, reason: Undissected, octets: u64) {
    row.undissected_frames[reason as usize & (UNDISSECTED_REASONS - 1)] += 1;
    row.undissected_octets += octets;
}

#[inline(always)]
fn reception(context: &XdpContext) -> Option<Reception> {
    if settings::is_replay() != 0 {
        let replayed = REPLAY_FRAME.get(0)?;
        return Some(Reception {
            now: replayed.now,
            interface: replayed.interface as u32,
            wire_length: Some(replayed.wire_length),
        });
    }
    Some(Reception {
        // SAFETY: the helper has no preconditions.
        now: unsafe { bpf_jiffies64() },
        interface: context.ingress_ifindex() as u32,
        wire_length: None,
    })
}

/// A replay runs on one CPU at a time, on whichever it is, and has one region.
#[inline(always)]
fn cpu() -> u32 {
    if settings::is_replay() != 0 {
        return 0;
    }
    // SAFETY: the helper has no preconditions.
    unsafe { bpf_get_smp_processor_id() }
}

/// This CPU's row for `interface`: its own, or the shared one if another interface has that.
#[inline(always)]
fn interface_row(cpu: u32, interface: u32) -> Option<*mut InterfaceRow> {
    let first = cpu * INTERFACE_ROWS;
    let row = BOOKS.get_ptr_mut(first + preferred_row(interface))?;
    // SAFETY: the row is this CPU's own, and a program is not interrupted by itself.
    let holder = unsafe { &mut (*row).interface };
    if *holder == interface as u64 {
        return Some(row);
    }
    if *holder == 0 {
        *holder = interface as u64;
        return Some(row);
    }
    BOOKS.get_ptr_mut(first)
}
