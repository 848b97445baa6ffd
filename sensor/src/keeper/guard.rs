//! What others do to the program behind the agent's back: pins that are removed, programs that are
//! taken off or replaced. It is noticed within a second, said, and mended where that is ours to do.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use crate::{
    capture::xdp::{Owner, XdpDatapath},
    host::links::link,
};

/// Between two complaints that pins cannot be made again.
const COMPLAIN: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub struct Guard {
    /// Interfaces on which another program is in our place.
    displaced: BTreeSet<u32>,
    pins_restored: u64,
    complained: Option<Instant>,
}

impl Guard {
    pub fn displaced(&self) -> usize {
        self.displaced.len()
    }

    pub fn pins_restored(&self) -> u64 {
        self.pins_restored
    }

    /// Looks once. An interface from which the program was taken is forgotten, so that it is
    /// attached again.
    pub fn look(&mut self, datapath: &mut XdpDatapath) {
        self.look_at_hooks(datapath);
        match datapath.mend_pins() {
            Ok(0) => self.complained = None,
            Ok(pins) => {
                self.pins_restored += pins as u64;
                tracing::warn!(pins, "pins had been removed; made them again, no frame was missed");
            }
            Err(error) => {
                if self.complained.is_none_or(|at| at.elapsed() >= COMPLAIN) {
                    self.complained = Some(Instant::now());
                    tracing::error!(%error, "counts will not outlive the agent");
                }
            }
        }
    }

    fn look_at_hooks(&mut self, datapath: &mut XdpDatapath) {
        let Some(ours) = datapath.program_id() else { return };
        let attached: Vec<(u32, String)> = datapath
            .attachments()
            .map(|attachment| (attachment.interface.index, attachment.interface.name.clone()))
            .collect();
        self.displaced.retain(|index| attached.iter().any(|(attached, _)| attached == index));
        for (index, interface) in attached {
            // An interface that is gone has no hook to look at.
            let Ok(link) = link(index) else { continue };
            match link.hook.first().map(|on| on.program) {
                Some(program) if program == ours => {
                    self.displaced.remove(&index);
                }
                Some(program) => {
                    if self.displaced.insert(index) {
                        let owner = Owner::of_program(program);
                        tracing::error!(interface, %owner, "another program took our place");
                    }
                }
                None => {
                    tracing::warn!(interface, "the program was taken off; attaching again");
                    self.displaced.remove(&index);
                    if let Some(Err(error)) = datapath.detach(index) {
                        tracing::warn!(interface, %error, "cannot remove the link's pin");
                    }
                }
            }
        }
    }
}
