//! Definitions hold together or say what is wrong; boundary tables close; percents are those of weights.
#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;

fn shipped() -> DossierSet {
    toml::from_str(DEFAULT_DOSSIERS).unwrap()
}

#[test]
fn what_ships_holds_together_and_mistakes_are_all_told() {
    let dossiers = Dossiers::new(shipped()).unwrap();
    let kinds: Vec<&str> =
        dossiers.set().subjects.iter().map(|subject| subject.kind.as_str()).collect();
    assert_eq!(kinds, ["household", "unit", "building", "alley"]);
    assert_eq!(dossiers.kind(None).unwrap().kind, "household");
    assert!(dossiers.kind(Some("person")).is_none());
    assert!(dossiers.collections().contains(&"shares"));
    let mut broken = shipped();
    broken.reach.across = f64::NAN;
    broken.parcels.collection = "宗 地".to_owned();
    broken.subjects[1].kind = "household".to_owned();
    broken.subjects[1].parts[0].weight = 0;
    broken.subjects[1].parts[3].field = None;
    let told: Vec<String> =
        Dossiers::new(broken).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 5, "{told:#?}");
    for key in ["reach.across", "parcels.collection", "kind: ", "parts.weight", "parts.field"] {
        assert!(told.iter().any(|fault| fault.contains(key)), "{key}: {told:#?}");
    }
}

#[test]
fn a_file_is_as_complete_as_the_weights_of_its_parts_say() {
    let set = shipped();
    let kind = &set.subjects[0];
    let with = |there: &[PartKind]| Completeness::of(kind, |part| there.contains(&part.part));
    let all = [
        PartKind::Parcel,
        PartKind::Building,
        PartKind::Photo,
        PartKind::Share,
        PartKind::Place,
        PartKind::Field,
    ];
    assert!(with(&all).is_complete());
    assert_eq!(with(&all).basis_points(), 10_000);
    let some = with(&[PartKind::Parcel, PartKind::Place]);
    assert_eq!((some.weights(), some.basis_points()), ([4, 10], 4_000));
    assert_eq!(some.missing().collect::<Vec<_>>(), ["建筑", "照片", "份额", "门牌号"]);
}

#[test]
fn points_are_numbered_clockwise_from_the_north_west() {
    // Counterclockwise as it comes, with a hole the same way round.
    let ring = vec![[0.0, 0.0], [20.0, 0.0], [20.0, 10.0], [0.0, 10.0], [0.0, 0.0]];
    let hole = vec![[5.0, 5.0], [6.0, 5.0], [6.0, 6.0], [5.0, 5.0]];
    let boundary = Boundary::of(&[(false, ring), (true, hole)], &mut |at| at);
    let told: Vec<(usize, [i64; 2], usize, i64)> = boundary
        .points()
        .map(|point| (point.number, [point.east_mm, point.north_mm], point.next, point.edge_mm))
        .collect();
    assert_eq!(
        told,
        [
            (1, [0, 10_000], 2, 20_000),
            (2, [20_000, 10_000], 3, 10_000),
            (3, [20_000, 0], 4, 20_000),
            (4, [0, 0], 1, 10_000),
            (5, [6_000, 6_000], 6, 1_414),
            (6, [5_000, 5_000], 7, 1_000),
            (7, [6_000, 5_000], 5, 1_000),
        ]
    );
    assert_eq!(boundary.perimeter_mm(), 63_414);
}

#[test]
fn surveyed_points_name_the_vertices_that_they_lie_on() {
    let ring = vec![[0.0, 0.0], [20.0, 0.0], [20.0, 10.0], [0.0, 10.0]];
    let mut boundary = Boundary::of(&[(false, ring)], &mut |at| at);
    let point = |number: &str| SurveyedPoint {
        number: number.to_owned(),
        kind: Some("水泥钉".to_owned()),
        apart_mm: 0,
    };
    let points = [
        ([0.03, 10.0], point("J7")),
        ([0.01, 10.0], point("J8")),
        ([20.0, 9.9], point("J9")),
        ([19.96, 0.03], point("J10")),
    ];
    boundary.name_points(&points, 0.05);
    let told: Vec<(usize, &str, i64)> = boundary
        .surveyed
        .iter()
        .map(|(vertex, found)| (*vertex, found.number.as_str(), found.apart_mm))
        .collect();
    // The nearest of two; one ten centimetres off names none.
    assert_eq!(told, [(1, "J8", 10), (3, "J10", 50)]);
}

#[test]
fn sides_are_told_by_doors_lanes_and_what_is_across() {
    let door = |name: &str| Neighbour { code: "C".to_owned(), name: name.to_owned() };
    let border = |neighbour: Option<&str>, lane: Option<&str>, across: Option<&str>| Border {
        neighbour: neighbour.map(door),
        lane: lane.map(str::to_owned),
        across: across.map(door),
        metres: 3.1,
    };
    let side = Side {
        toward: crate::clue::Toward::East,
        borders: vec![
            border(Some("12号"), None, None),
            border(None, Some("示例巷"), Some("13号")),
            border(None, Some("示例巷"), None),
            border(None, None, Some("14号")),
            border(None, None, None),
        ],
    };
    assert_eq!(
        side_words(&side),
        "12号（3.10米）；示例巷，隔巷为13号（3.10米）；示例巷（3.10米）；空地，对面为14号（3.10米）；\
         未登记宗地（3.10米）"
    );
    assert_eq!(side_words(&Side { borders: Vec::new(), ..side }), "无");
}

proptest! {
    /// Whatever the rings: the vectors of the edges add up to nothing, each point follows from its edge,
    /// and no ordinate is off by more than half a millimetre.
    #[test]
    fn boundary_tables_close(
        rings in prop::collection::vec(
            (any::<bool>(), prop::collection::vec(
                (440_000.0..560_000.0f64, 4_300_000.0..4_500_000.0f64), 0..40,
            )), 0..4,
        ),
    ) {
        let rings: Vec<(bool, Vec<[f64; 2]>)> = rings
            .into_iter()
            .map(|(hole, ring)| (hole, ring.into_iter().map(|(x, y)| [x, y]).collect()))
            .collect();
        let boundary = Boundary::of(&rings, &mut |at| at);
        prop_assert_eq!(boundary.misclosure_mm(), [0, 0]);
        let all: Vec<&BoundaryPoint> = boundary.points().collect();
        for (at, point) in all.iter().enumerate() {
            prop_assert_eq!(point.number, at + 1);
            let next = all[point.next - 1];
            let exact = ((next.east_mm - point.east_mm) as f64)
                .hypot((next.north_mm - point.north_mm) as f64);
            prop_assert!((exact - point.edge_mm as f64).abs() <= 0.5);
        }
        let told: i64 = all.iter().map(|point| point.edge_mm).sum();
        prop_assert_eq!(boundary.perimeter_mm(), told);
        for (_, ring) in rings.iter().filter(|(_, ring)| ring.len() > 3) {
            for [x, y] in ring {
                let is_there = all.iter().any(|point| {
                    (point.east_mm as f64 / 1e3 - x).abs() <= 0.000_51
                        && (point.north_mm as f64 / 1e3 - y).abs() <= 0.000_51
                });
                prop_assert!(is_there, "{} {}", x, y);
            }
        }
    }
}
