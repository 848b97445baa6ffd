//! Loads the embedded object: sizes, settings, pins, and the answer to "what is in the kernel".

use std::io;

use aya::{
    Ebpf, EbpfError, EbpfLoader, Pod, VerifierLogLevel,
    maps::{Array, MapError, Queue},
    programs::{ProgramError, Xdp},
};
use sensor_common::{
    abi::{ABI_VERSION, Settings, name},
    books::INTERFACE_ROWS,
    endpoint::{ANSWERS, FIRST_ENDPOINT, known_address_blocks},
};

use super::{
    buffers::Buffers,
    pins::{MAPS, Pins},
    self_test::SelfTestError,
};
use crate::capture::host::TableSizes;

/// The program, built by `cargo xtask build`; empty in a build without it.
static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/wardline-xdp.o"));

/// The program cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("this binary was built without the XDP program; build it with `cargo xtask build`")]
    BuiltWithoutProgram,
    #[error(
        "not permitted to load BPF programs; needs root, or CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON; before Linux 5.11 also an unlimited `ulimit -l`. Without privilege, `wardline replay` reads capture files"
    )]
    NotPermitted,
    #[error("{0} is missing from the object")]
    MissingFromObject(&'static str),
    #[error("cannot load the object: {0}")]
    Object(#[source] Box<EbpfError>),
    #[error("cannot load the program: {0}")]
    Program(#[source] ProgramError),
    #[error("cannot use a map: {0}")]
    Map(#[source] MapError),
    #[error("cannot map {map} into memory: {source}")]
    Mapping { map: &'static str, source: io::Error },
    #[error(
        "the program failed its self-test: {0}. It was attached to nothing, and a program that counted so far goes on counting in its place. Use the version before, which takes its counts over, and report this line with the output of `wardline version` and `uname -a`"
    )]
    SelfTest(#[source] SelfTestError),
}

impl LoadError {
    /// What the kernel said to a program.
    pub(super) fn of_program(error: ProgramError) -> Self {
        not_permitted_or(Self::Program)(error)
    }
}

/// Sizes and rates of the kernel's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct XdpSettings {
    pub sizes: TableSizes,
    /// Octets of the ring of records and of the ring of notices; powers of two.
    pub records_ring: u32,
    pub notices_ring: u32,
    pub samples_per_second: u32,
}

/// What loading found and made.
pub struct Loaded {
    pub ebpf: Ebpf,
    pub settings: Settings,
    /// The maps are those of an earlier agent.
    pub is_resumed: bool,
}

impl Loaded {
    /// Which of the two programs was loaded.
    pub fn buffers(&self) -> Buffers {
        Buffers::of_setting(self.settings.is_linear)
    }
}

/// Loads the programs for the frames that `settings` tell of; with `pins`, into the maps that are there if their layout is the same.
pub fn load(
    wanted: &XdpSettings,
    settings: Settings,
    pins: Option<&Pins>,
) -> Result<Loaded, LoadError> {
    load_object(OBJECT, wanted, settings, pins)
}

/// The same from another build of the object.
pub fn load_object(
    object: &[u8],
    wanted: &XdpSettings,
    mut settings: Settings,
    pins: Option<&Pins>,
) -> Result<Loaded, LoadError> {
    let mut is_resumed = false;
    if let Some(pins) = pins {
        match pinned_epoch(pins, &settings, wanted) {
            Some(earlier) => {
                settings = earlier;
                is_resumed = true;
            }
            None => pins.forget_maps(),
        }
    }
    let mut ebpf = open_object(object, wanted, &settings, pins, VerifierLogLevel::default())?;
    for program in [name::CLOCK_PROGRAM, Buffers::of_setting(settings.is_linear).program()] {
        xdp(&mut ebpf, program)?.load().map_err(LoadError::of_program)?;
    }
    if !is_resumed {
        begin_epoch(&mut ebpf, wanted, &settings.to_octets())?;
    }
    Ok(Loaded { ebpf, settings, is_resumed })
}

/// Makes the maps of the embedded object; loads no program yet.
pub(super) fn open(
    wanted: &XdpSettings,
    settings: &Settings,
    pins: Option<&Pins>,
    log_level: VerifierLogLevel,
) -> Result<Ebpf, LoadError> {
    open_object(OBJECT, wanted, settings, pins, log_level)
}

/// Makes the maps, or takes the pinned ones; loads no program yet.
fn open_object(
    object: &[u8],
    wanted: &XdpSettings,
    settings: &Settings,
    pins: Option<&Pins>,
    log_level: VerifierLogLevel,
) -> Result<Ebpf, LoadError> {
    if object.is_empty() {
        return Err(LoadError::BuiltWithoutProgram);
    }
    let octets = settings.to_octets();
    let mut loader = EbpfLoader::new();
    loader.verifier_log_level(log_level);
    loader.override_global(name::SETTINGS, &octets[..], true);
    for (map, entries) in map_sizes(wanted, settings.cpus) {
        loader.map_max_entries(map, entries);
    }
    if let Some(pins) = pins {
        for map in MAPS {
            loader.map_pin_path(map, pins.map(map));
        }
    }
    loader.load(object).map_err(not_permitted_or(|error| LoadError::Object(Box::new(error))))
}

/// A program of the object.
pub(super) fn xdp<'a>(ebpf: &'a mut Ebpf, program: &'static str) -> Result<&'a mut Xdp, LoadError> {
    ebpf.program_mut(program)
        .ok_or(LoadError::MissingFromObject(program))?
        .try_into()
        .map_err(LoadError::Program)
}

fn not_permitted_or<E: std::error::Error + 'static>(
    other: impl FnOnce(E) -> LoadError,
) -> impl FnOnce(E) -> LoadError {
    |error| {
        let mut cause: Option<&dyn std::error::Error> = Some(&error);
        while let Some(error) = cause {
            let os_error = error.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error);
            if os_error == Some(libc::EPERM) {
                return LoadError::NotPermitted;
            }
            cause = error.source();
        }
        other(error)
    }
}

