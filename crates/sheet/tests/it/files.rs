//! SVG, PNG and PDF of one drawing: the same each time, with text that can be read back.

use std::io::Write;
use std::process::{Command, Stdio};

use sheet::{Fonts, Image, Orientation, Page, Paper, pages, pdf, svg};

use crate::courtyards::{household, rectangle, usual};
use crate::pdf_text;

/// A JPEG of 16 by 12 red pixels, in hexadecimal.
const RED: &str = "ffd8ffe000104a46494600010100000100010000ffdb004300140e0f120f0d14121012171514181e32211e1c\
    1c1e3d2c2e243249404c4b47404645505a736250556d5645466488656d777b8182814e608d978c7d96737e81\
    7cffdb0043011517171e1a1e3b21213b7c5346537c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c\
    7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7cffc0001108000c0010030122000211010311\
    01ffc4001500010100000000000000000000000000000005ffc4001410010000000000000000000000000000\
    0000ffc4001501010100000000000000000000000000000406ffc40014110100000000000000000000000000\
    000000ffda000c03010002110311003f009a00ca07ffd9";

fn drawn() -> (Vec<Page>, Fonts) {
    let fonts = Fonts::shipped().unwrap();
    (pages(&usual(), Paper::A4, Orientation::Fitting, &fonts).unwrap(), fonts)
}

#[test]
fn the_same_dossier_gives_the_same_bytes() {
    let ((first, fonts), (second, others)) = (drawn(), drawn());
    assert_eq!(pdf(&first, "图", &fonts).unwrap(), pdf(&second, "图", &others).unwrap());
    for (a, b) in first.iter().zip(&second) {
        assert_eq!(svg(a), svg(b));
        assert_eq!(sheet::png(a, &fonts, 72.0).unwrap(), sheet::png(b, &others, 72.0).unwrap());
    }
}

#[test]
fn chinese_text_can_be_selected_in_the_pdf() {
    let (pages, fonts) = drawn();
    let bytes = pdf(&pages, "分户院落图", &fonts).unwrap();
    let text = pdf_text::text(&bytes);
    for run in pages.iter().flat_map(Page::runs) {
        assert!(text.lines().any(|line| line == run.text), "{:?} is not in the PDF", run.text);
    }
    // Only the glyphs used: a fraction of the font's 2 MB.
    assert!(bytes.len() < 250_000, "{}", bytes.len());
}

