//! Follows the configured interfaces: they appear, vanish and are renamed.

use std::{
    collections::BTreeMap,
    io,
    time::{Duration, Instant},
};

use super::{guard::Guard, trials::Trials};
use crate::{
    capture::xdp::{AttachError, AttachMode, Attachment, Interface, XdpDatapath, interfaces},
    config::{Capture, Mode, capture::is_match},
    host::preflight,
};

/// After a failure to attach, before the next attempt.
const RETRY: Duration = Duration::from_secs(5);

/// The agent cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Attach(#[from] AttachError),
    #[error("cannot list interfaces: {0}")]
    Interfaces(#[source] io::Error),
}

pub struct Watch {
    capture: Capture,
    failed: BTreeMap<u32, Instant>,
    guard: Guard,
    trials: Trials,
    attached: usize,
    missing: usize,
    held_off: Vec<Interface>,
}

impl Watch {
    pub fn new(capture: &Capture) -> Self {
        Self {
            capture: capture.clone(),
            failed: BTreeMap::new(),
            guard: Guard::default(),
            trials: Trials::new(capture),
            attached: 0,
            missing: capture.interfaces.len(),
            held_off: Vec::new(),
        }
    }

    /// Configured names and patterns for which no interface is attached, and interfaces on which
    /// another program has our place.
    pub fn missing(&self) -> usize {
        self.missing + self.guard.displaced()
    }

    /// Pins that were made again.
    pub fn pins_restored(&self) -> u64 {
        self.guard.pins_restored()
    }

    pub fn attached(&self) -> usize {
        self.attached
    }

    /// Watched interfaces from which the program was taken because their links did not come back.
    pub fn held_off(&self) -> &[Interface] {
        &self.held_off
    }

    /// Attaches to every configured interface that is there.
    pub fn start(&mut self, datapath: &mut XdpDatapath) -> Result<(), StartError> {
        let present = interfaces().map_err(StartError::Interfaces)?;
        self.trials.forget(&present);
        for interface in present.iter().filter(|interface| self.capture.watches(&interface.name)) {
            let name = &interface.name;
            if self.trials.is_held_off(interface.index) {
                tracing::error!(
                    interface = name,
                    "not attached: its link did not come back when it was; type `wardline attach \
                     {name}` to have it tried again"
                );
                continue;
            }
            self.trials.attach(datapath, interface)?;
        }
        warn_of_watched(&self.capture, datapath.program_id());
        self.note(datapath, &present);
        let is_held_off = |name: &String| self.held_off.iter().any(|it| fits(name, &it.name));
        for name in self.unmatched(datapath).iter().filter(|name| !is_held_off(name)) {
            tracing::warn!(interface = name, "configured interface is not there; waiting for it");
        }
        for path in datapath.stale_links() {
            tracing::info!(path = %path.display(), "removing a link that is no longer configured");
            if let Err(error) = std::fs::remove_file(&path) {
                tracing::warn!(path = %path.display(), %error, "cannot remove the link");
            }
        }
        Ok(())
    }

    /// Takes notice of what changed since the last look.
    pub fn follow(&mut self, datapath: &mut XdpDatapath) {
        let present = match interfaces() {
            Ok(present) => present,
            Err(error) => return tracing::error!(%error, "cannot list interfaces"),
        };
        self.guard.look(datapath);
        self.trials.look(datapath);
        self.trials.forget(&present);
        let attached: Vec<Interface> =
            datapath.attachments().map(|attachment| attachment.interface.clone()).collect();
        for interface in &attached {
            match present.iter().find(|other| other.index == interface.index) {
                None => {
                    tracing::warn!(interface = interface.name, "interface is gone");
                    // The link went with the interface; only its pin can be left.
                    let _ = datapath.detach(interface.index);
                }
                Some(other) if other.name != interface.name => {
                    tracing::info!(from = interface.name, to = other.name, "interface was renamed");
                    datapath.rename(interface.index, &other.name);
                }
                Some(_) => {}
            }
        }
        for interface in &present {
            let is_attached = attached.iter().any(|other| other.index == interface.index);
            if is_attached || !self.capture.watches(&interface.name) || self.must_wait(interface) {
                continue;
            }
            if let Err(error) = self.trials.attach(datapath, interface) {
                tracing::error!(%error, "cannot attach; trying again in {} s", RETRY.as_secs());
                self.failed.insert(interface.index, Instant::now());
            }
        }
        self.note(datapath, &present);
    }