fn map_sizes(wanted: &XdpSettings, cpus: u32) -> [(&'static str, u32); 15] {
    let totals = wanted.sizes.endpoints * sensor_common::application::CAPACITY * 2;
    [
        (name::FLOWS, cpus * wanted.sizes.sets),
        (name::FLOW_TAILS, cpus * wanted.sizes.sets),
        (name::BOOKS, cpus * INTERFACE_ROWS),
        (name::LEDGERS, cpus),
        (name::ENDPOINTS, wanted.sizes.endpoint_keys()),
        (name::KNOWN_ADDRESSES, known_address_blocks(wanted.sizes.endpoints)),
        (name::ANSWERS, cpus * ANSWERS),
        (name::FREE_ENDPOINTS, wanted.sizes.endpoints),
        (name::TOTALS, totals),
        (name::UNKNOWN_TOTALS, cpus * wanted.sizes.endpoints),
        (name::VERDICTS, wanted.sizes.verdicts),
        (name::RECORDS, wanted.records_ring),
        (name::NOTICES, wanted.notices_ring),
        (name::SAMPLE_BUDGETS, cpus),
        (name::WORK, cpus),
    ]
}

/// The settings of the pinned maps if a program with these settings can go on with them.
pub(super) fn pinned_epoch(
    pins: &Pins,
    settings: &Settings,
    wanted: &XdpSettings,
) -> Option<Settings> {
    if !pins.has_maps() {
        return None;
    }
    let map = aya::maps::MapData::from_pin(pins.map(name::EPOCH)).ok()?;
    let epoch: Array<_, EpochOctets> = Array::try_from(aya::maps::Map::Array(map)).ok()?;
    let octets = epoch.get(&0, 0).ok()?.0;
    let earlier = Settings { seed: Settings::seed_of(&octets), ..*settings };
    let sizes_agree = map_sizes(wanted, settings.cpus).iter().all(|(name, entries)| {
        !MAPS.contains(name)
            || aya::maps::MapInfo::from_pin(pins.map(name))
                .is_ok_and(|info| info.max_entries() == *entries)
    });
    (sizes_agree && earlier.abi_version == ABI_VERSION && earlier.to_octets() == octets)
        .then_some(earlier)
}

#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct EpochOctets(pub [u8; size_of::<Settings>()]);

// SAFETY: an array of octets; any value is valid and there is no padding.
unsafe impl Pod for EpochOctets {}

fn begin_epoch(
    ebpf: &mut Ebpf,
    wanted: &XdpSettings,
    octets: &[u8; size_of::<Settings>()],
) -> Result<(), LoadError> {
    let map = ebpf
        .map_mut(name::FREE_ENDPOINTS)
        .ok_or(LoadError::MissingFromObject(name::FREE_ENDPOINTS))?;
    let mut free: Queue<_, u32> = Queue::try_from(map).map_err(LoadError::Map)?;
    for index in FIRST_ENDPOINT..wanted.sizes.endpoints {
        free.push(index, 0).map_err(LoadError::Map)?;
    }
    let map = ebpf.map_mut(name::EPOCH).ok_or(LoadError::MissingFromObject(name::EPOCH))?;
    let mut epoch: Array<_, EpochOctets> = Array::try_from(map).map_err(LoadError::Map)?;
    epoch.set(0, EpochOctets(*octets), 0).map_err(LoadError::Map)
}

/// What the program is told, but for a replay.
pub(super) fn live_settings(wanted: &XdpSettings, seed: u64) -> Result<Settings, LoadError> {
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
        endpoints: wanted.sizes.endpoints,
        address_mask: known_address_blocks(wanted.sizes.endpoints) - 1,
    })
}
