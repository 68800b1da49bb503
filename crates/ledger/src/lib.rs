//! Rules of the one ledger and the household file: pure.
