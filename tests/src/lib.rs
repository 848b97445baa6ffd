//! The hospital laboratory: what the tests and the demonstration share.
//!
//! - [`frames`] builds Ethernet frames by hand and sends or records them;
//! - [`speakers`] talk the protocols of a hospital over real sockets;
//! - [`lab`] makes namespaces, links and a whole small hospital of them;
//! - [`canary`] plants names in traffic and looks for them;
//! - [`agent`] runs the agent under test and asks it;
//! - [`documents`] takes out of the documentation what readers are to type and to write;
//! - [`demo`] shows the agent at work in that hospital;
//! - [`guest`] is what is tried on a kernel in a virtual machine;
//! - [`bench`] measures the XDP program;
//! - [`soak`] kills and replaces the agent under load;
//! - [`day`] makes a whole hospital's day and counts the alarms on it;
//! - [`prometheus`] is a real one, and what it answers;
//! - [`deploy`] reads what is shipped for Prometheus and Grafana.

pub mod agent;
pub mod bench;
pub mod canary;
pub mod day;
pub mod demo;
pub mod deploy;
pub mod documents;
pub mod fetch;
pub mod frames;
pub mod guest;
pub mod lab;
pub mod prometheus;
pub mod siem;
pub mod soak;
pub mod speakers;
pub mod sweep;
