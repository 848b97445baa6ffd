//! The figures as Markdown tables, which are read in a terminal as well.

use std::fmt::Write as _;

use super::bars::{bars, better_stock};
use super::figures::Noise;
use super::programs::Stock;
use super::report::{ClassResult, FirstPayloads, LoadResult, Report, SHIPPED, SweepResult};

/// Rows of cells, the first of which are headings.
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new<const N: usize>(headings: [&str; N]) -> Self {
        Self { rows: vec![headings.map(str::to_owned).into()] }
    }

    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    /// Markdown with columns of one width; all but the first to the right.
    pub fn render(&self) -> String {
        let columns = self.rows[0].len();
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)
            })
            .collect();
        let mut text = String::new();
        for (index, row) in self.rows.iter().enumerate() {
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                text.push_str("| ");
                let padding = " ".repeat(width - cell.chars().count());
                let (before, after) =
                    if column == 0 { ("", padding.as_str()) } else { (padding.as_str(), "") };
                text.extend([before, cell, after, " "]);
            }
            text.push_str("|\n");
            if index == 0 {
                for (column, width) in widths.iter().enumerate() {
                    let end = if column == 0 { " " } else { ":" };
                    text.extend(["| ", &"-".repeat(width - usize::from(column > 0)), end]);
                    if column > 0 {
                        text.push(' ');
                    }
                }
                text.push_str("|\n");
            }
        }
        text
    }
}

fn noise(null: &Noise) -> String {
    format!("{:.1} / {:.1} / {:.1}", null.minimum, null.median, null.maximum)
}

/// All figures.
pub fn tables(report: &Report) -> String {
    let mut text = String::new();
    if !report.loads.is_empty() {
        text.push_str("### Known flows\n\n");
        text.push_str(&loads(&report.loads));
        text.push('\n');
    }
    if !report.floods.is_empty() {
        text.push_str("### New flows on a full table\n\n");
        text.push_str(&loads(&report.floods));
        text.push('\n');
        text.push_str(&books(&report.floods));
        text.push('\n');
    }
    if let Some(sweep) = &report.sweep {
        text.push_str("### Reading the table\n\n");
        text.push_str(&sweeps(sweep));
        text.push('\n');
    }
    if let Some(first) = &report.first_payloads {
        text.push_str("### First payload packets\n\n");
        text.push_str(&first_payloads(first));
        text.push('\n');
    }
    text.push_str("### Bars\n\n");
    let mut table = Table::new(["figure", "bar", "found", ""]);
    for bar in bars(report) {
        let reached = if bar.is_reached { "reached" } else { "missed" };
        table.row([bar.what, bar.bar, bar.found, reached.to_owned()]);
    }
    text.push_str(&table.render());
    text
}

fn loads(loads: &[LoadResult]) -> String {
    let mut table = Table::new([
        "load",
        "program",
        "added ns, median",
        "added ns, minimum",
        "of null",
        "of the better stock map",
    ]);
    for load in loads {
        table.row([
            format!("{}: {}", load.name, load.description),
            format!("null: ns {}", noise(&load.null)),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
        ]);
        let stock = better_stock(load).unwrap_or(f64::NAN);
        for variant in &load.variants {
            let added = &variant.added;
            let is_stock = [Stock::Parse, Stock::Hash, Stock::Lru]
                .iter()
                .any(|stock| stock.name() == variant.name);
            table.row([
                String::new(),
                variant.name.clone(),
                format!("{:.1}", added.median),
                format!("{:.1}", added.minimum),
                format!("{:.2}", added.ratio),
                if is_stock { String::new() } else { format!("{:.2}", added.median / stock) },
            ]);
        }
    }
    table.render()
}

fn books(loads: &[LoadResult]) -> String {
    let mut table = Table::new([
        "load, program",
        "sent",
        "in the table",
        "evicted",
        "of these read",
        "lost",
        "unaccounted",
    ]);
    for load in loads {
        for variant in &load.variants {
            let Some(books) = &variant.books else {
                continue;
            };
            table.row([
                format!("{}, {}", load.name, variant.name),
                books.sent.to_string(),
                books.live.to_string(),
                books.evicted.to_string(),
                books.read.to_string(),
                books.lost.to_string(),
                books.unaccounted().to_string(),
            ]);
        }
    }
    table.render()
}

fn sweeps(sweep: &SweepResult) -> String {
    let SweepResult { slots, flows, sweeps, .. } = sweep;
    let mut table = Table::new(["sweep", "found"]);
    let mut row = |what: String, found: String| table.row([what, found]);
    let rate = |slots_per_second: f64| format!("{:.1} M slots/s", slots_per_second / 1e6);
    let size = format!("{slots} slots, {flows} flows");
    row(format!("{size}, none changed"), rate(sweep.slots_per_second));
    let doubted = rate(sweep.slots_per_second_when_doubted);
    row(format!("{size}, none changed, every slot looked at"), doubted);
    row(format!("{size}, all changed"), rate(sweep.slots_per_second_when_all_changed));
    row("packet of a known flow, alone".to_owned(), format!("{:.1} ns", sweep.added_alone));
    let beside = format!("the same beside {sweeps} sweeps on another CPU");
    row(beside, format!("{:.1} ns", sweep.added_during_sweeps));
    row("slowed by".to_owned(), format!("{:.1} %", sweep.slowed * 100.0));
    table.render()
}

fn first_payloads(first: &FirstPayloads) -> String {
    let mut table = Table::new([
        "first payload of",
        "slots",
        "verdict",
        "first packet, ns",
        "once settled, ns",
        "classifying adds",
        "payload adds once settled",
    ]);
    for class in first.mix.iter().chain(&first.classes) {
        let name = match class.program.as_str() {
            SHIPPED => class.name.clone(),
            program => format!("{}, {program}", class.name),
        };
        table.row([
            name,
            class.slots.to_string(),
            class.verdict.clone(),
            format!("{:.0}", class.first),
            format!("{:.0}", class.settled),
            format!("{:.0}", class.added_by_classifying),
            format!("{:.1}", class.added_by_payload_once_settled),
        ]);
    }
    let mut text = table.render();
    for class in first.mix.iter().chain(&first.classes).filter(|class| class.uninspected > 0) {
        let _ = writeln!(text, "\n{}: {} were not inspected.", class.name, class.uninspected);
    }
    for class in first.classes.iter().filter(|class| class.misjudged > 0) {
        let _ = writeln!(text, "\n{}: {} were not recognised.", class.name, class.misjudged);
    }
    let dearest = first
        .classes
        .iter()
        .filter(|class| class.program == SHIPPED)
        .max_by(|a, b| a.added_by_classifying.total_cmp(&b.added_by_classifying));
    if let Some(ClassResult { name, added_by_classifying, .. }) = dearest {
        let _ = writeln!(
            text,
            "\nDearest: {name}, {added_by_classifying:.0} ns. {} rounds.",
            first.rounds
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_one_width_and_the_first_is_to_the_left() {
        let mut table = Table::new(["a", "number"]);
        table.row(["longer".to_owned(), "7".to_owned()]);
        assert_eq!(
            table.render(),
            "| a      | number |\n| ------ | -----: |\n| longer |      7 |\n"
        );
    }
}
