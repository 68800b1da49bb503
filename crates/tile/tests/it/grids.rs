//! Tile matrix sets other than Web Mercator: numbers, identifiers, definitions of a site.

use std::collections::BTreeMap;

use spatial::{Crs, CrsRegistry, Zooms};
use tile::{
    CGCS2000_GK117_QUAD, CGCS2000_QUAD, GridDefinition, GridError, MAX_OWN_SETS, TileCoord,
    TileMatrixSets, WEB_MERCATOR_QUAD, WORLD_CRS84_QUAD,
};

fn definition(id: &str, crs: Crs) -> GridDefinition {
    GridDefinition {
        id: id.to_owned(),
        title: String::new(),
        crs,
        origin: None,
        extent: None,
        zooms: 12,
    }
}

fn own(definitions: Vec<GridDefinition>) -> Result<TileMatrixSets, GridError> {
    TileMatrixSets::with(definitions, &CrsRegistry::default())
}

#[test]
fn cgcs2000_quad_is_numbered_as_tianditu_numbers_it() {
    let set = &CGCS2000_QUAD;
    let ids: Vec<String> = set.zooms().map(|zoom| set.matrix_id(zoom)).collect();
    assert_eq!((ids.len(), ids[0].as_str(), ids[20].as_str()), (21, "1", "21"));
    for level in 1..=21_u8 {
        let zoom = set.zoom_of(&level.to_string()).unwrap();
        assert_eq!(set.matrix_width(zoom), 1 << level);
        assert_eq!(set.matrix_height(zoom), 1 << (level - 1));
        assert_eq!(set.cell_size(zoom), 360.0 / f64::from(1_u32 << level) / 256.0);
        // The same pixels one level below of the registered set.
        if level <= 18 {
            assert_eq!(WORLD_CRS84_QUAD.zoom_of(&(level - 1).to_string()), Some(zoom));
            assert_eq!(WORLD_CRS84_QUAD.matrix_height(zoom), set.matrix_height(zoom));
        }
    }
    let first = set.zoom_of("1").unwrap();
    assert_eq!(set.scale_denominator(first), 279_541_132.014_358_9);
    assert_eq!(WORLD_CRS84_QUAD.scale_denominator(first), 279_541_132.014_358_9);
    assert_eq!(set.cell_size(first), 0.703_125);
    assert_eq!(set.in_axis_order(set.origin), [90.0, -180.0]);
    assert_eq!(WORLD_CRS84_QUAD.in_axis_order(set.origin), [-180.0, 90.0]);
    for unknown in ["0", "22", "01", "+1", "", "one"] {
        assert_eq!(set.zoom_of(unknown), None, "{unknown:?}");
    }
}

#[test]
fn the_southern_half_of_the_square_has_no_tiles() {
    let below = TileCoord::new(&CGCS2000_QUAD, 3, 0, 4).unwrap_err();
    assert_eq!(below.to_string(), "row 4 is not in 0..=3 of CGCS2000Quad at zoom 3");
    TileCoord::new(&CGCS2000_QUAD, 3, 7, 3).unwrap();
    let above = TileCoord::new(&WORLD_CRS84_QUAD, 0, 0, 0).unwrap_err();
    assert_eq!(above.to_string(), "zoom 0 is not in 1..=18 of WorldCRS84Quad");
    let low = TileCoord::new(&WORLD_CRS84_QUAD, 2, 0, 2).unwrap_err();
    assert_eq!(low.to_string(), "row 2 is not in 0..=1 of WorldCRS84Quad at zoom 1");
}

#[test]
fn zooms_of_collections_are_those_of_web_mercator() {
    let zooms = |min, max| Zooms { min, max };
    assert_eq!(WEB_MERCATOR_QUAD.drawn(zooms(3, 14)), 3..=14);
    assert_eq!(CGCS2000_QUAD.drawn(zooms(0, 22)), 1..=21);
    assert_eq!(WORLD_CRS84_QUAD.drawn(zooms(0, 14)), 1..=14);
    assert!(CGCS2000_QUAD.drawn(zooms(22, 22)).is_empty());
    // A tile of a zone is about a quarter as wide as one of Web Mercator.
    let zone = &CGCS2000_GK117_QUAD;
    assert_eq!((zone.mercator_zoom(12), zone.cell_size(15)), (14, 1.0));
    assert_eq!(zone.drawn(zooms(10, 14)), 8..=12);
    assert_eq!(zone.drawn(zooms(0, 1)), 0..=0);
}

