//! A form for people on paper: labelled cells under a title, as PDF (ISO 32000-1) on A4.
//!
//! Chinese text is set in the face that readers of PDF bring along for Adobe-GB1 (STSong-Light, ISO
//! 32000-1 9.7.5.2), so that no font is shipped; a full-width character is one em wide, others half.
//!
//! *Invariant:* the same form gives the same bytes; no text is cut, long ones go on in further lines and on
//! further pages.

use pdf_writer::types::{CidFontType, FontFlags, SystemInfo};
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

use super::ReportFault;

/// Points of a page: A4.
const PAGE: [f32; 2] = [595.0, 842.0];
const MARGIN: f32 = 54.0;
const SIZE: f32 = 10.5;
const TITLE_SIZE: f32 = 18.0;
const NOTE_SIZE: f32 = 8.5;
/// From one line to the next, as a multiple of the size.
const LEADING: f32 = 1.5;
const PADDING: f32 = 5.0;
/// Of a label, as a part of its cell.
const LABEL: f32 = 78.0;
/// Most characters of a form: hundreds of pages.
const MAX_CHARACTERS: usize = 200_000;

/// A form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// Over the cells.
    pub title: String,
    /// The cells, row by row.
    pub rows: Vec<FormRow>,
    /// Below the cells: where the values are from.
    pub notes: Vec<String>,
}

/// A row of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormRow {
    /// Label and value, side by side, alike in width.
    Cells(Vec<(String, String)>),
    /// A label with several lines.
    Lines(String, Vec<String>),
}

/// The form as PDF.
///
/// # Errors
/// When it has more text than a form may have.
pub fn form_pdf(form: &Form) -> Result<Vec<u8>, ReportFault> {
    let texts = form.rows.iter().flat_map(|row| match row {
        FormRow::Cells(cells) => {
            cells.iter().flat_map(|(label, value)| [label, value]).collect::<Vec<_>>()
        }
        FormRow::Lines(label, lines) => std::iter::once(label).chain(lines).collect(),
    });
    let characters: usize = texts.chain(&form.notes).map(|text| text.chars().count()).sum();
    if characters > MAX_CHARACTERS {
        return Err(ReportFault::LongForm { characters, most: MAX_CHARACTERS });
    }
    let mut pages = Pages::new();
    pages.title(&form.title);
    for row in &form.rows {
        match row {
            FormRow::Cells(cells) => pages.cells(cells),
            FormRow::Lines(label, lines) => pages.lines(label, lines),
        }
    }
    for note in &form.notes {
        pages.note(note);
    }
    Ok(pages.finish(&form.title))
}

/// Pages that are drawn from the top.
struct Pages {
    done: Vec<Vec<u8>>,
    content: Content,
    /// Where the next row begins.
    top: f32,
}

const FONT: Name<'static> = Name(b"F");
const WIDTH: f32 = PAGE[0] - 2.0 * MARGIN;

impl Pages {
    fn new() -> Self {
        Self { done: Vec::new(), content: drawing(), top: PAGE[1] - MARGIN }
    }

    fn break_page(&mut self) {
        let content = std::mem::replace(&mut self.content, drawing());
        self.done.push(content.finish().into_vec());
        self.top = PAGE[1] - MARGIN;
    }

    /// Lines that still fit.
    fn room(&self, size: f32) -> usize {
        ((self.top - MARGIN - 2.0 * PADDING) / (size * LEADING)).max(0.0) as usize
    }

    fn title(&mut self, title: &str) {
        for line in wrapped(title, WIDTH / TITLE_SIZE) {
            let left = MARGIN + (WIDTH - ems(&line) * TITLE_SIZE) / 2.0;
            self.text(&line, left, self.top - TITLE_SIZE, TITLE_SIZE);
            self.top -= TITLE_SIZE * LEADING;
        }
        self.top -= 2.0 * PADDING;
    }

    fn cells(&mut self, cells: &[(String, String)]) {
        let width = WIDTH / cells.len().max(1) as f32;
        let within = |width: f32| (width - 2.0 * PADDING) / SIZE;
        let columns: Vec<[Vec<String>; 2]> = cells
            .iter()
            .map(|(label, value)| {
                [wrapped(label, within(LABEL)), wrapped(value, within(width - LABEL))]
            })
            .collect();
        let mut from = 0;
        let most = columns.iter().flatten().map(Vec::len).max().unwrap_or(0);
        while from < most {
            if self.room(SIZE) == 0 {
                self.break_page();
            }
            let to = most.min(from + self.room(SIZE).max(1));
            let height = (to - from) as f32 * SIZE * LEADING + 2.0 * PADDING;
            for (at, [label, value]) in columns.iter().enumerate() {
                let left = MARGIN + at as f32 * width;
                self.cell(label, from..to, [left, LABEL, height]);
                self.cell(value, from..to, [left + LABEL, width - LABEL, height]);
            }
            self.top -= height;
            from = to;
        }
    }

