//! Links that the program was attached to a moment ago, and those from which it was taken again,
//! because they did not come back.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::Duration,
};

use super::{
    trial::{Judgement, Reading, Trial},
    watch::attach,
};
use crate::{
    capture::xdp::{AttachError, Interface, Mark, Pins, XdpDatapath, monotonic},
    config::{Capture, Mode, duration},
    host::links::link,
};

/// Of a link with a carrier, the time in which it would have lost it.
const CALM: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub struct Trials {
    mode: Mode,
    patience: Duration,
    /// Of the pins, where marks are kept too.
    directory: PathBuf,
    /// Whether a program outlives the agent that attached it, and has to be told of.
    persist: bool,
    under_way: BTreeMap<u32, Trial>,
    held_off: BTreeSet<u32>,
    /// Of those that are held off, the ones whose mark could not be put: they are until the agent's
    /// end.
    unmarked: BTreeSet<u32>,
}

impl Trials {
    pub fn new(capture: &Capture) -> Self {
        let held_off = Mark::HeldOff.all(&capture.pin_directory);
        Self {
            mode: capture.mode,
            patience: capture.link_patience,
            directory: capture.pin_directory.clone(),
            persist: capture.persist,
            under_way: BTreeMap::new(),
            held_off: held_off.into_iter().map(|(index, _)| index).collect(),
            unmarked: BTreeSet::new(),
        }
    }

    /// Whether the program may not be attached to the interface without an operator's word.
    pub fn is_held_off(&self, interface: u32) -> bool {
        self.held_off.contains(&interface)
    }

    /// Attaches to an interface, and has its link on trial if it can be harmed.
    ///
    /// # Errors
    ///
    /// [`AttachError`].
    pub fn attach(
        &mut self,
        datapath: &mut XdpDatapath,
        interface: &Interface,
    ) -> Result<(), AttachError> {
        let index = interface.index;
        // What an agent that was ended meanwhile began.
        let was_on_trial = self.persist && Mark::OnTrial.is_on(&self.directory, index);
        let can_be_harmed = self.patience > Duration::ZERO && reading(index) == Reading::Carrier;
        if can_be_harmed && !datapath.is_pinned(index) {
            self.mark_trial(interface);
        }
        let attached = attach(datapath, interface, self.mode).map(|it| it.was_attached);
        let is_on_trial = match &attached {
            Ok(true) => was_on_trial && self.patience > Duration::ZERO,
            Ok(false) => can_be_harmed,
            Err(_) => false,
        };
        if is_on_trial {
            self.mark_trial(interface);
            self.under_way.insert(index, Trial::begin(monotonic(), self.patience));
        } else {
            self.unmark_trial(index);
        }
        attached.map(drop)
    }

    /// Looks at the links on trial, and takes the program off those that did not come back; which
    /// these are.
    pub fn look(&mut self, datapath: &mut XdpDatapath) -> Vec<Interface> {
        let now = monotonic();
        let mut failed = Vec::new();
        let mut over = Vec::new();
        for (index, trial) in &mut self.under_way {
            let Some(interface) = datapath.attachment(*index).map(|it| it.interface.clone()) else {
                // It is gone, or somebody took the program off.
                over.push(*index);
                continue;
            };
            let had_carrier = trial.has_carrier();
            match trial.see(now, reading(*index)) {
                Judgement::UnderWay if had_carrier && !trial.has_carrier() => {
                    tracing::warn!(
                        interface = interface.name,
                        patience = duration::written(self.patience),
                        "the link lost its carrier after the program was attached; if it does not \
                         come back, the program is taken off"
                    );
                }
                Judgement::UnderWay => {}
                Judgement::Passed => over.push(*index),
                Judgement::Failed => failed.push(interface),
            }
        }
        for index in over {
            self.under_way.remove(&index);
            self.unmark_trial(index);
        }
        for interface in &failed {
            self.roll_back(datapath, interface);
        }
        failed
    }

    /// Whether nothing is to be expected of the links on trial any more: each has its carrier, and
    /// has had time to lose it.
    pub fn are_calm(&self) -> bool {
        let now = monotonic();
        self.under_way.values().all(|trial| trial.has_carrier() && trial.age(now) >= CALM)
    }

    /// Forgets interfaces that are not there any more, and those of which an operator has given his
    /// word.
    pub fn forget(&mut self, present: &[Interface]) {
        let is_there = |index: &u32| present.iter().any(|interface| interface.index == *index);
        for mark in [Mark::HeldOff, Mark::OnTrial] {
            for (index, _) in mark.all(&self.directory) {
                if !is_there(&index) {
                    note(mark.take(&self.directory, index));
                }
            }
        }
        let Self { directory, unmarked, .. } = &*self;
        let is_held = |index: &u32| {
            is_there(index) && (unmarked.contains(index) || Mark::HeldOff.is_on(directory, *index))
        };
        let held_off = self.held_off.iter().copied().filter(is_held).collect();
        self.held_off = held_off;
        self.unmarked.retain(is_there);
    }

    /// Ends all trials: nobody looks any more.
    pub fn end(&mut self) {
        for index in std::mem::take(&mut self.under_way).into_keys() {
            self.unmark_trial(index);
        }
    }

    fn roll_back(&mut self, datapath: &mut XdpDatapath, interface: &Interface) {
        let Interface { index, name } = interface;
        self.under_way.remove(index);
        self.held_off.insert(*index);
        // First, so that no agent attaches again if this one ends here.
        let marked = Pins::open(&self.directory)
            .map_err(std::io::Error::other)
            .and_then(|_| Mark::HeldOff.put(&self.directory, *index));
        if let Err(error) = marked {
            self.unmarked.insert(*index);
            tracing::error!(interface = name, %error, "the next agent will attach here again");
        }
        let patience = duration::written(self.patience);
        match datapath.detach(*index) {
            Some(Err(error)) => tracing::error!(
                interface = name, %error,
                "the link did not come back within {patience} after the program was attached, and \
                 the program cannot be taken off; type `wardline detach --force {name}`"
            ),
            _ => tracing::error!(
                interface = name,
                "the link did not come back within {patience} after the program was attached: took \
                 it off. Nothing is counted there until you type `wardline attach {name}`; try \
                 capture.mode = \"generic\" before that, or a longer capture.link_patience"
            ),
        }
        self.unmark_trial(*index);
    }

    fn mark_trial(&self, interface: &Interface) {
        if self.persist {
            note(Mark::OnTrial.put(&self.directory, interface.index));
        }
    }

    fn unmark_trial(&self, interface: u32) {
        if self.persist {
            note(Mark::OnTrial.take(&self.directory, interface));
        }
    }
}

fn note(result: std::io::Result<()>) {
    if let Err(error) = result {
        tracing::warn!(%error, "a mark below the pins cannot be changed");
    }
}

fn reading(interface: u32) -> Reading {
    match link(interface) {
        Ok(link) if link.is_up => match link.has_carrier {
            Some(true) => Reading::Carrier,
            Some(false) => Reading::NoCarrier,
            None => Reading::NotAsked,
        },
        _ => Reading::NotAsked,
    }
}
