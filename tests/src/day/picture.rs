//! The day as SVG: frames of each hour, and the alerts above them.

use std::fmt::Write as _;

use sensor::detect::Severity;

use super::outcome::Outcome;
use super::plan::{BACKUP, PATCHES, POWER_CUT, VULNERABILITY_SCAN, Window};

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 20.0;
const BOTTOM: f64 = 250.0;
const TALLEST: f64 = 130.0;
const HOUR: f64 = 34.0;

const MARKS: [(&str, Window); 4] = [
    ("backup", BACKUP),
    ("vulnerability scan", VULNERABILITY_SCAN),
    ("patches", PATCHES),
    ("power cut", POWER_CUT),
];

fn colour(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "#8c1515",
        Severity::High => "#d9622b",
        Severity::Medium => "#c9a227",
        Severity::Low => "#7d93a3",
        Severity::Info => "#b9c4cc",
    }
}

/// Where a time of the day is.
fn across(seconds: f64) -> f64 {
    LEFT + seconds / 3600.0 * HOUR
}

pub fn picture(outcome: &Outcome) -> String {
    let most = outcome.frames_by_hour.iter().copied().max().unwrap_or(1).max(1) as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"10\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n\
         <text x=\"{LEFT}\" y=\"16\" font-size=\"13\">{} devices: frames by hour (highest {:.0}), \
         alerts above</text>\n",
        outcome.devices_made, most
    );
    // Writing to a string does not fail.
    for (hour, frames) in outcome.frames_by_hour.iter().enumerate().take(24) {
        let (x, tall) = (across(hour as f64 * 3600.0), *frames as f64 / most * TALLEST);
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{tall:.1}\" fill=\"#4d6475\"/>\
             <text x=\"{x:.1}\" y=\"{}\">{hour:02}</text>",
            BOTTOM - tall,
            HOUR - 3.0,
            BOTTOM + 14.0
        );
    }
    for (name, window) in MARKS {
        let (from, to) = (across(window.begins.as_secs_f64()), across(window.ends.as_secs_f64()));
        let _ = writeln!(
            svg,
            "<rect x=\"{from:.1}\" y=\"{}\" width=\"{:.1}\" height=\"4\" fill=\"#2f7f6f\"/>\
             <text x=\"{from:.1}\" y=\"{}\">{name}</text>",
            BOTTOM + 20.0,
            (to - from).max(2.0),
            BOTTOM + 36.0
        );
    }
    for alarm in &outcome.alarms {
        let row = 34.0 + 14.0 * (Severity::Critical as usize - alarm.severity as usize) as f64;
        let edge = if alarm.attack.is_some() { "#000000" } else { "none" };
        let _ = writeln!(
            svg,
            "<circle cx=\"{:.1}\" cy=\"{row}\" r=\"4\" fill=\"{}\" stroke=\"{edge}\"><title>{} {}\
             </title></circle>",
            across(alarm.at_seconds),
            colour(alarm.severity),
            alarm.rule,
            alarm.name
        );
    }
    svg.push_str("</svg>\n");
    svg
}
