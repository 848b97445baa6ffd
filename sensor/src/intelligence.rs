//! Files of indicators of compromise: tables (CSV) and STIX 2.1 bundles, read when the agent starts.
//!
//! A file that cannot be read at all is an error. A row or an object that cannot be used is counted,
//! and the first are named with their place: a feed with one bad line stays a feed.

mod bundle;
mod sheet;

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    config::Intelligence,
    detect::{
        Severity,
        indicators::{Indicator, Indicators, Pattern},
    },
    time::{Timestamp, WallClock},
};

/// Indicators of all files together.
pub const MOST_INDICATORS: usize = 200_000;
/// Longest file that is read, in octets.
const LONGEST_FILE: u64 = 64 << 20;
/// Unusable entries of a file that are named.
const MOST_NAMED: usize = 10;
/// Of the name of a source that is kept.
const LONGEST_SOURCE: usize = 64;

/// Why a file is not taken.
#[derive(Debug, thiserror::Error)]
pub enum IntelligenceError {
    #[error("{}: {source}", file.display())]
    Unreadable { file: PathBuf, source: io::Error },
    #[error("{}: {octets} octets are too many for a file of indicators", file.display())]
    TooLong { file: PathBuf, octets: u64 },
    #[error("{}:{line}: {message}", file.display())]
    Wrong { file: PathBuf, line: u64, message: String },
}

/// An entry that could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// `line 7`, or the identifier of a STIX object.
    pub place: String,
    pub why: String,
}

/// What became of the entries of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    pub file: PathBuf,
    pub taken: usize,
    pub expired: usize,
    /// Of kinds that cannot be looked for, such as hashes of files.
    pub unsupported: usize,
    pub wrong: usize,
    /// For which there was no room.
    pub refused: usize,
    /// The first of those that are wrong.
    pub named: Vec<Unusable>,
}

impl fmt::Display for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, taken, expired, unsupported, wrong, refused, named } = self;
        write!(
            formatter,
            "{}: {taken} indicators; {expired} expired, {unsupported} of other kinds, {wrong} wrong, \
             {refused} without room",
            file.display()
        )?;
        named.iter().try_for_each(|Unusable { place, why }| {
            write!(formatter, "\n{}: {place}: {why}", file.display())
        })
    }
}

/// Reads all files into the section that names them; `clock` tells the wall time of a moment, `now` is
/// the wall time.
///
/// # Errors
///
/// The first file that cannot be read at all.
pub fn load(
    intelligence: &mut Intelligence,
    clock: WallClock,
    now: Timestamp,
) -> Result<Vec<Account>, IntelligenceError> {
    let mut shelf = Shelf { indicators: Indicators::new(clock, MOST_INDICATORS), now };
    let accounts = intelligence
        .files
        .iter()
        .map(|file| {
            let octets = octets_of(file)?;
            read(file, &octets, &mut shelf)
        })
        .collect::<Result<_, _>>()?;
    intelligence.indicators = Some(Arc::new(shelf.indicators));
    Ok(accounts)
}

fn octets_of(file: &Path) -> Result<Vec<u8>, IntelligenceError> {
    let unreadable = |source| IntelligenceError::Unreadable { file: file.to_owned(), source };
    let octets = std::fs::metadata(file).map_err(unreadable)?.len();
    if octets > LONGEST_FILE {
        return Err(IntelligenceError::TooLong { file: file.to_owned(), octets });
    }
    std::fs::read(file).map_err(unreadable)
}

/// Reads one file: what begins with a brace is a bundle.
fn read(file: &Path, octets: &[u8], shelf: &mut Shelf) -> Result<Account, IntelligenceError> {
    let octets = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets);
    let name = file.file_stem().map_or_else(|| "file".into(), |stem| stem.to_string_lossy());
    let is_bundle = octets.iter().find(|octet| !octet.is_ascii_whitespace()) == Some(&b'{');
    let mut account = Account { file: file.to_owned(), ..Account::default() };
    let result = if is_bundle {
        bundle::read(octets, &name, shelf, &mut account)
    } else {
        sheet::read(octets, &name, shelf, &mut account)
    };
    result.map_err(|(line, message)| IntelligenceError::Wrong {
        file: file.to_owned(),
        line,
        message,
    })?;
    Ok(account)
}

/// Where indicators are put.
struct Shelf {
    indicators: Indicators,
    now: Timestamp,
}

impl Shelf {
    fn put(&mut self, pattern: Pattern, entry: &Entry<'_>, account: &mut Account) {
        if entry.expires.is_some_and(|expires| expires <= self.now) {
            account.expired += 1;
            return;
        }
        let source = printable(entry.source);
        let indicator =
            Indicator { severity: entry.severity, source: source.into(), expires: entry.expires };
        if self.indicators.add(pattern, indicator) {
            account.taken += 1;
        } else {
            account.refused += 1;
        }
    }
}

/// What an entry says of its pattern.
struct Entry<'a> {
    severity: Severity,
    source: &'a str,
    expires: Option<Timestamp>,
}

impl Account {
    fn note(&mut self, place: impl FnOnce() -> String, why: &str) {
        self.wrong += 1;
        if self.named.len() < MOST_NAMED {
            self.named.push(Unusable { place: place(), why: printable(why) });
        }
    }
}

/// Feeds are written by others: nothing of theirs reaches a terminal unread.
fn printable(text: &str) -> String {
    let is_plain = |each: &char| !each.is_control();
    text.chars().filter(is_plain).take(LONGEST_SOURCE * 2).collect::<String>().trim().to_owned()
}

/// A moment as RFC 3339 has it, or a day, at the end of which it is.
fn timestamp(text: &str) -> Option<Timestamp> {
    let micros = match text.parse::<jiff::Timestamp>() {
        Ok(timestamp) => timestamp.as_microsecond(),
        Err(_) => {
            let day: jiff::civil::Date = text.parse().ok()?;
            let next = day.tomorrow().ok()?;
            jiff::tz::TimeZone::UTC.to_timestamp(next.at(0, 0, 0, 0)).ok()?.as_microsecond()
        }
    };
    Some(Timestamp::from_micros(micros))
}

#[cfg(test)]
mod tests;
