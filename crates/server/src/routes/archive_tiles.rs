//! Tiles of archives, as the archive has them: `/xyz/{archive}/…` and
//! `/collections/{archive}/tiles/…`.
//!
//! A vector tile goes out as it is compressed in the archive when the client accepts that, and
//! unpacked otherwise; images go out as they are. A validator names the archive and the tile in it.

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use formats::{TileCoding, TileType};
use spatial::WorldBox;
use spatial::world::from_lon_lat;
use tile::{TileCoord, TileMatrixSet, WEB_MERCATOR_QUAD};

use super::tile_limits::TileRange;
use super::tiles::{coordinate, describe};
use crate::archives::{Archive, ArchiveReadError, ArchiveTile};
use crate::conditional::{Coding, accepts, is_unchanged};
use crate::exports::Looked;
use crate::problem::{Code, Problem};
use crate::query_string::QueryString;
use crate::state::App;

/// Most bytes that a tile is unpacked to.
const MAX_UNPACKED: usize = 64 << 20;

/// `GET /xyz/{archive}/{z}/{x}/{y}` with or without the ending of its tiles.
pub async fn xyz(
    app: &App,
    archive: &Archive,
    (query, [z, x, y]): (Option<&str>, [&str; 3]),
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    QueryString::parse(query, &[])?;
    let y = bare(archive.facts().tile_type, y);
    let coord = coordinate(&WEB_MERCATOR_QUAD, [("z", z), ("x", x), ("y", y)])?;
    answer(app, archive, coord, headers).await
}

/// `GET /collections/{archive}/tiles/WebMercatorQuad/{tileMatrix}/{tileRow}/{tileCol}`
pub async fn of_tileset(
    app: &App,
    archive: &Archive,
    (query, [set, z, row, col]): (Option<&str>, [&str; 4]),
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let facts = archive.facts();
    QueryString::parse(query, &["f"])?.choice("f", facts.tile_type.extensions())?;
    let set = archive_set(set)?;
    let col = bare(facts.tile_type, col);
    let coord = coordinate(set, [("tileMatrix", z), ("tileCol", col), ("tileRow", row)])?;
    if !limits(facts.zooms, facts.bounds).iter().any(|range| range.holds(coord)) {
        let detail = "the tile is outside the limits of the tileset; see its metadata";
        return Err(Problem::new(Code::TileOutOfRange, detail));
    }
    answer(app, archive, coord, headers).await
}

/// The one tile matrix set that archives are cut on.
pub fn archive_set(id: &str) -> Result<&'static TileMatrixSet, Problem> {
    if id != WEB_MERCATOR_QUAD.id {
        let only = WEB_MERCATOR_QUAD.id;
        let detail = format!("{id:?} is not served of an archive; there is {only}");
        return Err(Problem::new(Code::TileMatrixSetNotFound, detail));
    }
    Ok(&WEB_MERCATOR_QUAD)
}

/// The tiles of each zoom that can have content, by the bounds in degrees.
pub fn limits(zooms: (u8, u8), [west, south, east, north]: [f64; 4]) -> Vec<TileRange> {
    let set = &WEB_MERCATOR_QUAD;
    let area = WorldBox { min: from_lon_lat([west, north]), max: from_lon_lat([east, south]) };
    (zooms.0..=zooms.1).map(|zoom| TileRange::covering(set, zoom, &area)).collect()
}

/// The last part of a path without the ending that tiles of this type have.
fn bare(tile_type: TileType, name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((number, ending)) if tile_type.extensions().contains(&ending) => number,
        _ => name,
    }
}

async fn answer(
    app: &App,
    archive: &Archive,
    coord: TileCoord,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    // In an archive a tile has one coding; which one shows with the tile.
    let tags = |mark: u64| {
        let codings = [Coding::Identity, Coding::Gzip, Coding::Zstd];
        let accepted = codings.into_iter().filter(|coding| accepts(headers, *coding));
        accepted.map(move |coding| tag(mark, coding))
    };
    let is_known = |mark| tags(mark).any(|tag| is_unchanged(headers, &tag));
    let found = archive.tile(coord, is_known).await.map_err(|error| refusal(archive, &error))?;
    let max_age = app.settings.tile_max_age;
    let mut response = match found {
        ArchiveTile::Known { mark } => {
            let mut response = StatusCode::NOT_MODIFIED.into_response();
            let known = tags(mark).find(|tag| is_unchanged(headers, tag)).unwrap_or_default();
            describe(&mut response, &known, max_age);
            response
        }
        ArchiveTile::Nothing { mark } => {
            let mut response = StatusCode::NO_CONTENT.into_response();
            describe(&mut response, &tag(mark, Coding::Identity), max_age);
            response
        }
        ArchiveTile::Found { mark, bytes } => {
            let tile_type = archive.facts().tile_type;
            let (bytes, coding) = match tile_type {
                TileType::Mvt => fit(app, archive, bytes, headers).await?,
                _ => (bytes, Coding::Identity),
            };
            let mut response = bytes.into_response();
            let sent = response.headers_mut();
            sent.insert(header::CONTENT_TYPE, HeaderValue::from_static(tile_type.media_type()));
            // The bytes are somebody else's: they are what is declared, or nothing.
            sent.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            if coding != Coding::Identity {
                sent.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
            }
            describe(&mut response, &tag(mark, coding), max_age);
            response
        }
    };
    let layers = std::iter::once(archive.id().as_str());
    if let Some(looked) = Looked::at(app, layers, (&WEB_MERCATOR_QUAD, coord)) {
        response.extensions_mut().insert(looked);
    }
    Ok(response)
}

fn tag(mark: u64, coding: Coding) -> String {
    match coding {
        Coding::Identity => format!("\"{mark:016x}\""),
        coding => format!("\"{mark:016x}-{}\"", coding.name()),
    }
}

/// A vector tile in a coding that the client accepts.
async fn fit(
    app: &App,
    archive: &Archive,
    bytes: Bytes,
    headers: &HeaderMap,
) -> Result<(Bytes, Coding), Problem> {
    let stored = TileCoding::of_tile(&bytes);
    let coding = match stored {
        TileCoding::Identity => Coding::Identity,
        TileCoding::Gzip => Coding::Gzip,
        TileCoding::Zstd => Coding::Zstd,
    };
    if accepts(headers, coding) {
        return Ok((bytes, coding));
    }
    let unpack = move || stored.unpack(&bytes, "a tile", MAX_UNPACKED);
    let unpacked = app.engine.pool().run(unpack).await?;
    let unpacked = unpacked.map_err(|fault| refusal(archive, &fault.into()))?;
    Ok((unpacked.into(), Coding::Identity))
}

/// What a client hears of an archive that cannot be read: where it lies is nobody's business.
fn refusal(archive: &Archive, error: &ArchiveReadError) -> Problem {
    let id = archive.id().as_str();
    tracing::error!(archive.id = id, %error, "a tile of an archive could not be read");
    match error {
        ArchiveReadError::Fault(_) => Problem::new(
            Code::ArchiveBroken,
            format!("archive {id:?} is damaged or no archive that is read here"),
        ),
        _ => Problem::new(
            Code::ArchiveUnavailable,
            format!("archive {id:?} cannot be read at the moment; try again"),
        ),
    }
}
