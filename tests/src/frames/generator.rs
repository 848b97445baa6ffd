//! An endless, seeded stream of frames of every kind: whole and broken, on
//! usual and odd ports, in both directions. The agreement test gives the same
//! frames to the kernel and to the host; the books test counts them.

mod damage;
mod oddities;
mod sound;
mod tunnels;

use super::{LARGEST_FRAME, SeededRandom};
use crate::speakers::{Saying, repertoire};

/// One generated frame and how it came about, for the failure message.
#[derive(Clone, Debug)]
pub struct Specimen {
    pub octets: Vec<u8>,
    pub description: String,
}

/// The smallest frame that an interface or a program test run takes.
const ETHERNET_HEADER: usize = 14;

#[derive(Clone, Debug)]
pub struct FrameGenerator {
    random: SeededRandom,
    repertoire: Vec<Saying>,
    shortest: usize,
    longest: usize,
}

impl FrameGenerator {
    /// Frames of 14 to 1514 octets; the same for the same seed.
    pub fn new(seed: u64) -> Self {
        Self {
            random: SeededRandom::new(seed),
            repertoire: repertoire(),
            shortest: ETHERNET_HEADER,
            longest: LARGEST_FRAME,
        }
    }

    /// Frames of `shortest..=longest` octets: below 14 no interface sends
    /// them, but a parser must survive them.
    pub fn with_lengths(mut self, shortest: usize, longest: usize) -> Self {
        assert!(shortest <= longest, "shortest {shortest}, longest {longest}");
        self.shortest = shortest;
        self.longest = longest;
        self
    }

    fn intact(&mut self) -> Specimen {
        match self.random.below(100) {
            0..48 => sound::application(&mut self.random, &self.repertoire),
            48..58 => self.tunnelled(),
            58..68 => sound::bare_segment(&mut self.random),
            68..78 => sound::fragment(&mut self.random, &self.repertoire),
            78..90 => oddities::network_control(&mut self.random),
            _ => oddities::link_control(&mut self.random),
        }
    }

    fn tunnelled(&mut self) -> Specimen {
        let carried = match self.random.below(10) {
            0..6 => sound::application(&mut self.random, &self.repertoire),
            6 => sound::bare_segment(&mut self.random),
            7 => oddities::network_control(&mut self.random),
            8 => sound::fragment(&mut self.random, &self.repertoire),
            _ => oddities::link_control(&mut self.random),
        };
        let packet = match self.random.below(4) {
            0 => sound::fragmented_packet(&mut self.random, &self.repertoire),
            _ => oddities::inner_packet(&mut self.random, &self.repertoire),
        };
        tunnels::tunnelled(&mut self.random, &carried, packet)
    }

    /// A frame in each kind of tunnel, to be cut everywhere.
    pub fn one_in_each_tunnel(&mut self) -> Vec<Specimen> {
        tunnels::one_of_each(&mut self.random, &self.repertoire)
    }

    fn specimen(&mut self) -> Specimen {
        match self.random.below(100) {
            0..60 => self.intact(),
            60..75 => {
                let whole = self.intact();
                damage::truncated(&mut self.random, whole)
            }
            75..90 => {
                let whole = self.intact();
                damage::mutated(&mut self.random, whole)
            }
            90..94 => damage::near_miss(&mut self.random, &self.repertoire),
            94..96 => oddities::stacked_tags(&mut self.random, &self.repertoire),
            96..98 => oddities::carried(&mut self.random, &self.repertoire),
            _ => damage::noise(&mut self.random),
        }
    }
}

impl Iterator for FrameGenerator {
    type Item = Specimen;

    fn next(&mut self) -> Option<Specimen> {
        let mut specimen = self.specimen();
        specimen.octets.truncate(self.longest);
        if specimen.octets.len() < self.shortest {
            specimen.octets.resize(self.shortest, 0);
        }
        Some(specimen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn same_seed_gives_the_same_frames_and_another_seed_gives_others() {
        let take = |seed| {
            FrameGenerator::new(seed).take(500).map(|specimen| specimen.octets).collect::<Vec<_>>()
        };
        assert_eq!(take(1), take(1));
        assert_ne!(take(1), take(2));
    }

    #[test]
    fn frames_keep_to_the_lengths_that_an_interface_sends() {
        let mut lengths = BTreeSet::new();
        for specimen in FrameGenerator::new(7).take(20_000) {
            lengths.insert(specimen.octets.len());
        }
        assert_eq!(lengths.first(), Some(&14));
        assert!(*lengths.last().unwrap() <= LARGEST_FRAME);
        assert!(lengths.len() > 400, "only {} different lengths", lengths.len());
    }

    #[test]
    fn every_saying_and_every_kind_of_frame_appears() {
        let descriptions: Vec<String> =
            FrameGenerator::new(11).take(20_000).map(|specimen| specimen.description).collect();
        for saying in repertoire() {
            assert!(
                descriptions.iter().any(|text| text.contains(saying.name)),
                "no {}",
                saying.name
            );
        }
        for kind in [
            "ipv4",
            "ipv6",
            "tag",
            "options",
            "hop-by-hop",
            "routing",
            "fragment",
            "sctp",
            "4 in ip",
            "6 in ip",
            "gre ip",
            "pppoe session",
            "4 mpls labels",
            "gre ethernet",
            "erspan 1",
            "erspan 2",
            "erspan 3",
            "vxlan",
            "tunnel of 12",
            "icmp",
            "icmpv6",
            "igmp",
            "arp",
            "lldp",
            "cdp",
            "unknown ethertype",
            "truncated",
            "mutated",
            "near miss",
            "noise",
            "odd port",
            "swapped",
            "padding",
        ] {
            assert!(descriptions.iter().any(|text| text.contains(kind)), "no {kind}");
        }
    }
}