    fn cell(
        &mut self,
        lines: &[String],
        shown: std::ops::Range<usize>,
        [left, width, height]: [f32; 3],
    ) {
        self.content.rect(left, self.top - height, width, height).stroke();
        let mut base = self.top - PADDING - SIZE;
        for line in lines.iter().take(shown.end).skip(shown.start) {
            self.text(line, left + PADDING, base, SIZE);
            base -= SIZE * LEADING;
        }
    }

    fn lines(&mut self, label: &str, lines: &[String]) {
        let within = (WIDTH - LABEL - 2.0 * PADDING) / SIZE;
        let value: Vec<String> = lines.iter().flat_map(|line| wrapped(line, within)).collect();
        self.cells(&[(label.to_owned(), value.join("\n"))]);
    }

    fn note(&mut self, note: &str) {
        for line in wrapped(note, WIDTH / NOTE_SIZE) {
            if self.top - NOTE_SIZE * LEADING < MARGIN {
                self.break_page();
            }
            self.top -= NOTE_SIZE * LEADING;
            self.text(&line, MARGIN, self.top, NOTE_SIZE);
        }
    }

    fn text(&mut self, text: &str, left: f32, base: f32, size: f32) {
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let content = &mut self.content;
        content
            .begin_text()
            .set_font(FONT, size)
            .next_line(left, base)
            .show(Str(&bytes))
            .end_text();
    }

    fn finish(mut self, title: &str) -> Vec<u8> {
        self.break_page();
        let mut pdf = Pdf::new();
        let mut next = 0;
        let mut fresh = || {
            next += 1;
            Ref::new(next)
        };
        let [catalog, tree, font, face, described, info] = std::array::from_fn(|_| fresh());
        pdf.catalog(catalog).pages(tree);
        pdf.document_info(info).title(TextStr(title)).producer(TextStr("Tuban"));
        let kids: Vec<[Ref; 2]> = self.done.iter().map(|_| [fresh(), fresh()]).collect();
        pdf.pages(tree).kids(kids.iter().map(|[page, _]| *page)).count(kids.len() as i32);
        for ([page, stream], content) in kids.iter().zip(&self.done) {
            let mut page = pdf.page(*page);
            page.media_box(Rect::new(0.0, 0.0, PAGE[0], PAGE[1])).parent(tree).contents(*stream);
            page.resources().fonts().pair(FONT, font);
            page.finish();
            pdf.stream(*stream, content);
        }
        let base = Name(b"STSong-Light");
        pdf.type0_font(font)
            .base_font(Name(b"STSong-Light-UniGB-UTF16-H"))
            .encoding_predefined(Name(b"UniGB-UTF16-H"))
            .descendant_font(face);
        let system = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"GB1"), supplement: 4 };
        let mut descendant = pdf.cid_font(face);
        descendant.subtype(CidFontType::Type0).base_font(base).system_info(system);
        // CIDs 1 to 95 and 814 to 939 are the narrow ones of Adobe-GB1.
        descendant.default_width(1000.0).font_descriptor(described);
        descendant.widths().same(1, 95, 500.0).same(814, 939, 500.0);
        descendant.finish();
        pdf.font_descriptor(described)
            .name(base)
            .flags(FontFlags::SYMBOLIC | FontFlags::SERIF)
            .bbox(Rect::new(-25.0, -254.0, 1000.0, 880.0))
            .italic_angle(0.0)
            .ascent(880.0)
            .descent(-120.0)
            .cap_height(880.0)
            .stem_v(93.0);
        pdf.finish()
    }
}

fn drawing() -> Content {
    let mut content = Content::new();
    content.set_line_width(0.6);
    content
}

/// Width of a text in ems.
fn ems(text: &str) -> f32 {
    text.chars().map(em).sum()
}

fn em(character: char) -> f32 {
    if character.is_ascii() { 0.5 } else { 1.0 }
}

/// The lines of a text that are at most so many ems wide; control characters are blanks.
fn wrapped(text: &str, most: f32) -> Vec<String> {
    let mut lines = Vec::new();
    for part in text.split('\n') {
        let (mut line, mut width) = (String::new(), 0.0);
        for character in part.chars() {
            let character = if character.is_control() { ' ' } else { character };
            if width + em(character) > most && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
                width = 0.0;
            }
            line.push(character);
            width += em(character);
        }
        lines.push(line);
    }
    lines
}
