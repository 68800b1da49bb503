//! Our geometry against PostGIS: relations, predicates and overlays of random valid pairs, and
//! the parcels that random areas meet.
//!
//! Run by `tests/postgis/run`, in two steps round a server: the first writes what PostGIS shall
//! answer into the folder named by `TUBAN_POSTGIS_DIR`, the second reads its answers there. Both
//! make the same geometries from one seed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use geo_types::{
    Coord, Geometry as Shape, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon,
};
use spatial::join::{Join, JoinOn};
use spatial::{
    Budget, Collection, CollectionSnapshot, Crs, CrsRegistry, Feature, FeatureId, Geometry,
    GeometryType, Metric, OverlayOp, Predicate, Revision, Stage, WorldProjector, measure, overlay,
    pair, repair, wkb,
};
use tuban::synth::{Layer, Synth};

const PAIRS: usize = 10_000;
const PARCELS: u64 = 20_000;
const AREAS: usize = 1_000;
/// Metres of the second question about areas and parcels.
const DISTANCE: f64 = 30.0;

/// Fixed chance: SplitMix64.
struct Dice(u64);

impl Dice {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, count: u64) -> u64 {
        self.bits() % count
    }

    /// Between 0 and 1.
    fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn cell(&mut self) -> Coord<f64> {
        Coord { x: self.below(9) as f64, y: self.below(9) as f64 }
    }

    fn cells(&mut self, least: u64, most: u64) -> LineString<f64> {
        let count = least + self.below(most - least + 1);
        LineString((0..count).map(|_| self.cell()).collect())
    }

    /// A star about `middle`, simple by construction.
    fn star(&mut self, middle: Coord<f64>, reach: f64, corners: u64) -> Polygon<f64> {
        let turned = self.unit();
        let corner = |number: u64| {
            let angle = (number as f64 + turned) / corners as f64 * std::f64::consts::TAU;
            let radius = reach * (0.3 + 0.7 * self.unit());
            Coord { x: middle.x + radius * angle.cos(), y: middle.y + radius * angle.sin() }
        };
        let mut ring: Vec<Coord<f64>> = (0..corners).map(corner).collect();
        ring.push(ring[0]);
        Polygon::new(LineString(ring), vec![])
    }

    /// One valid shape: mostly on a grid of 9 × 9, where everything touches everything.
    fn shape(&mut self, far: bool) -> Shape<f64> {
        loop {
            let shape: Shape<f64> = match self.below(10) {
                0 => Shape::Point(Point(self.cell())),
                1 => {
                    let mut cells = self.cells(1, 4).0;
                    cells.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
                    cells.dedup();
                    Shape::MultiPoint(MultiPoint(cells.into_iter().map(Point).collect()))
                }
                2 | 3 => self.cells(2, 2).into(),
                4 => Shape::MultiLineString(MultiLineString(vec![self.cells(2, 2)])),
                5 => Shape::Polygon(self.star(Coord { x: 4.5, y: 4.5 }, 4.0, 9)),
                6 => Shape::MultiPolygon(MultiPolygon(vec![
                    Polygon::new(self.cells(3, 5), vec![]),
                    Polygon::new(self.cells(3, 5), vec![]),
                ])),
                _ => Shape::Polygon(Polygon::new(self.cells(3, 8), vec![self.cells(3, 5)])),
            };
            let star = matches!(&shape, Shape::Polygon(star) if star.exterior().0.len() == 10);
            let Some(mended) = repair::repair(shape.into()).geometry else { continue };
            // A crossing that was rounded to a coordinate lies beside its edges by a last bit:
            // exact arithmetic sees that, and GEOS, which rounds on the way, sees it at times.
            let on_grid = mended.coords().iter().flatten().all(|value| value.fract() == 0.0);
            if !(on_grid || star) {
                continue;
            }
            let mut shape = mended.shape;
            if far {
                // A power of two keeps the grid a grid, in the coordinates of a town.
                let place = |c: Coord<f64>| Coord {
                    x: c.x * 4.0 + 39_447_312.0,
                    y: c.y * 4.0 + 4_419_003.0,
                };
                shape = geo::MapCoords::map_coords(&shape, place);
            }
            return shape;
        }
    }
}

