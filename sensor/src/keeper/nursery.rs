//! Where workers come from: a thread without a capability, whose children have none either and can
//! gain none. It is not under the keeper's list of system calls, because a child would inherit it.

use std::{
    io,
    os::fd::OwnedFd,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
};

use crate::confinement::capabilities;

/// A line to the thread.
pub struct Nursery {
    orders: Sender<OwnedFd>,
    born: Receiver<io::Result<Child>>,
}

impl Nursery {
    /// Starts the thread; its children are this very executable, called with `words`.
    ///
    /// # Errors
    ///
    /// When the thread cannot be started.
    pub fn open(words: Vec<String>) -> io::Result<Self> {
        let (orders, queue) = channel::<OwnedFd>();
        let (deliver, born) = channel();
        thread::Builder::new().name("nursery".to_owned()).spawn(move || {
            let dropped = capabilities::drop_all().map(drop);
            for line in queue {
                let spawned = match &dropped {
                    Ok(()) => spawn(&words, line),
                    Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
                };
                if deliver.send(spawned).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { orders, born })
    }

    /// Starts a worker whose standard input is this end of its line.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn worker(&self, line: OwnedFd) -> io::Result<Child> {
        let gone = || io::Error::other("the thread that starts workers has ended");
        self.orders.send(line).map_err(|_| gone())?;
        self.born.recv().map_err(|_| gone())?
    }
}

fn spawn(words: &[String], line: OwnedFd) -> io::Result<Child> {
    Command::new("/proc/self/exe")
        .args(words)
        .stdin(Stdio::from(line))
        // Only the keeper speaks to the service manager.
        .env_remove("NOTIFY_SOCKET")
        .env_remove("WATCHDOG_USEC")
        .env_remove("WATCHDOG_PID")
        .spawn()
}