    /// Leaves the program where it is, or takes it off.
    pub fn end(&mut self, datapath: &mut XdpDatapath, persist: bool) {
        if persist {
            tracing::info!(
                "the program stays attached and goes on counting; `wardline detach` removes it"
            );
            return;
        }
        let attached: Vec<u32> =
            datapath.attachments().map(|attachment| attachment.interface.index).collect();
        for interface in attached {
            if let Some(Err(error)) = datapath.detach(interface) {
                tracing::error!(%error, "cannot remove a link");
            }
        }
    }

    fn must_wait(&self, interface: &Interface) -> bool {
        self.trials.is_held_off(interface.index) || self.has_failed(interface)
    }

    fn has_failed(&self, interface: &Interface) -> bool {
        self.failed.get(&interface.index).is_some_and(|failed| failed.elapsed() < RETRY)
    }

    fn note(&mut self, datapath: &XdpDatapath, present: &[Interface]) {
        self.failed.retain(|index, _| present.iter().any(|interface| interface.index == *index));
        let held_off = present.iter().filter(|it| self.trials.is_held_off(it.index));
        self.held_off = held_off.filter(|it| self.capture.watches(&it.name)).cloned().collect();
        self.attached = datapath.attachments().count();
        self.missing = self.unmatched(datapath).len();
    }

    /// Names and patterns that no attached interface fits, or one that is held off.
    fn unmatched(&self, datapath: &XdpDatapath) -> Vec<String> {
        let is_matched = |pattern: &&String| {
            datapath.attachments().any(|attachment| fits(pattern, &attachment.interface.name))
                && !self.held_off.iter().any(|interface| fits(pattern, &interface.name))
        };
        let patterns = self.capture.interfaces.iter();
        patterns.filter(|pattern| !is_matched(pattern)).cloned().collect()
    }
}

fn fits(pattern: &str, name: &str) -> bool {
    is_match(pattern.as_bytes(), name.as_bytes())
}

/// Says once what to know of the interfaces that are watched, and what to type.
fn warn_of_watched(capture: &Capture, ours: Option<u32>) {
    for (interface, warning) in preflight::of_watched(|name| capture.watches(name), ours) {
        let kind = warning.kind.name();
        let command = warning.command.unwrap_or_default();
        tracing::warn!(interface, kind, command, "{}", warning.text);
    }
}

/// Attaches to one interface as the mode says, and says in the log how.
///
/// # Errors
///
/// [`AttachError`], each variant with its remedy.
pub fn attach<'a>(
    datapath: &'a mut XdpDatapath,
    interface: &Interface,
    mode: Mode,
) -> Result<&'a Attachment, AttachError> {
    let (wanted, fallback) = match mode {
        Mode::Native => (AttachMode::Native, None),
        Mode::Generic => (AttachMode::Generic, None),
        Mode::Auto => (AttachMode::Native, Some(AttachMode::Generic)),
    };
    let name = &interface.name;
    match (datapath.attach(interface, wanted), fallback) {
        (
            Err(
                error @ (AttachError::NoNative { .. }
                | AttachError::Range { .. }
                | AttachError::OneBuffer { .. }),
            ),
            Some(other),
        ) => {
            tracing::warn!(
                %error,
                "falling back to generic mode on {name}: packets are counted after the network \
                 stack has joined segments, so there are fewer and larger ones than on the wire"
            );
            datapath.attach(interface, other)?;
        }
        (attachment, _) => {
            attachment?;
        }
    }
    let attachment = datapath
        .attachment(interface.index)
        .ok_or_else(|| AttachError::Gone { interface: interface.name.clone() })?;
    let mode = attachment.mode.name();
    if attachment.was_attached {
        tracing::info!(
            interface = name,
            mode,
            "took over the program's place; no frame was missed"
        );
    } else {
        tracing::info!(interface = name, mode, "attached");
    }
    if attachment.mode == AttachMode::Generic {
        tracing::warn!(interface = name, "generic mode: packet counts are approximate");
    }
    Ok(attachment)
}
