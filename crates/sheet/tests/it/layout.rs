//! What stands on pages: labels apart from each other, nothing beyond the paper, every text whole.

use proptest::prelude::*;
use sheet::{
    Area, Dossier, Fonts, Item, NamedLine, Orientation, Page, Paper, Run, TextKind, pages,
};

use crate::courtyards::{ORIGIN, household, rectangle, ring, shifted, usual};

/// Whether boxes share more than an edge: no side of either parts them.
fn do_overlap(a: &Run, b: &Run) -> bool {
    let (a, b) = (a.corners(), b.corners());
    let is_apart = |sides: &[[f64; 2]; 4]| {
        (0..2).any(|side| {
            let axis = [sides[side + 1][0] - sides[side][0], sides[side + 1][1] - sides[side][1]];
            let long = axis[0].hypot(axis[1]);
            let span = |quad: &[[f64; 2]; 4]| {
                let along = quad.map(|at| (at[0] * axis[0] + at[1] * axis[1]) / long);
                (
                    along.iter().copied().fold(f64::MAX, f64::min),
                    along.iter().copied().fold(f64::MIN, f64::max),
                )
            };
            let ((a0, a1), (b0, b1)) = (span(&a), span(&b));
            a1 <= b0 + 1e-3 || b1 <= a0 + 1e-3
        })
    };
    !is_apart(&a) && !is_apart(&b)
}

fn check_page(page: &Page) {
    let runs: Vec<&Run> = page.runs().filter(|run| run.kind != TextKind::Watermark).collect();
    for (at, a) in runs.iter().enumerate() {
        for b in &runs[at + 1..] {
            assert!(!do_overlap(a, b), "{a:?} lies on {b:?}");
        }
    }
    let [width, height] = page.size;
    let check = |what: &dyn std::fmt::Debug, [x, y]: [f64; 2]| {
        assert!(
            (4.0..=width - 4.0).contains(&x) && (4.0..=height - 4.0).contains(&y),
            "{what:?}: {x} {y}"
        );
    };
    for item in &page.items {
        match item {
            Item::Text(run) => run.corners().into_iter().for_each(|at| check(run, at)),
            Item::Shape(shape) => shape.parts.iter().flatten().for_each(|at| check(shape, *at)),
            Item::Picture(picture) => {
                check(&picture.at, picture.at);
                check(
                    &picture.size,
                    [picture.at[0] + picture.size[0], picture.at[1] + picture.size[1]],
                );
            }
        }
    }
}

fn said(pages: &[Page]) -> String {
    pages.iter().flat_map(Page::runs).map(|run| run.text.as_str()).collect()
}

fn check_pages(dossier: &Dossier) -> Vec<Page> {
    let fonts = Fonts::shipped().unwrap();
    let mut last = Vec::new();
    for paper in [Paper::A4, Paper::A3] {
        for orientation in [Orientation::Portrait, Orientation::Landscape] {
            last = pages(dossier, paper, orientation, &fonts).unwrap();
            last.iter().for_each(check_page);
        }
    }
    last
}

#[test]
fn a_usual_courtyard_says_everything() {
    let pages = check_pages(&usual());
    let said = said(&pages);
    for text in
        ["J1J2J3J4", "分户院落图", "砖混 1", "15.92", "20.00", "影像图", "后墙 2025-06-03", "1:100"]
    {
        assert!(said.contains(text), "{text}: {said}");
    }
    assert!(!said.contains("未注于图"), "{said}");
    assert!(pages.iter().all(|page| page.missing.is_empty()));
}

#[test]
fn l_shapes_and_holes_are_numbered_outside_their_ground() {
    let l = [[0.0, 0.0], [20.0, 0.0], [20.0, 9.0], [9.0, 9.0], [9.0, 24.0], [0.0, 24.0]];
    let hole = [[2.0, 2.0], [2.0, 7.0], [7.0, 7.0], [7.0, 2.0]];
    let area = Area { exterior: shifted(&l), holes: vec![shifted(&hole)] };
    let dossier = household(vec![area], "甲示范村 21 号");
    let pages = check_pages(&dossier);
    let names: Vec<String> = dossier.boundary.iter().map(|one| one.name.clone()).collect();
    assert_eq!(names.len(), 10);
    assert_eq!(
        dossier.boundary[0].at,
        [ORIGIN[0], ORIGIN[1] + 24.0],
        "J1 is the north-western one"
    );
    assert_eq!(dossier.boundary[1].at, [ORIGIN[0] + 9.0, ORIGIN[1] + 24.0], "clockwise");
    assert!(said(&pages).contains("J10"));
}

