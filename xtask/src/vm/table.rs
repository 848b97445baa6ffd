//! What every kernel made of the program, in one table.

use std::fmt;

use super::findings::Findings;

pub enum Verdict {
    Ran(Box<Findings>),
    /// The machine did not come to its end.
    Broke(String),
    NotRun(String),
}

impl Verdict {
    pub fn failures(&self) -> Vec<String> {
        match self {
            Self::Ran(findings) => findings.failures(),
            Self::Broke(reason) => vec![reason.clone()],
            Self::NotRun(_) => Vec::new(),
        }
    }
}

pub struct Row {
    pub version: String,
    pub verdict: Verdict,
    pub seconds: u64,
}

#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
}

impl Table {
    pub fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub fn any_failed(&self) -> bool {
        self.rows.iter().any(|row| !row.verdict.failures().is_empty())
    }

    pub fn none_ran(&self) -> bool {
        self.rows.iter().all(|row| matches!(row.verdict, Verdict::NotRun(_)))
    }
}

const HEADER: &str = "| kernel | program | verified instructions | frames on which kernel and host \
                      agree | attached, books balance after a kill | MTU 9000 | as a user with three \
                      capabilities | a processor away and back ten times | the \
                      clock set | ended by SIGSEGV and \
                      SIGABRT | switched off and on: attached after | seconds | verdict |\n\
                      |---|---|---|---|---|---|---|---|---|---|---|---|---|";

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        self.rows.iter().try_for_each(|row| writeln!(f, "{row}"))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let findings = match &self.verdict {
            Verdict::Ran(findings) => findings,
            Verdict::Broke(_) => {
                return write!(
                    f,
                    "| {} | | | | | | | | | | | {} | FAILED |",
                    self.version, self.seconds
                );
            }
            Verdict::NotRun(reason) => {
                return write!(f, "| {} | | | | | | | | | | | | NOT RUN: {reason} |", self.version);
            }
        };
        let said = |word: &Option<String>| word.clone().unwrap_or_else(|| "no".to_owned());
        let (program, instructions) = match findings.used() {
            Some(used) => (used.name.as_str(), used.instructions.to_string()),
            None => ("none", "-".to_owned()),
        };
        let release = if findings.release.is_empty() { &self.version } else { &findings.release };
        let frames = findings.frames();
        let with = |number: &Option<String>, unit: &str| match number {
            Some(number) => format!("{number} {unit}"),
            None => "no".to_owned(),
        };
        let verdict = if findings.failures().is_empty() { "passed" } else { "FAILED" };
        write!(
            f,
            "| {release} | `{program}` | {instructions} | {frames} | {} | {} | {} | {} | {} | {} | {} | {} \
             | {verdict} |",
            with(&findings.attached, "frames"),
            said(&findings.large),
            said(&findings.unprivileged),
            with(&findings.processors, "frames"),
            with(&findings.clock, "times told"),
            with(&findings.cores, "processes, no core"),
            with(&findings.restarted, "s"),
            self.seconds
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_that_was_not_to_be_had_is_no_failure_but_one_alone_is_no_pass() {
        let mut table = Table::default();
        let verdict = Verdict::NotRun("no mirror".to_owned());
        table.add(Row { version: "5.10".to_owned(), verdict, seconds: 0 });
        assert!(!table.any_failed() && table.none_ran());
        assert!(table.to_string().contains("NOT RUN: no mirror"));
        let verdict = Verdict::Broke("panic".to_owned());
        table.add(Row { version: "6.1".to_owned(), verdict, seconds: 3 });
        assert!(table.any_failed() && !table.none_ran());
    }
}
