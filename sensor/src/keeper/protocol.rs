//! What keeper and worker say to each other, over a socket that keeps messages apart.
//!
//! The worker says one octet at a time, so there is nothing in it to get wrong. What the keeper says
//! begins with its kind; fields follow in the byte order of the machine. Both ends are one build.

use bytes::{Buf, BufMut as _};
use sensor_common::endpoint::{EndpointIndex, EndpointKey};

use crate::{
    capture::{
        ticks::TickClock,
        xdp::{AttachMode, TableShape},
    },
    time::Moment,
};

/// Endpoints in one message.
pub const CHUNK: usize = 400;
/// Octets of the longest message, with room to notice a longer one.
pub const LONGEST: usize = 8 + CHUNK * ENTRY + 1;
const ENTRY: usize = 40;
/// Of an interface, with the zero at its end (`IFNAMSIZ`).
const NAME: usize = 16;

/// All that the worker may say. Nothing of it makes the keeper attach, detach or write anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FromWorker {
    /// It listens on its addresses and has opened its files: it can be given tables.
    Prepared,
    /// The pipeline has gone round once more.
    Alive,
    /// It wants all endpoints.
    Endpoints,
}

impl FromWorker {
    const ALL: [(u8, Self); 3] =
        [(b'p', Self::Prepared), (b'a', Self::Alive), (b'e', Self::Endpoints)];

    pub fn octet(self) -> u8 {
        Self::ALL.iter().find(|(_, message)| *message == self).map_or(0, |(octet, _)| *octet)
    }

    /// `None` for what is no message.
    pub fn of(octets: &[u8]) -> Option<Self> {
        let [octet] = octets else { return None };
        Self::ALL.iter().find(|(number, _)| number == octet).map(|(_, message)| *message)
    }
}

/// What a worker is given once, together with the descriptors of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Welcome {
    pub shape: TableShape,
    pub clock: TickClock,
    /// The tables hold what an earlier agent or worker saw counted.
    pub is_resumed: bool,
    /// Workers that ended before this one without being told to.
    pub restarts: u64,
}

/// One interface with the program on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    pub index: u32,
    pub mode: AttachMode,
    pub name: String,
}

/// How things stand, after the interfaces that are attached, and those that are held off, were told
/// one by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Configured names and patterns for which no interface is attached.
    pub missing: u32,
    /// Pins that somebody removed and the keeper made again.
    pub pins_restored: u64,
    /// Time in the program and runs of it, where the kernel measures them.
    pub runs: Option<(u64, u64)>,
}

/// All that the keeper says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FromKeeper {
    Welcome(Welcome),
    Attached(Attached),
    /// The name of an interface from which the program was taken because its link did not come back.
    HeldOff(String),
    Standing(Standing),
    Endpoints(Vec<(EndpointIndex, EndpointKey)>),
    /// The last endpoint has been told.
    EndpointsEnd,
    /// The worker is to end.
    End,
}

impl FromKeeper {
    pub fn encode(&self) -> Vec<u8> {
        let mut octets = Vec::with_capacity(128);
        match self {
            Self::Welcome(welcome) => {
                octets.put_u32_ne(1);
                let shape = &welcome.shape;
                for size in [
                    shape.cpus,
                    shape.sets,
                    shape.endpoints,
                    shape.records_ring,
                    shape.notices_ring,
                    u32::from(welcome.is_resumed),
                ] {
                    octets.put_u32_ne(size);
                }
                let (per_second, tick, moment) = welcome.clock.parts();
                octets.put_u32_ne(per_second);
                octets.put_u64_ne(tick);
                octets.put_u64_ne(moment.as_micros());
                octets.put_u64_ne(welcome.restarts);
            }
            Self::Attached(attached) => {
                octets.put_u32_ne(2);
                octets.put_u32_ne(attached.index);
                octets.put_u32_ne(u32::from(attached.mode == AttachMode::Generic));
                octets.put_slice(&name_octets(&attached.name));
            }
            Self::HeldOff(name) => {
                octets.put_u32_ne(7);
                octets.put_slice(&name_octets(name));
            }
            Self::Standing(standing) => {
                octets.put_u32_ne(3);
                octets.put_u32_ne(standing.missing);
                octets.put_u64_ne(standing.pins_restored);
                octets.put_u32_ne(u32::from(standing.runs.is_some()));
                let (nanoseconds, runs) = standing.runs.unwrap_or_default();
                octets.put_u64_ne(nanoseconds);
                octets.put_u64_ne(runs);
            }
            Self::Endpoints(endpoints) => {
                octets.put_u32_ne(4);
                for (index, key) in endpoints {
                    octets.put_u64_ne(u64::from(*index));
                    let EndpointKey { address: [high, low], station, vlans } = *key;
                    for word in [high, low, station, vlans] {
                        octets.put_u64_ne(word);
                    }
                }
            }
            Self::EndpointsEnd => octets.put_u32_ne(5),
            Self::End => octets.put_u32_ne(6),
        }
        octets
    }

