//! `tuban atlas`: the household files of a village or town as one PDF with index map, written while files
//! are put together.

use std::collections::BTreeMap;
#[cfg(unix)]
use std::fs::Permissions;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use engine::Engine;
use engine::dossier::{DossierQuery, OverviewQuery, UnitStreets};
use ledger::dossier::{Contents, Dossiers};
use server::Archives;
use server::dossiers::{Imprint, OrthoSource, fonts, ground, lines, orthos, sheets};
use sheet::{Atlas, AtlasSummary, Dossier, Image, Orientation, Ortho, Paper};
use spatial::world::to_lon_lat;
use spatial::{Day, Envelope};
use tempfile::NamedTempFile;
use tokio::sync::mpsc;

use super::on_record::{Leaving, leaves};
use super::query::open;
use super::{CommandError, now};
use crate::archives::{ArchiveConfig, storage_keys};
use crate::args::{AtlasArgs, AtlasPaper};
use crate::config::Config;
use crate::data_files::read_dossiers;
use crate::ledger_config::named;
use crate::output::{say, tell};

/// Files that are put together at a time.
const AT_ONCE: usize = 50;
/// Sheets that wait to be drawn.
const WAITING: usize = 100;
/// Most images of photos that are kept for the files to come.
const MOST_IMAGES: usize = 200;
/// Most names of what was left out that are told.
const TOLD: usize = 20;

/// A sheet to be drawn, or why there is none.
type Coming = Result<Dossier, Box<CommandError>>;

/// Writes the atlas.
pub async fn atlas(args: AtlasArgs, config: &Config) -> Result<(), CommandError> {
    let started = Instant::now();
    let dossiers = Arc::new(read_dossiers(named(&config.ledger.dossiers))?);
    let engine = open(&args.store, config).await?;
    let (flag, code) = match (&args.village, &args.town) {
        (Some(code), _) => ("--village", code.clone()),
        (None, town) => ("--town", town.clone().unwrap_or_default()),
    };
    let refused = |reason: &str| CommandError::Argument {
        name: flag,
        value: code.clone(),
        reason: reason.to_owned(),
    };
    let unit = engine.dossier_streets(&dossiers, &code, args.as_of).await?;
    let unit =
        unit.ok_or_else(|| refused("no unit of the definitions has this code and a place"))?;
    let ids = ids(&engine, &dossiers, (&code, &args)).await?;
    if ids.is_empty() {
        return Err(refused("it has no files; `/dossiers?unit=` tells which units have some"));
    }
    let date = Day::of(args.as_of.unwrap_or_else(now)).to_string();
    let atlas = described(&unit, &code, (ids.len(), &args.watermark, &date));
    let imprint = Imprint {
        watermark: args.watermark.clone(),
        author: atlas.author.clone(),
        date,
        ..Imprint::default()
    };
    let ortho = ortho(&engine, &dossiers, (&args.archive, config)).await?;
    let paper = match args.paper {
        AtlasPaper::A4 => Paper::A4,
        AtlasPaper::A3 => Paper::A3,
    };
    let fonts = fonts().map_err(|fault| CommandError::Argument {
        name: "atlas",
        value: "fonts".to_owned(),
        reason: fault.to_string(),
    })?;
    let io = |source| CommandError::Io { path: args.out.clone(), source };
    let folder = args.out.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    let file = beside(folder).map_err(io)?;
    let (sender, mut receiver) = mpsc::channel::<Coming>(WAITING);
    let sending = Sending { engine, dossiers, kind: args.kind.clone(), as_of: args.as_of, ortho };
    let sending = tokio::spawn(sending.send(ids, imprint, sender));
    // Sheets are drawn on rayon's threads while the files after them are put together.
    let drawing = tokio::task::spawn_blocking(move || {
        let coming = std::iter::from_fn(|| receiver.blocking_recv());
        let out = BufWriter::with_capacity(1 << 20, file);
        let order = (paper, Orientation::default());
        sheet::atlas(out, &atlas, order, fonts, coming)
    });
    let drawn = drawing.await?;
    let extent = sending.await?;
    let (out, summary) = drawn.map_err(|fault| match fault {
        sheet::AtlasFault::Source(error) => *error,
        fault => CommandError::Argument {
            name: "atlas",
            value: args.out.display().to_string(),
            reason: fault.to_string(),
        },
    })?;
    let file = out.into_inner().map_err(|error| io(error.into_error()))?;
    file.as_file().sync_all().map_err(io)?;
    let object = format!("atlas of {code}");
    let count = summary.sheets as u64;
    leaves(&args.store, config, Leaving { object, count, extent }).await?;
    file.persist(&args.out).map_err(|error| io(error.error))?;
    report(&args, &summary, started);
    Ok(())
}

