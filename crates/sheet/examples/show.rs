//! Writes pages of test courtyards as PNG and PDF into a folder, to be looked at.
#![allow(clippy::unwrap_used, dead_code, reason = "an example")]

#[path = "../tests/it/courtyards.rs"]
mod courtyards;

use sheet::{Area, Fonts, Orientation, Paper};

fn main() {
    let folder = std::env::args().nth(1).unwrap();
    let fonts = Fonts::shipped().unwrap();
    let l = [[0.0, 0.0], [20.0, 0.0], [20.0, 9.0], [9.0, 9.0], [9.0, 24.0], [0.0, 24.0]];
    let hole = [[2.0, 2.0], [2.0, 7.0], [7.0, 7.0], [7.0, 2.0]];
    let area = Area { exterior: courtyards::shifted(&l), holes: vec![courtyards::shifted(&hole)] };
    let radii: Vec<f64> = (0..200).map(|at| 20.0 + 6.0 * f64::from(at % 7 * at % 5)).collect();
    let long = "甲示范镇乙示范村第三村民小组示范南街北侧东起第十二排".repeat(5);
    let mut wordy = courtyards::household(vec![courtyards::rectangle(0.0, 0.0, 12.0, 18.0)], &long);
    wordy.bounds.north = long.clone();
    wordy.bounds.east = long.clone();
    wordy.fields.push(("备注".to_owned(), long.repeat(4)));
    let line: Vec<[f64; 2]> =
        (0..40).map(|at| [f64::from(at) * 12.0, f64::from(at % 7) * 3.0]).collect();
    let mut alley = courtyards::household(Vec::new(), "示范北巷");
    alley.lines = vec![sheet::NamedLine {
        name: "示范北巷".to_owned(),
        line: courtyards::shifted(&line),
    }];
    alley.neighbours = courtyards::usual().neighbours;
    for (name, dossier, paper, orientation) in [
        ("usual", courtyards::usual(), Paper::A4, Orientation::Portrait),
        ("wide", courtyards::usual(), Paper::A4, Orientation::Landscape),
        ("large", courtyards::usual(), Paper::A3, Orientation::Landscape),
        (
            "shape",
            courtyards::household(vec![area], "甲示范村 21 号\u{20BB7}"),
            Paper::A4,
            Orientation::Fitting,
        ),
        (
            "many",
            courtyards::household(vec![courtyards::ring(&radii)], "甲示范村 22 号"),
            Paper::A4,
            Orientation::Fitting,
        ),
        ("alley", alley, Paper::A4, Orientation::Fitting),
        ("wordy", wordy, Paper::A4, Orientation::Fitting),
    ] {
        let pages = sheet::pages(&dossier, paper, orientation, &fonts).unwrap();
        for (at, page) in pages.iter().enumerate() {
            std::fs::write(
                format!("{folder}/{name}{at}.png"),
                sheet::png(page, &fonts, 100.0).unwrap(),
            )
            .unwrap();
        }
        std::fs::write(format!("{folder}/{name}.svg"), sheet::svg(&pages[0])).unwrap();
        std::fs::write(
            format!("{folder}/{name}.pdf"),
            sheet::pdf(&pages, &dossier.title, &fonts).unwrap(),
        )
        .unwrap();
    }
    let form = sheet::Form {
        title: "销账审批表".to_owned(),
        rows: vec![
            sheet::FormRow::Cells(vec![
                ("编号".to_owned(), "110115190-CW-2025-02751".to_owned()),
                ("状态".to_owned(), "销账".to_owned()),
            ]),
            sheet::FormRow::Cells(vec![("地址".to_owned(), long.clone())]),
            sheet::FormRow::Lines("办理过程".to_owned(), vec![long[..60].to_owned(); 5]),
            sheet::FormRow::Lines(
                "区级核查意见".to_owned(),
                ["", "", "签字（盖章）：                        年    月    日"]
                    .map(str::to_owned)
                    .to_vec(),
            ),
        ],
        notes: vec!["数据版本 12。表样为自拟口径。".to_owned()],
    };
    let pages = sheet::form_pages(&form, &fonts).unwrap();
    std::fs::write(format!("{folder}/form.png"), sheet::png(&pages[0], &fonts, 100.0).unwrap())
        .unwrap();
    let about = sheet::Atlas {
        title: "甲示范村一户一档图集".to_owned(),
        lines: vec!["某某镇甲示范村".to_owned(), "110115190212".to_owned()],
        crs: "CGCS2000 / 3 度带 39 带（EPSG:4527）".to_owned(),
        streets: vec![sheet::NamedLine {
            name: "示范街".to_owned(),
            line: courtyards::shifted(&[[-60.0, -13.0], [500.0, -13.0]]),
        }],
        watermark: "内部资料 示范用户 2026-01-01".to_owned(),
        author: "图斑".to_owned(),
        date: "2026-01-01".to_owned(),
    };
    let dossiers = courtyards::village(500).into_iter().map(Ok::<_, String>);
    let file = std::fs::File::create(format!("{folder}/atlas.pdf")).unwrap();
    let (_, summary) =
        sheet::atlas(file, &about, (Paper::A4, Orientation::Portrait), &fonts, dossiers).unwrap();
    assert_eq!(summary.sheets, 500);
}
