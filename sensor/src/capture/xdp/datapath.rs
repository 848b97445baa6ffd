//! The loaded program with its maps open for reading.

use std::{
    collections::HashMap as Table,
    ops::Range,
    os::fd::{AsFd as _, OwnedFd},
    time::Duration,
};

use aya::{
    Ebpf, Pod,
    maps::{HashMap, Map, MapData},
    programs::{ProgramFd, Xdp},
};
use aya_log::EbpfLogger;
use sensor_common::{
    abi::name,
    books::{InterfaceRow, Ledger},
    endpoint::{EndpointIndex, EndpointKey, Totals},
    flow::FlowSlot,
    record::Evicted,
};

use super::{
    attachment::{AttachError, AttachMode, Attachment},
    buffers::Buffers,
    clock, heap,
    interfaces::Interface,
    kept::{Kept, MendError},
    link_calls::tag_in,
    loading::{
        LoadError, Loaded, XdpSettings, live_settings, load, load_object, pinned_epoch, xdp,
    },
    mapped::MappedWords,
    pins::Pins,
    self_test::self_test,
    tables::{EndpointSource, TableFiles, TableShape, Tables},
};
use crate::capture::{Datapath, Glance, Notice, Tallies, Unfolded, ticks::TickClock};

/// The data path in the kernel.
pub struct XdpDatapath {
    pub(super) ebpf: Ebpf,
    buffers: Buffers,
    is_resumed: bool,
    shape: TableShape,
    tables: Tables<EndpointTable>,
    logger: Option<EbpfLogger<&'static dyn log::Log>>,
    kept: Option<Kept>,
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
    /// agent left is taken over. Unless this very program is the one in the pinned links, it has to
    /// pass its self-test, before anything that is pinned is touched.
    ///
    /// # Errors
    ///
    /// [`LoadError`], each variant with what to do.
    pub fn open(wanted: &XdpSettings, seed: u64, pins: Option<Pins>) -> Result<Self, LoadError> {
        let settings = live_settings(wanted, seed)?;
        let buffers = Buffers::of_setting(settings.is_linear);
        let goes_on =
            pins.as_ref().filter(|pins| pinned_epoch(pins, &settings, wanted).is_some()).cloned();
        if goes_on.is_none() {
            // To load it would end the epoch that is pinned.
            self_test(buffers)?;
        }
        let loaded = load(wanted, settings, pins.as_ref())?;
        let datapath = Self::from_loaded(loaded, wanted, pins)?;
        if let Some(pins) = goes_on
            && !datapath.is_in(&pins)
        {
            self_test(buffers)?;
        }
        heap::give_back();
        Ok(datapath)
    }

    /// Whether the pinned links that hang on an interface have this program in them, and there are
    /// any.
    fn is_in(&self, pins: &Pins) -> bool {
        let Some(tag) = self.loaded().and_then(|program| Some(program.info().ok()?.tag())) else {
            return false;
        };
        let tags: Vec<String> =
            pins.links().iter().filter_map(|(_, _, path)| tag_in(path)).collect();
        !tags.is_empty() && tags.iter().all(|found| *found == format!("{tag:016x}"))
    }

    fn loaded(&self) -> Option<&Xdp> {
        self.ebpf.program(self.buffers.program())?.try_into().ok()
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
        let shape = TableShape {
            cpus: settings.cpus,
            sets: wanted.sizes.sets,
            endpoints: wanted.sizes.endpoints,
            records_ring: wanted.records_ring,
            notices_ring: wanted.notices_ring,
        };
        let endpoints = HashMap::try_from(take(&mut ebpf, name::ENDPOINTS)?);
        let endpoints = EndpointTable(endpoints.map_err(LoadError::Map)?);
        let files = table_files(&ebpf)?;
        Ok(Self {
            tables: Tables::map(&shape, &files, clock, endpoints)?,
            shape,
            ebpf,
            buffers,
            is_resumed,
            logger,
            kept: pins.map(Kept::of),
            statistics: None,
            attachments: Table::new(),
        })
    }

