//! What a target asks of the octets that the fuzzer finds.

use std::{collections::BTreeSet, env, process};

use sensor_common::{
    application::{RECOGNISERS, Recogniser},
    laws::{
        Utterance, dissection_depends_on_declared_octets_only, frames_are_conserved,
        recogniser_keeps_its_word, samples_keep_to_their_bounds, whole_inquiry_agrees_with_a_recogniser,
    },
};

use crate::captures::capture_is_read_to_an_end;

const NAMED_BY: &str = "WARDLINE_FUZZ_TARGET";

type Law = fn(&[u8]);

/// Targets that are no recogniser.
const WHOLE: [(&str, Law); 5] = [
    ("account", frames_are_conserved),
    ("capture", capture_is_read_to_an_end),
    ("dissect", dissection_depends_on_declared_octets_only),
    ("identify", |octets| {
        if let Some(utterance) = Utterance::from_octets(octets) {
            whole_inquiry_agrees_with_a_recogniser(&utterance);
        }
    }),
    ("sample", |octets| {
        if let Some(utterance) = Utterance::from_octets(octets) {
            samples_keep_to_their_bounds(&utterance);
        }
    }),
];

pub enum Target {
    Whole(Law),
    /// All functions of one file.
    Recogniser(Vec<&'static Recogniser>),
}

impl Target {
    /// The target that the environment names. `list` prints the names and ends the process, as does
    /// a name that there is not.
    pub fn of_environment() -> Self {
        let name = env::var(NAMED_BY).unwrap_or_default();
        if name == "list" {
            names().iter().for_each(|name| println!("{name}"));
            process::exit(0);
        }
        Self::named(&name).unwrap_or_else(|| {
            eprintln!("{NAMED_BY} is {name:?}, not one of {}", names().join(", "));
            process::exit(2);
        })
    }

    fn named(name: &str) -> Option<Self> {
        if let Some((_, law)) = WHOLE.iter().find(|(known, _)| *known == name) {
            return Some(Self::Whole(*law));
        }
        let rows: Vec<_> = RECOGNISERS.iter().filter(|row| row.name == name).collect();
        (!rows.is_empty()).then_some(Self::Recogniser(rows))
    }

    pub fn ask(&self, octets: &[u8]) {
        match self {
            Self::Whole(law) => law(octets),
            Self::Recogniser(rows) => {
                if let Some(utterance) = Utterance::from_octets(octets) {
                    rows.iter().for_each(|row| recogniser_keeps_its_word(row, &utterance));
                }
            }
        }
    }
}

fn names() -> Vec<&'static str> {
    let names = WHOLE.iter().map(|(name, _)| *name).chain(RECOGNISERS.iter().map(|row| row.name));
    names.collect::<BTreeSet<_>>().into_iter().collect()
}
