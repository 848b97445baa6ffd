//! Names of metrics in expressions.

use std::collections::BTreeSet;

use sensor::export::metrics::FAMILIES;

/// What Prometheus itself records of each scrape.
const OF_PROMETHEUS: [&str; 3] = ["up", "scrape_duration_seconds", "scrape_samples_scraped"];

/// The agent's metrics, those of its process, of the scrape, and recorded ones in an expression.
pub fn metrics_in(expression: &str) -> BTreeSet<String> {
    // Label values are no names.
    let outside = expression.split('"').step_by(2).collect::<Vec<_>>().join(" ");
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let is_metric = |word: &&str| {
        let is_own = word.starts_with("wardline_") || word.starts_with("process_");
        is_own || word.contains(":wardline_") || OF_PROMETHEUS.contains(word)
    };
    outside.split(|c| !is_part(c)).filter(is_metric).map(str::to_owned).collect()
}

/// Metrics in `expression` that neither the agent exports nor a rule records.
pub fn unknown_metrics(expression: &str, recorded: &BTreeSet<String>) -> Vec<String> {
    let is_known = |name: &String| {
        recorded.contains(name)
            || OF_PROMETHEUS.contains(&name.as_str())
            || FAMILIES.iter().any(|family| family.name == name)
    };
    metrics_in(expression).into_iter().filter(|name| !is_known(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_quotes_are_values() {
        let found = metrics_in("sum(up{job=\"wardline_x\"}) + a:wardline_b:rate / wardline_ready");
        assert_eq!(
            found,
            BTreeSet::from(["a:wardline_b:rate", "up", "wardline_ready"].map(str::to_owned))
        );
    }

    #[test]
    fn what_nobody_exports_is_unknown() {
        let recorded = BTreeSet::from(["a:wardline_b:rate".to_owned()]);
        assert_eq!(unknown_metrics("wardline_ready + a:wardline_b:rate", &recorded), [""; 0]);
        assert_eq!(
            unknown_metrics("wardline_made_up_total", &recorded),
            ["wardline_made_up_total"]
        );
    }
}
