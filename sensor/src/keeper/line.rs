//! The worker's end of the line to its keeper: what it was told last, and what it may ask.

use std::{
    collections::BTreeMap,
    io::{self, IoSliceMut},
    mem::{self, MaybeUninit},
    os::fd::OwnedFd,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rustix::{
    io::Errno,
    net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendFlags, recv,
        recvmsg, send,
        sockopt::{Timeout, set_socket_timeout},
    },
};
use sensor_common::endpoint::{EndpointIndex, EndpointKey};

use super::protocol::{Attached, FromKeeper, FromWorker, LONGEST, Standing, Welcome};
use crate::capture::xdp::{EndpointSource, TableFiles};

/// How long the keeper may take to answer: it may be waiting for a driver.
const PATIENCE: Duration = Duration::from_secs(10);

/// Names and modes of attached interfaces by kernel index; those that are gone keep theirs, so
/// that records of their last flows can be named.
pub type Names = BTreeMap<u32, (String, &'static str)>;

/// The line is cut, or carries nonsense: without its keeper a worker has to end.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    #[error("the keeper cannot be heard: {0}")]
    Cut(#[from] io::Error),
    #[error("the keeper said what cannot be understood")]
    Nonsense,
}

impl From<Errno> for LineError {
    fn from(error: Errno) -> Self {
        Self::Cut(error.into())
    }
}

/// The worker's end; clones share it.
#[derive(Clone, Debug)]
pub struct Line {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    socket: OwnedFd,
    names: Arc<Names>,
    attached: Vec<u32>,
    /// Names of interfaces that are held off.
    held_off: Vec<String>,
    /// Told since the last standing.
    arriving: Vec<Attached>,
    arriving_held_off: Vec<String>,
    standing: Standing,
    is_over: bool,
}

impl Line {
    pub fn new(socket: OwnedFd) -> Self {
        Self {
            shared: Arc::new(Mutex::new(Shared {
                socket,
                names: Arc::default(),
                attached: Vec::new(),
                held_off: Vec::new(),
                arriving: Vec::new(),
                arriving_held_off: Vec::new(),
                standing: Standing::default(),
                is_over: false,
            })),
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that the worker can be given tables, and waits for them and for the interfaces, as long
    /// as the verifier and the drivers take. `None` if the worker is not wanted any more.
    ///
    /// # Errors
    ///
    /// [`LineError`].
    pub fn prepared(&self) -> Result<Option<(Welcome, TableFiles)>, LineError> {
        let mut shared = self.shared();
        shared.say(FromWorker::Prepared)?;
        let Some(given) = shared.welcome()? else { return Ok(None) };
        while !matches!(shared.hear(RecvFlags::empty())?, Some(FromKeeper::Standing(_))) {
            if shared.is_over {
                return Ok(None);
            }
        }
        set_socket_timeout(&shared.socket, Timeout::Recv, Some(PATIENCE))?;
        Ok(Some(given))
    }

    /// Takes notice of what the keeper said meanwhile. A keeper that cannot be heard any more ends
    /// the worker.
    pub fn listen(&self) {
        let mut shared = self.shared();
        loop {
            match shared.hear(RecvFlags::DONTWAIT) {
                Ok(Some(_)) => {}
                Ok(None) => return,
                Err(error) => {
                    tracing::error!(%error, "ending");
                    shared.is_over = true;
                    return;
                }
            }
        }
    }

    /// Tells the keeper that the pipeline has gone round once more.
    pub fn alive(&self) {
        // If it cannot be told, `listen` will find out why.
        let _ = self.shared().say(FromWorker::Alive);
    }

    /// Whether the worker is to end.
    pub fn is_over(&self) -> bool {
        self.shared().is_over
    }

    pub fn names(&self) -> Arc<Names> {
        Arc::clone(&self.shared().names)
    }

    /// Configured names and patterns for which no interface is attached.
    pub fn missing(&self) -> usize {
        self.shared().standing.missing as usize
    }

    /// Pins that somebody removed and the keeper made again.
    pub fn pins_restored(&self) -> u64 {
        self.shared().standing.pins_restored
    }

    /// Kernel indices of the interfaces that the program is on.
    pub fn attached(&self) -> Vec<u32> {
        self.shared().attached.clone()
    }

    /// Names of interfaces from which the program was taken because their links did not come back.
    pub fn held_off(&self) -> Vec<String> {
        self.shared().held_off.clone()
    }

    /// Time spent in the program and runs of it, when the kernel keeps such statistics.
    pub fn run_statistics(&self) -> Option<(Duration, u64)> {
        let (nanoseconds, runs) = self.shared().standing.runs?;
        Some((Duration::from_nanos(nanoseconds), runs))
    }
}

/// The keeper walks the table of endpoints: it is a hash table, and would take bpf(2).
impl EndpointSource for Line {
    fn each(&self, visit: &mut dyn FnMut(EndpointIndex, EndpointKey)) {
        let mut shared = self.shared();
        if let Err(error) = shared.endpoints(visit) {
            tracing::error!(%error, "ending");
            shared.is_over = true;
        }
    }
}

impl Shared {
    fn say(&self, message: FromWorker) -> Result<(), LineError> {
        send(&self.socket, &[message.octet()], SendFlags::NOSIGNAL)?;
        Ok(())
    }

    /// One message; `None` if there is none now.
    fn hear(&mut self, flags: RecvFlags) -> Result<Option<FromKeeper>, LineError> {
        let mut octets = [0; LONGEST];
        let received = rustix::io::retry_on_intr(|| recv(&self.socket, &mut octets[..], flags));
        let length = match received {
            Err(Errno::AGAIN) => return Ok(None),
            received => received?.1,
        };
        self.take(octets.get(..length).ok_or(LineError::Nonsense)?).map(Some)
    }

    fn take(&mut self, octets: &[u8]) -> Result<FromKeeper, LineError> {
        if octets.is_empty() {
            return Err(LineError::Cut(io::ErrorKind::UnexpectedEof.into()));
        }
        let message = FromKeeper::decode(octets).ok_or(LineError::Nonsense)?;
        match &message {
            FromKeeper::Attached(attached) => self.arriving.push(attached.clone()),
            FromKeeper::HeldOff(name) => self.arriving_held_off.push(name.clone()),
            FromKeeper::Standing(standing) => {
                self.standing = *standing;
                self.held_off = mem::take(&mut self.arriving_held_off);
                let arrived = mem::take(&mut self.arriving);
                self.attached = arrived.iter().map(|attached| attached.index).collect();
                let mut names = (*self.names).clone();
                names.extend(arrived.into_iter().map(|attached| {
                    let Attached { index, mode, name } = attached;
                    (index, (name, mode.name()))
                }));
                if names != *self.names {
                    self.names = Arc::new(names);
                }
            }
            FromKeeper::End => self.is_over = true,
            FromKeeper::Welcome(_) | FromKeeper::Endpoints(_) | FromKeeper::EndpointsEnd => {}
        }
        Ok(message)
    }

    /// The first message, with the tables.
    fn welcome(&mut self) -> Result<Option<(Welcome, TableFiles)>, LineError> {
        let mut octets = [0; LONGEST];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(TableFiles::COUNT))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let received = rustix::io::retry_on_intr(|| {
            let mut parts = [IoSliceMut::new(&mut octets)];
            recvmsg(&self.socket, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC)
        })?;
        let mut files = Vec::new();
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(rights) = message {
                files.extend(rights);
            }
        }
        let message = self.take(&octets[..received.bytes])?;
        if self.is_over {
            return Ok(None);
        }
        let files = <[OwnedFd; TableFiles::COUNT]>::try_from(files);
        match (message, files) {
            (FromKeeper::Welcome(welcome), Ok(files))
                if !received.flags.contains(ReturnFlags::CTRUNC) =>
            {
                Ok(Some((welcome, TableFiles::from_array(files))))
            }
            _ => Err(LineError::Nonsense),
        }
    }

    fn endpoints(
        &mut self,
        visit: &mut dyn FnMut(EndpointIndex, EndpointKey),
    ) -> Result<(), LineError> {
        self.say(FromWorker::Endpoints)?;
        loop {
            match self.hear(RecvFlags::empty())? {
                Some(FromKeeper::Endpoints(endpoints)) => {
                    for (index, key) in endpoints {
                        visit(index, key);
                    }
                }
                Some(FromKeeper::EndpointsEnd) => return Ok(()),
                Some(_) if !self.is_over => {}
                Some(_) => return Ok(()),
                None => {
                    // What comes late is passed over; endpoints are asked for again.
                    tracing::warn!("the keeper does not answer; it may be waiting for a driver");
                    return Ok(());
                }
            }
        }
    }
}