fn pairs() -> Vec<[Shape<f64>; 2]> {
    let mut dice = Dice(1);
    (0..PAIRS).map(|number| [(); 2].map(|()| dice.shape(number % 4 == 3))).collect()
}

fn parcels() -> (Collection, Vec<Feature>) {
    let synth = Synth::new(1, PARCELS, None, &Crs::Epsg(4548)).unwrap();
    let features = synth.features(Layer::Parcels).zip(1..).map(|(feature, number)| Feature {
        id: Some(FeatureId::try_from(number).unwrap()),
        ..feature.unwrap()
    });
    (synth.collection(Layer::Parcels).unwrap(), features.collect())
}

/// Areas about parcels; every fourth is a parcel itself, which shares edges with others.
fn areas(parcels: &[Feature]) -> Vec<Shape<f64>> {
    let mut dice = Dice(2);
    let area = |number: usize| {
        let parcel = &parcels[dice.below(parcels.len() as u64) as usize];
        let geometry = parcel.geometry.as_ref().unwrap();
        if number.is_multiple_of(4) {
            return geometry.shape.clone();
        }
        let [x, y] = geometry.coords()[0];
        let (reach, corners) = (10.0 + 300.0 * dice.unit() * dice.unit(), 5 + dice.below(60));
        Shape::Polygon(dice.star(Coord { x, y }, reach, corners))
    };
    (0..AREAS).map(area).collect()
}

pub fn folder() -> PathBuf {
    PathBuf::from(std::env::var_os("TUBAN_POSTGIS_DIR").expect("run it by tests/postgis/run"))
}

pub fn hex(shape: &Shape<f64>) -> String {
    wkb::encode(&shape.clone().into()).iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02X}").unwrap();
        text
    })
}

#[test]
#[ignore = "a step of tests/postgis/run"]
fn pairs_and_areas_are_written_for_postgis() {
    let write = |name: &str, rows: Vec<String>| {
        fs::write(folder().join(name), rows.join("\n") + "\n").unwrap();
    };
    let rows = pairs()
        .iter()
        .enumerate()
        .map(|(number, [a, b])| format!("{},{},{}", number + 1, hex(a), hex(b)))
        .collect();
    write("pairs.csv", rows);
    let (_, parcels) = parcels();
    let shapes = |shapes: Vec<&Shape<f64>>| {
        shapes.iter().enumerate().map(|(n, shape)| format!("{},{}", n + 1, hex(shape))).collect()
    };
    write("areas.csv", shapes(areas(&parcels).iter().collect()));
    let parcels = parcels.iter().map(|parcel| &parcel.geometry.as_ref().unwrap().shape);
    write("parcels.csv", shapes(parcels.collect()));
}

