//! A file as JSON: every number that was measured with its unit, method and CRS.

use ledger::dossier::{
    Border, Boundary, BuildingFile, Change, Completeness, Contents, FieldValue, GoneBuilding,
    HistoryLine, Measure, Method, Neighbour, ParcelFile, Photo, Record, RedLine, border_words,
    side_words,
};
use serde_json::{Map, Value as Json, json};
use spatial::{Crs, Operation, Timestamp};

use super::{OrthoCut, rounded, share};
use crate::point_events::member;
use crate::query_string::encode;

/// Longitude and latitude are told to so many places: half a millimetre.
const PLACES: f64 = 1e8;

/// A file as JSON, with what archives show of the ground of its parcels; `base` is put before links.
pub fn document(file: &Contents, cuts: &[OrthoCut], base: &str) -> Json {
    let subject = &file.subject;
    let href = format!("{base}/dossiers/{}", encode(&subject.id));
    let units = file.units.iter().map(|unit| {
        json!({ "level": unit.level, "title": unit.title, "code": unit.code, "name": unit.name })
    });
    let shares = file.shares.iter().map(
        |row| json!({ "parcel": row.parcel, "portion": row.portion, "buildings": row.buildings }),
    );
    let floor_crs = file.buildings.first().map(|one| &one.footprint.crs);
    let floors = file.floors.iter().map(|floor| {
        json!({
            "floor": floor.floor, "buildings": floor.buildings,
            "area": floor_crs.map(|crs| number(floor.area_m2, "m2", Method::FootprintByFloors, crs))
        })
    });
    let personal = file.personal.as_ref().map(|values| {
        let value = values
            .iter()
            .map(|one| json!({ "field": one.field, "title": one.title, "masked": one.masked }));
        value.collect::<Vec<_>>()
    });
    let enforcement = file.enforcement.as_ref();
    json!({
        "revision": file.revision.0,
        "subject": {
            "kind": subject.kind, "title": subject.kind_title, "id": subject.id,
            "name": subject.name, "collection": subject.collection.as_str(),
            "fid": subject.feature.value(),
            "href": format!("{base}/collections/{}/items/{}", subject.collection, subject.feature),
            "lonLat": subject.lon_lat.map(lon_lat)
        },
        "units": units.collect::<Vec<_>>(),
        "fields": fields(&file.fields),
        "personal": personal,
        "completeness": completeness(&file.completeness),
        "shares": shares.collect::<Vec<_>>(),
        "parcels": file.parcels.iter().map(|one| parcel(one, cuts, base)).collect::<Vec<_>>(),
        "buildings": file.buildings.iter().map(building).collect::<Vec<_>>(),
        "floors": floors.collect::<Vec<_>>(),
        "line": file.line.as_ref().map(|line| json!({ "length": measure(&line.length, "m") })),
        "photos": file.photos.iter().map(|one| photo(one, &href, &subject.kind)).collect::<Vec<_>>(),
        "points": file.points.iter().map(|one| record(one, base)).collect::<Vec<_>>(),
        "enforcement": enforcement.map(|all| all.iter().map(|one| record(one, base)).collect::<Vec<_>>()),
        "history": file.history.iter().map(history).collect::<Vec<_>>(),
        "notes": file.notes
    })
}

fn number(value: f64, unit: &str, method: Method, crs: &Crs) -> Json {
    json!({
        "value": rounded(value), "unit": unit, "method": method.identifier(),
        "methodText": method.chinese(), "crs": crs.to_string()
    })
}

fn measure(measure: &Measure, unit: &str) -> Json {
    number(measure.value, unit, measure.method, &measure.crs)
}

pub(super) fn lon_lat(at: [f64; 2]) -> [f64; 2] {
    at.map(|angle| (angle * PLACES).round() / PLACES)
}

fn fields(all: &[FieldValue]) -> Json {
    let field = |one: &FieldValue| json!({ "field": one.field, "title": one.title, "value": member(&one.value) });
    all.iter().map(field).collect()
}

