//! Flows that a control conversation announced.
//!
//! An announcement is believed for a time, of the port of whoever made it; the table is bounded, and
//! the oldest announcement goes first.

mod refusal;

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use sensor_common::{application::Application, flow::FlowKey};

use super::announcement::Announcement;
use crate::{hash::HashMap, time::Moment};
pub use refusal::Refusal;

/// Announcements that are kept by default.
pub const CAPACITY: usize = 4096;
/// However often it is used, an announcement ends: ports are given to others.
pub const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// How long an announcement is believed after it was made, or used.
pub const fn lifetime(application: Application) -> Duration {
    Duration::from_secs(match application {
        // A data connection is opened for the next command (RFC 959 section 3.2), a transfer with
        // the answer, and a device answers a probe within seconds (WS-DD appendix I).
        Application::FtpData | Application::Tftp | Application::Wsd => 60,
        // An offer may wait for somebody to pick up the receiver.
        Application::Rtp | Application::Rtcp => 600,
        // A service keeps its port until it is started anew.
        Application::Dcerpc => 4 * 3600,
        // A device says hello once; those who look for it hear of it again.
        _ => 24 * 3600,
    })
}

/// One end of a flow.
type End = (u8, IpAddr, u16);

/// What is known of flows to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    pub application: Application,
    /// Somebody else announced it, as a SIP proxy does: no more than a hint.
    pub is_by_proxy: bool,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    expected: Expected,
    peer: Option<IpAddr>,
    /// The place in the order of announcements.
    number: u64,
    announced: Moment,
    ends: Moment,
}

/// What became of announcements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Believed, again or for the first time.
    pub announced: u64,
    /// Flows that were found in the table.
    pub met: u64,
    /// Ended by themselves, removed when they became the oldest or were looked up.
    pub ended: u64,
    /// Gone before their end, because the table was full.
    pub displaced: u64,
    /// By [`Refusal::number`].
    pub refused: [u64; Refusal::ALL.len()],
}

/// The announcements that are believed at present.
#[derive(Debug)]
pub struct Expectations {
    entries: HashMap<End, Entry>,
    /// The ends in the order of their announcements.
    order: BTreeMap<u64, End>,
    capacity: usize,
    next_number: u64,
    counts: Counts,
}

impl Default for Expectations {
    fn default() -> Self {
        Self::new(CAPACITY)
    }
}

impl Expectations {
    /// An empty table that holds at most `capacity` announcements, at least one.
    pub fn new(capacity: usize) -> Self {
        Self {
            entries: HashMap::default(),
            order: BTreeMap::new(),
            capacity: capacity.max(1),
            next_number: 0,
            counts: Counts::default(),
        }
    }

    pub fn counts(&self) -> Counts {
        self.counts
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes an announcement in, in place of an earlier one about the same end. What a host said of
    /// itself stands when another repeats it.
    ///
    /// # Errors
    ///
    /// It is not believed; the reason is counted.
    pub fn announce(&mut self, announcement: &Announcement, now: Moment) -> Result<(), Refusal> {
        let end = (announcement.protocol, announcement.address, announcement.port);
        let earlier = self.entries.get(&end).filter(|entry| now <= entry.ends);
        // What a host says of itself outweighs what others say.
        let own = earlier
            .filter(|entry| !entry.expected.is_by_proxy && !announcement.is_of_speaker())
            .map(|entry| entry.expected.application);
        let refusal = Refusal::of(announcement).or_else(|| {
            let is_other = own.is_some_and(|application| application != announcement.application);
            is_other.then_some(Refusal::Contradicted)
        });
        if let Some(refusal) = refusal {
            self.counts.refused[refusal.number()] += 1;
            return Err(refusal);
        }
        if own.is_some() {
            return Ok(());
        }
        if let Some(entry) = self.entries.remove(&end) {
            self.order.remove(&entry.number);
        }
        self.make_room(now);
        let number = self.next_number;
        self.next_number += 1;
        let expected = Expected {
            application: announcement.application,
            is_by_proxy: !announcement.is_of_speaker(),
        };
        let ends = now + lifetime(announcement.application);
        let entry = Entry { expected, peer: announcement.peer, number, announced: now, ends };
        self.entries.insert(end, entry);
        self.order.insert(number, end);
        self.counts.announced += 1;
        Ok(())
    }

    /// The application that a flow was announced to have.
    pub fn find(&mut self, flow: &FlowKey, now: Moment) -> Option<Application> {
        self.expected(flow, now).map(|expected| expected.application)
    }

    /// What was announced of a flow's destination, or its source; each time prolongs it.
    pub fn expected(&mut self, flow: &FlowKey, now: Moment) -> Option<Expected> {
        if self.entries.is_empty() {
            return None;
        }
        let source = flow.source_address()?.to_canonical();
        let destination = flow.destination_address()?.to_canonical();
        let protocol = flow.protocol();
        let (from, to) = (flow.source_port(), flow.destination_port());
        let found = match self.meet((protocol, destination, to), source, now) {
            Some(expected) => Some(expected),
            // A transfer begins with what its server sends: a client that sends from one port to
            // many is not transferring files with all of them.
            None => self
                .meet((protocol, source, from), destination, now)
                .filter(|expected| expected.application != Application::Tftp),
        };
        self.counts.met += u64::from(found.is_some());
        found
    }

    /// The entry of `end` for flows with `other`.
    fn meet(&mut self, end: End, other: IpAddr, now: Moment) -> Option<Expected> {
        let entry = self.entries.get_mut(&end)?;
        if now > entry.ends {
            let number = entry.number;
            self.entries.remove(&end);
            self.order.remove(&number);
            self.counts.ended += 1;
            return None;
        }
        if entry.peer.is_some_and(|peer| peer != other) {
            return None;
        }
        let prolonged = now + lifetime(entry.expected.application);
        entry.ends = prolonged.min(entry.announced + LONGEST);
        Some(entry.expected)
    }

    /// Removes the oldest announcements that have ended, and one more if there is no room else.
    fn make_room(&mut self, now: Moment) {
        while let Some((&number, &end)) = self.order.first_key_value() {
            let has_ended = self.entries.get(&end).is_none_or(|entry| now > entry.ends);
            if !has_ended && self.entries.len() < self.capacity {
                break;
            }
            self.order.remove(&number);
            self.entries.remove(&end);
            let count = if has_ended { &mut self.counts.ended } else { &mut self.counts.displaced };
            *count += 1;
        }
    }
}

#[cfg(test)]
mod tests;
