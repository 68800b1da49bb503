//! Forms as PDF: every text is shown, on as many pages as it takes.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::ReportFault;
use super::form::{Form, FormRow, form_pdf};

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

/// Texts that a PDF shows, in order; its streams are not packed.
fn shown(pdf: &[u8]) -> Vec<String> {
    let mut texts = Vec::new();
    let mut rest = pdf;
    while let Some(end) = rest.windows(3).position(|three| three == b" Tj") {
        let drawn = &rest[..end];
        let begin = drawn.windows(2).rposition(|two| two == b"Td").unwrap() + 3;
        texts.push(string(&drawn[begin..]));
        rest = &rest[end + 3..];
    }
    texts
}

/// A string of a PDF: in hexadecimal, or literal with escapes.
fn string(written: &[u8]) -> String {
    let bytes: Vec<u8> = match written[0] {
        b'<' => written[1..written.len() - 1]
            .chunks(2)
            .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
            .collect(),
        _ => return String::from_utf8_lossy(written).into_owned(),
    };
    let units: Vec<u16> = bytes.chunks(2).map(|two| u16::from_be_bytes([two[0], two[1]])).collect();
    String::from_utf16(&units).unwrap()
}

fn form(lines: usize) -> Form {
    Form {
        title: "销账审批表".to_owned(),
        rows: vec![
            FormRow::Cells(vec![
                ("编号".to_owned(), "110115190-CW-2025-02751".to_owned()),
                ("状态".to_owned(), "销账".to_owned()),
            ]),
            FormRow::Lines("过程".to_owned(), (0..lines).map(|n| format!("第{n}行")).collect()),
        ],
        notes: vec!["自拟口径".to_owned()],
    }
}

#[test]
fn a_form_shows_every_text_and_goes_on_on_further_pages() {
    for (lines, pages) in [(3, 1), (200, 5)] {
        let pdf = form_pdf(&form(lines)).unwrap();
        assert!(pdf.starts_with(b"%PDF-1.") && pdf.ends_with(b"%%EOF"));
        let count = |needle: &[u8]| pdf.windows(needle.len()).filter(|w| *w == needle).count();
        assert_eq!(count(b"/Type /Page\n"), pages, "{lines}");
        assert_eq!(pdf, form_pdf(&form(lines)).unwrap());
        let texts = shown(&pdf);
        for text in ["销账审批表", "编号", "自拟口径", &format!("第{}行", lines - 1)] {
            assert!(texts.iter().any(|one| one == text), "{text}: {texts:?}");
        }
        assert_eq!(texts.iter().filter(|one| one.starts_with('第')).count(), lines);
    }
}

#[test]
fn long_texts_are_broken_and_too_much_is_refused() {
    let mut long = form(1);
    let address = "虚构镇乙丑村".repeat(20);
    long.rows.push(FormRow::Cells(vec![("地址".to_owned(), address.clone())]));
    let texts = shown(&form_pdf(&long).unwrap()).concat();
    assert!(texts.contains(&address));
    long.notes = vec!["长".repeat(200_001)];
    assert!(matches!(form_pdf(&long), Err(ReportFault::LongForm { most: 200_000, .. })));
    assert_eq!(utf16("长"), [0x95, 0x7f]);
}
