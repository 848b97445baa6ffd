//! A TCP server for one shift: each caller is answered on a thread of its own.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsRawFd;
use std::thread;
use std::time::Duration;

use super::call::Call;
use super::shift::{GLANCE, Shift};

/// How a server deals with one caller.
pub type Answer = fn(&mut Call) -> io::Result<()>;

/// A listening server that has not yet begun its shift: callers may already
/// connect and wait.
#[derive(Debug)]
pub struct Desk {
    listener: TcpListener,
    answer: Answer,
}

impl Desk {
    pub fn open(address: SocketAddr, answer: Answer) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener, answer })
    }

    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until the shift is over, then waits for the last callers.
    /// A caller that breaks off or talks nonsense is its own affair.
    pub fn serve(self, shift: &Shift) {
        thread::scope(|scope| {
            while !shift.is_over() {
                if !is_readable_within(&self.listener, GLANCE) {
                    continue;
                }
                let Ok((stream, _)) = self.listener.accept() else {
                    continue;
                };
                let Ok(mut call) = Call::on(stream) else {
                    continue;
                };
                let answer = self.answer;
                scope.spawn(move || {
                    if answer(&mut call).is_ok() {
                        drop(call.hang_up());
                    }
                });
            }
        });
    }
}

/// Waits for a socket to have something to read.
pub(super) fn is_readable_within(socket: &impl AsRawFd, patience: Duration) -> bool {
    let mut waiting = libc::pollfd { fd: socket.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: the pointer is to one live `pollfd`, and the count says one.
    unsafe { libc::poll(&raw mut waiting, 1, patience.as_millis() as i32) > 0 }
}
