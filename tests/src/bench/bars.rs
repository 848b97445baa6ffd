//! What was hoped for, beside what was found. Nobody fails for it.

use super::programs::Stock;
use super::report::{LoadResult, Report, SHIPPED};

/// One hope.
pub struct Bar {
    pub what: String,
    pub bar: String,
    pub found: String,
    pub is_reached: bool,
}

impl Bar {
    fn new(what: &str, unit: &str, bar: f64, found: f64) -> Self {
        let digits = usize::from(unit.is_empty()) + 1;
        Self {
            what: what.to_owned(),
            bar: format!("{bar:.digits$}{unit}"),
            found: format!("{found:.digits$}{unit}"),
            is_reached: found <= bar,
        }
    }

    /// Of a figure of which more is better.
    fn at_least(what: &str, bar: f64, found: f64) -> Self {
        Self { is_reached: found >= bar, ..Self::new(what, "", bar, found) }
    }
}

/// Those that the report has figures for.
pub fn bars(report: &Report) -> Vec<Bar> {
    let mut bars = Vec::new();
    for load in &report.loads {
        let Some(ours) = load.added(SHIPPED) else {
            continue;
        };
        if load.name == "1k uniform" {
            bars.push(Bar::new("1k uniform, added", " ns", 25.0, ours.median));
        }
        let limit = if load.name.starts_with("1k") { 0.6 } else { 0.5 };
        if let Some(stock) = better_stock(load) {
            let what = format!("{}, of the better stock map", load.name);
            bars.push(Bar::new(&what, "", limit, ours.median / stock));
        }
    }
    for flood in &report.floods {
        if let Some(ours) = flood.added(SHIPPED) {
            let what = format!("{}, added", flood.name);
            bars.push(Bar::new(&what, " ns", 60.0, ours.median));
        }
        for variant in &flood.variants {
            if let Some(books) = &variant.books {
                let what = format!("{}, {}: unaccounted", flood.name, variant.name);
                let unaccounted = books.unaccounted().unsigned_abs() as f64;
                bars.push(Bar::new(&what, " frames", 0.0, unaccounted));
            }
        }
    }
    if let Some(sweep) = &report.sweep {
        bars.push(Bar::at_least("sweep, M slots/s", 30.0, sweep.slots_per_second / 1e6));
        if sweep.sweeps > 0 {
            let slowed = sweep.slowed * 100.0;
            bars.push(Bar::new("packets slowed during a sweep", " %", 5.0, slowed));
        }
    }
    for mix in report.first_payloads.iter().flat_map(|first| &first.mix) {
        if mix.program == SHIPPED {
            let what = |what: &str| format!("{what}, table of {} slots", mix.slots);
            let added = mix.added_by_classifying;
            bars.push(Bar::new(&what("classifying a first payload, mix"), " ns", 150.0, added));
        }
    }
    bars
}

/// The median of the stock map that adds less.
pub fn better_stock(load: &LoadResult) -> Option<f64> {
    [Stock::Hash, Stock::Lru]
        .iter()
        .filter_map(|stock| load.added(stock.name()))
        .map(|added| added.median)
        .min_by(f64::total_cmp)
}
