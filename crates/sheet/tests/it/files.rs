//! SVG, PNG and PDF of one drawing: the same each time, with text that can be read back.

use std::io::Write;
use std::process::{Command, Stdio};

use sheet::{Fonts, Image, Orientation, Page, Paper, pages, pdf, png, svg};

use crate::courtyards::{household, rectangle, usual};
use crate::pdf_text;

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
        assert_eq!(png(a, &fonts, 72.0).unwrap(), png(b, &others, 72.0).unwrap());
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
    assert!(png(&pages[0], &fonts, 4000.0).unwrap_err().to_string().contains("36 to 400"));
}
