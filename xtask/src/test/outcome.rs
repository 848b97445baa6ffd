//! Reading what the test programs print.

use std::collections::BTreeMap;
use std::fmt;

/// What one run of `cargo test` said.
#[derive(Debug, Default)]
pub struct Outcome {
    passed: usize,
    pub failed: usize,
    ignored: usize,
    failures: Vec<String>,
    lists_failures: bool,
    /// Test by test, with the reason given in `#[ignore = "…"]`.
    ignored_tests: Vec<(String, String)>,
    /// What a test said it could not do: name and reason.
    not_run: BTreeMap<String, String>,
}

impl Outcome {
    pub fn read_line(&mut self, line: &str) {
        if let Some((passed, failed, ignored)) = parse_result(line) {
            self.passed += passed;
            self.failed += failed;
            self.ignored += ignored;
        } else if let Some((_, said)) = line.split_once("NOT RUN: ") {
            // On a single thread it follows "test name ... " on the same line.
            let (name, reason) = said.split_once(": ").unwrap_or((said, "no reason given"));
            self.not_run.insert(name.trim().to_owned(), reason.trim().to_owned());
        } else if let Some(name) = line.strip_prefix("    ").filter(|_| self.lists_failures) {
            self.failures.push(name.to_owned());
        } else if let Some((name, reason)) = parse_ignored(line) {
            self.ignored_tests.push((name.to_owned(), reason.to_owned()));
        }
        // Not "test name ... FAILED": what the test or its children print may come between.
        self.lists_failures = line == "failures:" || (self.lists_failures && !line.is_empty());
    }

    fn ran(&self) -> usize {
        self.passed + self.failed
    }
}

/// `test result: ok. 12 passed; 0 failed; 3 ignored; 0 measured; 0 filtered out; finished in 0.01s`
fn parse_result(line: &str) -> Option<(usize, usize, usize)> {
    let counts = line.strip_prefix("test result: ")?.split_once(". ")?.1;
    let count = |what: &str| {
        counts
            .split("; ")
            .find_map(|part| part.strip_suffix(what))
            .and_then(|number| number.trim().parse().ok())
    };
    Some((count(" passed")?, count(" failed")?, count(" ignored")?))
}

/// `test name ... ignored, reason`
fn parse_ignored(line: &str) -> Option<(&str, &str)> {
    let (name, verdict) = line.strip_prefix("test ")?.split_once(" ... ")?;
    Some((name, verdict.strip_prefix("ignored")?.trim_start_matches(", ")))
}

/// Both runs together. The tests in the kernel are the ones that the run on this machine ignored,
/// so a test counts as skipped only when neither ran it. One that ran and said `NOT RUN` counts as
/// skipped too, not as passed.
pub struct Summary {
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
    failures: Vec<String>,
    left_out: BTreeMap<String, String>,
}

impl Summary {
    pub fn of(host: Outcome, kernel: Outcome) -> Self {
        let mut left_out: BTreeMap<_, _> =
            host.not_run.iter().chain(&kernel.not_run).map(owned).collect();
        let said_not_run = left_out.len().min(host.passed + kernel.passed);
        let ignored = host.ignored.saturating_sub(kernel.ran()) + kernel.ignored;
        if kernel.ran() == 0 {
            left_out.extend(host.ignored_tests.iter().map(|(name, reason)| owned((name, reason))));
        }
        Self {
            passed: host.passed + kernel.passed - said_not_run,
            failed: host.failed + kernel.failed,
            skipped: ignored + said_not_run,
            failures: host.failures.into_iter().chain(kernel.failures).collect(),
            left_out,
        }
    }
}

fn owned((name, reason): (&String, &String)) -> (String, String) {
    (name.clone(), reason.clone())
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.failures.is_empty() {
            writeln!(f, "Failed:")?;
            self.failures.iter().try_for_each(|name| writeln!(f, "  {name}"))?;
        }
        if !self.left_out.is_empty() {
            writeln!(f, "Not run:")?;
            self.left_out
                .iter()
                .try_for_each(|(name, reason)| writeln!(f, "  {name}: {reason}"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(text: &str) -> Outcome {
        let mut outcome = Outcome::default();
        text.lines().for_each(|line| outcome.read_line(line));
        outcome
    }

    const HOST: &str = "\
running 4 tests
test flow::one_flow_per_key ... ok
test loads ... ignored, needs CAP_BPF
test attaches ... ignored
test corpus_labels ... ok

successes:

---- corpus_labels stdout ----
NOT RUN: corpus_labels: no corpus at ../shared/corpus/dev

test result: ok. 2 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.02s
     Running tests/agreement.rs (target/debug/deps/agreement-0a)
test result: FAILED. 7 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s
";

    #[test]
    fn results_of_all_programs_are_added_up() {
        let read = outcome(HOST);
        assert_eq!((read.passed, read.failed, read.ignored), (9, 1, 2));
    }

    #[test]
    fn a_test_that_said_it_did_not_run_has_not_passed() {
        let summary = Summary::of(outcome(HOST), Outcome::default());
        assert_eq!((summary.passed, summary.failed, summary.skipped), (8, 1, 3));
        let text = summary.to_string();
        assert!(
            text.contains("corpus_labels: no corpus at ../shared/corpus/dev")
                && text.contains("loads: needs CAP_BPF"),
            "{text}"
        );
    }

    #[test]
    fn a_test_ignored_here_and_run_in_the_kernel_is_not_skipped() {
        let kernel = outcome(
            "test loads ... ok\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 9 filtered out\n",
        );
        let summary = Summary::of(outcome(HOST), kernel);
        assert_eq!((summary.passed, summary.skipped), (9, 2));
    }

    #[test]
    fn tests_in_the_kernel_that_never_came_to_run_stay_skipped() {
        let summary = Summary::of(outcome(HOST), outcome("error: could not compile `tests`"));
        assert_eq!(summary.skipped, 3);
    }

    #[test]
    fn failures_are_named_whatever_they_print() {
        let read = outcome(
            "test a::b ... something printed\nFAILED\n\nfailures:\n\n---- a::b stdout ----\n    printed\n\n\
             failures:\n    a::b\n    c\n\ntest result: FAILED. 0 passed; 2 failed; 0 ignored;",
        );
        assert_eq!(read.failures, ["a::b", "c"]);
    }

    #[test]
    fn a_line_that_follows_the_name_on_one_thread_is_read() {
        let read = outcome("test corpus ... NOT RUN: corpus: no tshark");
        assert_eq!(read.not_run.get("corpus").map(String::as_str), Some("no tshark"));
    }

    #[test]
    fn prose_about_results_is_no_result() {
        assert_eq!(parse_result("the test result: ok"), None);
        assert_eq!(parse_result("test result: ok. many passed; 0 failed; 0 ignored"), None);
    }
}
