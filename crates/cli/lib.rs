//! The command line of Tuban.

pub mod environment;
pub mod synth;
