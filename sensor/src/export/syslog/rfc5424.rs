//! Syslog messages (RFC 5424, section 6), and how a stream tells them apart (RFC 6587, section
//! 3.4.1, and RFC 5425, section 4.3).

use std::fmt::Write as _;

use crate::{
    detect::Severity,
    export::{
        delivery::Notice,
        text::{clipped, harmless, number},
    },
    time::Timestamp,
};

/// Structured data of our own is named with the number that RFC 5612 keeps for examples: Wardline
/// has none of its own.
const SD_ID: &str = "wardline@32473";
/// Longest HOSTNAME and MSGID (RFC 5424, section 6).
const HOSTNAME: usize = 255;
const MSGID: usize = 32;
/// Octets of any value, before quoting; a whole message then has at most 2048 (section 6.1).
const VALUE: usize = 64;
/// Octets of MSG.
const TEXT: usize = 512;

/// What Wardline's severities are in syslog (RFC 5424, table 2): critical 2 to informational 6.
const fn severity(severity: Severity) -> u8 {
    match severity {
        Severity::Critical => 2,
        Severity::High => 3,
        Severity::Medium => 4,
        Severity::Low => 5,
        Severity::Info => 6,
    }
}

/// The whole message with the alert in structured data and its summary as text.
pub fn message(notice: &Notice, facility: u8) -> String {
    let mut message = header(notice, facility);
    message.push(' ');
    structured(&mut message, notice);
    message.push(' ');
    // The mark says that UTF-8 follows (section 6.4).
    message.push('\u{feff}');
    let summary = harmless(&notice.summary);
    if notice.is_test {
        message.push_str("TEST ");
    }
    message.push_str(clipped(&summary, TEXT));
    message
}

/// The whole message with other text and no structured data; `text` is of one line.
pub fn message_of(notice: &Notice, facility: u8, text: &str) -> String {
    let mut message = header(notice, facility);
    message.push_str(" - ");
    message.push_str(text);
    message
}

/// A message as it stands in a stream.
pub fn frame(message: &str) -> String {
    format!("{} {message}", message.len())
}

/// HEADER, without the space that ends it.
fn header(notice: &Notice, facility: u8) -> String {
    let priority = facility * 8 + severity(notice.severity);
    let told_at = Timestamp::from_micros(notice.told_at);
    let host = printable(&notice.sensor, HOSTNAME);
    let message_id = printable(&notice.rule, MSGID);
    format!("<{priority}>1 {told_at} {host} wardline - {message_id}")
}

/// PRINTUSASCII of bounded length; `-` is nothing (section 6).
fn printable(text: &str, longest: usize) -> String {
    let printable = text.chars().filter(char::is_ascii_graphic).take(longest).collect::<String>();
    if printable.is_empty() { "-".to_owned() } else { printable }
}

/// STRUCTURED-DATA (section 6.3).
fn structured(message: &mut String, notice: &Notice) {
    let version = env!("CARGO_PKG_VERSION");
    message.push_str("[origin software=\"wardline\" swVersion=\"");
    message.push_str(version);
    message.push_str("\"][");
    message.push_str(SD_ID);
    let device = &notice.device;
    let moment = |micros| Timestamp::from_micros(micros).to_string();
    let parameters = [
        ("key", Some(notice.key())),
        ("alert", Some(format!("{:016x}", notice.alert))),
        ("state", Some(notice.state_name().to_owned())),
        ("severity", Some(notice.severity.name().to_owned())),
        ("rule", Some(notice.rule.clone())),
        ("name", Some(notice.name.clone())),
        ("metric", Some(notice.metric.clone())),
        ("value", notice.value.map(number)),
        ("limit", notice.limit.map(number)),
        ("windowSeconds", Some(number(notice.window_seconds))),
        ("device", Some(device.id.to_string())),
        ("address", device.address.map(|address| address.to_string())),
        ("mac", device.mac.map(|mac| mac.to_string())),
        ("hostName", device.host_name.clone()),
        ("vendor", device.vendor.clone()),
        ("evidenceSince", Some(moment(notice.evidence_since))),
        ("firedAt", Some(moment(notice.fired_at))),
        ("resolvedAt", notice.resolved_at.map(moment)),
        ("test", notice.is_test.then(|| "true".to_owned())),
    ];
    for (name, value) in parameters {
        let Some(value) = value else { continue };
        let value = harmless(&value);
        // Writing into a string does not fail.
        let _ = write!(message, " {name}=\"{}\"", quoted(clipped(&value, VALUE)));
    }
    message.push(']');
}

/// PARAM-VALUE: `"`, `\` and `]` are escaped (section 6.3.3).
fn quoted(value: &str) -> String {
    let mut quoted = String::with_capacity(value.len());
    for character in value.chars() {
        if matches!(character, '"' | '\\' | ']') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted
}
