//! `tuban demo`: the sample city, made once and then served.
//!
//! Real districts and shops are the background; towns, parcels, places and the ledger are generated. The
//! store reads as if it had been opened before the two years of its ledger and used ever since.

mod evidence;
mod ledger;
mod load;
mod people;
mod places;
mod records;
mod reviews;
mod targets;
mod years;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use ::ledger::place::assignment_fields;
use engine::places::LoadAssigner;
use formats::ReadOptions;
use spatial::{Collection, CollectionId, Crs, CrsRegistry, SourceCrs, Value};
use store::{EvidenceFolder, FeatureStore, GeoPackageStore, LoadMode};

use super::{CommandError, registry, serve, with_key};
use crate::archives::ArchiveConfig;
use crate::args::DemoArgs;
use crate::config::Config;
use crate::import::{ImportOptions, Target, Watch, import_file};
use crate::indicator_files::targets_beside;
use crate::ledger_config::named;
use crate::output::say;
use crate::styles::style_of;
use crate::synth::{BUILDINGS_LAST, Layer, OPENED, Synth, write_ortho};

const TOWNS: u64 = 2;
const SEED: u64 = 1;
/// Name of the store in the folder of the demo.
const STORE: &str = "city.gpkg";
/// Names of the ortho-image: in the folder, and in URLs, as household files know it.
const ORTHO: [&str; 2] = ["ortho.mbtiles", "ortho"];

/// What is assigned to the units that it lies in, as points and outlets are.
const ASSIGNED: [Layer; 3] = [Layer::Parcels, Layer::Buildings, Layer::Households];

/// A file of `data/`, embedded in the binary.
struct Background {
    id: &'static str,
    title: &'static str,
    description: &'static str,
    attribution: &'static str,
    crs: Crs,
    bytes: &'static [u8],
}

const OSM: &str = "© OpenStreetMap contributors (ODbL 1.0)";

/// What a reader calls the fields of the background.
const ALIASES: [(&str, &str); 4] =
    [("adcode", "行政区划代码"), ("name", "名称"), ("fclass", "类别"), ("osm_id", "OSM 编号")];

const BACKGROUND: [Background; 3] = [
    Background {
        id: "districts",
        title: "区界（示意）",
        description: "Districts of Beijing, coarse; 示意, no official boundary",
        attribution: "区界为示意",
        crs: Crs::CGCS2000,
        bytes: include_bytes!("../../../data/beijing_districts_16.geojsonl"),
    },
    Background {
        id: "shops",
        title: "商铺",
        description: "Named shops and markets; background only",
        attribution: OSM,
        crs: Crs::WGS84,
        bytes: include_bytes!("../../../data/beijing_shops_osm.geojsonl"),
    },
    Background {
        id: "places",
        title: "小区与楼宇",
        description: "Named residential places and buildings; background only",
        attribution: OSM,
        crs: Crs::WGS84,
        bytes: include_bytes!("../../../data/beijing_residential_building_points_osm.geojsonl"),
    },
];

/// Makes the sample city if it is not there, and serves it.
pub async fn demo(args: DemoArgs, config: &Config) -> Result<(), CommandError> {
    let path = args.dir.join(STORE);
    if !path.exists() {
        make(&args, &path, config).await?;
    }
    let targets = targets_beside(&path);
    if targets.exists() && named(&config.ledger.targets).is_none() {
        say(format_args!("targets: {}, which commands on this store read, too", targets.display()));
    }
    if args.prepare_only {
        say(format_args!("{}: the sample city is ready", path.display()));
        return Ok(());
    }
    let mut config = config.clone();
    config.server.listen = args.listen.unwrap_or(config.server.listen);
    let ortho = args.dir.join(ORTHO[0]);
    if ortho.exists() && !config.archives.iter().any(|one| one.id == ORTHO[1]) {
        let id = ORTHO[1].to_owned();
        let ortho = ArchiveConfig { id, path: ortho, unlisted: true, ..ArchiveConfig::default() };
        config.archives.push(ortho);
    }
    serve::run(&path, &config).await
}

