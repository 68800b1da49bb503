//! How the collections that ship are drawn: MapLibre layers, by the id of the collection. Records beside
//! the points are off until a reader asks for them.

/// The style of a collection; none has the default one.
pub fn style_of(id: &str) -> Option<&'static str> {
    Some(match id {
        "admin_units" => include_str!("styles/admin_units.json"),
        "alleys" => include_str!("styles/alleys.json"),
        "buildings" => include_str!("styles/buildings.json"),
        "buildings_last" => include_str!("styles/buildings_last.json"),
        "clue_reviews" | "enterprise_reviews" => include_str!("styles/clue_reviews.json"),
        "comments" => include_str!("styles/comments.json"),
        "complaints" => include_str!("styles/complaints.json"),
        "districts" => include_str!("styles/districts.json"),
        "enterprises" => include_str!("styles/enterprises.json"),
        "focus_areas" => include_str!("styles/focus_areas.json"),
        "green_plots" => include_str!("styles/green_plots.json"),
        "grid_cells" => include_str!("styles/grid_cells.json"),
        "households" => include_str!("styles/households.json"),
        "land_releases" => include_str!("styles/land_releases.json"),
        "lanes" => include_str!("styles/lanes.json"),
        "markets" => include_str!("styles/markets.json"),
        "notices" => include_str!("styles/notices.json"),
        "outlets" => include_str!("styles/outlets.json"),
        "parcels" => include_str!("styles/parcels.json"),
        "patrols" => include_str!("styles/patrols.json"),
        "places" => include_str!("styles/places.json"),
        "planning_layers" => include_str!("styles/planning_layers.json"),
        "plans" => include_str!("styles/plans.json"),
        "point_areas" => include_str!("styles/point_areas.json"),
        "points" => include_str!("styles/points.json"),
        "problems" => include_str!("styles/problems.json"),
        "shops" => include_str!("styles/shops.json"),
        "towns" => include_str!("styles/towns.json"),
        "villages" => include_str!("styles/villages.json"),
        "whistles" => include_str!("styles/whistles.json"),
        _ => return None,
    })
}
