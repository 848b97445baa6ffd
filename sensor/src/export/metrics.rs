//! The metrics page: one table of families, filled from one snapshot per scrape.

mod process;
mod table;

use std::time::{SystemTime, UNIX_EPOCH};

use prometheus::{
    Encoder as _, TextEncoder,
    proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType},
};

pub use table::{FAMILIES, Family};

use crate::snapshot::Snapshot;

/// Collects samples for the families of [`FAMILIES`].
#[derive(Debug, Default)]
pub struct Page {
    families: Vec<(&'static Family, Vec<Metric>)>,
}

impl Page {
    /// Adds a sample. Label values are from closed sets of our own; see the table.
    pub fn add(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let Some(family) = FAMILIES.iter().find(|family| family.name == name) else {
            debug_assert!(false, "{name} is not in the table of metrics");
            return;
        };
        let mut metric = Metric::default();
        let pairs = labels.iter().map(|(name, value)| {
            let mut pair = LabelPair::default();
            pair.set_name((*name).to_owned());
            pair.set_value((*value).to_owned());
            pair
        });
        metric.set_label(pairs.collect());
        if family.is_counter {
            let mut counter = Counter::default();
            counter.set_value(value);
            metric.set_counter(counter);
        } else {
            let mut gauge = Gauge::default();
            gauge.set_value(value);
            metric.set_gauge(gauge);
        }
        match self.families.iter_mut().find(|(known, _)| known.name == name) {
            Some((_, metrics)) => metrics.push(metric),
            None => self.families.push((family, vec![metric])),
        }
    }

    /// The page in Prometheus' text format.
    pub fn encode(self) -> String {
        let families: Vec<MetricFamily> = self
            .families
            .into_iter()
            .map(|(family, metrics)| {
                let mut encoded = MetricFamily::default();
                encoded.set_name(family.name.to_owned());
                encoded.set_help(family.help.to_owned());
                let kind = if family.is_counter { MetricType::COUNTER } else { MetricType::GAUGE };
                encoded.set_field_type(kind);
                encoded.set_metric(metrics);
                encoded
            })
            .collect();
        let mut page = Vec::new();
        match TextEncoder::new().encode(&families, &mut page) {
            Ok(()) => String::from_utf8(page).unwrap_or_default(),
            Err(error) => format!("# {error}\n"),
        }
    }
}

/// Renders one snapshot, and what `others` add to the page.
pub fn render(snapshot: &Snapshot, others: impl FnOnce(&mut Page)) -> String {
    let mut page = Page::default();
    let version = env!("CARGO_PKG_VERSION");
    let layout = sensor_common::abi::ABI_VERSION.to_string();
    page.add("wardline_build_info", &[("version", version), ("layout", &layout)], 1.0);
    // A clock before 1970 shows as one that is wrong.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    page.add("wardline_time_seconds", &[], now.as_secs_f64());
    snapshot.fill(&mut page);
    others(&mut page);
    process::fill(&mut page);
    page.encode()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_label_value_stays_inside_its_quotes() {
        let mut page = Page::default();
        let hostile = "x\"} 1\nwardline_frames_total{fate=\"\\";
        page.add("wardline_device_info", &[("device", "1"), ("vendor", hostile)], 1.0);
        let text = page.encode();
        assert_eq!(text.lines().filter(|line| !line.starts_with('#')).count(), 1, "{text}");
    }

    #[test]
    fn names_follow_the_conventions_and_are_unique() {
        for (index, family) in FAMILIES.iter().enumerate() {
            assert!(
                family.name.starts_with("wardline_") || family.name.starts_with("process_"),
                "{}",
                family.name
            );
            assert_eq!(
                family.is_counter,
                family.name.ends_with("_total"),
                "{}: counters, and only counters, end in _total",
                family.name
            );
            assert!(FAMILIES[..index].iter().all(|other| other.name != family.name));
            assert!(!family.help.is_empty());
        }
    }
}