fn neighbour(one: &Neighbour) -> Json {
    json!({ "code": one.code, "name": one.name })
}

/// What is there of a file.
pub(super) fn completeness(completeness: &Completeness) -> Json {
    let part = completeness.parts.iter().map(|part| {
        json!({
            "part": part.part, "title": part.title, "weight": part.weight, "there": part.is_there
        })
    });
    json!({
        "share": share(completeness.basis_points()),
        "complete": completeness.is_complete(),
        "parts": part.collect::<Vec<_>>()
    })
}

fn parcel(parcel: &ParcelFile, cuts: &[OrthoCut], base: &str) -> Json {
    let measured = |value: f64, unit: &str, method: Method| {
        parcel.plane.as_ref().map(|plane| number(value, unit, method, plane))
    };
    let side = parcel.sides.iter().map(|side| {
        let border = |border: &Border| {
            json!({
                "neighbour": border.neighbour.as_ref().map(neighbour),
                "lane": border.lane, "across": border.across.as_ref().map(neighbour),
                "text": border_words(border),
                "shared": measured(border.metres, "m", Method::SharedBorder)
            })
        };
        json!({
            "toward": side.toward.chinese(), "text": side_words(side),
            "borders": side.borders.iter().map(border).collect::<Vec<_>>()
        })
    });
    let overlap = parcel.overlaps.iter().map(|overlap| {
        json!({
            "with": neighbour(&overlap.with),
            "area": measured(overlap.area_m2, "m2", Method::Overlay)
        })
    });
    let red_line = |line: &RedLine| {
        let (name, distance) = match &line.nearest {
            Some((name, metres)) => (json!(name), measured(*metres, "m", Method::Nearest)),
            None => (Json::Null, None),
        };
        json!({
            "title": line.title, "collection": line.collection, "known": line.is_known,
            "withinMetres": line.within_m, "name": name, "distance": distance
        })
    };
    let cut = cuts.iter().find(|cut| cut.parcel == parcel.code);
    let perimeter = parcel.boundary.perimeter_mm() as f64 / 1e3;
    json!({
        "code": parcel.code, "fid": parcel.feature.map(|id| id.value()),
        "via": parcel.via.identifier(), "households": parcel.households,
        "fields": fields(&parcel.fields),
        "crs": parcel.plane.as_ref().map(ToString::to_string),
        "area": parcel.area.as_ref().map(|area| measure(area, "m2")),
        "registeredArea": parcel.registered_m2.map(|value| json!({ "value": value, "unit": "m2" })),
        "perimeter": measured(perimeter, "m", Method::PlanarLength),
        "boundary": boundary(&parcel.boundary),
        "sides": side.collect::<Vec<_>>(),
        "overlaps": overlap.collect::<Vec<_>>(),
        "redLines": parcel.red_lines.iter().map(red_line).collect::<Vec<_>>(),
        "change": parcel.change.as_ref().zip(parcel.plane.as_ref()).map(|(one, crs)| change(one, crs)),
        "goneBuildings": parcel.gone.iter().map(gone).collect::<Vec<_>>(),
        "ortho": cut.map(|cut| ortho(cut, parcel.plane.as_ref(), base))
    })
}

/// Which ground of which image the sheet shows.
fn ortho(cut: &OrthoCut, plane: Option<&Crs>, base: &str) -> Json {
    let tileset = format!("{base}/collections/{}/tiles/WebMercatorQuad", encode(&cut.archive));
    json!({
        "collection": cut.archive, "href": tileset, "zoom": cut.zoom,
        "metresPerPixel": rounded(cut.pixel_m), "extent": cut.extent.map(rounded),
        "crs": plane.map(ToString::to_string), "source": cut.source, "captured": cut.captured
    })
}

