//! A hospital's day to be quiet on: the frames that a gateway between its segments receives, made as
//! they are needed and replayed by the agent's own code.
//!
//! - [`plan`] says when what happens; [`class`] and [`site`] who is there;
//! - [`habits`] are what devices do, [`attack`] what is mixed in;
//! - [`world`], [`habit`] and [`wire`] put it in order of time, [`source`] gives it out;
//! - [`settings`] is what the hospital tells its sensor, [`outcome`] what the sensor said.

pub mod attack;
pub mod class;
pub mod connection;
pub mod error;
pub mod habit;
pub mod habits;
pub mod host;
pub mod outcome;
pub mod payload;
pub mod phrases;
pub mod picture;
pub mod plan;
pub mod report;
pub mod settings;
pub mod site;
pub mod source;
pub mod wire;
pub mod world;

pub use error::DayError;
pub use plan::Plan;
pub use source::Day;
