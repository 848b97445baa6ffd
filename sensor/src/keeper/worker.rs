//! The keeper's end of the line to one worker. Whatever a worker does or leaves undone, the keeper
//! waits for it no longer than a second.

use std::{
    io::{self, IoSlice},
    mem::MaybeUninit,
    os::{fd::AsFd as _, unix::net},
    process::{Child, ExitStatus},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    net::{
        AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags,
        SocketType, send, sendmsg, socketpair,
    },
    process::{Pid, Signal, kill_process},
};
use tokio::net::UnixDatagram;

use super::{
    nursery::Nursery,
    protocol::{FromKeeper, FromWorker, Welcome},
};
use crate::capture::xdp::TableFiles;

/// A worker that does not read what it is told.
const PATIENCE: Duration = Duration::from_secs(1);
/// Opening the store and reading what is kept there.
const PREPARED_WITHIN: Duration = Duration::from_secs(120);
/// The pipeline goes round every 50 ms; a sweep of the largest table takes some seconds.
const HEARD_WITHIN: Duration = Duration::from_secs(30);

/// How far a worker has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Starting,
    /// It has the tables.
    Given,
    /// Its pipeline goes round.
    Running,
}

pub struct Worker {
    child: Child,
    /// Of the kind that keeps messages apart and has an end.
    line: UnixDatagram,
    pub stage: Stage,
    /// When it was last heard.
    heard: Instant,
    is_cut: bool,
}

impl Worker {
    /// Has one started.
    pub fn start(nursery: &Nursery) -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC;
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        let child = nursery.worker(theirs)?;
        let ours = net::UnixDatagram::from(ours);
        ours.set_nonblocking(true)?;
        let line = UnixDatagram::from_std(ours)?;
        Ok(Self { child, line, stage: Stage::Starting, heard: Instant::now(), is_cut: false })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until there is something to read, or the line is cut.
    pub async fn readable(&self) {
        if self.is_cut {
            // Its end will be noticed.
            return std::future::pending().await;
        }
        // A line that cannot be waited for is found out by what is not heard.
        if self.line.readable().await.is_err() {
            std::future::pending().await
        }
    }

    /// What it has said; an error for what is none of the three things that it may say, and
    /// `UnexpectedEof` when it says nothing any more.
    pub fn hear(&mut self) -> io::Result<Option<FromWorker>> {
        if self.is_cut {
            return Ok(None);
        }
        // One octet more than it may say, to notice.
        let mut octets = [0; 2];
        match self.line.try_recv(&mut octets) {
            Ok(0) => {
                self.is_cut = true;
                Err(io::ErrorKind::UnexpectedEof.into())
            }
            Ok(length) => {
                let message = FromWorker::of(&octets[..length]);
                self.heard = Instant::now();
                message.map(Some).ok_or_else(|| io::ErrorKind::InvalidData.into())
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            // It left without having read everything.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                self.is_cut = true;
                Err(io::ErrorKind::UnexpectedEof.into())
            }
            Err(error) => Err(error),
        }
    }

    pub fn tell(&self, message: &FromKeeper) -> io::Result<()> {
        let octets = message.encode();
        let since = Instant::now();
        loop {
            match send(&self.line, &octets, SendFlags::NOSIGNAL) {
                Err(Errno::AGAIN) if since.elapsed() < PATIENCE => {
                    let left = Timespec::try_from(PATIENCE).ok();
                    poll(&mut [PollFd::new(&self.line, PollFlags::OUT)], left.as_ref())?;
                }
                sent => return sent.map(drop).map_err(io::Error::from),
            }
        }
    }

    /// The first message, with the tables.
    pub fn welcome(&mut self, welcome: Welcome, files: &TableFiles) -> io::Result<()> {
        let octets = FromKeeper::Welcome(welcome).encode();
        let descriptors = files.as_array().map(|file| file.as_fd());
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(TableFiles::COUNT))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        control.push(SendAncillaryMessage::ScmRights(&descriptors));
        let parts = [IoSlice::new(&octets)];
        sendmsg(&self.line, &parts, &mut control, SendFlags::NOSIGNAL)?;
        self.stage = Stage::Given;
        Ok(())
    }

    /// Whether it was not heard for longer than it may be.
    pub fn is_wedged(&self) -> bool {
        let limit = match self.stage {
            Stage::Running => HEARD_WITHIN,
            Stage::Starting | Stage::Given => PREPARED_WITHIN,
        };
        self.heard.elapsed() > limit
    }

    /// Sends a signal, unless it has ended.
    pub fn signal(&mut self, signal: Signal) {
        let number = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let (Ok(None), Some(process)) = (self.ended(), number) {
            // It has not been waited for, so its number is still its own.
            let _ = kill_process(process, signal);
        }
    }

    /// How it ended, or `None` while it runs.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Ends it, by force if a second is not enough.
    pub fn dismiss(mut self) {
        let since = Instant::now();
        if self.tell(&FromKeeper::End).is_ok() {
            while since.elapsed() < PATIENCE && matches!(self.ended(), Ok(None)) {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }

    /// Ends it now.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            self.kill();
        }
    }
}