#[test]
fn a_zone_needs_no_numbers() {
    let sets = own(vec![definition("zone38", Crs::Epsg(4526))]).unwrap();
    assert_eq!(
        sets.ids(),
        ["WebMercatorQuad", "WorldCRS84Quad", "CGCS2000Quad", "CGCS2000GK117Quad", "zone38"]
    );
    let set = sets.find("zone38").unwrap();
    assert_eq!(set.origin, [38_500_000.0 - 4_194_304.0, 8_388_608.0]);
    assert_eq!((set.width, set.max_zoom(), set.uri), (8_388_608.0, 11, None));
    assert_eq!((set.axes, set.crs), (["N", "E"], "http://www.opengis.net/def/crs/EPSG/0/4526"));
    assert_eq!(sets.find("zone39"), None);
}

#[test]
fn of_a_local_grid_only_the_name_is_published() {
    let secret =
        "+proj=tmerc +lat_0=0 +lon_0=116.35 +k=1 +x_0=98765 +y_0=-54321 +ellps=GRS80 +units=m";
    let sites = BTreeMap::from([("town".to_owned(), secret.to_owned())]);
    let registry = CrsRegistry::new(sites).unwrap();
    let town = GridDefinition {
        title: "Town".to_owned(),
        origin: Some([90_000.0, 4_600_000.0]),
        extent: Some(65_536.0),
        ..definition("town", Crs::Site("town".to_owned()))
    };
    let sets = TileMatrixSets::with(vec![town], &registry).unwrap();
    let set = sets.find("town").unwrap();
    assert_eq!((set.crs, set.title), ("site:town", "Town"));
    let shown = format!("{set:?}");
    for part in ["98765", "54321", "116.35"] {
        assert!(!shown.contains(part), "{shown}");
    }
}

#[test]
fn a_grid_that_cannot_be_used_is_refused_with_the_way_out() {
    let zone = || definition("zone", Crs::Epsg(4547));
    let geographic =
        |origin, extent| GridDefinition { origin, extent, ..definition("g", Crs::CGCS2000) };
    let cases = [
        (definition("a/b", Crs::Epsg(4547)), "write another one"),
        (definition("CGCS2000Quad", Crs::Epsg(4547)), "choose another id"),
        (definition("g", Crs::Epsg(99_999)), "99999"),
        (definition("g", Crs::Site("nowhere".to_owned())), "nowhere"),
        (geographic(None, None), "extent is missing"),
        (geographic(None, Some(4.0)), "origin is missing"),
        (geographic(Some([f64::NAN, 1.0]), Some(4.0)), "two numbers"),
        (GridDefinition { extent: Some(0.0), ..zone() }, "above 0"),
        (GridDefinition { extent: Some(f64::INFINITY), ..zone() }, "above 0"),
        (GridDefinition { zooms: 0, ..zone() }, "1 to 23"),
        (GridDefinition { zooms: 24, ..zone() }, "1 to 23"),
        (GridDefinition { title: "长".repeat(201), ..zone() }, "200"),
    ];
    for (definition, expected) in cases {
        let shown = format!("{definition:?}");
        let error = own(vec![definition]).unwrap_err().to_string();
        assert!(error.contains(expected), "{shown}: {error}");
    }
    let twice = own(vec![zone(), zone()]).unwrap_err();
    assert!(matches!(twice, GridError::Twice { .. }), "{twice}");
    let many = (0..=MAX_OWN_SETS).map(|n| definition(&format!("g{n}"), Crs::Epsg(4547)));
    assert!(matches!(own(many.collect()), Err(GridError::TooMany { count: 33 })));
}
