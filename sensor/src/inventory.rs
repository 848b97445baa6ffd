//! The devices of the estate: which endpoints are which device, and what is known of each.

pub mod device;
mod devices;
pub mod dhcp;
pub mod estate;
mod leases;
mod register;
pub mod router;
pub mod vendor;

pub use device::{Device, DeviceId, DeviceKey};
pub use estate::{Inventory, InventorySettings};
