//! The metrics page as a map from series to value.

use std::collections::BTreeMap;

/// Names with sorted labels, and what they stand at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics {
    series: BTreeMap<(String, BTreeMap<String, String>), f64>,
}

impl Metrics {
    /// Reads a page in Prometheus' text format; lines of another form are skipped.
    pub fn parse(page: &str) -> Self {
        let lines = page.lines().filter(|line| !line.starts_with('#'));
        Self { series: lines.filter_map(sample).collect() }
    }

    /// The series with exactly these labels.
    pub fn get(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.series.get(&(name.to_owned(), labels.collect())).copied()
    }

    /// As [`Self::get`], of a count; 0 where there is no such series.
    pub fn count(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        self.get(name, labels).unwrap_or(0.0) as u64
    }

    /// The sum over all series of this name that have these labels among theirs.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        let has = |own: &BTreeMap<String, String>| {
            labels.iter().all(|(name, value)| own.get(*name).is_some_and(|own| own == value))
        };
        let chosen = self.series.iter().filter(|((own, labels), _)| own == name && has(labels));
        chosen.map(|(_, value)| *value as u64).sum()
    }

    /// Every series: name, labels, value.
    pub fn series(&self) -> impl Iterator<Item = (&str, &BTreeMap<String, String>, f64)> {
        self.series.iter().map(|((name, labels), value)| (name.as_str(), labels, *value))
    }

    /// Frames by fate: counted, undissected, lost.
    pub fn fates(&self) -> [u64; 3] {
        ["counted", "undissected", "lost"]
            .map(|fate| self.count("wardline_frames_total", &[("fate", fate)]))
    }

    /// Frames found inside of others, each with a fate of its own.
    pub fn encapsulated(&self) -> u64 {
        self.count("wardline_frames_encapsulated_total", &[])
    }

    pub fn received(&self) -> u64 {
        self.count("wardline_frames_received_total", &[])
    }
}

/// A family's name and the labels of one of its series.
type Series = (String, BTreeMap<String, String>);

fn sample(line: &str) -> Option<(Series, f64)> {
    let (series, value) = line.rsplit_once(' ')?;
    let value = value.parse().ok()?;
    let Some((name, mut rest)) = series.split_once('{') else {
        return Some(((series.to_owned(), BTreeMap::new()), value));
    };
    let mut labels = BTreeMap::new();
    while let Some((label, quoted)) = rest.split_once("=\"") {
        let end = end_of_value(quoted)?;
        let value = quoted[..end].replace("\\\"", "\"").replace("\\\\", "\\");
        labels.insert(label.trim_start_matches(',').to_owned(), value);
        rest = &quoted[end + 1..];
    }
    (rest == "}").then(|| ((name.to_owned(), labels), value))
}

/// Where the closing quote is.
fn end_of_value(quoted: &str) -> Option<usize> {
    let mut is_escaped = false;
    quoted.char_indices().find_map(|(at, character)| {
        let is_end = character == '"' && !is_escaped;
        is_escaped = character == '\\' && !is_escaped;
        is_end.then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_may_hold_commas_and_escaped_quotes() {
        let page = "# HELP a b\na{x=\"p, \\\"q\\\"\",y=\"2\"} 5\na{x=\"z\",y=\"2\"} 7\nb 1e6\n";
        let metrics = Metrics::parse(page);
        assert_eq!(metrics.get("a", &[("y", "2"), ("x", "p, \"q\"")]), Some(5.0));
        assert_eq!((metrics.sum("a", &[("y", "2")]), metrics.count("b", &[])), (12, 1_000_000));
        assert_eq!(metrics.get("a", &[("y", "2")]), None);
    }
}