/// Rows of an answer of PostGIS: comma-separated fields, without a header.
pub fn answer(name: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(folder().join(name)).unwrap();
    text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

fn report(what: &str, offences: &[String], of: usize) {
    let some = &offences[..offences.len().min(20)];
    assert!(
        offences.is_empty(),
        "{} of {of} {what} differ:\n  {}",
        offences.len(),
        some.join("\n  ")
    );
}

fn is_areal(shape: &Shape<f64>) -> bool {
    matches!(shape, Shape::Polygon(_) | Shape::MultiPolygon(_))
}

fn is_linear(shape: &Shape<f64>) -> bool {
    matches!(shape, Shape::LineString(_) | Shape::MultiLineString(_))
}

#[test]
#[ignore = "a step of tests/postgis/run"]
fn relations_and_overlays_are_those_of_postgis() {
    let rows = answer("relations.csv");
    assert_eq!(rows.len(), PAIRS);
    let mut offences = Vec::new();
    let mut kinds: BTreeMap<bool, usize> = BTreeMap::new();
    for (row, [a, b]) in rows.iter().zip(pairs()) {
        let [_, valid, matrix, flags, area, length] = row.as_slice() else { panic!("{row:?}") };
        let found = pair::compare(&a.clone().into(), &b.clone().into()).unwrap();
        let ours: String =
            found.predicates().iter().map(|(_, holds)| if *holds { 't' } else { 'f' }).collect();
        let mut differ = |what: &str, ours: &str, theirs: &str| {
            offences.push(format!("{what}: {ours} here, {theirs} there: {a:?} {b:?}"));
        };
        if valid != "t" {
            differ("validity", "t", valid);
        }
        if found.matrix.to_string() != *matrix {
            differ("matrix", &found.matrix.to_string(), matrix);
        } else if ours != *flags {
            differ("predicates", &ours, flags);
        }
        *kinds.entry(found.holds(Predicate::Intersects)).or_default() += 1;
        let areal = is_areal(&a) && is_areal(&b);
        if areal || is_linear(&a) && is_areal(&b) {
            let both = overlay(OverlayOp::Intersection, &a, &b).unwrap();
            let (ours, theirs) =
                if areal { (both.area, area) } else { (measure::length(&both.geometry), length) };
            let theirs: f64 = theirs.parse().unwrap();
            let whole = Geometry::from(a.clone());
            let size = measure::area(&whole).max(1.0);
            // GEOS computes with coordinates, whose last bit far from the origin is 7.5e-9.
            let last_bit = whole.envelope().max_x * f64::EPSILON;
            let border =
                measure::perimeter(&whole).max(1.0) + measure::perimeter(&b.clone().into());
            if (ours - theirs).abs() > 1e-9 * size + last_bit * border {
                differ("overlay", &ours.to_string(), &theirs.to_string());
            }
        }
    }
    // Neither kind is a corner case here.
    assert!(kinds.len() == 2 && kinds.values().all(|count| *count > PAIRS / 10), "{kinds:?}");
    report("pairs", &offences, PAIRS);
}

fn snapshot(collection: Collection, features: &[Feature]) -> CollectionSnapshot {
    let registry = CrsRegistry::default();
    let projector = WorldProjector::new(&registry, &collection.crs).unwrap();
    let stage = Stage::new(&collection, features, &|coords, world| {
        projector.project_all(coords, world);
    });
    CollectionSnapshot::build(collection, Revision(1), vec![stage])
}

#[test]
#[ignore = "a step of tests/postgis/run"]
fn areas_meet_the_parcels_that_postgis_finds() {
    let (collection, parcels) = parcels();
    let areas: Vec<Feature> = areas(&parcels)
        .into_iter()
        .zip(1..)
        .map(|(shape, number)| Feature {
            id: Some(FeatureId::try_from(number).unwrap()),
            geometry: Some(shape.into()),
            properties: vec![],
        })
        .collect();
    let of_areas = Collection {
        geometry_type: GeometryType::MultiPolygon,
        fields: vec![],
        ..collection.clone()
    };
    let (areas, parcels) = (snapshot(of_areas, &areas), snapshot(collection, &parcels));
    let near = JoinOn::Within { distance: DISTANCE, metric: Metric::Plane };
    let asked = [
        ("intersects.csv", JoinOn::Predicate(Predicate::Intersects)),
        ("touches.csv", JoinOn::Predicate(Predicate::Touches)),
        ("contains.csv", JoinOn::Predicate(Predicate::Contains)),
        ("dwithin.csv", near),
    ];
    for (name, on) in asked {
        let join = Join::new((&areas).into(), (&parcels).into(), on).unwrap();
        let ours: Vec<String> = join
            .pairs(usize::MAX, &Budget::unbounded())
            .unwrap()
            .into_iter()
            .map(|(area, parcel)| format!("{area},{parcel}"))
            .collect();
        let theirs: Vec<String> = answer(name).iter().map(|row| row.join(",")).collect();
        assert!(theirs.len() > AREAS / 2, "{name}: {} pairs", theirs.len());
        let only = |a: &[String], b: &[String], who: &str| -> Vec<String> {
            let known: std::collections::BTreeSet<&String> = b.iter().collect();
            a.iter()
                .filter(|pair| !known.contains(pair))
                .map(|p| format!("{p} only {who}"))
                .collect()
        };
        let offences = [only(&ours, &theirs, "here"), only(&theirs, &ours, "there")].concat();
        report(name, &offences, theirs.len());
        assert_eq!(ours, theirs);
    }
}
