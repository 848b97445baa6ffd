//! The devices of the estate: which endpoints are which device, and what is known of each.

pub mod device;

pub use device::{Device, DeviceId, DeviceKey};