/// The boundary points with the edges between them, ordinates in metres.
fn boundary(boundary: &Boundary) -> Json {
    let metres = |millimetres: i64| millimetres as f64 / 1e3;
    let points = boundary.points().map(|point| {
        json!({
            "point": format!("J{}", point.number),
            "east": metres(point.east_mm), "north": metres(point.north_mm),
            "lonLat": lon_lat(point.lon_lat),
            "to": format!("J{}", point.next), "edge": metres(point.edge_mm),
            "surveyed": boundary.surveyed.get(&point.number).map(|found| json!({
                "number": found.number, "kind": found.kind, "apart": metres(found.apart_mm)
            }))
        })
    });
    json!({ "points": points.collect::<Vec<_>>(), "misclosure": boundary.misclosure_mm().map(metres) })
}

fn building(building: &BuildingFile) -> Json {
    let crs = &building.footprint.crs;
    let outside = building.outside.as_ref().map(|outside| {
        let on = outside.on.iter().map(|(other, area_m2)| {
            json!({
                "parcel": neighbour(other), "area": number(*area_m2, "m2", Method::Overlay, crs)
            })
        });
        json!({
            "suspicion": (outside.area_m2 > 0.0).then_some("疑似超占"),
            "area": number(outside.area_m2, "m2", Method::Overlay, crs),
            "on": on.collect::<Vec<_>>()
        })
    });
    json!({
        "code": building.code, "fid": building.feature.value(), "via": building.via.identifier(),
        "parcel": building.parcel, "name": building.name, "floors": building.floors,
        "structure": building.structure, "footprint": measure(&building.footprint, "m2"),
        "outside": outside, "units": building.units.iter().map(|one| fields(one)).collect::<Vec<_>>(),
        "change": building.change.as_ref().map(|one| change(one, crs))
    })
}

fn gone(gone: &GoneBuilding) -> Json {
    json!({
        "code": gone.code, "fid": gone.feature.value(), "removed": gone.is_removed,
        "footprint": measure(&gone.footprint, "m2"),
        "revision": gone.revision.0, "recordedAt": gone.recorded_at.map(time)
    })
}

fn change(change: &Change, crs: &Crs) -> Json {
    let area = |value: f64| number(value, "m2", Method::AgainstHistory, crs);
    json!({
        "revision": change.revision.0, "recordedAt": change.recorded_at.map(time),
        "before": change.before_m2.map(area), "after": area(change.after_m2),
        "gained": area(change.gained_m2), "lost": area(change.lost_m2)
    })
}

/// A moment as RFC 3339.
pub(super) fn time(moment: Timestamp) -> String {
    formats::datetime::utc_of_millis(moment.0)
}

fn photo(photo: &Photo, href: &str, kind: &str) -> Json {
    let bytes = photo
        .hash
        .as_ref()
        .map(|_| format!("{href}/photos/{}?kind={}", encode(&photo.code), encode(kind)));
    json!({
        "code": photo.code, "title": photo.title, "capturedAt": photo.captured_at,
        "sha256": photo.hash, "href": bytes
    })
}

fn record(record: &Record, base: &str) -> Json {
    let members = record.fields.iter().map(|one| (one.field.clone(), member(&one.value)));
    json!({
        "collection": record.collection.as_str(), "fid": record.feature.value(),
        "via": record.via.identifier(),
        "href": format!("{base}/collections/{}/items/{}", record.collection, record.feature),
        "properties": members.collect::<Map<_, _>>()
    })
}

fn history(line: &HistoryLine) -> Json {
    let operation = match line.operation {
        Operation::Load => "load",
        Operation::Insert => "insert",
        Operation::Replace => "replace",
        Operation::Delete => "delete",
        Operation::Erase => "erase",
    };
    json!({
        "revision": line.revision.0, "recordedAt": line.recorded_at.map(time),
        "collection": line.collection.as_str(), "name": line.name,
        "operation": operation, "fields": line.fields, "geometry": line.is_moved
    })
}
