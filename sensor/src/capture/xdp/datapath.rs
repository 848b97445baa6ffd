//! The loaded program with its maps open for reading.

use std::{collections::HashMap as Table, os::fd::OwnedFd, time::Duration};

use aya::{
    Ebpf, Pod,
    maps::{HashMap, MapData, RingBuf},
    programs::{ProgramFd, Xdp},
};
use aya_log::EbpfLogger;
use bytes::{Buf as _, Bytes};
use sensor_common::{
    abi::{ABI_VERSION, Settings, name},
    application::Application,
    books::{INTERFACE_ROWS, InterfaceRow, LEDGER_LINES, Ledger, UNDISSECTED_REASONS},
    endpoint::{EndpointIndex, EndpointKey, Totals},
    flow::{
        FOLDED_WORD, FlowKey, FlowSlot, GENERATION_WORD, HEAD_WORDS, SLOT_WORDS, TAIL_WORDS,
        UNFOLDED_WORD, WAYS,
    },
    record::{EndpointNotice, Evicted, RecordKind, SlotImage},
};

use super::{
    attachment::{AttachError, AttachMode, Attachment},
    buffers::Buffers,
    clock,
    interfaces::Interface,
    loading::{LoadError, Loaded, XdpSettings, load, load_object, xdp},
    mapped::MappedWords,
    pins::Pins,
};
use crate::{
    capture::{Datapath, Glance, Notice, ticks::TickClock},
    observation::PayloadSample,
    time::Moment,
};

/// The data path in the kernel.
pub struct XdpDatapath {
    pub(super) ebpf: Ebpf,
    buffers: Buffers,
    clock: TickClock,
    is_resumed: bool,
    heads: MappedWords,
    tails: MappedWords,
    books: MappedWords,
    ledgers: MappedWords,
    totals: MappedWords,
    records: RingBuf<MapData>,
    notices: RingBuf<MapData>,
    endpoints: HashMap<MapData, KeyOctets, u32>,
    logger: Option<EbpfLogger<&'static dyn log::Log>>,
    pins: Option<Pins>,
    /// Open while runs are measured.
    statistics: Option<OwnedFd>,
    attachments: Table<u32, Attachment>,
}

#[derive(Clone, Copy)]
#[repr(C)]
struct KeyOctets([u64; 4]);

// SAFETY: four words without padding; any value is valid.
unsafe impl Pod for KeyOctets {}

impl XdpDatapath {
    /// Loads the program. With `pins` its state outlives the agent, and state that an earlier
    /// agent left is taken over.
    ///
    /// # Errors
    ///
    /// [`LoadError`], each variant with what to do.
    pub fn open(wanted: &XdpSettings, seed: u64, pins: Option<Pins>) -> Result<Self, LoadError> {
        let settings = live_settings(wanted, seed)?;
        Self::from_loaded(load(wanted, settings, pins.as_ref())?, wanted, pins)
    }

    /// The same from another build of the object, pinned nowhere: to compare two builds.
    ///
    /// # Errors
    ///
    /// As for [`Self::open`].
    pub fn open_object(object: &[u8], wanted: &XdpSettings, seed: u64) -> Result<Self, LoadError> {
        let settings = live_settings(wanted, seed)?;
        Self::from_loaded(load_object(object, wanted, settings, None)?, wanted, None)
    }

    pub(super) fn from_loaded(
        loaded: Loaded,
        wanted: &XdpSettings,
        pins: Option<Pins>,
    ) -> Result<Self, LoadError> {
        let buffers = loaded.buffers();
        let Loaded { mut ebpf, settings, is_resumed } = loaded;
        let logger = EbpfLogger::init(&mut ebpf).ok();
        let clock = match settings.is_replay {
            0 => clock::calibrate(&mut ebpf)?.0,
            _ => TickClock::of_replay(),
        };
        let cpus = settings.cpus as usize;
        let slots = cpus * wanted.sizes.sets as usize * WAYS;
        let totals =
            wanted.sizes.endpoints as usize * sensor_common::application::CAPACITY as usize;
        Ok(Self {
            heads: map_words(&mut ebpf, name::FLOWS, slots * HEAD_WORDS)?,
            tails: map_words(&mut ebpf, name::FLOW_TAILS, slots * TAIL_WORDS)?,
            books: map_words(&mut ebpf, name::BOOKS, cpus * INTERFACE_ROWS as usize * ROW_WORDS)?,
            ledgers: map_words(&mut ebpf, name::LEDGERS, cpus * LEDGER_LINES)?,
            totals: map_words(&mut ebpf, name::TOTALS, totals * 2 * 2)?,
            records: ring(&mut ebpf, name::RECORDS)?,
            notices: ring(&mut ebpf, name::NOTICES)?,
            endpoints: HashMap::try_from(take(&mut ebpf, name::ENDPOINTS)?)
                .map_err(LoadError::Map)?,
            ebpf,
            buffers,
            clock,
            is_resumed,
            logger,
            pins,
            statistics: None,
            attachments: Table::new(),
        })
    }

    pub fn clock(&self) -> TickClock {
        self.clock
    }

