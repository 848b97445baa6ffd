//! The tables that are printed.

use super::figures::{EVIDENCE, Figures};
use super::kept::Comparison;

/// What the flow table's figures have to reach.
const BARS: [(&str, f64); 4] = [
    ("recall", 99.5),
    ("macro recall", 99.0),
    ("off the registered port", 98.0),
    ("precision", 99.9),
];

pub fn labels(part: &str, figures: &Figures) -> String {
    let mut text = format!("\n=== {part}: flows by true label\n");
    let [confirmed, likely, port] = EVIDENCE;
    text += &format!(
        "{:14} {:>6} {:>6} {:>8} {confirmed:>10} {likely:>7} {port:>6} {:>12}\n",
        "label", "flows", "right", "recall", "off port"
    );
    for (label, row) in &figures.labels {
        let [confirmed, likely, port] = row.by_evidence;
        let off_port = format!("{}/{}", row.off_port_right, row.off_port_flows);
        text += &format!(
            "{label:14} {:>6} {:>6} {:>6.1} % {confirmed:>10} {likely:>7} {port:>6} {off_port:>12}\n",
            row.flows,
            row.right,
            row.recall() * 100.0
        );
    }
    text
}

pub fn mistakes(part: &str, figures: &Figures) -> String {
    let mut text = format!("\n=== {part}: called something else\n");
    let mut rows: Vec<_> = figures.mistakes.iter().collect();
    rows.sort_by_key(|(_, mistakes)| std::cmp::Reverse(mistakes.count));
    for ((truth, given, evidence), mistakes) in rows {
        text += &format!(
            "{:>5}  {truth} called {given} ({evidence})  {}\n",
            mistakes.count, mistakes.example
        );
    }
    text
}

pub fn rates(part: &str, figures: &Figures) -> String {
    let rates = figures.rates();
    let reached = [rates.recall, rates.macro_recall, rates.off_port_recall, rates.precision];
    let total = figures.total();
    let mut text = format!(
        "\n=== {part}: {} labels, {} flows, {} right, {} given a label, {} off their port\n",
        figures.labels.len(),
        total.flows,
        total.right,
        figures.labelled,
        total.off_port_flows
    );
    for ((name, bar), reached) in BARS.into_iter().zip(reached) {
        let verdict = if reached * 100.0 >= bar { "reached" } else { "NOT reached" };
        text += &format!("{name:24} {:>6.2} %  ({bar} % {verdict})\n", reached * 100.0);
    }
    text
}

pub fn comparison(part: &str, comparison: &Comparison) -> String {
    let mut text = String::new();
    for line in &comparison.risen {
        text += &format!("score: {part}: risen: {line}\n");
    }
    for line in &comparison.fallen {
        text += &format!("score: {part}: FALLEN: {line}\n");
    }
    text
}