    /// `None` for what is no message, is cut short or too long.
    pub fn decode(mut octets: &[u8]) -> Option<Self> {
        let from = &mut octets;
        let message = match from.try_get_u32_ne().ok()? {
            1 => Self::Welcome(welcome(from)?),
            2 => {
                let index = from.try_get_u32_ne().ok()?;
                let mode = match from.try_get_u32_ne().ok()? {
                    0 => AttachMode::Native,
                    1 => AttachMode::Generic,
                    _ => return None,
                };
                Self::Attached(Attached { index, mode, name: name(from)? })
            }
            3 => {
                let missing = from.try_get_u32_ne().ok()?;
                let pins_restored = from.try_get_u64_ne().ok()?;
                let is_measured = from.try_get_u32_ne().ok()? == 1;
                let runs = (from.try_get_u64_ne().ok()?, from.try_get_u64_ne().ok()?);
                let runs = is_measured.then_some(runs);
                Self::Standing(Standing { missing, pins_restored, runs })
            }
            4 => {
                let mut endpoints = Vec::with_capacity(from.len() / ENTRY);
                while from.has_remaining() {
                    let index = u32::try_from(from.try_get_u64_ne().ok()?).ok()?;
                    let mut word = || from.try_get_u64_ne().ok();
                    let (address, station, vlans) = ([word()?, word()?], word()?, word()?);
                    endpoints.push((index, EndpointKey { address, station, vlans }));
                }
                Self::Endpoints(endpoints)
            }
            5 => Self::EndpointsEnd,
            6 => Self::End,
            7 => Self::HeldOff(name(from)?),
            _ => return None,
        };
        octets.is_empty().then_some(message)
    }
}

fn name_octets(name: &str) -> [u8; NAME] {
    let mut octets = [0; NAME];
    let length = name.len().min(NAME);
    octets[..length].copy_from_slice(&name.as_bytes()[..length]);
    octets
}

fn name(from: &mut &[u8]) -> Option<String> {
    let mut octets = [0; NAME];
    from.try_copy_to_slice(&mut octets).ok()?;
    let name = octets.split(|octet| *octet == 0).next().unwrap_or_default();
    Some(String::from_utf8_lossy(name).into_owned())
}

fn welcome(from: &mut &[u8]) -> Option<Welcome> {
    let mut size = || from.try_get_u32_ne().ok();
    let shape = TableShape {
        cpus: size()?,
        sets: size()?,
        endpoints: size()?,
        records_ring: size()?,
        notices_ring: size()?,
    };
    let (is_resumed, per_second) = (size()? == 1, size()?);
    let mut word = || from.try_get_u64_ne().ok();
    let clock = TickClock::new(per_second, word()?, Moment::from_micros(word()?));
    Some(Welcome { shape, clock, is_resumed, restarts: word()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> Vec<FromKeeper> {
        let shape = TableShape {
            cpus: 2,
            sets: 64,
            endpoints: 256,
            records_ring: 4096,
            notices_ring: 1024,
        };
        let clock = TickClock::new(250, 77, Moment::from_micros(12_345));
        let key = EndpointKey { address: [1, 2], station: 3, vlans: 4 };
        vec![
            FromKeeper::Welcome(Welcome { shape, clock, is_resumed: true, restarts: 3 }),
            FromKeeper::Attached(Attached {
                index: 7,
                mode: AttachMode::Generic,
                name: "clinical0".to_owned(),
            }),
            FromKeeper::HeldOff("fifteen-letters".to_owned()),
            FromKeeper::Standing(Standing { missing: 1, pins_restored: 7, runs: Some((5, 6)) }),
            FromKeeper::Standing(Standing { missing: 0, pins_restored: 0, runs: None }),
            FromKeeper::Endpoints(vec![(2, key); CHUNK]),
            FromKeeper::EndpointsEnd,
            FromKeeper::End,
        ]
    }

    #[test]
    fn what_is_said_is_understood_and_nothing_shorter_or_longer() {
        for message in samples() {
            let octets = message.encode();
            assert!(octets.len() < LONGEST, "{message:?}");
            assert_eq!(FromKeeper::decode(&octets), Some(message.clone()));
            let longer = [&octets[..], &[0]].concat();
            assert_eq!(FromKeeper::decode(&longer), None, "{message:?}");
            if !matches!(message, FromKeeper::Endpoints(_)) {
                for length in 0..octets.len() {
                    assert_eq!(FromKeeper::decode(&octets[..length]), None, "{message:?}");
                }
            }
        }
    }

    #[test]
    fn a_worker_says_one_of_three_octets() {
        let understood: Vec<u8> =
            (0..=255).filter(|octet| FromWorker::of(&[*octet]).is_some()).collect();
        assert_eq!(understood, b"aep");
        for (octet, message) in FromWorker::ALL {
            assert_eq!((message.octet(), FromWorker::of(&[octet])), (octet, Some(message)));
        }
        assert_eq!(FromWorker::of(b""), None);
        assert_eq!(FromWorker::of(b"pa"), None);
    }
}
