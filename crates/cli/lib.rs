//! The command line of Tuban.
