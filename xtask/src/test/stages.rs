//! Stages: what ran, how long, and how it ended.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Error, Result};

use super::Outcome;

pub enum Verdict {
    Passed,
    NotRun(String),
    Failed(Error),
    /// Failed, and the tests that failed have been counted.
    TestsFailed(Error),
}

impl Verdict {
    fn error(&self) -> Option<&Error> {
        match self {
            Self::Failed(error) | Self::TestsFailed(error) => Some(error),
            Self::Passed | Self::NotRun(_) => None,
        }
    }
}

struct Stage {
    name: &'static str,
    verdict: Verdict,
    took: Duration,
}

pub struct Stages {
    start: Instant,
    stages: Vec<Stage>,
    /// The stage without which the following ones make no sense.
    stopped_by: Option<&'static str>,
}

impl Stages {
    pub fn new() -> Self {
        Self { start: Instant::now(), stages: Vec::new(), stopped_by: None }
    }

    pub fn run(&mut self, name: &'static str, work: impl FnOnce() -> Result<Verdict>) {
        self.record(name, || work().unwrap_or_else(Verdict::Failed));
    }

    /// As [`Self::run`]; when it fails, nothing after it runs.
    pub fn run_or_stop(&mut self, name: &'static str, work: impl FnOnce() -> Result<()>) {
        self.run(name, || work().map(|()| Verdict::Passed));
        let failed = self.stages.last().is_some_and(|stage| stage.verdict.error().is_some());
        if failed {
            self.stopped_by = Some(name);
        }
    }

    pub fn run_tests(
        &mut self,
        name: &'static str,
        outcome: &mut Outcome,
        work: impl FnOnce(&mut Outcome) -> Result<()>,
    ) {
        self.record(name, || match work(outcome) {
            Ok(()) => Verdict::Passed,
            Err(error) if outcome.failed > 0 => Verdict::TestsFailed(error),
            Err(error) => Verdict::Failed(error),
        });
    }

    fn record(&mut self, name: &'static str, work: impl FnOnce() -> Verdict) {
        if let Some(earlier) = self.stopped_by {
            let verdict = Verdict::NotRun(format!("{earlier} failed"));
            self.stages.push(Stage { name, verdict, took: Duration::ZERO });
            return;
        }
        println!("\n=== {name} (after {} s)", self.start.elapsed().as_secs());
        let start = Instant::now();
        let verdict = work();
        if let Some(error) = verdict.error() {
            println!("{name}: {error:#}");
        }
        self.stages.push(Stage { name, verdict, took: start.elapsed() });
    }

    pub fn any_failed(&self) -> bool {
        self.stages.iter().any(|stage| stage.verdict.error().is_some())
    }

    /// Failures that no test counts: a lint, a build, a test program that does not compile or dies.
    pub fn failed_without_a_test(&self) -> usize {
        self.stages.iter().filter(|stage| matches!(stage.verdict, Verdict::Failed(_))).count()
    }
}

impl fmt::Display for Stages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Stage { name, verdict, took } in &self.stages {
            let verdict = match verdict {
                Verdict::Passed => "passed".to_owned(),
                Verdict::NotRun(reason) => format!("NOT RUN: {reason}"),
                // What went wrong; what led to it was shown where it happened.
                Verdict::Failed(error) | Verdict::TestsFailed(error) => format!("FAILED: {error}"),
            };
            writeln!(f, "{name:24} {:>6.1} s  {verdict}", took.as_secs_f32())?;
        }
        writeln!(f, "{:24} {:>6.1} s", "all stages", self.start.elapsed().as_secs_f32())
    }
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn a_failed_lint_counts_as_one_failure_and_does_not_stop_the_rest() {
        let mut stages = Stages::new();
        stages.run("format", || bail!("not formatted"));
        stages.run("tests", || Ok(Verdict::Passed));
        assert_eq!(stages.failed_without_a_test(), 1);
        assert!(stages.to_string().contains("FAILED: not formatted"));
    }

    #[test]
    fn nothing_runs_after_a_failed_build() {
        let mut stages = Stages::new();
        stages.run_or_stop("build", || bail!("no compiler"));
        stages.run("tests", || panic!("must not run"));
        assert!(stages.any_failed() && stages.to_string().contains("NOT RUN: build failed"));
    }

    #[test]
    fn a_failing_test_is_counted_once() {
        let mut stages = Stages::new();
        let mut outcome = Outcome::default();
        stages.run_tests("tests", &mut outcome, |outcome| {
            outcome.read_line(
                "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
            );
            bail!("exit status 101")
        });
        assert_eq!((outcome.failed, stages.failed_without_a_test()), (2, 0));
        assert!(stages.any_failed());
    }
}
