//! The contract of a store, held over every implementor.
