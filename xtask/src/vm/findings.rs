//! What the guest found: lines of words with tabs between.

use anyhow::Result;

use crate::verify::{self, Verified};

/// Everything one guest said.
#[derive(Debug, Default)]
pub struct Findings {
    pub release: String,
    pub verified: Vec<Verified>,
    pub replays: Vec<Replay>,
    pub attached: Option<String>,
    /// What an interface of a large MTU answers: `attaches` or `refused`.
    pub large: Option<String>,
    pub unprivileged: Option<String>,
    /// Frames that crossed while a processor came and went.
    pub processors: Option<String>,
    /// Jumps of the wall clock that were told.
    pub clock: Option<String>,
    /// Processes that were ended and left no core.
    pub cores: Option<String>,
    /// Seconds from the interface's coming to its being attached, after the machine was switched on
    /// again.
    pub restarted: Option<String>,
    failures: Vec<String>,
    is_done: bool,
}

/// A capture on which both engines agree.
#[derive(Debug, PartialEq, Eq)]
pub struct Replay {
    pub capture: String,
    pub frames: u64,
}

impl Findings {
    /// Of what the guest said, and said when the machine was switched on again.
    pub fn of(first: &str, again: Result<String>) -> Self {
        let mut findings = Self::parse(first);
        let is_done = std::mem::take(&mut findings.is_done);
        match again {
            Ok(again) => findings.take(&again),
            Err(error) => findings.failures.push(format!("restart: {error:#}")),
        }
        // What was not said is told as missing.
        findings.is_done = is_done;
        findings
    }

    fn parse(said: &str) -> Self {
        let mut findings = Self::default();
        findings.take(said);
        findings
    }

    fn take(&mut self, said: &str) {
        for line in said.lines() {
            self.read(line.trim_end());
        }
    }

    fn read(&mut self, line: &str) {
        let (kind, rest) = line.split_once('\t').unwrap_or((line, ""));
        match kind {
            "kernel" => rest.clone_into(&mut self.release),
            "verified" => match verify::parse(rest) {
                Ok(programs) => self.verified.extend(programs),
                Err(error) => self.failures.push(format!("verify: {error:#}")),
            },
            "agrees" => {
                let mut words = rest.split('\t');
                let capture = words.next().unwrap_or_default().to_owned();
                let frames = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
                self.replays.push(Replay { capture, frames });
            }
            "attached" => self.attached = rest.split('\t').next().map(str::to_owned),
            "large" => self.large = Some(rest.to_owned()),
            "processors" => self.processors = rest.split('\t').next().map(str::to_owned),
            "clock" => self.clock = Some(rest.to_owned()),
            "cores" => self.cores = Some(rest.to_owned()),
            "restarted" => self.restarted = rest.split('\t').nth(1).map(str::to_owned),
            "unprivileged" => self.unprivileged = Some(rest.to_owned()),
            "failed" => self.failures.push(rest.replace('\t', ": ")),
            "done" => self.is_done = true,
            // The guest's programs may print what they like.
            _ => {}
        }
    }

    /// The program that the agent uses there.
    pub fn used(&self) -> Option<&Verified> {
        self.verified.iter().find(|program| program.used == "used here")
    }

    pub fn frames(&self) -> u64 {
        self.replays.iter().map(|replay| replay.frames).sum()
    }

    /// Everything that was not as it should be, what the guest did not come to say included.
    pub fn failures(&self) -> Vec<String> {
        let mut failures = self.failures.clone();
        if !self.is_done {
            failures.push("the guest broke off".to_owned());
        }
        let over = verify::over_budget(&self.verified);
        if !over.is_empty() {
            failures.push(format!("over the budget of instructions: {}", over.join(", ")));
        }
        let is_linear = self.used().is_some_and(|program| program.name.ends_with("_linear"));
        let expected = if is_linear { "refused" } else { "attaches" };
        if let Some(large) = self.large.as_ref().filter(|large| *large != expected) {
            failures.push(format!("an interface with a large MTU {large}; expected: {expected}"));
        }
        let complete = [
            ("verify", self.used().is_some()),
            ("replay", self.replays.len() >= 2 && self.replays.iter().all(|one| one.frames > 0)),
            ("attach", self.attached.is_some()),
            ("large MTU", self.large.is_some()),
            ("unprivileged", self.unprivileged.is_some()),
            ("processors", self.processors.is_some()),
            ("clock", self.clock.is_some()),
            ("cores", self.cores.is_some()),
            ("restart", self.restarted.is_some()),
        ];
        let is_said = |step: &str| failures.iter().any(|failure| failure.starts_with(step));
        let missing: Vec<String> = complete
            .iter()
            .filter(|(step, is_there)| !is_there && !is_said(step))
            .map(|(step, _)| format!("{step}: nothing was found"))
            .collect();
        failures.extend(missing);
        failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "kernel\t5.10.0-46-cloud-amd64\n\
        verified\twardline_linear\t53354\tused here\nverified\twardline_clock\t2540\tused here\n\
        agrees\tgenerated\t5000\t900\nagrees\thospital\t3021\t474\n\
        attached\t3000\t2900\t100\t0\nlarge\trefused\nunprivileged\tloads\n\
        processors\t4000\t10\t3900\t100\t0\t20\t40\nclock\t3\ncores\t6\nrestarted\t70\t0.6\t480\ndone\n";

    #[test]
    fn a_good_guest_has_no_failures() {
        let findings = Findings::parse(GOOD);
        assert_eq!(findings.failures(), Vec::<String>::new());
        assert_eq!((findings.frames(), findings.release.as_str()), (8021, "5.10.0-46-cloud-amd64"));
        assert_eq!(findings.used().map(|program| program.instructions), Some(53_354));
    }

    #[test]
    fn every_line_that_is_missing_is_a_failure() {
        for line in GOOD.lines().skip(1).filter(|line| !line.contains("_clock")) {
            let said = GOOD.replace(&format!("{line}\n"), "");
            let findings = Findings::parse(&said);
            assert!(!findings.failures().is_empty(), "without {line:?}");
        }
    }

    #[test]
    fn a_machine_that_does_not_start_again_is_a_failure() {
        let (first, again) = GOOD.split_once("restarted").unwrap();
        let first = format!("{first}done\n");
        let again = format!("restarted{again}");
        assert_eq!(Findings::of(&first, Ok(again)).failures(), Vec::<String>::new());
        for again in [Ok(String::new()), Err(anyhow::anyhow!("still running after 600 s"))] {
            let failures = Findings::of(&first, again).failures();
            assert_eq!(failures.len(), 1, "{failures:?}");
            assert!(failures[0].starts_with("restart: "), "{failures:?}");
        }
    }

    #[test]
    fn a_program_over_the_budget_and_a_wrong_answer_to_a_large_mtu_are_failures() {
        let said = GOOD.replace("53354", "153354").replace("refused", "attaches");
        assert_eq!(Findings::parse(&said).failures().len(), 2);
    }
}
