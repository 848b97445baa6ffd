//! What is pinned, read without an agent: which program is on which interface, and what it has
//! counted so far.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use aya::maps::{Array, Map, MapData, MapInfo};
use sensor_common::{
    abi::{ABI_VERSION, Settings, name},
    books::{Entry, INTERFACE_ROWS, LEDGER_LINES},
    flow::{HEAD_WORDS, TAIL_WORDS, WAYS},
};

use super::{
    counts,
    link_calls::{link_info, open_pin},
    loading::EpochOctets,
    mapped::MappedWords,
    marks::Mark,
    owner::Owner,
    pins::{MAPS, links_in},
};
use crate::host::links::{Link, links};

/// A pinned link.
#[derive(Clone, Debug)]
pub struct PinnedLink {
    /// The interface's index as the pin's name has it, and its name if it is still there.
    pub interface: u32,
    pub name: Option<String>,
    pub mode: String,
    pub pinned_since: Option<SystemTime>,
    pub link: Option<u32>,
    /// The program in it, unless the link hangs on nothing any more.
    pub program: Option<Program>,
}

/// A program in the kernel and who holds it open.
#[derive(Clone, Debug)]
pub struct Program {
    pub owner: Owner,
    /// A hash of its instructions, in hexadecimal as `ip` shows it.
    pub tag: String,
    pub loaded_at: Option<SystemTime>,
}

/// What the maps were made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// Version of the layout; the rest is known only if it is ours.
    pub layout: Option<u32>,
    pub is_of_this_agent: bool,
    pub began: Option<SystemTime>,
    pub cpus: u32,
    pub flow_slots: u32,
    pub is_linear: bool,
}

/// The sums of all counts. While frames come they lag behind each other by what came during the
/// reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Books {
    pub received: u64,
    pub received_octets: u64,
    pub encapsulated: u64,
    pub undissected: u64,
    /// In flows that are in the table, and that left it.
    pub live: u64,
    pub evicted: u64,
    pub lost: u64,
    pub flows: u64,
}

impl Books {
    /// Frames that have no fate; 0 while no frame comes.
    pub fn unaccounted(&self) -> u64 {
        let fates = self.undissected + self.live + self.evicted + self.lost;
        (self.received + self.encapsulated).abs_diff(fates)
    }
}

/// An interface from which the program was taken because its link did not come back.
#[derive(Clone, Debug)]
pub struct HeldOff {
    pub interface: u32,
    pub name: Option<String>,
    pub since: Option<SystemTime>,
}

/// Everything below one pin directory.
#[derive(Clone, Debug)]
pub struct Standing {
    pub links: Vec<PinnedLink>,
    pub held_off: Vec<HeldOff>,
    /// Names of maps that should be pinned and are not.
    pub maps_missing: Vec<&'static str>,
    pub epoch: Option<Epoch>,
    pub books: Option<Books>,
}

impl Standing {
    /// Links that hang on an interface with a program in them.
    pub fn attached(&self) -> impl Iterator<Item = &PinnedLink> {
        self.links.iter().filter(|link| link.program.is_some())
    }
}

/// Looks at what is pinned below `directory`.
///
/// # Errors
///
/// NotFound when the directory is not there, PermissionDenied without CAP_BPF and ownership.
pub fn standing(directory: &Path) -> io::Result<Standing> {
    fs::read_dir(directory)?;
    let present = links().unwrap_or_default();
    let mut pinned: Vec<PinnedLink> = links_in(directory)
        .into_iter()
        .map(|(index, mode, path)| pinned_link(index, mode, &path, &present))
        .collect::<io::Result<_>>()?;
    pinned.sort_by_key(|link| link.interface);
    let maps_missing: Vec<_> =
        MAPS.into_iter().filter(|map| !directory.join(map).exists()).collect();
    let epoch = if maps_missing.contains(&name::EPOCH) { None } else { epoch(directory) };
    let readable = epoch.as_ref().filter(|epoch| epoch.is_of_this_agent);
    let books = readable.and_then(|epoch| books(directory, epoch).ok());
    let held_off = Mark::HeldOff.all(directory).into_iter();
    let held_off = held_off.map(|(interface, since)| HeldOff {
        interface,
        name: name_of(&present, interface),
        since,
    });
    Ok(Standing { links: pinned, held_off: held_off.collect(), maps_missing, epoch, books })
}

