//! What all searches found.

use std::fmt;

use super::search::Search;

#[derive(Default)]
pub struct Table {
    searches: Vec<Search>,
}

impl Table {
    /// Adds a search and says how many there are.
    pub fn add(&mut self, search: Search) -> usize {
        self.searches.push(search);
        self.searches.len()
    }

    pub fn last(&self) -> Option<impl fmt::Display + '_> {
        self.searches.last().map(|search| fmt::from_fn(|f| row(search, f)))
    }

    pub fn has_crashes(&self) -> bool {
        self.searches.iter().any(|search| !search.crashes.is_empty())
    }
}

fn row(search: &Search, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Search { target, executions, per_second, coverage, inputs, crashes, .. } = search;
    let verdict = if crashes.is_empty() { "clean" } else { "CRASHES" };
    write!(f, "{target:14} {executions:>12} {per_second:>9} {coverage:>9} {inputs:>7}  {verdict}")
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heads = ["executions", "per s", "coverage", "inputs"];
        let [executions, per_second, coverage, inputs] = heads;
        writeln!(
            f,
            "{:14} {executions:>12} {per_second:>9} {coverage:>9} {inputs:>7}  verdict",
            "target"
        )?;
        let mut searches: Vec<_> = self.searches.iter().collect();
        searches.sort_by_key(|search| &search.target);
        for search in &searches {
            row(search, f)?;
            writeln!(f)?;
        }
        let sum: u64 = searches.iter().map(|search| search.executions).sum();
        writeln!(f, "{:14} {sum:>12}", "all")?;
        for search in searches.iter().filter(|search| !search.crashes.is_empty()) {
            writeln!(f, "\n{} crashes; to repeat:", search.target)?;
            search.crashes.iter().try_for_each(|crash| writeln!(f, "  {crash}"))?;
            search.reasons.iter().try_for_each(|line| writeln!(f, "  | {line}"))?;
        }
        Ok(())
    }
}