#[test]
fn very_long_names_are_wrapped_or_shrunk_and_stay_whole() {
    let long = "甲示范镇乙示范村第三村民小组示范南街北侧东起第十二排".repeat(6);
    let mut dossier = household(vec![rectangle(0.0, 0.0, 12.0, 18.0)], &long);
    dossier.title = "分户院落图".repeat(9);
    dossier.bounds.north = long.clone();
    dossier.bounds.east = long.clone();
    dossier.fields.push(("备注".to_owned(), long.repeat(9)));
    dossier.listings[0].rows.push(vec![long.clone(), long.clone(), long.repeat(40)]);
    dossier.watermark = long.clone();
    dossier.crs = long.repeat(3) + "末";
    let pages = check_pages(&dossier);
    let said = said(&pages);
    assert!(said.contains('末'), "the CRS goes on among the notes");
    assert!(
        said.matches("第十二排").count() > 9 * 6 + 40 * 6,
        "{}",
        said.matches("第十二排").count()
    );
}

#[test]
fn where_points_lie_close_the_table_has_them_and_the_plan_says_so() {
    let radii: Vec<f64> = (0..200).map(|at| if at % 2 == 0 { 9.0 } else { 8.6 }).collect();
    let dossier = household(vec![ring(&radii)], "甲示范村 22 号");
    let pages = check_pages(&dossier);
    let said = said(&pages);
    assert!(said.contains("未注于图，见界址点成果表"), "{said}");
    assert!(said.contains("J200"));
    let rows = pages.iter().flat_map(Page::runs).filter(|run| run.text.starts_with("4398")).count();
    assert!(rows >= 200, "{rows}");
}

#[test]
fn a_character_without_a_glyph_is_drawn_as_its_code_point_and_reported() {
    let dossier = household(vec![rectangle(0.0, 0.0, 12.0, 18.0)], "甲示范村\u{20BB7}户");
    let pages = check_pages(&dossier);
    assert!(pages[0].missing.contains(&'\u{20BB7}'));
    assert!(
        pages[0].runs().any(|run| run.text == "20") && pages[0].runs().any(|run| run.text == "BB7")
    );
}

#[test]
fn alleys_and_buildings_have_sheets_of_their_own() {
    let long: Vec<[f64; 2]> =
        (0..40).map(|at| [f64::from(at) * 12.0, f64::from(at % 7) * 3.0]).collect();
    let mut alley = household(Vec::new(), "示范北巷");
    alley.lines = vec![NamedLine { name: "示范北巷".to_owned(), line: shifted(&long) }];
    let pages = check_pages(&alley);
    assert!(pages[0].runs().any(|run| run.kind == TextKind::Label && run.text == "示范北巷"));
    let mut building = household(Vec::new(), "甲示范村卫生室");
    building.buildings = usual().buildings;
    assert!(said(&check_pages(&building)).contains("F1砖混 189.60㎡"));
}

#[test]
fn what_is_no_ground_is_refused_or_drawn_without_a_plan() {
    let fonts = Fonts::shipped().unwrap();
    let draw = |dossier: &Dossier| pages(dossier, Paper::A4, Orientation::Fitting, &fonts);
    let empty = draw(&Dossier::default()).unwrap();
    assert!(said(&empty).contains("无图形数据"));
    for bad in [f64::NAN, f64::INFINITY, 1e300] {
        let area = Area { exterior: vec![[0.0, 0.0], [1.0, bad], [1.0, 1.0]], holes: Vec::new() };
        let dossier = Dossier { areas: vec![area], ..Dossier::default() };
        assert!(draw(&dossier).unwrap_err().to_string().contains("the subject"));
    }
    let point = Area { exterior: vec![ORIGIN; 4], holes: Vec::new() };
    check_pages(&household(vec![point], "一点"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn labels_never_overlap(
        radii in prop::collection::vec(3.0_f64..40.0, 4..200),
        stretch in 0.05_f64..30.0,
        name in "[\u{4e00}-\u{9fa5}a-z0-9 ]{0,80}",
        house in (0.0_f64..1.0, 0.0_f64..1.0),
    ) {
        let radii: Vec<f64> = radii.iter().map(|radius| radius * stretch).collect();
        let mut area = ring(&radii);
        let inner: Vec<[f64; 2]> =
            ring(&[stretch, 2.0 * stretch, 1.5 * stretch]).exterior;
        area.holes.push(inner);
        let mut dossier = household(vec![area], &name);
        dossier.buildings = usual().buildings;
        dossier.neighbours = usual().neighbours;
        dossier.neighbours[0].name = name.clone();
        dossier.buildings[0].areas = vec![rectangle(house.0 * stretch * 9.0, house.1 * stretch * 9.0, stretch * 7.0, stretch * 5.0)];
        let fonts = Fonts::shipped().unwrap();
        for orientation in [Orientation::Portrait, Orientation::Landscape] {
            pages(&dossier, Paper::A4, orientation, &fonts).unwrap().iter().for_each(check_page);
        }
    }
}
