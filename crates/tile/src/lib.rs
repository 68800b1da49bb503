//! Features in, tile bytes out: pure.
