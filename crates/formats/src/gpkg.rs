//! GeoPackage: layers of other people's files, and a plain file to give away.

mod read;
mod schema;
mod write;

#[cfg(test)]
mod gpkg_tests;

pub use read::open;
pub(crate) use write::GpkgWriter;

/// Name of the format in messages.
const FORMAT: &str = "GeoPackage";

/// `name` as an SQL identifier.
fn ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
