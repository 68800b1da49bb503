//! `tuban export`

use formats::{ArchiveFormat, DeclaredCrs, LayerSchema, OutputFormat};
use spatial::{Collection, Crs, CrsRegistry, FieldClass, Projector, SourceCrs, Value};
use store::{FeatureStore, GeoPackageStore};
use tokio::sync::mpsc;

use super::collection::{find, read_only};
use super::on_record::{Leaving, in_degrees, leaves};
use super::{CommandError, registry};
use crate::args::ExportArgs;
use crate::config::Config;
use crate::output::{say, tell};

/// Features read at a time.
const CHUNK: usize = 1024;
/// Chunks that may wait for the writer.
const QUEUE: usize = 4;

/// Writes one collection to one file.
pub async fn export(args: ExportArgs, config: &Config) -> Result<(), CommandError> {
    if let Some(format) = ArchiveFormat::of_path(&args.out) {
        check_out(&args)?;
        return super::pyramid::pyramid(args, format, config).await;
    }
    if let Some(zoom) = &args.zoom {
        return Err(CommandError::Argument {
            name: "--zoom",
            value: zoom.clone(),
            reason: "only pyramids have zooms: .pmtiles and .mbtiles".to_owned(),
        });
    }
    let format = OutputFormat::of_path(&args.out).ok_or_else(|| CommandError::Argument {
        name: "OUT",
        value: args.out.display().to_string(),
        reason: "the ending chooses the format: .fgb, .geojson, .geojsonl, .csv, .gpkg, .pmtiles \
                 or .mbtiles"
            .to_owned(),
    })?;
    check_out(&args)?;
    let registry = registry(config)?;
    let store = read_only(&args.store)?;
    let collection = chosen(&store, args.collection.as_deref()).await?;
    let crs = target_crs(&args, format, &collection)?;
    let projector = registry.projector(&collection.crs, &crs)?;
    let shown = shown_columns(&collection);
    let schema = schema(&collection, &shown, &crs, &registry)?;
    for field in collection.fields.iter().filter(|f| f.class > FieldClass::L1) {
        tell(format_args!("left out: field {:?} is of class {:?}", field.name, field.class));
    }

    let object = format!("/collections/{}", collection.id);
    let extent = in_degrees(&collection.extent, &collection.crs, &registry)?;
    leaves(&args.store, config, Leaving { object, count: collection.count, extent }).await?;
    let (sender, receiver) = mpsc::channel(QUEUE);
    let out = args.out.clone();
    let writing = tokio::task::spawn_blocking(move || {
        write(&out, format, &schema, &projector, &shown, receiver)
    });
    let scanned = store.scan(&collection.id, CHUNK, sender).await;
    let written = writing.await.map_err(|error| CommandError::Io {
        path: args.out.clone(),
        source: std::io::Error::other(error),
    })?;
    scanned?;
    let written = written?;
    for note in &written.notes {
        tell(format_args!("note: {note}"));
    }
    say(format_args!("{}: {} features, {crs}", args.out.display(), written.features));
    Ok(())
}

/// Refuses to write over what is there, unless that was asked for; over a store, always.
fn check_out(args: &ExportArgs) -> Result<(), CommandError> {
    if args.out.exists() && !args.force {
        return Err(CommandError::Argument {
            name: "OUT",
            value: args.out.display().to_string(),
            reason: "the file exists already; say --force to replace it".to_owned(),
        });
    }
    if args.out.exists() && GeoPackageStore::open_read_only(&args.out).is_ok() {
        return Err(CommandError::Argument {
            name: "OUT",
            value: args.out.display().to_string(),
            reason: "this is a Tuban store, which no export replaces; choose another name"
                .to_owned(),
        });
    }
    Ok(())
}

fn write(
    out: &std::path::Path,
    format: OutputFormat,
    schema: &LayerSchema,
    projector: &Projector,
    shown: &[usize],
    mut receiver: mpsc::Receiver<Vec<spatial::Feature>>,
) -> Result<formats::Written, CommandError> {
    let mut writer = formats::create(out, format, schema)?;
    while let Some(features) = receiver.blocking_recv() {
        for mut feature in features {
            if let Some(geometry) = &mut feature.geometry {
                projector.project_geometry(geometry)?;
            }
            feature.properties = shown
                .iter()
                .filter_map(|column| {
                    feature.properties.get_mut(*column).map(|v| std::mem::replace(v, Value::Null))
                })
                .collect();
            writer.write(&feature)?;
        }
    }
    Ok(writer.finish()?)
}

async fn chosen(store: &dyn FeatureStore, id: Option<&str>) -> Result<Collection, CommandError> {
    if let Some(id) = id {
        return find(store, id).await;
    }
    let mut all = store.collections().await?;
    if all.len() == 1 {
        return Ok(all.swap_remove(0));
    }
    Err(CommandError::ChooseCollection {
        ids: all.iter().map(|c| c.id.to_string()).collect::<Vec<_>>().join(", "),
    })
}

fn target_crs(
    args: &ExportArgs,
    format: OutputFormat,
    collection: &Collection,
) -> Result<Crs, CommandError> {
    let refused = |value: &str, reason: &str| CommandError::Argument {
        name: "--crs",
        value: value.to_owned(),
        reason: reason.to_owned(),
    };
    let wanted = match args.crs.as_deref() {
        None => None,
        Some(text) => match text.parse::<SourceCrs>()? {
            SourceCrs::Crs(crs) => Some(crs),
            SourceCrs::Gcj02 | SourceCrs::Bd09 => {
                return Err(refused(text, "shifted coordinates are read, not written"));
            }
        },
    };
    match (format, wanted) {
        (OutputFormat::GeoJson | OutputFormat::GeoJsonSeq, None) => Ok(Crs::WGS84),
        (OutputFormat::GeoJson | OutputFormat::GeoJsonSeq, Some(crs)) if crs != Crs::WGS84 => {
            Err(refused(&crs.to_string(), "GeoJSON is WGS 84 by its standard, RFC 7946"))
        }
        (_, wanted) => Ok(wanted.unwrap_or_else(|| collection.crs.clone())),
    }
}

/// Fields above L1 leave a store by no export.
fn shown_columns(collection: &Collection) -> Vec<usize> {
    (0..collection.fields.len())
        .filter(|column| collection.fields[*column].class <= FieldClass::L1)
        .collect()
}

pub(super) fn schema(
    collection: &Collection,
    shown: &[usize],
    crs: &Crs,
    registry: &CrsRegistry,
) -> Result<LayerSchema, CommandError> {
    registry.facts(crs)?;
    Ok(LayerSchema {
        name: collection.id.to_string(),
        crs: match crs {
            Crs::Epsg(code) => DeclaredCrs::Epsg(*code),
            // The parameters of a local grid never leave the configuration.
            Crs::Site(_) => DeclaredCrs::Unknown,
        },
        geometry_type: collection.geometry_type,
        has_z: collection.has_z,
        has_m: collection.has_m,
        fields: shown.iter().map(|column| collection.fields[*column].clone()).collect(),
        place_columns: Vec::new(),
        count: Some(collection.count),
        notes: Vec::new(),
    })
}