    /// Whether the maps hold what an earlier agent's program counted.
    pub fn is_resumed(&self) -> bool {
        self.is_resumed
    }

    /// In how many buffers this kernel gives the program a frame.
    pub fn buffers(&self) -> Buffers {
        self.buffers
    }

    pub fn attachments(&self) -> impl Iterator<Item = &Attachment> {
        self.attachments.values()
    }

    /// Attaches to `interface`, or takes over the link that is pinned for it.
    ///
    /// # Errors
    ///
    /// [`AttachError`], each variant with its remedy.
    pub fn attach(
        &mut self,
        interface: &Interface,
        mode: AttachMode,
    ) -> Result<&Attachment, AttachError> {
        let buffers = self.buffers;
        let program = xdp(&mut self.ebpf, buffers.program()).map_err(|error| {
            AttachError::Other { interface: interface.name.clone(), reason: error.to_string() }
        })?;
        let attachment = Attachment::new(program, interface, mode, buffers, self.pins.as_ref())?;
        Ok(self.attachments.entry(interface.index).insert_entry(attachment).into_mut())
    }

    /// Forgets an interface that is gone, or takes the program off one that is no longer wanted.
    pub fn detach(&mut self, interface: u32) -> Option<std::io::Result<()>> {
        self.attachments.remove(&interface).map(Attachment::detach)
    }

    /// Notes the new name of an interface.
    pub fn rename(&mut self, interface: u32, name: &str) {
        if let Some(attachment) = self.attachments.get_mut(&interface) {
            name.clone_into(&mut attachment.interface.name);
        }
    }

    /// Pinned links to interfaces that are not attached by this agent: leftovers.
    pub fn stale_links(&self) -> Vec<std::path::PathBuf> {
        let links = self.pins.iter().flat_map(Pins::links);
        links
            .filter(|(index, _, _)| !self.attachments.contains_key(index))
            .map(|link| link.2)
            .collect()
    }

    /// The loaded program, for the bench, which calls it from another one.
    pub fn program(&self) -> Option<&ProgramFd> {
        let program: &Xdp = self.ebpf.program(self.buffers.program())?.try_into().ok()?;
        program.fd().ok()
    }

    /// Time spent in the program and runs of it, when the kernel keeps such statistics.
    pub fn run_statistics(&self) -> Option<(Duration, u64)> {
        let program: &Xdp = self.ebpf.program(self.buffers.program())?.try_into().ok()?;
        let info = program.info().ok()?;
        Some((info.run_time(), info.run_count()))
    }

    /// Has the kernel measure the program's runs for as long as this data path lives.
    pub fn measure_runs(&mut self) {
        match aya::sys::enable_stats(aya::sys::Stats::RunTime) {
            Ok(statistics) => self.statistics = Some(statistics),
            Err(error) => tracing::warn!(%error, "the kernel keeps no statistics of the program"),
        }
    }

    /// Hands the program's diagnostics to the log.
    pub fn flush_log(&mut self) {
        if let Some(logger) = &mut self.logger {
            logger.flush();
        }
    }
}

fn live_settings(wanted: &XdpSettings, seed: u64) -> Result<Settings, LoadError> {
    let cpus = aya::util::nr_cpus()
        .map_err(|(_, source)| LoadError::Mapping { map: name::FLOWS, source })?
        as u32;
    let buffers = Buffers::of_this_kernel().map_err(LoadError::of_program)?;
    Ok(Settings {
        seed,
        set_mask: wanted.sizes.sets - 1,
        verdict_mask: wanted.sizes.verdicts - 1,
        cpus,
        is_replay: 0,
        samples_per_second: wanted.samples_per_second,
        // The budget of samples needs no better than the order of a second.
        ticks_per_second: 250,
        abi_version: ABI_VERSION,
        is_linear: buffers.is_linear(),
    })
}

const ROW_WORDS: usize = size_of::<InterfaceRow>() / 8;

fn take(ebpf: &mut Ebpf, map: &'static str) -> Result<aya::maps::Map, LoadError> {
    ebpf.take_map(map).ok_or(LoadError::MissingFromObject(map))
}

fn ring(ebpf: &mut Ebpf, map: &'static str) -> Result<RingBuf<MapData>, LoadError> {
    RingBuf::try_from(take(ebpf, map)?).map_err(LoadError::Map)
}

pub(super) fn map_words(
    ebpf: &mut Ebpf,
    map: &'static str,
    words: usize,
) -> Result<MappedWords, LoadError> {
    let Some(aya::maps::Map::Array(data)) = ebpf.map(map) else {
        return Err(LoadError::MissingFromObject(map));
    };
    MappedWords::new(data.fd(), words).map_err(|source| LoadError::Mapping { map, source })
}

impl Datapath for XdpDatapath {
    fn now(&self) -> u64 {
        // CLOCK_MONOTONIC turned into ticks: reading jiffies would take a run of the program.
        self.clock.tick(monotonic())
    }

    fn slots(&self) -> u32 {
        (self.heads.len() / HEAD_WORDS) as u32
    }

