//! The ground that a file shows, for whoever counts what leaves.

use ledger::dossier::{Contents, SubjectName};
use spatial::world::from_lon_lat;
use spatial::{Crs, CrsError, CrsRegistry, Geometry, WorldBox};

/// What a file is of, as the audit log names it.
pub fn named(subject: &SubjectName) -> String {
    let SubjectName { kind, id, collection, feature, .. } = subject;
    let id: String = id.chars().take(60).collect();
    format!("{kind} {id} ({collection}/{feature})")
}

/// Boxes around its parcels, what is drawn around them, and its buildings.
///
/// # Errors
/// When a plane is not known any more.
pub fn ground(file: &Contents, registry: &CrsRegistry) -> Result<Vec<WorldBox>, CrsError> {
    let mut boxes = Vec::new();
    for parcel in &file.parcels {
        let Some(plane) = &parcel.plane else { continue };
        let around = parcel.around.iter().map(|(_, shape)| shape);
        add(&mut boxes, parcel.shape.iter().chain(around), plane, registry)?;
    }
    for building in &file.buildings {
        add(&mut boxes, std::iter::once(&building.shape), &building.footprint.crs, registry)?;
    }
    Ok(boxes)
}

fn add<'a>(
    boxes: &mut Vec<WorldBox>,
    shapes: impl Iterator<Item = &'a Geometry>,
    plane: &Crs,
    registry: &CrsRegistry,
) -> Result<(), CrsError> {
    let way = registry.projector(plane, &Crs::CGCS2000)?;
    for envelope in shapes.map(Geometry::envelope).filter(|envelope| !envelope.is_empty()) {
        let mut area = WorldBox::EMPTY;
        for x in [envelope.min_x, envelope.max_x] {
            for y in [envelope.min_y, envelope.max_y] {
                area.extend(from_lon_lat(way.project([x, y])?));
            }
        }
        boxes.push(area);
    }
    Ok(())
}
