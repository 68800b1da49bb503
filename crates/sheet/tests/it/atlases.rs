//! Atlases: their order, their text, and that no thread changes their bytes.

use sheet::{Atlas, AtlasSummary, Dossier, Fonts, Orientation, Paper, atlas};

use crate::courtyards::{ORIGIN, village};
use crate::pdf_text;

fn written(dossiers: Vec<Dossier>) -> (Vec<u8>, AtlasSummary) {
    let about = Atlas {
        title: "一户一档图集".to_owned(),
        lines: vec!["甲示范村".to_owned()],
        crs: "CGCS2000".to_owned(),
        streets: vec![sheet::NamedLine {
            name: "示范街".to_owned(),
            line: vec![[ORIGIN[0] - 60.0, ORIGIN[1] - 12.0], [ORIGIN[0] + 900.0, ORIGIN[1] - 12.0]],
        }],
        watermark: "内部资料".to_owned(),
        ..Atlas::default()
    };
    let fonts = Fonts::shipped().unwrap();
    let dossiers = dossiers.into_iter().map(Ok::<_, String>);
    atlas(Vec::new(), &about, (Paper::A4, Orientation::Portrait), &fonts, dossiers).unwrap()
}

#[test]
fn an_atlas_has_cover_map_list_and_every_sheet() {
    let mut dossiers = village(30);
    dossiers[7].areas[0].exterior[0][0] = f64::NAN;
    let (bytes, summary) = written(dossiers);
    assert_eq!(summary.sheets, 29);
    assert_eq!(summary.left_out.len(), 1);
    assert!(summary.left_out[0].1.contains("the subject"), "{:?}", summary.left_out);
    let text = pdf_text::text(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    let count = |word: &str| lines.iter().filter(|line| **line == word).count();
    assert_eq!(count("00030"), 2, "on the index map and in the list");
    assert_eq!(count("未绘"), 1);
    assert!(count("示范街") > 29, "on the map, and in the table of each sheet");
    assert_eq!(count("— 1 —"), 1);
    let raw = String::from_utf8_lossy(&bytes);
    assert_eq!(raw.matches("/Type /Page\n").count(), summary.pages);
    assert_eq!(raw.matches("/Dest [").count(), 29 + 3, "bookmarks");
}

#[test]
fn threads_do_not_change_an_atlas() {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let three = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    assert_eq!(one.install(|| written(village(20))), three.install(|| written(village(20))));
}

#[test]
fn a_source_that_fails_ends_the_atlas() {
    let fonts = Fonts::shipped().unwrap();
    let dossiers = [Ok(Dossier::default()), Err("the disk is gone")].into_iter();
    let fault =
        atlas(Vec::new(), &Atlas::default(), (Paper::A4, Orientation::Fitting), &fonts, dossiers);
    assert!(fault.unwrap_err().to_string().contains("the disk is gone"));
}
