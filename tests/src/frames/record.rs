//! Records the frames that arrive on interfaces of the current network
//! namespace: what an XDP program on the same interfaces is given, VLAN tags
//! included.

use std::io;
use std::mem;
use std::os::fd::AsRawFd;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::packet_socket::{PacketSocket, Purpose, interface_index};

const RECEIVE_BUFFER: i32 = 64 << 20;
const LARGEST_RECORDED: usize = 65_536;

/// One frame as it arrived.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Since 1 January 1970.
    pub at: Duration,
    /// Position of the interface in the list given to [`Recorder::on`].
    pub interface: usize,
    pub octets: Vec<u8>,
}

pub struct Recorder {
    socket: PacketSocket,
    interfaces: Vec<i32>,
    buffer: Vec<u8>,
}

impl Recorder {
    /// Frames that arrive on `devices`, in order of arrival. A wait for the
    /// next frame ends after `patience`.
    pub fn on(devices: &[&str], patience: Duration) -> io::Result<Self> {
        let interfaces =
            devices.iter().map(|device| interface_index(device)).collect::<io::Result<_>>()?;
        let socket = PacketSocket::open(None, Purpose::ReceiveIncoming)?;
        socket.set_option(libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, RECEIVE_BUFFER)?;
        socket.set_option(libc::SOL_PACKET, libc::PACKET_AUXDATA, 1)?;
        let patience = libc::timeval {
            tv_sec: patience.as_secs() as libc::time_t,
            tv_usec: patience.subsec_micros() as libc::suseconds_t,
        };
        // SAFETY: the pointer and the length describe `patience`, alive during the call.
        let set = unsafe {
            libc::setsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_RCVTIMEO,
                (&raw const patience).cast(),
                mem::size_of::<libc::timeval>() as libc::socklen_t,
            )
        };
        if set < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self { socket, interfaces, buffer: vec![0; LARGEST_RECORDED] })
    }

    /// The next frame, or `None` when none came within the patience.
    pub fn next_frame(&mut self) -> io::Result<Option<Recorded>> {
        loop {
            match self.receive() {
                Ok(Some(recorded)) => return Ok(Some(recorded)),
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }

    /// `Ok(None)`: a frame of an interface that is not recorded.
    fn receive(&mut self) -> io::Result<Option<Recorded>> {
        let mut part =
            libc::iovec { iov_base: self.buffer.as_mut_ptr().cast(), iov_len: self.buffer.len() };
        let mut control = [0_u64; 16];
        // SAFETY: both are integers and pointers, for which zero is valid.
        let (mut from, mut message): (libc::sockaddr_ll, libc::msghdr) =
            unsafe { (mem::zeroed(), mem::zeroed()) };
        message.msg_name = (&raw mut from).cast();
        message.msg_namelen = mem::size_of::<libc::sockaddr_ll>() as libc::socklen_t;
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = mem::size_of_val(&control) as _;
        // SAFETY: every pointer in `message` is to a live local or to `self.buffer`,
        // each with its own length.
        let received = unsafe { libc::recvmsg(self.socket.as_raw_fd(), &raw mut message, 0) };
        if received < 0 {
            return Err(io::Error::last_os_error());
        }
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let Some(interface) = self.interfaces.iter().position(|&index| index == from.sll_ifindex)
        else {
            return Ok(None);
        };
        let mut octets = self.buffer[..received as usize].to_vec();
        if let Some(tag) = stripped_tag(&message) {
            octets.splice(12..12, tag);
        }
        Ok(Some(Recorded { at, interface, octets }))
    }
}

/// The outer VLAN tag, which the kernel takes out of the frame before packet
/// sockets see it.
fn stripped_tag(message: &libc::msghdr) -> Option<[u8; 4]> {
    // SAFETY: the kernel filled `message`; the CMSG walk stays inside the
    // control buffer it names.
    let mut header = unsafe { libc::CMSG_FIRSTHDR(message) };
    while !header.is_null() {
        // SAFETY: a header the walk returns lies inside the control buffer, and
        // the data of a PACKET_AUXDATA message is one `tpacket_auxdata`.
        let auxiliary = unsafe {
            let is_auxiliary = (*header).cmsg_level == libc::SOL_PACKET
                && (*header).cmsg_type == libc::PACKET_AUXDATA;
            is_auxiliary
                .then(|| libc::CMSG_DATA(header).cast::<libc::tpacket_auxdata>().read_unaligned())
        };
        if let Some(auxiliary) = auxiliary {
            if auxiliary.tp_status & libc::TP_STATUS_VLAN_VALID == 0 {
                return None;
            }
            let protocol = match auxiliary.tp_status & libc::TP_STATUS_VLAN_TPID_VALID {
                0 => super::ethertype::CUSTOMER_TAG,
                _ => auxiliary.tp_vlan_tpid,
            };
            let ([a, b], [c, d]) = (protocol.to_be_bytes(), auxiliary.tp_vlan_tci.to_be_bytes());
            return Some([a, b, c, d]);
        }
        // SAFETY: as for the first header.
        header = unsafe { libc::CMSG_NXTHDR(message, header) };
    }
    None
}
