//! The data path in the kernel. Nothing outside this module knows a map's name.

mod attachment;
mod buffers;
mod clock;
mod datapath;
mod interfaces;
mod loading;
mod mapped;
mod owner;
mod pins;
mod replay;
mod ring;
mod tables;
mod verified;

pub use attachment::{AttachError, AttachMode, Attachment};
pub use buffers::Buffers;
pub use datapath::{XdpDatapath, monotonic};
pub use interfaces::{Interface, interfaces};
pub use loading::{LoadError, XdpSettings};
pub use pins::{PinError, Pins, detach_all};
pub use replay::{KernelReplay, KernelReplayError};
pub use tables::{EndpointSource, TableFiles, TableShape, Tables};
pub use verified::{Verified, verified_instructions};
