//! What a soak of kills found.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::ser::{Serialize, SerializeStruct as _, Serializer};

use super::super::places::OnHook;

/// Faults that are told one by one; there is no use in more.
const TOLD: usize = 50;

/// All frames of the soak, as each place counted them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Frames {
    /// Taken by the sender's socket, and refused by it.
    pub sent: u64,
    pub refused: u64,
    /// By the sending link.
    pub sender_dropped: u64,
    /// By the receiving link.
    pub arrived: u64,
    pub arrived_with_errors: u64,
    /// By a packet socket behind the program.
    pub behind: u64,
    /// By Wardline: received and found in tunnels, and the fates of both.
    pub received: u64,
    pub encapsulated: u64,
    pub counted: u64,
    pub undissected: u64,
    pub lost: u64,
    /// The sum over all applications.
    pub by_application: u64,
}

impl Frames {
    /// Frames that were sent and did not come out behind the program.
    pub fn dropped(&self) -> u64 {
        self.sent.abs_diff(self.arrived).max(self.sent.abs_diff(self.behind))
    }

    /// Frames, those in tunnels included, that have no fate in the books, or one too many.
    pub fn uncounted(&self) -> u64 {
        let entered = self.sent + self.encapsulated;
        let fates = self.counted + self.undissected + self.lost;
        self.sent.abs_diff(self.received).max(entered.abs_diff(fates))
    }
}

/// How long something took.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Spread {
    pub median: f64,
    pub longest: f64,
}

impl Spread {
    fn of(durations: &[Duration]) -> Self {
        let mut seconds: Vec<f64> = durations.iter().map(Duration::as_secs_f64).collect();
        seconds.sort_by(f64::total_cmp);
        let at = |position: usize| seconds.get(position).copied().unwrap_or_default();
        Self { median: at(seconds.len() / 2), longest: at(seconds.len().saturating_sub(1)) }
    }
}

/// Everything that was seen.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub kills: usize,
    /// Kills of an agent that was still starting, besides.
    pub kills_more: usize,
    pub upgrades: usize,
    pub frames: Frames,
    /// Metrics pages that were compared with the one before.
    pub pages: u64,
    /// Times at which the four counts were compared.
    pub comparisons: u64,
    /// From the start of a process to its being ready.
    pub starts: Vec<Duration>,
    pub programs: BTreeSet<u32>,
    pub tags: BTreeSet<String>,
    pub links: BTreeSet<u32>,
    pub seconds: f64,
    falls: Vec<String>,
    miscounts: Vec<String>,
}

impl Outcome {
    pub(super) fn note_falls(&mut self, falls: Vec<String>) {
        let (kills, upgrades) = (self.kills, self.upgrades);
        let told = falls.into_iter().map(|fall| {
            format!("a counter fell after {kills} kills and {upgrades} upgrades: {fall}")
        });
        self.falls.extend(told);
        self.falls.truncate(TOLD);
    }

    pub(super) fn note_hook(&mut self, hook: OnHook) {
        self.programs.insert(hook.program);
        self.links.insert(hook.link);
        self.tags.insert(hook.tag);
    }

    pub(super) fn note_counts(&mut self) {
        self.comparisons += 1;
        let frames = &self.frames;
        if frames.dropped() > 0 || frames.uncounted() > 0 || frames.refused > 0 {
            let (kills, upgrades) = (self.kills, self.upgrades);
            self.miscounts.push(format!("after {kills} kills and {upgrades} upgrades: {frames:?}"));
            self.miscounts.truncate(TOLD);
        }
    }

