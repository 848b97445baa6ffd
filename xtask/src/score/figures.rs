//! How many flows were called right, by label, and what was called what.

use std::collections::BTreeMap;

use super::flow::FlowKey;
use super::given::{Given, UNKNOWN};
use super::truth::TrueFlow;
use super::vocabulary::accepted;

/// No flow of the agent's is this one.
const ABSENT: &str = "no flow";
/// How a right verdict may have been reached, strongest first.
pub const EVIDENCE: [&str; 3] = ["confirmed", "likely", "port"];

/// Of one label of the truth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LabelFigures {
    pub flows: u64,
    pub right: u64,
    pub off_port_flows: u64,
    pub off_port_right: u64,
    /// Of the right ones, in the order of [`EVIDENCE`].
    pub by_evidence: [u64; 3],
}

impl LabelFigures {
    pub fn recall(&self) -> f64 {
        share(self.right, self.flows)
    }
}

/// One kind of mistake, and where it was met first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes {
    pub count: u64,
    pub example: String,
}

/// Of one part of a corpus.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    pub labels: BTreeMap<String, LabelFigures>,
    /// Flows that were given a label.
    pub labelled: u64,
    /// By true label, given label and evidence.
    pub mistakes: BTreeMap<(String, String, String), Mistakes>,
}

impl Figures {
    pub fn add(
        &mut self,
        capture: &str,
        flow: &TrueFlow,
        given: &std::collections::HashMap<FlowKey, Given>,
    ) {
        let found = flow.key.and_then(|key| given.get(&key));
        let (label, evidence) =
            found.map_or((ABSENT, ""), |given| (given.label.as_str(), given.evidence.as_str()));
        let is_right = accepted(&flow.label).is_some_and(|right| right.contains(&label));
        let figures = self.labels.entry(flow.label.clone()).or_default();
        figures.flows += 1;
        figures.right += u64::from(is_right);
        figures.off_port_flows += u64::from(flow.is_off_port);
        figures.off_port_right += u64::from(flow.is_off_port && is_right);
        self.labelled += u64::from(label != ABSENT && label != UNKNOWN);
        if is_right {
            if let Some(kind) = EVIDENCE.iter().position(|kind| *kind == evidence) {
                figures.by_evidence[kind] += 1;
            }
            return;
        }
        let mistake = (flow.label.clone(), label.to_owned(), evidence.to_owned());
        let example = format!("{capture}  {}", flow.shown);
        self.mistakes.entry(mistake).or_insert(Mistakes { count: 0, example }).count += 1;
    }

    /// All labels together.
    pub fn total(&self) -> LabelFigures {
        let mut total = LabelFigures::default();
        for label in self.labels.values() {
            total.flows += label.flows;
            total.right += label.right;
            total.off_port_flows += label.off_port_flows;
            total.off_port_right += label.off_port_right;
            for (sum, count) in total.by_evidence.iter_mut().zip(label.by_evidence) {
                *sum += count;
            }
        }
        total
    }

    pub fn rates(&self) -> Rates {
        let total = self.total();
        let sum: f64 = self.labels.values().map(LabelFigures::recall).sum();
        Rates {
            recall: total.recall(),
            macro_recall: if self.labels.is_empty() { 1.0 } else { sum / self.labels.len() as f64 },
            precision: share(total.right, self.labelled),
            off_port_recall: share(total.off_port_right, total.off_port_flows),
        }
    }
}

/// Shares of 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    pub recall: f64,
    pub macro_recall: f64,
    pub precision: f64,
    pub off_port_recall: f64,
}

/// 1 where there is nothing to have a part of.
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn flow(label: &str, port: u16, is_off_port: bool) -> TrueFlow {
        TrueFlow {
            key: FlowKey::new("6", ("10.0.0.1", port), ("10.0.0.2", 104)),
            label: label.to_owned(),
            is_off_port,
            shown: port.to_string(),
        }
    }

    #[test]
    fn right_wrong_and_absent_flows_are_told_apart() {
        let calls = [(1, "dicom", "confirmed"), (2, "tls", "likely"), (3, UNKNOWN, UNKNOWN)];
        let given: HashMap<_, _> = calls
            .into_iter()
            .filter_map(|(port, label, evidence)| {
                let given = Given { label: label.to_owned(), evidence: evidence.to_owned() };
                Some((flow("", port, false).key?, given))
            })
            .collect();
        let mut figures = Figures::default();
        for port in 1..=4 {
            figures.add("a.pcap", &flow("dicom", port, port < 3), &given);
        }
        let dicom = LabelFigures {
            flows: 4,
            right: 1,
            off_port_flows: 2,
            off_port_right: 1,
            by_evidence: [1, 0, 0],
        };
        assert_eq!(figures.labels["dicom"], dicom);
        let rates = figures.rates();
        assert_eq!((rates.recall, rates.precision, rates.off_port_recall), (0.25, 0.5, 0.5));
        let called: Vec<_> = figures.mistakes.keys().map(|(_, given, _)| given.as_str()).collect();
        assert_eq!(called, ["no flow", "tls", "unknown"]);
    }

    #[test]
    fn the_macro_average_counts_each_label_once() {
        let mut figures = Figures::default();
        let all = LabelFigures { flows: 99, right: 99, ..LabelFigures::default() };
        figures.labels.insert("dns".to_owned(), all);
        let none = LabelFigures { flows: 1, ..LabelFigures::default() };
        figures.labels.insert("tftp".to_owned(), none);
        assert_eq!((figures.rates().recall, figures.rates().macro_recall), (0.99, 0.5));
    }
}