fn pinned_link(index: u32, mode: String, path: &Path, present: &[Link]) -> io::Result<PinnedLink> {
    let info = link_info(&open_pin(path)?)?;
    let attached = info.filter(|info| info.interface == index);
    Ok(PinnedLink {
        interface: index,
        name: name_of(present, index),
        mode,
        pinned_since: made(path),
        link: info.map(|info| info.id),
        program: attached.map(|info| program(info.program)),
    })
}

fn name_of(present: &[Link], index: u32) -> Option<String> {
    present.iter().find(|link| link.index == index).map(|link| link.name.clone())
}

fn program(id: u32) -> Program {
    let info = aya::programs::loaded_programs().flatten().find(|info| info.id() == id);
    Program {
        owner: Owner::of_program(id),
        tag: info.as_ref().map_or_else(String::new, |info| {
            // Octets of the hash in memory order, which is how the kernel prints it.
            info.tag().to_be_bytes().iter().map(|octet| format!("{octet:02x}")).collect()
        }),
        loaded_at: info.and_then(|info| info.loaded_at()),
    }
}

fn made(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

fn epoch(directory: &Path) -> Option<Epoch> {
    let path = directory.join(name::EPOCH);
    let unknown = |layout| Epoch {
        layout,
        is_of_this_agent: false,
        began: made(&path),
        cpus: 0,
        flow_slots: 0,
        is_linear: false,
    };
    let data = MapData::from_pin(&path).ok()?;
    // The settings of another layout may be of another length.
    let Ok(map) = Array::<_, EpochOctets>::try_from(Map::Array(data)) else {
        return Some(unknown(None));
    };
    let settings = Settings::from_octets(&map.get(&0, 0).ok()?.0);
    if settings.abi_version != ABI_VERSION {
        return Some(unknown(Some(settings.abi_version)));
    }
    let slots = u64::from(settings.cpus) * (u64::from(settings.set_mask) + 1) * WAYS as u64;
    Some(Epoch {
        layout: Some(settings.abi_version),
        is_of_this_agent: true,
        began: made(&path),
        cpus: settings.cpus,
        flow_slots: u32::try_from(slots).ok()?,
        is_linear: settings.is_linear == 1,
    })
}

fn books(directory: &Path, epoch: &Epoch) -> io::Result<Books> {
    let cpus = epoch.cpus as usize;
    let rows = mapped(directory, name::BOOKS, cpus * INTERFACE_ROWS as usize * counts::ROW_WORDS)?;
    let ledgers = mapped(directory, name::LEDGERS, cpus * LEDGER_LINES)?;
    let slots = epoch.flow_slots as usize;
    let heads = mapped(directory, name::FLOWS, slots * HEAD_WORDS)?;
    let tails = mapped(directory, name::FLOW_TAILS, slots * TAIL_WORDS)?;
    let ledger = counts::ledger(&ledgers);
    let mut books = Books {
        encapsulated: ledger.line(Entry::Encapsulated),
        evicted: ledger.line(Entry::EvictedPackets),
        lost: ledger.line(Entry::LostPackets),
        ..Books::default()
    };
    for row in counts::rows(&rows) {
        books.received += row.received_frames;
        books.received_octets += row.received_octets;
        books.undissected += row.undissected_frames.iter().sum::<u64>();
    }
    for position in 0..epoch.flow_slots {
        let glance = counts::glance(&heads, &tails, position);
        if glance.generation != 0 {
            books.live += glance.packets;
            books.flows += 1;
        }
    }
    Ok(books)
}

/// Maps a pinned array, if it is as large as the epoch says.
fn mapped(directory: &Path, map: &str, words: usize) -> io::Result<MappedWords> {
    let path: PathBuf = directory.join(map);
    let info = MapInfo::from_pin(&path).map_err(io::Error::other)?;
    let octets = u64::from(info.max_entries()) * u64::from(info.value_size());
    if octets != words as u64 * 8 {
        return Err(io::Error::from(io::ErrorKind::InvalidData));
    }
    MappedWords::read_only(open_pin(&path)?, 0, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_without_a_fate_is_seen() {
        let books = Books {
            received: 10,
            encapsulated: 2,
            undissected: 3,
            live: 5,
            evicted: 3,
            lost: 1,
            ..Books::default()
        };
        assert_eq!(books.unaccounted(), 0);
        assert_eq!(Books { live: 4, ..books }.unaccounted(), 1);
        assert_eq!(Books { live: 6, ..books }.unaccounted(), 1);
    }

    #[test]
    fn a_directory_that_is_not_there_is_not_found() {
        let error = standing(Path::new("/nowhere/pins")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
