//! What becomes of attempts to connect.

use super::*;

#[test]
fn a_connection_without_an_answer_is_half_open_once() {
    let mut table = FlowTable::new(settings());
    let request = delta(&fields((1, 40000), (2, 445)), 0, SYN);
    table.observe(&request, Some(DeviceId(7)), None);
    table.observe(&later(request, SECOND / 2, SYN), None, None);
    expired(&mut table, SECOND - 1);
    assert_eq!(table.take_outcomes(), []);
    expired(&mut table, SECOND);
    let half_open =
        Outcome { initiator_device: Some(DeviceId(7)), is_half_open: true, at: at(SECOND) };
    assert_eq!(table.take_outcomes(), [half_open]);
    table.observe(&delta(&fields((2, 445), (1, 40000)), 3 * SECOND, SYN | ACK), None, None);
    finished(&mut table, 90 * SECOND);
    assert_eq!(table.take_outcomes(), []);
}

#[test]
fn an_answered_connection_is_not_half_open_whichever_side_is_read_first() {
    let request = delta(&fields((1, 40000), (2, 445)), 0, SYN);
    let answer = delta(&fields((2, 445), (1, 40000)), 5, RST | ACK);
    for deltas in [[request, answer], [answer, request]] {
        let mut table = FlowTable::new(settings());
        for delta in &deltas {
            let device = (delta.key == request.key).then_some(DeviceId(7));
            table.observe(delta, device, None);
        }
        expired(&mut table, 10 * SECOND);
        let outcomes = table.take_outcomes();
        assert_eq!(outcomes.len(), 1);
        assert_eq!(outcomes[0].initiator_device, Some(DeviceId(7)));
        assert!(!outcomes[0].is_half_open);
    }
}

#[test]
fn displaced_attempts_have_their_outcome_too() {
    let mut table = FlowTable::new(FlowSettings { maximum: 10, ..settings() });
    for port in 0..1000 {
        let attempt = delta(&fields((1, port), (2, 80)), u64::from(port), SYN);
        table.observe(&attempt, Some(DeviceId(1)), None);
    }
    finished(&mut table, SECOND);
    let outcomes = table.take_outcomes();
    assert_eq!(outcomes.len(), 1000);
    assert!(outcomes.iter().all(|outcome| outcome.is_half_open));
}
