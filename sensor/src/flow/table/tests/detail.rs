//! What messages say of flows, in the flows' records.

use super::*;
use crate::interpret::detail::{DicomDetail, TlsDetail};

fn lesson(fields: &FlowKeyFields, detail: FlowDetail) -> Lesson {
    Lesson { key: FlowKey::new(fields), detail, application: None }
}

fn named(server_name: &str) -> FlowDetail {
    FlowDetail::of_tls(TlsDetail {
        server_name: Some(server_name.to_owned()),
        ..TlsDetail::default()
    })
}

fn operation(name: &'static str) -> FlowDetail {
    FlowDetail::of_dicom(DicomDetail { operations: vec![name], ..DicomDetail::default() })
}

#[test]
fn every_record_of_a_flow_has_what_is_known_by_then() {
    let mut table = FlowTable::new(settings());
    let (client, server) = (fields((1, 40000), (2, 104)), fields((2, 104), (1, 40000)));
    let first = delta(&client, 0, SYN);
    table.observe(&first, None, None);
    assert!(table.describe(&lesson(&client, named("pacs.example"))));
    assert_eq!(table.iter().next().unwrap().detail, Some(Box::new(named("pacs.example"))));
    for second in 1..=100 {
        table.observe(&later(first, second * SECOND, ACK), None, None);
    }
    let records = expired(&mut table, 100 * SECOND);
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].end_reason, FlowEndReason::ActiveTimeout);
    assert_eq!(records[0].detail, Some(Box::new(named("pacs.example"))));
    // The answering side's words are about the same flow, and add.
    assert!(table.describe(&lesson(&server, operation("C-ECHO"))));
    let mut both = named("pacs.example");
    both.add(operation("C-ECHO"));
    let records = finished(&mut table, 101 * SECOND);
    assert_eq!(records[0].end_reason, FlowEndReason::ForcedEnd);
    assert_eq!(records[0].detail, Some(Box::new(both)));
}

#[test]
fn a_flow_that_is_not_held_takes_no_lesson_and_the_next_on_its_ports_has_none() {
    let mut table = FlowTable::new(settings());
    let fields = fields((1, 40000), (2, 104));
    assert!(!table.describe(&lesson(&fields, named("early.example"))));
    table.observe(&delta(&fields, 0, SYN), None, None);
    assert!(table.describe(&lesson(&fields, named("pacs.example"))));
    assert!(expired(&mut table, 60 * SECOND)[0].detail.is_some());
    assert!(!table.describe(&lesson(&fields, named("late.example"))));
    table.observe(&delta(&fields, 70 * SECOND, SYN), None, None);
    assert_eq!(finished(&mut table, 71 * SECOND)[0].detail, None);
    assert!(table.details.is_empty());
}

#[test]
fn a_lesson_without_words_makes_no_detail_and_may_settle_the_application() {
    let mut table = FlowTable::new(settings());
    let fields = fields((1, 40000), (2, 445));
    let opinion = Opinion::of_packet_path(Application::Smb1, Evidence::Confirmed);
    table.observe(&FlowDelta { opinion, ..delta(&fields, 0, SYN) }, None, None);
    let agreed =
        Lesson { application: Some(Application::Smb2), ..lesson(&fields, FlowDetail::default()) };
    assert!(table.describe(&agreed));
    let record = finished(&mut table, SECOND).remove(0);
    assert_eq!((record.opinion.application, record.detail), (Application::Smb2, None));
}

#[test]
fn details_are_bounded_and_what_found_no_room_is_counted() {
    const MORE: usize = 10;
    let maximum = MOST_DETAILS + MORE;
    let mut table = FlowTable::new(FlowSettings { maximum, ..settings() });
    for host in 0..maximum as u32 {
        let fields = fields((1 << 20 | host, 40000), (2, 443));
        table.observe(&delta(&fields, 0, SYN), None, None);
        assert!(table.describe(&lesson(&fields, named("a"))));
    }
    assert_eq!((table.details.len(), table.undescribed()), (MOST_DETAILS, MORE as u64));
    // A flow that ends gives its room back.
    expired(&mut table, 60 * SECOND);
    assert!(table.is_empty() && table.details.is_empty());
}
