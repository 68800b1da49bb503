//! Fences and their events as JSON documents.

use engine::fences::{Fence, FenceEvent};
use formats::datetime::utc_of_millis;
use formats::geojson::Positions;
use serde_json::{Value, json};
use spatial::{CrsRegistry, GeometryType};

use crate::crs_uri::CRS84;
use crate::planner::named_crs;

/// What is said of a fence in a list. A secret is never shown.
pub fn summary(fence: &Fence) -> Value {
    let definition = &fence.definition;
    let kinds: Vec<&str> = definition.detect.iter().map(|kind| kind.name()).collect();
    let names: Vec<&str> = definition.collections.iter().map(|id| id.as_str()).collect();
    json!({
        "id": fence.id.0,
        "name": definition.name,
        "collections": names,
        "detect": kinds,
        "since": fence.since.0,
        "author": definition.actor,
        "at": utc_of_millis(definition.created_at.0),
        "webhook": definition.webhook.as_ref().map(|webhook| json!({
            "url": webhook.url,
            "signed": webhook.secret.is_some(),
            "delivered": fence.delivered
        }))
    })
}

/// A fence whole, its geometry in the CRS that it came in.
pub fn whole(fence: &Fence, registry: &CrsRegistry) -> Value {
    let definition = &fence.definition;
    let mut document = summary(fence);
    let offered = named_crs(&definition.crs.to_string(), registry);
    // Longitude first for WGS 84, as it came: EPSG:4326 is told from CRS84 by the axes alone.
    let (uri, axis_order) = match offered {
        Ok(offered) if definition.crs != spatial::Crs::WGS84 => (offered.uri, offered.axis_order),
        _ => (CRS84.to_owned(), spatial::AxisOrder::EastNorth),
    };
    let positions = Positions { axis_order, declared: GeometryType::Any };
    let mut text = String::new();
    positions.push_geometry(&mut text, &definition.geometry);
    document["crs"] = json!(uri);
    document["geometry"] = serde_json::from_str(&text).unwrap_or_default();
    document
}

/// What happened at a fence.
pub fn event(event: &FenceEvent) -> Value {
    json!({
        "id": event.id,
        "fence": event.fence.0,
        "event": event.kind.name(),
        "revision": event.revision.0,
        "collection": event.collection.as_str(),
        "feature": event.feature.value(),
        "at": utc_of_millis(event.recorded_at.0)
    })
}
