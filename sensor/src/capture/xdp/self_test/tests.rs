use std::collections::BTreeSet;

use sensor_common::{
    application::Application,
    books::{Entry, InterfaceRow},
};

use super::{super::replay::SHORTEST_FRAME, *};
use crate::capture::Datapath as _;

/// What the host makes of all the frames.
fn on_host() -> HostDatapath {
    let mut host = HostDatapath::new(&SIZES);
    for (index, specimen) in specimens().iter().enumerate() {
        let length = specimen.octets.len() as u64;
        host.receive(&specimen.octets, length, INTERFACE, 1000 + index as u64);
    }
    host
}

#[test]
fn the_frames_go_every_way_that_there_is() {
    let mut host = HostDatapath::new(&SIZES);
    let mut found = BTreeSet::new();
    for (index, specimen) in specimens().iter().enumerate() {
        assert!(specimen.octets.len() >= SHORTEST_FRAME, "{}", specimen.name);
        let length = specimen.octets.len() as u64;
        host.receive(&specimen.octets, length, INTERFACE, 1000 + index as u64);
        let slots = (0..host.slots()).filter_map(|position| host.slot(position));
        found.extend(slots.map(|slot| slot.verdict().application().name()));
    }
    let wanted = [
        Application::Hl7,
        Application::Dicom,
        Application::Smb1,
        Application::Modbus,
        Application::Dns,
        Application::Vxlan,
        Application::Gre,
    ];
    for application in wanted {
        assert!(found.contains(application.name()), "{application:?} is not in {found:?}");
    }
    let ledger = host.ledger();
    assert_eq!(ledger.line(Entry::Encapsulated), 2);
    assert!(ledger.line(Entry::EncapsulatedUndissected) > 0);
    assert!(ledger.line(Entry::EvictedFlows) > 50, "{ledger:?}");
    assert!(ledger.line(Entry::Samples) > 0, "{ledger:?}");
    let [row] = host.interface_rows()[..] else { panic!("one interface") };
    let reasons = row.undissected_frames.iter().filter(|frames| **frames > 0).count();
    assert!(reasons >= 3, "{row:?}");
}

#[test]
fn what_a_report_calls_frames_is_one_thing_or_follows_itself() {
    let mut names: Vec<&str> = specimens().iter().map(|specimen| specimen.name).collect();
    names.dedup();
    let distinct: BTreeSet<_> = names.iter().collect();
    assert_eq!(distinct.len(), names.len());
    assert!(names.len() > 20);
}

#[test]
fn a_frame_that_does_not_pass_or_comes_out_changed_is_found() {
    let octets = vec![7; 60];
    let ran = Ran { verdict: PASS, octets: octets.clone() };
    assert!(judge("a frame", &octets, &ran).is_ok());
    for (verdict, name) in [(0, "XDP_ABORTED"), (1, "XDP_DROP"), (3, "XDP_TX"), (9, "no verdict")] {
        let said = judge("a frame", &octets, &Ran { verdict, ..ran.clone() }).unwrap_err();
        assert!(said.to_string().contains(name), "{said}");
    }
    let mut changed = octets.clone();
    changed[59] ^= 1;
    for octets_out in [changed, octets[..59].to_vec(), [&octets[..], &[0]].concat()] {
        let said = judge("a frame", &octets, &Ran { octets: octets_out, ..ran.clone() });
        assert!(matches!(said, Err(SelfTestError::Changed { .. })), "{said:?}");
    }
}

#[test]
fn one_octet_counted_otherwise_is_found_and_said() {
    let state = State::of(&mut on_host());
    assert!(compare("a frame", &state, &state.clone()).is_ok());
    let mut other = state.clone();
    other.rows[0].received_octets += 1;
    let said = compare("a frame", &state, &other).unwrap_err().to_string();
    assert!(said.contains("a frame") && said.contains("rows of the interfaces"), "{said}");
    let mut other = state.clone();
    let slot = other.slots.iter().position(|slot| slot.is_some_and(|slot| slot.packets() > 0));
    other.slots[slot.expect("flows are in the table")] = None;
    let said = compare("a frame", &state, &other).unwrap_err().to_string();
    assert!(said.contains("slots of the flow table"), "{said}");
    let none = State { rows: vec![InterfaceRow::default()], ..state.clone() };
    assert!(compare("a frame", &state, &none).is_err());
}

#[test]
#[ignore = "needs CAP_BPF"]
fn this_kernel_passes_with_both_programs() {
    for buffers in [Buffers::of_this_kernel().expect("it may be asked"), Buffers::One] {
        let test = self_test(buffers).expect("the program is right");
        println!("{test}");
        assert_eq!(test.frames, specimens().len());
    }
}

#[test]
#[ignore = "needs CAP_BPF"]
fn a_kernel_whose_counts_are_of_other_frames_is_found_out() {
    let here = Buffers::of_this_kernel().expect("it may be asked");
    let mut kernel = KernelReplay::open_with_rings(here, &SIZES, RING).expect("it loads");
    // One frame more than the host knows of.
    kernel.run(&[0; 60], 60, INTERFACE, 1).expect("it runs");
    let said = run(&mut kernel, &specimens()).unwrap_err();
    assert!(matches!(said, LoadError::SelfTest(SelfTestError::Miscounted { .. })), "{said}");
}
