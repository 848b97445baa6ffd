//! Frames that carry others: the outer frame is counted in its flow, then what it carries takes its
//! place in [`Work`] and is counted like any other frame, in a flow that is marked as inner.
//!
//! One level deep: what an inner frame carries is not opened. So a frame is counted at most twice,
//! however many headers it has.

use core::hint::black_box;

use super::{Environment, Work, find_slot, look_after, verdict::propose};
use crate::{
    application::{Application, Change, Evidence, Identification, identify_by_headers},
    books::Entry,
    dissect::dissect_inner,
    flow::FlowSet,
    frame::Frame,
};

/// Whether the frame at work, which may carry another, does so.
#[inline(always)]
pub fn finds_tunnel<F: Frame + ?Sized>(frame: &F, work: &mut Work) -> bool {
    match work.dissection.tunnel(frame) {
        Some(tunnel) => {
            work.tunnel = tunnel;
            true
        }
        None => false,
    }
}

/// Counts the frame at work, in which a tunnel was found, in its flow. The tunnel is the flow's
/// application, and says so by more than a port.
#[inline(always)]
pub fn count_carrier<E: Environment>(
    environment: &E,
    work: &mut Work,
    set: &mut FlowSet<'_>,
    first_position: u32,
    now: u64,
) {
    find_slot(environment, work, set, first_position, now);
    // Read back: the verifier would go through all the rest once for every way.
    let work = black_box(work);
    if !set.head(work.way).verdict().is_settled() {
        settle_carrier(environment, work, set);
    }
    let head = set.head(work.way);
    head.count(work.octets, 0, now);
    if head.is_due() {
        look_after(environment, work, set);
    }
}

#[inline(never)]
fn settle_carrier<E: Environment>(environment: &E, work: &mut Work, set: &mut FlowSet<'_>) {
    let work = black_box(work);
    // Headers do not say it of UDP.
    let vxlan = Identification { application: Application::Vxlan, evidence: Evidence::Confirmed };
    let tunnel = identify_by_headers(&work.dissection.key, false).unwrap_or(vxlan);
    propose(environment, work, set, tunnel, Change::None);
    set.slot(work.way).settle();
}

/// Puts what the frame at work carries in the frame's place; `false` if it has no flow, which is
/// noted.
#[inline(always)]
pub fn enter<E: Environment, F: Frame + ?Sized>(
    environment: &E,
    frame: &F,
    work: &mut Work,
    interface: u32,
) -> bool {
    let work = black_box(work);
    let Work { dissection, tunnel, octets, .. } = work;
    // What the outer header declares may be more than there is.
    *octets = (*octets).min(tunnel.end as u64).saturating_sub(tunnel.offset as u64);
    if dissect_inner(frame, tunnel, interface, dissection).is_err() {
        environment.note(Entry::EncapsulatedUndissected, 1);
        return false;
    }
    environment.note(Entry::Encapsulated, 1);
    environment.note(Entry::EncapsulatedOctets, *octets);
    true
}
