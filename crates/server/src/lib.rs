//! HTTP: routes, wire structs, viewer.
