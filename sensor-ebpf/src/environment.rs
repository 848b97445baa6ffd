//! The maps and rings as the environment that the shared accounting asks for.

use core::{arch::asm, ptr};

use aya_ebpf::bindings::BPF_RB_NO_WAKEUP;
use sensor_common::{
    account::{Environment, SampleRequest},
    application::Application,
    books::{Entry, Fate},
    dissect::Dissection,
    endpoint::{Direction, EndpointIndex, EndpointKey, totals_index},
    flow::SlotInTable,
    frame::Frame,
    record::{
        EndpointNotice, Evicted, HEADER_SAMPLE_OCTETS, HEADER_SAMPLE_WORDS, Opened, RecordKind,
        SAMPLE_WORDS, Sample,
    },
};

use crate::{
    endpoints,
    maps::{LEDGERS, NOTICES, RECORDS, SAMPLE_BUDGETS, TOTALS, UNKNOWN_TOTALS, VERDICTS},
    settings,
};

/// User space polls the rings, so no record wakes it.
const NO_WAKEUP: u64 = BPF_RB_NO_WAKEUP as u64;

pub struct XdpEnvironment {
    cpu: u32,
}

impl XdpEnvironment {
    #[inline(always)]
    pub fn new(cpu: u32) -> Self {
        Self { cpu }
    }

    /// Whether this second's budget allows one more sample.
    #[inline(always)]
    fn may_sample(&self, request: &SampleRequest) -> bool {
        let Some(budget) = SAMPLE_BUDGETS.get_ptr_mut(self.cpu) else {
            return false;
        };
        // SAFETY: the budget is this CPU's own, and a program is not interrupted by itself.
        let budget = unsafe { &mut *budget };
        let second = request.now / (settings::ticks_per_second() as u64 | 1);
        let limit = settings::samples_per_second() as u64;
        budget.take(second, limit, request.endpoint, request.is_header)
    }

    /// Puts `length` octets of the payload on the ring, in a record of room for them.
    #[inline(always)]
    fn put<F: Frame + ?Sized, const WORDS: usize>(
        &self,
        frame: &F,
        dissection: &Dissection,
        request: &SampleRequest,
        kind: RecordKind,
        length: usize,
    ) {
        let Some(mut record) = NOTICES.reserve::<Sample<WORDS>>(0) else {
            return self.note(Entry::SamplesLost, 1);
        };
        let sample = record.as_mut_ptr();
        // SAFETY: `sample` points to a reserved record, which is the ring's own memory and never
        // without a value; every field is written before it is submitted, of `words` as many octets
        // as `length` says.
        let is_copied = unsafe {
            (&raw mut (*sample).kind).write(kind as u32);
            (&raw mut (*sample).application).write(request.application as u32);
            (&raw mut (*sample).now).write(request.now);
            (&raw mut (*sample).key).write(dissection.key);
            (&raw mut (*sample).station).write(dissection.source_station);
            (&raw mut (*sample).sequence).write(dissection.tcp_sequence);
            (&raw mut (*sample).length).write(length as u16);
            (&raw mut (*sample).payload_length).write(dissection.payload_length as u16);
            frame.load(dissection.payload_offset, length, &mut (*sample).words)
        };
        if is_copied {
            record.submit(NO_WAKEUP);
            self.note(Entry::Samples, 1);
        } else {
            record.discard(0);
        }
    }
}

/// Adds to a word that other CPUs add to as well.
#[inline(always)]
fn add(word: *mut u64, amount: u64) {
    // SAFETY: every caller passes the address of a word in a map's value. Rust offers no atomic
    // addition for this target.
    unsafe {
        asm!("lock *(u64 *)({0} + 0) += {1}", in(reg) word, in(reg) amount, options(nostack));
    }
}

impl Environment for XdpEnvironment {
    #[inline(always)]
    fn seed(&self) -> u64 {
        settings::seed()
    }

    #[inline(always)]
    fn note(&self, entry: Entry, amount: u64) {
        if let Some(ledger) = LEDGERS.get_ptr_mut(self.cpu) {
            // SAFETY: the ledger is this CPU's own, and a program is not interrupted by itself.
            unsafe { (*ledger).add(entry, amount) };
        }
    }

    #[inline(always)]
    fn note_gone(&self, fate: Fate, packets: u64, octets: u64) {
        if let Some(ledger) = LEDGERS.get_ptr_mut(self.cpu) {
            // SAFETY: as above.
            unsafe { (*ledger).add_gone(fate, packets, octets) };
        }
    }

