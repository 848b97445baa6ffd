//! What leaves the agent, and in which form.

pub mod eve;
