//! Messages read back by a strict reader that shares nothing with their writer, and receivers on
//! loopback that take, refuse, or say nothing.

mod grammar;
mod receivers;

use std::time::Instant;

use proptest::prelude::*;

use super::*;
use crate::{
    detect::Severity,
    export::delivery::fixture::{self, clock, device, hostile, hostile_text},
};
use grammar::{Cef, Syslog5424, frames};

const LOCAL0: u8 = 16;
const BYTE_ORDER_MARK: char = '\u{feff}';
/// RFC 5424, section 6.1: what every receiver should take.
const RECEIVED: usize = 2048;

fn plain() -> Notice {
    let alert = fixture::alert(3, Severity::Critical, crate::detect::AlertState::Firing);
    Notice::of(&alert, Some(&device("ct-7", "Siemens")), clock(), 9, "gateway-1", fixture::START)
}

fn severity() -> impl Strategy<Value = Severity> {
    prop::sample::select(vec![
        Severity::Info,
        Severity::Low,
        Severity::Medium,
        Severity::High,
        Severity::Critical,
    ])
}

fn hostile_notice() -> impl Strategy<Value = Notice> {
    let texts = prop::array::uniform7(hostile_text());
    (texts, severity(), any::<bool>())
        .prop_map(|(texts, severity, is_test)| hostile(&texts, severity, is_test))
}

/// What the reader must have had, whatever it was before.
fn is_clean(text: &str) -> bool {
    let is_mark = |c| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{feff}');
    !text.chars().any(|c| c.is_control() || is_mark(c))
}

#[test]
fn a_message_says_the_alert_in_structured_data_and_its_summary() {
    let message = rfc5424::message(&plain(), LOCAL0);
    let read = Syslog5424::parse(&message).unwrap();
    assert_eq!((read.facility, read.severity), (16, 2));
    assert_eq!(read.timestamp, "2026-01-01T00:00:00.000000Z");
    assert_eq!((read.host, read.application), ("gateway-1", "wardline"));
    assert_eq!(read.message_id, "WL-002");
    assert_eq!(read.text, "\u{feff}Device 3 \"contacts\" distinct peers: 14");
    let own = &read.data["wardline@32473"];
    for (name, value) in [
        ("key", "0000000000000003-firing-9"),
        ("state", "firing"),
        ("severity", "critical"),
        ("value", "14"),
        ("limit", "10"),
        ("windowSeconds", "60"),
        ("address", "10.20.0.5"),
        ("mac", "00:09:fb:01:02:03"),
        ("hostName", "ct-7"),
        ("vendor", "Siemens"),
        ("firedAt", "2026-01-01T00:00:01.000000Z"),
    ] {
        assert_eq!(own.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(!own.contains_key("resolvedAt") && !own.contains_key("test"));
    assert_eq!(read.data["origin"]["software"], "wardline");
}

#[test]
fn an_event_in_cef_says_the_same() {
    let message = rfc5424::message_of(&plain(), LOCAL0, &cef::event(&plain()));
    let read = Syslog5424::parse(&message).unwrap();
    let event = Cef::parse(read.text).unwrap();
    assert_eq!(event.header[..3], ["0", "Wardline", "Wardline"]);
    assert_eq!(event.header[4..], ["WL-002", "smb_fan_out", "10"]);
    for (key, value) in [
        ("externalId", "0000000000000003-firing-9"),
        ("act", "firing"),
        ("src", "10.20.0.5"),
        ("smac", "00:09:fb:01:02:03"),
        ("shost", "ct-7"),
        ("dvchost", "gateway-1"),
        ("rt", "1767225600000"),
        ("cfp1", "14"),
        ("cfp1Label", "Value"),
        ("msg", "Device 3 \"contacts\" distinct peers: 14"),
    ] {
        assert_eq!(event.extension.get(key).map(String::as_str), Some(value), "{key}");
    }
    assert!(!event.extension.contains_key("end"));
}

#[test]
fn numbers_that_are_none_and_numbers_that_are_long_keep_the_format() {
    let notice = Notice {
        value: None,
        limit: Some(f64::MAX),
        window_seconds: f64::MIN_POSITIVE,
        resolved_at: Some(i64::MAX),
        evidence_since: i64::MIN,
        alert: u64::MAX,
        sequence: u64::MAX,
        ..plain()
    };
    let message = rfc5424::message(&notice, LOCAL0);
    let read = Syslog5424::parse(&message).unwrap();
    let own = &read.data["wardline@32473"];
    assert!(!own.contains_key("value"));
    assert_eq!(own["limit"].parse::<f64>().unwrap(), f64::MAX);
    assert_eq!(own["windowSeconds"].parse::<f64>().unwrap(), f64::MIN_POSITIVE);
    let event = cef::event(&notice);
    let event = Cef::parse(&event).unwrap();
    assert!(!event.extension.contains_key("cfp1Label"));
    assert_eq!(event.extension["cfp2"].parse::<f64>().unwrap(), f64::MAX);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn no_name_breaks_a_message(notice in hostile_notice()) {
        let message = rfc5424::message(&notice, LOCAL0);
        let read = Syslog5424::parse(&message).map_err(TestCaseError::fail)?;
        prop_assert!(message.len() <= RECEIVED, "{} octets", message.len());
        prop_assert_eq!(read.data.len(), 2);
        let own = &read.data["wardline@32473"];
        prop_assert_eq!(&own["key"], "0000000000000003-resolved-5");
        prop_assert_eq!(own.contains_key("test"), notice.is_test);
        prop_assert_eq!(own.len(), 18 + usize::from(notice.is_test));
        prop_assert!(own.values().all(|value| is_clean(value)));
        let text = read.text.strip_prefix(BYTE_ORDER_MARK).unwrap();
        prop_assert!(is_clean(text));
        let host_name = notice.device.host_name.as_deref().unwrap();
        let harmless: String = host_name.chars().filter(|&c| is_clean(c.encode_utf8(&mut [0; 4])))
            .collect();
        let said: String = own["hostName"].clone();
        prop_assert!(harmless.len() < 200 || said.len() > 50);
        prop_assert!(said.chars().all(|c| harmless.contains(c)));
    }

    #[test]
    fn no_name_breaks_an_event(notice in hostile_notice()) {
        let message = rfc5424::message_of(&notice, LOCAL0, &cef::event(&notice));
        let read = Syslog5424::parse(&message).map_err(TestCaseError::fail)?;
        prop_assert!(message.len() <= RECEIVED, "{} octets", message.len());
        prop_assert!(read.data.is_empty());
        let event = Cef::parse(read.text).map_err(TestCaseError::fail)?;
        prop_assert_eq!(&event.extension["externalId"], "0000000000000003-resolved-5");
        prop_assert_eq!(event.extension.len(), 27 - 2);
        prop_assert!(event.extension.values().chain(&event.header).all(|value| is_clean(value)));
    }

    #[test]
    fn messages_in_a_stream_come_apart_again(notices in prop::collection::vec(hostile_notice(), 1..6)) {
        let messages: Vec<String> =
            notices.iter().map(|notice| rfc5424::message(notice, LOCAL0)).collect();
        let stream: String = messages.iter().map(|message| rfc5424::frame(message)).collect();
        prop_assert_eq!(frames(stream.as_bytes()).map_err(TestCaseError::fail)?, messages);
    }
}
