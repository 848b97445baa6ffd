//! The outcome for a person at a terminal.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use sensor::detect::Severity;

use super::outcome::{Alarm, Outcome, Verdict};

const SEVERITIES: [Severity; 5] =
    [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];
/// Lines of the lists that are shown.
const MOST: usize = 20;

pub fn clock(seconds: f64) -> String {
    let whole = seconds as u64;
    format!("{:02}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
}

/// The whole report.
pub fn text(outcome: &Outcome) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(
        text,
        "{} devices, {:.1} h, seed {}: {} frames, {:.1} GB, {} flow records",
        outcome.devices_made,
        outcome.hours,
        outcome.seed,
        outcome.frames,
        outcome.octets as f64 / 1e9,
        outcome.flows,
    );
    let _ = writeln!(
        text,
        "{:.1} s of wall time, {:.1} s on a processor ({:.0} frames a second), {:.0} MiB of memory at most",
        outcome.wall_seconds,
        outcome.processor_seconds,
        outcome.frames as f64 / outcome.processor_seconds.max(1e-9),
        outcome.peak_memory_octets as f64 / 1048576.0,
    );
    let books = &outcome.books;
    let _ = writeln!(
        text,
        "books: {} received = {} counted + {} undissected + {} lost: {}",
        books.received,
        books.counted,
        books.undissected,
        books.lost,
        if books.balance() { "balanced" } else { "NOT BALANCED" },
    );
    let _ = writeln!(
        text,
        "devices found: {} of {}; outside: {}; nobody's: {}\n",
        outcome.devices_found,
        outcome.devices_made,
        outcome.outside,
        outcome.strangers.len(),
    );
    for stranger in outcome.strangers.iter().take(MOST) {
        let _ = writeln!(text, "  {stranger}");
    }
    text.push_str(&by_rule(outcome));
    text.push_str(&explained(outcome));
    if !outcome.attacks.is_empty() {
        text.push_str(&attacks(&outcome.attacks));
    }
    let _ = writeln!(
        text,
        "\nthe bar (at most 1 high per 1,000 devices and day, 0 critical): {} high, {} critical: {}",
        outcome.false_alarms_of(Severity::High),
        outcome.false_alarms_of(Severity::Critical),
        if outcome.meets_bar() { "met" } else { "MISSED" },
    );
    text
}

/// False alarms by severity and rule, as a rate.
fn by_rule(outcome: &Outcome) -> String {
    let mut counts: BTreeMap<(Severity, String), Vec<&str>> = BTreeMap::new();
    for alarm in outcome.false_alarms() {
        let rule = format!("{} {}", alarm.rule, alarm.name);
        counts.entry((alarm.severity, rule)).or_default().push(&alarm.device);
    }
    if counts.is_empty() {
        return "no alerts that no attack explains\n".to_owned();
    }
    let mut text = format!(
        "{:<10} {:<34} {:>7} {:>22} {:>8}\n",
        "SEVERITY", "RULE", "ALERTS", "PER 1,000 DEVICE-DAYS", "DEVICES"
    );
    for severity in SEVERITIES {
        for ((_, rule), named) in counts.iter().filter(|((each, _), _)| *each == severity) {
            let rate = named.len() as f64 / outcome.thousand_device_days();
            let devices: BTreeSet<&&str> = named.iter().collect();
            let _ = writeln!(
                text,
                "{:<10} {rule:<34} {:>7} {rate:>22.1} {:>8}",
                severity.name(),
                named.len(),
                devices.len()
            );
        }
    }
    text
}

/// Every high and critical false alarm, and an example of each other rule.
fn explained(outcome: &Outcome) -> String {
    let mut text = String::new();
    let grave = outcome.false_alarms().filter(|alarm| alarm.severity >= Severity::High);
    let mut examples: BTreeMap<&str, &Alarm> = BTreeMap::new();
    for alarm in outcome.false_alarms().filter(|alarm| alarm.severity < Severity::High) {
        examples.entry(&alarm.name).or_insert(alarm);
    }
    for alarm in grave.take(MOST).chain(examples.into_values()) {
        let _ = writeln!(
            text,
            "\n{} {} {} {}\n  {}",
            clock(alarm.at_seconds),
            alarm.severity.name(),
            alarm.rule,
            alarm.device,
            alarm.summary
        );
    }
    text
}

fn attacks(attacks: &[Verdict]) -> String {
    let mut text = format!(
        "\n{:<14} {:<9} {:<44} {:<30} {:>8}\n",
        "ATTACK", "BEGINS", "ACTOR", "FOUND BY", "AFTER"
    );
    for attack in attacks {
        let found = attack.found_by.as_deref().unwrap_or("NOT FOUND");
        let after = match (attack.after_seconds, &attack.found_by) {
            (Some(after), _) => format!("{after:.2} s"),
            (None, Some(_)) => "raised".to_owned(),
            (None, None) => String::new(),
        };
        let _ = writeln!(
            text,
            "{:<14} {:<9} {:<44} {found:<30} {after:>8}",
            attack.attack,
            clock(attack.begins_seconds),
            attack.actor
        );
        let first = attack.found_by.as_ref();
        for rule in attack.rules.iter().filter(|rule| Some(*rule) != first) {
            let _ = writeln!(text, "{:>24} also {rule}", "");
        }
        for other in attack.named_others.iter().take(MOST) {
            let _ = writeln!(text, "{:>24} beside {other}", "");
        }
    }
    text
}
