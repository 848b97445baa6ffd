//! What the metrics page says before and after: no counter may fall.

use std::collections::BTreeSet;

use crate::agent::Metrics;

/// Families whose counters outlive the agent, by the beginning of their names: they stand in the
/// kernel. All others count from the start of a process, as its `process_start_time_seconds` says.
const KEPT: [&str; 10] = [
    "wardline_frames_",
    "wardline_bytes_",
    "wardline_interface_frames_",
    "wardline_interface_bytes_",
    "wardline_interface_undissected_",
    "wardline_flows_opened_",
    "wardline_flows_evicted_",
    "wardline_flow_records_lost_",
    "wardline_payloads_inspected_",
    "wardline_application_",
];

/// Those of devices. An address that several stations use in turn is of whoever used it last, and
/// its counts with it; so they are watched one by one for devices that share none, and in sum for
/// all.
const OF_DEVICES: [&str; 2] = ["wardline_device_packets_total", "wardline_device_bytes_total"];

/// Series that fell or vanished between two pages, with both values. `devices` are the numbers of
/// the devices to watch one by one.
pub fn falls(before: &Metrics, after: &Metrics, devices: &BTreeSet<String>) -> Vec<String> {
    let mut falls = Vec::new();
    for (name, labels, earlier) in before.series() {
        let is_watched = match labels.get("device") {
            Some(device) => OF_DEVICES.contains(&name) && devices.contains(device),
            None => name.ends_with("_total") && KEPT.iter().any(|family| name.starts_with(family)),
        };
        if !is_watched {
            continue;
        }
        let labels: Vec<(&str, &str)> =
            labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let later = after.get(name, &labels);
        if later.is_none_or(|later| later < earlier) {
            let later = later.map_or_else(|| "nothing".to_owned(), |later| later.to_string());
            falls.push(format!("{name} {labels:?} from {earlier} to {later}"));
        }
    }
    for name in OF_DEVICES {
        for direction in ["sent", "received"] {
            let labels = [("direction", direction)];
            let (earlier, later) = (before.sum(name, &labels), after.sum(name, &labels));
            if later < earlier {
                falls.push(format!("the sum of {name} {direction} from {earlier} to {later}"));
            }
        }
    }
    falls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_that_falls_or_vanishes_is_named_and_one_of_the_process_is_not() {
        let before = Metrics::parse(
            "wardline_frames_total{fate=\"lost\"} 3\n\
             wardline_device_bytes_total{device=\"1\",direction=\"sent\"} 9\n\
             wardline_device_bytes_total{device=\"2\",direction=\"sent\"} 9\n\
             wardline_events_written_total{sink=\"events\"} 9\nwardline_frames_received_total 4\n",
        );
        let after = Metrics::parse(
            "wardline_frames_total{fate=\"lost\"} 2\nwardline_frames_received_total 4\n\
             wardline_device_bytes_total{device=\"2\",direction=\"sent\"} 7\n\
             wardline_device_bytes_total{device=\"3\",direction=\"sent\"} 11\n",
        );
        let falls = falls(&before, &after, &BTreeSet::from(["1".to_owned()]));
        assert_eq!(falls.len(), 2, "{falls:?}");
        assert!(falls.iter().any(|fall| fall.ends_with("from 3 to 2")), "{falls:?}");
        assert!(falls.iter().any(|fall| fall.ends_with("from 9 to nothing")), "{falls:?}");
    }

    #[test]
    fn what_is_lost_between_devices_is_seen_in_the_sum() {
        let page = |sent: u64| {
            let series = format!(
                "wardline_device_packets_total{{device=\"5\",direction=\"sent\"}} {sent}\n"
            );
            Metrics::parse(&series)
        };
        assert_eq!(falls(&page(7), &page(6), &BTreeSet::new()).len(), 1);
        assert!(falls(&page(7), &page(7), &BTreeSet::new()).is_empty());
    }
}
