//! What a flow speaks: by its headers, by the memory of its conversation, by its payload, and at
//! last by its port. A verdict is provisional until nothing better can come; then it is settled,
//! and no packet of the flow is looked at any more.

use core::hint::black_box;

use super::{Environment, SampleRequest, Work, fold};
use crate::{
    application::{
        Application, Change, Context, Evidence, Identification, Verdict, awaited_octets, identify,
        identify_by_headers, identify_by_port, is_carried_by_http, sample_length,
    },
    books::Entry,
    flow::{FlowSet, SlotInTable},
    frame::Frame,
    wire::transport::{is_first_segment, protocol, tcp_flags},
};

/// Payload packets of a direction in which markers are looked for.
pub const INSPECTED_PACKETS: u8 = 4;

/// Packets, with payload or without, after which a direction keeps the verdict that it has: one
/// that only acknowledges must not be looked at for ever.
pub const LOOKED_AT_PACKETS: u8 = 24;

/// Payloads shorter than this tell too little; the next segment's is read with it.
const HELD_OCTETS: usize = 8;

/// A verdict that may take the place of the flow's present one, if it says more.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Proposal {
    application: u8,
    evidence: u8,
    change: u8,
}

/// Improves the flow's verdict if this packet, or the other direction's memory, allows it.
#[inline(never)]
pub(super) fn classify<E: Environment, F: Frame + ?Sized>(
    environment: &E,
    frame: &F,
    work: &mut Work,
    set: &mut FlowSet<'_>,
) {
    let work = black_box(work);
    let dissection = &work.dissection;
    let key = &dissection.key;
    if let Some(identification) = identify_by_headers(key, dissection.is_later_fragment) {
        propose(environment, work, set, identification, Change::None);
        return set.slot(work.way).settle();
    }
    work.conversation = key.conversation(environment.seed());
    if is_first_segment(dissection.tcp_flags) {
        // The ports may be in use again for something else.
        environment.remember(work.conversation, 0);
        return;
    }
    let tail = set.tail(work.way);
    let was_unanswered = tail.is_unanswered();
    tail.looked_at = tail.looked_at.saturating_add(1);
    if was_unanswered {
        environment.remember(work.conversation, 0);
    } else if !is_answer(work.dissection.tcp_flags) {
        let recalled = recollection(environment.recall(work.conversation), work.conversation);
        propose(environment, work, set, recalled, Change::OtherDirection);
    }
    if work.dissection.payload_length > 0 {
        inspect(environment, frame, work, set);
    }
    if is_done(&set.slot(work.way)) {
        settle(environment, work, set);
    }
}

/// Whether a segment grants or refuses a connection: what is remembered of the ports is of the
/// connection before.
#[inline(always)]
fn is_answer(flags: u8) -> bool {
    flags & (tcp_flags::SYN | tcp_flags::RST) != 0
}

/// Looks at one payload, and whether user space may see something of it.
#[inline(never)]
fn inspect<E: Environment, F: Frame + ?Sized>(
    environment: &E,
    frame: &F,
    work: &mut Work,
    set: &mut FlowSet<'_>,
) {
    let work = black_box(work);
    let tail = set.tail(work.way);
    let Work { dissection, payload, .. } = work;
    environment.note(Entry::Inspected, 1);
    tail.inspected += 1;
    payload.fill(frame, dissection.payload_offset, dissection.payload_length);
    payload.prepend(tail.held, tail.held_length as usize);
    if tail.inspected == 1 || tail.held_length != 0 {
        tail.digest = payload.digest(environment.seed());
    }
    tail.held_length = 0;
    tail.held = 0;
    if tail.evidence != Evidence::Confirmed as u8 {
        find_marker(environment, frame, work, set);
    }
    work.outcome.is_sampled = may_be_sampled(&set.slot(work.way));
}

/// Asks the recognisers, and tells the other direction what they found.
#[inline(always)]
fn find_marker<E: Environment, F: Frame + ?Sized>(
    environment: &E,
    frame: &F,
    work: &mut Work,
    set: &mut FlowSet<'_>,
) {
    let work = black_box(work);
    let context = Context::of(&work.dissection.key);
    if let Some(found) = identify(frame, &work.payload, &context) {
        if propose(environment, work, set, found, Change::LaterPacket) {
            environment.remember(work.conversation, memory(found, work.conversation));
        }
        return;
    }
    let slot = set.slot(work.way);
    let length = work.payload.length();
    let is_stream = context.protocol == protocol::TCP;
    if is_stream && length < HELD_OCTETS && slot.head.verdict().number() == 0 {
        slot.tail.held = work.payload.first_word();
        slot.tail.held_length = length as u8;
    }
}

/// Finds out whether user space may see a later payload of a flow that is sampled for as long as it
/// lasts.
#[inline(never)]
pub(super) fn sample_later<F: Frame + ?Sized>(frame: &F, work: &mut Work, set: &mut FlowSet<'_>) {
    let work = black_box(work);
    let verdict = set.head(work.way).verdict();
    let Work { dissection, payload, .. } = work;
    if dissection.payload_length == 0 || !may_be_sampled(&set.slot(work.way)) {
        return;
    }
    // Of the contents of files no more than this is read. Octets that are not where it looks, in
    // the first buffer, are looked for below.
    let beginning = frame.be_u64(dissection.payload_offset);
    if beginning.is_none_or(|beginning| verdict.may_sample(beginning)) {
        payload.fill(frame, dissection.payload_offset, dissection.payload_length);
        work.outcome.is_sampled = true;
    }
}

