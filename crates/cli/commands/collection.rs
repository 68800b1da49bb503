//! `tuban collection`: what is said of collections.

use std::io::{BufRead, IsTerminal};
use std::path::Path;

use spatial::{Collection, CollectionId, FieldClass};
use store::{FeatureStore, GeoPackageStore};

use super::{CommandError, with_key};
use crate::args::{CollectionAction, CollectionArgs, SetArgs};
use crate::config::Config;
use crate::local::Opened;
use crate::output::{say, tell};

/// Lists, describes, changes, renames or removes collections.
pub async fn collection(args: CollectionArgs, config: &Config) -> Result<(), CommandError> {
    match args.action {
        CollectionAction::List { store } => {
            let collections = read_only(&store)?.collections().await?;
            for c in collections {
                say(format_args!(
                    "{}\t{}\t{:?}\t{}\t{}",
                    c.id, c.count, c.geometry_type, c.crs, c.title
                ));
            }
            Ok(())
        }
        CollectionAction::Describe { store, id } => {
            describe(&find(&read_only(&store)?, &id).await?);
            Ok(())
        }
        CollectionAction::Set(args) => set(*args, config).await,
        CollectionAction::Rename { store, from, to } => {
            let (from, to) =
                (CollectionId::try_from(from.as_str())?, CollectionId::try_from(to.as_str())?);
            let revision = writable(&store, config)?.rename(&from, &to).await?;
            say(format_args!("{from} is {to} from revision {revision}"));
            Ok(())
        }
        CollectionAction::Remove { store, id, yes } => {
            let opened = writable(&store, config)?;
            let collection = choose(opened.collections().await?, &id)?;
            if !yes && !confirmed(&collection) {
                return Err(CommandError::NotConfirmed { id: collection.id });
            }
            let revision = opened.remove(&collection.id).await?;
            say(format_args!("{} is gone from revision {revision}", collection.id));
            Ok(())
        }
    }
}

/// Opens a store that exists, for reading.
pub fn read_only(path: &Path) -> Result<GeoPackageStore, CommandError> {
    if !path.exists() {
        return Err(CommandError::NoStore { path: path.to_path_buf() });
    }
    Ok(GeoPackageStore::open_read_only(path)?)
}

/// Opens a store that exists, for writing, by way of the server that holds it if one does.
pub fn writable(path: &Path, config: &Config) -> Result<Opened, CommandError> {
    if !path.exists() {
        return Err(CommandError::NoStore { path: path.to_path_buf() });
    }
    Ok(Opened::open(path, |path| Ok(with_key(GeoPackageStore::open(path)?, config)))?)
}

/// The collection called `id`.
pub async fn find(store: &dyn FeatureStore, id: &str) -> Result<Collection, CommandError> {
    choose(store.collections().await?, id)
}

fn choose(all: Vec<Collection>, id: &str) -> Result<Collection, CommandError> {
    all.iter().find(|c| c.id.as_str() == id).cloned().ok_or_else(|| CommandError::Argument {
        name: "collection",
        value: id.to_owned(),
        reason: match all.iter().map(|c| c.id.as_str()).collect::<Vec<_>>().join(", ").as_str() {
            "" => "the store has no collection".to_owned(),
            ids => format!("the store has no such collection; it has {ids}"),
        },
    })
}

fn describe(c: &Collection) {
    say(format_args!("id           {}", c.id));
    say(format_args!("title        {}", c.title));
    say(format_args!("description  {}", c.description));
    say(format_args!("attribution  {}", c.attribution));
    say(format_args!("features     {}", c.count));
    say(format_args!("geometry     {:?}, {}", c.geometry_type, c.crs));
    if !c.extent.is_empty() {
        let e = &c.extent;
        say(format_args!("extent       {} {} {} {}", e.min_x, e.min_y, e.max_x, e.max_y));
    }
    say(format_args!("zooms        {} to {}", c.zooms.min, c.zooms.max));
    say(format_args!("key          {}", c.key.as_deref().unwrap_or("none")));
    say(format_args!("style        {}", if c.style.is_some() { "own" } else { "default" }));
    say("fields");
    for field in &c.fields {
        let alias = field.alias.as_deref().map(|a| format!("  ({a})")).unwrap_or_default();
        say(format_args!("  {:?}  {:?}  {}{alias}", field.class, field.field_type, field.name));
    }
}