    fn glance(&self, position: u32) -> Glance {
        let (head, tail) = (position as usize * HEAD_WORDS, position as usize * TAIL_WORDS);
        let unfolded = self.heads.load(head + UNFOLDED_WORD) & 0xffff_ffff;
        Glance {
            generation: self.tails.load(tail + GENERATION_WORD) as u32,
            packets: unfolded + self.tails.load(tail + FOLDED_WORD),
        }
    }

    fn slot(&self, position: u32) -> Option<FlowSlot> {
        let (head, tail) = (position as usize * HEAD_WORDS, position as usize * TAIL_WORDS);
        let before = self.tails.load(tail + GENERATION_WORD) as u32;
        if before & 1 == 1 {
            return None;
        }
        let mut words = [0; SLOT_WORDS];
        words[..HEAD_WORDS].copy_from_slice(&self.heads.copy::<HEAD_WORDS>(head));
        words[HEAD_WORDS..].copy_from_slice(&self.tails.copy::<TAIL_WORDS>(tail));
        std::sync::atomic::fence(std::sync::atomic::Ordering::Acquire);
        let after = self.tails.load(tail + GENERATION_WORD) as u32;
        (before == after).then(|| FlowSlot::from_words(&words))
    }

    fn drain_records(&mut self, visit: &mut dyn FnMut(&Evicted)) {
        while let Some(item) = self.records.next() {
            let mut octets: &[u8] = &item;
            if octets.remaining() < size_of::<Evicted>() {
                continue;
            }
            let kind = octets.get_u32_ne();
            let position = octets.get_u32_ne();
            let now = octets.get_u64_ne();
            let mut words = [0; SLOT_WORDS];
            words.fill_with(|| octets.get_u64_ne());
            let slot = SlotImage::of(&FlowSlot::from_words(&words).in_table());
            visit(&Evicted { kind, position, now, slot });
        }
    }

    fn drain_notices(&mut self, visit: &mut dyn FnMut(Notice)) {
        while let Some(item) = self.notices.next() {
            if let Some(notice) = parse_notice(&item, &self.clock) {
                visit(notice);
            }
        }
    }

    fn endpoints(&self, visit: &mut dyn FnMut(EndpointIndex, EndpointKey)) {
        for (KeyOctets([high, low, station, vlans]), index) in self.endpoints.iter().flatten() {
            visit(index, EndpointKey { address: [high, low], station, vlans });
        }
    }

    fn folded(&self, into: &mut Vec<Totals>) {
        into.clear();
        into.extend((0..self.totals.len() / 2).map(|index| Totals {
            packets: self.totals.load(index * 2),
            octets: self.totals.load(index * 2 + 1),
        }));
    }

    fn interface_rows(&self) -> Vec<InterfaceRow> {
        let rows = (0..self.books.len() / ROW_WORDS).map(|row| {
            let words: [u64; ROW_WORDS] = self.books.copy(row * ROW_WORDS);
            let mut undissected_frames = [0; UNDISSECTED_REASONS];
            undissected_frames.copy_from_slice(&words[4..]);
            InterfaceRow {
                interface: words[0],
                received_frames: words[1],
                received_octets: words[2],
                undissected_octets: words[3],
                undissected_frames,
            }
        });
        rows.filter(|row| row.received_frames > 0).collect()
    }

    fn ledger(&self) -> Ledger {
        let mut sum = Ledger::default();
        for word in 0..self.ledgers.len() {
            sum.lines[word % LEDGER_LINES] += self.ledgers.load(word);
        }
        sum
    }
}

fn parse_notice(item: &[u8], clock: &TickClock) -> Option<Notice> {
    let mut octets = item;
    let kind = octets.try_get_u32_ne().ok()?;
    let second = octets.try_get_u32_ne().ok()?;
    if kind == RecordKind::Opened as u32 {
        return Some(Notice::Opened(second));
    }
    let mut word = || octets.try_get_u64_ne().ok();
    if kind == RecordKind::Endpoint as u32 {
        let key = EndpointKey { address: [word()?, word()?], station: word()?, vlans: word()? };
        let (now, interface) = (word()?, word()?);
        return Some(Notice::Endpoint(EndpointNotice { kind, index: second, key, now, interface }));
    }
    if kind != RecordKind::Sample as u32 && kind != RecordKind::HeaderSample as u32 {
        return None;
    }
    let now = word()?;
    let key = FlowKey::from_words([word()?, word()?, word()?, word()?, word()?, word()?]);
    let station = word()?;
    let sequence = octets.try_get_u32_ne().ok()?;
    let (length, payload_length) = (octets.try_get_u16_ne().ok()?, octets.try_get_u16_ne().ok()?);
    Some(Notice::Sample(PayloadSample {
        key,
        station,
        application: Application::from_number(second as u8)?,
        sequence,
        octets: Bytes::copy_from_slice(octets.get(..usize::from(length))?),
        payload_length,
        at: clock.moment(now),
    }))
}

/// The observation clock when live: CLOCK_MONOTONIC, the clock of `bpf_ktime_get_ns`.
pub fn monotonic() -> Moment {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` has room for the answer; this clock always exists.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    clock::moment(now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64)
}