    pub fn clock(&self) -> TickClock {
        self.tables.clock()
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

    /// The attachment to the interface with this index.
    pub fn attachment(&self, interface: u32) -> Option<&Attachment> {
        self.attachments.get(&interface)
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
        let pins = self.kept.as_ref().map(Kept::pins);
        let attachment = Attachment::new(program, interface, mode, buffers, pins)?;
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
        let links = self.pins().into_iter().flat_map(Pins::links);
        links
            .filter(|(index, _, _)| !self.attachments.contains_key(index))
            .map(|link| link.2)
            .collect()
    }

    /// Whether a link to the interface with this index is pinned, to be taken over.
    pub fn is_pinned(&self, interface: u32) -> bool {
        let links = self.pins().into_iter().flat_map(Pins::links);
        links.into_iter().any(|(index, _, _)| index == interface)
    }

    fn pins(&self) -> Option<&Pins> {
        self.kept.as_ref().map(Kept::pins)
    }

    /// Makes pins again that somebody removed; returns how many.
    ///
    /// # Errors
    ///
    /// [`MendError`]: the counts then do not outlive the agent.
    pub fn mend_pins(&self) -> Result<usize, MendError> {
        let links = self.attachments.values().filter_map(Attachment::kept);
        self.kept.as_ref().map_or(Ok(0), |kept| kept.mend(links))
    }

    /// The kernel's number of the loaded program.
    pub fn program_id(&self) -> Option<u32> {
        self.loaded()?.info().ok().map(|info| info.id())
    }

    /// The loaded program, for the bench, which calls it from another one.
    pub fn program(&self) -> Option<&ProgramFd> {
        self.loaded()?.fd().ok()
    }

    /// Time spent in the program and runs of it, when the kernel keeps such statistics.
    pub fn run_statistics(&self) -> Option<(Duration, u64)> {
        let info = self.loaded()?.info().ok()?;
        Some((info.run_time(), info.run_count()))
    }

    /// Has the kernel measure the program's runs for as long as this data path lives.
    pub fn measure_runs(&mut self) {
        match aya::sys::enable_stats(aya::sys::Stats::RunTime) {
            Ok(statistics) => self.statistics = Some(statistics),
            Err(error) => tracing::warn!(%error, "the kernel keeps no statistics of the program"),
        }
    }

    /// Descriptors of the tables, for a process that reads them.
    ///
    /// # Errors
    ///
    /// [`LoadError`], when no descriptor is left.
    pub fn hand_over(&self) -> Result<(TableShape, TableFiles), LoadError> {
        Ok((self.shape, table_files(&self.ebpf)?))
    }

    /// Hands the program's diagnostics to the log.
    pub fn flush_log(&mut self) {
        if let Some(logger) = &mut self.logger {
            logger.flush();
        }
    }
}

fn take(ebpf: &mut Ebpf, map: &'static str) -> Result<Map, LoadError> {
    ebpf.take_map(map).ok_or(LoadError::MissingFromObject(map))
}

/// The maps that are read through memory.
fn table_files(ebpf: &Ebpf) -> Result<TableFiles, LoadError> {
    let file = |map: &'static str| -> Result<OwnedFd, LoadError> {
        let Some(Map::Array(data) | Map::RingBuf(data)) = ebpf.map(map) else {
            return Err(LoadError::MissingFromObject(map));
        };
        let file = data.fd().as_fd().try_clone_to_owned();
        file.map_err(|source| LoadError::Mapping { map, source })
    };
    Ok(TableFiles {
        flows: file(name::FLOWS)?,
        flow_tails: file(name::FLOW_TAILS)?,
        books: file(name::BOOKS)?,
        ledgers: file(name::LEDGERS)?,
        totals: file(name::TOTALS)?,
        unknown_totals: file(name::UNKNOWN_TOTALS)?,
        records: file(name::RECORDS)?,
        notices: file(name::NOTICES)?,
    })
}

pub(super) fn map_words(
    ebpf: &mut Ebpf,
    map: &'static str,
    words: usize,
) -> Result<MappedWords, LoadError> {
    let Some(Map::Array(data)) = ebpf.map(map) else {
        return Err(LoadError::MissingFromObject(map));
    };
    MappedWords::new(data.fd(), words).map_err(|source| LoadError::Mapping { map, source })
}

/// The table of endpoints, walked by bpf(2).
struct EndpointTable(HashMap<MapData, KeyOctets, u32>);

impl EndpointSource for EndpointTable {
    fn each(&self, visit: &mut dyn FnMut(EndpointIndex, EndpointKey)) {
        for (KeyOctets([high, low, station, vlans]), index) in self.0.iter().flatten() {
            visit(index, EndpointKey { address: [high, low], station, vlans });
        }
    }
}

impl Tallies for XdpDatapath {
    fn folded(&self, visit: &mut dyn FnMut(u32, Totals)) {
        self.tables.counted().folded(visit);
    }

    fn unfolded(&self, visit: &mut dyn FnMut(Unfolded)) {
        self.tables.counted().unfolded(visit);
    }
}

impl Datapath for XdpDatapath {
    fn now(&self) -> u64 {
        self.tables.now()
    }

    fn slots(&self) -> u32 {
        self.tables.slots()
    }

    fn glance(&self, position: u32) -> Glance {
        self.tables.glance(position)
    }

    fn next_stirred(&mut self, slots: Range<u32>, now: u64) -> Option<u32> {
        self.tables.next_stirred(slots, now)
    }

    fn settle(&mut self, slots: Range<u32>, left: &[u32]) {
        self.tables.settle(slots, left);
    }

    fn doubt_all(&mut self) {
        self.tables.doubt_all();
    }

    fn expect_slot(&self, position: u32) {
        self.tables.expect_slot(position);
    }

    fn slot(&self, position: u32) -> Option<FlowSlot> {
        self.tables.slot(position)
    }

    fn drain_records(&mut self, visit: &mut dyn FnMut(&Evicted)) {
        self.tables.drain_records(visit);
    }

    fn drain_notices(&mut self, visit: &mut dyn FnMut(Notice)) {
        self.tables.drain_notices(visit);
    }

    fn endpoints(&self, visit: &mut dyn FnMut(EndpointIndex, EndpointKey)) {
        self.tables.endpoints(visit);
    }

    fn endpoint_capacity(&self) -> EndpointIndex {
        self.tables.endpoint_capacity()
    }

    fn interface_rows(&self) -> Vec<InterfaceRow> {
        self.tables.interface_rows()
    }

    fn ledger(&self) -> Ledger {
        self.tables.ledger()
    }
}
