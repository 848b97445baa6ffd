use super::*;
use crate::detect::segment::{Frame, ROUTER as GATEWAY, Segment, host, posing_as};

/// Host 1 is asked for by host 3 and answers; host 2 is there.
fn segment() -> Segment {
    let mut segment = Segment::watched_by("arp_spoof");
    segment.feed(Frame::announcement(host(2)), 0.0);
    segment.feed(Frame::arp_request(host(3), host(1).1), 0.0);
    segment.feed(Frame::arp_reply(host(1), host(3)), 0.0);
    segment
}

#[test]
fn an_address_that_is_claimed_while_its_owner_is_heard_is_spoofed_at_the_third_time() {
    let mut segment = segment();
    let impostor = posing_as(host(2), host(1));
    for (at, expected) in [(1.0, 0), (3.0, 0), (5.0, 1)] {
        segment.feed(Frame::arp_reply(impostor, host(3)), at);
        let found = segment.advance(at);
        assert_eq!(found.len(), expected, "{at}");
        for finding in found {
            assert_eq!(finding.device, segment.device(host(2)));
            assert_eq!((finding.value, finding.limit), (3.0, 3.0));
            assert_eq!(finding.evidence.claimed, [host(1).1]);
            assert_eq!(finding.severity, None);
        }
        segment.feed(Frame::tcp(host(1), host(3), 104), at + 1.0);
    }
    segment.feed(Frame::arp_reply(impostor, host(3)).packets(9).again(), 16.0);
    assert_eq!(segment.advance(16.0)[0].value, 12.0);
}

#[test]
fn an_owner_that_went_silent_has_moved_not_been_robbed() {
    let mut segment = segment();
    let heir = posing_as(host(2), host(1));
    for at in 1..9 {
        segment.feed(Frame::announcement(heir), f64::from(at));
    }
    assert_eq!(segment.advance(9.0), []);
}

#[test]
fn claims_farther_apart_than_the_window_do_not_add_up() {
    let mut segment = segment();
    for step in 1..6 {
        let at = f64::from(step) * 31.0;
        segment.feed(Frame::announcement(posing_as(host(2), host(1))), at);
        segment.feed(Frame::announcement(host(1)).again(), at + 1.0);
    }
    assert_eq!(segment.advance(200.0), []);
}

#[test]
fn two_addresses_are_worse_than_one() {
    let mut segment = segment();
    segment.feed(Frame::announcement(host(3)), 0.0);
    let mut found = Vec::new();
    for step in 1..5 {
        let at = f64::from(step) * 2.0;
        for (victim, other) in [(1, 3), (3, 1)] {
            let impostor = posing_as(host(2), host(victim));
            segment.feed(Frame::arp_reply(impostor, host(other)), at);
            segment.feed(Frame::tcp(host(victim), host(other), 80), at + 1.0);
        }
        found.extend(segment.advance(at + 1.0));
    }
    assert!(found.iter().any(|finding| finding.severity == Some(Severity::High)));
}

#[test]
fn the_address_of_a_router_is_spoofed_at_once_but_not_by_another_router() {
    for (claimant, expected) in [(host(2).0, 1), (0x0000_5e00_0101, 0), (0x0000_0c07_ac05, 0)] {
        let mut segment = segment();
        segment.feed(Frame::announcement(GATEWAY), 0.0);
        let claimant = crate::detect::segment::Host(claimant, GATEWAY.1);
        segment.feed(Frame::announcement(claimant), 1.0);
        let found = segment.advance(1.0);
        assert_eq!(found.len(), expected);
        assert!(found.iter().all(|each| each.severity == Some(Severity::High)));
    }
}

#[test]
fn a_second_port_of_the_card_and_the_same_station_on_another_vlan_are_no_impostors() {
    let mut segment = segment();
    let port = crate::detect::segment::Host(host(1).0 + 1, host(1).1);
    for at in 1..9 {
        segment.feed(Frame::announcement(port), f64::from(at));
        segment.feed(Frame::announcement(host(1)).again(), f64::from(at) + 0.5);
        segment.feed(Frame::announcement(host(1)).vlan(30), f64::from(at) + 0.6);
    }
    assert_eq!(segment.advance(9.0), []);
}

#[test]
fn an_address_is_reused_after_a_long_silence() {
    let mut segment = segment();
    for step in 0..9 {
        segment.feed(Frame::announcement(posing_as(host(2), host(1))), 601.0 + f64::from(step));
    }
    // The earlier owner is now the one who claims, and only once.
    segment.feed(Frame::announcement(host(1)), 612.0);
    assert_eq!(segment.advance(612.0), []);
}

#[test]
fn replies_that_nobody_asked_for_are_told_at_the_tenth() {
    let mut segment = segment();
    for (messages, expected) in [(9, 0), (1, 1)] {
        segment.feed(Frame::arp_reply(host(2), host(3)).packets(messages), 1.0);
        let found = segment.advance(1.0);
        assert_eq!(found.len(), expected);
        assert!(found.iter().all(|each| each.metric == "unanswered_replies"));
    }
}

#[test]
fn asking_one_station_and_being_answered_is_the_habit_of_neighbours() {
    let mut segment = segment();
    for step in 0..30 {
        let at = f64::from(step);
        segment.feed(Frame::arp_reply(host(2), host(3)), at);
        segment.feed(Frame::arp_reply(host(3), host(2)), at + 0.01);
    }
    assert_eq!(segment.advance(30.0), []);
}

#[test]
fn a_flood_of_forged_senders_displace_no_owner() {
    let mut segment = segment();
    for number in 0..50_000 {
        segment.feed(Frame::announcement(host(100 + number)), 1.0);
    }
    assert!(segment.overflowed() > 0);
    for at in [2.0, 4.0, 6.0] {
        segment.feed(Frame::announcement(posing_as(host(2), host(1))), at);
        segment.feed(Frame::announcement(host(1)), at + 1.0);
    }
    assert_eq!(segment.advance(7.0).len(), 1);
}