    #[inline(always)]
    fn report_evicted(&self, position: u32, slot: &SlotInTable<'_>, now: u64) -> bool {
        let Some(mut record) = RECORDS.reserve::<Evicted>(0) else {
            return false;
        };
        let evicted = record.as_mut_ptr();
        // SAFETY: `evicted` points to a reserved record, which is the ring's own memory and never
        // without a value; every field is written before it is submitted.
        unsafe {
            (&raw mut (*evicted).kind).write(RecordKind::Evicted as u32);
            (&raw mut (*evicted).position).write(position);
            (&raw mut (*evicted).now).write(now);
            (*evicted).slot.take(slot);
        }
        record.submit(NO_WAKEUP);
        true
    }

    #[inline(always)]
    fn announce_opened(&self, position: u32) -> bool {
        let Some(mut notice) = NOTICES.reserve::<Opened>(0) else {
            return false;
        };
        notice.write(Opened { kind: RecordKind::Opened as u32, position });
        notice.submit(NO_WAKEUP);
        true
    }

    #[inline(always)]
    fn announce_endpoint(&self, notice: &EndpointNotice) -> bool {
        let Some(mut record) = NOTICES.reserve::<EndpointNotice>(0) else {
            return false;
        };
        record.write(*notice);
        record.submit(NO_WAKEUP);
        true
    }

    #[inline(always)]
    fn endpoint(&self, key: &EndpointKey) -> Option<EndpointIndex> {
        endpoints::find(self.cpu, key)
    }

    #[inline(always)]
    fn destination(&self, key: &mut EndpointKey) -> EndpointIndex {
        endpoints::find_destination(key)
    }

    #[inline(always)]
    fn admit_endpoint(&self, key: &EndpointKey) -> Option<EndpointIndex> {
        endpoints::admit(self.cpu, key)
    }

    #[inline(always)]
    fn alias_endpoint(&self, alias: &EndpointKey, index: EndpointIndex) {
        endpoints::insert(alias, index);
    }

    #[inline(always)]
    fn add_totals(
        &self,
        endpoint: EndpointIndex,
        application: u8,
        direction: Direction,
        packets: u64,
        octets: u64,
    ) {
        if application == Application::Unknown as u8 {
            let index = self.cpu * settings::endpoints() + endpoint;
            if let Some(pair) = UNKNOWN_TOTALS.get_ptr_mut(index) {
                // SAFETY: the totals are this CPU's own, and a program is not interrupted by itself.
                let totals = unsafe { &mut (*pair)[direction as usize % 2] };
                totals.packets += packets;
                totals.octets += octets;
            }
            return;
        }
        let index = totals_index(endpoint, application, direction);
        if let Some(totals) = TOTALS.get_ptr_mut(index) {
            // SAFETY: both fields lie in the map's value.
            unsafe {
                add(&raw mut (*totals).packets, packets);
                add(&raw mut (*totals).octets, octets);
            }
        }
    }

    #[inline(always)]
    fn recall(&self, conversation: u64) -> u64 {
        let index = conversation as u32 & settings::verdict_mask();
        // SAFETY: an aligned word; any CPU writes it whole.
        VERDICTS.get_ptr(index).map_or(0, |word| unsafe { ptr::read_volatile(word) })
    }

    #[inline(always)]
    fn remember(&self, conversation: u64, word: u64) {
        let index = conversation as u32 & settings::verdict_mask();
        if let Some(memory) = VERDICTS.get_ptr_mut(index) {
            // SAFETY: an aligned word; any CPU reads it whole.
            unsafe { ptr::write_volatile(memory, word) };
        }
    }

    #[inline(always)]
    fn sample<F: Frame + ?Sized>(
        &self,
        frame: &F,
        dissection: &Dissection,
        request: &SampleRequest,
    ) {
        if !self.may_sample(request) {
            return self.note(request.refusal(), 1);
        }
        let readable = frame.readable_length().saturating_sub(dissection.payload_offset);
        let length = readable.min(request.length);
        if length <= HEADER_SAMPLE_OCTETS {
            let kind = RecordKind::HeaderSample;
            self.put::<F, HEADER_SAMPLE_WORDS>(frame, dissection, request, kind, length);
        } else {
            self.put::<F, SAMPLE_WORDS>(frame, dissection, request, RecordKind::Sample, length);
        }
    }
}
