//! The demonstration without root: the agent replays a capture of the same
//! hospital.

use std::path::Path;
use std::process::Command;

use super::agent::find;
use super::error::DemoError;
use super::workplace::Workplace;
use crate::lab::interrupt;

/// Recorded by `hospital capture`; synthetic from end to end.
const CAPTURE: &[u8] = include_bytes!("../../corpus/hospital.pcap");

const WHAT_DIFFERS: &str = "\
This demonstration has no root, so nothing is live: the agent replays a capture of
the same hospital, with the same outbreak. What differs from the live one:
  - the frames come from a file: no XDP program is loaded, no interface watched;
  - time is the capture's own: the replay is over in a moment;
  - there is no metrics address, no socket and nothing left running.
Run it as root to see the agent on a live gateway.
";

/// Runs `AGENT replay` on the bundled capture; its output is the agent's own.
pub fn replay(agent: &Path) -> Result<(), DemoError> {
    let agent = find(agent)?;
    // Ctrl-C ends the agent; the directory below still has to go.
    interrupt::install();
    println!("{WHAT_DIFFERS}");
    let workplace = Workplace::make()?;
    let capture = workplace.write("hospital.pcap", CAPTURE)?;
    let status = Command::new(&agent)
        .arg("replay")
        .arg(capture)
        .status()
        .map_err(|_| DemoError::NoAgent { path: agent.clone() })?;
    if status.success() { Ok(()) } else { Err(DemoError::ReplayEnded { status }) }
}
