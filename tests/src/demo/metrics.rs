//! What the demonstration reads out of the agent's metrics: applications, and
//! the books of frames.

use std::collections::BTreeMap;
use std::fmt;

use super::answers::{Observed, Sample};

/// Frames by what became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Books {
    pub received: u64,
    /// Frames found in tunnels, which have fates of their own.
    pub encapsulated: u64,
    pub counted: u64,
    pub undissected: u64,
    pub lost: u64,
    /// Frames that have no flow, by reason; reasons that never occurred left out.
    pub reasons: BTreeMap<String, u64>,
}

impl Books {
    /// Whether every frame received has exactly one fate.
    pub fn is_balanced(&self) -> bool {
        self.received + self.encapsulated == self.with_a_fate()
    }

    /// Frames received after the flow table was last swept: `received` is read later.
    pub fn since_the_sweep(&self) -> u64 {
        (self.received + self.encapsulated).saturating_sub(self.with_a_fate())
    }

    fn with_a_fate(&self) -> u64 {
        self.counted + self.undissected + self.lost
    }
}

impl fmt::Display for Books {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { received, counted, undissected, lost, .. } = self;
        write!(formatter, "{received} frames received")?;
        if self.encapsulated > 0 {
            write!(formatter, " + {} in tunnels", self.encapsulated)?;
        }
        write!(formatter, " = {counted} counted + {undissected} undissected + {lost} lost")?;
        let reasons: Vec<String> =
            self.reasons.iter().map(|(reason, frames)| format!("{reason} {frames}")).collect();
        if !reasons.is_empty() {
            write!(formatter, " ({})", reasons.join(", "))?;
        }
        Ok(())
    }
}

impl Observed {
    fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Sample> {
        self.samples.iter().filter(move |sample| sample.name == name)
    }

    fn total(&self, name: &str, label: Option<(&str, &str)>) -> u64 {
        self.named(name)
            .filter(|sample| {
                label.is_none_or(|(key, value)| {
                    sample.labels.get(key).is_some_and(|own| own == value)
                })
            })
            .map(|sample| sample.value as u64)
            .sum()
    }

    /// Octets by application, most first.
    pub fn application_octets(&self) -> Vec<(String, u64)> {
        let mut octets: Vec<_> = self
            .named("wardline_application_bytes_total")
            .filter_map(|sample| Some((sample.labels.get("application")?, sample.value as u64)))
            .filter(|(_, octets)| *octets > 0)
            .map(|(application, octets)| (application.clone(), octets))
            .collect();
        octets.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        octets
    }

    /// `None` when the metrics were not answered.
    pub fn books(&self) -> Option<Books> {
        let fate = |fate| self.total("wardline_frames_total", Some(("fate", fate)));
        let reasons = self.named("wardline_frames_undissected_total");
        let books = Books {
            received: self.total("wardline_frames_received_total", None),
            encapsulated: self.total("wardline_frames_encapsulated_total", None),
            counted: fate("counted"),
            undissected: fate("undissected"),
            lost: fate("lost"),
            reasons: reasons
                .filter(|sample| sample.value > 0.0)
                .filter_map(|sample| {
                    Some((sample.labels.get("reason")?.clone(), sample.value as u64))
                })
                .collect(),
        };
        (!self.samples.is_empty()).then_some(books)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::answers::samples_in;

    #[test]
    fn metrics_give_applications_and_books() {
        let text = "wardline_application_bytes_total{application=\"dicom\"} 1024\n\
                    wardline_application_bytes_total{application=\"ssh\"} 0\n\
                    wardline_frames_received_total 9\n\
                    wardline_frames_total{fate=\"counted\"} 7\n\
                    wardline_frames_total{fate=\"undissected\"} 2\n\
                    wardline_frames_total{fate=\"lost\"} 0\n\
                    wardline_frames_undissected_total{reason=\"unknown_ethertype\"} 2\n\
                    wardline_frames_undissected_total{reason=\"invalid_tcp\"} 0\n";
        let observed = Observed { samples: samples_in(text), ..Observed::default() };
        assert_eq!(observed.application_octets(), [("dicom".to_owned(), 1024)]);
        let books = observed.books().unwrap();
        assert!(books.is_balanced());
        assert_eq!(
            books.to_string(),
            "9 frames received = 7 counted + 2 undissected + 0 lost (unknown_ethertype 2)"
        );
        assert_eq!(Observed::default().books(), None);
        let books = Books { encapsulated: 3, counted: 10, ..books };
        assert!(books.is_balanced());
        assert!(books.to_string().starts_with("9 frames received + 3 in tunnels = 10 counted"));
    }
}
