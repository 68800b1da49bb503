//! `/dossiers/{id}.svg`, `.png` and `.pdf`: the sheet of a file (分户院落图) from one drawing.

use std::sync::Arc;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use engine::{Engine, now};
use ledger::dossier::Contents;
use sheet::{Image, Orientation, Page, Paper};
use spatial::Day;

use crate::dossiers::{Imprint, OrthoCut, OrthoSource, fonts, orthos, sheets};
use crate::negotiate::Offer;
use crate::problem::{Code, Problem};
use crate::query_string::QueryString;
use crate::state::App;

/// SVG: one page.
pub const SVG: Offer = Offer { name: "svg", media_type: "image/svg+xml", also: &[] };
/// PNG: one page.
pub const PNG: Offer = Offer { name: "png", media_type: "image/png", also: &[] };
/// PDF: every page.
pub const PDF: Offer = Offer { name: "pdf", media_type: "application/pdf", also: &[] };
/// The sheets.
pub const DRAWN: [&Offer; 3] = [&SVG, &PNG, &PDF];

/// Dots an inch of a PNG when nothing is said, and how many may be.
const DOTS: usize = 150;
const MOST_DOTS: std::ops::RangeInclusive<usize> = 36..=400;
/// Most pages of a file.
const MOST_PAGES: usize = 10_000;
/// Most photos of one file that are printed.
const MOST_PHOTOS: usize = 20;

/// The number that a path asks for, and the drawing that its ending says.
pub fn ending(id: &str) -> (&str, Option<&'static Offer>) {
    let ends = |offer: &&'static Offer| {
        id.strip_suffix(offer.name).and_then(|rest| rest.strip_suffix('.'))
    };
    let offers: [&'static Offer; 3] = [&SVG, &PNG, &PDF];
    let found = offers.iter().find_map(|offer| Some((ends(offer)?, *offer)));
    match found {
        Some((id, offer)) if !id.is_empty() => (id, Some(offer)),
        _ => (id, None),
    }
}

/// A file as it is drawn.
pub async fn drawn(
    engine: &Engine,
    (mut file, cuts): (Contents, Vec<OrthoCut>),
    (chosen, query): (&Offer, &QueryString),
    watermark: String,
) -> Result<Response, Problem> {
    let paper = match query.value("paper") {
        None => Paper::A4,
        Some(text) if text.eq_ignore_ascii_case("a4") => Paper::A4,
        Some(text) if text.eq_ignore_ascii_case("a3") => Paper::A3,
        Some(text) => {
            let shown: String = text.chars().take(40).collect();
            let detail = format!("paper={shown:?} is not known; send A4 or A3");
            return Err(Problem::new(Code::InvalidParameter, detail));
        }
    };
    let page = super::ledgers::whole(query, "page", 1, 1..=MOST_PAGES)?;
    let dots = super::ledgers::whole(query, "dpi", DOTS, MOST_DOTS)?;
    let photos = photos(engine, &file).await?;
    let date = Day::of(now()).to_string();
    let orthos = orthos(engine, &mut file, cuts).await?;
    let author = "图斑 Tuban".to_owned();
    let imprint = Imprint { watermark, author, date, photos, orthos };
    let (name, media_type) = (chosen.name, chosen.media_type);
    let draw = move || -> Result<Vec<u8>, Problem> {
        let fonts = fonts().map_err(|fault| Problem::internal(&fault))?;
        let mut pages: Vec<Page> = Vec::new();
        for one in sheets(&file, &imprint) {
            let drawn = sheet::pages(&one, paper, Orientation::default(), fonts);
            pages.extend(drawn.map_err(|fault| {
                Problem::new(Code::InvalidParameter, format!("the sheet cannot be drawn: {fault}"))
            })?);
        }
        if name == "pdf" {
            let title = format!("{} {}", file.subject.kind_title, file.subject.id);
            return sheet::pdf(&pages, &title, fonts).map_err(|fault| Problem::internal(&fault));
        }
        let count = pages.len();
        let one = pages.get(page - 1).ok_or_else(|| {
            let detail = format!("page={page} is beyond the last; the sheet has {count} pages");
            Problem::new(Code::InvalidParameter, detail)
        })?;
        match name {
            "png" => sheet::png(one, fonts, dots as f64).map_err(|fault| Problem::internal(&fault)),
            _ => Ok(sheet::svg(one).into_bytes()),
        }
    };
    let bytes = engine.pool().run(draw).await??;
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    super::answers::vary_by_accept(&mut response);
    Ok(response)
}

/// The images of the photos of a file; those that are lost or are none are left out.
pub async fn photos(
    engine: &Engine,
    file: &Contents,
) -> Result<Vec<(String, Arc<Image>)>, Problem> {
    let mut photos = Vec::new();
    for photo in file.photos.iter().take(MOST_PHOTOS) {
        let Some(hash) = &photo.hash else { continue };
        let Some(bytes) = engine.photo_bytes(hash).await? else { continue };
        if let Ok(image) = engine.pool().run(move || Image::new(bytes)).await? {
            photos.push((photo.code.clone(), Arc::new(image)));
        }
    }
    Ok(photos)
}

/// What archives that the asker sees show of the parcels of a file.
pub async fn cuts(app: &App, file: &mut Contents) -> Vec<OrthoCut> {
    let source = app.settings.dossiers.as_ref().and_then(|dossiers| {
        OrthoSource::new(dossiers, &app.settings.archives, &app.engine.snapshot())
    });
    match source {
        Some(source) => source.cuts(file, app.engine.registry()).await,
        None => Vec::new(),
    }
}