#[test]
fn pdftotext_finds_the_chinese_text() {
    let (pages, fonts) = drawn();
    let bytes = pdf(&pages, "分户院落图", &fonts).unwrap();
    let command = Command::new("pdftotext")
        .args(["-enc", "UTF-8", "-", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = command else {
        eprintln!("skipped: pdftotext (poppler-utils) is not installed");
        return;
    };
    child.stdin.take().unwrap().write_all(&bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    let (text, faults) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    for word in ["分户院落图", "甲示范村 11 号", "宅基地使用权", "界址点成果表", "示范北巷", "J1"]
    {
        assert!(text.contains(word), "{word}: {text}");
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn every_object_lies_where_the_table_says() {
    let (pages, fonts) = drawn();
    let bytes = pdf(&pages, "图", &fonts).unwrap();
    // One byte a character, so that positions stay.
    let ascii = |byte: &u8| if byte.is_ascii() { char::from(*byte) } else { '?' };
    let text: String = bytes.iter().map(ascii).collect();
    let table = text.rfind("\nxref\n").unwrap() + 1;
    let begin: usize =
        text.rsplit("startxref\n").next().unwrap().lines().next().unwrap().parse().unwrap();
    assert_eq!(begin, table);
    let mut seen = 0;
    for (number, entry) in
        text[table..].split("trailer").next().unwrap().lines().skip(2).enumerate()
    {
        let offset: usize = entry[..10].parse().unwrap();
        if entry.contains('n') {
            assert!(text[offset..].starts_with(&format!("{number} 0 obj")), "{number}: {entry}");
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen}");
}

#[test]
fn svg_keeps_text_as_text_and_is_well_formed() {
    let mut dossier = household(vec![rectangle(0.0, 0.0, 12.0, 18.0)], "<b>\"&\u{1}");
    dossier.photos = usual().photos;
    let fonts = Fonts::shipped().unwrap();
    for page in pages(&dossier, Paper::A4, Orientation::Fitting, &fonts).unwrap() {
        let text = svg(&page);
        let mut reader = quick_xml::Reader::from_str(&text);
        let mut texts = Vec::new();
        loop {
            match reader.read_event().unwrap() {
                quick_xml::events::Event::Eof => break,
                quick_xml::events::Event::Start(tag) => texts.push(tag.name().as_ref().to_owned()),
                _ => {}
            }
        }
        assert!(texts.iter().any(|name| name == "text"));
    }
}

#[test]
fn images_keep_their_packing_where_a_pdf_has_the_same() {
    let fonts = Fonts::shipped().unwrap();
    let mut transparent = Vec::new();
    let mut encoder = png::Encoder::new(&mut transparent, 40, 30);
    encoder.set_color(png::ColorType::Rgba);
    encoder.write_header().unwrap().write_image_data(&[90; 40 * 30 * 4]).unwrap();
    for (image, is_kept) in [
        (crate::courtyards::picture(40, 30), true),
        (std::sync::Arc::new(Image::new(transparent).unwrap()), false),
    ] {
        let mut dossier = household(vec![rectangle(0.0, 0.0, 12.0, 18.0)], "图");
        dossier.photos = vec![sheet::Photo { image, caption: "照片".to_owned() }];
        let pages = pages(&dossier, Paper::A4, Orientation::Fitting, &fonts).unwrap();
        let bytes = pdf(&pages, "图", &fonts).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.contains("/Width 40") && text.contains("/DeviceRGB"));
        assert_eq!(text.contains("/Predictor 15"), is_kept);
        // Rows of PNG have a byte more each, for their filter.
        let row = if is_kept { 121 } else { 120 };
        assert!(pdf_text::streams(&bytes).iter().any(|one| one.len() == row * 30));
    }
}

#[test]
fn a_photograph_goes_into_a_pdf_as_it_is_and_is_drawn_in_its_colours() {
    let bytes: Vec<u8> = (0..RED.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&RED[at..at + 2], 16).unwrap())
        .collect();
    let image = std::sync::Arc::new(Image::new(bytes.clone()).unwrap());
    assert_eq!(image.pixels(), [16, 12]);
    let mut dossier = household(vec![rectangle(0.0, 0.0, 12.0, 18.0)], "图");
    dossier.photos = vec![sheet::Photo { image, caption: "照片".to_owned() }];
    let fonts = Fonts::shipped().unwrap();
    let pages = pages(&dossier, Paper::A4, Orientation::Fitting, &fonts).unwrap();
    let file = pdf(&pages, "图", &fonts).unwrap();
    assert!(file.windows(bytes.len()).any(|one| one == bytes));
    let drawn = sheet::png(&pages[1], &fonts, 72.0).unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(drawn)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    let red = pixels.chunks(3).filter(|one| one[0] > 180 && one[1] < 50 && one[2] < 60).count();
    assert!(red > 10_000, "{red}");
}

#[test]
fn fonts_that_are_none_are_refused() {
    let fonts = Fonts::shipped().unwrap();
    assert!(fonts.glyph('龥').is_none() && fonts.glyph('堃').is_some());
    let fault = fonts.with(b"wOF2 and more".to_vec()).unwrap_err().to_string();
    assert!(fault.contains("font 2") && fault.contains(".ttf"), "{fault}");
}

#[test]
fn images_that_are_none_are_refused() {
    let picture = crate::courtyards::picture(8, 8);
    assert_eq!(picture.pixels(), [8, 8]);
    for (bytes, fault) in [
        (b"GIF89a".to_vec(), "PNG or JPEG"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), "PNG"),
        (vec![0xFF, 0xD8, 0xFF, 0xE0, 0, 4], "JPEG"),
    ] {
        let said = Image::new(bytes).unwrap_err().to_string();
        assert!(said.contains(fault), "{said}");
    }
    let (pages, fonts) = drawn();
    assert!(sheet::png(&pages[0], &fonts, 4000.0).unwrap_err().to_string().contains("36 to 400"));
}
