//! Courtyards that tests draw: plainly synthetic, from a few numbers.

use std::sync::Arc;

use sheet::{
    Area, Building, Dossier, FourBounds, Image, Listing, NamedLine, Neighbour, Ortho, Photo, Ring,
};

/// West and south of all, as coordinates of a zone are.
pub const ORIGIN: [f64; 2] = [39_512_300.0, 4_398_100.0];

pub fn shifted(ring: &[[f64; 2]]) -> Ring {
    ring.iter().map(|[x, y]| [ORIGIN[0] + x, ORIGIN[1] + y]).collect()
}

pub fn rectangle(west: f64, south: f64, wide: f64, high: f64) -> Area {
    let ring =
        [[west, south], [west + wide, south], [west + wide, south + high], [west, south + high]];
    Area { exterior: shifted(&ring), holes: Vec::new() }
}

/// A star-like ring of so many vertices with radii in metres.
pub fn ring(radii: &[f64]) -> Area {
    let step = std::f64::consts::TAU / radii.len() as f64;
    let places: Vec<[f64; 2]> = radii
        .iter()
        .enumerate()
        .map(|(at, radius)| {
            let angle = step * at as f64;
            [radius * angle.cos(), radius * angle.sin() * 1.3]
        })
        .collect();
    Area { exterior: shifted(&places), holes: Vec::new() }
}

/// The bytes of a picture of coloured stripes.
pub fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().unwrap();
    let rgb: Vec<u8> = (0..height)
        .flat_map(|y| (0..width).flat_map(move |x| [(x * 3 / 2 + 60) as u8, (y + 90) as u8, 120]))
        .collect();
    writer.write_image_data(&rgb).unwrap();
    writer.finish().unwrap();
    bytes
}

/// A picture of coloured stripes.
pub fn picture(width: u32, height: u32) -> Arc<Image> {
    Arc::new(Image::new(png(width, height)).unwrap())
}

fn named(name: &str, line: &[[f64; 2]]) -> NamedLine {
    NamedLine { name: name.to_owned(), line: shifted(line) }
}

/// A household with everything that a sheet can show, about this ground.
pub fn household(areas: Vec<Area>, name: &str) -> Dossier {
    let text = str::to_owned;
    let boundary = sheet::boundary(&areas);
    Dossier {
        title: text("分户院落图"),
        number: text("H110115190212-00001-1"),
        name: name.to_owned(),
        sheet_number: text("00001"),
        grid: text("4398.00-512.25"),
        centre: vec![text("JC00001"), text("318.40㎡")],
        boundary,
        areas,
        bounds: FourBounds {
            north: text("示范北巷"),
            east: text("甲示范村 12 号（王**）"),
            south: text("示范街"),
            west: text("甲示范村 10 号（李**）"),
        },
        alleys: vec![named("示范北巷", &[[-60.0, 22.0], [60.0, 24.0]])],
        red_lines: vec![named("规划道路红线", &[[-60.0, -24.0], [60.0, -21.0]])],
        fields: [
            ("宗地代码", "110115190212JC00001"),
            ("不动产单元号", "110115190212JC00001F00010001"),
            ("坐落", name),
            ("权利类型", "宅基地使用权"),
            ("宗地面积", "318.40 ㎡"),
            ("建筑占地", "172.10 ㎡"),
            ("疑似超占", "0.00 ㎡"),
            ("用途", "农村宅基地"),
        ]
        .map(|(label, value)| (text(label), text(value)))
        .to_vec(),
        listings: vec![
            Listing {
                title: text("点位"),
                columns: [("编号", 2.0), ("状态", 1.0), ("说明", 3.0)]
                    .map(|(a, b)| (text(a), b))
                    .to_vec(),
                rows: vec![vec![
                    text("110115190-CW-2025-00007"),
                    text("销账"),
                    text("拆除院外棚房一处"),
                ]],
            },
            Listing {
                title: text("变更"),
                columns: [("时间", 1.0), ("内容", 3.0)].map(|(a, b)| (text(a), b)).to_vec(),
                rows: vec![vec![text("2025-06-03"), text("调查成果入库")]; 3],
            },
        ],
        crs: text("CGCS2000 / 3 度带 39 带（EPSG:4527）"),
        notes: vec![text("面积与边长为平面坐标解析值。示意图，不作为权属依据。")],
        watermark: text("内部资料 示范用户 2026-01-01"),
        author: text("图斑"),
        date: text("2026-01-01"),
        ..Dossier::default()
    }
}

/// A usual courtyard: house, wings, neighbours on both sides, image and photographs.
pub fn usual() -> Dossier {
    let building = |label: &str, structure: &str, area: &str, ground: Area| Building {
        areas: vec![ground],
        label: label.to_owned(),
        structure: structure.to_owned(),
        area: area.to_owned(),
    };
    let neighbour = |name: &str, ground| Neighbour { areas: vec![ground], name: name.to_owned() };
    let mut dossier = household(vec![rectangle(-8.0, -10.0, 15.92, 20.0)], "甲示范村 11 号");
    dossier.buildings = vec![
        building("F1", "砖混 1", "89.60㎡", rectangle(-7.5, 2.0, 14.9, 6.0)),
        building("F2", "砖木 1", "36.00㎡", rectangle(-7.5, -8.0, 4.5, 8.0)),
        building("F3", "简易 1", "9.00㎡", rectangle(4.0, -9.0, 3.0, 3.0)),
    ];
    dossier.neighbours = vec![
        neighbour("甲示范村 12 号", rectangle(7.92, -10.0, 16.0, 20.0)),
        neighbour("甲示范村 10 号", rectangle(-24.0, -10.0, 16.0, 20.0)),
    ];
    let extent = [ORIGIN[0] - 20.0, ORIGIN[1] - 15.0, ORIGIN[0] + 20.0, ORIGIN[1] + 15.0];
    dossier.ortho =
        Some(Ortho {
            image: picture(200, 150), extent, caption: "正射影像 2025-05".to_owned()
        });
    let photo = |caption: &str| Photo { image: picture(160, 120), caption: caption.to_owned() };
    dossier.photos =
        vec![photo("大门 2025-06-03"), photo("院内 2025-06-03"), photo("后墙 2025-06-03")];
    dossier
}

/// Households of a village, in rows along a street.
pub fn village(count: usize) -> Vec<Dossier> {
    (0..count).map(numbered).collect()
}

/// One of them.
pub fn numbered(number: usize) -> Dossier {
    let (column, row) = (number % 25, number / 25);
    let by = [column as f64 * 18.0, row as f64 * 26.0];
    let mut dossier = usual();
    let areas = dossier.areas.iter_mut();
    let others = dossier.neighbours.iter_mut().flat_map(|one| &mut one.areas);
    let built = dossier.buildings.iter_mut().flat_map(|one| &mut one.areas);
    for at in areas.chain(others).chain(built).flat_map(|one| &mut one.exterior) {
        *at = [at[0] + by[0], at[1] + by[1]];
    }
    dossier.boundary = sheet::boundary(&dossier.areas);
    dossier.sheet_number = format!("{:05}", number + 1);
    dossier.number = format!("H110115190212-{:05}-1", number + 1);
    dossier.name = format!("甲示范村 {} 号", number + 1);
    dossier.alleys.clear();
    dossier.red_lines.clear();
    dossier
}
