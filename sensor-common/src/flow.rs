//! Flow keys, flow slots and the set-associative flow cache.

mod encapsulation;
mod head;
mod key;
mod set;
mod slot;
mod tail;

pub use encapsulation::Encapsulation;
pub use head::{FlowHead, HEAD_WORDS, PLACE_WORD, UNFOLDED_OCTETS_WORD, UNFOLDED_WORD};
pub use key::{FlowKey, FlowKeyFields, Network};
pub use set::{FlowHeads, FlowSet, FlowTails, WAYS, preferred_way};
pub use slot::{FirstPacket, FlowSlot, SLOT_WORDS, SlotInTable};
pub use tail::{ENDPOINTS_WORD, FOLDED_WORD, FlowTail, GENERATION_WORD, TAIL_WORDS};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::Verdict;

    fn key(port: u16) -> FlowKey {
        FlowKey::new(&FlowKeyFields {
            network: Network::Ipv4,
            source: [0x0013_dd01_0203 << 16, 0x0a14_0005],
            destination: [0x0013_dd01_0204 << 16, 0x0a1e_0007],
            source_port: port,
            destination_port: 104,
            outer_vlan: 20,
            inner_vlan: 0,
            interface: 3,
            protocol: 6,
        })
    }

    #[test]
    fn a_slot_survives_the_way_through_its_words() {
        let mut slot = FlowSlot::default();
        slot.in_table().open(
            &key(40_000),
            0x1_2345_6789,
            (7, 9),
            FirstPacket { icmp_type_code: 0x0800, tcp_flags: 2 },
        );
        slot.head.count(1514, 0x18, 0x1_2345_6800);
        slot.head.set_verdict(Verdict::settled(crate::application::Application::Dicom));
        slot.tail.evidence = 3;
        slot.tail.inspected = 2;
        let mut words = [0; SLOT_WORDS];
        slot.in_table().write_words(&mut words);
        assert_eq!(words[UNFOLDED_WORD] as u32, 1);
        assert_eq!(words[HEAD_WORDS + GENERATION_WORD] as u32, 2);
        assert_eq!(FlowSlot::from_words(&words), slot);
        assert_eq!(slot.key(), key(40_000));
        assert_eq!(slot.tcp_flags(), 0x18);
        assert_eq!(slot.last_seen(0x1_2345_7000), 0x1_2345_6800);
        assert_eq!(slot.last_seen(0x1_2345_6700), 0x1_2345_6800);
        assert_eq!(slot.last_seen(0x2_0000_0000), 0x1_2345_6800);
    }

    #[test]
    fn flags_and_verdict_do_not_change_what_a_slot_holds() {
        let mut slot = FlowSlot::default();
        slot.in_table().open(&key(1), 1, (0, 0), FirstPacket::default());
        slot.head.count(60, 0xff, 1);
        slot.head.set_verdict(Verdict::from_bits(0xff));
        assert!(slot.holds(&key(1)));
        assert!(!slot.holds(&key(2)));
    }

    #[test]
    fn both_directions_are_one_conversation_and_two_flows() {
        let forward = key(40_000);
        let reverse = FlowKey::new(&FlowKeyFields {
            network: Network::Ipv4,
            source: [0x0013_dd01_0299 << 16, 0x0a1e_0007],
            destination: [0x0013_dd01_0203 << 16, 0x0a14_0005],
            source_port: 104,
            destination_port: 40_000,
            outer_vlan: 30,
            inner_vlan: 0,
            interface: 4,
            protocol: 6,
        });
        assert_eq!(forward.conversation(99), reverse.conversation(99));
        assert_ne!(forward.hash(99), reverse.hash(99));
        assert_ne!(forward.conversation(99), key(40_001).conversation(99));
    }

    #[test]
    fn what_a_tunnel_carries_is_another_flow_and_another_conversation() {
        let plain = key(40_000);
        for kind in Encapsulation::ALL {
            let inner = plain.inside(kind as u8);
            assert_eq!(inner.encapsulation(), Some(kind));
            assert_eq!((inner.network(), inner.protocol()), (plain.network(), plain.protocol()));
            assert_eq!(inner.source_address(), plain.source_address());
            assert_ne!(inner.hash(99), plain.hash(99));
            assert_ne!(inner.conversation(99), plain.conversation(99));
            let mut slot = FlowSlot::default();
            slot.in_table().open(&inner, 1, (0, 0), FirstPacket::default());
            slot.head.set_verdict(Verdict::from_bits(0xff));
            assert!(slot.holds(&inner) && !slot.holds(&plain));
            assert_eq!(slot.key(), inner);
        }
        assert_eq!(plain.encapsulation(), None);
    }

    #[test]
    fn hosts_that_exchange_their_ports_have_another_conversation() {
        for host in 0..4096 {
            let fields = FlowKeyFields {
                network: Network::Ipv4,
                source: [0x0013_dd01_0203 << 16, 0x0a14_0000 + host],
                destination: [0x0013_dd01_0204 << 16, 0x0a1e_0007],
                source_port: 0x8000,
                destination_port: 53,
                outer_vlan: 0,
                inner_vlan: 0,
                interface: 3,
                protocol: 17,
            };
            let exchanged = FlowKeyFields { source_port: 53, destination_port: 0x8000, ..fields };
            let conversation = |fields: &FlowKeyFields| FlowKey::new(fields).conversation(7);
            // The memory of verdicts keeps the upper 48 bits.
            assert_ne!(conversation(&fields) >> 16, conversation(&exchanged) >> 16, "{host}");
        }
    }

    #[test]
    fn flows_that_differ_in_one_field_spread_over_sets_and_ways() {
        const FLOWS: usize = 1 << 14;
        let fields = |number: usize, step: u32| FlowKeyFields {
            network: Network::Ipv4,
            source: [0x0013_dd01_0203 << 16, 0x0a14_0000 + (number as u64) * (step as u64 & 0xff)],
            destination: [0x0013_dd01_0204 << 16, 0x0a1e_0007],
            source_port: (number as u32 * (step >> 8 & 0xff)) as u16,
            destination_port: (number as u32 * (step >> 16)) as u16,
            outer_vlan: 0,
            inner_vlan: 0,
            interface: 3,
            protocol: 6,
        };
        for seed in [0, 1, 0x8000_0000_0000_0000, 0x1234_5678_9abc_def0, u64::MAX] {
            for step in [1, 2, 4, 0x100, 0x400, 0x1_0000, 0x4_0000] {
                let mut sets = [0_u32; FLOWS];
                let mut ways = [0_u32; WAYS];
                for number in 0..FLOWS {
                    let hash = FlowKey::new(&fields(number, step)).hash(seed);
                    sets[hash as usize % FLOWS] += 1;
                    ways[preferred_way(hash)] += 1;
                }
                // By chance 63 % of the sets are hit, the fullest about eight times.
                let hit = sets.iter().filter(|flows| **flows > 0).count();
                let fullest = sets.iter().max().copied().unwrap_or(0);
                assert!(hit > FLOWS * 6 / 10 && fullest < 14, "{seed:x} {step:x} {hit} {fullest}");
                assert!(ways.iter().all(|flows| *flows > 3500), "{seed:x} {step:x} {ways:?}");
            }
        }
    }

    #[test]
    fn the_quietest_flow_of_a_full_set_is_the_victim() {
        let (mut heads, mut tails) = (FlowHeads::default(), FlowTails::default());
        let mut set = FlowSet { heads: &mut heads, tails: &mut tails };
        for (way, seen) in [5u64, 3, 9, 4].into_iter().enumerate() {
            set.slot(way).open(&key(way as u16 + 1), seen, (0, 0), FirstPacket::default());
        }
        for preferred in 0..WAYS {
            assert_eq!(heads.find(&key(3), preferred), Some(2));
            assert_eq!(heads.find(&key(77), preferred), None);
            assert_eq!(heads.vacancy(10, preferred), 1);
        }
        heads.ways[3] = FlowHead::default();
        assert_eq!(heads.vacancy(10, 0), 3);
    }

    #[test]
    fn a_new_flow_takes_its_preferred_way_or_the_next_that_is_empty() {
        let (mut heads, mut tails) = (FlowHeads::default(), FlowTails::default());
        let mut set = FlowSet { heads: &mut heads, tails: &mut tails };
        assert_eq!(set.heads.vacancy(10, 2), 2);
        set.slot(2).open(&key(1), 5, (0, 0), FirstPacket::default());
        set.slot(3).open(&key(2), 5, (0, 0), FirstPacket::default());
        assert_eq!(set.heads.vacancy(10, 2), 0);
    }
}