async fn set(args: SetArgs, config: &Config) -> Result<(), CommandError> {
    let opened = writable(&args.store, config)?;
    let mut collection = choose(opened.collections().await?, &args.id)?;
    if let Some(title) = args.title {
        collection.title = title;
    }
    if let Some(description) = args.description {
        collection.description = description;
    }
    if let Some(attribution) = args.attribution {
        collection.attribution = attribution;
    }
    if let Some(key) = args.key {
        if !key.is_empty() {
            field(&collection, "--key", &key)?;
        }
        collection.key = (!key.is_empty()).then_some(key);
    }
    collection.zooms.min = args.min_zoom.unwrap_or(collection.zooms.min);
    collection.zooms.max = args.max_zoom.unwrap_or(collection.zooms.max);
    if collection.zooms.min > collection.zooms.max {
        return Err(CommandError::Argument {
            name: "--min-zoom",
            value: collection.zooms.min.to_string(),
            reason: format!("above the last zoom, {}", collection.zooms.max),
        });
    }
    for pair in &args.class {
        let (name, class) = split(pair, "--class")?;
        let class = match class.to_uppercase().as_str() {
            "L0" => FieldClass::L0,
            "L1" => FieldClass::L1,
            "L2" => FieldClass::L2,
            "L3" => FieldClass::L3,
            "L4" => FieldClass::L4,
            _ => {
                return Err(CommandError::Argument {
                    name: "--class",
                    value: pair.clone(),
                    reason: "the class is one of L0, L1, L2, L3, L4".to_owned(),
                });
            }
        };
        let position = field(&collection, "--class", name)?;
        collection.fields[position].class = class;
    }
    for pair in &args.alias {
        let (name, alias) = split(pair, "--alias")?;
        let position = field(&collection, "--alias", name)?;
        collection.fields[position].alias = (!alias.is_empty()).then(|| alias.to_owned());
    }
    if let Some(path) = args.style {
        collection.style = if path.as_os_str().is_empty() { None } else { Some(style(&path)?) };
    }
    let revision = opened.describe(&collection).await?;
    opened.set_style(&collection.id, "tuban", &server::style::qml(&collection)).await?;
    say(format_args!("{} is changed from revision {revision}", collection.id));
    Ok(())
}

/// The style in `path`, checked to be a list of layers.
fn style(path: &Path) -> Result<String, CommandError> {
    let refused = |reason: String| CommandError::Argument {
        name: "--style",
        value: path.display().to_string(),
        reason,
    };
    let text = std::fs::read_to_string(path)
        .map_err(|source| CommandError::Io { path: path.to_path_buf(), source })?;
    let layers: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| refused(format!("no JSON: {error}")))?;
    let is_list = layers
        .as_array()
        .is_some_and(|layers| layers.iter().all(|layer| layer["type"].is_string()));
    if is_list {
        Ok(text)
    } else {
        Err(refused("a JSON list of MapLibre layers is expected, each with a type".to_owned()))
    }
}

fn field(collection: &Collection, name: &'static str, value: &str) -> Result<usize, CommandError> {
    collection.field_position(value).ok_or_else(|| CommandError::Argument {
        name,
        value: value.to_owned(),
        reason: format!(
            "no such field; there are {}",
            collection.fields.iter().map(|f| f.name.as_str()).collect::<Vec<_>>().join(", ")
        ),
    })
}

fn split<'a>(pair: &'a str, name: &'static str) -> Result<(&'a str, &'a str), CommandError> {
    pair.split_once('=').ok_or_else(|| CommandError::Argument {
        name,
        value: pair.to_owned(),
        reason: "FIELD=VALUE is expected".to_owned(),
    })
}

/// Asks before features are removed; without a terminal the answer is no.
fn confirmed(collection: &Collection) -> bool {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return false;
    }
    tell(format_args!("remove {} with {} features? [y/N]", collection.id, collection.count));
    let mut line = String::new();
    stdin.lock().read_line(&mut line).is_ok() && line.trim().eq_ignore_ascii_case("y")
}
