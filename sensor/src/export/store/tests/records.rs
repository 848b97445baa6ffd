//! What was done about alerts outlives the agent.

use super::*;
use crate::detect::desk::{Acknowledgement, Deed, Marks, Note, Record, Standing, Suppression};

fn note(alert: u64, number: i64) -> Note {
    Note {
        alert,
        at: Timestamp::from_micros(number),
        deed: Deed::Acknowledged,
        by: "Ada".into(),
        text: format!("note {number}"),
    }
}

fn standing(id: u32) -> Standing {
    let suppression: Suppression = toml::from_str(
        "rule = \"port_scan\"\nnetwork = \"10.20.0.0/16\"\nowner = \"Ada\"\nreason = \"pen test\"\n\
         until = \"2026-12-31T00:00:00Z\"",
    )
    .unwrap();
    Standing { id, created: Timestamp::from_micros(5), suppression }
}

/// Something for each of the desk's tables.
pub(super) fn records() -> Vec<Record> {
    let mut records: Vec<Record> = (1..=20).map(|id| Record::Suppressed(standing(id))).collect();
    records.extend((0..20).map(|number| Record::Noted(note(1, number))));
    records
}

#[test]
fn an_alert_keeps_what_was_put_down_on_it() {
    let scratch = Scratch::new();
    let at_noon = Timestamp::from_micros(7);
    let (by, note) = ("Ada".to_owned(), "known".to_owned());
    let acknowledged = Acknowledgement { by, note, at: at_noon, is_outdated: false };
    let marks = Marks { acknowledged: Some(acknowledged), ..Marks::default() };
    let saved = Alert { found_at: at(40), marks: Box::new(marks), ..alert(9, AlertState::Firing) };
    scratch.open().save_alert(&saved, clock()).unwrap();
    let store = scratch.open();
    assert_eq!(store.load_alert(9, clock()).unwrap(), Some(saved));
    assert_eq!(store.load_alert(8, clock()).unwrap(), None);
}

#[test]
fn suppressions_outlive_the_agent_and_their_numbers_are_not_given_again() {
    let scratch = Scratch::new();
    let records = [Record::Suppressed(standing(1)), Record::Suppressed(standing(2))];
    scratch.open().save_records(&records).unwrap();
    scratch.open().save_records(&[Record::Lifted(2)]).unwrap();
    let (loaded, highest) = scratch.open().load_suppressions().unwrap();
    assert_eq!((loaded.rows, loaded.unreadable, highest), (vec![standing(1)], 0, 2));
}

#[test]
fn history_is_bounded_and_goes_with_its_alert() {
    let scratch = Scratch::new();
    let limits = StoreLimits { alerts: 1, ..StoreLimits::default() };
    let (mut store, _) = Store::open_with(scratch.path(), limits).unwrap();
    store.save_alert(&alert(1, AlertState::Resolved), clock()).unwrap();
    let notes: Vec<Record> = (0..70).map(|number| Record::Noted(note(1, number))).collect();
    store.save_records(&notes).unwrap();
    let history = store.load_history(1).unwrap().rows;
    assert_eq!((history.len(), &history[0], &history[63]), (64, &note(1, 6), &note(1, 69)));
    assert_eq!(store.alerts_dropped().unwrap(), 0);
    store.save_alert(&alert(2, AlertState::Firing), clock()).unwrap();
    assert_eq!(store.load_history(1).unwrap().rows, []);
    assert_eq!(store.alerts_dropped().unwrap(), 1);
}

/// The alerts of a storm, all of which go to the store: firing ones all stay, of resolved ones as
/// many as the limit allows, and the others are counted.
#[test]
fn a_storm_is_in_the_store_within_its_limit_and_beyond_it_counted() {
    const ALERTS: u64 = 100_000;
    let scratch = Scratch::new();
    let mut store = scratch.open();
    for first in (0..ALERTS).step_by(512) {
        let ids = first..(first + 512).min(ALERTS);
        let batch: Vec<Alert> = ids.map(|id| alert(id, AlertState::Resolved)).collect();
        store.save_alerts(batch.iter().map(|alert| (alert, clock()))).unwrap();
    }
    let kept = store.load_alerts(u32::MAX, clock()).unwrap().rows.len() as u64;
    assert_eq!(kept, u64::from(StoreLimits::default().alerts));
    assert_eq!(store.alerts_dropped().unwrap(), ALERTS - kept);
}
