//! What the octets of a frame mean, written once for the kernel and for the host.
//!
//! The XDP program and the agent compile this same source: [`dissect`] finds the headers,
//! [`application`] names what the payload speaks, [`account`] adds the frame to its flow. Nothing
//! here reads a clock, a map or a socket: an [`account::Environment`] supplies them, and code that
//! decides never asks where it runs.
//!
//! Rules that keep the source acceptable to the kernel's verifier: copy small arrays, never borrow
//! a slice of the frame; loops have constant bounds; no comparison per octet inside a loop; wire
//! values are integers until a `match` names them.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "laws")]
extern crate std;

pub mod abi;
pub mod account;
pub mod application;
pub mod books;
pub mod budget;
pub mod dissect;
pub mod endpoint;
pub mod flow;
pub mod frame;
#[cfg(feature = "laws")]
pub mod laws;
pub mod payload;
pub mod read_back;
pub mod record;
pub mod wire;
mod zero;