/// Makes the city under another name, so that a half-made one is never served.
async fn make(args: &DemoArgs, path: &Path, config: &Config) -> Result<(), CommandError> {
    let folder = &args.dir;
    let io = |path: &Path| {
        let path = path.to_path_buf();
        move |source| CommandError::Io { path, source }
    };
    say(format_args!("making the sample city in {}", folder.display()));
    std::fs::create_dir_all(folder).map_err(io(folder))?;
    let unfinished = folder.join("unfinished.gpkg");
    for ending in ["", "-wal", "-shm"] {
        let mut name = unfinished.as_os_str().to_owned();
        name.push(ending);
        if Path::new(&name).exists() {
            std::fs::remove_file(&name).map_err(io(Path::new(&name)))?;
        }
    }
    let registry = registry(config)?;
    // Drawn while the store is written.
    let (image, region) = (folder.join(ORTHO[0]), (SEED, args.parcels, TOWNS));
    let drawing = tokio::task::spawn_blocking(move || write_ortho(region, &image));
    {
        let store = GeoPackageStore::open_or_create(&unfinished)?;
        // The key of personal values lies where the finished store looks for it.
        let mut key = path.as_os_str().to_owned();
        key.push(".key");
        store.set_key_file(key.into());
        let store = with_key(store, config);
        for background in &BACKGROUND {
            import(&store, &unfinished, &registry, background).await?;
        }
        let synth = Arc::new(Synth::new(SEED, args.parcels, Some(TOWNS), &Crs::CGCS2000)?);
        let villages = 0..synth.villages();
        let told = villages.map(|village| synth.ledger(village)).collect::<Result<Vec<_>, _>>()?;
        // The polygons of units assign what comes after them.
        places::load_places(&store, &synth).await?;
        // Points are those of the ledger.
        for layer in Layer::ALL.into_iter().filter(|layer| *layer != Layer::Points) {
            generate(&store, &registry, &synth, layer).await?;
        }
        last_survey(&store, &synth).await?;
        people::load_people(&store, &synth).await?;
        years::live_through(&store, &registry, (&synth, &told)).await?;
        targets::write_targets(&targets_beside(path), &told)?;
    }
    drawing.await??;
    let photos = [&unfinished, path].map(|store| EvidenceFolder::beside(store).root().to_owned());
    let [made, kept] = &photos;
    if made.exists() {
        if kept.exists() {
            std::fs::remove_dir_all(kept).map_err(io(kept))?;
        }
        std::fs::rename(made, kept).map_err(io(kept))?;
    }
    std::fs::rename(&unfinished, path).map_err(io(path))?;
    let lock: PathBuf = folder.join("unfinished.gpkg.lock");
    if lock.exists() {
        std::fs::remove_file(&lock).map_err(io(&lock))?;
    }
    Ok(())
}

async fn import(
    store: &GeoPackageStore,
    store_path: &Path,
    registry: &Arc<CrsRegistry>,
    background: &Background,
) -> Result<(), CommandError> {
    let file = store_path.with_file_name(format!("{}.geojsonl", background.id));
    std::fs::write(&file, background.bytes)
        .map_err(|source| CommandError::Io { path: file.clone(), source })?;
    let options = ImportOptions {
        collection: Some(CollectionId::try_from(background.id)?),
        crs: Some(SourceCrs::Crs(background.crs.clone())),
        assume_cgcs2000: false,
        read: ReadOptions::default(),
        mode: LoadMode::Create,
        key: None,
        keep: Vec::new(),
        assign: false,
        personal: None,
        reason: "sample city".to_owned(),
        recorded_at: OPENED,
        ahead_minutes: 0,
        report: None,
    };
    let watch = Watch::new(Arc::new(AtomicBool::new(false)));
    import_file(Target::Own(store), store_path, registry, &file, &options, &watch, &mut Vec::new())
        .await
        .map_err(|source| CommandError::Import { path: file.clone(), source: Box::new(source) })?;
    let _ = std::fs::remove_file(&file);
    let mut all = store.collections().await?;
    if let Some(collection) = all.iter_mut().find(|c| c.id.as_str() == background.id) {
        collection.title = background.title.to_owned();
        collection.description = background.description.to_owned();
        collection.attribution = background.attribution.to_owned();
        collection.style = style_of(background.id).map(str::to_owned);
        for field in &mut collection.fields {
            let known = ALIASES.iter().find(|(name, _)| *name == field.name);
            field.alias = known.map(|(_, alias)| (*alias).to_owned());
        }
        dress(store, collection).await?;
    }
    Ok(())
}

/// Stores what is said of a collection, and its style for QGIS.
async fn dress(store: &GeoPackageStore, collection: &Collection) -> Result<(), CommandError> {
    store.describe(collection).await?;
    store.set_style(&collection.id, "tuban", &server::style::qml(collection), "").await?;
    Ok(())
}

async fn generate(
    store: &GeoPackageStore,
    registry: &Arc<CrsRegistry>,
    synth: &Arc<Synth>,
    layer: Layer,
) -> Result<(), CommandError> {
    let mut collection = synth.surveyed_collection(layer)?;
    collection.style = style_of(layer.id()).map(str::to_owned);
    if ASSIGNED.contains(&layer) {
        collection.fields.extend(assignment_fields());
    }
    let assigner = LoadAssigner::read(store, registry, &collection, OPENED).await?;
    let (synth, width) = (Arc::clone(synth), collection.fields.len());
    load::create(store, collection, assigner.map(Arc::new), move |sending| {
        synth.surveyed(layer).try_for_each(|feature| {
            let mut feature = feature?;
            feature.properties.resize(width, Value::Null);
            sending.add(feature)
        })
    })
    .await
}

/// What new buildings are told by.
async fn last_survey(store: &GeoPackageStore, synth: &Arc<Synth>) -> Result<(), CommandError> {
    let mut collection = synth.last_survey()?;
    collection.style = style_of(BUILDINGS_LAST).map(str::to_owned);
    let synth = Arc::clone(synth);
    load::create(store, collection, None, move |sending| {
        synth.buildings_before().try_for_each(|feature| sending.add(feature?))
    })
    .await
}