/// A file that is given its name when it is whole, and may be read by whom other new files may.
fn beside(folder: &Path) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(<Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o666));
    builder.tempfile_in(folder)
}

fn report(args: &AtlasArgs, summary: &AtlasSummary, started: Instant) {
    let seconds = started.elapsed().as_secs_f64();
    say(format_args!(
        "{}: {} sheets on {} pages in {seconds:.1} s ({:.1} sheets/s)",
        args.out.display(),
        summary.sheets,
        summary.pages,
        summary.sheets as f64 / seconds.max(1e-9)
    ));
    for (number, reason) in summary.left_out.iter().take(TOLD) {
        tell(format_args!("{number} was left out: {reason}"));
    }
    if let Some(more) = summary.left_out.len().checked_sub(TOLD).filter(|more| *more > 0) {
        tell(format_args!("and {more} more"));
    }
}

/// The numbers of the subjects in the unit.
async fn ids(
    engine: &Engine,
    dossiers: &Arc<Dossiers>,
    (code, args): (&str, &AtlasArgs),
) -> Result<Vec<String>, CommandError> {
    let query = OverviewQuery {
        dossiers: Arc::clone(dossiers),
        kind: args.kind.clone(),
        unit: Some(code.to_owned()),
        level: None,
        complete: None,
        as_of: args.as_of,
        offset: 0,
        limit: usize::MAX,
    };
    let overview = engine.dossier_overview(query).await?.ok_or_else(|| {
        let kinds = dossiers.set().subjects.iter().map(|subject| subject.kind.as_str());
        CommandError::Argument {
            name: "--kind",
            value: args.kind.clone().unwrap_or_default(),
            reason: format!("use one of: {}", kinds.collect::<Vec<_>>().join(", ")),
        }
    })?;
    let mut ids: Vec<String> = overview.files.into_iter().map(|file| file.id).collect();
    ids.sort_unstable();
    Ok(ids)
}

fn described(
    unit: &UnitStreets,
    code: &str,
    (files, watermark, date): (usize, &str, &str),
) -> Atlas {
    Atlas {
        title: format!("{}一户一档图集", unit.name),
        lines: vec![format!("{} {code}", unit.level), format!("{files} 份档案")],
        crs: unit.crs.to_string(),
        streets: unit.streets.iter().flat_map(|(name, shape)| lines(name, shape)).collect(),
        watermark: watermark.to_owned(),
        author: "图斑 Tuban".to_owned(),
        date: date.to_owned(),
    }
}

/// The archive with the ortho-image, if the definitions name one that there is.
async fn ortho(
    engine: &Engine,
    dossiers: &Dossiers,
    (named, config): (&[String], &Config),
) -> Result<Option<OrthoSource>, CommandError> {
    let Some(layer) = &dossiers.set().ortho else { return Ok(None) };
    let named = named.iter().map(|archive| ArchiveConfig::of_argument(archive));
    let mut all = named.collect::<Result<Vec<_>, _>>()?;
    all.extend(config.archives.iter().cloned());
    let Some(archive) = all.into_iter().find(|archive| archive.id == layer.collection) else {
        let id = &layer.collection;
        tell(format_args!("sheets without 影像图: name its tiles with --archive {id}=FILE"));
        return Ok(None);
    };
    let keys = storage_keys();
    let (settings, snapshot) = (archive.settings(keys.as_ref())?, engine.snapshot());
    let archives = Archives::open(vec![settings], &snapshot).await?;
    Ok(OrthoSource::new(dossiers, &archives, &snapshot))
}

