//! Catalogue, current snapshot, tiles and edits.
