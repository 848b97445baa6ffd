//! The places where frames are counted by somebody other than Wardline.

use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::SoakError;
use crate::frames::packet_socket::{PacketSocket, Purpose};
use crate::lab::{LabError, Port};

/// Counts the frames that come out behind the program: what it passed to the network stack.
#[derive(Debug)]
pub struct Behind {
    socket: PacketSocket,
    frames: u64,
}

impl Behind {
    pub fn of(port: &Port) -> Result<Self, SoakError> {
        let open = || PacketSocket::open(Some(&port.device), Purpose::ReceiveIncoming);
        let socket = port.namespace.in_namespace(open)?.map_err(SoakError::Behind)?;
        Ok(Self { socket, frames: 0 })
    }

    /// All frames so far. The frames themselves are never read; what the socket has no room for is
    /// counted all the same.
    pub fn frames(&mut self) -> Result<u64, SoakError> {
        let [arrived, _] = self.socket.statistics().map_err(SoakError::Behind)?;
        self.frames += u64::from(arrived);
        Ok(self.frames)
    }
}

/// The program on an interface, as the kernel names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnHook {
    pub program: u32,
    /// A hash of the instructions.
    pub tag: String,
    pub link: u32,
}

impl OnHook {
    pub fn of(port: &Port) -> Result<Self, SoakError> {
        let missing = || SoakError::NoProgram { device: port.device.clone() };
        let answer =
            port.namespace.ip(&["-json", "-details", "link", "show", "dev", &port.device])?;
        let answer: Value = serde_json::from_str(&answer)?;
        let program = answer.pointer("/0/xdp/prog").ok_or_else(missing)?;
        let id = program["id"].as_u64().ok_or_else(missing)? as u32;
        let tag = program["tag"].as_str().ok_or_else(missing)?.to_owned();
        let link = aya::programs::loaded_links().flatten().find(|link| link.program_id() == id);
        Ok(Self { program: id, tag, link: link.ok_or_else(missing)?.id() })
    }
}

/// Waits until so many frames have come in at `port`, for at most ten seconds.
pub fn all_arrived(port: &Port, frames: u64) -> Result<(), LabError> {
    for _ in 0..200 {
        if port.statistics()?.rx_packets >= frames {
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