/// What sheets are made of.
struct Sending {
    engine: Engine,
    dossiers: Arc<Dossiers>,
    kind: Option<String>,
    as_of: Option<spatial::Timestamp>,
    ortho: Option<OrthoSource>,
}

impl Sending {
    /// Puts files together, a few at a time, and sends their sheets. The extent of what they show, in
    /// degrees.
    async fn send(
        self,
        ids: Vec<String>,
        imprint: Imprint,
        sender: mpsc::Sender<Coming>,
    ) -> Envelope {
        let mut images: BTreeMap<String, Option<Arc<Image>>> = BTreeMap::new();
        let (mut extent, mut number) = (Envelope::EMPTY, 0);
        for some in ids.chunks(AT_ONCE) {
            let found = match self.files(some, &mut images, &mut extent).await {
                Ok(found) => found,
                Err(error) => {
                    let _ended = sender.send(Err(Box::new(error))).await;
                    return extent;
                }
            };
            for (file, photos, orthos) in found {
                let imprint = Imprint { photos, orthos, ..imprint.clone() };
                for mut sheet in sheets(&file, &imprint) {
                    number += 1;
                    sheet.sheet_number = number.to_string();
                    if sender.send(Ok(sheet)).await.is_err() {
                        return extent;
                    }
                }
            }
        }
        extent
    }

    /// Files with the images of their photos and of their ground; widens `extent` to them.
    async fn files(
        &self,
        ids: &[String],
        images: &mut BTreeMap<String, Option<Arc<Image>>>,
        extent: &mut Envelope,
    ) -> Result<Vec<(Contents, Images<Arc<Image>>, Images<Ortho>)>, CommandError> {
        let query = DossierQuery {
            dossiers: Arc::clone(&self.dossiers),
            kind: self.kind.clone(),
            ids: ids.to_vec(),
            as_of: self.as_of,
            with_history: true,
        };
        let mut found = Vec::with_capacity(ids.len());
        for mut file in self.engine.dossiers(query).await? {
            for area in ground(&file, self.engine.registry())? {
                for [x, y] in [area.min, area.max] {
                    extent.extend(to_lon_lat([x, y].map(f64::from)));
                }
            }
            let photos = photos(&self.engine, &file, images).await?;
            let cuts = match &self.ortho {
                Some(ortho) => ortho.cuts(&mut file, self.engine.registry()).await,
                None => Vec::new(),
            };
            let orthos = orthos(&self.engine, &mut file, cuts).await?;
            found.push((file, photos, orthos));
        }
        Ok(found)
    }
}

/// Images by what they are of.
type Images<I> = Vec<(String, I)>;

/// The images of the photos of a file; those that are lost are left out.
async fn photos(
    engine: &Engine,
    file: &Contents,
    images: &mut BTreeMap<String, Option<Arc<Image>>>,
) -> Result<Vec<(String, Arc<Image>)>, CommandError> {
    let mut photos = Vec::new();
    for photo in &file.photos {
        let Some(hash) = &photo.hash else { continue };
        let image = match images.get(hash) {
            Some(known) => known.clone(),
            None => {
                let bytes = engine.photo_bytes(hash).await?;
                let image = bytes.and_then(|bytes| Image::new(bytes).ok()).map(Arc::new);
                if images.len() >= MOST_IMAGES {
                    images.clear();
                }
                images.insert(hash.clone(), image.clone());
                image
            }
        };
        photos.extend(image.map(|image| (photo.code.clone(), image)));
    }
    Ok(photos)
}
