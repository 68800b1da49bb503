//! Forms: every text is shown, on as many pages as it takes.

use sheet::{Fonts, Form, FormFault, FormRow, form_pdf};

use crate::pdf_text;

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
    let fonts = Fonts::shipped().unwrap();
    for (lines, pages) in [(3, 1), (200, 5)] {
        let pdf = form_pdf(&form(lines), &fonts).unwrap();
        assert!(pdf.starts_with(b"%PDF-1.") && pdf.ends_with(b"%%EOF\n"));
        let count = |needle: &[u8]| pdf.windows(needle.len()).filter(|w| *w == needle).count();
        assert_eq!(count(b"/Type /Page\n"), pages, "{lines}");
        assert_eq!(count(b"/FontFile2"), 1, "the font is in the file");
        assert_eq!(pdf, form_pdf(&form(lines), &fonts).unwrap());
        let text = pdf_text::text(&pdf);
        for said in ["销账审批表", "编号", "自拟口径", &format!("第{}行", lines - 1)] {
            assert!(text.lines().any(|line| line == said), "{said}: {text}");
        }
        let rows = text.lines().filter(|line| line.starts_with('第') && line.ends_with('行'));
        assert_eq!(rows.count(), lines);
    }
}

#[test]
fn long_texts_are_broken_and_too_much_is_refused() {
    let fonts = Fonts::shipped().unwrap();
    let mut long = form(1);
    let address = "虚构镇乙丑村".repeat(20);
    long.rows.push(FormRow::Cells(vec![("地址".to_owned(), address.clone())]));
    let text = pdf_text::text(&form_pdf(&long, &fonts).unwrap()).replace('\n', "");
    assert!(text.contains(&address));
    long.notes = vec!["长".repeat(200_001)];
    assert!(matches!(form_pdf(&long, &fonts), Err(FormFault::Long { most: 200_000, .. })));
}