/// Whether user space may see something of the present payload; never, if only the port speaks for
/// the verdict.
#[inline(always)]
fn may_be_sampled(slot: &SlotInTable<'_>) -> bool {
    slot.head.verdict().is_sampled(slot.tail.inspected) && slot.tail.evidence > Evidence::Port as u8
}

/// Hands of a payload to user space what [`sample_length`] allows.
#[inline(never)]
pub(super) fn sample<E: Environment, F: Frame + ?Sized>(
    environment: &E,
    frame: &F,
    work: &mut Work,
    set: &mut FlowSet<'_>,
) {
    measure(work, set);
    // Read back: the verifier would go on with every length on its own.
    let work = black_box(work);
    let slot = set.slot(work.way);
    if work.permitted > 0 {
        let request = SampleRequest {
            application: slot.head.verdict().number(),
            endpoint: slot.tail.source_endpoint,
            is_header: slot.head.verdict().is_sampled_by_header(),
            length: work.permitted,
            now: work.now,
        };
        environment.sample(frame, &work.dissection, &request);
    }
}

/// How much of the payload in this frame may be sampled.
#[inline(always)]
fn measure(work: &mut Work, set: &mut FlowSet<'_>) {
    let work = black_box(work);
    let slot = set.slot(work.way);
    let verdict = slot.head.verdict().bits();
    // Octets held of the segment before count in the payload, but are not in this frame.
    let held = work.payload.length().saturating_sub(work.dissection.payload_length);
    let permitted = sample_length(verdict, &work.payload, slot.tail.awaited);
    work.permitted = permitted.saturating_sub(held);
    slot.tail.awaited = awaited_octets(verdict, &work.payload, slot.tail.awaited);
}

/// Whether later packets can add nothing to what is known of the flow.
#[inline(always)]
fn is_done(slot: &SlotInTable<'_>) -> bool {
    let verdict = slot.head.verdict();
    if slot.tail.looked_at == u8::MAX {
        return true;
    }
    if verdict.number() == Application::Unknown as u8 {
        return slot.tail.inspected >= INSPECTED_PACKETS;
    }
    if slot.tail.looked_at >= LOOKED_AT_PACKETS {
        return true;
    }
    if slot.tail.evidence == Evidence::Confirmed as u8 {
        // Of what is sampled throughout, the sampling goes on.
        verdict.is_sampled_throughout() || !verdict.is_sampled(slot.tail.inspected + 1)
    } else {
        slot.tail.inspected >= INSPECTED_PACKETS
    }
}

/// Ends the search; where nothing was found, the port is all there is.
#[inline(always)]
fn settle<E: Environment>(environment: &E, work: &mut Work, set: &mut FlowSet<'_>) {
    let slot = set.slot(work.way);
    if slot.tail.inspected > 0 && slot.head.verdict().number() == Application::Unknown as u8 {
        propose_by_port(environment, work, set);
    }
    set.slot(work.way).settle();
}

#[inline(never)]
fn propose_by_port<E: Environment>(environment: &E, work: &mut Work, set: &mut FlowSet<'_>) {
    let work = black_box(work);
    let by_port = identify_by_port(&Context::of(&work.dissection.key)).unwrap_or_default();
    propose(environment, work, set, by_port, Change::None);
}

/// Gives the flow the proposed verdict if that says more than the present one; whether it did.
#[inline(always)]
pub(super) fn propose<E: Environment>(
    environment: &E,
    work: &mut Work,
    set: &mut FlowSet<'_>,
    identification: Identification,
    change: Change,
) -> bool {
    let proposal = Proposal {
        application: identification.application as u8,
        evidence: identification.evidence as u8,
        change: change as u8,
    };
    let says_more = proposal.says_more_than(&set.slot(work.way));
    if says_more {
        work.proposal = proposal;
        adopt(environment, work, set);
    }
    says_more
}

impl Proposal {
    #[inline(always)]
    fn says_more_than(&self, slot: &SlotInTable<'_>) -> bool {
        let present = slot.head.verdict().number();
        if self.is_first(present) {
            return true;
        }
        let is_less_particular =
            self.application == Application::Http as u8 && is_carried_by_http(present);
        self.evidence > slot.tail.evidence && !is_less_particular
    }

    /// Whether nothing was known before.
    #[inline(always)]
    fn is_first(&self, present: u8) -> bool {
        present == Application::Unknown as u8 && self.application != present
    }
}

/// Gives the flow the proposed verdict.
#[inline(never)]
fn adopt<E: Environment>(environment: &E, work: &mut Work, set: &mut FlowSet<'_>) {
    let work = black_box(work);
    let mut slot = set.slot(work.way);
    let proposal = work.proposal;
    let present = slot.head.verdict().number();
    fold(environment, &mut slot);
    if !proposal.is_first(present) {
        slot.tail.earlier_application = present;
        slot.tail.earlier_evidence = slot.tail.evidence;
        slot.tail.change = proposal.change;
    }
    slot.head.set_verdict(Verdict::from_bits(proposal.application));
    slot.tail.evidence = proposal.evidence;
    work.outcome.is_adopted = true;
}

/// A word of the verdict memory: 48 bits of the conversation, then evidence and verdict.
#[inline(always)]
fn memory(identification: Identification, conversation: u64) -> u64 {
    conversation & !0xffff
        | (identification.evidence as u64) << 8
        | Verdict::settled(identification.application).bits() as u64
}

#[inline(always)]
fn recollection(word: u64, conversation: u64) -> Identification {
    if word == 0 || (word ^ conversation) >> 16 != 0 {
        return Identification::default();
    }
    Identification {
        application: Verdict::from_bits(word as u8).application(),
        evidence: Evidence::from_number((word >> 8) as u8),
    }
}

#[cfg(test)]
mod tests;
