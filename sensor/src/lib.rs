//! The Wardline agent: turns what the XDP program counted into devices, flows, alerts and metrics.
//!
//! One direction: `capture` reads a data path (the kernel's maps, or a replay through the same
//! code) into [`observation::Observation`]s; `pipeline` hands them to `inventory`, `flow` and
//! `detect`, which are pure (the clock is an argument); what they find leaves as
//! [`event::Event`]s through `export`. `interpret` reads samples of payload, and is pure too.

#![deny(unsafe_code)]

pub mod baseline;
pub mod capture;
pub mod command;
pub mod config;
#[expect(unsafe_code, reason = "the probe tries system calls that no library offers")]
pub mod confinement;
pub mod control;
pub mod detect;
pub mod event;
pub mod explain;
pub mod export;
pub mod flow;
pub mod hash;
pub mod host;
pub mod intelligence;
pub mod interpret;
pub mod inventory;
pub mod keeper;
pub mod observation;
pub mod pipeline;
pub mod plan;
pub mod prefetch;
pub mod question;
pub mod reload;
pub mod snapshot;
pub mod time;
pub mod web;