    /// What is not as it has to be; empty after a good soak.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = [self.falls.as_slice(), self.miscounts.as_slice()].concat();
        if self.links.len() != 1 {
            faults.push(format!("the link was not the same throughout: {:?}", self.links));
        }
        if self.upgrades > 0 && self.tags.len() < 2 {
            faults.push(format!("both builds have the same program: {:?}", self.tags));
        }
        faults
    }

    /// For people.
    pub fn text(&self) -> String {
        let starts = Spread::of(&self.starts);
        let frames = &self.frames;
        let mut text = format!(
            "{} kills (and {} of an agent that was starting) and {} upgrades in {:.0} s\n\
             {} programs with {} different texts, in {} link\n\
             ready after {:.2} s in the median, {:.2} s at most\n\
             {} frames sent, {} on the receiving link, {} behind the program: {} dropped\n\
             {} received by the books; with {} in tunnels: {} counted, {} undissected, {} lost: {} uncounted\n\
             {} pages, {} comparisons of all counts\n",
            self.kills,
            self.kills_more,
            self.upgrades,
            self.seconds,
            self.programs.len(),
            self.tags.len(),
            self.links.len(),
            starts.median,
            starts.longest,
            frames.sent,
            frames.arrived,
            frames.behind,
            frames.dropped(),
            frames.received,
            frames.encapsulated,
            frames.counted,
            frames.undissected,
            frames.lost,
            frames.uncounted(),
            self.pages,
            self.comparisons,
        );
        for fault in self.faults() {
            text.push_str(&format!("FAULT: {fault}\n"));
        }
        text
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut outcome = serializer.serialize_struct("Outcome", 14)?;
        outcome.serialize_field("schema", "wardline/soak-kill/v1")?;
        outcome.serialize_field("kills", &self.kills)?;
        outcome.serialize_field("kills_while_starting", &self.kills_more)?;
        outcome.serialize_field("upgrades", &self.upgrades)?;
        outcome.serialize_field("frames", &self.frames)?;
        outcome.serialize_field("dropped", &self.frames.dropped())?;
        outcome.serialize_field("uncounted", &self.frames.uncounted())?;
        outcome.serialize_field("pages", &self.pages)?;
        outcome.serialize_field("comparisons", &self.comparisons)?;
        outcome.serialize_field("seconds_to_ready", &Spread::of(&self.starts))?;
        outcome.serialize_field("programs", &self.programs.len())?;
        outcome.serialize_field("program_tags", &self.tags)?;
        outcome.serialize_field("links", &self.links.len())?;
        outcome.serialize_field("seconds", &self.seconds)?;
        outcome.serialize_field("faults", &self.faults())?;
        outcome.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames() -> Frames {
        Frames {
            sent: 10,
            arrived: 10,
            behind: 10,
            received: 10,
            encapsulated: 2,
            counted: 9,
            undissected: 2,
            lost: 1,
            ..Frames::default()
        }
    }

    #[test]
    fn every_count_is_held_against_what_was_sent() {
        assert_eq!((frames().dropped(), frames().uncounted()), (0, 0));
        type Spoil = fn(&mut Frames);
        let cases: [(Spoil, u64, u64); 4] = [
            (|frames| frames.arrived -= 1, 1, 0),
            (|frames| frames.behind -= 2, 2, 0),
            (|frames| frames.received += 3, 0, 3),
            (|frames| frames.counted -= 4, 0, 4),
        ];
        for (spoil, dropped, uncounted) in cases {
            let mut frames = frames();
            spoil(&mut frames);
            assert_eq!((frames.dropped(), frames.uncounted()), (dropped, uncounted));
        }
    }

    #[test]
    fn a_soak_in_which_the_program_never_changed_is_no_proof() {
        let hook = |program, link| OnHook { program, tag: "same".to_owned(), link };
        let mut outcome = Outcome { upgrades: 1, frames: frames(), ..Outcome::default() };
        outcome.note_hook(hook(1, 7));
        outcome.note_counts();
        assert_eq!(outcome.faults().len(), 1, "{:?}", outcome.faults());
        outcome.note_hook(hook(2, 8));
        assert_eq!(outcome.faults().len(), 2, "{:?}", outcome.faults());
    }
}
