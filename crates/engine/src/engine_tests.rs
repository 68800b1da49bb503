//! The engine over the store in memory.
