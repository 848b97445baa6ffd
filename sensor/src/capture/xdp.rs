//! The data path in the kernel. Nothing outside this module knows a map's name.

mod attachment;
mod buffers;
mod clock;
mod counted;
mod counts;
mod datapath;
mod force;
pub mod inspect;
mod interfaces;
mod kept;
mod link_calls;
mod loading;
mod mapped;
mod marks;
mod owner;
mod pins;
mod replay;
mod ring;
mod self_test;
mod tables;
mod verified;

pub use attachment::{AttachError, AttachMode, Attachment};
pub use buffers::Buffers;
pub use clock::monotonic;
pub use counted::Counted;
pub use datapath::XdpDatapath;
pub use force::force_off;
pub use interfaces::{Interface, interfaces};
pub use loading::{LoadError, XdpSettings};
pub use marks::Mark;
pub use owner::{Owner, owner, program_name};
pub use pins::{PinError, Pins, detach_all, detach_one};
pub use replay::{KernelReplay, KernelReplayError};
pub use self_test::{SelfTest, SelfTestError, self_test};
pub use tables::{EndpointSource, TableFiles, TableShape, Tables};
pub use verified::{Verified, verified_instructions};
